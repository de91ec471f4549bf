"""Products of matrices."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from converters.layout import Axes, Layout
from converters.tf_to_torch.lowerings import Tensor, lower


def _reversed(rank: int) -> Axes:
    return tuple(reversed(range(rank)))


@lower("tf.MatMul", layout=Layout(weights={"b": _reversed}))
def mat_mul(
    a: Tensor,
    b: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    grad_a: bool = False,
    grad_b: bool = False,
) -> Tensor:
    """The product of two matrices, the second one stored transposed.

    Shapes: a (m, k), b (n, k) -> (m, n). Dtypes: all.
    """
    a = a.mT if transpose_a else a
    return a @ b if transpose_b else F.linear(a, b)


def _adjoint(x: Tensor, wanted: bool) -> Tensor:
    return (x.mH if x.is_complex() else x.mT) if wanted else x


@lower("tf.BatchMatMulV2")
def batch_mat_mul_v2(
    x: Tensor,
    y: Tensor,
    adj_x: bool = False,
    adj_y: bool = False,
    grad_x: bool = False,
    grad_y: bool = False,
) -> Tensor:
    """Products of matrices. Shapes: x (..., m, k), y (..., k, n) -> (..., m, n). Dtypes: all."""
    return torch.matmul(_adjoint(x, adj_x), _adjoint(y, adj_y))


@lower("tf.BatchMatMul")
def batch_mat_mul(
    x: Tensor,
    y: Tensor,
    adj_x: bool = False,
    adj_y: bool = False,
    grad_x: bool = False,
    grad_y: bool = False,
) -> Tensor:
    """Products of matrices. Shapes: x (..., m, k), y (..., k, n) -> (..., m, n). Dtypes: all."""
    return torch.matmul(_adjoint(x, adj_x), _adjoint(y, adj_y))


@lower("tf.BatchMatMulV3")
def batch_mat_mul_v3(
    x: Tensor,
    y: Tensor,
    Tout: torch.dtype,
    adj_x: bool = False,
    adj_y: bool = False,
    grad_x: bool = False,
    grad_y: bool = False,
) -> Tensor:
    """Products of matrices. Shapes: x (..., m, k), y (..., k, n) -> (..., m, n). Dtypes: all."""
    if not Tout.is_floating_point:  # products of bytes don't fit into bytes
        x, y = x.to(Tout), y.to(Tout)
    return torch.matmul(_adjoint(x, adj_x), _adjoint(y, adj_y)).to(Tout)


@lower("tf.Einsum")
def einsum(inputs: Sequence[Tensor], equation: str) -> Tensor:
    """Sums of products by the names of axes. Shapes: as the equation says. Dtypes: all."""
    return torch.einsum(equation, *inputs)


@lower("tf.L2Loss")
def l2_loss(t: Tensor) -> Tensor:
    """Half the sum of the squares. Shapes: t (...) -> (). Dtypes: floats."""
    return (t * t).sum() / 2


@lower("tf.MatrixBandPart")
def matrix_band_part(input: Tensor, num_lower: Tensor, num_upper: Tensor) -> Tensor:
    """Zeros outside a band around the diagonal. Shapes: input (..., m, n) -> the same."""
    rows, columns = torch.arange(input.shape[-2]), torch.arange(input.shape[-1])
    below = rows[:, None] - columns[None]
    kept = ((num_lower < 0) | (below <= num_lower)) & ((num_upper < 0) | (-below <= num_upper))
    return torch.where(kept, input, torch.zeros((), dtype=input.dtype))
