"""The noise floor: how far a model's own rounding moves each of its tensors.

Every operation's floating-point inputs are multiplied by ``1 + u xi``, with ``u`` the unit roundoff
of the tensor's own type and ``xi`` uniform in (-1, 1), in float64 runs of the captured source
(Monte Carlo arithmetic). What the tensors move by is what rounding alone can do to this model on
these inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters import Graph, Node, TensorSpec, Value

RUNS = 8
"""Sohier et al. (arXiv:1807.09655): eight samples bound the spread within a factor of 2 at 95 %."""

EXACT_OPERATORS = frozenset(
    [
        "alias",
        "amax",
        "amin",
        "argmax",
        "argmin",
        "argsort",
        "as_strided",
        "bitwise_and",
        "bitwise_not",
        "bitwise_or",
        "bitwise_xor",
        "broadcast_to",
        "cat",
        "ceil",
        "chunk",
        "clamp",
        "clamp_max",
        "clamp_min",
        "clone",
        "constant_pad_nd",
        "contiguous",
        "copy",
        "detach",
        "diagonal",
        "dropout",
        "embedding",
        "empty",
        "eq",
        "expand",
        "expand_as",
        "fill",
        "flatten",
        "flip",
        "floor",
        "full",
        "full_like",
        "gather",
        "ge",
        "gt",
        "hardtanh",
        "index",
        "index_put",
        "index_select",
        "isfinite",
        "isinf",
        "isnan",
        "item",
        "le",
        "lift_fresh_copy",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "lt",
        "masked_fill",
        "masked_select",
        "max",
        "max_pool1d",
        "max_pool2d",
        "max_pool2d_with_indices",
        "max_pool3d",
        "maximum",
        "min",
        "minimum",
        "movedim",
        "narrow",
        "ne",
        "neg",
        "new_full",
        "new_ones",
        "new_zeros",
        "one_hot",
        "ones",
        "ones_like",
        "pad",
        "permute",
        "pixel_shuffle",
        "pixel_unshuffle",
        "reflection_pad1d",
        "reflection_pad2d",
        "reflection_pad3d",
        "relu",
        "relu6",
        "repeat",
        "repeat_interleave",
        "replication_pad1d",
        "replication_pad2d",
        "replication_pad3d",
        "reshape",
        "reshape_as",
        "roll",
        "round",
        "scatter",
        "select",
        "select_scatter",
        "sign",
        "slice",
        "slice_scatter",
        "sort",
        "split",
        "split_with_sizes",
        "squeeze",
        "stack",
        "sym_size",
        "t",
        "threshold",
        "tile",
        "topk",
        "transpose",
        "tril",
        "triu",
        "trunc",
        "type_as",
        "unbind",
        "unflatten",
        "unfold",
        "unsqueeze",
        "upsample_nearest1d",
        "upsample_nearest2d",
        "upsample_nearest3d",
        "view",
        "view_as",
        "where",
        "zeros",
        "zeros_like",
        "channel_shuffle",
        "swapaxes",
        "take",
        "take_along_dim",
        "ravel",
        "identity",
    ]
)
"""Operators that move, select or compare without rounding."""


def is_exact(node: Node) -> bool:
    """Whether an operator computes without rounding."""
    parts = node.op.split(".")
    if node.args.get("reduce") or node.args.get(
        "accumulate"
    ):  # what meets at one place is added up
        return False
    return parts[0] != "aten" or parts[1].strip("_") in EXACT_OPERATORS


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """Movement of one tensor over the runs.

    Attributes:
        field: for each element the root mean square movement, float64.
        moved: for integers and bools, which elements moved in any run.
    """

    field: np.ndarray
    moved: np.ndarray | None = None

    def scaled(self, factor: float) -> Noise:
        """The noise at another unit roundoff: rounding is linear in it to first order."""
        return Noise(self.field * factor, self.moved)


def both(first: Noise, second: Noise) -> Noise:
    """The noise of two independent causes."""
    return Noise(
        np.hypot(first.field, second.field), first.moved if second.moved is None else second.moved
    )


SILENT = Noise(np.zeros(()))
"""The noise of what does not move."""


def nudge(
    graph: Graph, seed: int, unit: float | None = None
) -> Callable[[Node, Mapping[str, object]], Mapping[str, object]]:
    """What an interpreter does to a node's arguments before it runs: one rounding error for each.

    Weights are left alone where an activation takes part: moving one factor of every product is
    enough, and much cheaper.

    Args:
        graph: the graph in its own types, which give each tensor's unit roundoff.
        seed: of the rounding errors.
        unit: a unit roundoff for all tensors instead of their own.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    specs = graph.specs
    weights = {parameter.name for parameter in graph.parameters}

    def shake(node: Node, arguments: Mapping[str, object]) -> Mapping[str, object]:
        if is_exact(node):
            return arguments
        active = any(_is_activation(leaf, specs, weights) for leaf in _leaves(node.args))

        def move(reference: object, argument: object) -> object:
            if isinstance(reference, tuple):
                return tuple(move(r, a) for r, a in zip(reference, argument, strict=True))  # type: ignore[call-overload]
            if not isinstance(reference, Value) or not isinstance(argument, torch.Tensor):
                return argument
            if not (argument.is_floating_point() or argument.is_complex()):
                return argument
            if active and reference.producer in weights:
                return argument
            spec = specs[reference]
            assert isinstance(spec, TensorSpec)
            xi = torch.rand(argument.shape, generator=generator, dtype=torch.float64)
            u = unit or spec.dtype.unit_roundoff
            return torch.where(_is_short(argument, u), argument, argument * (1 + u * (2 * xi - 1)))

        return {name: move(node.args[name], argument) for name, argument in arguments.items()}

    return shake


def _is_short(argument: Any, unit: float) -> Any:
    """Elements whose significand fills at most half of the type's.

    Their products and moderate sums are exact, so nothing rounds: counters held as floats, masks of
    0 and -100, powers of two. Nudged, two equal ones would no longer be equal.
    """
    import torch

    half = round(-math.log2(unit)) // 2
    parts = (argument.real, argument.imag) if argument.is_complex() else (argument,)
    short = torch.ones(argument.shape, dtype=torch.bool)
    for part in parts:
        significand = torch.frexp(part.detach()).mantissa * 2.0**half
        short &= significand == significand.round()
    return short


def nudge_constants(seed: int) -> Callable[[Node, Mapping[str, object]], Mapping[str, object]]:
    """What an interpreter does to a node's numbers: each is moved by one float32 rounding error."""
    generator = np.random.default_rng(seed)

    def move(reference: object, argument: object) -> object:
        if isinstance(reference, tuple):
            return tuple(move(r, a) for r, a in zip(reference, argument, strict=True))  # type: ignore[call-overload]
        if isinstance(reference, float):
            return reference * (1 + 2.0**-24 * generator.uniform(-1, 1))
        return argument

    return lambda node, arguments: {n: move(node.args[n], a) for n, a in arguments.items()}


def _leaves(argument: object) -> list[object]:
    if isinstance(argument, Mapping):
        return [leaf for item in argument.values() for leaf in _leaves(item)]
    if isinstance(argument, tuple):
        return [leaf for item in argument for leaf in _leaves(item)]
    return [argument]


def _is_activation(leaf: object, specs: Mapping[Value, object], weights: set[str]) -> bool:
    if not isinstance(leaf, Value) or leaf.producer in weights:
        return False
    spec = specs[leaf]
    return isinstance(spec, TensorSpec) and (spec.dtype.is_floating or spec.dtype.is_complex)


class NoiseMeter:
    """Collects the movement of tensors over several runs, one tensor at a time."""

    def __init__(self, oracle: Mapping[Value, np.ndarray], runs: int = RUNS) -> None:
        """``oracle`` holds the unmoved tensors; ``runs`` is how many runs will be seen."""
        self._oracle = oracle
        self._squares: dict[Value, np.ndarray] = {}
        self._moved: dict[Value, np.ndarray] = {}
        self._runs = runs

    def see(self, value: Value, array: np.ndarray) -> None:
        """Take in one tensor of a run."""
        still = self._oracle.get(value)
        if still is None or still.shape != array.shape or not array.size:
            return
        if array.dtype.kind in "biu":
            self._moved[value] = self._moved.get(value, np.zeros(array.shape, bool)) | (
                array != still
            )
            return
        with np.errstate(all="ignore"):
            square = np.square(np.abs(array - still))
        square = np.where(np.isfinite(square), square, 0.0).astype(np.float64)
        known = self._squares.get(value)
        self._squares[value] = square if known is None else known + square

    def noise(self, value: Value) -> Noise:
        """The noise of a tensor."""
        if value in self._moved:
            return Noise(np.zeros(()), self._moved[value])
        squares = self._squares.get(value)
        return SILENT if squares is None else Noise(np.sqrt(squares / self._runs))
