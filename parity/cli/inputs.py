"""Inputs and open dimensions, as the command line names them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converters import DType
from parity.cli.failures import UnusableError

if TYPE_CHECKING:
    import torch

_SPEC = re.compile(
    r"(?:(?P<name>[A-Za-z_]\w*)=)?(?P<shape>scalar|\d+(?:x\d+)*)"
    r"(?::(?P<dtype>[a-z]+\d*))?(?::(?P<low>-?[\d.e+-]+?)\.\.(?P<high>-?[\d.e+-]+))?"
)
_DYNAMIC = re.compile(r"(?P<name>[A-Za-z_]\w*):(?P<axis>\d+)(?:=(?P<low>\d+)\.\.(?P<high>\d+))?")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input to draw: name ("" for the next positional one), shape, element type, range."""

    name: str
    shape: tuple[int, ...]
    dtype: DType = DType.float32
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class OpenDimension:
    """An axis of an input that stays open, and the sizes that it may have."""

    name: str
    axis: int
    low: int | None = None
    high: int | None = None


def parse_input(text: str) -> InputSpec:
    """Read ``[name=]SHAPE[:dtype[:low..high]]``.

    Raises:
        UnusableError: it is not written so, or the element type is unknown.

    >>> parse_input("input_ids=1x128:int64:0..30000")
    InputSpec(name='input_ids', shape=(1, 128), dtype=<DType.int64: 'int64'>, low=0.0, high=30000.0)
    >>> parse_input("1x3x224x224").shape
    (1, 3, 224, 224)
    """
    match = _SPEC.fullmatch(text)
    if match is None:
        raise UnusableError(
            f"--input {text} can't be read. Write [name=]SHAPE[:dtype[:low..high]], "
            "for example 1x3x224x224 or input_ids=1x128:int64:0..30000."
        )
    try:
        dtype = DType(match["dtype"] or "float32")
        low, high = (None if match[end] is None else float(match[end]) for end in ("low", "high"))
    except ValueError as error:
        known = ", ".join(DType)
        raise UnusableError(
            f"--input {text} can't be read: {error}. Element types: {known}."
        ) from error
    if low is not None and high is not None and low > high:
        raise UnusableError(f"--input {text} has an empty range: {low:g} is above {high:g}.")
    shape = () if match["shape"] == "scalar" else tuple(map(int, match["shape"].split("x")))
    return InputSpec(match["name"] or "", shape, dtype, low, high)


def parse_dynamic(text: str) -> OpenDimension:
    """Read ``name:axis[=min..max]``.

    Raises:
        UnusableError: it is not written so.

    >>> parse_dynamic("input_ids:0=1..64")
    OpenDimension(name='input_ids', axis=0, low=1, high=64)
    """
    match = _DYNAMIC.fullmatch(text)
    if match is None:
        raise UnusableError(
            f"--dynamic {text} can't be read. Write name:axis[=min..max], for example x:0=1..64."
        )
    low, high = (None if match[end] is None else int(match[end]) for end in ("low", "high"))
    return OpenDimension(match["name"], int(match["axis"]), low, high)


def draw(spec: InputSpec, seed: int) -> np.ndarray:
    """Seeded numbers: standard normal floats, or uniform in the spec's range; integers from 0 to 9.

    Shapes: the result has ``spec.shape``.

    >>> draw(InputSpec("", (2,), DType.int64, 5, 5), seed=0)
    array([5, 5])
    """
    generator = np.random.default_rng(seed)
    if spec.dtype is DType.bool:
        return generator.integers(0, 2, spec.shape).astype(bool)
    if spec.dtype.is_floating:
        if spec.low is None or spec.high is None:
            return np.asarray(generator.standard_normal(spec.shape)).astype(spec.dtype.numpy)
        return np.asarray(generator.uniform(spec.low, spec.high, spec.shape)).astype(
            spec.dtype.numpy
        )
    if spec.dtype.is_complex:
        real, imaginary = generator.standard_normal((2, *spec.shape))
        return np.asarray(real + 1j * imaginary).astype(spec.dtype.numpy)
    low, high = (0, 9) if spec.low is None or spec.high is None else (int(spec.low), int(spec.high))
    return np.asarray(generator.integers(low, high, spec.shape, endpoint=True)).astype(
        spec.dtype.numpy
    )


def drawn(texts: Sequence[str], seed: int) -> tuple[tuple[np.ndarray, ...], dict[str, np.ndarray]]:
    """Positional and named inputs from specs, each with a seed of its own.

    Raises:
        UnusableError: a spec can't be read, or two have the same name.
    """
    args: list[np.ndarray] = []
    kwargs: dict[str, np.ndarray] = {}
    for place, text in enumerate(texts):
        spec = parse_input(text)
        array = draw(spec, seed + place)
        if not spec.name:
            args.append(array)
        elif spec.name in kwargs:
            raise UnusableError(f"--input names {spec.name} twice.")
        else:
            kwargs[spec.name] = array
    return tuple(args), kwargs


def read_npz(path: Path) -> tuple[tuple[np.ndarray, ...], dict[str, np.ndarray]]:
    """Positional (``arr_0``, ``arr_1``, ...) and named arrays of an ``.npz``; no pickles.

    Raises:
        UnusableError: the file is missing, is not an ``.npz``, or holds something else than plain
            arrays.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise ValueError("it holds a single array, not an archive")
        with loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except Exception as error:
        raise UnusableError(
            f"{path} can't be read as an .npz file: {error}. Write one with "
            "numpy.savez(path, name=array), with the names of forward's arguments."
        ) from error
    positional = sorted(
        (name for name in arrays if re.fullmatch(r"arr_\d+", name)), key=lambda n: int(n[4:])
    )
    named = {name: array for name, array in arrays.items() if name not in positional}
    return tuple(arrays[name] for name in positional), named


def read_calibration(path: Path) -> list[tuple[tuple[np.ndarray, ...], dict[str, np.ndarray]]]:
    """The calls of a calibration set: arrays as in :func:`read_npz`, stacked along a first axis.

    Raises:
        UnusableError: as there, or the arrays hold different numbers of inputs.
    """
    args, kwargs = read_npz(path)
    arrays = {**{f"arr_{i}": array for i, array in enumerate(args)}, **kwargs}
    counts = {name: array.shape[0] if array.ndim else 0 for name, array in arrays.items()}
    if not arrays or len(set(counts.values())) != 1 or not all(counts.values()):
        held = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
        raise UnusableError(
            f"{path} is no calibration set: every array has to hold the same number of inputs, "
            f"stacked along its first axis; found {held}."
        )
    total = next(iter(counts.values()))
    return [
        (tuple(array[i] for array in args), {name: array[i] for name, array in kwargs.items()})
        for i in range(total)
    ]


def _plain_parameters(module: torch.nn.Module) -> list[str]:
    """The names of what forward takes by position."""
    import torch

    forward: Any = module.forward
    if isinstance(module, torch.jit.ScriptModule):
        return [argument.name for argument in forward.schema.arguments[1:]]
    parameters = inspect.signature(forward).parameters.values()
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def dynamic_shapes(
    texts: Sequence[str],
    module: torch.nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> dict[str, Any] | None:
    """``torch.export``'s dynamic shapes from ``name:axis`` texts; None where there are none.

    Raises:
        UnusableError: a text can't be read, or names no tensor input or no axis of it.
    """
    import torch

    if not texts:
        return None
    given = dict(zip(_plain_parameters(module), args, strict=False)) | dict(kwargs)
    chosen: dict[str, Any] = dict.fromkeys(given)
    for text in texts:
        item = parse_dynamic(text)
        value = given.get(item.name)
        if not isinstance(value, torch.Tensor | np.ndarray):
            raise UnusableError(
                f"--dynamic {text}: no tensor input is called {item.name}. Inputs: "
                f"{', '.join(given)}."
            )
        if item.axis >= value.ndim:
            raise UnusableError(f"--dynamic {text}: {item.name} has {value.ndim} axes.")
        hint = torch.export.Dim.DYNAMIC
        ranged = item.low is not None
        chosen[item.name] = (chosen[item.name] or {}) | {
            item.axis: hint(min=item.low, max=item.high) if ranged else hint
        }
    return chosen
