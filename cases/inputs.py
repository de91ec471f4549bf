"""What the rows of the operator suite are tried on.

A row names its arguments; each is an :class:`Array`, a strategy or a constant. Shapes are spelled
in letters, each standing for one size wherever it occurs in the row; ``*`` is any shape, the same
one for every argument that has it, and ``~`` are shapes that broadcast against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments
from cases.strategies import DISTRIBUTIONS, Shape, broadcasting, tensors
from converters import DType

Inputs = Callable[[str], SearchStrategy[Arguments]]
"""From the name of a dtype to a strategy of named arguments."""

Make = Callable[[np.random.Generator, Shape], np.ndarray]
"""Makes a float64 array of one shape."""

FLOATS = ("float32", "float64", "float16", "bfloat16")
REALS = ("float32", "float64")
WHOLE = ("int32", "int64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8")
COMPLEX = ("complex64", "complex128")
ALL = (*FLOATS, *INTEGERS)

_FORMATS = {"float16": (10, -14, 15), "bfloat16": (7, -126, 127)} | {
    "float32": (23, -126, 127),
    "float64": (52, -1022, 1023),
}
_REAL = {"complex64": "float32", "complex128": "float64"}


@dataclass(frozen=True, slots=True)
class Array:
    """One array argument.

    Attributes:
        shape: ``*``, ``~``, or letters and digits, one for each axis.
        low, high: every number is brought into this range.
        specials: whether zeros, infinities, NaN, subnormals and both ends of the type's range are
            among the values; or those that are.
        dtype: its type where that isn't the row's.
        stratified: whether numbers of every exponent are drawn as well.
        make: makes the values of its own, where they have to fit each other (a positive definite
            matrix); ``specials``, ``low`` and ``high`` don't count then.
        distributions: which of :data:`cases.strategies.DISTRIBUTIONS` are drawn from.
    """

    shape: str = "*"
    low: float = -np.inf
    high: float = np.inf
    specials: bool | tuple[float, ...] = True
    dtype: str = ""
    stratified: bool = False
    make: Make | None = None
    distributions: Sequence[str] = DISTRIBUTIONS


@dataclass(frozen=True, slots=True)
class Size:
    """The size that a letter stands for, as a number."""

    letter: str


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of the shape ``*``, from the front or from the back."""


@dataclass(frozen=True, slots=True)
class Axes:
    """Several different axes of the shape ``*``."""

    least: int = 1


@dataclass(frozen=True, slots=True)
class Below:
    """An array of indices below the size that a letter stands for; without repeats if asked."""

    shape: str
    letter: str
    dtype: str = "int64"
    unique: bool = False
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Shapes:
    """Which shapes ``*`` and ``~`` are.

    Attributes:
        ranks: the least and the greatest rank.
        least: the smallest size of an axis.
        most: the largest.
        long: whether an axis of thousands of elements is drawn now and then.
    """

    ranks: tuple[int, int] = (0, 4)
    least: int = 0
    most: int = 6
    long: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of a row; called with a dtype it is their strategy.

    Attributes:
        parts: the arguments by name.
        shapes: which shapes ``*`` and ``~`` are.
        sizes: the range of each letter, 1 to 5 where it isn't named.
        fit: arguments computed from those drawn, by name.
    """

    parts: Mapping[str, object]
    shapes: Shapes = Shapes()
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    fit: Callable[[dict[str, object]], Mapping[str, object]] | None = None

    def __call__(self, dtype: str) -> SearchStrategy[Arguments]:
        """Strategy of the arguments, floating-point arrays being of that dtype."""
        return _arguments(self, dtype)


def given(
    shapes: Shapes = Shapes(),
    sizes: Mapping[str, tuple[int, int]] | None = None,
    fit: Callable[[dict[str, object]], Mapping[str, object]] | None = None,
    **parts: object,
) -> Given:
    """The arguments of a row.

    >>> sorted(given(x=Array("mk"), y=Array("kn")).parts)
    ['x', 'y']
    """
    return Given(parts, shapes, sizes or {}, fit)


@st.composite
def _arguments(draw: st.DrawFn, row: Given, dtype: str) -> dict[str, object]:
    shape = draw(_shapes(row.shapes))
    arrays = [part for part in row.parts.values() if isinstance(part, Array)]
    broadcast = iter(_broadcast(draw, row.shapes, sum(a.shape == "~" for a in arrays)))
    sizes = _sizes(draw, row)
    found: dict[str, object] = {}
    for name, part in row.parts.items():
        if isinstance(part, Array):
            spelled = shape if part.shape == "*" else ()
            if part.shape == "~":
                spelled = next(broadcast)
            elif part.shape != "*":
                spelled = _spell(part.shape, sizes)
            found[name] = draw(_array(part, spelled, part.dtype or dtype))
        elif isinstance(part, Below):
            found[name] = _indices(draw, part, sizes)
        elif isinstance(part, Size):
            found[name] = sizes[part.letter]
        elif isinstance(part, Axis):
            found[name] = draw(st.integers(-len(shape), len(shape) - 1))
        elif isinstance(part, Axes):
            found[name] = _axes(draw, len(shape), part.least)
        else:
            found[name] = draw(part) if isinstance(part, SearchStrategy) else part
    return found | dict(row.fit(found)) if row.fit else found


def _shapes(limits: Shapes) -> SearchStrategy[Shape]:
    low, high = limits.ranks
    least = max(limits.least, 1)
    full = st.integers(low, high).flatmap(
        lambda rank: st.one_of(
            st.tuples(*[st.integers(least, limits.most)] * rank),
            st.integers(least, limits.most).map(lambda size: (size,) * rank),
        )
    )
    choices = [full] * 6
    if limits.least == 0 and high > 0:
        choices.append(st.tuples(*[st.integers(0, 2)] * max(low, 1)))
    if limits.long:
        ends = st.integers(1000, 20000).map(lambda size: (1,) * (max(low, 1) - 1) + (size,))
        choices += [ends, ends]
    return st.one_of(choices)


def _broadcast(draw: st.DrawFn, limits: Shapes, count: int) -> tuple[Shape, ...]:
    if not count:
        return ()
    shapes: tuple[Shape, ...] = draw(broadcasting(count, limits.ranks[1]))
    if limits.least == 0 and draw(st.integers(0, 9)) == 0:
        return ((0,), (1,), (3, 0), ())[:count] if count < 4 else ((0,),) * count
    return shapes


def _sizes(draw: st.DrawFn, row: Given) -> dict[str, int]:
    letters = sorted(
        {
            c
            for part in row.parts.values()
            if isinstance(part, (Array, Below, Size))
            for c in (part.letter if isinstance(part, (Size, Below)) else "")
            + (part.shape if isinstance(part, (Array, Below)) else "")
            if c.isalpha()
        }
    )
    ranges = {letter: row.sizes.get(letter, (1, 5)) for letter in letters}
    same = draw(st.integers(0, 3)) == 0
    low = max((least for least, _ in ranges.values()), default=0)
    high = min((most for _, most in ranges.values()), default=0)
    if same and low <= high:
        size = draw(st.integers(low, high))
        return dict.fromkeys(letters, size)
    return {letter: draw(st.integers(*ranges[letter])) for letter in letters}


def _spell(spelled: str, sizes: Mapping[str, int]) -> Shape:
    return tuple(sizes[c] if c.isalpha() else int(c) for c in spelled)


def _axes(draw: st.DrawFn, rank: int, least: int) -> tuple[int, ...]:
    places = st.lists(st.integers(0, rank - 1), unique=True, min_size=min(least, rank))
    chosen = draw(places) if rank else []
    return tuple(axis - rank if draw(st.booleans()) else axis for axis in chosen)


def _indices(draw: st.DrawFn, part: Below, sizes: Mapping[str, int]) -> np.ndarray:
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape, size = _spell(part.shape, sizes), sizes[part.letter]
    if part.unique:
        drawn = generator.permutation(size)[: int(np.prod(shape))].reshape(shape)
    else:
        drawn = generator.integers(0, size, shape)
    return (np.sort(drawn) if part.ordered else drawn).astype(part.dtype)


@st.composite
def _array(draw: st.DrawFn, part: Array, shape: Shape, dtype: str) -> np.ndarray:
    if part.make is not None:
        generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        return np.asarray(part.make(generator, shape)).astype(DType(dtype).numpy)
    if dtype == "bool":
        return _bits(draw, shape)
    if dtype in INTEGERS:
        return _whole(draw, part, shape, dtype)
    if dtype in _REAL:
        real, imaginary = (draw(_array(_finite(part), shape, _REAL[dtype])) for _ in range(2))
        return np.asarray(real + 1j * imaginary).astype(dtype)
    if part.stratified and draw(st.booleans()):
        array = _stratified(draw, part, shape, dtype)
    else:
        array = draw(
            tensors(
                shape, low=part.low, high=part.high, dtype=dtype, distributions=part.distributions
            )
        )
    return _with_specials(draw, part, array, dtype)


def _finite(part: Array) -> Array:
    return Array(low=part.low, high=part.high, specials=(0.0, -0.0, 1.0) if part.specials else ())


def _bits(draw: st.DrawFn, shape: Shape) -> np.ndarray:
    kind = draw(st.integers(0, 3))
    if kind < 2:
        return np.full(shape, bool(kind))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.asarray(generator.integers(0, 2, shape)).astype(bool)


def _whole(draw: st.DrawFn, part: Array, shape: Shape, dtype: str) -> np.ndarray:
    bounds = np.iinfo(dtype)
    low, high = int(max(part.low, bounds.min)), int(min(part.high, bounds.max))
    if draw(st.booleans()) and part.specials:
        low, high = max(low, -9), min(high, 9)
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.asarray(generator.integers(low, high, shape, dtype, endpoint=True))


def _stratified(draw: st.DrawFn, part: Array, shape: Shape, dtype: str) -> np.ndarray:
    _, lowest, highest = _FORMATS[dtype]
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    exponents = generator.integers(lowest, highest, shape)
    array = np.ldexp(generator.uniform(1, 2, shape), exponents) * generator.choice((-1, 1), shape)
    if part.low >= 0:
        array = np.abs(array)
    clipped = np.asarray(np.clip(array, part.low, part.high))
    return clipped.astype(DType(dtype).numpy)


def _with_specials(draw: st.DrawFn, part: Array, array: np.ndarray, dtype: str) -> np.ndarray:
    flat = array.reshape(-1)
    chosen = specials(dtype) if part.specials is True else part.specials or ()
    chosen = tuple(v for v in chosen if np.isnan(v) or part.low <= v <= part.high)
    if not chosen or not flat.size or draw(st.integers(0, 2)) == 0:
        return array
    chosen += tuple(v for v in chosen if not np.isfinite(v)) * 2  # those that get lost
    for _ in range(draw(st.integers(1, 5))):
        place = draw(st.integers(0, flat.size - 1))
        flat[place] = draw(st.sampled_from(chosen))
    return flat.reshape(array.shape)


def specials(dtype: str) -> tuple[float, ...]:
    """Zeros, ones, infinities, NaN, subnormals and both ends of a type's range.

    >>> specials("float16")[-1]
    65504.0
    """
    digits, lowest, highest = _FORMATS[dtype]
    least, tiny = 2.0**lowest, 2.0 ** (lowest - digits)
    most = float(np.ldexp(2 - 2.0**-digits, highest))
    ends = (least, -least, tiny, -tiny, 3 * tiny, -most, most)
    return (0.0, -0.0, 1.0, -1.0, 0.5, np.inf, -np.inf, np.nan, *ends)
