"""Keep the drawing of random numbers apart from what is done with them.

Dropout draws a mask and multiplies by it. Here the two become nodes of their own, in the words of
PyTorch's kernels: a *draw*, whose values depend on nothing but chance, and arithmetic that two
frameworks can be compared in once both are given the same draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from converters.dtypes import DType
from converters.graph import Graph, Input, Node, Output, TensorSpec, Value, map_argument
from converters.passes.dead_nodes import drop_dead_nodes
from converters.skeleton import Bone

DRAWS = frozenset(
    {
        "bernoulli",
        "cauchy",
        "exponential",
        "geometric",
        "log_normal",
        "multinomial",
        "normal",
        "normal_functional",
        "poisson",
        "rand",
        "rand_like",
        "randint",
        "randint_like",
        "randn",
        "randn_like",
        "randperm",
        "uniform",
    }
)
"""Operators whose results are random and pass no gradient."""

_SELU = 1.7580993408473766
"""What SELU tends to for negative numbers, times -1 (Klambauer et al., arXiv:1706.02515)."""


def is_draw(node: Node | Bone) -> bool:
    """Whether a node draws random numbers."""
    library, _, rest = node.op.partition(".")
    return library == "aten" and rest.partition(".")[0] in DRAWS


def expose_draws(graph: Graph) -> Graph:
    """The same graph with every random operator as a draw and arithmetic.

    Dropout of all kinds, randomised leaky relu, and recurrent networks with dropout between layers
    are taken apart; where nothing is random (in inference, or with a probability of 0 or 1) they
    stay as they are.
    """
    graph = graph.map_inner(expose_draws)
    builder = _Builder(graph)
    for node in graph.nodes:
        builder.take(builder.resolved(node))
    return graph.replace(
        nodes=tuple(builder.nodes),
        outputs=tuple(Output(o.name, builder.renamed(o.value)) for o in graph.outputs),
        mutations={name: builder.moved.get(v, v) for name, v in graph.mutations.items()},
    )


def with_draws_given(graph: Graph) -> Graph:
    """The graph as a function of its random numbers too: each draw is an input of its name."""
    drawn = [node for node in graph.nodes if is_draw(node)]
    inputs = tuple(Input(node.name, _tensor(node.outputs[0])) for node in drawn)
    names = {node.name for node in drawn}
    given = graph.replace(
        inputs=(*graph.inputs, *inputs),
        nodes=tuple(node for node in graph.nodes if node.name not in names),
    )
    used = {node.name for node in drop_dead_nodes(given).nodes}
    return given.replace(
        nodes=tuple(node for node in given.nodes if node.name in used or not _is_empty(node))
    )


def draws_alone(graph: Graph) -> Graph:
    """What a graph draws: each of its draws is an output of its name, and there is no other."""
    drawn = tuple(Output(node.name, Value(node.name)) for node in graph.nodes if is_draw(node))
    return drop_dead_nodes(graph.replace(outputs=drawn, mutations={}))


def _is_empty(node: Node) -> bool:
    """Whether a node only makes room, as for numbers that are drawn into it."""
    return node.op.partition(".")[2].partition(".")[0] in ("empty", "empty_like", "new_empty")


@dataclass(slots=True)
class _Builder:
    """The nodes so far, and what stands for results of operators that were taken apart."""

    graph: Graph
    nodes: list[Node] = field(default_factory=list)
    moved: dict[Value, Value] = field(default_factory=dict)
    specs: dict[Value, TensorSpec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.specs.update({Value(item.name): item.spec for item in self.graph.inputs})
        self.specs.update({Value(item.name): item.spec for item in self.graph.parameters})

    def renamed(self, argument: object) -> object:
        return map_argument(
            lambda leaf: self.moved.get(leaf, leaf) if isinstance(leaf, Value) else leaf, argument
        )

    def resolved(self, node: Node) -> Node:
        return replace(node, args={name: self.renamed(a) for name, a in node.args.items()})

    def take(self, node: Node) -> None:
        rewrite = _REWRITES.get(node.op)
        if rewrite is None or not rewrite(self, node):
            self.append(node)

    def append(self, node: Node) -> Value:
        self.nodes.append(node)
        for index, spec in enumerate(node.outputs):
            if isinstance(spec, TensorSpec):
                self.specs[Value(node.name, index)] = spec
        return Value(node.name)

    def add(self, like: Node, suffix: str, op: str, spec: TensorSpec, **args: object) -> Value:
        """A node before ``like``, of the same module and source line."""
        return self.append(replace(like, name=f"{like.name}_{suffix}", op=op, args=args,
                                   outputs=(spec,)))  # fmt: skip

    def last(self, like: Node, op: str, **args: object) -> None:
        """A node in the place of ``like``."""
        self.append(replace(like, op=op, args=args))


def _tensor(spec: object) -> TensorSpec:
    assert isinstance(spec, TensorSpec)
    return spec


def _argument(node: Node, name: str, default: object = None) -> object:
    return node.args.get(name, default)


def _chance(node: Node, *, train: str = "train") -> float:
    """The probability with which a dropout drops; 0 where nothing is random."""
    p, trains = _argument(node, "p"), _argument(node, train)
    return p if isinstance(p, float) and trains is not False and 0 < p < 1 else 0.0


def _dropout(builder: _Builder, node: Node, template: Value | None = None) -> bool:
    """Source: ATen native/Dropout.cpp, _dropout_impl."""
    p = _chance(node)
    if not p:
        return False
    x = _argument(node, "input")
    shape = x if template is None else template
    assert isinstance(shape, Value)
    spec = builder.specs[shape]
    drawn = builder.add(node, "drawn", "aten.bernoulli.p", spec, x=shape, p=1 - p)
    scaled = builder.add(node, "scaled", "aten.div.Scalar", spec, x=drawn, other=1 - p)
    builder.last(node, "aten.mul.Tensor", x=x, other=scaled)
    return True


def _native_dropout(builder: _Builder, node: Node) -> bool:
    p = _chance(node)
    if not p:
        return False
    x, spec = _argument(node, "input"), _tensor(node.outputs[0])
    drawn = builder.add(node, "drawn", "aten.bernoulli.p", spec, x=x, p=1 - p)
    mask = _tensor(node.outputs[1])
    builder.moved[Value(node.name, 1)] = builder.add(
        node, "kept", "aten.ne.Scalar", mask, x=drawn, other=0
    )
    scaled = builder.add(node, "scaled", "aten.div.Scalar", spec, x=drawn, other=1 - p)
    builder.append(
        replace(node, op="aten.mul.Tensor", args={"x": x, "other": scaled}, outputs=(spec,))
    )
    return True


def _feature_dropout(builder: _Builder, node: Node) -> bool:
    return bool(_chance(node)) and _dropout(builder, node, _first_of_features(builder, node))


def _first_of_features(builder: _Builder, node: Node) -> Value:
    """The first element of each channel: something of the shape of the mask, whatever its sizes."""
    found = _argument(node, "input")
    assert isinstance(found, Value)
    for axis in range(2, builder.specs[found].rank):
        spec = builder.specs[found]
        shape = (*spec.shape[:axis], 1, *spec.shape[axis + 1 :])
        found = builder.add(
            node, f"axis{axis}", "aten.slice.Tensor", replace(spec, shape=shape),
            x=found, dim=axis, start=0, end=1,
        )  # fmt: skip
    return found


def _alpha_dropout(builder: _Builder, node: Node, template: Value | None = None) -> bool:
    """Source: ATen native/Dropout.cpp, _dropout_impl."""
    p = _chance(node)
    if not p:
        return False
    x = _argument(node, "input")
    shape = x if template is None else template
    assert isinstance(shape, Value)
    spec = builder.specs[shape]
    a = 1 / ((_SELU**2 * p + 1) * (1 - p)) ** 0.5

    def scalar(suffix: str, op: str, of: Value, other: float) -> Value:
        return builder.add(node, suffix, f"aten.{op}.Scalar", spec, x=of, other=other)

    drawn = builder.add(node, "drawn", "aten.bernoulli.p", spec, x=shape, p=1 - p)
    dropped = scalar("dropped", "mul", scalar("negated", "add", drawn, -1), _SELU * a)
    shift = scalar("shift", "add", dropped, _SELU * a * p)
    scale = scalar("scale", "mul", drawn, a)
    product = builder.add(
        node, "product", "aten.mul.Tensor", _tensor(node.outputs[0]), x=x, other=scale
    )
    builder.last(node, "aten.add.Tensor", x=product, other=shift)
    return True


def _feature_alpha_dropout(builder: _Builder, node: Node) -> bool:
    return bool(_chance(node)) and _alpha_dropout(builder, node, _first_of_features(builder, node))


def _rrelu(builder: _Builder, node: Node) -> bool:
    """Source: ATen native/Activation.cpp, _rrelu_with_noise_train."""
    if _argument(node, "training", False) is not True:
        return False
    x, spec = _argument(node, "x"), _tensor(node.outputs[0])
    lower, upper = _argument(node, "lower", 1 / 8), _argument(node, "upper", 1 / 3)
    negative = builder.add(
        node, "negative", "aten.le.Scalar", replace(spec, dtype=DType.bool), x=x, other=0
    )
    drawn = builder.add(node, "drawn", "aten.uniform.default", spec, x=x, from_=lower, to=upper)
    slope = builder.add(
        node, "slope", "aten.where.ScalarOther", spec, condition=negative, x=drawn, other=1.0
    )
    builder.last(node, "aten.mul.Tensor", x=x, other=slope)
    return True


def _recurrent(builder: _Builder, node: Node) -> bool:
    """One operator for each layer, and dropout between them."""
    layers, p = _argument(node, "num_layers"), _argument(node, "dropout")
    assert isinstance(layers, int)
    if layers == 1 or not p or _argument(node, "train") is not True:
        return False
    directions = 2 if _argument(node, "bidirectional") else 1
    hx, params = _argument(node, "hx"), _argument(node, "params")
    starts = hx if isinstance(hx, tuple) else (hx,)
    x: object = _argument(node, "input")
    assert isinstance(params, tuple)
    output, *ends = [_tensor(spec) for spec in node.outputs]
    swapped = output
    if _argument(node, "batch_first"):  # PyTorch drops, as it computes, with time first
        swapped = replace(output, shape=(output.shape[1], output.shape[0], output.shape[2]))
        x = _transposed(builder, node, "input", x)
    count = len(params) // layers
    finals: list[list[Value]] = [[] for _ in ends]
    for layer in range(layers):
        own = [
            builder.add(
                node, f"start{layer}_{place}", "aten.slice.Tensor", _rows(end, directions),
                x=start, dim=0, start=layer * directions, end=(layer + 1) * directions,
            )
            for place, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]  # fmt: skip
        name = f"{node.name}_layer{layer}"
        args = {
            **node.args,
            "input": x,
            "hx": tuple(own) if isinstance(hx, tuple) else own[0],
            "params": params[layer * count : (layer + 1) * count],
            "num_layers": 1,
            "dropout": 0.0,
            "batch_first": False,
        }
        results = (swapped, *(_rows(end, directions) for end in ends))
        x = builder.append(replace(node, name=name, args=args, outputs=results))
        for place, final in enumerate(finals, 1):
            final.append(Value(name, place))
        if layer < layers - 1:
            dropped = f"{node.name}_dropout{layer}"
            dropping = {"input": x, "p": p, "train": True}
            builder.take(
                replace(
                    node, name=dropped, op="aten.dropout.default", args=dropping, outputs=(swapped,)
                )
            )
            x = Value(dropped)
    if swapped is not output:
        x = _transposed(builder, node, "output", x)
    assert isinstance(x, Value)
    builder.moved[Value(node.name, 0)] = x
    for place, (final, end) in enumerate(zip(finals, ends, strict=True), 1):
        builder.moved[Value(node.name, place)] = builder.add(
            node, f"end{place}", "aten.cat.default", end, tensors=tuple(final), dim=0
        )
    return True


def _transposed(builder: _Builder, node: Node, suffix: str, x: object) -> Value:
    assert isinstance(x, Value)
    spec = builder.specs[x]
    swapped = replace(spec, shape=(spec.shape[1], spec.shape[0], *spec.shape[2:]))
    return builder.add(node, suffix, "aten.transpose.int", swapped, x=x, dim0=0, dim1=1)


def _rows(spec: TensorSpec, count: int) -> TensorSpec:
    return replace(spec, shape=(count, *spec.shape[1:]))


_REWRITES: Mapping[str, Callable[[_Builder, Node], bool]] = {
    "aten.dropout.default": _dropout,
    "aten.native_dropout.default": _native_dropout,
    "aten.feature_dropout.default": _feature_dropout,
    "aten.alpha_dropout.default": _alpha_dropout,
    "aten.feature_alpha_dropout.default": _feature_alpha_dropout,
    "aten.rrelu.default": _rrelu,
    "aten.lstm.input": _recurrent,
    "aten.gru.input": _recurrent,
    "aten.rnn_tanh.input": _recurrent,
    "aten.rnn_relu.input": _recurrent,
}
"""Each appends what stands for the node and says so, or leaves the node alone."""
