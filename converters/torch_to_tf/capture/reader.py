"""An exported program, read into a :class:`~converters.graph.Graph`."""

from __future__ import annotations

from collections.abc import Mapping

import ml_dtypes
import numpy as np
import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import ConstantArgument, InputKind, OutputKind
from torch.fx import Node as FxNode

from converters.dtypes import dtype_of
from converters.errors import CaptureError
from converters.graph import Graph, Input, Output, Parameter, TensorSpec, Value
from converters.passes.dead_nodes import drop_dead_nodes
from converters.torch_to_tf.capture.fx_nodes import NodeReader, read_argument, tensor_spec
from converters.torch_to_tf.capture.size_rules import size_constraints
from converters.torch_to_tf.nesting import children_of, leaf_names, unflatten


def read_program(program: ExportedProgram) -> Graph:
    """The graph of an exported program, without nodes that nothing depends on.

    Raises:
        CaptureError: the program holds something that is not a tensor, or a type without a
            counterpart.
    """
    return _Reader(program).graph()


def to_numpy(tensor: torch.Tensor) -> np.ndarray:
    """The tensor's numbers, sharing its memory where the tensor is contiguous on the CPU.

    Shapes: (...) -> (...). Dtypes: all of :class:`~converters.dtypes.DType`.
    """
    tensor = tensor.detach()
    if tensor.device.type != "cpu":
        tensor = tensor.cpu()
    if tensor.is_conj() or tensor.is_neg():
        tensor = tensor.resolve_conj().resolve_neg()
    if tensor.dtype == torch.bfloat16:
        return tensor.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.numpy()


class _Reader:
    """Reads one exported program. A class only to share the tables below among its methods."""

    def __init__(self, program: ExportedProgram) -> None:
        self.program = program
        self.fx = list(program.graph.nodes)
        self.placeholders = {node.name: node for node in self.fx if node.op == "placeholder"}
        self.reader = NodeReader(program.graph_module)
        self.values = self.reader.values

    def graph(self) -> Graph:
        inputs, parameters, leaves = self._placeholders()
        signature, positional = self._signature(leaves)
        nodes = tuple(node for fx in self.fx for node in self.reader.nodes(fx))
        outputs, result, mutations = self._results()
        graph = Graph(inputs, parameters, nodes, outputs, signature, result, mutations)
        shapes = [
            (value.producer, fx.meta["val"])
            for fx in self.placeholders.values()
            if isinstance(value := self.values.get(fx), Value)
            and any(item.name == value.producer for item in inputs)
        ]
        constraints = size_constraints(self.program, shapes, signature)
        graph = graph.replace(constraints=constraints, positional=positional)
        return drop_dead_nodes(self._with_overwritten(graph))

    # --- placeholders -----------------------------------------------------------------------------

    def _placeholders(self) -> tuple[tuple[Input, ...], tuple[Parameter, ...], list[object]]:
        parameters: dict[object, Parameter] = {}
        pending: list[tuple[FxNode, object]] = []
        leaves: list[object] = []
        for spec in self.program.graph_signature.input_specs:
            if spec.kind == InputKind.USER_INPUT:
                if isinstance(spec.arg, ConstantArgument):
                    leaves.append(spec.arg.value)
                else:
                    fx = self.placeholders[spec.arg.name]
                    leaves.append(fx)
                    pending.append((fx, None))
            elif spec.kind in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
                fx = self.placeholders[spec.arg.name]
                tensor = self._tensor(spec.target, spec.kind)
                key: object = _storage(tensor)
                if tensor.numel() == 0 or spec.kind == InputKind.CONSTANT_TENSOR:
                    key = spec.target
                known = parameters.get(key)
                if known is None:
                    parameters[key] = known = _parameter(spec.target, tensor, spec.kind)
                elif known.name != spec.target:
                    parameters[key] = known = _with_alias(known, spec.target)
                self.values[fx] = Value(known.name)
            else:
                raise CaptureError(
                    f"the model holds {spec.target or spec.arg.name}, a {spec.kind.name.lower()} "
                    "that is not a tensor. Pass it as an input or make it a buffer."
                )
        taken = {parameter.name for parameter in parameters.values()}
        inputs = []
        for fx, _ in pending:
            name = fx.name if fx.name not in taken else f"{fx.name}_input"
            inputs.append(Input(name, tensor_spec(fx.meta["val"])))
            self.values[fx] = Value(name)
        self.reader.taken = taken | {item.name for item in inputs}
        leaves = [self.values[leaf] if isinstance(leaf, FxNode) else leaf for leaf in leaves]
        return tuple(inputs), self._all_aliases(parameters), leaves

    def _tensor(self, target: str, kind: InputKind) -> torch.Tensor:
        state = self.program.state_dict
        found = state.get(target) if kind != InputKind.CONSTANT_TENSOR else None
        if found is None:
            found = self.program.constants[target]
        return found

    def _all_aliases(self, parameters: Mapping[object, Parameter]) -> tuple[Parameter, ...]:
        """Add the names of tied weights that the graph itself does not mention."""
        result = dict(parameters)
        for name, tensor in self.program.state_dict.items():
            key = _storage(tensor)
            known = result.get(key)
            if (
                known is not None
                and name != known.name
                and name not in known.aliases
                and tensor.numel()
            ):
                result[key] = _with_alias(known, name)
        return tuple(result.values())

    def _signature(self, leaves: list[object]) -> tuple[dict[str, object], int]:
        spec = self.program.call_spec.in_spec
        names = list(self.program.module_call_graph[0].signature.forward_arg_names or ())
        args, kwargs = children_of(spec)
        flat = iter(leaves)
        positional = [unflatten(child, flat) for child in children_of(args)]
        named = dict(
            zip(
                kwargs.context,
                [unflatten(child, flat) for child in children_of(kwargs)],
                strict=True,
            )
        )
        names += [f"arg{place}" for place in range(len(names), len(positional))]
        signature = dict(zip(names, positional, strict=False))
        if len(positional) > len(signature):  # *args of forward: each by its own name
            signature.update(
                {f"arg{i}": positional[i] for i in range(len(signature), len(positional))}
            )
        return signature | named, len(positional)

    # --- results ----------------------------------------------------------------------------------

    def _results(self) -> tuple[tuple[Output, ...], object, dict[str, Value]]:
        returned = next(node for node in self.fx if node.op == "output").args[0]
        leaves: list[object] = []
        mutations: dict[str, Value] = {}
        names = {
            str(value.producer): value.producer
            for value in self.values.values()
            if isinstance(value, Value)
        }
        for spec, fx in zip(self.program.graph_signature.output_specs, returned, strict=True):
            if spec.kind == OutputKind.BUFFER_MUTATION:
                target = self.values[
                    self.placeholders[
                        next(
                            s.arg.name
                            for s in self.program.graph_signature.input_specs
                            if s.target == spec.target
                        )
                    ]
                ]
                assert isinstance(target, Value)
                mutations[names[target.producer]] = self.values[fx]  # type: ignore[assignment]
            elif spec.kind == OutputKind.USER_OUTPUT:
                leaves.append(read_argument(fx, self.values, str))
            elif spec.kind != OutputKind.USER_INPUT_MUTATION:
                what = (
                    f"overwrites its parameter {spec.target} in forward, as an embedding with "
                    "max_norm does"
                    if spec.kind == OutputKind.PARAMETER_MUTATION
                    else f"returns a {spec.kind.name.lower()}"
                )
                raise CaptureError(f"the model {what}, which can't be converted.")
        structure = unflatten(self.program.call_spec.out_spec, iter(range(len(leaves))))
        labels = list(leaf_names(structure, ""))
        if len(labels) == 1 and not labels[0]:
            labels = ["output"]
        labels = [label if not label[:1].isdigit() else f"output_{label}" for label in labels]
        outputs = tuple(Output(label, leaf) for label, leaf in zip(labels, leaves, strict=True))
        result = unflatten(
            self.program.call_spec.out_spec,
            iter([Value(o.name) if isinstance(o.value, Value) else o.value for o in outputs]),
        )
        return outputs, result, mutations

    def _with_overwritten(self, graph: Graph) -> Graph:
        """The graph, what it writes into its inputs returned beside its result.

        TensorFlow's tensors can't be written into, so the caller has to be told what they would
        hold.
        """
        returned = next(node for node in self.fx if node.op == "output").args[0]
        specs = self.program.graph_signature.output_specs
        values = {
            str(self.values[self.placeholders[str(spec.target)]].producer): self.values[fx]  # type: ignore[attr-defined]
            for spec, fx in zip(specs, returned, strict=True)
            if spec.kind == OutputKind.USER_INPUT_MUTATION
        }
        if not values:
            return graph
        taken = {output.name for output in graph.outputs}
        names = {name: f"{name}_after" if name in taken else name for name in values}
        outputs = [Output(names[name], value) for name, value in values.items()]
        written = {name: Value(names[name]) for name in values}
        return graph.replace(
            outputs=(*graph.outputs, *outputs), result=(graph.result, written), overwritten=names
        )


def _storage(tensor: torch.Tensor) -> object:
    """What two names of one tensor have in common."""
    return tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype


def _parameter(name: str, tensor: torch.Tensor, kind: InputKind) -> Parameter:
    return Parameter(
        name,
        TensorSpec(tuple(tensor.shape), dtype_of(tensor)),
        to_numpy(tensor),
        trainable=kind == InputKind.PARAMETER and tensor.requires_grad,
        kind={InputKind.PARAMETER: "parameter", InputKind.BUFFER: "buffer"}.get(kind, "constant"),
    )


def _with_alias(parameter: Parameter, name: str) -> Parameter:
    return Parameter(
        parameter.name,
        parameter.spec,
        parameter.value,
        parameter.trainable,
        parameter.kind,
        (*parameter.aliases, name),
    )
