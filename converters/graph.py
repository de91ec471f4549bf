"""The graph that every capture produces, every pass rewrites and every interpreter walks.

A :class:`Graph` is a value: nodes in execution order, each naming its operator and its arguments in
the words of the source framework's schema. Parameters are inputs with a name and a value, never
constants.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from converters.constraints import Constraint
from converters.dtypes import DType


@dataclass(frozen=True, slots=True)
class Dim:
    """A dimension that is known only at run time.

    Attributes:
        expression: the source framework's expression for it, for example ``s0`` or ``2*s0 + 1``.
        hint: its size in the example inputs, for cost estimates only.
    """

    expression: str
    hint: int


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape and element type of a tensor, and where its axes lie in the target.

    Attributes:
        shape: the source's logical shape.
        dtype: the element type.
        axes: ``axes[i]`` is the logical axis that stands at place ``i`` in the target; None for the
            source's own order.
    """

    shape: tuple[int | Dim, ...]
    dtype: DType
    axes: tuple[int, ...] | None = None

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def hint(self) -> tuple[int, ...]:
        """The shape with every run-time dimension at its size in the example inputs."""
        return tuple(dim.hint if isinstance(dim, Dim) else dim for dim in self.shape)

    @property
    def static(self) -> tuple[int | None, ...]:
        """The shape with None for every run-time dimension."""
        return tuple(None if isinstance(dim, Dim) else dim for dim in self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of the tensor at the example inputs' sizes."""
        return int(np.prod(self.hint, dtype=np.int64)) * self.dtype.itemsize

    @property
    def target_shape(self) -> tuple[int | Dim, ...]:
        """The shape as the target holds it."""
        return self.shape if self.axes is None else tuple(self.shape[axis] for axis in self.axes)


@dataclass(frozen=True, slots=True)
class ScalarSpec:
    """A number that is computed in the graph, for example a size read from a shape."""

    kind: str
    hint: int | float | bool | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """One output of a node, or an input or parameter of the graph, by name."""

    producer: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One application of an operator.

    Attributes:
        name: unique in the graph; equal for the same place in two captures of one model.
        op: the operator with its overload, for example ``aten.linear.default``.
        args: arguments by the names of the operator's schema. An argument is a :class:`Value`, a
            number, a string, a :class:`DType`, None, a tuple of arguments, or, for an operator of
            control flow, a :class:`Graph`: a branch or the body of a loop. All that it computes
            with is passed to it; its names are unique in the whole graph.
        outputs: what it returns, one spec for each output.
        module: path of the module that called it, for example ``encoder.layer.0.attention``.
        source: file, line and text of the call in the user's code, where the capture knows it.
    """

    name: str
    op: str
    args: Mapping[str, object]
    outputs: tuple[TensorSpec | ScalarSpec, ...]
    module: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor (or number) that the caller passes: its name, path in the call and spec."""

    name: str
    spec: TensorSpec


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A parameter, buffer or lifted constant.

    Attributes:
        name: the source's full name, for example ``layer1.0.conv1.weight``.
        spec: logical shape and dtype; ``spec.axes`` says how the target stores it.
        value: the numbers, in the source's axis order; shares memory with the source.
        trainable: whether a gradient is wanted.
        kind: ``parameter``, ``buffer`` or ``constant``.
        aliases: other names of the same storage (tied weights).
    """

    name: str
    spec: TensorSpec
    value: np.ndarray
    trainable: bool
    kind: str = "parameter"
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """A result: its name and the value (or Python constant) that it is."""

    name: str
    value: object


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A captured model.

    Attributes:
        inputs: what the caller passes, in order.
        parameters: what the model owns.
        nodes: in execution order.
        outputs: what it returns, in order.
        signature: for each argument of the source's call its nested structure, with input names as
            leaves.
        result: the nested structure of what the call returns, with output names as leaves.
        mutations: for each buffer that the call updates, the value that it holds afterwards.
        overwritten: for each input that the call overwrites, the output that it holds afterwards.
        constraints: what the sizes of inputs have to satisfy.
        positional: how many leading entries of ``signature`` the example call passed by position.
        default_float: the type of floating-point tensors that are made without saying a type.
        framework: in whose words it is: ``torch`` or ``tensorflow``.
    """

    inputs: tuple[Input, ...]
    parameters: tuple[Parameter, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Output, ...]
    signature: Mapping[str, object] = field(default_factory=dict)
    result: object = None
    mutations: Mapping[str, Value] = field(default_factory=dict)
    overwritten: Mapping[str, str] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    positional: int = 0
    default_float: DType = DType.float32
    framework: str = "torch"

    def replace(self, **changes: object) -> Graph:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    @property
    def specs(self) -> dict[Value, TensorSpec | ScalarSpec]:
        """The spec of every value of the graph and of the graphs inside it."""
        specs: dict[Value, TensorSpec | ScalarSpec] = {}
        specs.update({Value(item.name): item.spec for item in self.inputs})
        specs.update({Value(item.name): item.spec for item in self.parameters})
        for node in self.nodes:
            for index, spec in enumerate(node.outputs):
                specs[Value(node.name, index)] = spec
            for inner in graphs_of(node):
                specs.update(inner.specs)
        return specs

    @property
    def all_nodes(self) -> Iterator[Node]:
        """Every node, each followed by those of the graphs inside it."""
        for node in self.nodes:
            yield node
            for inner in graphs_of(node):
                yield from inner.all_nodes

    def map_inner(self, function: Callable[[Graph], Graph]) -> Graph:
        """The graph with ``function`` applied to each graph among its nodes' arguments."""
        if not any(True for node in self.nodes for _ in graphs_of(node)):
            return self

        def change(leaf: object) -> object:
            return function(leaf) if isinstance(leaf, Graph) else leaf

        nodes = tuple(
            dataclasses.replace(
                node, args={name: map_argument(change, arg) for name, arg in node.args.items()}
            )
            for node in self.nodes
        )
        return self.replace(nodes=nodes)


def graphs_of(node: Node) -> Iterator[Graph]:
    """The branches of an operator of control flow; nothing for other operators."""
    return (argument for argument in node.args.values() if isinstance(argument, Graph))


def origins(graph: Graph) -> dict[str, str]:
    """For each input of a branch that is handed on unchanged: the name of what it is outside.

    A loop's carry and the rows that it walks over are not; parameters that it computes with are.
    The last argument of an operator of control flow holds what is handed on, and branches take it
    last.
    """
    found: dict[str, str] = {}
    for node in graph.nodes:
        for inner in graphs_of(node):
            *_, handed_on = node.args.values()
            assert isinstance(handed_on, tuple)
            first = len(inner.inputs) - len(handed_on)
            for item, leaf in zip(inner.inputs[first:], handed_on, strict=True):
                if isinstance(leaf, Value):
                    found[item.name] = leaf.producer
            deeper = origins(inner)
            found.update({name: found.get(outer, outer) for name, outer in deeper.items()})
    return found


def values_in(argument: object) -> Iterator[Value]:
    """Every :class:`Value` inside an argument, in order.

    >>> list(values_in((1, (Value("a"), None), Value("b"))))
    [Value(producer='a', index=0), Value(producer='b', index=0)]
    """
    if isinstance(argument, Value):
        yield argument
    elif isinstance(argument, tuple | list):
        for item in argument:
            yield from values_in(item)
    elif isinstance(argument, Mapping):
        for item in argument.values():
            yield from values_in(item)


def map_argument(function: Callable[[object], object], argument: object) -> object:
    """Apply ``function`` to every leaf of an argument, keeping its nesting.

    >>> map_argument(lambda leaf: leaf * 2, (1, (2, 3)))
    (2, (4, 6))
    """
    if isinstance(argument, tuple | list):
        return tuple(map_argument(function, item) for item in argument)
    if isinstance(argument, Mapping):
        return {key: map_argument(function, item) for key, item in argument.items()}
    return function(argument)


def flat_results(result: object) -> tuple[object, ...]:
    """What an operator returned as one row; lists among its results take several places.

    >>> flat_results((1, [2, 3])), flat_results(4)
    ((1, 2, 3), (4,))
    """
    if isinstance(result, tuple | list):
        return tuple(leaf for item in result for leaf in flat_results(item))
    return (result,)
