"""Rows of branches and loops: the functions among their arguments are small graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import strategies as st

from cases.case import LoweringCase
from cases.strategies import tensors
from converters import Dim, Graph, Input, Node, Output, TensorSpec, Value, dtype_of

_SMOOTH = ("normal", "uniform")
Step = tuple[str, str, Mapping[str, object]]


def _graph(
    name: str, inputs: Sequence[np.ndarray], steps: Sequence[Step], *results: object
) -> Graph:
    """A branch of arguments like these arrays, every size open.

    Args:
        name: put before every name in it.
        inputs: its inputs are called 0, 1, 2.
        steps: a name, an operator and its arguments; text that starts with ``$`` names a value, and
            what it returns is like the first input unless it is a comparison.
        results: the values that it returns, named in the same way.
    """

    def named(argument: object) -> object:
        known = isinstance(argument, str) and argument.startswith("$")
        return Value(f"{name}/{str(argument)[1:]}") if known else argument

    def spec(array: np.ndarray) -> TensorSpec:
        return TensorSpec(tuple(Dim("s", size) for size in array.shape), dtype_of(array))

    nodes = []
    for step, op, arguments in steps:
        like = spec(np.zeros((), bool) if op.split(".")[1] in ("lt", "gt") else inputs[0])
        args = {key: named(argument) for key, argument in arguments.items()}
        nodes.append(Node(f"{name}/{step}", op, args, (like,)))
    return Graph(
        tuple(Input(f"{name}/{place}", spec(array)) for place, array in enumerate(inputs)),
        (),
        tuple(nodes),
        tuple(Output(f"output_{place}", named(result)) for place, result in enumerate(results)),
    )


@st.composite
def _matrix(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Rows of an array, and one more row."""
    count, width = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    array = draw(tensors((count + 1, width), distributions=_SMOOTH, low=-4, high=4))
    return array[1:], array[0]


@st.composite
def _cond(draw: st.DrawFn) -> dict[str, object]:
    rows, row = draw(_matrix())
    given = [rows, row]
    yes: list[Step] = [("product", "aten.mul.Tensor", {"x": "$0", "other": "$1"})]
    no: list[Step] = [
        ("sum", "aten.add.Tensor", {"x": "$0", "other": "$1"}),
        ("curve", "aten.tanh.default", {"x": "$sum"}),
    ]
    return {
        "pred": np.asarray(draw(st.booleans())).reshape(draw(st.sampled_from([(), (1,)]))),
        "true_fn": _graph("yes", given, yes, "$product"),
        "false_fn": _graph("no", given, no, "$curve"),
        "operands": (rows, row),
    }


@st.composite
def _while_loop(draw: st.DrawFn) -> dict[str, object]:
    """A counter, a tensor that is changed in each turn, and one that is not."""
    rows, row = draw(_matrix())
    counter = np.asarray(0.0, np.float32)
    given = [counter, rows, row]
    turns = draw(st.integers(0, 4))
    body: list[Step] = [
        ("count", "aten.add.Tensor", {"x": "$0", "other": 1.0}),
        ("product", "aten.mul.Tensor", {"x": "$1", "other": "$2"}),
        ("curve", "aten.sin.default", {"x": "$product"}),
    ]
    test: list[Step] = [("test", "aten.lt.Scalar", {"x": "$0", "other": float(turns)})]
    return {
        "cond_fn": _graph("test", given, test, "$test"),
        "body_fn": _like(_graph("body", given, body, "$count", "$curve"), rows),
        "carried_inputs": (counter, rows),
        "additional_inputs": (row,),
    }


def _like(graph: Graph, array: np.ndarray) -> Graph:
    """The graph, its nodes but the first returning something like the array."""
    spec = TensorSpec(tuple(Dim("s", size) for size in array.shape), dtype_of(array))
    first, *rest = graph.nodes
    changed = [Node(node.name, node.op, node.args, (spec,)) for node in rest]
    return graph.replace(nodes=(first, *changed))


@st.composite
def _map(draw: st.DrawFn) -> dict[str, object]:
    rows, row = draw(_matrix())
    steps: list[Step] = [
        ("sum", "aten.add.Tensor", {"x": "$0", "other": "$1"}),
        ("curve", "aten.sigmoid.default", {"x": "$sum"}),
    ]
    return {
        "f": _graph("f", [row, row], steps, "$curve", "$sum"),
        "xs": (rows,),
        "pos_args": (row,),
    }


@st.composite
def _scan(draw: st.DrawFn) -> dict[str, object]:
    rows, row = draw(_matrix())
    steps: list[Step] = [
        ("product", "aten.mul.Tensor", {"x": "$0", "other": "$2"}),
        ("sum", "aten.add.Tensor", {"x": "$product", "other": "$1"}),
        ("curve", "aten.tanh.default", {"x": "$sum"}),
    ]
    return {
        "combine_fn": _graph("step", [row, row, row], steps, "$curve", "$sum"),
        "init": (row,),
        "xs": (rows,),
        "additional_inputs": (row[::-1].copy(),),
    }


CASES = (
    LoweringCase("higher_order.cond", _cond()),
    LoweringCase("higher_order.while_loop", _while_loop()),
    LoweringCase("higher_order.map_impl", _map()),
    LoweringCase("higher_order.scan", _scan()),
)
