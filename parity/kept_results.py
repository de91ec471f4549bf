"""Operators whose gradient is computed from their own, rounded result.

Both frameworks compute the slope of tanh as ``1 - y * y``. Where it saturates that cancels, and no
movement of the argument shows by how much: what has to be moved is the result that was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from converters import Graph, Node, TensorSpec, Value
from parity.statistics import normalised

Instead = Callable[[Node, Mapping[str, object]], Sequence[object] | None]


def rounded_results(
    graph: Graph, seed: int, unit: float | None = None, size: float = 1.0
) -> Instead:
    """What computes these operators so that their gradients see a result with a rounding error.

    The result itself is handed on as it is, but for what rounds inside a normalisation.

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
        library, name, *_ = node.op.split(".")
        spec = specs.get(Value(node.name))
        if not isinstance(spec, TensorSpec):
            return None
        if not (spec.dtype.is_floating or spec.dtype.is_complex):
            return None
        u = size * (unit or spec.dtype.unit_roundoff)

        def errors(x: Any) -> Any:
            return 1 + u * (2 * torch.rand(x.shape, generator=generator, dtype=torch.float64) - 1)

        if node.op in _OF_TENSORFLOW:
            name, key, axis = _OF_TENSORFLOW[node.op]
            given: Any = arguments[key]
            wide = isinstance(given, torch.Tensor) and given.dtype == torch.float64
            return (_kept(name, given, axis, errors(given)),) if wide else None
        if library != "aten":
            return None
        found = normalised(node, arguments, errors)
        if found is not None:
            return found
        if name == "scaled_dot_product_attention":
            query: Any = arguments["query"]
            random = arguments.get("dropout_p", 0.0) != 0.0
            return (
                None if random or query.dtype != torch.float64 else (_attention(arguments, errors),)
            )
        if name in ("logsumexp", "logcumsumexp"):
            return (_log_sum(name, arguments, errors),)
        if name in ("cdist", "_cdist_forward") and _by_products(arguments):
            return (_distances(arguments, errors),)
        x: Any = arguments.get("x")
        if name not in _KEPT or not isinstance(x, torch.Tensor) or x.dtype != torch.float64:
            return None
        return (_kept(name, x, arguments.get("dim"), errors(x)),)

    return compute


def _kept(name: str, x: Any, dim: Any, errors: Any) -> Any:
    """An operator's result, whose gradient sees it with errors."""
    import torch

    function, slope = _KEPT[name]

    class Kept(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            result = function(x, dim)
            context.save_for_backward(result * errors)
            return result

        @staticmethod
        def backward(context: Any, upstream: Any) -> Any:
            return slope(context.saved_tensors[0], upstream, dim)

    return Kept.apply(x)  # type: ignore[no-untyped-call]


def _attention(arguments: Mapping[str, Any], errors: Callable[[Any], Any]) -> Any:
    """Attention by its definition, for its gradient keeps the softmax.

    Source: PyTorch's documentation of scaled_dot_product_attention.
    """
    import torch

    query, key, value = (arguments[name] for name in ("query", "key", "value"))
    if arguments.get("enable_gqa"):
        groups = query.shape[-3] // key.shape[-3]
        key, value = (t.repeat_interleave(groups, -3) for t in (key, value))
    scale = arguments.get("scale")
    scores = query @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    mask = arguments.get("attn_mask")
    if arguments.get("is_causal"):
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    if mask is not None:
        keeps = mask.dtype == torch.bool
        scores = scores.masked_fill(~mask, -torch.inf) if keeps else scores + mask
    # a row without any key has a NaN in softmax, and zeros in PyTorch
    empty = (scores == -torch.inf).all(-1, keepdim=True)
    weights = _kept("softmax", scores.masked_fill(empty, 0.0), -1, errors(scores))
    return weights.masked_fill(empty, 0.0) @ value


def _log_sum(name: str, arguments: Mapping[str, Any], errors: Callable[[Any], Any]) -> Any:
    """The logarithm of a sum of exponentials, by whose exponential the gradient divides."""
    import torch

    x, dim = arguments["x"], arguments["dim"]

    class Kept(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: Any) -> Any:
            running = name == "logcumsumexp"
            y = x.logcumsumexp(dim) if running else x.logsumexp(dim, keepdim=True)
            context.save_for_backward(x, y * errors(y))
            return y

        @staticmethod
        def backward(context: Any, upstream: Any) -> Any:
            x, y = context.saved_tensors
            if name == "logsumexp" or not x.ndim:
                return upstream * (x - y).exp().conj()
            found, later, above = [], None, None
            steps = zip(*(part.unbind(dim) for part in (x, y, upstream)), strict=True)
            for one, total, slope in reversed(list(steps)):
                if later is not None:
                    slope = slope + above * (total - later).exp().conj()
                later, above = total, slope
                found.append(slope * (one - total).exp().conj())
            return torch.stack(found[::-1], dim) if found else upstream

    y = Kept.apply(x)  # type: ignore[no-untyped-call]
    if name == "logcumsumexp" or arguments.get("keepdim"):
        return y
    return y.view(x.detach().logsumexp(dim).shape)


def _by_products(arguments: Mapping[str, Any]) -> bool:
    """Whether distances are computed as ``|a|^2 + |b|^2 - 2ab``, which cancels.

    Source: PyTorch's documentation of cdist.
    """
    mode = arguments.get("compute_mode") or 0
    large = any(arguments[name].shape[-2] > 25 for name in ("x1", "x2"))
    return arguments.get("p", 2.0) == 2 and (mode == 1 or (mode == 0 and large))


def _distances(arguments: Mapping[str, Any], errors: Callable[[Any], Any]) -> Any:
    """Euclidean distances with a rounding error in what cancels, which the gradient divides by."""
    import torch

    a, b = arguments["x1"].unsqueeze(-2), arguments["x2"].unsqueeze(-3)
    squares = (a - b).square().sum(-1)
    terms = (a.square().sum(-1) + b.square().sum(-1)).detach()
    squares = squares + (errors(terms) - 1) * terms
    apart = squares > 0
    return torch.where(apart, squares, 1.0).sqrt().where(apart, torch.zeros_like(squares))


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

_OF_TENSORFLOW = {
    "tf.Sigmoid": ("sigmoid", "x", None),
    "tf.Softmax": ("softmax", "logits", -1),
    "tf.Tanh": ("tanh", "x", None),
}
"""TensorFlow's operators of that kind: what they are here, their argument, and their axis."""
