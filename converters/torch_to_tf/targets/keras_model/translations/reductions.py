"""Sums, extremes, positions of extremes, running sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.sizes import product
from converters.torch_to_tf.targets.keras_model.translate import (
    Call,
    as_sizes,
    axes_of,
    translates,
)
from converters.torch_to_tf.targets.keras_model.values import Constant, Sizes, Value

_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "All": ops.all,
    "Any": ops.any,
    "Max": ops.max,
    "Mean": ops.mean,
    "Min": ops.min,
    "Prod": ops.prod,
    "Sum": ops.sum,
}


@translates(*_REDUCTIONS)
def reduce(call: Call, x: Value, axes: Value) -> Value:
    """Over some axes."""
    kind, keep = call.operation.type, bool(call.attribute("keep_dims"))
    gone = axes_of(axes, len(x.dims))
    if isinstance(x, Sizes) and kind in ("Prod", "Sum") and len(x.dims) == 1 and gone == (0,):
        entries = list(x.array)
        total = product(entries) if kind == "Prod" else sum(entries)
        held = np.empty((1,), dtype=object)
        held[0] = total
        return as_sizes(held if keep else held.reshape(()), call.dtype)
    if keep:
        dims = tuple(1 if axis in gone else size for axis, size in enumerate(x.dims))
    else:
        dims = tuple(size for axis, size in enumerate(x.dims) if axis not in gone)
    if not gone:
        return x
    return call.builder.call(
        _REDUCTIONS[kind], x, axis=gone, keepdims=keep, dims=dims, dtype=call.dtype
    )


@translates("ArgMax", "ArgMin")
def arg_extreme(call: Call, x: Value, axis: Value) -> Value:
    """Where the extreme stands, the first of equals."""
    function = ops.argmax if call.operation.type == "ArgMax" else ops.argmin
    place = axes_of(axis, len(x.dims))[0]
    dims = (*x.dims[:place], *x.dims[place + 1 :])
    return call.builder.call(function, x, axis=place, dims=dims, dtype=call.dtype)


@translates("Cumsum", "Cumprod")
def cumulate(call: Call, x: Value, axis: Value) -> Value:
    """Running sums and products."""
    place, builder = axes_of(axis, len(x.dims))[0], call.builder
    if call.attribute("exclusive"):
        raise UnsupportedVariantError("an exclusive running sum")
    function = ops.cumsum if call.operation.type == "Cumsum" else ops.cumprod
    backwards = bool(call.attribute("reverse"))
    if backwards:
        x = builder.call(ops.flip, x, axis=place, dims=x.dims)
    result = builder.call(function, x, axis=place, dims=x.dims, dtype=call.dtype)
    return builder.call(ops.flip, result, axis=place, dims=x.dims) if backwards else result


@translates("TopKV2")
def top_k(call: Call, x: Value, k: Value) -> list[Value]:
    """The largest, and where they stand."""
    if not isinstance(k, Constant):
        raise UnsupportedVariantError("a number of largest elements that stays open")
    count = int(k.array)
    dims = (*x.dims[:-1], count)
    values, places = call.builder.call(
        ops.top_k, x, count, sorted=bool(call.attribute("sorted")), dims=[dims, dims]
    )
    return [values, places]


@translates("Bincount", "DenseBincount")
def bincount(call: Call, x: Value, size: Value, weights: Value) -> Value:
    """How often each number occurs."""
    if not isinstance(size, Constant):
        raise UnsupportedVariantError("a number of bins that stays open")
    count = int(size.array)
    return call.builder.call(ops.bincount, x, minlength=count, dims=(count,), dtype=call.dtype)
