"""Inputs that an operator can't take, or that overflow: the same error, or the same value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from converters import DType, Graph, convert, replay, single_node

V = np.arange(4, dtype=np.float32)
M = np.arange(8, dtype=np.float32).reshape(2, 4)
INT8 = np.array([127, -128, -128, 100], np.int8)
INT32 = np.array([2**31 - 1, -(2**31), -(2**31), 7], np.int32)
INT64 = np.array([2**63 - 1, -(2**63), -(2**63), 7], np.int64)
UINT8 = np.array([0, 255, 200, 3], np.uint8)
FLOATS = np.tile(
    np.array([np.nan, np.inf, -np.inf, 1e10, -1e10, 300, -1, -129.7, 70000], np.float32), 5
)


def _at(*places: int) -> np.ndarray:
    return np.array(places, np.int64)


def _pair(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


def _indexed(bad: int) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every operator that takes indices: with one out of range, and the same with good ones."""

    def both(op: str, name: str, **more: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        wrong, right = _at(0, bad), _at(0, 1)
        if name == "indices" and op.startswith("index"):
            return op, {**more, name: (wrong,)}, {**more, name: (right,)}
        return op, {**more, name: wrong}, {**more, name: right}

    wide = {"x": M, "dim": 1}
    long = {"x": V, "dim": 0}
    bag = {
        "weight": M,
        "offsets": _at(0, 1),
        "scale_grad_by_freq": False,
        "mode": 0,
        "sparse": False,
        "per_sample_weights": None,
        "include_last_offset": False,
        "padding_idx": None,
    }
    rows = [
        both("index_select.default", "index", **long),
        both("gather.default", "index", **long),
        both("embedding.default", "indices", weight=M),
        both("embedding_bag.padding_idx", "indices", **bag),
        both("index_add.default", "index", **long, source=_pair(1, 2)),
        both("index_copy.default", "index", **long, source=_pair(1, 2)),
        both("index_reduce.default", "index", **long, source=_pair(1, 2), reduce="amax"),
        both("scatter.src", "index", **long, src=_pair(1, 2)),
        both("scatter.value", "index", **long, value=3.0),
        both("scatter_add.default", "index", **long, src=_pair(1, 2)),
        both("scatter_reduce.two", "index", **long, src=_pair(1, 2), reduce="amax"),
        both("nll_loss_nd.default", "target", x=M),
        both("cross_entropy_loss.default", "target", x=M),
        both("one_hot.default", "x", num_classes=3),
    ]
    if bad < 0 and bad >= -4:  # these count from the end
        return [*rows, both("bincount.default", "x", minlength=3)]
    wrong, right = _at(0, bad)[None], _at(0, 1)[None]
    src = _pair(1, 2)[None]
    rows += [
        both("take.default", "index", x=V),
        both("index.Tensor", "indices", x=V),
        both("index_put.default", "indices", x=V, values=_pair(1, 2)),
        both("index_fill.int_Scalar", "index", **long, value=3.0),
        # along an inner axis, a flattened place would be one in another row
        ("scatter_add.default", {**wide, "index": wrong, "src": src},
         {**wide, "index": right, "src": src}),
    ]  # fmt: skip
    return rows


REFUSED = [
    *_indexed(7),
    *_indexed(-1),
    *_indexed(-9),
    *(
        (op, {"x": _at(5, -5), "other": _at(0, 2)}, {"x": _at(5, -5), "other": _at(1, 2)})
        for op in ("floor_divide.default", "remainder.Tensor", "fmod.Tensor")
    ),
    (
        "repeat_interleave.self_Tensor",
        {"x": V, "repeats": _at(1, 1, 1, -1)},
        {"x": V, "repeats": _at(1, 1, 1, 1)},
    ),
]


def _flat(arguments: Mapping[str, Any]) -> dict[str, np.ndarray]:
    found = {}
    for name, argument in arguments.items():
        parts = {name: argument}
        if isinstance(argument, tuple):
            parts = {f"{name}_{place}": part for place, part in enumerate(argument)}
        found.update({key: part for key, part in parts.items() if isinstance(part, np.ndarray)})
    return found


def _converted(graph: Graph, values: Mapping[str, np.ndarray]) -> Any:
    model = convert(graph).model
    return model(*[tf.constant(values[item.name]) for item in graph.inputs])


@pytest.mark.parametrize(("op", "bad", "good"), REFUSED)
def test_what_pytorch_refuses_the_converted_operator_refuses(op, bad, good):
    with pytest.raises((IndexError, RuntimeError)):
        single_node(f"aten.{op}", bad)
    graph, values = single_node(f"aten.{op}", good)
    _converted(graph, values)
    with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.InternalError)):
        _converted(graph, _flat(bad))


INTEGERS = [INT8, INT32, INT64, UINT8]
OVERFLOWING = [
    *((op, {"x": x}) for op in ("neg.default", "square.default") for x in INTEGERS),
    *(("abs.default", {"x": x}) for x in INTEGERS[:3]),
    *(
        (op, {"x": x, "other": x[::-1].copy()})
        for op in ("add.Tensor", "sub.Tensor", "mul.Tensor")
        for x in INTEGERS
    ),
    *((op, {"x": x}) for op in ("sum.default", "prod.default") for x in INTEGERS),
    *((op, {"x": x, "dim": 0}) for op in ("cumsum.default", "cumprod.default") for x in INTEGERS),
    *(
        (op, {"x": x, "other": np.array([by, by, 1, 0], x.dtype)})
        for op in ("bitwise_left_shift.Tensor", "bitwise_right_shift.Tensor")
        for x, by in ((INT32, 35), (INT64, 70), (INT8, 9), (UINT8, 9), (INT32, 32), (INT32, -1))
    ),
    ("pow.Tensor_Tensor", {"x": _at(2, 1, -1, -1, 0), "exponent": _at(-1, -1, -1, -2, -3)}),
    ("pow.Tensor_Tensor", {"x": _at(3, 10, 2, -3), "exponent": _at(60, 30, 63, 41)}),
    ("take_along_dim.default", {"x": V, "indices": _at(-1, -5, 4, 9), "dim": 0}),
    *(
        ("_to_copy.default", {"x": FLOATS.astype(kind), "dtype": dtype})
        for kind in (np.float32, np.float64)
        for dtype in (DType.int8, DType.uint8, DType.int16, DType.int32, DType.int64, DType.bool)
    ),
    *(
        ("mul.Tensor", {"x": np.array([1, np.iinfo(kind).max], kind), "other": np.full(2, 3, kind)})
        for kind in (np.uint16, np.uint32, np.uint64)
    ),
]  # fmt: skip


@pytest.mark.parametrize(("op", "arguments"), OVERFLOWING)
def test_what_overflows_in_pytorch_gives_the_same_value(op, arguments):
    import torch

    graph, values = single_node(f"aten.{op}", arguments)
    (expected, *_), _ = replay(graph, {n: torch.from_numpy(a) for n, a in values.items()})
    (actual, *_) = tf.nest.flatten(_converted(graph, values))
    np.testing.assert_array_equal(actual.numpy(), expected.numpy(), strict=True)
