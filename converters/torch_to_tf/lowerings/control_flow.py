"""Branches and loops: the functions among an operator's arguments are called like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import tensorflow as tf

from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number, is_number, runtime_number, shape_of


class Branch(Protocol):
    """A captured function: called with tensors, it returns a list of them.

    ``inputs`` and ``outputs`` are specs; a tensor's has the attributes ``static``, its shape with
    None for what is open, and ``dtype``.
    """

    inputs: Sequence[Any]
    outputs: Sequence[Any]

    def __call__(self, *operands: object) -> list[Any]:
        """The results."""


@lower("higher_order.cond")
def cond(
    pred: tf.Tensor | bool,
    true_fn: Branch,
    false_fn: Branch,
    operands: Sequence[tf.Tensor | Number],
) -> list[Any]:
    """``true_fn(*operands)`` if ``pred``, else ``false_fn(*operands)``.

    Shapes: pred of one element; the results' are those of either branch.
    Gradients flow through the branch that was taken.
    """
    if not isinstance(pred, tf.Tensor):
        return (true_fn if pred else false_fn)(*operands)
    numbers: list[bool | None] = []

    def tensors(branch: Branch) -> list[tf.Tensor]:
        results = branch(*operands)
        numbers[:] = [None if r is None else is_number(r) for r in results]
        return [_tensor(result) for result in results if result is not None]

    pred = tf.reshape(pred, ())
    results = iter(tf.cond(pred, lambda: tensors(true_fn), lambda: tensors(false_fn)))
    return [None if kind is None else _as(next(results), number=kind) for kind in numbers]


@lower("higher_order.while_loop")
def while_loop(
    cond_fn: Branch,
    body_fn: Branch,
    carried_inputs: Sequence[tf.Tensor | Number],
    additional_inputs: Sequence[tf.Tensor | Number],
) -> list[Any]:
    """Replace what is carried by ``body_fn(*carried, *additional)`` while ``cond_fn`` of it holds.

    Shapes: what is carried keeps its shape.
    Gradients flow through every turn that was taken.
    """
    count = len(carried_inputs)
    shapes = [tf.TensorShape(_shape(spec)) for spec in body_fn.inputs[:count]]
    numbers = [is_number(value) for value in carried_inputs]

    def given(carried: Sequence[tf.Tensor]) -> list[Any]:
        pairs = zip(carried, numbers, strict=True)
        return [*(_as(value, number=number) for value, number in pairs), *additional_inputs]

    def goes_on(*carried: tf.Tensor) -> tf.Tensor:
        return tf.reshape(_tensor(cond_fn(*given(carried))[0]), ())

    def turn(*carried: tf.Tensor) -> list[tf.Tensor]:
        return _shaped(body_fn(*given(carried)), shapes, [value.dtype for value in carried])

    start = _shaped(carried_inputs, shapes, [None] * count)
    results = tf.while_loop(goes_on, turn, start, shape_invariants=shapes)
    return [_as(value, number=number) for value, number in zip(results, numbers, strict=True)]


@lower("higher_order.map_impl")
def map_impl(
    f: Branch, xs: Sequence[tf.Tensor], pos_args: Sequence[tf.Tensor | Number]
) -> list[tf.Tensor]:
    """``f(*rows, *pos_args)`` for all rows, one of each of ``xs``; results stacked along axis 0.

    Shapes: xs (n, ...) -> (n, ...).
    """
    return _scanned(f, (), xs, pos_args)


@lower("higher_order.scan")
def scan(
    combine_fn: Branch,
    init: Sequence[tf.Tensor],
    xs: Sequence[tf.Tensor],
    additional_inputs: Sequence[tf.Tensor | Number],
) -> list[tf.Tensor]:
    """``combine_fn(*carry, *rows, *additional)`` row after row: the next carry, then results.

    Shapes: init (...), xs (n, ...) -> the last carry (...), the results stacked (n, ...).
    """
    return _scanned(combine_fn, init, xs, additional_inputs)


def _scanned(
    step: Branch,
    init: Sequence[tf.Tensor],
    xs: Sequence[tf.Tensor],
    more: Sequence[tf.Tensor | Number],
) -> list[tf.Tensor]:
    size, count = shape_of(xs[0])[0], len(init)
    shapes = [tf.TensorShape(_shape(spec)) for spec in step.inputs[:count]]
    rows = [tf.TensorArray(x.dtype, size=size, element_shape=x.shape[1:]).unstack(x) for x in xs]
    kept = [i for i, spec in enumerate(step.outputs) if i >= count and spec is not None]
    made = [
        tf.TensorArray(
            tf.as_dtype(step.outputs[i].dtype.value),
            size=size,
            element_shape=tf.TensorShape(_shape(step.outputs[i])),
        )
        for i in kept
    ]

    def turn(i: tf.Tensor, carry: list[tf.Tensor], made: list[Any]) -> tuple[Any, ...]:
        results = step(*carry, *(row.read(i) for row in rows), *more)
        carry = _shaped(results[:count], shapes, [value.dtype for value in carry])
        made = [
            array.write(i, tf.ensure_shape(results[place], array.element_shape))
            for array, place in zip(made, kept, strict=True)
        ]
        return i + 1, carry, made

    start = (tf.constant(0), _shaped(init, shapes, [None] * count), made)
    invariants = (tf.TensorShape(()), shapes, [tf.TensorShape(None)] * len(made))
    _, carry, made = tf.while_loop(
        lambda i, *_: i < size,
        turn,
        start,
        shape_invariants=invariants,
        maximum_iterations=size,
    )
    stacked = dict(zip(kept, (array.stack() for array in made), strict=True))
    return [*carry, *(stacked.get(i) for i in range(count, len(step.outputs)))]


def _shape(spec: Any) -> tuple[int | None, ...]:
    return getattr(spec, "static", ())


def _shaped(
    values: Sequence[Any], shapes: Sequence[tf.TensorShape], dtypes: Sequence[tf.DType | None]
) -> list[tf.Tensor]:
    """Tensors of the shapes (and types) that a loop carries: TensorFlow asks for no less."""
    result = []
    for value, shape, dtype in zip(values, shapes, dtypes, strict=True):
        tensor = _tensor(value)
        if dtype is not None and dtype != tensor.dtype and is_number(value):
            tensor = tf.cast(tensor, dtype)
        result.append(tf.ensure_shape(tensor, shape))
    return result


def _tensor(value: Any) -> tf.Tensor:
    """The value as a tensor; numbers are int32, float64 or bool."""
    if isinstance(value, tf.Tensor):
        return value
    return tf.constant(value, tf.float64 if isinstance(value, float) else None)


def _as(value: tf.Tensor, *, number: bool) -> tf.Tensor:
    return runtime_number(value) if number else value
