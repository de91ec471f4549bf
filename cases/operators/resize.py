"""Resizing of images; which pixels' centres meet which is written out."""

from __future__ import annotations

from cases.inputs import REALS, Array, given
from cases.rows import CONDITIONED, EXACT, SUM, row
from parity.suite import Sum

_SIZES = {"h": (2, 6), "w": (2, 6)}
_IMAGE = given(x=Array("bchw", specials=False), sizes=_SIZES)
_SMALL = given(x=Array("bc46", specials=False))
_IN = "tf.transpose(x, (0, 2, 3, 1))"
_BOXES = "tf.constant([[0.0, 0.0, 1.0, 1.0]])"


def _out(call: str) -> str:
    return f"tf.transpose({call}, (0, 3, 1, 2))"


CASES = (
    row(
        "resize_bilinear",
        "F.interpolate(x, size=(7, 9), mode='bilinear')",
        _out(f"tf.image.resize({_IN}, (7, 9))"),
        "keras.ops.image.resize(x, (7, 9), data_format='channels_first')",
        Sum(
            terms="np.abs(x).max() * max(x.shape[2:]) * np.ones((*x.shape[:2], 7, 9))",
            normwise=True,
        ),
        _IMAGE,
        ("float32",),
        doc="Weights are what is left of a pixel's place, which is rounded: a pixel that should "
        "have no weight has one of a unit in the place's last digit.",
    ),
    row(
        "resize_bilinear_down",
        "F.interpolate(x, size=(2, 3), mode='bilinear')",
        _out(f"tf.image.resize({_IN}, (2, 3))"),
        "keras.ops.image.resize(x, (2, 3), data_format='channels_first')",
        CONDITIONED,
        _SMALL,
        ("float32",),
    ),
    row(
        "resize_bilinear_antialiased",
        "F.interpolate(x, size=(2, 3), mode='bilinear', antialias=True)",
        _out(f"tf.image.resize({_IN}, (2, 3), antialias=True)"),
        "keras.ops.image.resize(x, (2, 3), antialias=True, data_format='channels_first')",
        CONDITIONED,
        _SMALL,
        ("float32",),
        no_xla="XLA has no kernel for ScaleAndTranslate",
    ),
    row(
        "resize_bilinear_corners",
        "F.interpolate(x, size=(7, 9), mode='bilinear', align_corners=True)",
        _out(f"tf.compat.v1.image.resize_bilinear({_IN}, (7, 9), align_corners=True)"),
        "",
        CONDITIONED,
        _IMAGE,
        ("float32",),
    ),
    row(
        "resize_nearest_exact",
        "F.interpolate(x, size=(7, 9), mode='nearest-exact')",
        _out(f"tf.image.resize({_IN}, (7, 9), 'nearest')"),
        "keras.ops.image.resize(x, (7, 9), 'nearest', data_format='channels_first')",
        SUM,
        _IMAGE,
        ("float32",),
        doc="TensorFlow takes the pixel whose centre is nearest: PyTorch's nearest-exact.",
    ),
    row(
        "resize_nearest",
        "F.interpolate(x, size=(7, 9), mode='nearest')",
        _out(f"tf.compat.v1.image.resize_nearest_neighbor({_IN}, (7, 9))"),
        "",
        SUM,
        _IMAGE,
        ("float32",),
    ),
    row(
        "upsample_nearest",
        "F.interpolate(x, scale_factor=2, mode='nearest')",
        "tf.repeat(tf.repeat(x, 2, 2), 2, 3)",
        "keras.layers.UpSampling2D(2, 'channels_first', dtype=x.dtype)(x)",
        SUM,
        _IMAGE,
        REALS,
    ),
    row(
        "upsample_bilinear",
        "F.interpolate(x, scale_factor=2, mode='bilinear')",
        _out(f"tf.image.resize({_IN}, (2 * x.shape[2], 2 * x.shape[3]))"),
        "keras.layers.UpSampling2D(2, 'channels_first', 'bilinear', dtype=x.dtype)(x)",
        CONDITIONED,
        _IMAGE,
        ("float32",),
    ),
    row(
        "upsample_nearest1d",
        "F.interpolate(x, scale_factor=3, mode='nearest')",
        "tf.repeat(x, 3, 2)",
        "keras.ops.repeat(x, 3, 2)",
        SUM,
        given(x=Array("bcn", specials=False)),
        REALS,
    ),
    row(
        "resize_bicubic_antialiased",
        "F.interpolate(x, size=(2, 3), mode='bicubic', antialias=True)",
        _out(f"tf.image.resize({_IN}, (2, 3), 'bicubic', antialias=True)"),
        "keras.ops.image.resize(x, (2, 3), 'bicubic', antialias=True, "
        "data_format='channels_first')",
        CONDITIONED,
        _SMALL,
        ("float32",),
        doc="Without antialiasing PyTorch's cubic has a = -0.75, TensorFlow's -0.5.",
        no_xla="XLA has no kernel for ScaleAndTranslate",
    ),
    row(
        "resize_area",
        "F.interpolate(x, size=(2, 3), mode='area')",
        _out(f"tf.image.resize({_IN}, (2, 3), 'area')"),
        "",
        CONDITIONED,
        _SMALL,
        ("float32",),
        doc="Equal where the sizes divide.",
        no_xla="XLA has no kernel for ResizeArea",
    ),
    row(
        "crop_and_resize",
        "F.interpolate(x, size=(3, 3), mode='bilinear', align_corners=True)",
        _out(f"tf.image.crop_and_resize({_IN}, {_BOXES}, [0], (3, 3))"),
        "",
        CONDITIONED,
        given(x=Array("1chw", specials=False), sizes=_SIZES),
        ("float32",),
        no_xla="XLA has no kernel for CropAndResize",
    ),
    row(
        "center_crop",
        "x[..., 1:-1, 1:-1]",
        _out(f"tf.image.central_crop({_IN}, 0.5)"),
        "keras.layers.CenterCrop(2, 2, data_format='channels_first', dtype=x.dtype)(x)",
        EXACT,
        given(x=Array("bc44")),
        REALS,
    ),
    row(
        "adjust_brightness",
        "x + 0.3",
        "tf.image.adjust_brightness(x, 0.3)",
        "",
        CONDITIONED,
        _IMAGE,
        ("float32",),
    ),
    row(
        "adjust_contrast",
        "m = x.mean((1, 2), keepdim=True)\nreturn (x - m) * 1.7 + m",
        "tf.image.adjust_contrast(x, 1.7)",
        "keras.ops.add((x - keras.ops.mean(x, (1, 2), "
        "keepdims=True)) * 1.7, keras.ops.mean(x, (1, 2), keepdims=True))",
        CONDITIONED,
        given(x=Array("bhw3", specials=False), sizes=_SIZES),
        ("float32",),
    ),
    row(
        "rgb_to_grayscale",
        "(x * torch.tensor([0.2989, 0.587, 0.114], dtype=x.dtype)).sum(-1, keepdim=True)",
        "tf.image.rgb_to_grayscale(x)",
        "keras.ops.image.rgb_to_grayscale(x, data_format='channels_last')",
        CONDITIONED,
        given(x=Array("bhw3", low=0, high=1, specials=False), sizes=_SIZES),
        ("float32",),
    ),
    row(
        "image_gradients",
        "dy, dx = torch.zeros_like(x), torch.zeros_like(x)\n"
        "dy[:, :-1], dx[:, :, :-1] = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]\n"
        "return dy, dx",
        "tf.image.image_gradients(x)",
        "",
        CONDITIONED,
        given(x=Array("bhwc", specials=False), sizes=_SIZES),
        ("float32",),
    ),
    row(
        "total_variation",
        "(x[:, 1:] - x[:, :-1]).abs().sum((1, 2, 3)) + (x[:, :, 1:] - x[:, :, :-1]).abs()"
        ".sum((1, 2, 3))",
        "tf.image.total_variation(x)",
        "",
        CONDITIONED,
        given(x=Array("bhwc", specials=False), sizes=_SIZES),
        ("float32",),
    ),
    row(
        "psnr",
        "10 * torch.log10(1 / ((x - y) ** 2).mean((1, 2, 3)))",
        "tf.image.psnr(x, y, 1.0)",
        "keras.ops.stack([keras.ops.psnr(a, b, 1.0) for a, b in zip(x, y)])",
        CONDITIONED,
        given(
            x=Array("bhwc", low=0, high=1, specials=False),
            y=Array("bhwc", low=2, high=3, specials=False),
            sizes=_SIZES,
        ),
        ("float32",),
    ),
)
