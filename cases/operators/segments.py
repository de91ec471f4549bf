"""Segments, partitions and counts."""

from __future__ import annotations

from cases.inputs import REALS, Array, Below, Size, given
from cases.rows import CONDITIONED, EITHER_ZERO, EXACT, SUM, row

_ROWS = given(x=Array("mn"), i=Below("k", "m"))
_COLUMNS = given(x=Array("bmn"), i=Below("k", "m"))
_PICK = given(x=Array("mn"), i=Below("mk", "n"))
_TABLE = given(weight=Array("vd", specials=False), i=Below("bt", "v"))
_SEGMENTS = given(
    x=Array("kn", specials=False),
    i=Below("k", "s", "int64", ordered=True),
    s=Size("s"),
    sizes={"k": (1, 40), "s": (1, 8)},
)
_FULL = given(
    x=Array("kn", specials=False),
    i=Below("k", "s", "int64"),
    s=Size("s"),
    sizes={"k": (1, 40), "s": (1, 8)},
)
_ONCE = {"m": (3, 6), "k": (1, 3)}
_SET = given(x=Array("mn"), y=Array("kn"), i=Below("k", "m", unique=True), sizes=_ONCE)
_ADD = given(
    x=Array("mn", specials=False),
    y=Array("kn", specials=False),
    i=Below("k", "m"),
    sizes={"k": (1, 12)},
)
_ZEROS = "torch.zeros(s, x.shape[1], dtype=x.dtype)"


def _reduced(how: str) -> str:
    index = "i[:, None].expand(x.shape)"
    return f"{_ZEROS}.scatter_reduce(0, {index}, x, '{how}', include_self=False)"


CASES = (
    row(
        "segment_sum",
        f"{_ZEROS}.index_add(0, i, x)",
        "tf.pad(tf.math.segment_sum(x, i), [[0, s - 1 - i[-1]], [0, 0]])",
        "keras.ops.segment_sum(x, i, s)",
        SUM,
        _SEGMENTS,
        REALS,
        no_xla="the size of its result follows from values",
        doc="TensorFlow's result ends with the last segment that occurs.",
    ),
    row(
        "segment_mean",
        _reduced("mean"),
        "tf.pad(tf.math.segment_mean(x, i), [[0, s - 1 - i[-1]], [0, 0]])",
        "",
        SUM,
        _SEGMENTS,
        REALS,
        no_xla="the size of its result follows from values",
    ),
    row(
        "segment_max",
        _reduced("amax"),
        "tf.pad(tf.math.segment_max(x, i), [[0, s - 1 - i[-1]], [0, 0]])",
        "",
        EITHER_ZERO,
        _SEGMENTS,
        REALS,
        gradients=False,
        no_xla="the size of its result follows from values",
    ),
    row(
        "segment_min",
        _reduced("amin"),
        "tf.pad(tf.math.segment_min(x, i), [[0, s - 1 - i[-1]], [0, 0]])",
        "",
        EITHER_ZERO,
        _SEGMENTS,
        REALS,
        gradients=False,
        no_xla="the size of its result follows from values",
    ),
    row(
        "segment_prod",
        f"{_ZEROS}.add(1).scatter_reduce(0, i[:, None].expand(x.shape), x, 'prod')",
        "tf.pad(tf.math.segment_prod(x, i), [[0, s - 1 - i[-1]], [0, 0]], constant_values=1)",
        "keras.ops.segment_prod(x, i, s)",
        CONDITIONED,
        _SEGMENTS,
        REALS,
        gradients=False,
        no_xla="the size of its result follows from values",
    ),
    row(
        "unsorted_segment_sum",
        f"{_ZEROS}.index_add(0, i, x)",
        "tf.math.unsorted_segment_sum(x, i, s)",
        "keras.ops.segment_sum(x, i, s)",
        SUM,
        _FULL,
        REALS,
    ),
    row(
        "unsorted_segment_mean",
        _reduced("mean"),
        "tf.math.unsorted_segment_mean(x, i, s)",
        "",
        SUM,
        _FULL,
        REALS,
    ),
    row(
        "unsorted_segment_max",
        f"({_ZEROS} - torch.finfo(x.dtype).max).index_reduce(0, i, x, 'amax')",
        "tf.math.unsorted_segment_max(x, i, s)",
        "",
        EITHER_ZERO,
        _FULL,
        REALS,
        gradients=False,
        doc="An empty segment's maximum is the lowest number in TensorFlow.",
    ),
    row(
        "unsorted_segment_min",
        f"({_ZEROS} + torch.finfo(x.dtype).max).index_reduce(0, i, x, 'amin')",
        "tf.math.unsorted_segment_min(x, i, s)",
        "",
        EITHER_ZERO,
        _FULL,
        REALS,
        gradients=False,
    ),
    row(
        "unsorted_segment_prod",
        f"{_ZEROS}.add(1).scatter_reduce(0, i[:, None].expand(x.shape), x, 'prod')",
        "tf.math.unsorted_segment_prod(x, i, s)",
        "",
        CONDITIONED,
        _FULL,
        REALS,
        gradients=False,
    ),
    row(
        "unsorted_segment_sqrt_n",
        "n = torch.bincount(i, minlength=s).clamp(min=1).to(x.dtype)\n"
        f"return {_ZEROS}.index_add(0, i, x) / torch.sqrt(n)[:, None]",
        "tf.math.unsorted_segment_sqrt_n(x, i, s)",
        "",
        CONDITIONED,
        _FULL,
        REALS,
        gradients=False,
    ),
    row(
        "segment_reduce",
        "torch.segment_reduce(x, 'sum', lengths=torch.bincount(i, minlength=s))",
        "tf.math.unsorted_segment_sum(x, i, s)",
        "keras.ops.segment_sum(x, i, s)",
        SUM,
        _SEGMENTS,
        REALS,
        gradients=False,
    ),
    row(
        "dynamic_partition",
        "[x[i == 0], x[i == 1]]",
        "tf.dynamic_partition(x, tf.cast(i, tf.int32), 2)",
        "",
        EXACT,
        given(x=Array("kn"), i=Below("k", "s"), sizes={"s": (2, 2), "k": (2, 9)}),
        REALS,
        gradients=False,
    ),
    row(
        "dynamic_stitch",
        "out = torch.empty(4, x.shape[1], dtype=x.dtype)\n"
        "out[[0, 2]], out[[1, 3]] = x, y\n"
        "return out",
        "tf.dynamic_stitch([[0, 2], [1, 3]], [x, y])",
        "",
        EXACT,
        given(x=Array("2n"), y=Array("2n")),
        REALS,
    ),
    row(
        "invert_permutation",
        "torch.argsort(i)",
        "tf.math.invert_permutation(i)",
        "keras.ops.cast(keras.ops.argsort(i), 'int64')",
        EXACT,
        given(i=Below("n", "n", unique=True)),
        ("float32",),
        gradients=False,
    ),
    row(
        "confusion_matrix",
        "torch.bincount(i * s + j, minlength=s * s).reshape(s, s).to(torch.int32)",
        "tf.math.confusion_matrix(i, j, s)",
        "",
        EXACT,
        given(i=Below("k", "s"), j=Below("k", "s"), s=Size("s")),
        ("float32",),
        gradients=False,
    ),
    row(
        "in_top_k",
        "((x > x.gather(1, i[:, None])).sum(1) < 2)",
        "tf.math.in_top_k(i, x, 2)",
        "keras.ops.in_top_k(i, x, 2)",
        EXACT,
        given(x=Array("bn", specials=False), i=Below("b", "n")),
        ("float32",),
        gradients=False,
    ),
    row(
        "bincount_rows",
        "torch.stack([torch.bincount(r, minlength=5) for r in i])",
        "tf.math.bincount(i, minlength=5, axis=-1, dtype=tf.int64)",
        "keras.ops.cast(keras.ops.bincount(i, minlength=5), 'int64')",
        EXACT,
        given(i=Below("bt", "s", "int32"), sizes={"s": (5, 5)}),
        ("float32",),
        gradients=False,
    ),
    row(
        "multi_hot",
        "F.one_hot(i, n).amax(1).to(torch.float32)",
        "tf.reduce_max(tf.one_hot(i, n), 1)",
        "keras.ops.multi_hot(i, n)",
        EXACT,
        given(i=Below("bt", "n"), n=Size("n")),
        ("float32",),
        gradients=False,
    ),
)
