"""The nodes of an exported program's graphs, read into :class:`~converters.graph.Node`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.fx import GraphModule
from torch.fx import Node as FxNode

from converters.dtypes import DType, dtype_of
from converters.errors import CaptureError
from converters.graph import (
    Dim,
    Graph,
    Input,
    Node,
    Output,
    ScalarSpec,
    TensorSpec,
    Value,
    flat_results,
    map_argument,
)
from converters.passes.dead_nodes import CHECK, drop_dead_nodes
from converters.torch_to_tf.leaves import LEAF, call_of
from converters.torch_to_tf.schema import CONTROL_FLOW, PLACEMENT, argument_name

_IGNORED = frozenset(
    {
        "aten._assert_tensor_metadata.default",
        "aten.sym_constrain_range.default",
        "aten.sym_constrain_range_for_size.default",
    }
)
_OF_NUMBERS = "aten._assert_scalar.default"
_ASSERTIONS = frozenset({_OF_NUMBERS, "aten._assert_async.msg"})
_RULE = re.compile(r"Runtime assertion failed for expression (.+) on node '.*'")

_FUNCTIONALIZED = (
    torch.ops.higher_order.auto_functionalized,
    torch.ops.higher_order.auto_functionalized_v2,
)
"""What stands for a call of an operator (their first argument) that changes its arguments."""


def operators_of(module: GraphModule) -> Iterator[str]:
    """The operators that a graph needs lowerings for, those inside branches included.

    Not among them are the checks that tracing leaves behind, and the picking of one result of
    several.
    """
    for part in module.modules():
        for node in part.graph.nodes if isinstance(part, GraphModule) else ():
            if node.op == "call_function":
                name = op_name(node)
                if name not in _IGNORED | _ASSERTIONS and name != "operator.getitem":
                    yield name


def op_name(node: FxNode) -> str:
    """The operator's name with its overload, for example ``aten.linear.default``."""
    target: Any = node.target
    if target is LEAF:
        return call_of(str(node.args[3])).op
    if isinstance(target, torch._ops.OpOverload):
        return str(target)
    if target in _FUNCTIONALIZED:
        return str(node.args[0])
    if isinstance(target, torch._ops.HigherOrderOperator):
        return f"higher_order.{target._name}"
    module = getattr(target, "__module__", "") or ""
    return f"{module.lstrip('_')}.{target.__name__}"


class NodeReader:
    """Reads the nodes of one graph. A class only to share its table of values.

    Attributes:
        owner: the module that holds the graph, and under their names those inside it.
        values: for each node that was read, what stands for it.
        taken: names that are inputs' or parameters', for no node to have.
        place: of a branch, the node that it belongs to and the argument that it is.
    """

    def __init__(self, owner: GraphModule, place: tuple[Node, str] | None = None) -> None:
        self.owner, self.place = owner, place
        self.values: dict[FxNode, object] = {}
        self.taken: set[str] = set()

    def branch(self) -> Graph:
        """The graph of a branch or a loop's body: inputs, nodes and outputs in order."""
        inputs = []
        for fx in self.owner.graph.nodes:
            if fx.op == "placeholder":
                name = self._own(fx.name)
                inputs.append(Input(name, tensor_spec(fx.meta["val"])))
                self.values[fx] = Value(name)
        nodes = tuple(node for fx in self.owner.graph.nodes for node in self.nodes(fx))
        returned = next(fx for fx in self.owner.graph.nodes if fx.op == "output").args[0]
        several = returned if isinstance(returned, tuple | list) else (returned,)
        outputs = [
            Output(f"output_{i}", self._argument(item, None)) for i, item in enumerate(several)
        ]
        return drop_dead_nodes(Graph(tuple(inputs), (), nodes, tuple(outputs)))

    def nodes(self, fx: FxNode) -> Iterator[Node]:
        """What a node of the exported graph becomes: one node, or none."""
        if fx.op != "call_function":
            return
        op = op_name(fx)
        if op in _IGNORED:
            return
        if op in _ASSERTIONS:
            yield from self._check(fx)
            return
        _require_contiguous(op, fx)
        if op == "operator.getitem" and isinstance(fx.args[0], FxNode):
            parent = self.values[fx.args[0]]
            if isinstance(parent, tuple):
                self.values[fx] = parent[fx.args[1]]  # type: ignore[index]
                return
        outputs = _outputs(fx.meta.get("val"))
        name = self._own(fx.name if fx.name not in self.taken else f"{fx.name}_node")
        places = itertools.count()
        self.values[fx] = map_argument(lambda _: Value(name, next(places)), fx.meta.get("val"))
        module, source = self._where(fx)
        node = Node(name, op, {}, outputs, module=module, source=source)
        yield Node(name, op, self._arguments(fx, node), outputs, module=module, source=source)

    def _check(self, fx: FxNode) -> Iterator[Node]:
        """What capture (or the user, by ``torch._check``) demands of a number computed on the way.

        What no size can violate is left out.
        """
        holds, said = fx.args[:2]
        if not isinstance(holds, FxNode) or _is_vacuous(holds):
            return
        module, source = self._where(next(iter(holds.all_input_nodes), holds))
        message: list[object] = [str(said)]
        shown = [self.values.get(part) for part in holds.all_input_nodes]
        if op_name(fx) == _OF_NUMBERS and len(shown) == 1 and isinstance(shown[0], Value):
            rule = re.sub(r"\bz?u[f]?\d+\b", "it", _RULE.sub(r"\1", str(said)))
            place = f" at {source}" if source else ""
            message = [f"A number that the model computes{place} is", shown[0]]
            message.append(f"but the model needs {rule}.")
        args = {"x": self.values[holds], "message": tuple(message)}
        yield Node(self._own(fx.name), CHECK, args, (), module, source)

    def _where(self, fx: FxNode) -> tuple[str, str]:
        """Module path and source line; of a branch, those of the operator that branches."""
        module, source = _module_path(fx), _source_line(fx)
        if self.place is not None:
            module, source = module or self.place[0].module, source or self.place[0].source
        return module, source

    def _own(self, name: str) -> str:
        return name if self.place is None else f"{self.place[0].name}/{self.place[1]}/{name}"

    def _arguments(self, fx: FxNode, node: Node) -> dict[str, object]:
        target: Any = fx.target
        if target is LEAF:
            weights, tensors, sizes, key = (self._argument(value, None) for value in fx.args)
            call = call_of(str(key))
            inputs = call.inputs(tensors, sizes)  # type: ignore[arg-type]
            given = self._argument(inputs, None)
            return {"leaf": call, "weights": weights, "inputs": given}
        if isinstance(target, torch._ops.OpOverload):
            names = [argument.name for argument in target._schema.arguments]
            given = dict(zip(names, fx.args, strict=False)) | dict(fx.kwargs)
            return {
                argument_name(name): self._argument(value, (node, name))
                for name, value in given.items()
                if name not in PLACEMENT
            }
        names = list(CONTROL_FLOW.get(node.op, ()))
        names += [chr(ord("a") + place) for place in range(len(names), len(fx.args))]
        given = dict(zip(names, fx.args, strict=False)) | dict(fx.kwargs)
        return {name: self._argument(value, (node, name)) for name, value in given.items()}

    def _argument(self, value: Any, place: tuple[Node, str] | None) -> object:
        return read_argument(value, self.values, lambda fx: self._constant(fx, place))

    def _constant(self, fx: FxNode, place: tuple[Node, str] | None) -> object:
        """What a node that computes nothing stands for: the graph of a branch."""
        found = self.owner.get_submodule(str(fx.target)) if fx.op == "get_attr" else None
        if isinstance(found, GraphModule) and place is not None:
            return NodeReader(found, place).branch()
        return fx.name


def read_argument(value: Any, values: dict[FxNode, object], otherwise: Any) -> object:
    """An argument of the exported graph as an argument of a :class:`Node`.

    Args:
        value: the argument.
        values: what stands for each node.
        otherwise: called with a node that nothing stands for.
    """
    if isinstance(value, FxNode):
        return values[value] if value in values else otherwise(value)
    if isinstance(value, tuple | list):
        return tuple(read_argument(item, values, otherwise) for item in value)
    if isinstance(value, torch.dtype):
        return dtype_of(value)
    if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
        return _hint(value)
    if isinstance(value, torch.device | torch.layout | torch.memory_format):
        return None
    return value


def _is_vacuous(holds: FxNode) -> bool:
    """Whether no run can fail a check, or it is about where in memory a view begins.

    A size is not negative, and a mask selects no more elements than it has. What PyTorch 2.13
    demands of that number is less, if the mask is larger than what it selects from.
    """
    first, *rest = holds.args
    about = op_name(first) if isinstance(first, FxNode) else ""
    if about == "aten.sym_storage_offset.default":
        return True
    if about != "aten.sym_size.int":
        return False
    (measured, *_), relation = first.args, op_name(holds)  # type: ignore[union-attr]
    if isinstance(measured, FxNode) and op_name(measured) == "aten.masked_select.default":
        return relation == "operator.le"
    return relation == "operator.ge" and rest == [0]


def _outputs(value: Any) -> tuple[TensorSpec | ScalarSpec, ...]:
    return tuple(_spec(item) for item in flat_results(value))


def _spec(value: Any) -> TensorSpec | ScalarSpec:
    if isinstance(value, torch.Tensor):
        return tensor_spec(value)
    if isinstance(value, torch.SymInt):
        return ScalarSpec("int", _hint(value))
    if isinstance(value, torch.SymFloat):
        return ScalarSpec("float", _hint(value))
    if isinstance(value, torch.SymBool):
        return ScalarSpec("bool")
    return ScalarSpec(type(value).__name__)


def tensor_spec(value: Any) -> TensorSpec:
    """The spec of a tensor, or of a number that stands where a tensor might.

    Raises:
        CaptureError: it is not dense, or of a type without a counterpart.
    """
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
        dim if isinstance(dim, int) else Dim(str(dim.node.expr), _hint(dim)) for dim in value.shape
    )
    try:
        return TensorSpec(shape, dtype_of(value))
    except ValueError as error:
        raise CaptureError(
            f"the model computes with {value.dtype}, which TensorFlow has no counterpart for. "
            "Convert the model in a floating-point type."
        ) from error


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


def _hint(symbol: Any) -> Any:
    hint = getattr(symbol.node, "hint", None)
    return hint if hint is not None else 1


def _module_path(fx: FxNode) -> str:
    stack = fx.meta.get("nn_module_stack") or {}
    path = str(next(reversed(stack.values()))[0]) if stack else ""
    return path.removeprefix("_export_root").removeprefix(".")  # the strict way's own module


_NOT_THE_USERS = (
    "/torch/nn/",
    "/torch/fx/",
    "/torch/_dynamo/",
    "/torch/_higher_order_ops/",
    "/torch_to_tf/leaves.py",
    '"<eval_with_key>',
)


def _source_line(fx: FxNode) -> str:
    lines = (fx.meta.get("stack_trace") or "").strip().split("\n")
    for place in range(len(lines) - 1, -1, -1):
        if lines[place].lstrip().startswith("File ") and not any(
            path in lines[place] for path in _NOT_THE_USERS
        ):
            text = lines[place + 1].strip() if place + 1 < len(lines) else ""
            file, line, *_ = lines[place].strip().removeprefix("File ").split(", ")
            return f"{Path(file.strip(chr(34))).name}:{line.removeprefix('line ')}: {text}"
    return ""
