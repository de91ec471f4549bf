"""How inputs are drawn.

A large array drawn element by element is mostly one value and slow to shrink. Drawn here are shape,
dtype, distribution and seed, and a few special values with their places; NumPy builds the array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from converters import DType

Shape = tuple[int, ...]

DISTRIBUTIONS = ("normal", "uniform", "wide", "cancelling", "near_ties")
SPECIALS = (0.0, -0.0, 1.0, -1.0, float("inf"), float("-inf"), float("nan"))


def shapes(
    min_rank: int = 0, max_rank: int = 4, min_size: int = 1, max_size: int = 6
) -> SearchStrategy[Shape]:
    """Shapes, with equal sizes as likely as different ones (they tell guessed layouts)."""
    ranks = st.integers(min_rank, max_rank)
    sizes = st.integers(min_size, max_size)
    return ranks.flatmap(
        lambda rank: st.one_of(st.tuples(*[sizes] * rank), sizes.map(lambda size: (size,) * rank))
    )


@st.composite
def tensors(
    draw: st.DrawFn,
    shape: Shape | SearchStrategy[Shape] | None = None,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    specials: Sequence[float] = (),
    distributions: Sequence[str] = DISTRIBUTIONS,
    dtype: str = "float32",
) -> np.ndarray:
    """Floating-point arrays.

    Args:
        shape: a shape or a strategy of shapes; rank 0 to 4 by default.
        low, high: every number is brought into this range (reflected, so that the shape of the
            distribution stays).
        specials: values set at a few random places (:data:`SPECIALS` for all of them).
        distributions: which of :data:`DISTRIBUTIONS` to draw from.
        dtype: the NumPy dtype.
    """
    dims = (
        draw(shape if isinstance(shape, SearchStrategy) else shapes())
        if not isinstance(shape, tuple)
        else shape
    )
    kind = draw(st.sampled_from(tuple(distributions)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    array = _within(_DRAW[kind](generator, dims), low, high)
    flat = array.reshape(-1)
    if specials and flat.size:
        places = draw(st.lists(st.integers(0, flat.size - 1), max_size=3))
        for place in places:
            flat[place] = draw(st.sampled_from(tuple(specials)))
    return flat.reshape(dims).astype(DType(dtype).numpy)


def _wide(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    return generator.standard_normal(shape) * np.exp2(generator.integers(-12, 12, shape))


def _cancelling(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    values = generator.standard_normal(shape)
    flat = values.reshape(-1)
    half = flat.size // 2
    flat[half : 2 * half] = -flat[:half] * (1 + 1e-5 * generator.standard_normal(half))
    return flat.reshape(shape)


def _near_ties(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    return generator.integers(-3, 4, shape) + 1e-6 * generator.standard_normal(shape)


_DRAW: dict[str, Callable[[np.random.Generator, Shape], np.ndarray]] = {
    "normal": lambda generator, shape: np.asarray(generator.standard_normal(shape)),
    "uniform": lambda generator, shape: np.asarray(generator.uniform(0, 1, shape)),
    "wide": lambda generator, shape: np.asarray(_wide(generator, shape)),
    "cancelling": _cancelling,
    "near_ties": lambda generator, shape: np.asarray(_near_ties(generator, shape)),
}


def _within(array: np.ndarray, low: float, high: float) -> np.ndarray:
    array = np.asarray(array, np.float64)
    if np.isfinite(low) and np.isfinite(high):
        span = high - low
        return low + np.abs((array - low + span) % (2 * span) - span)
    if np.isfinite(low):
        return low + np.abs(array - low)
    if np.isfinite(high):
        return high - np.abs(high - array)
    return array


@st.composite
def integers(
    draw: st.DrawFn,
    shape: Shape | SearchStrategy[Shape] | None = None,
    low: int = -5,
    high: int = 5,
    dtype: str = "int64",
) -> np.ndarray:
    """Integer arrays with entries from ``low`` to ``high``."""
    dims = (
        draw(shape if isinstance(shape, SearchStrategy) else shapes())
        if not isinstance(shape, tuple)
        else shape
    )
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return generator.integers(low, high, dims, endpoint=True).astype(dtype)


def bools(shape: Shape | SearchStrategy[Shape] | None = None) -> SearchStrategy[np.ndarray]:
    """Boolean arrays."""
    return integers(shape, 0, 1).map(lambda array: array.astype(bool))


def dims_of(rank: int) -> SearchStrategy[int]:
    """An axis of a tensor of that rank, from the front or from the back."""
    return st.integers(-max(rank, 1), max(rank, 1) - 1)


def broadcasting(count: int, max_rank: int = 4) -> SearchStrategy[tuple[Shape, ...]]:
    """Shapes that broadcast against each other: equal ones, lower ranks, axes of size 1."""

    @st.composite
    def draw_shapes(draw: st.DrawFn) -> tuple[Shape, ...]:
        full = draw(shapes(0, max_rank, 1, 5))
        if draw(st.booleans()):
            return (full,) * count
        one = draw(st.integers(0, count - 1))  # one operand has the full shape
        result = []
        for place in range(count):
            kept = len(full) if place == one else draw(st.integers(0, len(full)))
            tail = full[len(full) - kept :]
            ones = [place != one and draw(st.booleans()) for _ in tail]
            result.append(tuple(1 if o else size for size, o in zip(tail, ones, strict=True)))
        return tuple(result)

    return draw_shapes()


def floats(
    shape: Shape | SearchStrategy[Shape] | None = None,
    *,
    dtypes: Sequence[str] = ("float32", "float32", "float32", "float64", "float16", "bfloat16"),
    **bounds: float | Sequence[float] | Sequence[str],
) -> SearchStrategy[np.ndarray]:
    """Floating-point arrays of several types, float32 most often.

    ``bounds``: as for :func:`tensors`.
    """
    return st.sampled_from(tuple(dtypes)).flatmap(
        lambda dtype: tensors(shape, dtype=dtype, **bounds)  # type: ignore[arg-type]
    )


def numbers(low: float = -3, high: float = 3) -> SearchStrategy[float]:
    """Python floats with few digits."""
    return st.integers(int(low * 8), int(high * 8)).map(lambda eighths: eighths / 8)


def with_rank(
    min_rank: int = 0, max_rank: int = 4, min_size: int = 1, max_size: int = 6
) -> SearchStrategy[tuple[Shape, int]]:
    """A shape and an axis of it, from the front or from the back."""
    return shapes(min_rank, max_rank, min_size, max_size).flatmap(
        lambda shape: st.tuples(st.just(shape), dims_of(len(shape)))
    )


def axis_lists(rank: int, min_size: int = 0) -> SearchStrategy[tuple[int, ...]]:
    """Several different axes of a tensor of that rank, from the front or from the back."""
    count = max(rank, 1)
    places = st.lists(st.integers(0, count - 1), unique=True, min_size=min_size, max_size=count)
    return places.flatmap(
        lambda axes: st.tuples(*[st.sampled_from((axis, axis - count)) for axis in axes])
    )


@st.composite
def distinct(
    draw: st.DrawFn, shape: Shape | SearchStrategy[Shape], dtype: str = "float32"
) -> np.ndarray:
    """Floats without two equal elements, for operators whose choice among ties is free."""
    dims = draw(shape) if isinstance(shape, SearchStrategy) else shape
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = int(np.prod(dims, dtype=np.int64))
    return ((generator.permutation(count) - count / 2) * 0.25).reshape(dims).astype(dtype)


@st.composite
def lettered(
    draw: st.DrawFn,
    shapes: Mapping[str, str],
    *,
    min_size: int = 1,
    max_size: int = 6,
    dtypes: Sequence[str] = ("float32",),
    distributions: Sequence[str] = DISTRIBUTIONS,
    **attributes: SearchStrategy[object],
) -> dict[str, object]:
    """Arrays whose shapes are spelled in letters, each standing for one size wherever it occurs.

    Args:
        shapes: for each argument its axes, for example ``{"x": "mk", "mat2": "kn"}``; a digit is
            that size.
        min_size, max_size: of every letter.
        dtypes: one is drawn for all arrays.
        distributions: as for :func:`tensors`.
        attributes: further arguments.
    """
    letters = sorted({c for spelled in shapes.values() for c in spelled if not c.isdigit()})
    same = draw(st.integers(min_size, max_size)) if draw(st.integers(0, 3)) == 0 else None
    sizes = {c: draw(st.integers(min_size, max_size)) if same is None else same for c in letters}
    dtype = draw(st.sampled_from(tuple(dtypes)))
    arrays = {}
    for name, spelled in shapes.items():
        shape = tuple(sizes[c] if c in sizes else int(c) for c in spelled)
        if np.dtype(dtype).kind in "iu":
            arrays[name] = draw(integers(shape, 0, 9, dtype))
        elif np.dtype(dtype).kind == "c":
            real, imaginary = (draw(tensors(shape, distributions=distributions)) for _ in range(2))
            arrays[name] = (real + 1j * imaginary).astype(dtype)
        else:
            arrays[name] = draw(tensors(shape, distributions=distributions, dtype=dtype))
    return arrays | {name: draw(strategy) for name, strategy in attributes.items()}
