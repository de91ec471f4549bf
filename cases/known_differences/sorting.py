"""Sorting, searching, uniqueness."""

from __future__ import annotations

import numpy as np

from cases.known_differences.arrays import f32, i64
from parity.known_differences import Kind, KnownDifference

_NAN = "np.isnan(x).any(axis, keepdims=True)"
_REARRANGED = (
    f"{_NAN} & np.isclose(np.sort(tensorflow, axis), np.sort(x, axis), rtol=0, atol=tiny(x), "
    "equal_nan=True).all(axis, keepdims=True)"
)
_PERMUTED = (
    f"{_NAN} & (np.sort(tensorflow, axis) == np.sort(pytorch, axis)).all(axis, keepdims=True)"
)
_LINE = "np.isnan(x).any(-1, keepdims=True)"

ENTRIES = (
    KnownDifference(
        name="ascending-sort-with-nan",
        kind=Kind.EDGE,
        torch="torch.sort(x, axis)[0]",
        tensorflow="tf.sort(x, axis)",
        keras="keras.ops.sort(x, axis)",
        runtime="eager",
        where="np.isnan(x).any()",
        example={"x": f32([2, np.nan, 3, 1]), "axis": 0},
        without={"x": f32([2, 0, 3, 1]), "axis": 0},
        relation=_REARRANGED,
        gives=("[1, 2, 3, nan]", "[1, 2, nan, 3]"),
        in_tensorflow="n = tf.math.is_nan(x)\n"
        "r = tf.sort(tf.where(n, tf.constant(math.inf), x))\n"
        "k = tf.reduce_sum(tf.cast(n, tf.int32))\n"
        "return tf.where(tf.range(tf.size(x)) >= tf.size(x) - k, math.nan, r)",
        rows=("sort",),
        why="NaN has no place in the order that TensorFlow compares by",
        reference="7",
    ),
    KnownDifference(
        name="descending-sort-with-nan",
        kind=Kind.EDGE,
        torch="torch.sort(x, axis, descending=True)[0]",
        tensorflow="tf.sort(x, axis, 'DESCENDING')",
        runtime="eager",
        where="np.isnan(x).any()",
        example={"x": f32([2, np.nan, 3, 1]), "axis": 0},
        without={"x": f32([2, 0, 3, 1]), "axis": 0},
        relation=_REARRANGED,
        gives=("[nan, 3, 2, 1]", "[3, 2, nan, 1]"),
        in_tensorflow="n = tf.math.is_nan(x)\n"
        "r = tf.sort(tf.where(n, tf.constant(math.inf), x), direction='DESCENDING')\n"
        "k = tf.reduce_sum(tf.cast(n, tf.int32))\n"
        "return tf.where(tf.range(tf.size(x)) < k, math.nan, r)",
        rows=("sort_descending",),
        why="NaN has no place in the order that TensorFlow compares by; PyTorch counts it as the "
        "largest, and so does XLA",
        reference="7",
    ),
    KnownDifference(
        name="ascending-argsort-with-nan",
        kind=Kind.EDGE,
        torch="torch.argsort(x, dim=axis, stable=True)",
        tensorflow="tf.cast(tf.argsort(x, axis, stable=True), tf.int64)",
        keras="keras.ops.cast(keras.ops.argsort(x, axis), 'int64')",
        runtime="eager",
        where="x.dtype.kind not in 'iu' and np.isnan(x).any()",
        relation=_PERMUTED,
        example={"x": f32([2, np.nan, 3, 1]), "axis": 0},
        without={"x": f32([2, 0, 3, 1]), "axis": 0},
        gives=("[3, 0, 2, 1]", "[3, 0, 1, 2]"),
        in_tensorflow="tf.argsort(tf.where(tf.math.is_nan(x), math.inf, x), axis, stable=True)",
        rows=("argsort",),
        why="NaN has no place in the order that TensorFlow compares by",
        reference="7",
    ),
    KnownDifference(
        name="descending-argsort-with-nan",
        kind=Kind.EDGE,
        torch="torch.argsort(x, dim=axis, descending=True, stable=True)",
        tensorflow="tf.cast(tf.argsort(x, axis, 'DESCENDING', stable=True), tf.int64)",
        runtime="eager",
        where="x.dtype.kind not in 'iu' and np.isnan(x).any()",
        relation=_PERMUTED,
        example={"x": f32([2, np.nan, 3, 1]), "axis": 0},
        without={"x": f32([2, 0, 3, 1]), "axis": 0},
        gives=("[1, 2, 0, 3]", "[2, 0, 1, 3]"),
        in_tensorflow="tf.argsort(tf.where(tf.math.is_nan(x), math.inf, x), axis, 'DESCENDING', "
        "stable=True)",
        rows=("argsort_descending",),
        why="NaN has no place in the order that TensorFlow compares by",
        reference="7",
    ),
    KnownDifference(
        name="places-of-topk-with-nan",
        kind=Kind.EDGE,
        torch="torch.topk(x, k)[::-1]",
        tensorflow="values, i = tf.math.top_k(x, k)\nreturn tf.cast(i, tf.int64), values",
        result="output 0",
        where="np.isnan(x).any()",
        relation=f"{_LINE} & (tensorflow >= 0) & (tensorflow < x.shape[-1])",
        example={"x": f32([[2, np.nan, 3, 1]]), "k": 1},
        without={"x": f32([[2, 0, 3, 1]]), "k": 1},
        gives=("[[1]]", "[[2]]"),
        in_tensorflow="y = tf.where(tf.math.is_nan(x), math.inf, x)\n"
        "i = tf.math.top_k(y, k)[1]\n"
        "return tf.cast(i, tf.int64), tf.gather(x, i, batch_dims=1)",
        rows=("topk",),
        why="NaN has no place in the order that TensorFlow compares by: which places it takes "
        "depends on where NaN stands; to PyTorch it is the largest",
        reference="7",
    ),
    KnownDifference(
        name="values-of-topk-with-nan",
        kind=Kind.EDGE,
        torch="torch.topk(x, k)[::-1]",
        tensorflow="values, i = tf.math.top_k(x, k)\nreturn tf.cast(i, tf.int64), values",
        result="output 1",
        where="np.isnan(x).any()",
        relation=f"{_LINE} & (np.isnan(tensorflow) | (tensorflow[..., None] == x[..., None, :])"
        ".any(-1))",
        example={"x": f32([[2, np.nan, 3, 1]]), "k": 1},
        without={"x": f32([[2, 0, 3, 1]]), "k": 1},
        gives=("[[nan]]", "[[3]]"),
        in_tensorflow="y = tf.where(tf.math.is_nan(x), math.inf, x)\n"
        "i = tf.math.top_k(y, k)[1]\n"
        "return tf.cast(i, tf.int64), tf.gather(x, i, batch_dims=1)",
        rows=("topk",),
        why="NaN has no place in the order that TensorFlow compares by: which numbers it takes "
        "depends on where NaN stands; to PyTorch it is the largest",
        reference="7",
    ),
    KnownDifference(
        name="search-for-nan",
        kind=Kind.EDGE,
        torch="torch.searchsorted(edges, x)",
        tensorflow="tf.searchsorted(edges, x)",
        keras="keras.ops.searchsorted(edges, x)",
        where="np.isnan(x).any()",
        example={"edges": f32([1, 2, 3]), "x": f32([np.nan, 2])},
        without={"edges": f32([1, 2, 3]), "x": f32([4, 2])},
        gives=("[3, 1]", "[0, 1]"),
        relation="np.isnan(x) & (tensorflow == 0)",
        in_tensorflow="tf.where(tf.math.is_nan(x), tf.size(edges), tf.searchsorted(edges, x))",
        rows=("searchsorted",),
        why="no number is smaller than NaN: PyTorch goes on to the end, TensorFlow stays in front",
        reference="8",
    ),
    KnownDifference(
        name="bucketize-on-a-boundary",
        kind=Kind.SEMANTIC,
        torch="torch.bucketize(x, y)",
        keras="keras.ops.digitize(x, y)",
        where="np.isin(x, y).any()",
        example={"x": f32([2]), "y": f32([1, 2, 3])},
        without={"x": f32([2.5]), "y": f32([1, 2, 3])},
        gives=("[1]", "[2]"),
        in_pytorch="torch.bucketize(x, y, right=True)",
        in_tensorflow="tf.searchsorted(y, x)",
        rows=("bucketize",),
        why="PyTorch's intervals are open on the left, Keras' on the right",
        reference="169",
    ),
    KnownDifference(
        name="edges-of-keras-in-float32",
        kind=Kind.TYPE,
        torch="torch.bucketize(x, edges, right=True)",
        keras="keras.ops.cast(keras.ops.digitize(x, edges), 'int64')",
        where="(edges.astype(np.float32) != edges).any()",
        relation="tensorflow == np.searchsorted(edges.astype(np.float32), x, 'right')",
        example={"x": np.array([0.1, 0.7]), "edges": np.array([0.1, 0.7])},
        without={"x": np.array([0.25, 0.7]), "edges": np.array([0.25, 0.5])},
        gives=("int64 [1, 2]", "int64 [0, 2]"),
        in_tensorflow="tf.searchsorted(edges, x, 'right', tf.int64)",
        rows=("bucketize",),
        why="the edges are an attribute of tf.raw_ops.Bucketize, which is a list of float32",
    ),
    KnownDifference(
        name="order-of-unique",
        kind=Kind.SEMANTIC,
        torch="torch.unique(x)",
        tensorflow="tf.unique(x)[0]",
        where="(np.diff(x) < 0).any()",
        example={"x": i64([3, 1, 3, 2])},
        without={"x": i64([1, 1, 2, 3])},
        gives=("[1, 2, 3]", "[3, 1, 2]"),
        in_tensorflow="tf.sort(tf.unique(x)[0])",
        in_pytorch="u, inverse = torch.unique(x, return_inverse=True)\n"
        "first = torch.full(u.shape, len(x)).scatter_reduce("
        "0, inverse, torch.arange(len(x)), 'amin')\n"
        "return u[first.argsort()]",
        rows=("unique",),
        why="PyTorch sorts, TensorFlow keeps the order of first occurrence; keras.ops sorts",
        reference="168",
    ),
    KnownDifference(
        name="topk-at-a-tie",
        kind=Kind.NONDETERMINISM,
        torch="torch.topk(x, 2)[1]",
        tensorflow="tf.math.top_k(x, 2)[1]",
        keras="keras.ops.top_k(x, 2)[1]",
        where="np.unique(x).size < x.size",
        example={"x": f32([1, 5, 3, 5, 5])},
        without={"x": f32([1, 5, 3, 4, 2])},
        gives=("[1, 4]", "[1, 3]"),
        in_pytorch="torch.sort(x, descending=True, stable=True)[1][:2]",
        rows=("topk",),
        why="TensorFlow takes the lowest places first, PyTorch leaves open which",
        reference="166",
    ),
    KnownDifference(
        name="argsort-at-a-tie",
        kind=Kind.NONDETERMINISM,
        torch="torch.argsort(x, descending=True)[:2]",
        tensorflow="tf.argsort(x, direction='DESCENDING')[:2]",
        where="np.unique(x).size < x.size",
        example={"x": np.ones(20, np.float32)},
        without={"x": np.arange(20, dtype=np.float32)},
        gives=("[10, 19]", "[0, 1]"),
        in_pytorch="torch.argsort(x, descending=True, stable=True)[:2]",
        rows=("argsort",),
        why="TensorFlow's sort is stable, PyTorch's is with stable=True",
        reference="166",
    ),
    KnownDifference(
        name="argmax-at-a-tie-on-gpus",
        kind=Kind.NONDETERMINISM,
        torch="torch.argmax(x)",
        tensorflow="tf.argmax(x)",
        device="cuda",
        where="(x == x.max()).sum() > 1",
        example={"x": f32([1, 1])},
        without={"x": f32([1, 2])},
        gives=("any of them", "0"),
        rows=("argmax",),
        why="on CPU both take the first; PyTorch promises it on no device",
        evidence="issue 17738 of PyTorch",
        reference="167",
    ),
)
