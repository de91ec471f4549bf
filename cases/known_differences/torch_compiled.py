"""What PyTorch's compiler makes of functions that PyTorch's own kernels compute otherwise."""

from __future__ import annotations

from cases.known_differences.arrays import f32
from parity.known_differences import Kind, KnownDifference

_LOST = (
    "np.abs(pytorch.astype(float) - tensorflow.astype(float))"
    " <= min(eps(x), 2.0**-23) * (1 + 4 * np.abs(tensorflow.astype(float)))"
)
"""Digits of a small result are lost to a 1 that is added and taken off, in float32 at least."""

ENTRIES = (
    KnownDifference(
        name="erf-compiled",
        kind=Kind.PRECISION,
        torch="torch.erf(x)",
        tensorflow="tf.math.erf(x)",
        runtime="torch.compile",
        device="cpu",
        where="x.dtype == np.float32 and (np.abs(x) < 2).any()",
        example={"x": f32([1e-8, 0.0133, 2.5, 3.0] * 2)},
        without={"x": f32([2.5, 3.0] * 4)},
        gives=(
            "[0, 0.01501, 0.9996, 1, 0, 0.01501, 0.9996, 1]",
            "[1.128e-08, 0.01501, 0.9996, 1, 1.128e-08, 0.01501, 0.9996, 1]",
        ),
        relation="(np.abs(x) < 2) & "
        "(np.abs(pytorch - tensorflow) <= 4 * eps(x) * (1 + np.abs(tensorflow)))",
        rows=("erf",),
        rounding=4,
        in_pytorch="torch.erf(x.double()).to(x.dtype)",
        why="compiled code takes the series of Abramowitz and Stegun, 7.1.26, which subtracts from "
        "1; PyTorch's own kernel doesn't",
    ),
    *(
        KnownDifference(
            name=f"{call}-of-small-numbers-compiled",
            kind=Kind.PRECISION,
            torch=f"torch.{call}(x)",
            tensorflow=f"tf.math.{call}(x)",
            runtime="torch.compile",
            device="cpu",
            where="((np.abs(x) < 0.5) & (x != 0)).any()",
            example={"x": f32([1e-8, 0.0055, 0.625, 0.75] * 2)},
            without={"x": f32([0.625, 0.75] * 4)},
            gives=(f"[0, {rest}, 0, {rest}]", f"[1e-08, {rest}, 1e-08, {rest}]"),
            relation=f"(np.abs(x) < 0.5) & ({_LOST})",
            rows=rows,
            rounding=4,
            in_pytorch=f"torch.{call}(x.double()).to(x.dtype)",
            why=f"compiled code takes {formula}; PyTorch's own kernel doesn't",
        )
        for call, rest, rows, formula in (
            (
                "atanh",
                "0.0055, 0.7332, 0.973",
                ("atanh",),
                "half the logarithm of (1 + x) / (1 - x)",
            ),
            ("expm1", "0.005515, 0.8682, 1.117", ("expm1",), "1 from exp(x)"),
        )
    ),
)
