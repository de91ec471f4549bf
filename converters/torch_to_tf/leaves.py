"""Modules that are kept whole: each call of one becomes one node of the graph.

While ``torch.export`` traces a model, the ``forward`` of every instance of such a class calls one
operator of this project instead. Its shapes are those that the original ``forward`` gives on the
traced shapes; replaying the node in PyTorch runs the original ``forward`` on the values at hand.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from converters.errors import CaptureError

PREFIX = "module."
"""What the names of such nodes' operators begin with; the class follows."""

_CLASSES: dict[type[torch.nn.Module], str] = {}
_CALLS: ContextVar[dict[str, Call] | None] = ContextVar("calls", default=None)


def leaf_op(kind: type[torch.nn.Module]) -> str:
    """The operator's name of a class that is kept whole from now on, once that has a lowering.

    >>> leaf_op(torch.nn.Bilinear)
    'module.torch.nn.modules.linear.Bilinear'
    """
    op = f"{PREFIX}{kind.__module__}.{kind.__qualname__}"
    _CLASSES[kind] = op
    return op


def _op_of(module: torch.nn.Module) -> str | None:
    """The operator that stands for a module; a subclass with a forward of its own is not meant."""
    for kind in type(module).__mro__:
        if issubclass(kind, torch.nn.Module) and kind in _CLASSES:
            return _CLASSES[kind] if kind.forward is type(module).forward else None
    return None


@dataclass(slots=True, eq=False)
class Call:
    """One call of a module that is kept whole.

    Attributes:
        op: the operator's name.
        module: the module without its tensors' values.
        names: of its parameters and buffers, in the order of the node's ``weights``.
        arguments: the nesting of the arguments by their names in ``forward``.
        slots: what each leaf of the arguments is: a constant, or a place among tensors or sizes.
        result: the nesting of what it returns, and what each leaf is: the number of a tensor, or a
            constant. Known once it was traced.
    """

    op: str
    module: torch.nn.Module
    names: tuple[str, ...]
    arguments: pytree.TreeSpec
    slots: tuple[_Slot, ...]
    result: tuple[pytree.TreeSpec, tuple[_Slot, ...]] | None = None

    def inputs(self, tensors: Sequence[object], sizes: Sequence[object]) -> tuple[object, ...]:
        """The leaves of the arguments, in order: the node's ``inputs``."""
        found = {"tensor": tensors, "size": sizes}
        return tuple(
            s.value if s.kind == "constant" else found[s.kind][s.value] for s in self.slots
        )

    def run(
        self, weights: Sequence[torch.Tensor], inputs: Sequence[object], *, wide: bool = False
    ) -> list[torch.Tensor]:
        """The tensors that the original ``forward`` returns.

        Args:
            weights: tensors for the parameters and buffers.
            inputs: the leaves of the arguments.
            wide: with every floating-point type inside as float64, as
                :func:`converters.promote` does to a graph.
        """
        module = rebuilt(self.module, dict(zip(self.names, weights, strict=True)))
        signature = inspect.signature(module.forward)
        given = pytree.tree_unflatten(inputs, self.arguments)
        bound = inspect.BoundArguments(signature, given)
        with Widened() if wide else contextlib.nullcontext():  # type: ignore[no-untyped-call]
            returned = module.forward(*bound.args, **bound.kwargs)
        leaves, spec = pytree.tree_flatten(returned)
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        if self.result is None:
            self.result = spec, self._slots(leaves)
        return tensors

    def _slots(self, leaves: Sequence[object]) -> tuple[_Slot, ...]:
        slots, count = [], 0
        for leaf in leaves:
            if isinstance(leaf, torch.Tensor):
                slots.append(_Slot("tensor", count))
                count += 1
            elif _is_constant(leaf):
                slots.append(_Slot("constant", leaf))
            else:
                raise CaptureError(
                    f"{type(self.module).__name__} returns a {type(leaf).__name__}. A module that "
                    "is kept whole may return tensors, None and constants, in tuples, lists and "
                    "dicts."
                )
        return tuple(slots)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A leaf of arguments or results: a constant, or a place among tensors or sizes."""

    kind: str
    value: Any


def _is_constant(leaf: object) -> bool:
    return leaf is None or isinstance(leaf, bool | int | float | str | torch.dtype)


@contextlib.contextmanager
def leaf_calls() -> Iterator[None]:
    """While active, calls of modules that are kept whole are known to this thread."""
    token = _CALLS.set({})
    try:
        yield
    finally:
        _CALLS.reset(token)


def call_of(key: str) -> Call:
    """The call that a node of a traced program stands for."""
    calls = _CALLS.get()
    if calls is None or key not in calls:
        raise CaptureError(
            "the program holds a module that was kept whole by another process. Capture the "
            "module itself."
        )
    return calls[key]


@contextlib.contextmanager
def leaves_kept_whole(root: torch.nn.Module, supported: Container[str]) -> Iterator[None]:
    """While active, tracing in this thread takes each module with a lowering for one operator.

    Nothing but the ``forward`` of those instances is touched, and that is put back.
    """
    found = {part: op for part in root.modules() if (op := _op_of(part)) and op in supported}
    if not found:
        yield
        return
    for part in found:
        if "forward" in vars(part):
            raise CaptureError(
                f"the forward of a {type(part).__name__} was replaced on the instance, so its "
                "lowering can't stand for it. Lower the class that has this forward."
            )
    twins = {part: rebuilt(part, _meta(part)) for part in found}
    try:
        for part, op in found.items():
            vars(part)["forward"] = _traced(part, twins[part], op)
        yield
    finally:
        for part in found:
            vars(part).pop("forward", None)


def _traced(part: torch.nn.Module, twin: torch.nn.Module, op: str) -> Callable[..., object]:
    original = part.forward
    signature = inspect.signature(original)

    @functools.wraps(original)
    def forward(*args: object, **kwargs: object) -> object:
        calls = _CALLS.get()
        if calls is None:
            return original(*args, **kwargs)
        bound = dict(signature.bind(*args, **kwargs).arguments)
        leaves, arguments = pytree.tree_flatten(bound)
        tensors, sizes, slots = _sorted(leaves, type(part).__name__)
        weights = named_tensors(part)
        key = str(len(calls))
        calls[key] = call = Call(op, twin, tuple(weights), arguments, slots)
        results = torch.ops.torch_tf_parity.leaf(list(weights.values()), tensors, sizes, key)
        assert call.result is not None
        spec, returned = call.result
        filled = [results[s.value] if s.kind == "tensor" else s.value for s in returned]
        return pytree.tree_unflatten(filled, spec)

    return forward


def _sorted(
    leaves: Sequence[object], name: str
) -> tuple[list[torch.Tensor], list[object], tuple[_Slot, ...]]:
    tensors: list[torch.Tensor] = []
    sizes: list[object] = []
    slots = []
    for leaf in leaves:
        if isinstance(leaf, torch.Tensor):
            slots.append(_Slot("tensor", len(tensors)))
            tensors.append(leaf)
        elif isinstance(leaf, torch.SymInt):
            slots.append(_Slot("size", len(sizes)))
            sizes.append(leaf)
        elif _is_constant(leaf):
            slots.append(_Slot("constant", leaf))
        else:
            raise CaptureError(
                f"{name} is given a {type(leaf).__name__}. A module that is kept whole may take "
                "tensors, sizes, None and constants, in tuples, lists and dicts."
            )
    return tensors, sizes, tuple(slots)


def named_tensors(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers by every name that they have in the module."""
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _meta(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The same tensors without values."""
    return {name: tensor.detach().to("meta") for name, tensor in named_tensors(module).items()}


def rebuilt(module: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> torch.nn.Module:
    """A module like another, with other tensors for parameters and buffers; no hooks of its own.

    Its attributes are the other's. Where one refers to a parameter (the flat weights of an LSTM),
    it refers to what stands for it.
    """
    swaps = {id(tensor): weights[name] for name, tensor in named_tensors(module).items()}
    memo: dict[int, Any] = {}

    def swapped(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return swaps.get(id(value), value)
        if id(value) in memo:
            return memo[id(value)]
        if isinstance(value, torch.nn.Module):
            memo[id(value)] = twin = object.__new__(type(value))
            vars(twin).update({name: swapped(item) for name, item in vars(value).items()})
            return twin
        if type(value) is list:
            memo[id(value)] = items = []
            items += [swapped(item) for item in value]
            return items
        if type(value) is tuple:
            return tuple(swapped(item) for item in value)
        if isinstance(value, dict) and type(value).__module__ in ("builtins", "collections"):
            memo[id(value)] = table = value.copy()
            table.update({key: swapped(item) for key, item in value.items()})
            return table
        return value

    twin: torch.nn.Module = swapped(module)
    for hooks in ("_forward_hooks", "_forward_pre_hooks"):
        vars(twin)[hooks] = type(vars(module)[hooks])()
    return twin


class Widened(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Every floating-point type of every operator becomes float64 (complex: complex128)."""

    def __torch_dispatch__(
        self, func: Any, types: object, args: Any = (), kwargs: Any = None
    ) -> Any:
        args, kwargs = pytree.tree_map(_widened, (args, kwargs or {}))
        return func(*args, **kwargs)


def _widened(leaf: object) -> object:
    if isinstance(leaf, torch.dtype):
        wide = torch.complex128 if leaf.is_complex else torch.float64
        return wide if leaf.is_complex or leaf.is_floating_point else leaf
    if isinstance(leaf, torch.Tensor) and (leaf.is_floating_point() or leaf.is_complex()):
        return leaf.to(torch.complex128 if leaf.is_complex() else torch.float64)
    return leaf


class _Unchanged(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses operators that write to some tensors: a node of a graph only returns values."""

    def __init__(self, module: str, given: Sequence[tuple[str, torch.Tensor]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.module = module
        self.names = {_storage(tensor): name for name, tensor in given}

    def __torch_dispatch__(
        self, func: Any, types: object, args: Any = (), kwargs: Any = None
    ) -> Any:
        for tensor in pytree.tree_leaves(_written(func, args, kwargs or {})):
            name = self.names.get(_storage(tensor)) if isinstance(tensor, torch.Tensor) else None
            if name is not None:
                raise CaptureError(
                    f"{self.module}.forward changes {name} in place ({func}), so the module can't "
                    "be kept whole. Convert it without training=True, or make its forward return "
                    "what it computes."
                )
        return func(*args, **(kwargs or {}))


def _written(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    if func is torch.ops.aten.native_batch_norm.default:  # its schema does not say so
        return list(args[3:5]) if args[5] else []
    declared = {a.name: a for a in func._schema.arguments}
    given = {**dict(zip(declared, args, strict=False)), **kwargs}
    return [
        value
        for name, value in given.items()
        if (alias := declared[name].alias_info) is not None and alias.is_write
    ]


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _shapes(
    weights: Sequence[torch.Tensor],
    inputs: Sequence[torch.Tensor],
    sizes: Sequence[object],
    key: str,
) -> list[torch.Tensor]:
    call = call_of(key)
    given = [*zip(call.names, weights, strict=True), *(("an input", x) for x in inputs)]
    with _Unchanged(type(call.module).__name__, given):  # type: ignore[no-untyped-call]
        results = call.run(weights, call.inputs(inputs, sizes))
    return [_fresh(result) for result in results]


def _fresh(tensor: torch.Tensor) -> torch.Tensor:
    """An operator may not return what it was given."""
    return torch.empty_like(tensor, memory_format=torch.contiguous_format)


torch.library.custom_op(
    "torch_tf_parity::leaf",
    _shapes,
    mutates_args=(),
    schema="(Tensor[] weights, Tensor[] inputs, SymInt[] sizes, str key) -> Tensor[]",
).register_fake(_shapes)

LEAF = torch.ops.torch_tf_parity.leaf.default
"""The operator that stands for a module's ``forward`` in a traced program."""
