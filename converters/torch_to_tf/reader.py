"""An exported program, read into a :class:`~converters.graph.Graph`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch.export import ExportedProgram
from torch.export.graph_signature import ConstantArgument, InputKind, OutputKind
from torch.fx import Node as FxNode
from torch.utils import _pytree as pytree

from converters.dtypes import DType, dtype_of
from converters.errors import CaptureError
from converters.graph import (
    Dim,
    Graph,
    Input,
    Node,
    Output,
    Parameter,
    ScalarSpec,
    TensorSpec,
    Value,
)
from converters.passes.dead_nodes import drop_dead_nodes
from converters.torch_to_tf.schema import PLACEMENT, argument_name

_CHECKS = frozenset(
    {
        "aten._assert_tensor_metadata.default",
        "aten._assert_scalar.default",
        "aten._assert_async.msg",
        "aten.sym_constrain_range.default",
        "aten.sym_constrain_range_for_size.default",
    }
)


_FUNCTIONALIZED = (
    torch.ops.higher_order.auto_functionalized,
    torch.ops.higher_order.auto_functionalized_v2,
)
"""What stands for a call of an operator (their first argument) that changes its arguments."""


def read_program(program: ExportedProgram) -> Graph:
    """The graph of an exported program, without nodes that nothing depends on.

    Raises:
        CaptureError: the program holds something that is not a tensor, or a type without a
            counterpart.
    """
    return _Reader(program).graph()


def operators_of(program: ExportedProgram) -> Iterator[str]:
    """The operators that a program needs lowerings for, in execution order.

    Not among them are the checks that tracing leaves behind, and the picking of one result of
    several.
    """
    for node in program.graph.nodes:
        if node.op == "call_function":
            name = op_name(node)
            if name not in _CHECKS and name != "operator.getitem":
                yield name


def op_name(node: FxNode) -> str:
    """The operator's name with its overload, for example ``aten.linear.default``."""
    target: Any = node.target
    if isinstance(target, torch._ops.OpOverload):
        return str(target)
    if target in _FUNCTIONALIZED:
        return str(node.args[0])
    if isinstance(target, torch._ops.HigherOrderOperator):
        return f"higher_order.{target._name}"
    module = getattr(target, "__module__", "") or ""
    return f"{module.lstrip('_')}.{target.__name__}"


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
        self.values: dict[FxNode, object] = {}
        self.taken: set[str] = set()

    def graph(self) -> Graph:
        inputs, parameters, leaves = self._placeholders()
        signature, positional = self._signature(leaves)
        nodes = tuple(node for fx in self.fx for node in self._node(fx))
        outputs, result, mutations = self._results()
        graph = Graph(inputs, parameters, nodes, outputs, signature, result, mutations, positional)
        return drop_dead_nodes(graph)

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
            inputs.append(Input(name, self._tensor_spec(fx.meta["val"])))
            self.values[fx] = Value(name)
        self.taken = taken | {item.name for item in inputs}
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
        args, kwargs = _children(spec)
        flat = iter(leaves)
        positional = [_unflatten(child, flat) for child in _children(args)]
        named = dict(
            zip(
                kwargs.context,
                [_unflatten(child, flat) for child in _children(kwargs)],
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

    # --- nodes ------------------------------------------------------------------------------------

    def _node(self, fx: FxNode) -> Iterator[Node]:
        if fx.op != "call_function":
            return
        op = op_name(fx)
        if op in _CHECKS:
            return
        _require_contiguous(op, fx)
        if op == "operator.getitem" and isinstance(fx.args[0], FxNode):
            parent = self.values[fx.args[0]]
            if isinstance(parent, tuple):
                self.values[fx] = parent[fx.args[1]]  # type: ignore[index]
                return
        outputs = self._outputs(fx.meta.get("val"))
        several = isinstance(fx.meta.get("val"), tuple | list)
        name = fx.name if fx.name not in self.taken else f"{fx.name}_node"
        refs = tuple(Value(name, index) for index in range(len(outputs)))
        self.values[fx] = refs if several else refs[0] if refs else None
        yield Node(
            name, op, self._arguments(fx), outputs, module=_module_path(fx), source=_source_line(fx)
        )

    def _arguments(self, fx: FxNode) -> dict[str, object]:
        target: Any = fx.target
        if isinstance(target, torch._ops.OpOverload):
            names = [argument.name for argument in target._schema.arguments]
            given = dict(zip(names, fx.args, strict=False)) | dict(fx.kwargs)
            return {
                argument_name(name): self._argument(value)
                for name, value in given.items()
                if name not in PLACEMENT
            }
        given = {chr(ord("a") + place): value for place, value in enumerate(fx.args)}
        return {name: self._argument(value) for name, value in (given | dict(fx.kwargs)).items()}

    def _argument(self, value: Any) -> object:
        if isinstance(value, FxNode):
            return self.values.get(
                value, value.name
            )  # a sub-graph of a control flow operator has no value
        if isinstance(value, tuple | list):
            return tuple(self._argument(item) for item in value)
        if isinstance(value, torch.dtype):
            return dtype_of(value)
        if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
            return _hint(value)
        if isinstance(value, torch.device | torch.layout | torch.memory_format):
            return None
        return value

    def _outputs(self, value: Any) -> tuple[TensorSpec | ScalarSpec, ...]:
        if isinstance(value, tuple | list):
            return tuple(self._spec(item) for item in value)
        return (self._spec(value),)

    def _spec(self, value: Any) -> TensorSpec | ScalarSpec:
        if isinstance(value, torch.Tensor):
            return self._tensor_spec(value)
        if isinstance(value, torch.SymInt):
            return ScalarSpec("int", _hint(value))
        if isinstance(value, torch.SymFloat):
            return ScalarSpec("float", _hint(value))
        if isinstance(value, torch.SymBool):
            return ScalarSpec("bool")
        return ScalarSpec(type(value).__name__)

    def _tensor_spec(self, value: Any) -> TensorSpec:
        if not isinstance(value, torch.Tensor):
            kind = {bool: DType.bool, int: DType.int64, float: DType.float32}.get(
                type(value), DType.int64
            )
            return TensorSpec((), kind)
        if value.layout is not torch.strided:
            raise CaptureError(
                f"the model computes with tensors of the layout {value.layout}, which are not "
                "supported. Pass dense ones (to_dense())."
            )
        shape = tuple(
            dim if isinstance(dim, int) else Dim(str(dim.node.expr), _hint(dim))
            for dim in value.shape
        )
        try:
            return TensorSpec(shape, dtype_of(value))
        except ValueError as error:
            raise CaptureError(
                f"the model computes with {value.dtype}, which TensorFlow has no counterpart for. "
                "Convert the model in a floating-point type."
            ) from error

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
                leaves.append(self.values[fx] if isinstance(fx, FxNode) else self._argument(fx))
            elif spec.kind != OutputKind.USER_INPUT_MUTATION:
                what = (
                    f"overwrites its parameter {spec.target} in forward, as an embedding with "
                    "max_norm does"
                    if spec.kind == OutputKind.PARAMETER_MUTATION
                    else f"returns a {spec.kind.name.lower()}"
                )
                raise CaptureError(f"the model {what}, which can't be converted.")
        structure = _unflatten(self.program.call_spec.out_spec, iter(range(len(leaves))))
        labels = list(_leaf_names(structure, ""))
        if len(labels) == 1 and not labels[0]:
            labels = ["output"]
        labels = [label if not label[:1].isdigit() else f"output_{label}" for label in labels]
        outputs = tuple(Output(label, leaf) for label, leaf in zip(labels, leaves, strict=True))
        result = _unflatten(
            self.program.call_spec.out_spec,
            iter([Value(o.name) if isinstance(o.value, Value) else o.value for o in outputs]),
        )
        return outputs, result, mutations


def _require_contiguous(op: str, fx: FxNode) -> None:
    """Views by strides read memory; a graph holds no strides, so theirs must be the usual ones.

    Raises:
        CaptureError: they are not.
    """
    if not op.startswith("aten.as_strided"):
        return
    value = fx.all_input_nodes[0].meta.get("val")
    if isinstance(value, torch.Tensor) and not (
        value.is_contiguous() and value.storage_offset() == 0
    ):
        raise CaptureError(
            f"as_strided is called on a tensor with the strides {tuple(value.stride())}, which is "
            "not contiguous. Call contiguous() on it first, or use operators that name axes."
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


def _hint(symbol: Any) -> Any:
    hint = getattr(symbol.node, "hint", None)
    return hint if hint is not None else 1


def _children(spec: pytree.TreeSpec) -> list[pytree.TreeSpec]:
    return list(spec.children()) if hasattr(spec, "children") else list(spec.children_specs)


def _unflatten(spec: pytree.TreeSpec, leaves: Iterator[object]) -> object:
    """Nested tuples, lists and dicts; a dataclass or any other named container becomes a dict."""
    if spec.is_leaf():
        return next(leaves)
    children = [_unflatten(child, leaves) for child in _children(spec)]
    if spec.type is list:
        return children
    keys = _keys(spec)
    return dict(zip(keys, children, strict=True)) if keys is not None else tuple(children)


def _keys(spec: pytree.TreeSpec) -> list[str] | None:
    context: Any = spec.context
    count = len(_children(spec))
    if hasattr(context, "_fields"):
        return list(context._fields)
    candidates = context if isinstance(context, tuple | list) else [context]
    for candidate in (context, *candidates):
        if (
            isinstance(candidate, tuple | list)
            and len(candidate) == count
            and all(isinstance(key, str) for key in candidate)
        ):
            return list(candidate)
    return None


def _leaf_names(structure: object, prefix: str) -> Iterator[str]:
    items: list[tuple[object, object]]
    if isinstance(structure, Mapping):
        items = list(structure.items())
    elif isinstance(structure, tuple | list):
        items = list(enumerate(structure))
    else:
        yield prefix
        return
    for key, item in items:
        yield from _leaf_names(item, f"{prefix}_{key}" if prefix else str(key))


def _module_path(fx: FxNode) -> str:
    stack = fx.meta.get("nn_module_stack") or {}
    return str(next(reversed(stack.values()))[0]) if stack else ""


def _source_line(fx: FxNode) -> str:
    lines = (fx.meta.get("stack_trace") or "").strip().split("\n")
    for place in range(len(lines) - 1, -1, -1):
        if lines[place].lstrip().startswith("File ") and "/torch/nn/" not in lines[place]:
            text = lines[place + 1].strip() if place + 1 < len(lines) else ""
            file, line, *_ = lines[place].strip().removeprefix("File ").split(", ")
            return f"{Path(file.strip(chr(34))).name}:{line.removeprefix('line ')}: {text}"
    return ""
