"""What stands for a tensor while a Keras model is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from converters.graph import Parameter
from converters.torch_to_tf.targets.keras_model.sizes import Dims


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor of the model, with the sizes that Keras leaves open written out."""

    keras: Any
    dims: Dims

    @property
    def dtype(self) -> str:
        """The element type."""
        return str(self.keras.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """Numbers that are known now; floats in float64, whatever their type in the model."""

    array: np.ndarray
    dtype: str

    @property
    def dims(self) -> Dims:
        """The shape."""
        return tuple(self.array.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """Integers computed from sizes: an array of ints and expressions."""

    array: np.ndarray
    dtype: str

    @property
    def dims(self) -> Dims:
        """The shape."""
        return tuple(self.array.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """One number in every place of a shape."""

    value: Constant
    dims: Dims

    @property
    def dtype(self) -> str:
        """The element type."""
        return self.value.dtype


@dataclass(frozen=True, slots=True, eq=False)
class Weight:
    """A parameter or buffer that no layer of Keras holds yet.

    Attributes:
        parameter: the parameter.
        axes: its axis order here, where that is not the one that the target stores.
    """

    parameter: Parameter
    axes: tuple[int, ...] | None = None

    @property
    def array(self) -> np.ndarray:
        """The numbers in the source's axis order."""
        return self.parameter.value

    @property
    def placed(self) -> np.ndarray:
        """The numbers in the axis order that they have here."""
        axes = self.axes or self.parameter.spec.axes
        return self.array if axes is None else np.ascontiguousarray(self.array.transpose(axes))

    @property
    def dims(self) -> Dims:
        """The shape, in that order."""
        return tuple(self.placed.shape)

    @property
    def dtype(self) -> str:
        """The element type."""
        return self.parameter.spec.dtype.value


@dataclass(frozen=True, slots=True, eq=False)
class Complex:
    """A complex tensor by its parts, for Keras transforms pairs."""

    real: Tensor | Constant | Filled | Weight | Sizes
    imaginary: Tensor | Constant | Filled | Weight | Sizes
    dtype: str

    @property
    def dims(self) -> Dims:
        """The shape."""
        return self.real.dims


Value: TypeAlias = Tensor | Constant | Sizes | Filled | Weight | Complex
VALUES = (Tensor, Constant, Sizes, Filled, Weight, Complex)
