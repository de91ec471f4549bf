"""Rounding inside modules that were captured whole: one error for each operation, not one in all.

Such a module is one node of a graph, however much it computes. Its noise is that of the operations
that its own ``forward`` calls, which PyTorch shows one by one while it runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from converters import Node
from parity.exactness import is_arithmetic, is_exact
from parity.sums import count

Move = Callable[[Any, float, bool], Any]
"""Moves a tensor by rounding errors of a unit; short numbers stay if the last argument says so."""

_CASTS = frozenset(["aten._to_copy.default"])


def is_leaf(node: Node) -> bool:
    """Whether a node is a module that was captured whole."""
    return "leaf" in node.args


class ShakenLeaf:
    """A module captured whole; each operation inside is given inputs with rounding errors."""

    def __init__(self, leaf: Any, unit: float, accumulation: float, move: Move) -> None:
        """``accumulation`` is the variance that each product adds to one that is summed up."""
        self._leaf, self._unit, self._accumulation, self._move = leaf, unit, accumulation, move

    def run(self, weights: Sequence[Any], inputs: Sequence[Any], *, wide: bool = False) -> Any:
        """The tensors that the module returns."""
        from torch.utils._python_dispatch import TorchDispatchMode

        owned = {_storage(weight) for weight in weights}
        shaken = self._shaken

        class Shaking(TorchDispatchMode):  # type: ignore[no-untyped-call]
            """Rounding errors in what every operation takes."""

            def __torch_dispatch__(
                self, func: Any, types: object, args: Any = (), kwargs: Any = None
            ) -> Any:
                return func(*shaken(func, args, kwargs or {}, owned), **(kwargs or {}))

        with Shaking():  # type: ignore[no-untyped-call]
            return self._leaf.run(weights, inputs, wide=wide)

    def _shaken(self, func: Any, args: Any, kwargs: Mapping[str, Any], owned: set[int]) -> Any:
        node = _called(func, args, kwargs)
        if is_exact(node) or node.op in _CASTS:
            return args
        unit = self._unit * math.sqrt(1 + count(node, node.args) * self._accumulation)
        counts = is_arithmetic(node)
        active = any(_is_float(t) and _storage(t) not in owned for t in _tensors(args))

        def move(argument: Any) -> Any:
            if isinstance(argument, tuple | list):
                return type(argument)(move(item) for item in argument)
            if not _is_float(argument) or (active and _storage(argument) in owned):
                return argument
            return self._move(argument, unit, counts)

        # what is written to, or seen through a view, has to stay itself
        return [
            argument if declared.alias_info is not None else move(argument)
            for declared, argument in zip(func._schema.arguments, args, strict=False)
        ]


def _called(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Node:
    """A call of PyTorch's as a node, with the values themselves for arguments."""
    names = [argument.name for argument in func._schema.arguments]
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    given = {("x" if name == "self" else name): value for name, value in given.items()}
    return Node("call", str(func), given, ())


def _tensors(argument: Any) -> list[Any]:
    if isinstance(argument, tuple | list):
        return [tensor for item in argument for tensor in _tensors(item)]
    return [argument] if _is_tensor(argument) else []


def _is_tensor(argument: object) -> bool:
    import torch

    return isinstance(argument, torch.Tensor)


def _is_float(argument: Any) -> bool:
    return _is_tensor(argument) and (argument.is_floating_point() or argument.is_complex())


def _storage(tensor: Any) -> int:
    return int(tensor.untyped_storage().data_ptr())
