"""A call of a module as one operator of what PyTorch's tracer writes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree

from converters.tf_to_torch.readable.companions import Recurrent


@dataclass(slots=True, eq=False)
class ModuleCall:
    """One call of a module.

    Attributes:
        path: where the module is in the model.
        module: the module on the device ``meta``.
        wide: whether its weights are float64.
        arguments: the nesting of the arguments: positional ones, and named ones.
        leaves: the arguments; a :class:`Place` for a tensor.
        result: the nesting of what it returns; known once it was traced.
        tensors: for each leaf of the result whether it is a tensor.
    """

    path: str
    module: torch.nn.Module
    wide: bool
    arguments: pytree.TreeSpec
    leaves: tuple[Any, ...]
    result: pytree.TreeSpec | None = None
    tensors: tuple[bool, ...] = ()

    def shapes(self, inputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Tensors of the shapes that it returns for some inputs, under a tracer's tensors."""
        filled = [inputs[leaf.index] if isinstance(leaf, Place) else leaf for leaf in self.leaves]
        args, kwargs = pytree.tree_unflatten(filled, self.arguments)
        state = {**dict(self.module.named_parameters()), **dict(self.module.named_buffers())}
        weights = {
            name: torch.empty(tensor.shape, dtype=self._dtype(tensor.dtype))
            for name, tensor in state.items()
        }
        if isinstance(self.module, torch.nn.RNNBase):
            returned = _recurrent(self.module, *args)
        elif isinstance(self.module, Recurrent):
            returned = _walked(self.module, weights, *args)
        else:
            returned = torch.func.functional_call(self.module, weights, args, kwargs)
        found, self.result = pytree.tree_flatten(returned)
        self.tensors = tuple(isinstance(leaf, torch.Tensor) for leaf in found)
        return [torch.empty_like(leaf) for leaf in found if isinstance(leaf, torch.Tensor)]

    def _dtype(self, dtype: torch.dtype) -> torch.dtype:
        return torch.float64 if self.wide and dtype.is_floating_point else dtype


def _recurrent(module: torch.nn.RNNBase, x: torch.Tensor, *_: object) -> Any:
    """What a recurrent module returns; PyTorch's own rule would walk over the steps.

    Shapes: x (N, L, C) -> (N, L, D * H), (D, N, H) for D directions.
    """
    directions = 2 if module.bidirectional else 1
    y = x.new_empty((x.shape[0], x.shape[1], directions * module.hidden_size))
    h = x.new_empty((directions, x.shape[0], module.hidden_size))
    return y, ((h, torch.empty_like(h)) if isinstance(module, torch.nn.LSTM) else h)


def _walked(
    module: Recurrent,
    weights: Mapping[str, torch.Tensor],
    x: torch.Tensor,
    mask: torch.Tensor | None = None,
    states: object = None,
) -> Any:
    """What a loop over steps returns: its results have the sizes that those of one step have.

    Shapes: x (N, L, ...), mask (N, L).
    """
    first = (x.narrow(1, 0, 1), None if mask is None else mask.narrow(1, 0, 1), states)
    y, ends = torch.func.functional_call(module, dict(weights), first)
    return y.new_empty((y.shape[0], x.shape[1], *y.shape[2:])), ends


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tensor stands among those of a call."""

    index: int


_CALLS: ContextVar[list[ModuleCall] | None] = ContextVar("module_calls", default=None)


@contextlib.contextmanager
def module_calls() -> Iterator[list[ModuleCall]]:
    """While active, calls of modules in this thread are noted in the list."""
    found: list[ModuleCall] = []
    token = _CALLS.set(found)
    try:
        yield found
    finally:
        _CALLS.reset(token)


class Caller:
    """Calls a module while a tracer watches."""

    def __init__(self, path: str, module: torch.nn.Module, *, wide: bool) -> None:
        """Takes the module on the device ``meta``, and where it is in the model."""
        self.path, self.module, self.wide = path, module, wide

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the module returns."""
        calls = _CALLS.get()
        assert calls is not None
        leaves, spec = pytree.tree_flatten((args, kwargs))
        tensors: list[torch.Tensor] = []
        held: list[Any] = []
        for leaf in leaves:
            if isinstance(leaf, torch.Tensor):
                held.append(Place(len(tensors)))
                tensors.append(leaf)
            else:
                held.append(leaf)
        call = ModuleCall(self.path, self.module, self.wide, spec, tuple(held))
        calls.append(call)
        found = iter(torch.ops.torch_tf_parity.module_call(tensors, str(len(calls) - 1)))
        assert call.result is not None
        return pytree.tree_unflatten(
            [next(found) if tensor else None for tensor in call.tensors], call.result
        )


def call_of(key: str, calls: Sequence[ModuleCall]) -> ModuleCall:
    """The call that a node of the traced graph stands for."""
    return calls[int(key)]


def _shapes(inputs: Sequence[torch.Tensor], key: str) -> list[torch.Tensor]:
    calls = _CALLS.get()
    assert calls is not None
    return call_of(key, calls).shapes(inputs)


torch.library.custom_op(
    "torch_tf_parity::module_call",
    _shapes,
    mutates_args=(),
    schema="(Tensor[] inputs, str key) -> Tensor[]",
).register_fake(_shapes)

MODULE_CALL = torch.ops.torch_tf_parity.module_call.default
"""The operator that stands for a module's call."""

State = Mapping[str, torch.Tensor]
