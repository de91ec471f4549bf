"""Diagonals of matrices: taken, made and set."""

from __future__ import annotations

import torch

from converters.errors import UnsupportedVariantError
from converters.tf_to_torch.lowerings import Number, Sizes, Tensor, lower

_ALIGN = "RIGHT_LEFT"


def _band(k: Sizes) -> tuple[int, int]:
    """The lowest and the highest diagonal."""
    if isinstance(k, int):
        return k, k
    numbers = list(k)
    return numbers[0], numbers[-1]


def _lengths(rows: int, columns: int, low: int, high: int) -> list[tuple[int, int]]:
    """Each diagonal from the highest down, with how long it is."""
    return [(d, min(rows + min(d, 0), columns - max(d, 0))) for d in range(high, low - 1, -1)]


def _start(diagonal: int, length: int, longest: int, align: str) -> int:
    """Where a diagonal begins in a row as long as the longest one."""
    above, below = align.split("_")
    side = above if diagonal > 0 else below
    if diagonal == 0:
        return 0 if length == longest else (0 if below == "LEFT" else longest - length)
    return longest - length if side == "RIGHT" else 0


def _taken(x: Tensor, k: Sizes, padding: Number | Tensor, align: str) -> Tensor:
    low, high = _band(k)
    if low == high:
        return torch.diagonal(x, low, -2, -1)
    found = _lengths(x.shape[-2], x.shape[-1], low, high)
    longest = max(length for _, length in found)
    rows = []
    for diagonal, length in found:
        start = _start(diagonal, length, longest, align)
        fill = torch.as_tensor(padding, dtype=x.dtype).detach()  # TensorFlow gives it no gradient
        parts = [
            fill.expand(*x.shape[:-2], start),
            torch.diagonal(x, diagonal, -2, -1),
            fill.expand(*x.shape[:-2], longest - length - start),
        ]
        rows.append(torch.cat(parts, -1))
    return torch.stack(rows, -2)


def _placed(x: Tensor, diagonal: Tensor, k: Sizes, align: str) -> Tensor:
    """The matrix with other diagonals."""
    low, high = _band(k)
    found = _lengths(x.shape[-2], x.shape[-1], low, high)
    longest = max(length for _, length in found)
    for place, (number, length) in enumerate(found):
        row = diagonal if low == high else diagonal.select(-2, place)
        start = _start(number, length, longest, align) if low != high else 0
        x = torch.diagonal_scatter(x, row.narrow(-1, start, length), number, -2, -1)
    return x


@lower("tf.MatrixDiagPartV3")
def matrix_diag_part_v3(
    input: Tensor, k: Sizes, padding_value: Tensor, align: str = _ALIGN
) -> Tensor:
    """Diagonals ``k``, padded to one length. Shapes: (..., m, n) -> (..., [count,] length)."""
    return _taken(input, k, padding_value, align)


@lower("tf.MatrixDiagPartV2")
def matrix_diag_part_v2(input: Tensor, k: Sizes, padding_value: Tensor) -> Tensor:
    """The same, padded behind. Shapes: (..., m, n) -> (..., [count,] length). Dtypes: all."""
    return _taken(input, k, padding_value, "LEFT_LEFT")


@lower("tf.MatrixDiagPart")
def matrix_diag_part(input: Tensor) -> Tensor:
    """The main diagonal. Shapes: (..., m, n) -> (..., min(m, n)). Dtypes: all."""
    return torch.diagonal(input, 0, -2, -1)


def _made(
    diagonal: Tensor, k: Sizes, num_rows: Sizes, num_cols: Sizes, padding: Tensor, align: str
) -> Tensor:
    low, high = _band(k)
    longest = diagonal.shape[-1]
    rows, columns = num_rows, num_cols
    if rows == -1 and columns == -1:
        rows = columns = (
            longest + max(-high, low, 0) if low == high else longest + max(0, -high, low)
        )
    rows = longest + max(-high, 0) if rows == -1 else rows
    columns = longest + max(low, 0) if columns == -1 else columns
    lead = diagonal.shape[:-1] if low == high else diagonal.shape[:-2]
    start = padding.detach().to(diagonal.dtype).expand(*lead, rows, columns).clone()
    return _placed(start, diagonal, k, align)


@lower("tf.MatrixDiagV3")
def matrix_diag_v3(
    diagonal: Tensor,
    k: Sizes,
    num_rows: Sizes,
    num_cols: Sizes,
    padding_value: Tensor,
    align: str = _ALIGN,
) -> Tensor:
    """A matrix of diagonals. Shapes: (..., [count,] length) -> (..., rows, columns)."""
    return _made(diagonal, k, num_rows, num_cols, padding_value, align)


@lower("tf.MatrixDiagV2")
def matrix_diag_v2(
    diagonal: Tensor, k: Sizes, num_rows: Sizes, num_cols: Sizes, padding_value: Tensor
) -> Tensor:
    """The same, padded behind. Shapes: (..., [count,] length) -> (..., rows, columns)."""
    return _made(diagonal, k, num_rows, num_cols, padding_value, "LEFT_LEFT")


@lower("tf.MatrixDiag")
def matrix_diag(diagonal: Tensor) -> Tensor:
    """A square matrix of its diagonal. Shapes: (..., n) -> (..., n, n). Dtypes: all."""
    return torch.diag_embed(diagonal)


@lower("tf.MatrixSetDiagV3")
def matrix_set_diag_v3(input: Tensor, diagonal: Tensor, k: Sizes, align: str = _ALIGN) -> Tensor:
    """A matrix with other diagonals. Shapes: input (..., m, n) -> the same. Dtypes: all."""
    return _placed(input, diagonal, k, align)


@lower("tf.MatrixSetDiagV2")
def matrix_set_diag_v2(input: Tensor, diagonal: Tensor, k: Sizes) -> Tensor:
    """The same, padded behind. Shapes: input (..., m, n) -> the same. Dtypes: all."""
    return _placed(input, diagonal, k, "LEFT_LEFT")


@lower("tf.MatrixSetDiag")
def matrix_set_diag(input: Tensor, diagonal: Tensor) -> Tensor:
    """A matrix with another main diagonal. Shapes: input (..., m, n) -> the same."""
    return torch.diagonal_scatter(input, diagonal, 0, -2, -1)


@lower("tf.Diag")
def diag(diagonal: Tensor) -> Tensor:
    """A tensor of twice the rank with a diagonal. Shapes: (D) -> (D, D). Dtypes: all."""
    return torch.diag(diagonal.reshape(-1)).reshape(*diagonal.shape, *diagonal.shape)


@lower("tf.DiagPart")
def diag_part(input: Tensor) -> Tensor:
    """The diagonal of such a tensor. Shapes: (D, D) -> (D). Dtypes: all."""
    half = input.shape[: input.ndim // 2]
    count = 1
    for size in half:
        count = count * size
    return torch.diagonal(input.reshape(count, count)).reshape(half)


@lower("tf.Cross")
def cross(a: Tensor, b: Tensor) -> Tensor:
    """The product of vectors in space. Shapes: a (..., 3), b (..., 3) -> (..., 3).

    Raises: UnsupportedVariantError for other lengths.
    """
    if a.shape[-1] != 3:
        raise UnsupportedVariantError("Cross is for vectors of 3 numbers.")
    return torch.linalg.cross(a, b, dim=-1)
