"""Normally distributed numbers of a seed as what TensorFlow computes them from: uniform ones.

Uniform numbers are the bits that a seed gives, equal everywhere; what is made of them is arithmetic
like all other, with rounding, and certified as that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from converters.dtypes import DType
from converters.graph import Dim, Graph, Node, ScalarSpec, TensorSpec, Value

NORMAL = "tf.StatelessRandomNormalV2"
_LEAST = 1e-7
"""TensorFlow takes no logarithm of a smaller number (``random_distributions.h``)."""


def with_uniform_draws(graph: Graph) -> Graph:
    """The same function with no other draws from a seed than uniform ones."""
    if not any(node.op == NORMAL for node in graph.all_nodes):
        return graph
    graph = graph.map_inner(with_uniform_draws)
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _Made(node).nodes() if node.op == NORMAL else [node]
    return graph.replace(nodes=tuple(nodes))


@dataclass(slots=True)
class _Made:
    """The nodes in the place of one.

    Source: Box and Muller, "A note on the generation of random normal deviates", 1958.
    """

    node: Node
    made: list[Node] = field(default_factory=list)

    def nodes(self) -> list[Node]:
        (result,) = self.node.outputs
        assert isinstance(result, TensorSpec)
        own = DType.float64 if result.dtype is DType.float64 else DType.float32
        hint = math.prod(result.hint)
        count = self._count(result)
        pairs: object = -(-hint // 2)
        even: object = 2 * -(-hint // 2)
        if isinstance(count, Value):
            more = self._size("more", "AddV2", x=count, y=1)
            pairs = self._size("pairs", "FloorDiv", x=more, y=2)
            even = self._size("even", "Mul", x=pairs, y=2)
        drawn_args = {name: self.node.args[name] for name in ("key", "counter", "alg")}
        many, half = self._dim("drawn", even), self._dim("first", pairs)
        drawn = self._add(
            "drawn", "StatelessRandomUniformV2", TensorSpec((many,), own),
            shape=self._vector("shape", even), **drawn_args, dtype=own,
        )  # fmt: skip
        two = TensorSpec((half, 2), own)
        paired = self._add("paired", "Reshape", two, tensor=drawn, shape=(-1, 2))
        one = TensorSpec((half,), own)
        first = self._add("first", "Unpack", one, one, value=paired, num=2, axis=1)
        held = self._add("held", "Maximum", one, x=first, y=_LEAST)
        logarithm = self._add("logarithm", "Log", one, x=held)
        square = self._add("square", "Mul", one, x=logarithm, y=-2.0)
        radius = self._add("radius", "Sqrt", one, x=square)
        angle = self._add("angle", "Mul", one, x=replace(first, index=1), y=2 * math.pi)
        sides = tuple(
            self._add(f"{name}_side", "Mul", one, x=self._add(name, name.title(), one, x=angle),
                      y=radius)
            for name in ("sin", "cos")
        )  # fmt: skip
        packed = self._add("packed", "Pack", two, values=sides, axis=1)
        flat = self._add("flat", "Reshape", TensorSpec((many,), own), tensor=packed, shape=(-1,))
        sizes = self._vector("size", count)
        cut = TensorSpec((self._dim("cut", count),), own)
        flat = self._add("cut", "Slice", cut, input=flat, begin=(0,), size=sizes)
        shaped = {"tensor": flat, "shape": self.node.args["shape"]}
        if own is result.dtype:
            self.made.append(replace(self.node, op="tf.Reshape", args=shaped))
        else:
            wide = self._add("shaped", "Reshape", replace(result, dtype=own), **shaped)
            cast = {"x": wide, "DstT": result.dtype, "Truncate": False}
            self.made.append(replace(self.node, op="tf.Cast", args=cast))
        return self.made

    def _count(self, result: TensorSpec) -> object:
        """How many numbers: known, or computed of the shape."""
        shape = self.node.args["shape"]
        if not any(isinstance(size, Dim) for size in result.shape):
            return math.prod(result.hint)
        return self._size("count", "Prod", input=shape, reduction_indices=(0,), keep_dims=False)

    def _size(self, name: str, op: str, **args: object) -> Value:
        return self._append(name, op, (ScalarSpec("int32"),), args)

    def _vector(self, name: str, size: object) -> object:
        if not isinstance(size, Value):
            return (size,)
        return self._size(name, "Pack", values=(size,), axis=0)

    def _dim(self, name: str, size: object) -> int | Dim:
        (result,) = self.node.outputs
        assert isinstance(result, TensorSpec)
        if isinstance(size, int):
            return size
        return Dim(f"{self.node.name}/{name}:0.0", math.prod(result.hint))

    def _add(self, name: str, op: str, *outputs: TensorSpec, **args: object) -> Value:
        return self._append(name, op, outputs, args)

    def _append(
        self,
        name: str,
        op: str,
        outputs: tuple[TensorSpec | ScalarSpec, ...],
        args: dict[str, object],
    ) -> Value:
        own = f"{self.node.name}/{name}"
        self.made.append(replace(self.node, name=own, op=f"tf.{op}", args=args, outputs=outputs))
        return Value(own)
