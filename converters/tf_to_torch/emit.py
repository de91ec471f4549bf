"""A graph to a ``torch.nn.Module``: PyTorch's own tracer writes the target graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from converters.conversion import Conversion
from converters.dtypes import DType
from converters.errors import ConversionError, LoweringError, naming
from converters.graph import Dim, Graph, Node, Parameter, Value
from converters.interpreter import Observer, evaluate
from converters.registry import Registry
from converters.structure import leaves, map_structure
from converters.tf_to_torch.arguments import (
    are_numbers,
    as_arrays,
    as_numbers,
    dtype_of_result,
    prepared,
    tensor_of,
)
from converters.tf_to_torch.lowerings import SIZES
from converters.tf_to_torch.memory import arrange_weights
from converters.tf_to_torch.targets import Saver
from converters.torch_tensors import from_numpy
from converters.weights import WeightMap

MARK = "source_node"
"""Under which key a node of the exported program says what it stands for."""


def lowered(registry: Registry) -> Callable[[Node, Mapping[str, object]], Sequence[object]]:
    """The ``call`` of the interpreter that applies a node's lowering."""

    def call(node: Node, arguments: Mapping[str, object]) -> Sequence[object]:
        with naming(node):
            if node.op in SIZES and are_numbers(node, arguments):
                sizes = SIZES.get(node.op)
                assert sizes is not None
                found = sizes.function(**as_arrays(node, arguments))
                if found is not NotImplemented:  # it depends on what is known only at run time
                    return list(map(as_numbers, found if isinstance(found, list) else [found]))
            lowering = registry.get(node.op)
            assert lowering is not None
            result = lowering.function(**prepared(node, lowering.function, arguments))
        return result if isinstance(result, list) else [result]

    return call


def run(
    graph: Graph,
    registry: Registry,
    values: Mapping[str, object],
    observe: Observer | None = None,
) -> tuple[list[object], dict[str, object]]:
    """Walk a graph with its lowerings, eagerly or under a tracer."""
    return evaluate(graph, values, lowered(registry), observe)


class _Walk(torch.nn.Module):
    """The interpreter as a module that ``torch.export`` can trace."""

    def __init__(
        self, graph: Graph, registry: Registry, observe: Observer, names: Mapping[str, str]
    ) -> None:
        super().__init__()
        self.graph, self.registry, self.observe, self.names = graph, registry, observe, names
        for parameter in graph.parameters:
            if parameter.name in names:
                _place(self, parameter, names[parameter.name])

    def walk(self, *args: Any) -> Any:
        """Compute the outputs."""
        values: dict[str, object] = {
            name: _found(self, target) for name, target in self.names.items()
        }
        for name in self.graph.mutations:  # gradients need the state as it was before
            held = values[name]
            if isinstance(held, torch.Tensor) and (held.is_floating_point() or held.is_complex()):
                values[name] = held.clone()
        for structure, argument in zip(self.graph.signature.values(), args, strict=True):
            values.update(leaves(structure, argument))
        results, mutated = run(self.graph, self.registry, values, self.observe)
        for name, value in mutated.items():
            assert isinstance(value, torch.Tensor)
            _found(self, self.names[name]).copy_(value.detach())
        return _filled(self.graph, results)


def _walk(
    graph: Graph, registry: Registry, observe: Observer, names: Mapping[str, str]
) -> torch.nn.Module:
    """The walk with a parameter of ``forward`` for each argument of the source."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    arguments = ("self", *graph.signature)

    def forward(self: _Walk, *args: Any) -> Any:
        return self.walk(*args)

    forward.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, kind) for name in arguments]
    )
    own = type("Converted", (_Walk,), {"forward": forward})
    return own(graph, registry, observe, names).eval()


def _place(module: torch.nn.Module, parameter: Parameter, target: str) -> None:
    """Put a parameter where a dotted name says, with the target's axis order."""
    *path, name = target.split(".")
    for part in path:
        if not hasattr(module, part):
            module.add_module(part, torch.nn.Module())
        module = getattr(module, part)
    value = parameter.value
    if parameter.spec.axes is not None:
        value = value.transpose(parameter.spec.axes)
    tensor = from_numpy(value).clone(memory_format=torch.contiguous_format)
    if parameter.kind == "parameter" and (tensor.is_floating_point() or tensor.is_complex()):
        module.register_parameter(
            name, torch.nn.Parameter(tensor, requires_grad=parameter.trainable)
        )
    else:
        module.register_buffer(name, tensor)


def _found(module: Any, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part)
    return module


def _filled(graph: Graph, results: Sequence[object]) -> object:
    """The results in the nesting that the source returns."""
    named = {output.name: result for output, result in zip(graph.outputs, results, strict=True)}
    specs = graph.specs

    def fill(structure: object) -> object:
        if isinstance(structure, Value):
            result = named[structure.producer]
            if isinstance(result, torch.Tensor):
                return result
            output = next(o.value for o in graph.outputs if o.name == structure.producer)
            spec = specs.get(output) if isinstance(output, Value) else None
            dtype = dtype_of_result(spec) if spec is not None else DType.int32
            return tensor_of(result, getattr(torch, dtype.value))
        return (
            map_structure(fill, structure)
            if isinstance(structure, dict | list | tuple)
            else structure
        )

    return fill(graph.result)


def emit(
    source: Graph,
    graph: Graph,
    registry: Registry,
    promoted: Callable[[], Conversion],
    capture: Callable[[Any, Any], Graph],
) -> Conversion:
    """Trace a laid-out graph into an exported program.

    Args:
        source: the captured graph.
        graph: the graph to lower, with axis orders assigned.
        registry: the lowerings.
        promoted: builds the same conversion in float64.
        capture: captures another source in the same way.
    """
    program = traced(graph, registry, mark, {p.name: p.name for p in graph.parameters})
    provenance = _provenance(graph, program)
    module = program.module()
    arrange_weights(module)
    return Conversion(
        model=module,
        weights=WeightMap.of(graph.parameters),
        provenance=provenance,
        source=source,
        graph=graph,
        save=Saver(program, module),
        promoted=promoted,
        capture=capture,
        training=False,
        given=module,
    )


def traced(
    graph: Graph, registry: Registry, observe: Observer, names: Mapping[str, str]
) -> torch.export.ExportedProgram:
    """Trace the walk over a laid-out graph.

    Args:
        graph: what to compute.
        registry: the lowerings.
        observe: sees each node with what PyTorch's tracer has written for it.
        names: where the parameters that it uses are to be in the module.

    Raises:
        LoweringError: a lowering failed.
        ConversionError: PyTorch can't trace it.
    """
    walk = _walk(graph, registry, observe, names)
    examples, shapes = examples_of(graph)
    try:
        with torch.no_grad():
            program = torch.export.export(walk, examples, dynamic_shapes=shapes, strict=False)
    except LoweringError:
        raise
    except Exception as error:
        fixed = _fixed_sizes(graph, walk)
        if fixed:
            raise ConversionError(
                f"the model works only where {', '.join(fixed)}, but that size is open: convert a "
                "tf.function with an input_signature of fixed shapes, or a Keras model whose "
                "Input has them (batch_size=)."
            ) from error
        raise ConversionError(
            f"PyTorch can't trace the converted model: {type(error).__name__}: {error}"
        ) from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # lines of this package
    return program


def _fixed_sizes(graph: Graph, walk: torch.nn.Module) -> list[str]:
    """Which open sizes have to be those of the examples, in words; none if it isn't that."""
    from torch.fx.experimental.symbolic_shapes import is_concrete_int

    examples, shapes = examples_of(graph, torch.export.Dim.AUTO)
    try:
        with torch.no_grad():
            program = torch.export.export(walk, examples, dynamic_shapes=shapes, strict=False)
    except Exception:  # noqa: BLE001 - then it isn't the sizes
        return []
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    given = zip(program.graph_signature.user_inputs, graph.inputs, strict=True)
    return [
        f"{item.name} has {values[name].shape[axis]} along axis {axis}"
        for name, item in given
        for axis, dim in enumerate(item.spec.target_shape)
        if isinstance(dim, Dim) and is_concrete_int(values[name].shape[axis])
    ]


def examples_of(
    graph: Graph, open_size: Any = torch.export.Dim.DYNAMIC
) -> tuple[tuple[Any, ...], Any]:
    """Arguments to trace with, and which of their sizes stay open.

    Args:
        graph: what is traced.
        open_size: what an open size is marked with.
    """
    tensors, shapes = {}, {}
    for item in graph.inputs:
        dtype = getattr(torch, item.spec.dtype.value)
        sizes = [d.hint if isinstance(d, Dim) else d for d in item.spec.target_shape]
        tensors[item.name] = torch.zeros(sizes, dtype=dtype)
        shapes[item.name] = {
            axis: open_size
            for axis, dim in enumerate(item.spec.target_shape)
            if isinstance(dim, Dim)
        }

    def fill(structure: object, found: Mapping[str, Any]) -> Any:
        if isinstance(structure, Value):
            return found[structure.producer]
        return map_structure(lambda leaf: fill(leaf, found), structure)

    arguments = graph.signature.values()
    return (
        tuple(fill(structure, tensors) for structure in arguments),
        tuple(fill(structure, shapes) for structure in arguments),
    )


def mark(node: Node, outputs: Sequence[object]) -> None:
    """Note on what PyTorch's tracer has just written which node it stands for."""
    from torch.fx.experimental.proxy_tensor import get_proxy_mode, get_proxy_slot

    mode = get_proxy_mode()
    if mode is None:
        return
    for index, output in enumerate(outputs):
        if isinstance(output, torch.Tensor):
            slot = get_proxy_slot(output, mode.tracer, None)
            if slot is not None:
                custom = slot.proxy.node.meta.setdefault("custom", {})
                custom.setdefault(MARK, f"{node.name}:{index}")


def _provenance(
    graph: Graph, program: torch.export.ExportedProgram
) -> dict[str, tuple[str | None, ...]]:
    """For each node of a graph the nodes of the exported program that stand for its outputs."""
    found: dict[str, str] = {}
    for node in program.graph.nodes:
        mark = node.meta.get("custom", {}).get(MARK)
        if mark is not None and node.op == "call_function":
            found.setdefault(mark, node.name)
    return {
        node.name: tuple(found.get(f"{node.name}:{i}") for i in range(len(node.outputs)))
        for node in graph.nodes
    }
