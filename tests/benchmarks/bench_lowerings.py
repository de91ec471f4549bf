"""Every lowering against the obvious TensorFlow: ratios within one run.

    python tests/benchmarks/bench_lowerings.py [NAME ...]

Each operator is converted alone and timed against the function that hand_written.py gives for it,
both as concrete functions on the same tensors. The two take turns; the smallest time of each
counts, less the time of a function that returns its input. A ratio above 1.5 is timed again, more
often. Results are compared first: a row that computes something else is an error.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from hand_written import Row
from hand_written_layers import TABLE_OF_ROWS

from converters import Graph, Parameter, Value, convert, single_node

LIMIT = 1.5
_TAIL = "tf.nn.elu computes exp(x) - 1, which loses small negative numbers"
_NAN = "NaN is the extremum for PyTorch; TensorFlow's functions pass over it"
_BOUNDS = "tf.maximum and tf.minimum flush denormals and change the sign of zeros"
REASONS: dict[str, str] = {
    "argmax.default": _NAN,
    "argmin.default": _NAN,
    "clamp.default": _BOUNDS,
    "cosine_similarity.default": "each side is divided by its norm first, as in PyTorch",
    "cumprod.default": "accumulated in float64, as PyTorch does on the CPU",
    "elu.default": _TAIL,
    "erf.default": "the vectorised kernel of tf.math.erf gives NaN at minus infinity",
    "erfinv.default": "tf.math.erfinv loses small arguments; two Newton steps in float64 follow it",
    "hardtanh.default": _BOUNDS,
    "hypot.default": "squares may overflow; this is the absolute value of a complex number",
    "kl_div.default": "a target of 0 gives 0, not NaN",
    "linalg_svdvals.default": "the gradient needs the vectors, so they are computed too",
    "leaky_relu.default": "tf.nn.leaky_relu holds its slope in float32, in float64 too",
    "linalg_cross.default": "it works along any axis and broadcasts; tf.linalg.cross does neither",
    "linalg_eigvalsh.default": "the gradient needs the eigenvectors, so they are computed too",
    "max.dim": _NAN,
    "mish.default": "its softplus is exact in float64; tf.nn.softplus has a threshold",
    "nll_loss_nd.default": "targets that are to be ignored are looked for",
    "selu.default": _TAIL,
    "sign.default": "NaN gives 0, as in PyTorch",
    "silu.default": "tf.nn.silu flushes results to 0 that PyTorch keeps",
    "xlogy.Tensor": "tf.math.xlogy gives 0 for 0 and NaN, where PyTorch gives NaN",
}


def graph_of(row: Row) -> tuple[Graph, dict[str, np.ndarray]]:
    """The operator's graph, with its weights as parameters, and the values of its inputs."""
    graph, values = single_node(f"aten.{row.op}", row.arguments)
    owned = {item.name: item for item in graph.inputs if item.name in row.parameters}
    parameters = tuple(
        Parameter(name, item.spec, values[name], trainable=True) for name, item in owned.items()
    )
    return graph.replace(
        inputs=tuple(item for item in graph.inputs if item.name not in owned),
        parameters=parameters,
        signature={n: Value(n) for n in graph.signature if n not in owned},
    ), values


def prepared(row: Row) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Calls of the converted operator and of the function by hand, on the same tensors."""
    graph, values = graph_of(row)
    conversion = convert(graph, channels_last=row.image)
    axes = {
        item.name: item.spec.axes
        for item in (*conversion.graph.inputs, *conversion.graph.parameters)
    }
    placed = {
        name: np.ascontiguousarray(array if axes[name] is None else array.transpose(axes[name]))
        for name, array in values.items()
    }
    inputs = [tf.constant(placed[item.name]) for item in conversion.graph.inputs]
    weights = {name: tf.Variable(placed[name]) for name in row.parameters}

    def hand(*given: Any) -> Any:
        own = iter(given)
        return row.hand(*[weights[n].read_value() if n in weights else next(own) for n in values])

    ours = conversion.model.__call__.get_concrete_function()
    obvious = tf.function(hand, autograph=False).get_concrete_function(*inputs)
    require_same(row, ours(*inputs), obvious(*inputs))
    return (lambda: ours(*inputs)), (lambda: obvious(*inputs))


def require_same(row: Row, ours: Any, obvious: Any) -> None:
    """Raise unless both compute the same."""
    first, other = (np.asarray(tf.nest.flatten(r)[0]) for r in (ours, obvious))
    if first.size != other.size or not np.allclose(
        first.ravel(), other.ravel(), rtol=2e-3, atol=2e-3, equal_nan=True
    ):
        raise ValueError(f"{row.op}: the function by hand computes something else")


def smallest(calls: tuple[Callable[[], Any], ...], seconds: float) -> list[float]:
    """The shortest time of each of several calls, which take turns."""
    best = [float("inf")] * len(calls)
    end, turns = time.perf_counter() + seconds, 0
    while time.perf_counter() < end or turns < 5:
        for place, call in enumerate(calls):
            began = time.perf_counter()
            call()
            best[place] = min(best[place], time.perf_counter() - began)
        turns += 1
    return best


def empty_call() -> Callable[[], Any]:
    """What calling a function costs."""
    x = tf.constant(0.0)
    function = tf.function(tf.identity, autograph=False).get_concrete_function(x)
    return lambda: function(x)


def measured(row: Row) -> tuple[float, float, float]:
    """Ratio, and the microseconds of both sides."""
    calls = (*prepared(row), empty_call())
    best = [float("inf")] * len(calls)
    for seconds in (0.1, 0.5, 1.0, 2.0):
        best = list(map(min, best, smallest(calls, seconds)))
        ours, obvious, nothing = best
        floor = min(nothing, 0.8 * obvious)
        ratio = (ours - floor) / (obvious - floor)
        if ratio <= LIMIT:
            break
    return ratio, 1e6 * ours, 1e6 * obvious


def label(row: Row) -> str:
    """The operator, and what tells several rows of it apart."""
    shapes = [
        "x".join(map(str, a.shape)) for a in row.arguments.values() if isinstance(a, np.ndarray)
    ]
    return f"{row.op} {shapes[0] if shapes else ''}".strip()


def main() -> None:
    """Print a table, the slowest first."""
    names = sys.argv[1:]
    rows = [r for r in TABLE_OF_ROWS if not names or any(name in r.op for name in names)]
    found = []
    for row in rows:
        try:
            found.append((*measured(row), row))
        except Exception as error:  # noqa: BLE001  the others are still to be measured
            print(f"{label(row)}: {type(error).__name__}: {error}"[:300], flush=True)
    found.sort(key=lambda item: -item[0])
    for ratio, ours, obvious, row in found:
        print(f"{ratio:6.2f}  {ours:9.0f} us  {obvious:9.0f} us  {label(row)}")
    ratios = [item[0] for item in found]
    above = [row.op for ratio, *_, row in found if ratio > LIMIT]
    print(f"{len(found)} measured, median {np.median(ratios):.2f}, {len(above)} above {LIMIT}")
    unexplained = sorted({op for op in above if op not in REASONS})
    print(f"above {LIMIT} without a reason: {', '.join(unexplained) or 'none'}")


if __name__ == "__main__":
    main()
