"""Pooling.

PyTorch keeps channels second, TensorFlow keeps them last. Padding is written out: ``SAME`` never
counts what it pads, and pads the end where an odd number is to be added.
"""

from __future__ import annotations

from cases.inputs import FLOATS, REALS, Array, given
from cases.rows import CONDITIONED, EITHER_ZERO, SUM, row
from parity.suite import Decision

_SIZES = {"b": (1, 2), "c": (1, 4), "h": (4, 9), "w": (4, 9), "d": (4, 6)}
_LINE = given(x=Array("bcw"), sizes=_SIZES)
_PLANE = given(x=Array("bchw"), sizes=_SIZES)
_SPACE = given(x=Array("bcdhw"), sizes=_SIZES)
_EVEN = given(x=Array("bc46"), sizes=_SIZES)
_IN = {1: "tf.transpose(x, (0, 2, 1))", 2: "tf.transpose(x, (0, 2, 3, 1))"}
_IN[3] = "tf.transpose(x, (0, 2, 3, 4, 1))"
_OUT = {1: "(0, 2, 1)", 2: "(0, 3, 1, 2)", 3: "(0, 4, 1, 2, 3)"}


def _tf(rank: int, call: str) -> str:
    return f"tf.transpose({call.replace('X', _IN[rank])}, {_OUT[rank]})"


CASES = (
    row(
        "max_pool1d",
        "F.max_pool1d(x, 2)",
        _tf(1, "tf.nn.max_pool1d(X, 2, 2, 'VALID')"),
        _tf(1, "keras.ops.max_pool(X, 2)"),
        EITHER_ZERO,
        _LINE,
        FLOATS,
    ),
    row(
        "max_pool2d",
        "F.max_pool2d(x, 2)",
        _tf(2, "tf.nn.max_pool2d(X, 2, 2, 'VALID')"),
        _tf(2, "keras.ops.max_pool(X, 2)"),
        EITHER_ZERO,
        _PLANE,
        FLOATS,
    ),
    row(
        "max_pool2d_overlapping",
        "F.max_pool2d(x, 3, 1)",
        _tf(2, "tf.nn.max_pool2d(X, 3, 1, 'VALID')"),
        _tf(2, "keras.ops.max_pool(X, 3, 1)"),
        EITHER_ZERO,
        _PLANE,
        REALS,
    ),
    row(
        "max_pool2d_padding",
        "F.max_pool2d(x, 3, 2, padding=1)",
        _tf(2, "tf.nn.max_pool2d(X, 3, 2, [[0, 0], [1, 1], [1, 1], [0, 0]])"),
        "",
        EITHER_ZERO,
        _PLANE,
        REALS,
        no_xla="XLA knows no explicit padding of pools",
    ),
    row(
        "max_pool2d_same",
        "F.max_pool2d(x, 3, 1, padding=1)",
        _tf(2, "tf.nn.max_pool2d(X, 3, 1, 'SAME')"),
        _tf(2, "keras.ops.max_pool(X, 3, 1, 'same')"),
        EITHER_ZERO,
        _PLANE,
        REALS,
    ),
    row(
        "max_pool2d_same_stride",
        "F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-math.inf), 3, 2)",
        _tf(2, "tf.nn.max_pool2d(X, 3, 2, 'SAME')"),
        _tf(2, "keras.ops.max_pool(X, 3, 2, 'same')"),
        EITHER_ZERO,
        _EVEN,
        REALS,
        doc="Of an even size, SAME with a stride of 2 pads the end alone.",
    ),
    row(
        "max_pool2d_ceil",
        "F.max_pool2d(x, 2, ceil_mode=True)",
        _tf(2, "tf.nn.max_pool2d(X, 2, 2, 'SAME')"),
        _tf(2, "keras.ops.max_pool(X, 2, 2, 'same')"),
        EITHER_ZERO,
        _PLANE,
        REALS,
    ),
    row(
        "max_pool2d_indices",
        "F.max_pool2d(x, 2, return_indices=True)[::-1]",
        "y, places = tf.nn.max_pool_with_argmax(tf.transpose(x, (0, 2, 3, 1)), 2, 2, 'VALID')\n"
        "places = tf.transpose(places, (0, 3, 1, 2))\n"
        "return places // x.shape[1], tf.transpose(y, (0, 3, 1, 2))",
        "",
        Decision("y[1]", (0,)),
        _PLANE,
        REALS,
        gradients=False,
        doc="TensorFlow counts places in a plane of channels, PyTorch in one of a channel.",
        no_xla="XLA has no kernel for MaxPoolWithArgmax",
    ),
    row(
        "max_pool3d",
        "F.max_pool3d(x, 2)",
        _tf(3, "tf.nn.max_pool3d(X, 2, 2, 'VALID')"),
        _tf(3, "keras.ops.max_pool(X, 2)"),
        EITHER_ZERO,
        _SPACE,
        REALS,
    ),
    row(
        "avg_pool1d",
        "F.avg_pool1d(x, 2)",
        _tf(1, "tf.nn.avg_pool1d(X, 2, 2, 'VALID')"),
        _tf(1, "keras.ops.average_pool(X, 2)"),
        SUM,
        _LINE,
        FLOATS,
    ),
    row(
        "avg_pool2d",
        "F.avg_pool2d(x, 2)",
        _tf(2, "tf.nn.avg_pool2d(X, 2, 2, 'VALID')"),
        _tf(2, "keras.ops.average_pool(X, 2)"),
        SUM,
        _PLANE,
        FLOATS,
    ),
    row(
        "avg_pool2d_same",
        "F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)",
        _tf(2, "tf.nn.avg_pool2d(X, 3, 1, 'SAME')"),
        _tf(2, "keras.ops.average_pool(X, 3, 1, 'same')"),
        SUM,
        _PLANE,
        REALS,
        doc="PyTorch counts what it pads unless it is told not to.",
    ),
    row(
        "avg_pool2d_padding",
        "F.avg_pool2d(x, 2, 2, 1)",
        _tf(2, "tf.nn.avg_pool2d(tf.pad(X, [[0, 0], [1, 1], [1, 1], [0, 0]]), 2, 2, 'VALID')"),
        _tf(2, "keras.ops.average_pool(keras.ops.pad(X, [[0, 0], [1, 1], [1, 1], [0, 0]]), 2)"),
        SUM,
        _PLANE,
        REALS,
    ),
    row(
        "avg_pool3d",
        "F.avg_pool3d(x, 2)",
        _tf(3, "tf.nn.avg_pool3d(X, 2, 2, 'VALID')"),
        _tf(3, "keras.ops.average_pool(X, 2)"),
        SUM,
        _SPACE,
        ("float32",),
    ),
    row(
        "global_average_pool",
        "F.adaptive_avg_pool2d(x, 1)",
        "tf.reduce_mean(x, (2, 3), keepdims=True)",
        "keras.layers.GlobalAveragePooling2D(data_format='channels_first', keepdims=True, "
        "dtype=x.dtype)(x)",
        SUM,
        _PLANE,
        REALS,
    ),
    row(
        "global_max_pool",
        "F.adaptive_max_pool2d(x, 1)",
        "tf.reduce_max(x, (2, 3), keepdims=True)",
        "keras.layers.GlobalMaxPooling2D(data_format='channels_first', keepdims=True, "
        "dtype=x.dtype)(x)",
        EITHER_ZERO,
        given(x=Array("bchw", specials=False), sizes=_SIZES),
        REALS,
    ),
    row(
        "adaptive_avg_pool2d",
        "F.adaptive_avg_pool2d(x, (2, 3))",
        _tf(2, "tf.nn.avg_pool2d(X, 2, 2, 'VALID')"),
        _tf(2, "keras.ops.adaptive_average_pool(X, (2, 3), data_format='channels_last')"),
        SUM,
        _EVEN,
        REALS,
    ),
    row(
        "adaptive_max_pool2d",
        "F.adaptive_max_pool2d(x, (2, 3))",
        _tf(2, "tf.nn.max_pool2d(X, 2, 2, 'VALID')"),
        _tf(2, "keras.ops.adaptive_max_pool(X, (2, 3), data_format='channels_last')"),
        EITHER_ZERO,
        _EVEN,
        REALS,
    ),
    row(
        "lp_pool2d",
        "F.lp_pool2d(x, 2, 2)",
        _tf(2, "4 * tf.nn.avg_pool2d(tf.square(X), 2, 2, 'VALID')").join(("tf.sqrt(", ")")),
        "",
        CONDITIONED,
        given(x=Array("bchw", specials=False), sizes=_SIZES),
        REALS,
    ),
    row(
        "min_pool2d",
        "-F.max_pool2d(-x, 2)",
        _tf(2, "-tf.nn.max_pool2d(-X, 2, 2, 'VALID')"),
        _tf(2, "-keras.ops.max_pool(-X, 2)"),
        EITHER_ZERO,
        _PLANE,
        REALS,
    ),
    row(
        "dilation2d",
        "F.max_pool2d(x, 3, 1)",
        _tf(
            2,
            "tf.nn.dilation2d(X, tf.zeros((3, 3, x.shape[1]), x.dtype), (1, 1, 1, 1), 'VALID',"
            " 'NHWC', (1, 1, 1, 1))",
        ),
        "",
        EITHER_ZERO,
        _PLANE,
        REALS,
        doc="Grey-scale dilation by a flat element is max pooling.",
        no_xla="XLA has no kernel for Dilation2D",
    ),
)
