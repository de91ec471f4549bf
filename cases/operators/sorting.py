"""Sorting, searching, uniqueness."""

from __future__ import annotations

import numpy as np

from cases.inputs import REALS, Array, Axis, Shapes, Size, given
from cases.rows import EITHER_ZERO, EXACT, row
from parity.suite import Decision


def _ordered(found: dict[str, object]) -> dict[str, object]:
    """Edges in order, and every third number on one of them."""
    x, edges = np.asarray(found["x"]).copy(), np.sort(np.asarray(found["edges"]))
    x[::3] = np.resize(edges, x[::3].shape)
    return {"x": x, "edges": edges}


_ALONG = given(Shapes((1, 3), 1, long=True), x=Array(), axis=Axis())
_LINE = given(x=Array("n", low=-4, high=4, specials=False), sizes={"n": (1, 30)})
_GRID = given(
    x=Array("n"), edges=Array("k", specials=False), sizes={"n": (1, 30), "k": (1, 9)}, fit=_ordered
)
_TOP = given(x=Array("mn"), k=Size("k"), sizes={"n": (5, 40), "k": (1, 5)})
_PICKED = "np.take_along_axis(x, y, axis)"

CASES = (
    row(
        "sort",
        "torch.sort(x, axis).values",
        "tf.sort(x, axis)",
        "keras.ops.sort(x, axis)",
        EITHER_ZERO,
        _ALONG,
        REALS,
        gradients=False,
    ),
    row(
        "sort_descending",
        "torch.sort(x, axis, descending=True).values",
        "tf.sort(x, axis, 'DESCENDING')",
        "",
        EITHER_ZERO,
        _ALONG,
        REALS,
        gradients=False,
    ),
    row(
        "sort_integers",
        "torch.sort(x, axis).values",
        "tf.sort(x, axis)",
        "keras.ops.sort(x, axis)",
        EXACT,
        _ALONG,
        ("int32", "int64"),
        gradients=False,
    ),
    row(
        "msort",
        "torch.msort(x)",
        "tf.sort(x, 0)",
        "keras.ops.sort(x, 0)",
        EITHER_ZERO,
        given(Shapes((1, 3), 1), x=Array(specials=False)),
        REALS,
        gradients=False,
    ),
    row(
        "argsort",
        "torch.argsort(x, dim=axis, stable=True)",
        "tf.cast(tf.argsort(x, axis, stable=True), tf.int64)",
        "keras.ops.cast(keras.ops.argsort(x, axis), 'int64')",
        Decision(_PICKED),
        _ALONG,
        REALS,
        gradients=False,
    ),
    row(
        "argsort_descending",
        "torch.argsort(x, dim=axis, descending=True, stable=True)",
        "tf.cast(tf.argsort(x, axis, 'DESCENDING', stable=True), tf.int64)",
        "",
        Decision(_PICKED),
        _ALONG,
        REALS,
        gradients=False,
    ),
    row(
        "argsort_integers",
        "torch.argsort(x, dim=axis, stable=True)",
        "tf.cast(tf.argsort(x, axis, stable=True), tf.int64)",
        "keras.ops.cast(keras.ops.argsort(x, axis), 'int64')",
        Decision(_PICKED),
        _ALONG,
        ("int32", "int64"),
        gradients=False,
    ),
    row(
        "topk",
        "torch.topk(x, k)[::-1]",
        "values, i = tf.math.top_k(x, k)\nreturn tf.cast(i, tf.int64), values",
        "values, i = keras.ops.top_k(x, k)\nreturn keras.ops.cast(i, 'int64'), values",
        Decision("np.take_along_axis(x, y[0], 1)", (0,)),
        _TOP,
        REALS,
        gradients=False,
    ),
    row(
        "topk_values",
        "torch.topk(x, k).values",
        "tf.math.top_k(x, k).values",
        "keras.ops.top_k(x, k)[0]",
        EITHER_ZERO,
        given(x=Array("mn", specials=False), k=Size("k"), sizes={"n": (5, 40), "k": (1, 5)}),
        REALS,
    ),
    row(
        "topk_smallest",
        "torch.topk(x, k, largest=False).values",
        "-tf.math.top_k(-x, k).values",
        "-keras.ops.top_k(-x, k)[0]",
        EITHER_ZERO,
        given(x=Array("mn", specials=False), k=Size("k"), sizes={"n": (5, 40), "k": (1, 5)}),
        REALS,
        gradients=False,
    ),
    row(
        "kthvalue",
        "torch.kthvalue(x, k).values",
        "tf.sort(x)[:, k - 1]",
        "keras.ops.sort(x)[:, k - 1]",
        EITHER_ZERO,
        given(x=Array("mn", specials=False), k=Size("k"), sizes={"n": (5, 40), "k": (1, 5)}),
        REALS,
        gradients=False,
    ),
    row(
        "searchsorted",
        "torch.searchsorted(edges, x)",
        "tf.searchsorted(edges, x, out_type=tf.int64)",
        "keras.ops.cast(keras.ops.searchsorted(edges, x), 'int64')",
        EXACT,
        _GRID,
        REALS,
        gradients=False,
    ),
    row(
        "searchsorted_right",
        "torch.searchsorted(edges, x, right=True)",
        "tf.searchsorted(edges, x, 'right', tf.int64)",
        "keras.ops.cast(keras.ops.searchsorted(edges, x, 'right'), 'int64')",
        EXACT,
        _GRID,
        REALS,
        gradients=False,
    ),
    row(
        "bucketize",
        "torch.bucketize(x, edges, right=True)",
        "tf.searchsorted(edges, x, 'right', tf.int64)",
        "keras.ops.cast(keras.ops.digitize(x, edges), 'int64')",
        EXACT,
        _GRID,
        REALS,
        gradients=False,
        doc="Keras counts an edge to the bin on its right, PyTorch to the left.",
    ),
    row(
        "unique",
        "torch.unique(x)",
        "tf.sort(tf.unique(x).y)",
        "keras.ops.unique(x)",
        EXACT,
        _LINE,
        ("int32", "int64"),
        gradients=False,
        doc="PyTorch sorts, tf.unique keeps the order of first occurrence.",
    ),
    row(
        "unique_counts",
        "torch.unique(x, return_counts=True)",
        "y, _, n = tf.unique_with_counts(x, tf.int64)\n"
        "order = tf.argsort(y)\n"
        "return tf.gather(y, order), tf.gather(n, order)",
        "",
        EXACT,
        _LINE,
        ("int32", "int64"),
        gradients=False,
        no_xla="the size of its result follows from values",
    ),
    row(
        "unique_consecutive",
        "torch.unique_consecutive(x)",
        "tf.boolean_mask(x, tf.concat(([True], x[1:] != x[:-1]), 0))",
        "",
        EXACT,
        _LINE,
        ("int32", "int64"),
        gradients=False,
    ),
    row(
        "is_sorted",
        "(x[1:] >= x[:-1]).all()",
        "tf.math.is_non_decreasing(x)",
        "",
        EXACT,
        given(x=Array("n", low=0, high=3, specials=False)),
        ("int32", "float32"),
        gradients=False,
    ),
    row(
        "nanmax",
        "torch.where(torch.isnan(x), -math.inf, x).amax(-1)",
        "tf.reduce_max(tf.where(tf.math.is_nan(x), tf.constant(-math.inf, x.dtype), x), -1)",
        "",
        EITHER_ZERO,
        given(x=Array("mn")),
        REALS,
        gradients=False,
    ),
)
