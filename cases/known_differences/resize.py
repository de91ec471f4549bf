"""Resizing and padding."""

from __future__ import annotations

from cases.known_differences.arrays import f32, ramp, u8
from parity.known_differences import Kind, KnownDifference

_ROW = "tf.reshape({0}, [-1])"
_IMAGE = "x.reshape(1, 1, 1, -1)"
_TF = "tf.reshape(x, (1, 1, -1, 1))"


def _torch(options: str) -> str:
    return f"F.interpolate({_IMAGE}, {options}).reshape(-1)"


def _tf(call: str) -> str:
    return _ROW.format(call.replace("X", _TF))


ENTRIES = (
    KnownDifference(
        name="resize-of-uint8",
        kind=Kind.TYPE,
        torch=_torch("(1, 2), mode='bilinear'"),
        tensorflow=_tf("tf.image.resize(X, (1, 2))"),
        where="x.dtype == np.uint8",
        example={"x": u8([1, 2, 4, 8])},
        without={"x": f32([1, 2, 4, 8])},
        gives=("uint8 [2, 6]", "float32 [1.5, 6]"),
        in_tensorflow="r = " + _tf("tf.image.resize(X, (1, 2))") + "\n"
        "return r if x.dtype != tf.uint8 else tf.cast(tf.math.floor(r + 0.5), tf.uint8)",
        in_pytorch="F.interpolate(x.reshape(1, 1, 1, -1).float(), (1, 2), mode='bilinear')"
        ".reshape(-1)",
        rows=("resize_bilinear",),
        why="PyTorch rounds to the type it was given, TensorFlow gives float32; keras.ops rounds "
        "too",
        reference="84",
    ),
    KnownDifference(
        name="bilinear-resize-of-compat-v1",
        kind=Kind.SEMANTIC,
        torch=_torch("(1, 4), mode='bilinear'"),
        tensorflow=_tf("tf.compat.v1.image.resize_bilinear(X, (1, 4))"),
        where="np.ptp(x) > 0",
        example={"x": f32([1, 2])},
        without={"x": f32([1, 1])},
        gives=("[1, 1.25, 1.75, 2]", "[1, 1.5, 2, 2]"),
        in_tensorflow=_tf("tf.image.resize(X, (1, 4))"),
        rows=("resize_bilinear",),
        why="the old operator takes pixels for points at their corners; tf.image.resize and Keras "
        "take their centres, as PyTorch",
        reference="118",
    ),
    KnownDifference(
        name="nearest-resize",
        kind=Kind.SEMANTIC,
        torch=_torch("(1, 3), mode='nearest'"),
        tensorflow=_tf("tf.image.resize(X, (1, 3), 'nearest')"),
        keras=_tf("keras.ops.image.resize(X, (1, 3), 'nearest')"),
        where="x.size % 3 != 0",
        example={"x": ramp(5)},
        without={"x": ramp(3)},
        gives=("[0, 1, 3]", "[0, 2, 4]"),
        in_pytorch=_torch("(1, 3), mode='nearest-exact'"),
        in_tensorflow=_tf("tf.raw_ops.ResizeNearestNeighbor(images=X, size=(1, 3))"),
        rows=("resize_nearest", "resize_nearest_exact"),
        why="PyTorch's nearest rounds the scaled corner of a pixel down, TensorFlow takes the "
        "pixel that its centre lies in",
        reference="119",
    ),
    KnownDifference(
        name="bicubic-resize",
        kind=Kind.SEMANTIC,
        torch=_torch("(1, 8), mode='bicubic'"),
        tensorflow=_tf("tf.image.resize(X, (1, 8), 'bicubic')"),
        keras=_tf("keras.ops.image.resize(X, (1, 8), 'bicubic')"),
        where="np.ptp(x) > 0",
        example={"x": f32([0, 1, 4, 9])},
        without={"x": f32([2, 2, 2, 2])},
        gives=(
            "[-0.1055, 0.1211, 0.457, 1.609, 2.828, 5.449, 7.973, 9.527]",
            "[-0.08824, 0.1241, 0.5725, 1.562, 3.062, 5.313, 8.117, 9.441]",
        ),
        rounding=8,
        in_pytorch=_torch("(1, 8), mode='bicubic', antialias=True"),
        rows=("resize_bicubic_antialiased",),
        why="PyTorch's cubic has a = -0.75, TensorFlow's -0.5, and at the edge TensorFlow leaves "
        "out what lies beyond; PyTorch with antialias=True does both",
        reference="120",
    ),
    KnownDifference(
        name="area-resize",
        kind=Kind.SEMANTIC,
        torch=_torch("(1, 3), mode='area'"),
        tensorflow=_tf("tf.image.resize(X, (1, 3), 'area')"),
        where="x.size % 3 != 0",
        example={"x": ramp(5)},
        without={"x": ramp(6)},
        gives=("[0.5, 2, 3.5]", "[0.4, 2, 3.6]"),
        rounding=4,
        rows=("resize_area",),
        why="PyTorch averages whole pixels, TensorFlow parts of them",
        reference="121",
    ),
    KnownDifference(
        name="scale-factor-that-leaves-a-rest",
        kind=Kind.SEMANTIC,
        torch=_torch("scale_factor=(1.0, 1.5), mode='bilinear'"),
        tensorflow=_tf("tf.image.resize(X, (1, 3 * x.shape[0] // 2))"),
        where="x.size % 2 == 1",
        example={"x": ramp(5)},
        without={"x": ramp(4)},
        gives=(
            "[0, 0.5, 1.167, 1.833, 2.5, 3.167, 3.833]",
            "[0, 0.5714, 1.286, 2, 2.714, 3.429, 4]",
        ),
        rounding=4,
        in_pytorch=_torch("scale_factor=(1.0, 1.5), mode='bilinear', recompute_scale_factor=True"),
        rows=("resize_bilinear", "upsample_bilinear"),
        why="PyTorch steps by the factor it was given, TensorFlow by the ratio of the sizes",
        reference="122",
    ),
    KnownDifference(
        name="symmetric-padding",
        kind=Kind.SEMANTIC,
        torch="F.pad(x, (2, 2), mode='symmetric')",
        tensorflow="tf.pad(x, [[0, 0], [2, 2]], 'SYMMETRIC')",
        keras="keras.ops.pad(x, [[0, 0], [2, 2]], 'symmetric')",
        example={"x": f32([[1, 2, 3]])},
        gives=("raises NotImplementedError", "[[2, 1, 1, 2, 3, 3, 2]]"),
        in_pytorch="torch.cat([x[:, :2].flip(1), x, x[:, -2:].flip(1)], 1)",
        rows=("pad_symmetric",),
        why="PyTorch knows reflection without the edge only",
        reference="124",
    ),
    KnownDifference(
        name="nearest-neighbour-gradient-compiled",
        kind=Kind.GRADIENT,
        torch="F.interpolate(x, size=(4, 4), mode='nearest-exact')",
        tensorflow="y = tf.image.resize(tf.transpose(x, (0, 2, 3, 1)), (4, 4), 'nearest')\n"
        "return tf.transpose(y, (0, 3, 1, 2))",
        runtime="XLA",
        result="gradient of x",
        example={"x": ramp(1, 1, 2, 2)},
        gives=("[[[[4, 4], [4, 4]]]]", "raises InvalidArgumentError"),
        in_tensorflow="tf.repeat(tf.repeat(x, 2, 2), 2, 3)",
        rows=("resize_nearest", "resize_nearest_exact"),
        why="XLA has no kernel for ResizeNearestNeighborGrad",
    ),
    *(
        KnownDifference(
            name=f"{name}-has-no-gradient",
            kind=Kind.GRADIENT,
            torch=torch,
            tensorflow=tensorflow,
            result="gradient of x",
            example={"x": ramp(*shape)},
            gives=(gives, "raises LookupError"),
            in_tensorflow=mapping,
            rounding=8,
            rows=(row,),
            why=f"TensorFlow has no gradient of {kernel}",
        )
        for name, row, torch, tensorflow, shape, gives, mapping, kernel in (
            (
                "resize-area",
                "resize_area",
                "F.interpolate(x, size=(1, 1), mode='area')",
                "tf.image.resize(tf.transpose(x, (0, 2, 3, 1)), (1, 1), 'area')",
                (1, 1, 1, 2),
                "[[[[0.5, 0.5]]]]",
                "tf.reduce_mean(x, (2, 3), keepdims=True)",
                "ResizeArea",
            ),
            (
                "adjust-contrast",
                "adjust_contrast",
                "m = x.mean((1, 2), keepdim=True)\nreturn (x - m) * 2 + m",
                "tf.image.adjust_contrast(x, 2.0)",
                (1, 1, 2, 3),
                "[[[[1, 1, 1], [1, 1, 1]]]]",
                "m = tf.reduce_mean(x, (1, 2), keepdims=True)\nreturn (x - m) * 2 + m",
                "AdjustContrastv2",
            ),
        )
    ),
)
