"""Operators of PyTorch's database that are not all right, each with the reason.

The sweep fails on any other, and on one of these that has become right.
"""

from __future__ import annotations

_SPARSE = "TensorFlow's sparse tensors are another type; dense ones are supported"
_TRIGAMMA = "PyTorch's float64 trigamma is off by up to 1.5e-9 (against mpmath)"
_BESSEL = "PyTorch's float64 is off by up to 9e-7 between 2 and 25 (against mpmath)"

KNOWN: dict[str, str] = {
    "digamma": _TRIGAMMA,
    "nn.functional.scaled_dot_product_attention": "dropout inside attention is refused",
    "polygamma.polygamma_n_0": _TRIGAMMA,
    "polygamma.polygamma_n_1": _TRIGAMMA,
    "polygamma.polygamma_n_2": _TRIGAMMA,
    "polygamma.polygamma_n_3": _TRIGAMMA,
    "polygamma.polygamma_n_4": _TRIGAMMA,
    "sparse.mm.reduce": _SPARSE,
    "sparse.sampled_addmm": _SPARSE,
    "special.airy_ai": "PyTorch's float64 is off by up to 3e-6 left of -2.09 (against mpmath)",
    "special.bessel_j0": _BESSEL,
    "special.bessel_j1": _BESSEL,
    "special.bessel_y0": _BESSEL,
    "special.bessel_y1": _BESSEL,
    "special.polygamma.special_polygamma_n_0": _TRIGAMMA,
}
