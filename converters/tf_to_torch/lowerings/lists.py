"""Lists of tensors."""

from __future__ import annotations

import torch

from converters.errors import UnsupportedVariantError
from converters.tf_to_torch.lists import TensorList, shape_of
from converters.tf_to_torch.lowerings import Sizes, Tensor, lower


def _place(index: Sizes) -> int:
    """An index or a length that is known while the model is traced.

    Raises:
        UnsupportedVariantError: it depends on data or on an open size.
    """
    if isinstance(index, torch.SymInt) or not isinstance(index, int):
        raise UnsupportedVariantError(
            "a list of tensors has a length or an index that depends on data or on an open size. "
            "Give the loop a number of steps that is known: a fixed sequence length, or for "
            "tf.map_fn over a batch an input_signature with a fixed batch."
        )
    return index


@lower("tf.TensorListReserve")
def tensor_list_reserve(
    element_shape: Sizes, num_elements: Sizes, element_dtype: torch.dtype
) -> TensorList:
    """A list of a length, with nothing in it yet."""
    return TensorList((None,) * _place(num_elements), element_dtype, shape_of(element_shape))


@lower("tf.EmptyTensorList")
def empty_tensor_list(
    element_shape: Sizes, max_num_elements: Sizes, element_dtype: torch.dtype
) -> TensorList:
    """A list of length 0."""
    return TensorList((), element_dtype, shape_of(element_shape))


@lower("tf.TensorListFromTensor")
def tensor_list_from_tensor(tensor: Tensor, element_shape: Sizes) -> TensorList:
    """The slices along the first axis. Shapes: tensor (n, ...) -> n of (...)."""
    if not isinstance(tensor.shape[0], int):
        _place(tensor.shape[0])
    return TensorList(tuple(tensor.unbind(0)), tensor.dtype, tuple(tensor.shape[1:]))


@lower("tf.TensorListGetItem")
def tensor_list_get_item(
    input_handle: TensorList, index: Sizes, element_shape: Sizes, element_dtype: torch.dtype
) -> Tensor:
    """One tensor of a list."""
    return input_handle.item(_place(index))


@lower("tf.TensorListSetItem")
def tensor_list_set_item(
    input_handle: TensorList,
    index: Sizes,
    item: Tensor,
    resize_if_index_out_of_bounds: bool = False,
) -> TensorList:
    """The list with another tensor at a place."""
    place = _place(index)
    missing = place + 1 - len(input_handle.items)
    if resize_if_index_out_of_bounds and missing > 0:
        input_handle = TensorList(
            (*input_handle.items, *[None] * missing), input_handle.dtype, input_handle.shape
        )
    return input_handle.with_item(place, item)


@lower("tf.TensorListStack")
def tensor_list_stack(
    input_handle: TensorList,
    element_shape: Sizes,
    element_dtype: torch.dtype,
    num_elements: int = -1,
) -> Tensor:
    """All tensors along a new first axis. Shapes: n of (...) -> (n, ...)."""
    return input_handle.stacked()


@lower("tf.TensorListLength")
def tensor_list_length(input_handle: TensorList) -> int:
    """How many tensors there are, as a number."""
    return len(input_handle.items)


@lower("tf.TensorListPushBack")
def tensor_list_push_back(input_handle: TensorList, tensor: Tensor) -> TensorList:
    """The list with one tensor more."""
    return TensorList((*input_handle.items, tensor), input_handle.dtype, input_handle.shape)


@lower("tf.TensorListPopBack")
def tensor_list_pop_back(
    input_handle: TensorList, element_shape: Sizes, element_dtype: torch.dtype
) -> list[object]:
    """The list without its last tensor, and that tensor."""
    *items, _ = input_handle.items
    last = input_handle.item(len(items))
    return [TensorList(tuple(items), input_handle.dtype, input_handle.shape), last]
