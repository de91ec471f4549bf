"""PyTorch's own operator database (``op_db``) as cases.

It ships with PyTorch: for each operator a list of samples, which PyTorch's own tests run on. A
sample becomes a module whose inputs are the sample's tensors; everything else is part of it. What
is compared is what PyTorch's own gradient tests compare: of singular vectors, for instance, what
does not depend on their signs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Sample:
    """One call of an operator.

    Attributes:
        number: its place among the operator's samples.
        module: calls the operator on its inputs.
        inputs: the sample's tensors.
        differentiable: for each input, whether it has a gradient in PyTorch's own tests.
    """

    number: int
    module: torch.nn.Module
    inputs: tuple[torch.Tensor, ...]
    differentiable: tuple[bool, ...]

    def __str__(self) -> str:
        shapes = ", ".join(f"{str(t.dtype)[6:]}{list(t.shape)}" for t in self.inputs)
        constants = getattr(self.module, "constants", "")
        return f"({shapes}){' ' if constants else ''}{constants}"


@cache
def operators(dtype: str = "float32") -> dict[str, Any]:
    """The database's entries that support a dtype on the CPU, by name."""
    import torch
    from torch.testing._internal.common_methods_invocations import op_db

    wanted = getattr(torch, dtype)
    names = {}
    for op in op_db:
        if wanted in op.supported_dtypes("cpu"):  # type: ignore[no-untyped-call]
            variant = op.variant_test_name
            names[f"{op.name}.{variant}" if variant else op.name] = op
    return names


def samples(name: str, dtype: str = "float32") -> Iterator[Sample]:
    """The samples of an operator; the same ones in every run."""
    import torch

    op = operators(dtype)[name]
    kind = getattr(torch, dtype)
    torch.manual_seed(zlib.crc32(name.encode()))
    differentiable = bool(op.supports_autograd) and kind in op.supported_backward_dtypes("cpu")
    for number, found in enumerate(op.sample_inputs("cpu", kind, requires_grad=differentiable)):
        yield _sample(number, op, found)


def _sample(number: int, op: Any, found: Any) -> Sample:
    import torch
    from torch.utils import _pytree as pytree

    leaves, structure = pytree.tree_flatten((found.input, tuple(found.args), dict(found.kwargs)))
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]

    class Call(torch.nn.Module):
        constants = ", ".join(repr(leaf) for leaf in leaves if not isinstance(leaf, torch.Tensor))

        def forward(self, *tensors: torch.Tensor) -> Any:
            given = list(leaves)
            for place, tensor in zip(places, tensors, strict=True):
                given[place] = tensor
            first, args, kwargs = pytree.tree_unflatten(given, structure)
            return found.output_process_fn_grad(op(first, *args, **kwargs))

    tensors = tuple(leaves[place].detach().clone() for place in places)
    differentiable = tuple(leaves[place].requires_grad for place in places)
    return Sample(number, Call().eval(), tensors, differentiable)
