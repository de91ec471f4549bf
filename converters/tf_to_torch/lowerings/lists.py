"""Lists of tensors."""

from __future__ import annotations

from typing import TypeAlias

import torch

from converters.errors import UnsupportedVariantError
from converters.tf_to_torch.lists import OpenList, TensorList, opened, shape_of
from converters.tf_to_torch.lowerings import Operand, Sizes, Tensor, lower

List: TypeAlias = TensorList | OpenList


def _is_known(number: Sizes) -> bool:
    """Whether an index or a length is known while the model is traced."""
    return isinstance(number, int) and not isinstance(number, torch.SymInt)


def _require_known(number: Sizes, what: str) -> int:
    """A length of a list that grows.

    Raises:
        UnsupportedVariantError: it depends on data or on an open size.
    """
    if not _is_known(number):
        raise UnsupportedVariantError(
            f"{what} of a list of tensors that grows depends on data or on an open size. Write to "
            "a list of fixed length: tf.TensorArray with a size, or a fixed sequence length."
        )
    return int(number)


@lower("tf.TensorListReserve")
def tensor_list_reserve(
    element_shape: Sizes, num_elements: Sizes, element_dtype: torch.dtype
) -> List:
    """A list of a length, with nothing in it yet."""
    shape = shape_of(element_shape)
    if _is_known(num_elements):
        return TensorList((None,) * num_elements, element_dtype, shape)
    stack = None
    if shape is not None and all(_is_known(size) and size >= 0 for size in shape):
        stack = torch.zeros((num_elements, *shape), dtype=element_dtype)
    return OpenList(num_elements, element_dtype, stack)


@lower("tf.EmptyTensorList")
def empty_tensor_list(
    element_shape: Sizes, max_num_elements: Sizes, element_dtype: torch.dtype
) -> TensorList:
    """A list of length 0."""
    return TensorList((), element_dtype, shape_of(element_shape))


@lower("tf.TensorListFromTensor")
def tensor_list_from_tensor(tensor: Tensor, element_shape: Sizes) -> List:
    """The slices along the first axis. Shapes: tensor (n, ...) -> n of (...)."""
    if not _is_known(tensor.shape[0]):
        return OpenList(tensor.shape[0], tensor.dtype, tensor)
    return TensorList(tuple(tensor.unbind(0)), tensor.dtype, tuple(tensor.shape[1:]))


@lower("tf.TensorListGetItem")
def tensor_list_get_item(
    input_handle: List, index: Operand, element_shape: Sizes, element_dtype: torch.dtype
) -> Tensor:
    """One tensor of a list."""
    if isinstance(input_handle, TensorList) and _is_known(index):
        return input_handle.item(int(index))
    return opened(input_handle).item(index)


@lower("tf.TensorListSetItem")
def tensor_list_set_item(
    input_handle: List,
    index: Operand,
    item: Tensor,
    resize_if_index_out_of_bounds: bool = False,
) -> List:
    """The list with another tensor at a place."""
    if isinstance(input_handle, OpenList) or not _is_known(index):
        return opened(input_handle).with_item(index, item)
    missing = int(index) + 1 - len(input_handle.items)
    if resize_if_index_out_of_bounds and missing > 0:
        input_handle = TensorList(
            (*input_handle.items, *[None] * missing), input_handle.dtype, input_handle.shape
        )
    return input_handle.with_item(int(index), item)


@lower("tf.TensorListStack")
def tensor_list_stack(
    input_handle: List,
    element_shape: Sizes,
    element_dtype: torch.dtype,
    num_elements: int = -1,
) -> Tensor:
    """All tensors along a new first axis. Shapes: n of (...) -> (n, ...)."""
    return input_handle.stacked()


@lower("tf.TensorListLength")
def tensor_list_length(input_handle: List) -> Sizes:
    """How many tensors there are, as a number."""
    return input_handle.length if isinstance(input_handle, OpenList) else len(input_handle.items)


@lower("tf.TensorListGather")
def tensor_list_gather(
    input_handle: List, indices: Tensor, element_shape: Sizes, element_dtype: torch.dtype
) -> Tensor:
    """Some tensors along a new first axis. Shapes: n of (...), indices (k) -> (k, ...)."""
    return input_handle.stacked().index_select(0, torch.as_tensor(indices))


@lower("tf.TensorListScatterV2")
def tensor_list_scatter_v2(
    tensor: Tensor, indices: Tensor, element_shape: Sizes, num_elements: Sizes
) -> List:
    """A list with tensors at some places. Shapes: tensor (k, ...), indices (k) -> n of (...)."""
    places = torch.as_tensor(indices).long()
    if _is_known(num_elements) and num_elements < 0:
        num_elements = tensor.shape[0]
    stack = torch.zeros((num_elements, *tensor.shape[1:]), dtype=tensor.dtype)
    stack = stack.index_copy(0, places, tensor)
    return tensor_list_from_tensor(stack, element_shape)


@lower("tf.TensorListPushBack")
def tensor_list_push_back(input_handle: List, tensor: Tensor) -> TensorList:
    """The list with one tensor more."""
    items = _items(input_handle)
    return TensorList((*items, tensor), input_handle.dtype, tuple(tensor.shape))


@lower("tf.TensorListPopBack")
def tensor_list_pop_back(
    input_handle: List, element_shape: Sizes, element_dtype: torch.dtype
) -> list[object]:
    """The list without its last tensor, and that tensor."""
    items = _items(input_handle)
    whole = TensorList(items, input_handle.dtype, getattr(input_handle, "shape", None))
    last = whole.item(len(items) - 1)
    return [TensorList(items[:-1], whole.dtype, whole.shape), last]


def _items(given: List) -> tuple[Tensor | None, ...]:
    if isinstance(given, TensorList):
        return given.items
    _require_known(given.length, "the length")
    return tuple(given.stacked().unbind(0))
