"""How tensors of one checkpoint become tensors of another, in either direction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PositiveInt, field_validator

from converters.checkpoints.pattern import parsed
from converters.checkpoints.tensor_info import TensorInfo
from converters.dtypes import DType
from converters.errors import CheckpointError
from converters.layout import Axes, inverse

Layout = Literal["same", "transpose", "convolution"]
Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)
]


class Rule(BaseModel):
    """How tensors cross.

    Attributes:
        source: their names in the source; several are joined along ``axis``. None, if tensors of
            the target are left out on the way back.
        target: their names in the target; one that is to become several is split along ``axis``.
            None, if tensors of the source are left out.
        layout: "transpose" turns the axes round, "convolution" puts the two channel axes of a
            kernel of any rank last, in the other order (as Keras has them).
        axes: instead of a layout, which of the source's axes each of the target's is.
        axis: of joining, splitting and reordering, in the target's order of axes.
        join: "concat" and "stack" put tensors beside each other; "sum" adds them up, and gives all
            to the first one, zeros to the others on the way back (the two biases of PyTorch's
            recurrent cells); "difference" takes the others off the first one, with zeros on the way
            back (a convolution's bias off the mean of the normalisation behind it); "same" are
            names of one tensor (tied weights), of which the source may lack all but the first.
        blocks: the target's equal parts along ``axis`` are these of the source (gates of recurrent
            cells); ``block_axis`` if it is another axis than that of joining and splitting.
        pattern: of the target's tensors once they are joined and split, as in einops: "(h k) d -> d
            h k" splits an axis, "c -> 1 1 c" gives it neighbours of one element. It may stand
            beside a layout, which comes first.
        sizes: of the pattern's axes, where they don't follow from the shape.
        scale: what numbers are multiplied by (momentum, which Keras keeps times the learning rate).
        dtype: of the target; the source's if it is not given. ``source_dtype`` is that of the way
            back; the target's if it is not given.
        optional: whether the tensors may be missing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Names
    target: Names
    layout: Layout = "same"
    axes: tuple[int, ...] | None = None
    axis: int = 0
    join: Literal["concat", "stack", "sum", "difference", "same"] = "concat"
    blocks: tuple[int, ...] | None = None
    block_axis: int | None = None
    pattern: str | None = None
    sizes: Mapping[str, PositiveInt] = {}
    scale: float | None = None
    dtype: DType | None = None
    source_dtype: DType | None = None
    optional: bool = False

    @field_validator("pattern")
    @classmethod
    def _is_pattern(cls, text: str | None) -> str | None:
        if text is not None:
            parsed(text)
        return text

    @field_validator("scale")
    @classmethod
    def _is_scale(cls, scale: float | None) -> float | None:
        if scale is not None and (not math.isfinite(scale) or scale == 0):
            raise ValueError("a scale is a number other than 0")
        return scale

    def forward(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The target's tensors of the source's.

        Raises:
            CheckpointError: their shapes don't fit the rule. Nothing is squeezed or broadcast.
        """
        array = self._joined([a.transpose(self._axes(a.ndim)) for a in arrays])
        if self.blocks is not None:
            array = self._reordered(array, self.blocks)
        parts = [self._patterned(part) for part in self._split(array, len(self.target))]
        if self.scale is not None:
            parts = [np.asarray(part * part.dtype.type(self.scale)) for part in parts]
        return [part if self.dtype is None else part.astype(self.dtype.numpy) for part in parts]

    def backward(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The source's tensors of the target's.

        Raises:
            CheckpointError: as for :meth:`forward`.
        """
        if self.source_dtype is not None:
            arrays = [array.astype(self.source_dtype.numpy) for array in arrays]
        if self.scale is not None:
            arrays = [np.asarray(array / array.dtype.type(self.scale)) for array in arrays]
        arrays = [self._patterned(array, reverse=True) for array in arrays]
        array = np.concatenate(arrays, self.axis) if len(arrays) > 1 else arrays[0]
        if self.blocks is not None:
            array = self._reordered(array, inverse(self.blocks))
        if len(self.source) == 1:
            parts = [array]
        elif self.join == "same":
            parts = [array] * len(self.source)
        elif self.join in ("sum", "difference"):
            parts = [array, *(np.zeros_like(array) for _ in self.source[1:])]
        elif self.join == "stack":
            if array.shape[self.axis] != len(self.source):
                raise self._unfit(array.shape)
            parts = [np.take(array, place, self.axis) for place in range(len(self.source))]
        else:
            parts = self._split(array, len(self.source))
        return [part.transpose(inverse(self._axes(part.ndim))) for part in parts]

    def turns(self, info: TensorInfo, *, reverse: bool) -> Axes | None:
        """Which axis of such a tensor each of the result's is, if nothing else happens to it."""
        alone = (
            len(self.target) == 1
            and self.blocks is None
            and self.pattern is None
            and self.scale is None
            and self.source_dtype in (None, info.dtype)
            and (len(self.source) == 1 or self.join == "same")
            and self.dtype in (None, info.dtype)
        )
        if not alone:
            return None
        axes = self._axes(len(info.shape))
        return inverse(axes) if reverse else axes

    def target_infos(self, infos: Sequence[TensorInfo]) -> list[TensorInfo]:
        """What :meth:`forward` will return, from the tensors without their numbers.

        Raises:
            CheckpointError: as for :meth:`forward`.
        """
        shapes = [tuple(i.shape[axis] for axis in self._axes(len(i.shape))) for i in infos]
        shape, dtype = self._joined_shape(shapes), self.dtype or infos[0].dtype
        self._part(shape, len(self.blocks or ()) or 1, self._block_axis)
        part = self._patterned_shape(self._part(shape, len(self.target)))
        return [TensorInfo(part, dtype) for _ in self.target]

    def source_infos(self, infos: Sequence[TensorInfo]) -> list[TensorInfo]:
        """What :meth:`backward` will return, from the tensors without their numbers.

        Raises:
            CheckpointError: as for :meth:`backward`.
        """
        shapes = [self._patterned_shape(info.shape, reverse=True) for info in infos]
        shape = list(shapes[0])
        if len(infos) > 1:
            if len({(*s[: self.axis], *s[self.axis + 1 :]) for s in shapes}) > 1:
                raise self._unfit(*shapes)
            shape[self.axis] = sum(s[self.axis] for s in shapes)
        part = tuple(shape)
        self._part(part, len(self.blocks or ()) or 1, self._block_axis)
        if len(self.source) > 1 and self.join == "stack":
            if shape.pop(self.axis) != len(self.source):
                raise self._unfit(part)
            part = tuple(shape)
        elif len(self.source) > 1 and self.join == "concat":
            part = self._part(part, len(self.source))
        back = tuple(part[axis] for axis in inverse(self._axes(len(part))))
        return [TensorInfo(back, self.source_dtype or infos[0].dtype) for _ in self.source]

    def _patterned(self, array: np.ndarray, *, reverse: bool = False) -> np.ndarray:
        if self.pattern is None:
            return array
        self._patterned_shape(array.shape, reverse=reverse)
        return parsed(self.pattern).apply(array, self.sizes, reverse=reverse)

    def _patterned_shape(self, shape: tuple[int, ...], *, reverse: bool = False) -> tuple[int, ...]:
        if self.pattern is None:
            return shape
        try:
            return parsed(self.pattern).shape(shape, self.sizes, reverse=reverse)
        except ValueError as error:
            raise CheckpointError(
                f"{', '.join(self.source)} to {', '.join(self.target)}: {shape} doesn't fit the "
                f"pattern {self.pattern!r}: {error}."
            ) from error

    def _joined_shape(self, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        first = list(shapes[0])
        if len(shapes) == 1:
            return shapes[0]
        if self.join == "concat":
            rests = {(*s[: self.axis], *s[self.axis + 1 :]) for s in shapes}
            if len(rests) > 1 or len(first) <= self.axis:
                raise self._unfit(*shapes)
            first[self.axis] = sum(s[self.axis] for s in shapes)
        elif len(set(shapes)) > 1:
            raise self._unfit(*shapes)
        elif self.join == "stack":
            first.insert(self.axis, len(shapes))
        return tuple(first)

    @property
    def _block_axis(self) -> int:
        return self.axis if self.block_axis is None else self.block_axis

    def _part(self, shape: tuple[int, ...], count: int, axis: int | None = None) -> tuple[int, ...]:
        """The shape of one of some equal parts."""
        if count == 1:
            return shape
        axis = self.axis if axis is None else axis
        if len(shape) <= axis or shape[axis] % count:
            raise self._unfit(shape)
        return (*shape[:axis], shape[axis] // count, *shape[axis + 1 :])

    def _axes(self, rank: int) -> tuple[int, ...]:
        if self.axes is not None:
            if sorted(self.axes) != list(range(rank)):
                raise CheckpointError(
                    f"{', '.join(self.source)} has {rank} axes, but the rule moves "
                    f"{list(self.axes)}."
                )
            return self.axes
        if self.layout == "transpose":
            return tuple(reversed(range(rank)))
        if self.layout == "convolution":
            if rank < 3:
                raise CheckpointError(f"{', '.join(self.source)} is no convolution's kernel.")
            return (*range(2, rank), 1, 0)
        return tuple(range(rank))

    def _joined(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        self._joined_shape([a.shape for a in arrays])
        if len(arrays) == 1:
            return arrays[0]
        if self.join == "same":
            if any(not np.array_equal(a, arrays[0], equal_nan=True) for a in arrays):
                raise CheckpointError(f"{', '.join(self.source)} are to be one tensor, but differ.")
            return arrays[0]
        if self.join == "stack":
            return np.stack(arrays, self.axis)
        if self.join in ("sum", "difference"):
            first, *others = arrays
            sign = 1 if self.join == "sum" else -1
            total: np.ndarray = np.sum([first, *(sign * a for a in others)], 0, dtype=first.dtype)
            return total
        return np.concatenate(arrays, self.axis)

    def _split(self, array: np.ndarray, count: int) -> list[np.ndarray]:
        self._part(array.shape, count)
        return [array] if count == 1 else list(np.split(array, count, self.axis))

    def _reordered(self, array: np.ndarray, order: Sequence[int]) -> np.ndarray:
        self._part(array.shape, len(order), self._block_axis)
        parts = np.split(array, len(order), self._block_axis)
        return np.concatenate([parts[place] for place in order], self._block_axis)

    def _unfit(self, *shapes: tuple[int, ...]) -> CheckpointError:
        return CheckpointError(
            f"{', '.join(self.source)} to {', '.join(self.target)}: "
            f"{' and '.join(map(str, shapes))} don't fit the rule along axis {self.axis}."
        )
