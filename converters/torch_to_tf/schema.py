"""PyTorch's operators by name, and their schemas."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Mapping, Sequence

import torch

from converters.registry import SchemaArgument

PLACEMENT = frozenset(
    {"layout", "device", "pin_memory", "memory_format", "non_blocking", "generator", "out"}
)
"""Arguments that say where or how a tensor is stored, not what it is. No lowering has them."""

CONTROL_FLOW: Mapping[str, tuple[str, ...]] = {
    "higher_order.cond": ("pred", "true_fn", "false_fn", "operands"),
    "higher_order.while_loop": ("cond_fn", "body_fn", "carried_inputs", "additional_inputs"),
    "higher_order.map_impl": ("f", "xs", "pos_args"),
    "higher_order.scan": ("combine_fn", "init", "xs", "additional_inputs"),
}
"""The arguments of operators that take functions; PyTorch keeps no schema of them."""


def overload(op: str) -> torch._ops.OpOverload | None:
    """The operator called ``namespace.packet.overload``; None if PyTorch has no such operator.

    >>> overload("aten.linear.default")
    <OpOverload(op='aten.linear', overload='default')>
    """
    parts = op.split(".")
    if len(parts) != 3 or not hasattr(torch.ops, parts[0]):
        return None
    packet = getattr(getattr(torch.ops, parts[0]), parts[1], None)
    return getattr(packet, parts[2], None)


def has_derivative(op: str) -> bool:
    """Whether PyTorch can differentiate an operator.

    An operator made with ``torch.library`` has a derivative once one is registered; PyTorch's own
    operators, and functions of numbers, are taken to have one.

    >>> has_derivative("aten.relu.default")
    True
    """
    found = overload(op)
    if found is None or op.startswith("aten."):
        return True
    name = found._schema.name
    own = torch._library.custom_ops.OPDEFS.get(name)
    if own is not None:
        return own._backward_fn is not None
    return any(torch._C._dispatch_has_kernel_for_dispatch_key(name, key) for key in _DIFFERENTIATED)


_DIFFERENTIATED = ("Autograd", "AutogradCPU", "CompositeImplicitAutograd")


def argument_name(name: str) -> str:
    """A lowering's name for a schema's argument: ``self`` is ``x``, keywords get an underscore."""
    if name == "self":
        return "x"
    return f"{name}_" if keyword.iskeyword(name) else name


def aten_schema(op: str) -> Sequence[SchemaArgument] | None:
    """The arguments that a lowering of ``op`` must have; None for operators that are not PyTorch's.

    Raises:
        ValueError: the name looks like an ATen operator, but PyTorch has none of that name.
    """
    if op in CONTROL_FLOW:
        return [SchemaArgument(name) for name in CONTROL_FLOW[op]]
    found = overload(op)
    if found is None:
        if op.startswith("aten."):
            raise ValueError(f"PyTorch {torch.__version__} has no operator {op}")
        return None
    return [
        SchemaArgument(
            argument_name(argument.name),
            argument.default_value if argument.has_default_value() else inspect.Parameter.empty,
        )
        for argument in found._schema.arguments
        if argument.name not in PLACEMENT
    ]
