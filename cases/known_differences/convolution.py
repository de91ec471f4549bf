"""Convolutions, pooling and how images are laid out."""

from __future__ import annotations

import math

import numpy as np

from cases.known_differences.arrays import f32, f64, ramp
from parity.known_differences import Kind, KnownDifference

_LAST = "x = tf.transpose(x, (0, 2, 3, 1))\n"
_FIRST = "return tf.transpose(r, (0, 3, 1, 2))"
_CENTRED = "[[0, 0], [1, 1], [1, 1], [0, 0]]"


def _tf(call: str) -> str:
    """A call on channels in the last axis, as a call on channels in the second."""
    return f"{_LAST}r = {call}\n{_FIRST}"


def _stored(
    name: str,
    rows: tuple[str, ...],
    torch: str,
    keras: str,
    shape: str,
    gives: tuple[str, str],
    mapping: str,
) -> KnownDifference:
    return KnownDifference(
        name=f"layout-of-{name}",
        rows=rows,
        kind=Kind.SEMANTIC,
        torch=f"return torch.tensor(torch.nn.{torch}.weight.shape)",
        keras=f"m = keras.layers.{keras}\nm.build({shape})\nreturn tf.shape(m.kernel)",
        example={},
        gives=gives,
        in_pytorch=mapping,
        why="PyTorch stores the output channels first, Keras last",
        reference="111",
    )


_KERNEL = f32(np.ones((3, 3)))
_PLANE = "x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]"
_WINDOWS = f"{_PLANE}.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2)"
_TAKEN = (
    "np.take_along_axis(x.reshape(*x.shape[:2], -1), "
    "tensorflow.reshape(*x.shape[:2], -1) % x[0, 0].size, -1).reshape(tensorflow.shape)"
)
_FOUND = (
    f"(tensorflow < x[0, 0].size) & (np.isnan({_TAKEN}) | "
    f"({_TAKEN} == np.fmax.reduce({_WINDOWS}, (3, 5))))"
)

ENTRIES = (
    KnownDifference(
        name="same-padding-with-stride-2",
        kind=Kind.SEMANTIC,
        torch="F.conv2d(x, w[None, None], stride=2, padding=1)",
        tensorflow=_tf("tf.nn.conv2d(x, w[..., None, None], 2, 'SAME')"),
        keras=_tf("keras.ops.conv(x, w[..., None, None], 2, 'same')"),
        where="x.shape[2] % 2 == 0 or x.shape[3] % 2 == 0",
        example={"x": ramp(1, 1, 4, 4), "w": _KERNEL},
        without={"x": ramp(1, 1, 5, 5), "w": _KERNEL},
        gives=("[[[[10, 24], [51, 90]]]]", "[[[[45, 39], [66, 50]]]]"),
        in_tensorflow=_tf(f"tf.nn.conv2d(x, w[..., None, None], 2, {_CENTRED})"),
        in_pytorch="rows, columns = (0 if n % 2 == 0 else 1 for n in x.shape[2:])\n"
        "x = F.pad(x, (columns, 1, rows, 1))\n"
        "return F.conv2d(x, w[None, None], stride=2)",
        rows=("conv2d_same_stride",),
        why="of an odd number of padded rows TensorFlow puts the one too many at the end, and pads "
        "only as far as the windows reach",
        reference="108",
    ),
    KnownDifference(
        name="same-padding-refused-with-stride",
        kind=Kind.SEMANTIC,
        torch="F.conv2d(x, w[None, None], stride=stride, padding='same')",
        tensorflow=_tf("tf.nn.conv2d(x, w[..., None, None], stride, 'SAME')"),
        keras=_tf("keras.ops.conv(x, w[..., None, None], stride, 'same')"),
        where="stride > 1",
        example={"x": ramp(1, 1, 3, 3), "w": _KERNEL, "stride": 2},
        without={"x": ramp(1, 1, 3, 3), "w": _KERNEL, "stride": 1},
        gives=("raises RuntimeError", "[[[[8, 12], [20, 24]]]]"),
        in_pytorch="F.conv2d(x, w[None, None], stride=stride, padding=1)",
        rows=("conv2d_same_stride",),
        why="PyTorch's padding='same' is for strides of 1",
        reference="109",
    ),
    KnownDifference(
        name="transposed-same-padding-with-stride-2",
        kind=Kind.SEMANTIC,
        torch="F.conv_transpose2d(x, w[None, None], stride=2, padding=1, output_padding=1)",
        tensorflow=_tf("tf.nn.conv2d_transpose(x, w[..., None, None], (1, 4, 4, 1), 2, 'SAME')"),
        keras=_tf("keras.ops.conv_transpose(x, w[..., None, None], 2, 'same')"),
        where="np.ptp(x) > 0 or np.ptp(w) > 0",
        example={"x": f32([[[[1, 2], [3, 4]]]]), "w": ramp(3, 3)},
        without={"x": f32(np.zeros((1, 1, 2, 2))), "w": np.zeros((3, 3), np.float32)},
        gives=(
            "[[[[4, 11, 8, 10], [10, 26, 18, 24], [12, 27, 16, 20], [21, 48, 28, 32]]]]",
            "[[[[0, 1, 2, 2], [3, 4, 11, 8], [6, 10, 26, 18], [9, 12, 27, 16]]]]",
        ),
        in_pytorch="F.conv_transpose2d(x, w[None, None], stride=2)[:, :, :4, :4]",
        in_tensorflow=_tf(
            "tf.nn.conv2d_transpose(x, w[..., None, None], (1, 5, 5, 1), 2, 'VALID')[:, 1:, 1:]"
        ),
        rows=("conv_transpose2d_same",),
        why="of the full result TensorFlow cuts off the end, PyTorch's padding the start",
        reference="110",
    ),
    _stored(
        "a-convolutions-kernel",
        ("conv1d", "conv2d", "conv3d"),
        "Conv2d(5, 2, (3, 4))",
        "Conv2D(2, (3, 4))",
        "(1, 8, 8, 5)",
        ("[2, 5, 3, 4]", "[3, 4, 5, 2]"),
        "return torch.tensor(torch.nn.Conv2d(5, 2, (3, 4)).weight.permute(2, 3, 1, 0).shape)",
    ),
    _stored(
        "a-depthwise-kernel",
        ("depthwise_conv2d", "depthwise_conv2d_multiplier"),
        "Conv2d(5, 10, (3, 4), groups=5)",
        "DepthwiseConv2D((3, 4), depth_multiplier=2)",
        "(1, 8, 8, 5)",
        ("[10, 1, 3, 4]", "[3, 4, 5, 2]"),
        "w = torch.nn.Conv2d(5, 10, (3, 4), groups=5).weight\n"
        "return torch.tensor(w.reshape(5, 2, 3, 4).permute(2, 3, 0, 1).shape)",
    ),
    _stored(
        "a-transposed-convolutions-kernel",
        ("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
        "ConvTranspose2d(5, 2, (3, 4))",
        "Conv2DTranspose(2, (3, 4))",
        "(1, 8, 8, 5)",
        ("[5, 2, 3, 4]", "[3, 4, 2, 5]"),
        "w = torch.nn.ConvTranspose2d(5, 2, (3, 4)).weight\n"
        "return torch.tensor(w.permute(2, 3, 1, 0).shape)",
    ),
    _stored(
        "a-dense-kernel",
        ("linear",),
        "Linear(5, 2)",
        "Dense(2)",
        "(1, 5)",
        ("[2, 5]", "[5, 2]"),
        "return torch.tensor(torch.nn.Linear(5, 2).weight.T.shape)",
    ),
    KnownDifference(
        name="max-pool-with-nan",
        kind=Kind.EDGE,
        torch="F.max_pool2d(x, 2)",
        tensorflow=_tf("tf.nn.max_pool2d(x, 2, 2, 'VALID')"),
        keras=_tf("keras.ops.max_pool(x, 2)"),
        where="np.isnan(x).any()",
        example={"x": f32([[[[1, np.nan], [3, 2]]]])},
        without={"x": f32([[[[1, 0], [3, 2]]]])},
        gives=("[[[[nan]]]]", "[[[[3]]]]"),
        relation="np.isnan(pytorch) & (np.isin(tensorflow, x) | (tensorflow < -1e4))",
        rows=(
            "max_pool1d",
            "max_pool2d",
            "max_pool2d_overlapping",
            "max_pool2d_padding",
            "max_pool2d_same",
            "max_pool2d_same_stride",
            "max_pool2d_ceil",
            "max_pool3d",
            "adaptive_max_pool2d",
        ),
        in_tensorflow=_tf(
            "-tf.reduce_min(tf.stack([-x[:, i, j] for i in (0, 1) for j in (0, 1)]),"
            " 0)[:, None, None]"
        ),
        why="TensorFlow's comparisons pass NaN by; a window of NaN alone gives the lowest number",
        reference="4",
    ),
    KnownDifference(
        name="max-pool3d-of-float64",
        kind=Kind.TYPE,
        torch="F.max_pool3d(x[None, None], 1)[0, 0, 0, 0]",
        tensorflow="tf.nn.max_pool3d(x[None, ..., None], 1, 1, 'VALID')[0, 0, 0, :, 0]",
        keras="keras.ops.max_pool(x[None, ..., None], 1)[0, 0, 0, :, 0]",
        where="x.dtype == np.float64",
        example={"x": f64([[[1]]])},
        without={"x": f32([[[1]]])},
        gives=("float64 [1]", "raises InvalidArgumentError"),
        in_tensorflow="tf.reshape(tf.nn.max_pool2d(tf.reshape(x, (1, 1, -1, 1)), 1, 1, 'VALID'), "
        "[-1])",
        rows=("max_pool3d",),
        why="TensorFlow's kernel for three dimensions has no float64",
    ),
    KnownDifference(
        name="max-pool3d-gradient-of-infinity",
        kind=Kind.GRADIENT,
        torch="F.max_pool3d(x[None, None], (1, 1, 2))",
        tensorflow="tf.nn.max_pool3d(x[None, ..., None], (1, 1, 2), (1, 1, 2), 'VALID')",
        keras="keras.ops.max_pool(x[None, ..., None], (1, 1, 2))",
        result="gradient of x",
        where="(x == math.inf).any()",
        relation="(x == math.inf) & (tensorflow == 0)",
        example={"x": f32([[[np.inf, 1]]])},
        without={"x": f32([[[2, 1]]])},
        gives=("[[[1, 0]]]", "[[[0, 0]]]"),
        rows=("max_pool3d",),
        why="TensorFlow looks for the largest number again and subtracts",
    ),
    KnownDifference(
        name="infinite-weight-at-the-padding",
        kind=Kind.EDGE,
        torch="F.conv2d(x[None, None], w[None, None], padding=(0, 1))[0, 0]",
        tensorflow="tf.nn.conv2d(x[None, ..., None], w[..., None, None], 1, "
        "[[0, 0], [0, 0], [1, 1], [0, 0]])[0, ..., 0]",
        where="~np.isfinite(w).all()",
        example={"x": f32([[1, 1, 1, 1]]), "w": f32([[1, np.inf]])},
        without={"x": f32([[1, 1, 1, 1]]), "w": f32([[1, 2]])},
        gives=("[[inf, inf, inf, inf, nan]]", "[[inf, inf, inf, inf, 1]]"),
        rows=("conv2d_padding",),
        why="one algorithm multiplies the padding's zeros and another leaves them out; with other "
        "sizes, types, gradients and strides either framework does either",
    ),
    KnownDifference(
        name="max-pool-same-padding-with-stride-2",
        kind=Kind.SEMANTIC,
        torch="F.max_pool2d(x, 3, 2, padding=1)",
        tensorflow=_tf("tf.nn.max_pool2d(x, 3, 2, 'SAME')"),
        keras=_tf("keras.ops.max_pool(x, 3, 2, 'same')"),
        where="x.shape[2] % 2 == 0 or x.shape[3] % 2 == 0",
        example={"x": -1 - ramp(1, 1, 4, 4)},
        without={"x": -1 - ramp(1, 1, 5, 5)},
        gives=("[[[[-1, -2], [-5, -6]]]]", "[[[[-1, -3], [-9, -11]]]]"),
        in_tensorflow=_tf(f"tf.nn.max_pool2d(x, 3, 2, {_CENTRED})"),
        in_pytorch="padding = (x.shape[3] % 2, 1, x.shape[2] % 2, 1)\n"
        "return F.max_pool2d(F.pad(x, padding, value=-math.inf), 3, 2)",
        rows=("max_pool2d_same_stride", "max_pool2d_padding"),
        why="of an odd number of padded rows TensorFlow puts the one too many at the end",
        reference="112",
    ),
    KnownDifference(
        name="average-pool-counts-padding",
        kind=Kind.SEMANTIC,
        torch="F.avg_pool2d(x, 3, 1, padding=1)",
        tensorflow=_tf("tf.nn.avg_pool2d(x, 3, 1, 'SAME')"),
        keras=_tf("keras.ops.average_pool(x, 3, 1, 'same')"),
        where="(x != 0).any()",
        example={"x": f32([[[[9, 9], [9, 9]]]])},
        without={"x": f32([[[[0, 0], [0, 0]]]])},
        gives=("[[[[4, 4], [4, 4]]]]", "[[[[9, 9], [9, 9]]]]"),
        rounding=2,
        in_pytorch="F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False)",
        in_tensorflow=_tf(f"tf.nn.avg_pool2d(tf.pad(x, {_CENTRED}), 3, 1, 'VALID')"),
        rows=("avg_pool2d_padding", "avg_pool2d_same"),
        why="PyTorch divides by the window's size, TensorFlow by what of it lies inside",
        reference="113",
    ),
    KnownDifference(
        name="pool-rounds-its-size-down",
        kind=Kind.SEMANTIC,
        torch="F.max_pool2d(x, 2)",
        tensorflow=_tf("tf.nn.max_pool2d(x, 2, 2, 'SAME')"),
        keras=_tf("keras.ops.max_pool(x, 2, 2, 'same')"),
        where="x.shape[2] % 2 == 1 or x.shape[3] % 2 == 1",
        example={"x": ramp(1, 1, 3, 3)},
        without={"x": ramp(1, 1, 4, 4)},
        gives=("[[[[4]]]]", "[[[[4, 5], [7, 8]]]]"),
        in_pytorch="F.max_pool2d(x, 2, ceil_mode=True)",
        in_tensorflow=_tf("tf.nn.max_pool2d(x, 2, 2, 'VALID')"),
        rows=("max_pool2d", "max_pool2d_ceil"),
        why="PyTorch leaves out a window that isn't whole, as 'VALID' does, unless ceil_mode=True",
        reference="114",
    ),
    KnownDifference(
        name="places-found-by-max-pool",
        kind=Kind.SEMANTIC,
        torch="F.max_pool2d(x, 2, return_indices=True)[1].reshape(-1)",
        tensorflow=f"{_LAST}r = tf.nn.max_pool_with_argmax(x, 2, 2, 'VALID')[1]\n"
        "return tf.reshape(r, [-1])",
        where="x.shape[1] > 1",
        example={"x": ramp(1, 2, 2, 2)},
        without={"x": ramp(1, 1, 2, 2)},
        gives=("[3, 3]", "[6, 7]"),
        in_tensorflow=f"{_LAST}r = tf.nn.max_pool_with_argmax(x, 2, 2, 'VALID')[1]\n"
        "return tf.reshape(r, [-1]) // x.shape[3]",
        rows=("max_pool2d_indices",),
        why="PyTorch counts places in a channel's plane, TensorFlow in the image with channels "
        "last",
        reference="115",
    ),
    *(
        KnownDifference(
            name=f"{what}-found-by-max-pool-with-nan",
            kind=Kind.EDGE,
            torch="F.max_pool2d(x, 2, return_indices=True)[::-1]",
            tensorflow=f"{_LAST}y, p = tf.nn.max_pool_with_argmax(x, 2, 2, 'VALID')\n"
            "return tf.transpose(p // x.shape[3], (0, 3, 1, 2)), tf.transpose(y, (0, 3, 1, 2))",
            result=result,
            where="np.isnan(x).any()",
            relation=f"np.isnan({_WINDOWS}).any((3, 5)) & ({relation})",
            example={"x": f32([[[[1, math.nan], [2, 3]]]])},
            without={"x": f32([[[[1, 0], [2, 3]]]])},
            gives=gives,
            rows=("max_pool2d_indices",),
            device="cpu",
            why="TensorFlow's kernel with places leaves out NaN, except at the window's first "
            "place; PyTorch's finds the last NaN",
        )
        for what, result, relation, gives in (
            (
                "numbers",
                "output 1",
                f"tensorflow == np.fmax.reduce({_WINDOWS}, (3, 5))",
                ("[[[[nan]]]]", "[[[[3]]]]"),
            ),
            (
                "places",
                "output 0",
                _FOUND,
                ("[[[[1]]]]", "[[[[3]]]]"),
            ),
        )
    ),
    KnownDifference(
        name="stride-with-dilation",
        kind=Kind.SEMANTIC,
        torch="F.conv1d(x, w[None, None], stride=2, dilation=dilation)",
        keras="r = keras.ops.conv(tf.transpose(x, (0, 2, 1)), w[:, None, None], 2, "
        "dilation_rate=dilation)\n"
        "return tf.transpose(r, (0, 2, 1))",
        where="dilation > 1",
        example={"x": ramp(1, 1, 9), "w": f32([1, 1]), "dilation": 2},
        without={"x": ramp(1, 1, 9), "w": f32([1, 1]), "dilation": 1},
        gives=("[[[2, 6, 10, 14]]]", "raises ValueError"),
        in_tensorflow="r = tf.nn.conv1d(tf.transpose(x, (0, 2, 1)), w[:, None, None], 2, 'VALID', "
        "dilations=dilation)\n"
        "return tf.transpose(r, (0, 2, 1))",
        rows=("conv1d_dilated",),
        why="Keras refuses both at once; raw TensorFlow takes them",
        reference="116",
    ),
    KnownDifference(
        name="pixel-shuffle-order",
        kind=Kind.SEMANTIC,
        torch="F.pixel_shuffle(x, 2)",
        tensorflow=_tf("tf.nn.depth_to_space(x, 2)"),
        where="x.shape[1] > 4",
        example={"x": ramp(1, 8, 1, 1)},
        without={"x": ramp(1, 4, 1, 1)},
        gives=(
            "[[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]",
            "[[[[0, 2], [4, 6]], [[1, 3], [5, 7]]]]",
        ),
        in_tensorflow=_tf(
            "tf.nn.depth_to_space(tf.reshape(tf.transpose(tf.reshape(x, (1, 1, 1, -1, 4)), "
            "(0, 1, 2, 4, 3)), (1, 1, 1, -1)), 2)"
        ),
        in_pytorch="F.pixel_shuffle(x.reshape(1, 4, -1, 1, 1).transpose(1, 2).reshape(x.shape), 2)",
        rows=("pixel_shuffle",),
        why="the channels are ordered by result channel first in PyTorch, by place first in "
        "TensorFlow",
        reference="125",
    ),
    KnownDifference(
        name="unfold-order",
        kind=Kind.SEMANTIC,
        torch="F.unfold(x, 2)[:, :, 0]",
        tensorflow=f"{_LAST}ones = (1, 1, 1, 1)\n"
        "return tf.image.extract_patches(x, (1, 2, 2, 1), ones, ones, 'VALID')[:, 0, 0]",
        keras=f"{_LAST}return keras.ops.image.extract_patches(x, 2, 1)[:, 0, 0]",
        where="x.shape[1] > 1",
        example={"x": ramp(1, 2, 2, 2)},
        without={"x": ramp(1, 1, 2, 2)},
        gives=("[[0, 1, 2, 3, 4, 5, 6, 7]]", "[[0, 4, 1, 5, 2, 6, 3, 7]]"),
        in_pytorch="F.unfold(x, 2)[:, :, 0].reshape(1, -1, 4).mT.reshape(1, -1)",
        rows=("unfold",),
        why="PyTorch's patches go channel by channel, TensorFlow's pixel by pixel",
        reference="126",
    ),
    KnownDifference(
        name="flatten-order",
        kind=Kind.SEMANTIC,
        torch="torch.nn.Flatten()(x)",
        keras=f"{_LAST}return keras.layers.Flatten()(x)",
        where="x.shape[1] > 1",
        example={"x": ramp(1, 2, 1, 2)},
        without={"x": ramp(1, 1, 2, 2)},
        gives=("[[0, 1, 2, 3]]", "[[0, 2, 1, 3]]"),
        in_tensorflow="keras.layers.Flatten()(x)",
        in_pytorch="torch.nn.Flatten()(x.permute(0, 2, 3, 1))",
        rows=("flatten",),
        why="channels are in the second axis in PyTorch, in the last in Keras: the rows of a "
        "dense layer's kernel have to be permuted",
        reference="127",
    ),
)
