"""Lists of tensors of one shape, as TensorFlow's loops fill and read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch


@dataclass(frozen=True, slots=True, eq=False)
class TensorList:
    """A list of tensors; a value, changed by making another.

    Attributes:
        items: the tensors; None for one that was not written yet.
        dtype: their element type.
        shape: their shape where it is known, with -1 for what is open.
    """

    items: tuple[torch.Tensor | None, ...]
    dtype: torch.dtype
    shape: tuple[int, ...] | None = None

    def item(self, index: int) -> torch.Tensor:
        """The tensor at a place; zeros where nothing was written."""
        found = self.items[index]
        return self._zeros() if found is None else found

    def with_item(self, index: int, item: torch.Tensor) -> TensorList:
        """The list with another tensor at a place."""
        return replace(self, items=(*self.items[:index], item, *self.items[index + 1 :]))

    def stacked(self) -> torch.Tensor:
        """All tensors along a new first axis."""
        if not self.items:
            return self._zeros().unsqueeze(0)[:0]
        return torch.stack([self.item(place) for place in range(len(self.items))])

    def _zeros(self) -> torch.Tensor:
        written = next((item for item in self.items if item is not None), None)
        if written is not None:
            return torch.zeros_like(written)
        return torch.zeros([max(size, 0) for size in self.shape or ()], dtype=self.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class OpenList:
    """A list whose length, or whose places, are known only when the model runs: one tensor.

    Attributes:
        length: how many tensors there are.
        dtype: their element type.
        stack: all of them along a first axis; None if nothing says their shape yet.
    """

    length: Any
    dtype: torch.dtype
    stack: torch.Tensor | None = None

    def item(self, index: Any) -> torch.Tensor:
        """The tensor at a place."""
        if self.stack is None:
            raise LookupError("nothing was written to the list yet")
        return self.stack.index_select(0, _place(index)).squeeze(0)

    def with_item(self, index: Any, item: torch.Tensor) -> OpenList:
        """The list with another tensor at a place."""
        stack = self.stack
        if stack is None:
            stack = torch.zeros((self.length, *item.shape), dtype=self.dtype)
        return replace(self, stack=stack.index_copy(0, _place(index), item.unsqueeze(0)))

    def stacked(self) -> torch.Tensor:
        """All tensors along a new first axis."""
        if self.stack is None:
            raise LookupError("nothing was written to the list, and its shape is not known")
        return self.stack


def _place(index: Any) -> torch.Tensor:
    if isinstance(index, torch.Tensor):
        return index.reshape(1).long()
    return torch.full((1,), index, dtype=torch.int64)


def opened(given: TensorList | OpenList) -> OpenList:
    """A list as one tensor."""
    if isinstance(given, OpenList):
        return given
    known = any(item is not None for item in given.items) or (
        given.shape is not None and all(size >= 0 for size in given.shape)
    )
    stack = given.stacked() if given.items and known else None
    return OpenList(len(given.items), given.dtype, stack)


def shape_of(shape: object) -> tuple[int, ...] | None:
    """An element's shape as an operator is told it; None where it isn't told."""
    if isinstance(shape, torch.Tensor):
        shape = tuple(shape.tolist()) if shape.ndim else int(shape)
    if isinstance(shape, int) or not isinstance(shape, Sequence):
        return None
    return tuple(shape)
