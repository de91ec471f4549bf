"""Branches, and the conditions and bodies of loops, as graphs of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from converters.graph import Graph, Input, Output, ScalarSpec, TensorSpec, Value
from converters.tf_to_torch.reader import Frame, Reader, Resource


def read_branch(
    reader: Reader, op: Any, given: Sequence[object], frame: Frame, name: str
) -> list[Value]:
    """A choice between two branches, which both take all that one of them computes with."""
    condition = reader.argument(given[0], op.inputs[0], frame)
    passed = [
        reader.argument(item, tensor, frame)
        for item, tensor in zip(given[1:], op.inputs[1:], strict=True)
    ]
    branches = [
        _inner(reader, op, key, given[1:], f"{name}/{key}/")
        for key in ("then_branch", "else_branch")
    ]
    args = {
        "cond": condition,
        "then_branch": branches[0],
        "else_branch": branches[1],
        "input": tuple(passed),
    }
    specs = [reader.spec(tensor, f"{name}:{i}") for i, tensor in enumerate(op.outputs)]
    return reader.add_node(name, "tf.If", args, specs, frame)


def read_loop(
    reader: Reader, op: Any, given: Sequence[object], frame: Frame, name: str
) -> list[object]:
    """A loop, whose unchanging inputs are handed on apart."""
    body = reader.function(op, op.get_attr("body").name)
    kept = [i for i, t in enumerate(body.outputs) if _same(t, body.inputs[i])]
    carried = [i for i in range(len(given)) if i not in kept]
    order = [*carried, *kept]
    graphs = {
        key: _inner(reader, op, key, given, f"{name}/{key}/", order) for key in ("cond", "body")
    }
    loop = graphs["body"]
    loop = loop.replace(outputs=tuple(loop.outputs[i] for i in carried))
    args = {
        "cond": graphs["cond"],
        "body": loop,
        "input": tuple(reader.argument(given[i], op.inputs[i], frame) for i in carried),
        "captured": tuple(reader.argument(given[i], op.inputs[i], frame) for i in kept),
    }
    specs = [reader.spec(op.outputs[i], f"{name}:{i}") for i in carried]
    values = reader.add_node(name, "tf.While", args, specs, frame)
    results: list[object] = list(given)
    for place, value in zip(carried, values, strict=True):
        results[place] = value
    return results


def _inner(
    reader: Reader,
    op: Any,
    key: str,
    given: Sequence[object],
    prefix: str,
    order: Sequence[int] | None = None,
) -> Graph:
    """A branch, or the condition or body of a loop, as a graph of its own."""
    graph = reader.function(op, op.get_attr(key).name)
    inner, inputs = Frame(outer=False), {}
    bound: dict[Any, object] = {}
    for place, (tensor, item) in enumerate(zip(graph.inputs, given, strict=True)):
        name = reader.unique(f"{prefix}{tensor.op.name}")
        reader.taken[name] += 1
        value = Value(name)
        if isinstance(item, Resource):
            spec: TensorSpec | ScalarSpec = reader.parameters[item.name].spec
            inner.state[item.name] = value
            bound[tensor.ref()] = item
        else:
            outer = op.inputs[place + (len(op.inputs) - len(given))]
            spec = reader.spec(outer if tensor.shape.rank is None else tensor, name)
            bound[tensor.ref()] = value
        inputs[place] = Input(name, spec)  # type: ignore[arg-type]
        inner.specs[value] = spec
    results = reader.walk(graph, bound, inner, prefix)
    outputs = tuple(
        Output(f"{prefix}output_{i}", reader.value(item, inner)) for i, item in enumerate(results)
    )
    chosen = [inputs[i] for i in (order or sorted(inputs))]
    return Graph(tuple(chosen), (), tuple(inner.nodes), outputs, framework="tensorflow")


def _same(tensor: Any, other: Any) -> bool:
    """Whether a tensor is another, handed on."""
    while tensor is not other and tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor is other
