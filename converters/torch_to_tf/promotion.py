"""PyTorch's type promotion for TensorFlow tensors.

Source: PyTorch, "Tensor Attributes", section torch.dtype. Three ranks of operands: tensors with
dimensions, zero-dimensional tensors, Python numbers. A lower rank counts only if its kind (bool, integer,
floating, complex) is higher than that of the ranks above it.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator, Sequence

import tensorflow as tf

Number = bool | int | float | complex
Tensor = tf.Tensor

_KINDS = {bool: 0, int: 1, float: 2, complex: 3}
_default_float: contextvars.ContextVar[tf.DType] = contextvars.ContextVar("default_float", default=tf.float32)
_LATTICE = (
    tf.bool, tf.uint8, tf.int8, tf.int16, tf.int32, tf.int64,
    tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.complex64, tf.complex128,
)  # fmt: skip


@contextlib.contextmanager
def default_float(dtype: tf.DType) -> Iterator[None]:
    """Set the type that numbers without a type of their own are computed in (PyTorch's default dtype)."""
    token = _default_float.set(dtype)
    try:
        yield
    finally:
        _default_float.reset(token)


def default_dtype(kind: int = 2) -> tf.DType:
    """The type of a Python number: 0 for bool, 1 for int, 2 for float, 3 for complex."""
    wide = _default_float.get() == tf.float64
    complexes = tf.complex128 if wide else tf.complex64
    return (tf.bool, tf.int64, _default_float.get(), complexes)[kind]


def kind_of(dtype: tf.DType) -> int:
    """0 for bool, 1 for integers, 2 for floating point, 3 for complex."""
    if dtype.is_bool:
        return 0
    if dtype.is_integer:
        return 1
    return 2 if dtype.is_floating else 3


def join(first: tf.DType, second: tf.DType) -> tf.DType:
    """The smallest type that holds both, by PyTorch's lattice.

    >>> join(tf.float16, tf.bfloat16).name, join(tf.uint8, tf.int8).name, join(tf.float64, tf.complex64).name
    ('float32', 'int16', 'complex128')
    """
    pair = {first, second}
    if pair == {tf.float16, tf.bfloat16}:
        return tf.float32
    if pair == {tf.uint8, tf.int8}:
        return tf.int16
    if pair == {tf.float64, tf.complex64}:
        return tf.complex128
    return max(first, second, key=_LATTICE.index)


def is_number(operand: object) -> bool:
    """Whether an operand is a Python number."""
    return isinstance(operand, bool | int | float | complex)


def result_type(*operands: object) -> tf.DType:
    """The type in which PyTorch computes an operation of these operands."""
    ranks: tuple[list[tf.DType], list[tf.DType], list[tf.DType]] = ([], [], [])
    for operand in operands:
        if is_number(operand):
            ranks[2].append(default_dtype(_KINDS[type(operand)]))
        else:
            assert isinstance(operand, tf.Tensor | tf.Variable)
            ranks[1 if operand.shape.rank == 0 else 0].append(operand.dtype)
    chosen: tf.DType | None = None
    for rank in ranks:
        if not rank:
            continue
        dtype = rank[0]
        for other in rank[1:]:
            dtype = join(dtype, other)
        if chosen is None:
            chosen = dtype
        elif kind_of(dtype) > kind_of(chosen):
            if kind_of(dtype) == 3 and chosen == tf.float64:
                chosen = tf.complex128
            else:
                chosen = dtype
    assert chosen is not None
    return chosen


def cast(operand: object, dtype: tf.DType) -> Tensor:
    """A tensor of the given type; Python numbers are rounded once, to that type."""
    if is_number(operand):
        if dtype.is_integer and not isinstance(operand, complex):
            operand = int(operand)  # type: ignore[arg-type]
        return tf.constant(operand, dtype)
    return operand if operand.dtype == dtype else tf.cast(operand, dtype)  # type: ignore[attr-defined]


def promote(*operands: object) -> list[Tensor]:
    """All operands in PyTorch's common type."""
    dtype = result_type(*operands)
    return [cast(operand, dtype) for operand in operands]


def floating(*operands: object) -> list[Tensor]:
    """As :func:`promote`, with integers and bools computed in float32 (PyTorch's default type)."""
    dtype = result_type(*operands)
    if kind_of(dtype) < 2:
        dtype = default_dtype()
    return [cast(operand, dtype) for operand in operands]


def shape_of(x: Tensor) -> list[int | Tensor]:
    """The sizes of ``x``: Python integers where they are static, int32 scalars where not."""
    static = x.shape.as_list()
    if None not in static:
        return list(static)
    dynamic = tf.shape(x)
    return [dynamic[place] if size is None else size for place, size in enumerate(static)]


def normalized(dim: int, rank: int) -> int:
    """``dim`` counted from the front; a zero-dimensional tensor counts as one-dimensional."""
    return dim % max(rank, 1)


def dims_of(dim: int | Sequence[int] | None, rank: int) -> list[int]:
    """A list of axes from PyTorch's ``dim`` argument: None and the empty list mean all."""
    if dim is None or (not isinstance(dim, int) and len(dim) == 0):
        return list(range(rank))
    return [normalized(d, rank) for d in ([dim] if isinstance(dim, int) else dim)]
