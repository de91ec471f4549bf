"""A failure as a script and a small data file that need nothing of this project."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converters import DType, Node, TensorSpec, Value, dtype_of, replaced_folder, values_in
from parity.draws import opened
from parity.localize import Probe
from parity.results import Result
from parity.runtimes.tensorflow_program import Program
from parity.sides import Arrays, Recording, Source
from parity.targets import Place, Target, matched_places

_HEAD = '''"""{title}

Run it with Python where numpy, torch and tensorflow are installed: python repro.py
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
import torch

here = Path(__file__).parent
data = np.load(here / "repro.npz")


def report(name, source, target):
    difference = np.abs(target.astype(np.float64) - source.astype(np.float64)).max()
    largest = np.abs(source).max()
    print(f"{{name}}: max |target - source| = {{difference:.3g}}, max |source| = {{largest:.3g}}")

'''

_CALL = """
# The operator as PyTorch computes it, on the inputs that the source model gave it.
source = torch.ops.{op}(
{arguments})
source = source[{index}] if isinstance(source, tuple | list) else source
"""

_RECORDED = """
# What {op}, which is the user's own, gave in the source model.
source = torch.from_numpy(data["source/result"])
"""

_NODE = """
# What stands for it in the target, cut out of the target's graph and fed with the same inputs.
definition = tf.compat.v1.GraphDef()
definition.ParseFromString((here / "target.pb").read_bytes())
with tf.Graph().as_default() as graph:
    tf.graph_util.import_graph_def(definition, name="")
    feeds = {{name + ":0": data["target/" + name] for name in {placeholders}}}
    with tf.compat.v1.Session(graph=graph) as session:
        target = session.run("{fetch}", feeds)
target = target.transpose({undo})

report("{node}", source.detach().numpy(), target)
"""


def write_repro(folder: Path, one: Source, other: Target, result: Result) -> Path:
    """Write ``repro.py`` and ``repro.npz`` (and the target's cut-out graph) for a failing check.

    Args:
        folder: replaced as a whole.
        one: the source.
        other: the target.
        result: what was found; its culprit, if there is one, is what the script shows.
    """
    with replaced_folder(folder, force=True) as work:
        node = _culprit(one, result)
        value = (
            None
            if node is None
            else _output(node, matched_places(other, one.captured, other.places))
        )
        if node is None or value is None or not isinstance(other.program, Program):
            _write_outputs(work, one, other, result)
        else:
            _write_node(work, one, other, result, node, value)
    return folder


def _culprit(one: Source, result: Result) -> Node | None:
    if result.culprit is None:
        return None
    return next((node for node in one.graph.nodes if node.name == result.culprit.node), None)


def _output(node: Node, places: Mapping[Value, Place]) -> Value | None:
    values = [Value(node.name, i) for i, s in enumerate(node.outputs) if isinstance(s, TensorSpec)]
    return next((value for value in values if value in places), None)


def _write_outputs(work: Path, one: Source, other: Target, result: Result) -> None:
    """No single node is to blame: the outputs of both sides, and the inputs that gave them."""
    source = one.call()
    program, _, feeds = opened(one, other, other.program, other.places, wide=False)
    ends = program.run(feeds, list(other.program.outputs.values()))
    target = dict(zip(other.program.outputs, ends, strict=True))
    arrays = {f"input/{name}": array for name, array in one.inputs.items()}
    arrays |= {f"source/{name}": array for name, array in source.items()}
    arrays |= {f"target/{name}": target[name] for name in source}
    _save(work / "repro.npz", arrays)
    lines = [f'report("{name}", data["source/{name}"], data["target/{name}"])' for name in source]
    (work / "repro.py").write_text(
        _HEAD.format(title=_one_line(result.summary)) + "\n".join(lines) + "\n"
    )


def _write_node(
    work: Path, one: Source, other: Target, result: Result, node: Node, value: Value
) -> None:
    evidence = next(n for n in result.nodes if n.name == node.name)
    wide = evidence.certificate is not None and not evidence.certificate.verdict.passes
    recorded = one.record(wide=wide)
    graph = one.promoted if wide else one.graph
    node = next(n for n in graph.nodes if n.name == node.name)
    weights = {Value(p.name): p.value for p in graph.parameters}
    program, places = other.program, other.places
    if wide and other.wide is not None:
        program, places = other.wide()
    program, places, feeds = opened(one, other, program, places, wide=wide)
    assert isinstance(program, Program)
    place = places[value]
    probe = Probe(program, {v: p for v, p in places.items() if v in recorded}, feeds)
    definition, placeholders = cut_out(program, place.tensor, _cuts(probe, recorded), probe.feeds)
    (work / "target.pb").write_bytes(definition.SerializeToString())
    arrays: Arrays = {f"target/{name}": array for name, array in placeholders.items()}
    for item in values_in(node.args):
        arrays[_key(item)] = recorded[item] if item in recorded else weights[item]
    undo = (
        tuple(range(len(place.axes or ())))
        if place.axes is None
        else np.argsort(place.axes).tolist()
    )
    rank = recorded[value].ndim
    if node.op.startswith("aten."):
        call = _CALL.format(
            op=node.op,
            index=value.index,
            arguments="".join(
                f"    {name}={_literal(a, recorded)},\n" for name, a in _schema_names(node)
            ),
        )
    else:
        arrays["source/result"] = recorded[value]
        call = _RECORDED.format(op=node.op)
    body = call + _NODE.format(
        placeholders=sorted(placeholders),
        fetch=place.tensor,
        undo=list(undo) if place.axes is not None else list(range(rank)),
        node=node.name,
    )
    _save(work / "repro.npz", arrays)
    (work / "repro.py").write_text(_HEAD.format(title=_one_line(result.summary)) + body)


def _cuts(probe: Probe, recorded: Recording) -> Arrays:
    ends = set(probe.program.inputs.values())
    cuts: Arrays = {}
    for value, place in probe.places.items():
        if place.tensor not in ends:
            cuts.setdefault(place.tensor, place.physical(recorded[value]))
    return cuts


def cut_out(program: Program, fetch: str, cuts: Arrays, inputs: Arrays) -> tuple[Any, Arrays]:
    """The part of a program between cut tensors and one fetched tensor.

    Args:
        program: the program.
        fetch: the tensor to compute.
        cuts: tensors where the part begins, with their values.
        inputs: values of the program's inputs, by name.

    Returns:
        A GraphDef whose placeholders are named ``cut_0``, ``cut_1``, ..., and a value for each of
        them.
    """
    import tensorflow as tf

    nodes = {node.name: node for node in program.graph_def.node}
    begins = {_edge(tensor): array for tensor, array in cuts.items() if tensor != fetch}
    begins |= {_edge(program.inputs[name]): array for name, array in inputs.items()}
    begins |= {_edge(tensor): array for tensor, array in program.constants.items()}
    handles = {tensor.split(":")[0]: array for tensor, array in program.resources.items()}
    result = tf.compat.v1.GraphDef()
    result.versions.CopyFrom(program.graph_def.versions)
    result.library.CopyFrom(program.graph_def.library)
    named: dict[str, str] = {}
    values: Arrays = {}
    pending, seen = [fetch.split(":", maxsplit=1)[0]], set()

    def placeholder(edge: str, array: np.ndarray) -> str:
        if edge not in named:
            named[edge] = f"cut_{len(named)}"
            values[named[edge]] = array
            node = result.node.add(name=named[edge], op="Placeholder")
            node.attr["dtype"].type = tf.as_dtype(array.dtype).as_datatype_enum
            node.attr["shape"].shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
        return named[edge]

    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        copy = result.node.add()
        copy.CopyFrom(nodes[name])
        del copy.input[:]
        for edge in nodes[name].input:
            producer = edge.removeprefix("^").split(":")[0]
            variable = (
                nodes[producer].op == "ReadVariableOp" and nodes[producer].input[0] in handles
            )
            if edge.startswith("^"):
                continue
            if edge in begins:
                copy.input.append(placeholder(edge, begins[edge]))
            elif variable:
                copy.input.append(placeholder(edge, handles[nodes[producer].input[0]]))
            else:
                copy.input.append(edge)
                pending.append(producer)
    return result, values


def _edge(tensor: str) -> str:
    """A tensor's name as an edge of a GraphDef: output 0 is not written."""
    return tensor.removesuffix(":0")


def _save(path: Path, arrays: Arrays) -> None:
    plain = {
        k: a.astype(np.float32) if a.dtype.name == "bfloat16" else a for k, a in arrays.items()
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **plain)  # type: ignore[arg-type]
    path.write_bytes(buffer.getvalue())


def _key(value: Value) -> str:
    return f"source/{value.producer}/{value.index}"


def _schema_names(node: Node) -> list[tuple[str, object]]:
    """The arguments with PyTorch's own names."""
    return [
        ("self" if n == "x" else n.removesuffix("_"), argument) for n, argument in node.args.items()
    ]


def _literal(argument: object, recorded: Recording) -> str:
    if isinstance(argument, Value):
        array = recorded.get(argument)
        text = f"torch.from_numpy(data[{_key(argument)!r}])"
        return (
            f"{text}.to(torch.bfloat16)"
            if array is not None and dtype_of(array) == "bfloat16"
            else text
        )
    if isinstance(argument, DType):
        return f"torch.{argument.value}"
    if isinstance(argument, tuple):
        return "[" + ", ".join(_literal(item, recorded) for item in argument) + "]"
    return repr(argument)


def _one_line(text: str) -> str:
    return text.replace("\\", "/").replace('"""', "'''").replace("\n", " ")
