"""One operator call as a graph: what operator tests convert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from converters.dtypes import DType, dtype_of
from converters.graph import (
    Dim,
    Graph,
    Input,
    Node,
    Output,
    ScalarSpec,
    TensorSpec,
    Value,
    map_argument,
)
from converters.interpreter import Branch
from converters.torch_tensors import from_numpy
from converters.torch_to_tf.schema import CONTROL_FLOW, overload
from converters.torch_to_tf.torch_replay import call_aten


def single_node(
    op: str,
    arguments: Mapping[str, object],
    *,
    dynamic: bool = False,
    results: int | None = None,
) -> tuple[Graph, dict[str, np.ndarray]]:
    """The graph of one operator call, and the values of its inputs.

    Args:
        op: the operator with its overload.
        arguments: by the names of the lowering's parameters; every array becomes an input of the
            graph.
        dynamic: leave every size of every input open.
        results: how many of the results are outputs of the graph, from the front; None for all.

    Raises:
        Whatever PyTorch raises if it refuses the call.
    """
    inputs: list[Input] = []
    values: dict[str, np.ndarray] = {}

    def named(path: str, argument: object) -> object:
        if isinstance(argument, np.ndarray):
            inputs.append(Input(path, _spec(argument, dynamic=dynamic)))
            values[path] = argument
            return Value(path)
        if isinstance(argument, tuple | list):
            return tuple(named(f"{path}_{place}", item) for place, item in enumerate(argument))
        return argument

    args = {name: named(name, argument) for name, argument in arguments.items()}
    before: list[Node] = []
    if (
        overload(op) is None and op not in CONTROL_FLOW
    ):  # a function of numbers: they are read from tensors
        args = {
            name: map_argument(lambda leaf: _number(leaf, before), a) for name, a in args.items()
        }
    node = Node("node", op, args, ())

    def tensor(argument: object) -> object:
        if isinstance(argument, Value):
            value = from_numpy(values[argument.producer.removesuffix(_ITEM)])
            return value.item() if argument.producer.endswith(_ITEM) else value
        if isinstance(argument, Graph):
            return Branch(argument, call_aten)
        return tuple(tensor(item) for item in argument) if isinstance(argument, tuple) else argument

    found = call_aten(node, {name: tensor(argument) for name, argument in args.items()})
    node = Node("node", op, args, tuple(_result(result, dynamic=dynamic) for result in found))
    after = [
        Node(
            f"result_{place}",
            "aten.scalar_tensor.default",
            {"s": Value("node", place), "dtype": kind},
            (spec,),
        )
        for place, result in enumerate(found)
        if (kind := _NUMBERS.get(type(result))) is not None
        for spec in (TensorSpec((), kind),)
    ]
    numbers = {node.args["s"]: Value(node.name) for node in after}
    outputs = tuple(
        Output(f"output_{place}", numbers.get(Value("node", place), Value("node", place)))
        for place, result in enumerate(found[:results])
        if isinstance(result, torch.Tensor) or type(result) in _NUMBERS
    )
    signature = {item.name: Value(item.name) for item in inputs}
    structure = tuple(Value(output.name) for output in outputs)
    nodes = (*before, node, *after)
    graph = Graph(tuple(inputs), (), nodes, outputs, signature, structure, positional=len(inputs))
    return graph, values


_ITEM = "_item"
_NUMBERS = {bool: DType.bool, int: DType.int64, float: DType.float64}


def _number(leaf: object, nodes: list[Node]) -> object:
    """The number in a zero-dimensional input, read by a node of its own."""
    if not isinstance(leaf, Value):
        return leaf
    nodes.append(
        Node(f"{leaf.producer}{_ITEM}", "aten.item.default", {"x": leaf}, (ScalarSpec("number"),))
    )
    return Value(nodes[-1].name)


def _spec(array: Any, *, dynamic: bool) -> TensorSpec:
    shape = tuple(Dim("s", size) if dynamic else size for size in array.shape)
    return TensorSpec(shape, dtype_of(array))


def _result(result: object, *, dynamic: bool) -> TensorSpec | ScalarSpec:
    if isinstance(result, torch.Tensor):
        return _spec(result, dynamic=dynamic)
    return ScalarSpec(type(result).__name__)
