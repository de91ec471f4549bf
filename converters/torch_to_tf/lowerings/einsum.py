"""Contractions that name their axes."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

import tensorflow as tf

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import promote, shape_of

Label = str | int
"""An axis: a letter of the equation, or the place, from the end, that an ellipsis gave it."""


@lower("aten.einsum.default")
def einsum(
    equation: str, tensors: Sequence[tf.Tensor], path: Sequence[int] | None = None
) -> tf.Tensor:
    """Sum of products over named axes.

    Without ``->`` the result has the ellipsis's axes, then every letter that occurs once, capitals
    first. An axis of size 1 broadcasts. ``path`` only says in which order to contract and is left
    to TensorFlow.

    Dtypes: all but bool; all alike. Integers of one operand that are summed up become int64.
    Source: PyTorch, torch.einsum.
    Differs: ``tf.einsum`` broadcasts only what an ellipsis covers, and sums float16 in float16.
    """
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(tensors):
        raise UnsupportedVariantError(
            f"einsum({equation!r}) names {len(terms)} operands, not {len(tensors)}."
        )
    labels = [_labels(term, x.shape.rank) for term, x in zip(terms, tensors, strict=True)]
    covered = max((sum(isinstance(label, int) for label in own) for own in labels), default=0)
    wanted = _output(result, covered) if arrow else _implicit_output(labels, covered)
    operands = list(tensors)
    if len(operands) == 1 and operands[0].dtype.is_integer and set(labels[0]) - set(wanted):
        operands = [tf.cast(operands[0], tf.int64)]
    return contract(operands, labels, wanted)


def _labels(term: str, rank: int) -> list[Label]:
    """One label for each axis of an operand."""
    before, dots, after = term.partition("...")
    if not re.fullmatch("[A-Za-z]*", before + after):
        raise UnsupportedVariantError(
            f"einsum operand {term!r}: only letters and one ellipsis are known."
        )
    covered = rank - len(before) - len(after)
    if covered < 0 or (covered and not dots):
        raise UnsupportedVariantError(
            f"einsum operand {term!r} doesn't fit a tensor of rank {rank}."
        )
    return [*before, *range(-covered, 0), *after]


def _output(term: str, covered: int) -> list[Label]:
    before, dots, after = term.partition("...")
    return [*before, *(range(-covered, 0) if dots else ()), *after]


def _implicit_output(labels: Sequence[Sequence[Label]], covered: int) -> list[Label]:
    letters = [label for own in labels for label in own if isinstance(label, str)]
    return [*range(-covered, 0), *sorted(c for c in set(letters) if letters.count(c) == 1)]


def contract(
    tensors: Sequence[tf.Tensor], labels: Sequence[Sequence[Label]], wanted: Sequence[Label]
) -> tf.Tensor:
    """Multiply tensors and sum over every label that is not wanted.

    Args:
        tensors: the operands.
        labels: a label for each axis of each operand; one repeated in an operand is its diagonal.
        wanted: the labels of the result, in order.
    """
    letters = dict(
        zip(
            dict.fromkeys(label for own in labels for label in own),
            string.ascii_letters,
            strict=False,
        )
    )
    stretched = {label for label in letters if _sizes(label, tensors, labels) - {1}}
    operands, terms = [], []
    for x, own in zip(tensors, labels, strict=True):
        dropped = [i for i, label in enumerate(own) if label in stretched and x.shape[i] == 1]
        operands.append(tf.squeeze(x, dropped) if dropped else x)
        terms.append("".join(letters[label] for i, label in enumerate(own) if i not in dropped))
    equation = f"{','.join(terms)}->{''.join(letters[label] for label in wanted)}"
    dtype = operands[0].dtype
    if wide := _WIDER.get(dtype):
        operands = [tf.cast(x, wide) for x in operands]
    return tf.cast(tf.einsum(equation, *operands), dtype)


_WIDER = {
    tf.float16: tf.float32,
    tf.int8: tf.int32,
    tf.int16: tf.int32,
    tf.uint8: tf.int32,
}
"""What products are summed up in. Integers wrap around alike, whenever it is done."""


def _sizes(
    label: Label, tensors: Sequence[tf.Tensor], labels: Sequence[Sequence[Label]]
) -> set[int | None]:
    return {
        x.shape[place]
        for x, own in zip(tensors, labels, strict=True)
        for place, other in enumerate(own)
        if other == label
    }


@lower("aten.tensordot.default")
def tensordot(
    x: tf.Tensor, other: tf.Tensor, dims_self: Sequence[int], dims_other: Sequence[int]
) -> tf.Tensor:
    """Sum of products over pairs of axes; an axis of size 1 broadcasts.

    Shapes: x (..., k), other (k, ***) -> (..., ***) for any choice of axes. Dtypes: as ``einsum``.
    """
    rank, other_rank = x.shape.rank, other.shape.rank
    left: list[Label] = list(range(rank))
    right: list[Label] = list(range(rank, rank + other_rank))
    for one, two in zip(dims_self, dims_other, strict=True):
        right[two % other_rank] = left[one % rank]
    shared = set(left) & set(right)
    wanted = [label for label in (*left, *right) if label not in shared]
    return contract([x, other], [left, right], wanted)


@lower("aten.bilinear.default")
def bilinear(
    input1: tf.Tensor, input2: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor | None = None
) -> tf.Tensor:
    """``input1^T weight[o] input2 + bias`` for each output feature ``o``.

    Shapes: input1 (..., i), input2 (..., j), weight (o, i, j), bias (o,) -> (..., o).
    Dtypes: all but bool.
    """
    leading: list[Label] = list(range(1 - input1.shape.rank, 0))
    partial = contract([input1, weight], [[*leading, "i"], ["o", "i", "j"]], [*leading, "o", "j"])
    result = contract([partial, input2], [[*leading, "o", "j"], [*leading, "j"]], [*leading, "o"])
    return result if bias is None else result + bias


@lower("aten.kron.default")
def kron(x: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Kronecker product; the shorter shape is padded with ones in front.

    Shapes: x (a, b, ...), other (c, d, ...) -> (a*c, b*d, ...). Dtypes: all but bool, promoted.
    """
    rank = max(x.shape.rank, other.shape.rank)
    left, right = ([1] * (rank - t.shape.rank) + shape_of(t) for t in (x, other))
    spread = [size for own in left for size in (own, 1)]
    tiled = [size for own in right for size in (1, own)]
    a, b = promote(x, other)
    product = tf.reshape(a, spread) * tf.reshape(b, tiled)
    return tf.reshape(product, [p * q for p, q in zip(left, right, strict=True)])
