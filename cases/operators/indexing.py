"""Gather, scatter, embeddings and segments."""

from __future__ import annotations

from cases.inputs import ALL, FLOATS, REALS, Array, Below, Shapes, Size, given
from cases.rows import EITHER_ZERO, EXACT, SUM, row

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
        "index_select",
        "torch.index_select(x, 0, i)",
        "tf.gather(x, i)",
        "keras.ops.take(x, i, 0)",
        EXACT,
        _ROWS,
        ALL,
    ),
    row(
        "index_select_middle",
        "torch.index_select(x, 1, i)",
        "tf.gather(x, i, axis=1)",
        "keras.ops.take(x, i, 1)",
        EXACT,
        _COLUMNS,
        REALS,
    ),
    row(
        "take",
        "torch.take(x, i)",
        "tf.gather(tf.reshape(x, [-1]), i)",
        "keras.ops.take(x, i)",
        EXACT,
        given(x=Array("mn"), i=Below("kl", "m")),
        REALS,
    ),
    row(
        "gather",
        "torch.gather(x, 1, i)",
        "tf.gather(x, i, batch_dims=1)",
        "keras.ops.take_along_axis(x, i, 1)",
        EXACT,
        _PICK,
        FLOATS,
    ),
    row(
        "take_along_dim",
        "torch.take_along_dim(x, i, 1)",
        "tf.experimental.numpy.take_along_axis(x, i, 1)",
        "keras.ops.take_along_axis(x, i, 1)",
        EXACT,
        _PICK,
        REALS,
    ),
    row(
        "gather_nd",
        "x[i, j]",
        "tf.gather_nd(x, tf.stack((i, j), -1))",
        "",
        EXACT,
        given(x=Array("mnp"), i=Below("k", "m"), j=Below("k", "n")),
        REALS,
    ),
    row(
        "batch_gather",
        "x[torch.arange(x.shape[0])[:, None], i]",
        "tf.gather(x, i, batch_dims=1)",
        "",
        EXACT,
        given(x=Array("bmn"), i=Below("bk", "m")),
        REALS,
    ),
    row(
        "index_add",
        "x.index_add(0, i, y)",
        "tf.tensor_scatter_nd_add(x, i[:, None], y)",
        "",
        SUM,
        _ADD,
        REALS,
    ),
    row(
        "index_copy",
        "x.index_copy(0, i, y)",
        "tf.tensor_scatter_nd_update(x, i[:, None], y)",
        "keras.ops.scatter_update(x, i[:, None], y)",
        EXACT,
        _SET,
        REALS,
    ),
    row(
        "index_fill",
        "x.index_fill(0, i, 2.5)",
        "tf.tensor_scatter_nd_update(x, i[:, None], tf.fill((i.shape[0], x.shape[1]), "
        "tf.constant(2.5, x.dtype)))",
        "",
        EXACT,
        given(x=Array("mn"), i=Below("k", "m", unique=True), sizes=_ONCE),
        REALS,
    ),
    row(
        "index_put_accumulate",
        "x.index_put((i,), y, accumulate=True)",
        "tf.tensor_scatter_nd_add(x, i[:, None], y)",
        "",
        SUM,
        _ADD,
        REALS,
    ),
    row(
        "scatter_nd",
        f"{_ZEROS}.index_add(0, i, x)",
        "tf.scatter_nd(i[:, None], x, (s, x.shape[1]))",
        "keras.ops.scatter(i[:, None], x, (s, x.shape[1]))",
        SUM,
        _FULL,
        REALS,
    ),
    row(
        "scatter_max",
        "x.index_reduce(0, i, y, 'amax')",
        "tf.tensor_scatter_nd_max(x, i[:, None], y)",
        "keras.ops.scatter_update(x, i[:, None], y, reduction='max')",
        EITHER_ZERO,
        _ADD,
        REALS,
        gradients=False,
    ),
    row(
        "scatter_min",
        "x.index_reduce(0, i, y, 'amin')",
        "tf.tensor_scatter_nd_min(x, i[:, None], y)",
        "keras.ops.scatter_update(x, i[:, None], y, reduction='min')",
        EITHER_ZERO,
        _ADD,
        REALS,
        gradients=False,
    ),
    row(
        "scatter_sub",
        "x.index_add(0, i, y, alpha=-1)",
        "tf.tensor_scatter_nd_sub(x, i[:, None], y)",
        "",
        SUM,
        _ADD,
        REALS,
    ),
    row(
        "masked_fill",
        "x.masked_fill(mask, 1.5)",
        "tf.where(mask, tf.constant(1.5, x.dtype), x)",
        "keras.ops.where(mask, 1.5, x)",
        EXACT,
        given(x=Array(), mask=Array(dtype="bool")),
        FLOATS,
    ),
    row(
        "masked_select",
        "torch.masked_select(x, mask)",
        "tf.boolean_mask(x, mask)",
        "",
        EXACT,
        given(Shapes((1, 3), 1), x=Array(), mask=Array(dtype="bool")),
        ALL,
        no_xla="its gradient has the size that follows from values",
    ),
    row(
        "nonzero",
        "torch.nonzero(x)",
        "tf.where(x)",
        "tf.stack([tf.cast(i, tf.int64) for i in keras.ops.nonzero(x)], -1)",
        EXACT,
        given(Shapes((1, 3)), x=Array(dtype="bool")),
        ("bool",),
        gradients=False,
    ),
    row(
        "embedding",
        "F.embedding(i, weight)",
        "tf.nn.embedding_lookup(weight, i)",
        "keras.ops.take(weight, i, 0)",
        EXACT,
        _TABLE,
        FLOATS,
        gradients=False,
    ),
    row(
        "embedding_gradient",
        "F.embedding(i, weight)",
        "tf.gather(weight, i)",
        "",
        SUM,
        _TABLE,
        REALS,
    ),
    row(
        "embedding_bag_sum",
        "F.embedding_bag(i, weight, mode='sum')",
        "tf.reduce_sum(tf.gather(weight, i), 1)",
        "",
        SUM,
        _TABLE,
        REALS,
    ),
    row(
        "embedding_bag_mean",
        "F.embedding_bag(i, weight, mode='mean')",
        "tf.reduce_mean(tf.gather(weight, i), 1)",
        "",
        SUM,
        _TABLE,
        REALS,
    ),
    row(
        "embedding_bag_sparse",
        "F.embedding_bag(i.flatten(), weight, torch.arange(0, i.numel(), i.shape[1]), mode='mean')",
        "tf.nn.embedding_lookup_sparse(weight, tf.SparseTensor(tf.where(i >= 0), "
        "tf.reshape(i, [-1]), i.shape), None, combiner='mean')",
        "",
        SUM,
        _TABLE,
        REALS,
        gradients=False,
        no_xla="it takes a sparse tensor",
    ),
    row(
        "one_hot",
        "F.one_hot(i, n).to(torch.float32)",
        "tf.one_hot(i, n)",
        "keras.ops.one_hot(i, n)",
        EXACT,
        given(i=Below("bt", "n"), n=Size("n")),
        ("float32",),
        gradients=False,
        doc="PyTorch's is int64, TensorFlow's float32.",
    ),
)
