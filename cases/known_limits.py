"""Operators of PyTorch's database that are not all right, each with the reason.

The sweep fails on any other, and on one of these that has become right.
"""

from __future__ import annotations

_SPARSE = "TensorFlow's sparse tensors are another type; dense ones are supported"
_TRIGAMMA = "PyTorch's float64 trigamma is off by up to 1.5e-9 (against mpmath)"
_BESSEL = "PyTorch's float64 is off by up to 9e-7 between 2 and 25 (against mpmath)"
_ORDER = "LAPACK and Eigen order the eigenvalues differently; tests/operators/test_spectrum.py"
_LDL = "TensorFlow has no kernel; the factorisation is not composed yet"
_CHUNKS = "torch.nn's own operator for a loss in chunks; there is no lowering yet"

KNOWN: dict[str, str] = {
    "as_strided_scatter": "PyTorch's gradient is that of the overwritten elements",
    "cdist": "one sample of 256: the gradient by matrix products at points nearly equal",
    "digamma": _TRIGAMMA,
    "ldexp": "PyTorch's gradient is 0 for negative integer exponents",
    "linalg.eig": _ORDER,
    "linalg.eigvals": _ORDER,
    "linalg.ldl_factor": _LDL,
    "linalg.ldl_factor_ex": _LDL,
    "linalg.ldl_solve": _LDL,
    "masked.prod": "some gradients are NaN on one side",
    "nn.functional.layer_norm": "the gradient of one normalised element is nothing but rounding",
    "nn.functional.linear_cross_entropy.chunked": _CHUNKS,
    "nn.functional.linear_cross_entropy.chunked_none": _CHUNKS,
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

OTHERS: dict[str, dict[str, str]] = {}
"""The same for samples of other dtypes, by dtype: what fails there and not in float32."""


def limit_of(name: str, dtype: str = "float32") -> str | None:
    """Why an operator is not all right in a dtype; None if it should be.

    Args:
        name: in the database.
        dtype: of the samples.
    """
    return KNOWN.get(name) if dtype == "float32" else OTHERS.get(dtype, {}).get(name)
