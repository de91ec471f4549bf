"""Calls of ``keras.ops`` and of layers on symbolic tensors, with names and sizes kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import sympy
from keras import ops

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.sizes import Dims, Size, known, normal
from converters.torch_to_tf.targets.keras_model.values import (
    Complex,
    Constant,
    Filled,
    Sizes,
    Tensor,
    Value,
    Weight,
)

_LARGEST_CONSTANT = 1 << 16


class Builder:
    """A functional model in the making.

    A class because names must be unique across it, and because layers, weights and counters are
    made once and used again.
    """

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.layers: dict[object, Any] = {}
        self.homes: dict[str, Tensor] = {}
        self.anchors: dict[Size, tuple[Tensor, int]] = {}
        self.scope = ""
        self.zero: Tensor | None = None
        self.merged: list[tuple[str, ...]] = []

    # names

    @contextmanager
    def within(self, scope: str) -> Iterator[None]:
        """Name what is made in this block after a node."""
        before, self.scope = self.scope, scope
        try:
            yield
        finally:
            self.scope = before

    def unique(self, name: str) -> str:
        """A legal name that no other operation has."""
        name = re.sub(r"[^A-Za-z0-9_.\\>-]", "_", name) or "operation"
        name = name if re.match(r"[A-Za-z0-9.]", name) else f"n{name}"
        count = self.names.get(name, 0)
        self.names[name] = count + 1
        return name if count == 0 else self.unique(f"{name}_{count}")

    def rename(self, tensor: Tensor, name: str) -> None:
        """Call the operation behind a tensor by its node's name, unless it is a layer."""
        operation = tensor.keras._keras_history.operation
        if not isinstance(operation, keras.layers.Layer) and not _named(operation, name):
            operation.name = self.unique(name)

    # tensors

    def tensor(self, keras_tensor: Any, dims: Sequence[Size] | None = None) -> Tensor:
        """A symbolic tensor with its sizes; the first of an open size is what counts it later."""
        shape = tuple(keras_tensor.shape)
        if dims is None or len(dims) != len(shape):
            dims = shape
        sizes = tuple(
            fixed if fixed is not None else size for fixed, size in zip(shape, dims, strict=True)
        )
        result = Tensor(keras_tensor, sizes)
        for axis, size in enumerate(sizes):
            if size is not None and not known(size):
                self.anchors.setdefault(normal(size), (result, axis))
        return result

    def start(self, keras_input: Any, dims: Dims) -> Tensor:
        """An input of the model."""
        self.names[keras_input._keras_history.operation.name] = 1
        result = self.tensor(keras_input, dims)
        if self.zero is None:
            with self.within("zero"):
                part = (
                    self.call(ops.get_item, result, (slice(0, 1),), dims=(None, *dims[1:]))
                    if (dims)
                    else result
                )
                zeros = self.call(ops.zeros_like, part, dtype="int32")
                self.zero = self.call(ops.sum, zeros, dims=())
        return result

    def call(
        self,
        function: Callable[..., Any],
        *operands: object,
        dims: Sequence[Size] | None = None,
        dtype: str | None = None,
        **options: object,
    ) -> Any:
        """Call a function of ``keras.ops``.

        Args:
            function: which.
            operands: values, or what the function takes as it is.
            dims: the result's sizes, where Keras can't tell them; for several results a list.
            dtype: the type wanted of a result; passed on to ``zeros_like`` and the like.
            options: by name.

        Returns:
            A :class:`Tensor`, or a list of them.
        """
        if function is ops.add:
            function, operands = self._sum(operands)
        given = [self.argument(operand) for operand in operands]
        if dtype is not None and function in _TYPED:
            options["dtype"] = dtype
        result = function(*given, **options)
        if isinstance(result, tuple | list):
            every = dims if dims is not None else [None] * len(result)
            self._rename(result[0])
            return [self.tensor(r, d) for r, d in zip(result, every, strict=True)]  # type: ignore[arg-type]
        self._rename(result)
        if dtype is not None and str(result.dtype) != dtype:
            result = ops.cast(result, dtype)
            self._rename(result)
        return self.tensor(result, dims)

    def _sum(self, operands: Sequence[Any]) -> tuple[Callable[..., Any], tuple[object, ...]]:
        """What adds two operands.

        ``keras.ops.add`` takes a second operand that squeezes to a vector for a bias and adds it
        along axis 1 or the last one, wherever its own axis stands (seen in Keras 3.15.1 with
        TensorFlow). Where that may happen, ``x + y`` is written ``y + x`` or ``x - (-y)``, which
        are the same numbers.
        """
        x, y = operands
        if _no_bias(y, x):
            return ops.add, (x, y)
        if _no_bias(x, y):
            return ops.add, (y, x)
        dims = getattr(y, "dims", None)
        return ops.subtract, (x, self.call(ops.negative, y, dims=dims))

    def _rename(self, result: Any) -> None:
        operation = result._keras_history.operation
        kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(operation).__name__).lower()
        operation.name = self.unique(f"{self.scope}.{kind}" if self.scope else kind)

    def argument(self, operand: object) -> Any:
        """An operand as ``keras.ops`` takes it: numbers stay numbers, for they have no type."""
        if isinstance(operand, list | tuple):
            return type(operand)(self.argument(item) for item in operand)
        if isinstance(operand, Constant):
            if operand.array.ndim == 0 and operand.array.dtype.kind != "c":
                return operand.array.item()
            if operand.array.size == 1 and operand.dtype.startswith(("float", "bfloat")):
                return self.symbolic(operand).keras
            if operand.dtype in ("float32", "float16", "bfloat16", "complex64"):
                return self.symbolic(operand).keras
            return operand.array.astype(operand.dtype)
        if isinstance(operand, Tensor | Weight | Sizes | Filled | Complex):
            return self.symbolic(operand).keras
        return operand

    def symbolic(self, value: Value) -> Tensor:
        """A value as a tensor of the model."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Complex) or value.dtype.startswith("complex"):
            raise UnsupportedVariantError("an operator of complex numbers")
        if isinstance(value, Weight):
            return self.home(value)
        if isinstance(value, Sizes):
            return self._counted(value)
        if isinstance(value, Filled):
            return self.spread(
                Constant(value.value.array.reshape((1,) * len(value.dims)), value.dtype),
                value.dims,
            )
        return self._constant(value)

    def _constant(self, value: Constant) -> Tensor:
        """A constant as a tensor.

        Floats are written in float64 and rounded by a cast, so that the model in float64 has them
        in full.
        """
        assert self.zero is not None
        if value.array.size > _LARGEST_CONSTANT and value.dtype == "float32":
            raise UnsupportedVariantError(
                f"a constant of {value.array.size} elements has no place in a .keras file"
            )
        if value.dtype == "bool":
            zero = self.call(ops.cast, self.zero, "bool")
            return self.call(ops.logical_or, zero, value.array, dims=value.dims)
        wide = "float64" if value.array.dtype.kind == "f" else str(value.array.dtype)
        zero = self.call(ops.cast, self.zero, wide)
        number = value.array.item() if value.array.ndim == 0 else value.array.astype(wide)
        held = self.call(ops.add, zero, number, dims=value.dims)
        if held.dtype == value.dtype:
            return held
        return self.call(ops.cast, held, value.dtype, dims=value.dims)

    # sizes

    def count(self, size: Size) -> Tensor:
        """A size as an int32 scalar of the model."""
        size = normal(size)
        key = ("count", size)
        if key not in self.layers:
            with self.within("sizes"):
                self.layers[key] = self._count(size)
        found: Tensor = self.layers[key]
        return found

    def _count(self, size: Any) -> Tensor:
        if known(size):
            return self._constant(Constant(np.asarray(size, np.int32), "int32"))
        if size in self.anchors or not (size.is_Add or size.is_Mul):
            ones = self.call(ops.ones_like, self.iota(size), dims=(size,))
            return self.call(ops.sum, ones, dtype="int32", dims=())
        total = self.count(size.args[0])
        for part in size.args[1:]:
            join = ops.add if size.is_Add else ops.multiply
            total = self.call(join, total, self.count(part), dims=())
        return total

    def _counted(self, value: Sizes) -> Tensor:
        flat = [self._number(size, value.dtype) for size in value.array.reshape(-1)]
        if value.array.ndim == 0:
            result = flat[0]
        else:
            result = self.call(ops.stack, flat, dims=(len(flat),))
            result = self.call(ops.reshape, result, value.array.shape, dims=value.dims)
        return result if result.dtype == value.dtype else self.call(ops.cast, result, value.dtype)

    def _number(self, size: Any, dtype: str) -> Tensor:
        """A size, or a fraction of sizes, as a scalar."""
        over, under = sympy.fraction(sympy.together(size))
        number = self.count(over)
        if number.dtype != dtype:
            number = self.call(ops.cast, number, dtype, dims=())
        if under == 1:
            return number
        divisor = self.call(ops.cast, self.count(under), dtype, dims=())
        return self.call(ops.divide, number, divisor, dims=())

    def iota(self, size: Size) -> Tensor:
        """0, 1, 2, ... up to an open size, int32."""
        size = normal(size)
        if known(size):
            return self._constant(Constant(np.arange(size, dtype=np.int32), "int32"))
        key = ("iota", size)
        if key not in self.layers:
            with self.within("sizes"):
                self.layers[key] = self._iota(size)
        found: Tensor = self.layers[key]
        return found

    def _iota(self, size: Any) -> Tensor:
        if size in self.anchors:
            tensor, axis = self.anchors[size]
            cut = tuple(
                slice(None) if place == axis else slice(0, 1) for place in range(len(tensor.dims))
            )
            line = self.call(ops.get_item, tensor, cut, dims=_cut(tensor.dims, axis))
            ones = self.call(ops.ones_like, line, dtype="int32", dims=line.dims)
            others = tuple(place for place in range(len(tensor.dims)) if place != axis)
            if others:
                ones = self.call(ops.max, ones, axis=others, dims=(size,))
            ends = self.call(ops.cumsum, ones, dtype="int32", dims=(size,))
            return self.call(ops.subtract, ends, 1, dims=(size,))
        return self._composed(size)

    def _composed(self, size: Any) -> Tensor:
        """The counter of a size that no tensor has: from those of its parts."""
        if size.is_Mul:
            first, rest = size.as_two_terms()
            first, rest = normal(first), normal(rest)
            inner = self.iota(rest)
            rows = self.call(ops.expand_dims, self.iota(first), 1, dims=(first, 1))
            wide = self.call(ops.multiply, rows, self.count(rest), dims=(first, 1))
            table = self.call(ops.add, wide, inner, dims=(first, rest))
            return self.call(ops.reshape, table, (-1,), dims=(size,))
        if size.is_Add:
            first, rest = size.as_two_terms()
            first, rest = normal(first), normal(rest)
            if known(first) and first < 0:
                return self.call(ops.get_item, self.iota(rest), (slice(None, first),), dims=(size,))
            tail = self.call(ops.add, self.iota(rest), self.count(first), dims=(rest,))
            return self.call(ops.concatenate, [self.iota(first), tail], dims=(size,))
        if size.func.__name__ == "floor":
            scaled = size.args[0]
            for divisor in range(2, 1025):
                inner = normal(scaled * divisor)
                if known(inner) or all(part.is_integer for part in inner.as_ordered_terms()):
                    steps = slice(divisor - 1, None, divisor)
                    return self.call(ops.get_item, self.iota(inner), (steps,), dims=(size,))
        for anchor, (tensor, _) in self.anchors.items():
            factor = normal(anchor / size) if anchor.free_symbols == size.free_symbols else None
            if factor is not None and known(factor) and factor > 1:
                del tensor
                steps = slice(0, None, factor)
                return self.call(ops.get_item, self.iota(anchor), (steps,), dims=(size,))
        raise UnsupportedVariantError(
            f"the size {size} is that of no tensor of the model; give it a fixed size"
        )

    def spread(self, value: Value, dims: Sequence[Size]) -> Tensor:
        """Repeat axes of size 1 until a tensor has the given sizes."""
        dims = tuple(dims)
        lead = len(dims) - len(value.dims)
        if isinstance(value, Constant):
            value = Constant(value.array.reshape((1,) * lead + value.array.shape), value.dtype)
            fixed = [
                size if known(size) and own == 1 else own
                for size, own in zip(dims, value.dims, strict=True)
            ]
            value = Constant(np.broadcast_to(value.array, fixed), value.dtype)
        tensor = self.symbolic(value)
        if lead and not isinstance(value, Constant):
            tensor = self.reshape(tensor, (1,) * lead + tuple(tensor.dims))
        if all(known(size) for size in dims) and tensor.dims != dims:
            return self.call(ops.broadcast_to, tensor, dims, dims=dims)
        for axis, (own, size) in enumerate(zip(tensor.dims, dims, strict=True)):
            if known(own) and own == 1 and not (known(size) and size == 1):
                places = self.call(ops.multiply, self.iota(size), 0, dims=(size,))
                after = (*tensor.dims[:axis], size, *tensor.dims[axis + 1 :])
                tensor = self.call(ops.take, tensor, places, axis=axis, dims=after)
        return tensor

    def reshape(self, tensor: Tensor, dims: Sequence[Size]) -> Tensor:
        """Any reshape, with any number of open sizes."""
        from converters.torch_to_tf.targets.keras_model.reshaping import reshaped

        return reshaped(self, tensor, tuple(normal(size) for size in dims))

    # weights and layers

    def home(self, weight: Weight) -> Tensor:
        """A weight that no layer takes: the only row of an embedding of its name.

        The row's number is 0, made from an input by an operation that no value of it disturbs.
        """
        if weight.axes is not None:
            stored = Weight(weight.parameter)
            have = weight.parameter.spec.axes or tuple(range(len(stored.dims)))
            order = tuple(have.index(axis) for axis in weight.axes)
            moved: Tensor = self.call(ops.transpose, stored, order, dims=weight.dims)
            return moved
        name = weight.parameter.name
        if name not in self.homes:
            assert self.zero is not None
            array = weight.placed
            if array.dtype.kind in "biu" and array.size <= _LARGEST_CONSTANT:
                return self._constant(Constant(array, weight.dtype))
            with self.within(name):
                rows = array.reshape(1, -1)
                if array.size == 0:
                    return self._constant(Constant(array.astype(np.float64), weight.dtype))
                layer = keras.layers.Embedding(
                    1,
                    rows.shape[1],
                    embeddings_initializer="zeros",
                    name=self.unique(name),
                    dtype=weight.dtype,
                    trainable=weight.parameter.trainable,
                )
                row = self.tensor(layer(self.zero.keras))
                layer.set_weights([rows])
                self.homes[name] = self.call(ops.reshape, row, array.shape)
        return self.homes[name]

    def layer(
        self,
        key: object,
        make: Callable[[str], Any],
        name: str,
        inputs: object,
        weights: Sequence[np.ndarray] = (),
        dims: Sequence[Size] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> Any:
        """Call a layer of Keras; the same module called again is the same layer.

        Args:
            key: what makes two calls calls of one layer.
            make: makes the layer, given its name.
            name: the module's path.
            inputs: what it is called with.
            weights: the layer's, in the order of ``layer.weights``.
            dims: the result's sizes; for several results a list.
            options: of the call.
        """
        fresh = key not in self.layers
        layer = self.layers[key] if not fresh else make(self.unique(name or self.scope))
        result = layer(self.argument(inputs), **(options or {}))
        if fresh:
            self.layers[key] = layer
            for variable, array in zip(layer.weights, weights, strict=False):
                variable.assign(np.ascontiguousarray(array))
        if isinstance(result, tuple | list):
            every = dims if dims is not None else [None] * len(result)
            return [self.tensor(r, d) for r, d in zip(result, every, strict=True)]  # type: ignore[arg-type]
        return self.tensor(result, dims)


def _no_bias(value: object, other: object) -> bool:
    """Whether ``keras.ops.add`` adds ``value`` to ``other`` where it belongs."""
    dims: Dims = getattr(value, "dims", getattr(value, "shape", ()))
    wide = [axis for axis, size in enumerate(dims) if size != 1]
    if not wide or sum(known(dims[axis]) for axis in wide) > 1:
        return True
    whole: Dims = getattr(other, "dims", getattr(other, "shape", ()))
    last = wide == [len(dims) - 1] and len(dims) <= len(whole)
    return last and bool(normal(whole[-1] - dims[-1]) == 0)


def _named(operation: Any, name: str) -> bool:
    return bool(re.fullmatch(re.escape(name) + r"(_\d+)?", operation.name))


def _cut(dims: Dims, axis: int) -> Dims:
    return tuple(size if place == axis else 1 for place, size in enumerate(dims))


_TYPED = frozenset({ops.zeros_like, ops.ones_like, ops.cumsum})
