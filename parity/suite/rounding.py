"""Rounding errors of every operator that PyTorch runs inside one call, and inside its gradient."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from parity.exactness import EXACT_OPERATORS


@dataclass(frozen=True, slots=True)
class Rounding:
    """What is done to the operators of a call.

    Attributes:
        unit: the largest error of each of their results, relative to it.
        seed: of the errors.
    """

    unit: float
    seed: int


def erring(rounding: Rounding | None) -> contextlib.AbstractContextManager[object]:
    """A block in which each operator's floating-point results are multiplied by ``1 + unit xi``.

    xi is uniform in (-1, 1). What only moves numbers, and what makes them of none, is left alone.
    Kernels in which digits cancel, logarithms of sums of exponentials, are written out in steps.

    Args:
        rounding: None for a block like any other.
    """
    if rounding is None:
        return contextlib.nullcontext()
    import torch
    from torch._decomp import get_decompositions
    from torch.utils._python_dispatch import TorchDispatchMode

    steps = get_decompositions([getattr(torch.ops.aten, name) for name in _IN_STEPS])

    generator = torch.Generator().manual_seed(rounding.seed)

    def moved(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return type(value)(moved(item) for item in value)
        if not isinstance(value, torch.Tensor) or value.is_sparse:
            return value
        if not (value.is_floating_point() or value.is_complex()):
            return value
        xi = 2 * torch.rand(value.shape, generator=generator, dtype=torch.float64) - 1
        return value * (1 + rounding.unit * xi).to(value.real.dtype)

    class Erring(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if func in steps:
                with self:
                    return steps[func](*args, **(kwargs or {}))
            result = func(*args, **(kwargs or {}))
            name = func.overloadpacket.__name__
            given = any(isinstance(a, (torch.Tensor, tuple, list)) for a in args)
            aliases = [r.alias_info for r in func._schema.returns if r.alias_info is not None]
            exact = name.rstrip("_") in EXACT_OPERATORS or name in _MOVING
            if not given or exact or any(not alias.is_write for alias in aliases):
                return result
            if not aliases:
                return moved(result)
            for written in result if isinstance(result, (tuple, list)) else [result]:
                written.copy_(moved(written))
            return result

    mode: contextlib.AbstractContextManager[object] = Erring()  # type: ignore[no-untyped-call]
    return mode


_IN_STEPS = (
    "_softmax _log_softmax _softmax_backward_data _log_softmax_backward_data logsumexp "
    "binary_cross_entropy_with_logits log_sigmoid_forward log_sigmoid_backward".split()
)
_MOVING = frozenset(
    "_to_copy clone copy detach gather index index_select masked_fill new_zeros ones_like scatter "
    "select_backward slice_backward where zeros_like".split()
)
"""Names of operators that move numbers, besides those of lowerings."""
