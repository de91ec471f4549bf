"""Operators of PyTorch's database that are not all right, each with the reason.

The sweep fails on any other, and on one of these that has become right.
"""

from __future__ import annotations

_SPARSE = "TensorFlow's sparse tensors are another type; dense ones are supported"
_HALF = "the result is complex32, which TensorFlow does not have"

KNOWN: dict[str, str] = {
    "as_strided.partial_views": "it reads memory of the tensor that its argument is a view of",
    "as_strided_scatter": "PyTorch's gradient is that of the overwritten elements",
    "chalf": _HALF,
    "sparse.mm.reduce": _SPARSE,
    "sparse.sampled_addmm": _SPARSE,
    "to_sparse": _SPARSE,
}

_POLES = "PyTorch's trigamma has numbers at its poles, the negative integers"
_TAPS = "no kernel for integers; refused, with the way out to cast"
_FIXED = "PyTorch resizes bytes with weights of its own in fixed point; refused"

_TRIGAMMA = dict.fromkeys(
    (*(f"polygamma.polygamma_n_{n}" for n in range(5)), "special.polygamma.special_polygamma_n_0"),
    _POLES,
)
_HALVES = {
    "as_strided_scatter": KNOWN["as_strided_scatter"],
    "chalf": _HALF,
    "sparse.mm.reduce": _SPARSE,
    "to_sparse": _SPARSE,
}
_INTEGERS = {
    "chalf": _HALF,
    "to_sparse": _SPARSE,
}

OTHERS: dict[str, dict[str, str]] = {
    "float16": {**_HALVES, "view_as_complex": _HALF, "complex": _HALF},
    "bfloat16": _HALVES,
    "int8": {**_INTEGERS, **_TRIGAMMA},
    "int16": {**_INTEGERS, **_TRIGAMMA},
    "int32": _INTEGERS,
    "int64": {
        **_INTEGERS,
        **dict.fromkeys(
            (
                *(f"nn.functional.avg_pool{n}d" for n in (1, 2, 3)),
                *(f"nn.functional.conv{n}d" for n in (1, 2, 3)),
                *(f"nn.functional.conv_transpose{n}d" for n in (1, 2, 3)),
                "nn.functional.local_response_norm",
            ),
            _TAPS,
        ),
    },
    "uint8": {
        **_INTEGERS,
        **dict.fromkeys(
            (
                "_upsample_bilinear2d_aa",
                "nn.functional.interpolate.bicubic",
                "nn.functional.interpolate.bilinear",
                "nn.functional.upsample_bilinear",
            ),
            _FIXED,
        ),
    },
    "bool": _INTEGERS,
    "complex64": {
        "as_strided_scatter": KNOWN["as_strided_scatter"],
        "chalf": _HALF,
        "sparse.sampled_addmm": _SPARSE,
        "to_sparse": _SPARSE,
    },
}
"""The same for samples of other dtypes, by dtype: what fails there and not in float32."""


def limit_of(name: str, dtype: str = "float32") -> str | None:
    """Why an operator is not all right in a dtype; None if it should be.

    Args:
        name: in the database.
        dtype: of the samples.
    """
    return KNOWN.get(name) if dtype == "float32" else OTHERS.get(dtype, {}).get(name)
