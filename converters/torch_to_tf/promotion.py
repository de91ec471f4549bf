"""PyTorch's type promotion for TensorFlow tensors.

Source: PyTorch, "Tensor Attributes", section torch.dtype. Three ranks of operands: tensors with
dimensions, zero-dimensional tensors, Python numbers. A lower rank counts only if its kind (bool,
integer, floating, complex) is higher than that of the ranks above it.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from converters.errors import UnsupportedVariantError

Number = bool | int | float | complex
Tensor: TypeAlias = tf.Tensor

_KINDS = {bool: 0, int: 1, float: 2, complex: 3}
_default_float: contextvars.ContextVar[tf.DType] = contextvars.ContextVar(
    "default_float", default=tf.float32
)
_LATTICE = (
    tf.bool, tf.uint8, tf.int8, tf.int16, tf.int32, tf.int64,
    tf.float16, tf.bfloat16, tf.float32, tf.float64, tf.complex64, tf.complex128,
)  # fmt: skip


@contextlib.contextmanager
def default_float(dtype: tf.DType) -> Iterator[None]:
    """Set the type of numbers without a type of their own (PyTorch's default dtype)."""
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

    >>> join(tf.float16, tf.bfloat16).name, join(tf.uint8, tf.int8).name
    ('float32', 'int16')
    """
    if first == second:
        return first
    pair = {first, second}
    if pair == {tf.float16, tf.bfloat16}:
        return tf.float32
    if pair == {tf.uint8, tf.int8}:
        return tf.int16
    if pair == {tf.float64, tf.complex64}:
        return tf.complex128
    if not pair <= set(_LATTICE):
        raise UnsupportedVariantError(
            f"{first.name} together with {second.name}, which have no common type; cast one."
        )
    return max(first, second, key=_LATTICE.index)


def runtime_number(x: Tensor) -> Tensor:
    """Mark a scalar as a Python number that is known only at run time, for example a size.

    It promotes as a number does, not as a zero-dimensional tensor.
    """
    x._is_number = True
    return x


def is_number(operand: object) -> bool:
    """Whether an operand is a Python number, known now or at run time (:func:`runtime_number`)."""
    return isinstance(operand, bool | int | float | complex) or getattr(
        operand, "_is_number", False
    )


def number_kind(number: object) -> int:
    """The kind of a number: 0 for bool, 1 for int, 2 for float, 3 for complex."""
    return _KINDS[type(number)] if type(number) in _KINDS else kind_of(number.dtype)  # type: ignore[attr-defined]


def result_type(*operands: object) -> tf.DType:
    """The type in which PyTorch computes an operation of these operands."""
    ranks: tuple[list[tf.DType], list[tf.DType], list[tf.DType]] = ([], [], [])
    for operand in operands:
        if is_number(operand):
            ranks[2].append(default_dtype(number_kind(operand)))
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
            chosen = tf.complex128 if kind_of(dtype) == 3 and chosen == tf.float64 else dtype
    assert chosen is not None
    return chosen


def cast(operand: Any, dtype: tf.DType) -> Tensor:
    """A tensor of the given type; Python numbers are rounded once, to that type.

    Floats become narrow integers through int32 (uint8: int64), so that what does not fit wraps
    round as in PyTorch on x86.
    """
    if isinstance(operand, bool | int | float | complex):
        if dtype.is_bool:
            operand = bool(operand)
        elif dtype.is_integer and not isinstance(operand, complex):
            operand = int(operand)
        elif isinstance(operand, bool):
            operand = float(operand)
        return tf.constant(operand, dtype)
    assert isinstance(operand, tf.Tensor | tf.Variable)
    if operand.dtype == dtype:
        return operand
    if operand.dtype.is_floating and dtype.is_integer and dtype.size < 4:
        operand = tf.cast(operand, tf.int64 if dtype.is_unsigned else tf.int32)
    if operand.dtype.is_complex and not dtype.is_complex:
        operand = tf.math.real(operand)
    return tf.cast(operand, dtype)


def opmath(dtype: tf.DType) -> tf.DType:
    """The type in which PyTorch computes inside one operator: float32 for the 16-bit types."""
    return tf.float32 if dtype in (tf.float16, tf.bfloat16) else dtype


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


def computed(function: Callable[..., Tensor], *operands: object, floats: bool = False) -> Tensor:
    """Apply a function in PyTorch's common type of the operands, rounding 16-bit results once.

    Args:
        function: takes the operands as tensors of one type.
        operands: tensors and numbers.
        floats: integers and bools are computed in the default floating-point type.
    """
    dtype = result_type(*operands)
    if floats and kind_of(dtype) < 2:
        dtype = default_dtype()
    wide = opmath(dtype)
    return cast(function(*[cast(operand, wide) for operand in operands]), dtype)


def shape_of(x: Tensor) -> list[int | Tensor]:
    """The sizes of ``x``: Python integers where they are static, int32 scalars where not."""
    static = x.shape.as_list()
    if None not in static:
        return list(static)
    dynamic = tf.shape(x)
    return [
        runtime_number(dynamic[place]) if size is None else size
        for place, size in enumerate(static)
    ]


def normalized(dim: int, rank: int) -> int:
    """``dim`` counted from the front; a zero-dimensional tensor counts as one-dimensional."""
    return dim % max(rank, 1)


def count_of(x: Tensor, dims: Sequence[int]) -> int | Tensor:
    """How many elements lie along ``dims``.

    An integer, or an int32 scalar where a size is not static.
    """
    count: int | Tensor = 1
    for dim in dims:
        count = shape_of(x)[dim] * count
    return count


def same_shape(*operands: Tensor) -> list[Tensor]:
    """All operands broadcast to their common shape."""
    if all(o.shape.is_fully_defined() and o.shape == operands[0].shape for o in operands):
        return list(operands)
    shape = tf.shape(operands[0])
    for operand in operands[1:]:
        shape = tf.broadcast_dynamic_shape(shape, tf.shape(operand))
    static = operands[0].shape
    for operand in operands[1:]:
        static = tf.broadcast_static_shape(static, operand.shape)
    return [tf.ensure_shape(tf.broadcast_to(operand, shape), static) for operand in operands]


def dims_of(dim: int | Sequence[int] | None, rank: int) -> list[int]:
    """A list of axes from PyTorch's ``dim`` argument: None and the empty list mean all.

    A zero-dimensional tensor has none, though PyTorch lets it be addressed as axis 0.
    """
    if rank == 0 or dim is None or (not isinstance(dim, int) and len(dim) == 0):
        return list(range(rank))
    return [normalized(d, rank) for d in ([dim] if isinstance(dim, int) else dim)]
