"""Convolutions and their transposes.

PyTorch keeps channels second and its filters ``(out, in, sizes)``; TensorFlow keeps channels last
and its filters ``(sizes, in, out)``. TensorFlow's ``SAME`` pads the end more than the front where
an odd number is to be added, so that only for some sizes PyTorch's symmetric padding is the same.
"""

from __future__ import annotations

from cases.inputs import FLOATS, REALS, Array, given
from cases.rows import row
from parity.suite import Sum

RULE = Sum(normwise=True, padded="x")
_SIZES = {"b": (1, 2), "c": (1, 4), "o": (1, 4), "h": (4, 9), "w": (4, 9), "d": (4, 6)}
_SIZES = _SIZES | {"k": (1, 3), "l": (1, 3), "m": (1, 3)}
_LINE = given(x=Array("bcw"), weight=Array("ock"), sizes=_SIZES)
_PLANE = given(x=Array("bchw"), weight=Array("ockl"), sizes=_SIZES)
_SPACE = given(x=Array("bcdhw"), weight=Array("ocklm"), sizes=_SIZES)
_LINE_BACK = given(x=Array("bcw"), weight=Array("cok"), sizes=_SIZES)
_PLANE_BACK = given(x=Array("bchw"), weight=Array("cokl"), sizes=_SIZES)
_SPACE_BACK = given(x=Array("bcdhw"), weight=Array("coklm"), sizes=_SIZES)
_DEPTH = given(x=Array("bchw"), weight=Array("c1kl"), sizes=_SIZES)

_IN1 = "tf.transpose(x, (0, 2, 1)), tf.transpose(weight, (2, 1, 0))"
_IN2 = "tf.transpose(x, (0, 2, 3, 1)), tf.transpose(weight, (2, 3, 1, 0))"
_IN3 = "tf.transpose(x, (0, 2, 3, 4, 1)), tf.transpose(weight, (2, 3, 4, 1, 0))"
_OUT = {1: "(0, 2, 1)", 2: "(0, 3, 1, 2)", 3: "(0, 4, 1, 2, 3)"}


def _tf(rank: int, call: str) -> str:
    return f"tf.transpose({call}, {_OUT[rank]})"


def _k(rank: int, call: str) -> str:
    return f"keras.ops.transpose({call}, {_OUT[rank]})"


CASES = (
    row(
        "conv1d",
        "F.conv1d(x, weight)",
        _tf(1, f"tf.nn.conv1d({_IN1}, 1, 'VALID')"),
        _k(1, f"keras.ops.conv({_IN1})"),
        RULE,
        _LINE,
        FLOATS,
    ),
    row(
        "conv1d_stride",
        "F.conv1d(x, weight, stride=2)",
        _tf(1, f"tf.nn.conv1d({_IN1}, 2, 'VALID')"),
        _k(1, f"keras.ops.conv({_IN1}, 2)"),
        RULE,
        _LINE,
        REALS,
    ),
    row(
        "conv1d_same",
        "F.conv1d(x, weight, padding='same')",
        _tf(1, f"tf.nn.conv1d({_IN1}, 1, 'SAME')"),
        _k(1, f"keras.ops.conv({_IN1}, 1, 'same')"),
        RULE,
        _LINE,
        REALS,
    ),
    row(
        "conv1d_dilated",
        "F.conv1d(x, weight, dilation=2)",
        _tf(1, f"tf.nn.conv1d({_IN1}, 1, 'VALID', dilations=2)"),
        _k(1, f"keras.ops.conv({_IN1}, dilation_rate=2)"),
        RULE,
        given(x=Array("bcw"), weight=Array("ock"), sizes=_SIZES | {"w": (6, 9)}),
        REALS,
    ),
    row(
        "conv1d_causal",
        "F.conv1d(F.pad(x, (weight.shape[-1] - 1, 0)), weight)",
        _tf(
            1,
            "tf.nn.conv1d(tf.pad(tf.transpose(x, (0, 2, 1)), [[0, 0], [weight.shape[-1] - 1, "
            "0], [0, 0]]), tf.transpose(weight, (2, 1, 0)), 1, 'VALID')",
        ),
        "layer = keras.layers.Conv1D(weight.shape[0], weight.shape[2], padding='causal', "
        "use_bias=False, dtype=x.dtype)\n"
        "layer.build((None, None, weight.shape[1]))\n"
        f"image, kernel = {_IN1}\n"
        "return tf.transpose(layer.stateless_call([kernel], [], image)[0], (0, 2, 1))",
        RULE,
        _LINE,
        REALS,
    ),
    row(
        "conv2d",
        "F.conv2d(x, weight)",
        _tf(2, f"tf.nn.conv2d({_IN2}, 1, 'VALID')"),
        _k(2, f"keras.ops.conv({_IN2})"),
        RULE,
        _PLANE,
        FLOATS,
    ),
    row(
        "conv2d_bias",
        "F.conv2d(x, weight, bias)",
        _tf(2, f"tf.nn.bias_add(tf.nn.conv2d({_IN2}, 1, 'VALID'), bias)"),
        _k(2, f"keras.ops.conv({_IN2}) + bias"),
        RULE,
        given(x=Array("bchw"), weight=Array("ockl"), bias=Array("o"), sizes=_SIZES),
        REALS,
    ),
    row(
        "conv2d_stride",
        "F.conv2d(x, weight, stride=(2, 3))",
        _tf(2, f"tf.nn.conv2d({_IN2}, (2, 3), 'VALID')"),
        _k(2, f"keras.ops.conv({_IN2}, (2, 3))"),
        RULE,
        _PLANE,
        REALS,
    ),
    row(
        "conv2d_padding",
        "F.conv2d(x, weight, padding=(1, 2))",
        _tf(2, f"tf.nn.conv2d({_IN2}, 1, [[0, 0], [1, 1], [2, 2], [0, 0]])"),
        _k(
            2,
            "keras.ops.conv(keras.ops.pad(tf.transpose(x, (0, 2, 3, 1)), "
            "[[0, 0], [1, 1], [2, 2], [0, 0]]), tf.transpose(weight, (2, 3, 1, 0)))",
        ),
        RULE,
        _PLANE,
        REALS,
    ),
    row(
        "conv2d_same",
        "F.conv2d(x, weight, padding='same')",
        _tf(2, f"tf.nn.conv2d({_IN2}, 1, 'SAME')"),
        _k(2, f"keras.ops.conv({_IN2}, 1, 'same')"),
        RULE,
        _PLANE,
        REALS,
    ),
    row(
        "conv2d_same_stride",
        "pads = []\n"
        "for size, kernel in zip((x.shape[3], x.shape[2]), (weight.shape[3], weight.shape[2])):\n"
        "    total = max((-(-size // 2) - 1) * 2 + kernel - size, 0)\n"
        "    pads += [total // 2, total - total // 2]\n"
        "return F.conv2d(F.pad(x, pads), weight, stride=2)",
        _tf(2, f"tf.nn.conv2d({_IN2}, 2, 'SAME')"),
        _k(2, f"keras.ops.conv({_IN2}, 2, 'same')"),
        RULE,
        _PLANE,
        REALS,
        doc="PyTorch refuses padding='same' with strides; what SAME pads is written out.",
    ),
    row(
        "conv2d_dilated",
        "F.conv2d(x, weight, dilation=(1, 2))",
        _tf(2, f"tf.nn.conv2d({_IN2}, 1, 'VALID', dilations=(1, 2))"),
        _k(2, f"keras.ops.conv({_IN2}, dilation_rate=(1, 2))"),
        RULE,
        given(x=Array("bchw"), weight=Array("ockl"), sizes=_SIZES | {"w": (6, 9)}),
        REALS,
    ),
    row(
        "atrous_conv2d",
        "F.conv2d(x, weight, dilation=2)",
        _tf(2, f"tf.nn.atrous_conv2d({_IN2}, 2, 'VALID')"),
        _k(2, f"keras.ops.conv({_IN2}, dilation_rate=2)"),
        RULE,
        given(x=Array("bchw"), weight=Array("ockl"), sizes=_SIZES | {"w": (6, 9), "h": (6, 9)}),
        REALS,
    ),
    row(
        "conv2d_groups",
        "F.conv2d(x, weight, groups=2)",
        _tf(2, f"tf.nn.conv2d({_IN2}, 1, 'VALID')"),
        _k(2, f"keras.ops.conv({_IN2})"),
        RULE,
        given(x=Array("b4hw"), weight=Array("62kl"), sizes=_SIZES),
        REALS,
    ),
    row(
        "depthwise_conv2d",
        "F.conv2d(x, weight, groups=x.shape[1])",
        _tf(
            2,
            "tf.nn.depthwise_conv2d(tf.transpose(x, (0, 2, 3, 1)), "
            "tf.transpose(weight, (2, 3, 0, 1)), (1, 1, 1, 1), 'VALID')",
        ),
        _k(
            2,
            "keras.ops.depthwise_conv(tf.transpose(x, (0, 2, 3, 1)), "
            "tf.transpose(weight, (2, 3, 0, 1)))",
        ),
        RULE,
        _DEPTH,
        REALS,
    ),
    row(
        "depthwise_conv2d_same",
        "F.conv2d(x, weight, groups=x.shape[1], padding='same')",
        _tf(
            2,
            "tf.nn.depthwise_conv2d(tf.transpose(x, (0, 2, 3, 1)), "
            "tf.transpose(weight, (2, 3, 0, 1)), (1, 1, 1, 1), 'SAME')",
        ),
        _k(
            2,
            "keras.ops.depthwise_conv(tf.transpose(x, (0, 2, 3, 1)), "
            "tf.transpose(weight, (2, 3, 0, 1)), 1, 'same')",
        ),
        RULE,
        _DEPTH,
        REALS,
    ),
    row(
        "depthwise_conv2d_multiplier",
        "F.conv2d(x, weight, groups=3)",
        _tf(
            2,
            "tf.nn.depthwise_conv2d(tf.transpose(x, (0, 2, 3, 1)), tf.transpose(tf.reshape("
            "weight, (3, 2, *weight.shape[2:])), (2, 3, 0, 1)), (1, 1, 1, 1), 'VALID')",
        ),
        _k(
            2,
            "keras.ops.depthwise_conv(tf.transpose(x, (0, 2, 3, 1)), tf.transpose(tf.reshape("
            "weight, (3, 2, *weight.shape[2:])), (2, 3, 0, 1)))",
        ),
        RULE,
        given(x=Array("b3hw"), weight=Array("61kl"), sizes=_SIZES),
        REALS,
    ),
    row(
        "separable_conv2d",
        "F.conv2d(F.conv2d(x, weight, groups=x.shape[1]), point)",
        _tf(
            2,
            "tf.nn.separable_conv2d(tf.transpose(x, (0, 2, 3, 1)), tf.transpose(weight, "
            "(2, 3, 0, 1)), tf.transpose(point, (2, 3, 1, 0)), (1, 1, 1, 1), 'VALID')",
        ),
        _k(
            2,
            "keras.ops.separable_conv(tf.transpose(x, (0, 2, 3, 1)), tf.transpose(weight, "
            "(2, 3, 0, 1)), tf.transpose(point, (2, 3, 1, 0)))",
        ),
        RULE,
        given(x=Array("bchw"), weight=Array("c1kl"), point=Array("oc11"), sizes=_SIZES),
        REALS,
    ),
    row(
        "conv2d_channels_first",
        "F.conv2d(x, weight)",
        _tf(2, f"tf.nn.convolution({_IN2}, padding='VALID')"),
        "keras.ops.conv(x, tf.transpose(weight, (2, 3, 1, 0)), data_format='channels_first')",
        RULE,
        _PLANE,
        REALS,
    ),
    row(
        "conv3d",
        "F.conv3d(x, weight)",
        _tf(3, f"tf.nn.conv3d({_IN3}, (1, 1, 1, 1, 1), 'VALID')"),
        _k(3, f"keras.ops.conv({_IN3})"),
        RULE,
        _SPACE,
        FLOATS,
    ),
    row(
        "conv3d_stride",
        "F.conv3d(x, weight, stride=2)",
        _tf(3, f"tf.nn.conv3d({_IN3}, (1, 2, 2, 2, 1), 'VALID')"),
        _k(3, f"keras.ops.conv({_IN3}, 2)"),
        RULE,
        _SPACE,
        REALS,
    ),
    row(
        "conv3d_same",
        "F.conv3d(x, weight, padding='same')",
        _tf(3, f"tf.nn.conv3d({_IN3}, (1, 1, 1, 1, 1), 'SAME')"),
        _k(3, f"keras.ops.conv({_IN3}, 1, 'same')"),
        RULE,
        _SPACE,
        REALS,
    ),
    row(
        "conv_transpose1d",
        "F.conv_transpose1d(x, weight)",
        _tf(
            1,
            f"tf.nn.conv1d_transpose({_IN1}, (x.shape[0], x.shape[2] + weight.shape[2] - 1, "
            "weight.shape[1]), 1, 'VALID')",
        ),
        _k(1, f"keras.ops.conv_transpose({_IN1}, 1)"),
        RULE,
        _LINE_BACK,
        REALS,
    ),
    row(
        "conv_transpose1d_stride",
        "F.conv_transpose1d(x, weight, stride=2)",
        _tf(
            1,
            f"tf.nn.conv1d_transpose({_IN1}, (x.shape[0], (x.shape[2] - 1) * 2 + "
            "weight.shape[2], weight.shape[1]), 2, 'VALID')",
        ),
        _k(1, f"keras.ops.conv_transpose({_IN1}, 2)[:, : x.shape[2] * 2 - 2 + weight.shape[2]]"),
        RULE,
        _LINE_BACK,
        REALS,
    ),
    row(
        "conv_transpose2d",
        "F.conv_transpose2d(x, weight)",
        _tf(
            2,
            "tf.nn.conv2d_transpose(tf.transpose(x, (0, 2, 3, 1)), tf.transpose(weight, "
            "(2, 3, 1, 0)), (x.shape[0], x.shape[2] + weight.shape[2] - 1, x.shape[3] + "
            "weight.shape[3] - 1, weight.shape[1]), 1, 'VALID')",
        ),
        _k(2, f"keras.ops.conv_transpose({_IN2}, 1)"),
        RULE,
        _PLANE_BACK,
        REALS,
    ),
    row(
        "conv_transpose2d_stride",
        "F.conv_transpose2d(x, weight, stride=2)",
        _tf(
            2,
            f"tf.nn.conv2d_transpose({_IN2}, (x.shape[0], (x.shape[2] - 1) * 2 + "
            "weight.shape[2], (x.shape[3] - 1) * 2 + weight.shape[3], weight.shape[1]), 2, "
            "'VALID')",
        ),
        _k(
            2,
            f"keras.ops.conv_transpose({_IN2}, 2)[:, : x.shape[2] * 2 - 2 + weight.shape[2], "
            ": x.shape[3] * 2 - 2 + weight.shape[3]]",
        ),
        RULE,
        _PLANE_BACK,
        REALS,
    ),
    row(
        "conv_transpose2d_same",
        "F.conv_transpose2d(x, weight, stride=2)[..., : 2 * x.shape[2], : 2 * x.shape[3]]",
        _tf(
            2,
            f"tf.nn.conv2d_transpose({_IN2}, (x.shape[0], 2 * x.shape[2], 2 * x.shape[3], "
            "weight.shape[1]), 2, 'SAME')",
        ),
        _k(2, f"keras.ops.conv_transpose({_IN2}, 2, 'same')"),
        RULE,
        given(x=Array("bchw"), weight=Array("co33"), sizes=_SIZES),
        REALS,
        doc="SAME crops what is over at the end; PyTorch's padding crops both sides.",
    ),
    row(
        "conv_transpose3d",
        "F.conv_transpose3d(x, weight)",
        _tf(
            3,
            f"tf.nn.conv3d_transpose({_IN3}, (x.shape[0], x.shape[2] + weight.shape[2] - 1, "
            "x.shape[3] + weight.shape[3] - 1, x.shape[4] + weight.shape[4] - 1, "
            "weight.shape[1]), 1, 'VALID')",
        ),
        _k(3, f"keras.ops.conv_transpose({_IN3}, 1)"),
        RULE,
        _SPACE_BACK,
        REALS,
    ),
    row(
        "conv_transpose3d_stride",
        "F.conv_transpose3d(x, weight, stride=2)",
        _tf(
            3,
            f"tf.nn.conv3d_transpose({_IN3}, (x.shape[0], (x.shape[2] - 1) * 2 + "
            "weight.shape[2], (x.shape[3] - 1) * 2 + weight.shape[3], (x.shape[4] - 1) * 2 + "
            "weight.shape[4], weight.shape[1]), 2, 'VALID')",
        ),
        _k(
            3,
            f"keras.ops.conv_transpose({_IN3}, 2)[:, : x.shape[2] * 2 - 2 + weight.shape[2], "
            ": x.shape[3] * 2 - 2 + weight.shape[3], : x.shape[4] * 2 - 2 + weight.shape[4]]",
        ),
        RULE,
        _SPACE_BACK,
        REALS,
    ),
    row(
        "correlate",
        "F.conv1d(x[None, None], weight[None, None])[0, 0]",
        "tf.nn.conv1d(x[None, :, None], weight[:, None, None], 1, 'VALID')[0, :, 0]",
        "keras.ops.correlate(x, weight, 'valid')",
        RULE,
        given(x=Array("n"), weight=Array("k"), sizes={"n": (4, 30), "k": (1, 4)}),
        REALS,
    ),
)
