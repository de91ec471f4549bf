"""What XLA does where others refuse or give NaN."""

from __future__ import annotations

import numpy as np

from cases.known_differences.arrays import f32, i64
from parity.known_differences import Kind, KnownDifference

_OUTSIDE = "((index < 0) | (index >= x.shape[dim])).any()"
_CLAMPED = "XLA has no errors at run time: an index is brought into range"
_V = f32([0, 1, 2, 3])

ENTRIES = (
    KnownDifference(
        name="index-select-out-of-range-compiled",
        kind=Kind.EDGE,
        torch="torch.index_select(x, dim, index)",
        tensorflow="tf.gather(x, index, axis=dim)",
        runtime="XLA",
        where=_OUTSIDE,
        example={"x": _V, "dim": 0, "index": i64([0, 7])},
        without={"x": _V, "dim": 0, "index": i64([0, 3])},
        gives=("raises IndexError", "[0, 3]"),
        in_pytorch="torch.index_select(x, dim, index.clamp(0, x.shape[dim] - 1))",
        lowerings=("aten.index_select.default",),
        rows=("index_select", "take"),
        why=_CLAMPED,
        reference="36",
    ),
    KnownDifference(
        name="embedding-out-of-range-compiled",
        kind=Kind.EDGE,
        torch="F.embedding(indices, weight)",
        tensorflow="tf.nn.embedding_lookup(weight, indices)",
        runtime="XLA",
        where="((indices < 0) | (indices >= weight.shape[0])).any()",
        example={"weight": _V.reshape(2, 2), "indices": i64([0, 5])},
        without={"weight": _V.reshape(2, 2), "indices": i64([0, 1])},
        gives=("raises IndexError", "[[0, 1], [2, 3]]"),
        in_pytorch="F.embedding(indices.clamp(0, weight.shape[0] - 1), weight)",
        lowerings=("aten.embedding.default",),
        rows=("embedding",),
        why=_CLAMPED,
        reference="36",
    ),
    KnownDifference(
        name="gather-out-of-range-compiled",
        kind=Kind.EDGE,
        torch="torch.gather(x, dim, index)",
        tensorflow="tf.gather(x, index, batch_dims=dim)",
        runtime="XLA",
        where=_OUTSIDE,
        example={"x": _V, "dim": 0, "index": i64([0, -1])},
        without={"x": _V, "dim": 0, "index": i64([0, 1])},
        gives=("raises RuntimeError", "[0, 0]"),
        in_pytorch="torch.gather(x, dim, index.clamp(0, x.shape[dim] - 1))",
        lowerings=("aten.gather.default",),
        rows=("gather",),
        why=_CLAMPED,
        reference="36",
    ),
    KnownDifference(
        name="scatter-add-out-of-range-compiled",
        kind=Kind.EDGE,
        torch="torch.scatter_add(x, dim, index, src)",
        tensorflow="from converters.torch_to_tf.lowerings.scatter import scatter_add\n"
        "return scatter_add(x, dim, index, src)",
        runtime="XLA",
        where=_OUTSIDE,
        example={"x": _V, "dim": 0, "index": i64([0, 7]), "src": _V[1:3]},
        without={"x": _V, "dim": 0, "index": i64([0, 3]), "src": _V[1:3]},
        gives=("raises RuntimeError", "[1, 1, 2, 5]"),
        in_pytorch="torch.scatter_add(x, dim, index.clamp(0, x.shape[dim] - 1), src)",
        lowerings=("aten.scatter_add.default",),
        rows=("scatter_nd", "index_add"),
        why=f"{_CLAMPED}; the converted operator computes places in the flattened array",
        reference="36",
    ),
    KnownDifference(
        name="scatter-nd-out-of-range-compiled",
        kind=Kind.EDGE,
        torch="torch.scatter_add(x, dim, index, src)",
        tensorflow="tf.tensor_scatter_nd_add(x, index[:, None], src)",
        runtime="XLA",
        where=_OUTSIDE,
        example={"x": _V, "dim": 0, "index": i64([0, 7]), "src": _V[1:3]},
        without={"x": _V, "dim": 0, "index": i64([0, 3]), "src": _V[1:3]},
        gives=("raises RuntimeError", "[1, 1, 2, 3]"),
        rows=("scatter_nd", "index_add"),
        why="XLA has no errors at run time: an update outside of the array is dropped",
        reference="36",
    ),
    KnownDifference(
        name="integer-division-by-zero-compiled",
        kind=Kind.EDGE,
        torch="torch.floor_divide(x, other)",
        tensorflow="tf.math.floordiv(x, other)",
        runtime="XLA",
        where="(other == 0).any()",
        example={"x": i64([5, -5]), "other": i64([0, 2])},
        without={"x": i64([5, -5]), "other": i64([1, 2])},
        gives=("raises RuntimeError", "[-1, -3]"),
        lowerings=("aten.floor_divide.default",),
        rows=("floor_divide_integers",),
        why="XLA has no errors at run time: a quotient by 0 is -1",
        reference="26",
    ),
    KnownDifference(
        name="integer-remainder-by-zero-compiled",
        kind=Kind.EDGE,
        torch="torch.remainder(x, other)",
        tensorflow="tf.math.floormod(x, other)",
        runtime="XLA",
        where="(other == 0).any()",
        example={"x": i64([5, -5]), "other": i64([0, 2])},
        without={"x": i64([5, -5]), "other": i64([1, 2])},
        gives=("raises RuntimeError", "[5, 1]"),
        rows=("remainder_integers",),
        why="XLA has no errors at run time: a remainder by 0 is the dividend",
        reference="26",
    ),
    *(
        KnownDifference(
            name=f"{call}-with-nan-compiled",
            kind=Kind.EDGE,
            torch=f"torch.{call}(x, y)",
            tensorflow=f"tf.{call}(x, y)",
            runtime="XLA",
            device="cpu",
            where="(np.isnan(y) & ~np.isnan(x)).any()",
            example={"x": f32([np.nan, 1]), "y": f32([2, np.nan])},
            without={"x": f32([np.nan, 1]), "y": f32([2, 3])},
            gives=("[nan, nan]", "[nan, 1]"),
            relation="np.isnan(y) & np.isnan(pytorch) & (tensorflow == x)",
            rows=(call,),
            in_tensorflow=f"tf.where(tf.math.is_nan(y), y, tf.{call}(x, y))",
            why="XLA on CPU keeps its first argument where the comparison with NaN fails; "
            "eagerly TensorFlow gives NaN, as PyTorch",
        )
        for call in ("maximum", "minimum")
    ),
    *(
        KnownDifference(
            name=f"{ours}-with-nan-compiled",
            kind=Kind.EDGE,
            torch=f"torch.{ours}(x, axis)",
            tensorflow=f"tf.{theirs}(x, axis)",
            runtime="XLA",
            device="cpu",
            where="np.isnan(x).any()",
            example={"x": f32([np.nan, 1]), "axis": 0},
            without={"x": f32([2, 1]), "axis": 0},
            gives=("nan", "1"),
            relation="np.isnan(pytorch) & (np.isin(tensorflow, x) | np.isinf(tensorflow))",
            rows=(ours,),
            in_tensorflow="n = tf.reduce_any(tf.math.is_nan(x), axis)\n"
            f"return tf.where(n, math.nan, tf.{theirs}(x, axis))",
            why="XLA on CPU passes NaN by; eagerly TensorFlow gives NaN, as PyTorch",
        )
        for ours, theirs in (("amax", "reduce_max"), ("amin", "reduce_min"))
    ),
    *(
        KnownDifference(
            name=f"{ours}-gradient-with-nan-compiled",
            kind=Kind.GRADIENT,
            torch=f"torch.{ours}(x, axis)",
            tensorflow=f"tf.{theirs}(x, axis)",
            runtime="XLA",
            device="cpu",
            result="gradient of x",
            where="np.isnan(x).any()",
            example={"x": f32([np.nan, 1]), "axis": 0},
            without={"x": f32([2, 1]), "axis": 0},
            gives=("[nan, nan]", "[0, 1]"),
            relation="np.isnan(pytorch) & np.isfinite(tensorflow)"
            " & (np.abs(tensorflow) <= np.abs(cotangent).max())",
            rows=(ours,),
            why="no number equals a result of NaN, so that PyTorch divides by a count of 0; XLA on "
            "CPU passes NaN by",
        )
        for ours, theirs in (("amax", "reduce_max"), ("amin", "reduce_min"))
    ),
)
