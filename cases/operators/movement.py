"""Padding, reversing, rearranging."""

from __future__ import annotations

from functools import partial

from cases.inputs import ALL, FLOATS, REALS, Array, Axes, Axis, Shapes, given
from cases.rows import EITHER_ZERO, EXACT, SUM
from cases.rows import row as any_row

row = partial(any_row, rule=EXACT)

_ANY = given(Shapes((1, 4)), x=Array())
_AXIS = given(Shapes((1, 4)), x=Array(), axis=Axis())
_PLANE = given(x=Array("mn"))
_IMAGE = given(x=Array("bchw"), sizes={"h": (2, 5), "w": (2, 5)})
_PAIR = given(x=Array("mn"), y=Array("kn"))
_NHWC = "tf.transpose(x, (0, 2, 3, 1))"
_NO_ARRAY = ("float32", "float64")

CASES = (
    row(
        "pad",
        "F.pad(x, (1, 2, 0, 3), value=1.5)",
        "tf.pad(x, ((0, 3), (1, 2)), constant_values=1.5)",
        "keras.ops.pad(x, ((0, 3), (1, 2)), constant_values=1.5)",
        inputs=_PLANE,
        dtypes=FLOATS,
        doc="PyTorch names the last axis first.",
    ),
    row(
        "pad_reflect",
        "F.pad(x, (1, 1, 1, 1), 'reflect')",
        "tf.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), 'REFLECT')",
        "keras.ops.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), 'reflect')",
        inputs=_IMAGE,
        dtypes=REALS,
        rule=SUM,
    ),
    row(
        "pad_symmetric",
        "torch.cat((x[..., :1], x, x[..., -1:]), -1)",
        "tf.pad(x, ((0, 0), (0, 0), (0, 0), (1, 1)), 'SYMMETRIC')",
        "keras.ops.pad(x, ((0, 0), (0, 0), (0, 0), (1, 1)), 'symmetric')",
        inputs=_IMAGE,
        dtypes=REALS,
        rule=SUM,
    ),
    row(
        "pad_replicate",
        "F.pad(x, (1, 1), 'replicate')",
        "tf.pad(x, ((0, 0), (0, 0), (1, 1)), 'SYMMETRIC')",
        "keras.ops.pad(x, ((0, 0), (0, 0), (1, 1)), 'symmetric')",
        inputs=given(x=Array("bcn")),
        dtypes=REALS,
        rule=SUM,
        doc="By one element, repeating the edge is what SYMMETRIC does.",
    ),
    row(
        "pad_circular",
        "F.pad(x, (1, 2), 'circular')",
        "tf.concat((x[..., -1:], x, x[..., :2]), -1)",
        "",
        inputs=given(x=Array("bcn"), sizes={"n": (2, 6)}),
        dtypes=REALS,
        rule=SUM,
    ),
    row(
        "roll",
        "torch.roll(x, 2, axis)",
        "tf.roll(x, 2, axis)",
        "keras.ops.roll(x, 2, axis)",
        inputs=given(Shapes((1, 4), 1), x=Array(), axis=Axis()),
        dtypes=FLOATS,
    ),
    row(
        "flip",
        "torch.flip(x, axis)",
        "tf.reverse(x, axis)",
        "keras.ops.flip(x, axis)",
        inputs=given(Shapes((1, 3)), x=Array(), axis=Axes()),
        dtypes=REALS,
    ),
    row(
        "fliplr",
        "torch.fliplr(x)",
        "tf.experimental.numpy.fliplr(x)",
        "keras.ops.fliplr(x)",
        inputs=_PLANE,
        dtypes=REALS,
    ),
    row(
        "flipud",
        "torch.flipud(x)",
        "tf.experimental.numpy.flipud(x)",
        "keras.ops.flipud(x)",
        inputs=_PLANE,
        dtypes=REALS,
    ),
    row(
        "rot90",
        "torch.rot90(x, 1)",
        "tf.experimental.numpy.rot90(x, 1)",
        "keras.ops.rot90(x, 1)",
        inputs=_PLANE,
        dtypes=REALS,
    ),
    row(
        "slice",
        "x[1:3, ::2]",
        "x[1:3, ::2]",
        "x[1:3, ::2]",
        inputs=given(x=Array("mn"), sizes={"m": (1, 5), "n": (1, 6)}),
        dtypes=ALL,
    ),
    row(
        "narrow",
        "torch.narrow(x, 1, 1, 2)",
        "tf.slice(x, (0, 1), (-1, 2))",
        "keras.ops.slice(x, (0, 1), (x.shape[0], 2))",
        inputs=given(x=Array("mn"), sizes={"n": (3, 6)}),
        dtypes=REALS,
    ),
    row(
        "pixel_shuffle",
        "F.pixel_shuffle(x, 2)",
        "n = x.shape[1] // 4\n"
        "y = tf.transpose(tf.reshape(x, (x.shape[0], n, 4, *x.shape[2:])), (0, 3, 4, 2, 1))\n"
        "y = tf.nn.depth_to_space(tf.reshape(y, (*y.shape[:3], 4 * n)), 2)\n"
        "return tf.transpose(y, (0, 3, 1, 2))",
        "",
        inputs=given(x=Array("b8hw")),
        dtypes=REALS,
        doc="The channels of a pixel come first in TensorFlow, last in PyTorch.",
    ),
    row(
        "pixel_unshuffle",
        "F.pixel_unshuffle(x, 2)",
        f"y = tf.nn.space_to_depth({_NHWC}, 2)\n"
        "y = tf.reshape(y, (*y.shape[:3], 4, x.shape[1]))\n"
        "y = tf.transpose(y, (0, 4, 3, 1, 2))\n"
        "return tf.reshape(y, (x.shape[0], 4 * x.shape[1], *y.shape[3:]))",
        "",
        inputs=given(x=Array("bc46")),
        dtypes=REALS,
    ),
    row(
        "channel_shuffle",
        "F.channel_shuffle(x, 2)",
        "tf.reshape(tf.transpose(tf.reshape(x, (x.shape[0], 2, 3, *x.shape[2:])), "
        "(0, 2, 1, 3, 4)), x.shape)",
        "",
        inputs=given(x=Array("b6hw")),
        dtypes=REALS,
    ),
    row(
        "unfold",
        "F.unfold(x, 2)",
        f"y = tf.image.extract_patches({_NHWC}, (1, 2, 2, 1), (1, 1, 1, 1), (1, 1, 1, 1), "
        "'VALID')\n"
        "y = tf.reshape(y, (x.shape[0], -1, 4, x.shape[1]))\n"
        "return tf.reshape(tf.transpose(y, (0, 3, 2, 1)), (x.shape[0], 4 * x.shape[1], -1))",
        "keras.ops.unfold(x, 2)",
        rule=SUM,
        inputs=_IMAGE,
        dtypes=REALS,
        doc="A patch's channels come first in PyTorch, last in TensorFlow.",
    ),
    row(
        "fold",
        "F.fold(x, (4, 4), 2, stride=2)",
        "y = tf.reshape(x, (x.shape[0], -1, 2, 2, 2, 2))\n"
        "return tf.reshape(tf.transpose(y, (0, 1, 4, 2, 5, 3)), (x.shape[0], -1, 4, 4))",
        "keras.ops.fold(x, (4, 4), 2, stride=2)",
        rule=EITHER_ZERO,
        inputs=given(x=Array("b84")),
        dtypes=REALS,
        doc="PyTorch adds the windows to zeros, where -0 becomes 0.",
    ),
    row(
        "frame",
        "x.unfold(-1, 4, 2).contiguous()",
        "tf.signal.frame(x, 4, 2)",
        "keras.ops.extract_sequences(x, 4, 2)",
        rule=SUM,
        inputs=given(x=Array("bn"), sizes={"n": (4, 20)}),
        dtypes=REALS,
    ),
    row(
        "overlap_and_add",
        "n = (x.shape[1] - 1) * 2 + x.shape[2]\n"
        "return F.fold(x.mT, (1, n), (1, x.shape[2]), stride=(1, 2))[:, 0, 0]",
        "tf.signal.overlap_and_add(x, 2)",
        "",
        rule=SUM,
        inputs=given(x=Array("bt4", specials=False)),
        dtypes=REALS,
    ),
    row(
        "space_to_batch",
        "y = x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2, x.shape[3])\n"
        "return y.permute(2, 4, 0, 1, 3, 5).reshape(-1, x.shape[1] // 2, x.shape[2] // 2, "
        "x.shape[3])",
        "tf.space_to_batch(x, (2, 2), ((0, 0), (0, 0)))",
        "",
        inputs=given(x=Array("b46c")),
        dtypes=REALS,
    ),
    row(
        "batch_to_space",
        "y = x.reshape(2, 2, -1, *x.shape[1:]).permute(2, 3, 0, 4, 1, 5)\n"
        "return y.reshape(-1, 2 * x.shape[1], 2 * x.shape[2], x.shape[3])",
        "tf.batch_to_space(x, (2, 2), ((0, 0), (0, 0)))",
        "",
        inputs=given(x=Array("8hwc")),
        dtypes=REALS,
    ),
    row(
        "reverse_sequence",
        "i = torch.arange(x.shape[1])[None]\n"
        "i = torch.where(i < n[:, None], n[:, None] - 1 - i, i)\n"
        "return torch.gather(x, 1, i)",
        "tf.reverse_sequence(x, n, 1)",
        "",
        inputs=given(
            x=Array("bm"),
            n=Array("b", dtype="int64", low=1, high=3, specials=False),
            sizes={"m": (3, 6)},
        ),
        dtypes=REALS,
    ),
)
