"""The inputs from which an 8-bit model's ranges are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from converters.errors import OutputError
from converters.graph import Dim, TensorSpec
from converters.structure import leaves
from converters.torch_to_tf.targets.traced import Traced


def samples_of(traced: Traced, calibration: Sequence[Any]) -> list[dict[str, Any]]:
    """A calibration set as the converted model takes it: by input name, in the target's axis order.

    Args:
        traced: the model.
        calibration: inputs as the source's ``forward`` takes them, one for each run.

    Raises:
        OutputError: there are none, or one of them does not fit.
    """
    if isinstance(calibration, Mapping | np.ndarray) or not isinstance(calibration, Sequence):
        raise OutputError(
            "a calibration set is a list of inputs, each as forward takes them, not "
            f"{type(calibration).__name__}. Pass calibration=[inputs, ...]."
        )
    if not calibration:
        raise OutputError("the calibration set is empty. Give at least one input.")
    return [_sample(traced, inputs, number) for number, inputs in enumerate(calibration, 1)]


def _sample(traced: Traced, inputs: Any, number: int) -> dict[str, Any]:
    place = f"input {number} of the calibration set"
    signature = traced.source.signature
    if isinstance(inputs, Mapping):
        given = dict(inputs)
    elif isinstance(inputs, tuple | list):
        pair = len(inputs) == 2 and isinstance(inputs[0], tuple) and isinstance(inputs[1], dict)
        args, named = inputs if pair else (inputs, {})
        given = dict(zip(signature, args, strict=False)) | dict(named)
    else:
        given = dict(zip(signature, (inputs,), strict=False))
    missing = [name for name in traced.signature if name not in given]
    if missing:
        raise OutputError(
            f"{place} lacks {', '.join(missing)}. Each has to hold {', '.join(traced.signature)}."
        )
    try:
        found = {
            name: np.asarray(leaf)
            for key, structure in signature.items()
            if key in traced.signature
            for name, leaf in leaves(structure, given[key])
        }
    except (KeyError, TypeError, ValueError) as error:
        raise OutputError(f"{place} is not nested as forward takes it: {error}.") from error
    specs = {item.name: item.spec for item in traced.source.inputs}
    axes = {item.name: item.spec.axes for item in traced.graph.inputs}
    return {
        name: _laid(_fitting(array, specs[name], f"{name} in {place}"), axes[name])
        for name, array in found.items()
    }


def _fitting(array: np.ndarray, spec: TensorSpec, place: str) -> np.ndarray:
    fits = array.ndim == spec.rank and all(
        isinstance(want, Dim) or want == have
        for want, have in zip(spec.shape, array.shape, strict=True)
    )
    if not fits:
        wanted = "x".join(d.expression if isinstance(d, Dim) else str(d) for d in spec.shape)
        raise OutputError(
            f"{place} has the shape {'x'.join(map(str, array.shape)) or 'scalar'}, but the model "
            f"takes {wanted or 'scalar'}."
        )
    if array.dtype != spec.dtype.numpy:
        raise OutputError(f"{place} is {array.dtype}, but the model takes {spec.dtype}.")
    if not array.size:
        raise OutputError(f"{place} has no elements.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise OutputError(f"{place} holds NaN or infinity, which have no range.")
    return array


def _laid(array: np.ndarray, axes: tuple[int, ...] | None) -> np.ndarray:
    return array if axes is None else np.ascontiguousarray(array.transpose(axes))
