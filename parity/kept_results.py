"""Operators whose gradient is computed from their own, rounded result.

Both frameworks compute the slope of tanh as ``1 - y * y``. Where it saturates that cancels, and no
movement of the argument shows by how much: what has to be moved is the result that was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from converters import Graph, Node, TensorSpec, Value
from parity.statistics import is_batch_statistics, kept_statistics

Instead = Callable[[Node, Mapping[str, object]], Sequence[object] | None]


def rounded_results(
    graph: Graph, seed: int, unit: float | None = None, size: float = 1.0
) -> Instead:
    """What computes these operators so that their gradients see a result with a rounding error.

    The result itself is handed on as it is.

    Args:
        graph: the graph in its own types, which give each result's unit roundoff.
        seed: of the rounding errors.
        unit: a unit roundoff for all results instead of their own.
        size: how many times as large the errors are; with the other sign, they are opposite.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    specs = graph.specs

    def compute(node: Node, arguments: Mapping[str, object]) -> Sequence[object] | None:
        if is_batch_statistics(node):
            statistics = specs[Value(node.name)]
            assert isinstance(statistics, TensorSpec)
            u = size * (unit or statistics.dtype.unit_roundoff)

            def rounded(x: Any) -> Any:
                return 1 + u * (2 * torch.rand(x.shape, generator=generator, dtype=x.dtype) - 1)

            return kept_statistics(arguments, rounded)
        library, name, *_ = node.op.split(".")
        x: Any = arguments.get("x")
        if library != "aten" or name not in _KEPT or not isinstance(x, torch.Tensor):
            return None
        spec = specs.get(Value(node.name))
        if not isinstance(spec, TensorSpec) or x.dtype != torch.float64:
            return None
        function, slope = _KEPT[name]
        dim = arguments.get("dim")
        xi = torch.rand(x.shape, generator=generator, dtype=torch.float64)
        error = 1 + size * (unit or spec.dtype.unit_roundoff) * (2 * xi - 1)

        class Kept(torch.autograd.Function):
            @staticmethod
            def forward(context: Any, x: Any) -> Any:
                result = function(x, dim)
                context.save_for_backward(result * error)
                return result

            @staticmethod
            def backward(context: Any, upstream: Any) -> Any:
                return slope(context.saved_tensors[0], upstream, dim)

        return (Kept.apply(x),)  # type: ignore[no-untyped-call]

    return compute


def _tanh(x: Any, _: Any) -> Any:
    return x.tanh()


def _tanh_slope(y: Any, upstream: Any, _: Any) -> Any:
    return upstream * (1 - y * y)


def _sigmoid(x: Any, _: Any) -> Any:
    return x.sigmoid()


def _sigmoid_slope(y: Any, upstream: Any, _: Any) -> Any:
    return upstream * y * (1 - y)


def _softmax(x: Any, dim: Any) -> Any:
    return x.softmax(dim)


def _safe_softmax(x: Any, dim: Any) -> Any:
    import torch

    return torch.ops.aten._safe_softmax(x, dim)


def _softmax_slope(y: Any, upstream: Any, dim: Any) -> Any:
    return y * (upstream - (upstream * y).sum(dim, keepdim=True))


def _log_softmax(x: Any, dim: Any) -> Any:
    return x.log_softmax(dim)


def _log_softmax_slope(y: Any, upstream: Any, dim: Any) -> Any:
    return upstream - y.exp() * upstream.sum(dim, keepdim=True)


_KEPT: Mapping[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any, Any], Any]]] = {
    "tanh": (_tanh, _tanh_slope),
    "sigmoid": (_sigmoid, _sigmoid_slope),
    **dict.fromkeys(("softmax", "_softmax", "special_softmax"), (_softmax, _softmax_slope)),
    "_safe_softmax": (_safe_softmax, _softmax_slope),
    **dict.fromkeys(
        ("log_softmax", "_log_softmax", "special_log_softmax"),
        (_log_softmax, _log_softmax_slope),
    ),
}
