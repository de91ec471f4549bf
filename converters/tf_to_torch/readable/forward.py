"""The body of a ``forward``: names for its variables, and a statement for each step."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
import torch
from torch import fx
from torch.utils import _pytree as pytree
from torch.utils._sympy.printers import PythonPrinter

from converters.tf_to_torch.names import attribute_name
from converters.tf_to_torch.readable.blocks import (
    Block,
    Program,
    Step,
    UnwritableError,
    index_of,
    inputs_of,
    is_number,
    outputs_of,
)
from converters.tf_to_torch.readable.expressions import SIZES, expression, written_over
from converters.tf_to_torch.readable.leaf import Place
from converters.tf_to_torch.readable.table import literal

WIDTH = 96
"""Columns of a statement."""

_SHORT = 16
"""Columns of a size in a comment."""

_LONG = 48
"""Columns of a size that is written where it is used."""

_RESERVED = frozenset({"self", "torch", "nn", "F", "Tensor", "Path", "_"})


class SizeGoneError(UnwritableError):
    """No tensor that is at hand has a size.

    Attributes:
        size: which.
    """

    def __init__(self, size: sympy.Expr) -> None:
        """Says which."""
        self.size = size
        super().__init__(f"no tensor at hand has the size {size}")


@dataclass(slots=True, eq=False)
class Body:
    """A ``forward``.

    Attributes:
        arguments: names of its parameters, in order.
        lines: its statements, not indented.
        results: the text of what it returns.
        places: for each value the number of its statement and its place among what that assigns.
    """

    arguments: list[str]
    lines: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    places: dict[fx.Node, tuple[int, int]] = field(default_factory=dict)


class Writer:
    """Writes the body of one block."""

    def __init__(
        self,
        block: Block,
        program: Program,
        relative: Callable[[str], str],
        labels: Mapping[sympy.Symbol, str],
        given: Sequence[str] | None = None,
        *,
        exact: bool = False,
        early: Collection[sympy.Expr] = (),
    ) -> None:
        """Prepare.

        Args:
            block: whose steps.
            program: all steps.
            relative: how something of the model is called from this block, by its full path.
            labels: letters for sizes that are open, for comments.
            given: names for the inputs of the model's own block.
            exact: whether numbers are written with all their digits.
            early: sizes that get a variable as soon as they are known.
        """
        self.exact, self.early = exact, early
        self.sizes: dict[sympy.Expr, str] = {}
        self.block, self.program, self.relative, self.labels = block, program, relative, labels
        root = block.call is None
        self.inputs = list(program.arguments) if root else inputs_of(block, program)
        self.outputs = [] if root else outputs_of(block, program)
        if root:
            leaves = (program.value(leaf) for leaf in program.results)
            self.outputs = [leaf for leaf in leaves if isinstance(leaf, fx.Node)]
        self.last = self._last_uses()
        own = {item.node for item in block.items if isinstance(item, Step)}
        self.over = {old: new for new, old in program.over.items() if new in own}
        self.names: dict[fx.Node, str] = {}
        self.bound: dict[str, fx.Node] = {}
        made = {value for step in program.steps if step.leaf for value in program.made(step)}
        usual = [
            "x" if len(self.inputs) == 1 or value in made else _base(value) for value in self.inputs
        ]
        for value, name in zip(self.inputs, given or usual, strict=True):
            self._bind(value, name if given else self._free(name, -1))
        self.body = Body([self.names[value] for value in self.inputs])
        for value in self.inputs:
            self._keep_sizes(value)

    def write(self) -> Body:
        """The body."""
        for place, item in enumerate(self.block.items):
            if isinstance(item, Block):
                self._call_block(place, item)
            elif str(item.node.target) == "aten.copy_.default":
                target, value = (self.program.value(arg) for arg in item.node.args[:2])
                self.body.lines.append(f"{self._text(target)}.copy_({self._text(value)}.detach())")
            elif item.node in self.program.over:
                self._write_over(item)
            else:
                self._assign(place, self.program.made(item), item)
        self.body.results = [self._text(value) for value in self.outputs]
        return self.body

    # names

    def _last_uses(self) -> dict[fx.Node, int]:
        last: dict[fx.Node, int] = {}
        for place, item in enumerate(self.block.items):
            steps = item.steps if isinstance(item, Block) else [item]
            for step in steps:
                last.update(dict.fromkeys(self.program.taken(step), place))
        last.update(dict.fromkeys(self.outputs, len(self.block.items)))
        return last

    def _bind(self, value: fx.Node, name: str) -> None:
        self.names[value] = name
        self.bound[name] = value

    def _free(self, wanted: str, place: int) -> str:
        """A name that nothing needs any more."""
        found, number = wanted, 1
        while found in _RESERVED or found in self.sizes.values() or self._needed(found, place):
            number += 1
            found = f"{wanted}_{number}"
        return found

    def _needed(self, name: str, place: int) -> bool:
        return name in self.bound and self.last.get(self.bound[name], -1) > place

    def _name(self, value: fx.Node, place: int, base: str) -> str:
        """``x`` for what the next statement takes and nothing after it."""
        if value not in self.last:
            return "_"
        here, straight = place, self.last[value] == place + 1
        while value in self.over:  # what is written over it goes by the same name
            here, value = self.last[value], self.over[value]
            base, straight = _base(value), straight and self.last.get(value) == here + 1
        return self._free("x" if straight and not self._needed("x", place) else base, place)

    def _names(self, values: Sequence[fx.Node], place: int, base: str) -> list[str]:
        """Names for what a statement assigns."""
        found = []
        for i, value in enumerate(values):
            found.append(self._name(value, place, base if i == 0 else f"{base}_{i}"))
            if found[-1] != "_":
                self._bind(value, found[-1])
        return found

    # statements

    def _assign(self, place: int, values: Sequence[fx.Node], step: Step) -> None:
        base = step.leaf.path.split(".")[-1] if step.leaf is not None else _base(step.node)
        text = self._called(step) if step.leaf is not None else self._expression(step)
        names = self._names(values, place, base)
        self._append(values, self._pattern(step, values, names), text)

    def _write_over(self, step: Step) -> None:
        """``x += y``, and the like of a method."""
        old = self.program.over[step.node]
        name = self._text(old)
        self._bind(step.node, name)
        sign, method = written_over(step.node)
        if sign is None:
            self._append([step.node], name, f"{name}.{method}()")
            return
        other = next(arg for arg in step.node.args if self.program.value(arg) is not old)
        node = isinstance(other, fx.Node)
        text = self._text(other) if node else literal(other, exact=self.exact)
        self._append([step.node], name, text, sign)

    def _pattern(self, step: Step, values: Sequence[fx.Node], names: Sequence[str]) -> str:
        """The left side of an assignment."""
        if values == [step.node]:
            return names[0]
        held = {index_of(value): name for value, name in zip(values, names, strict=True)}
        if step.leaf is None:
            count = len(step.node.meta["val"])
            flat = [held.get(index, "_") for index in range(count)]
            return _unpacked(flat)
        assert step.leaf.result is not None
        index, leaves = 0, []
        for tensor in step.leaf.tensors:
            leaves.append(held.get(index, "_") if tensor else "_")
            index += tensor
        return _unpacked(pytree.tree_unflatten(leaves, step.leaf.result))

    def _append(self, values: Sequence[fx.Node], pattern: str, text: str, sign: str = "") -> None:
        number = len(self.body.lines)
        named = [value for value in values if value in self.names]
        for place, value in enumerate(named):
            self.body.places[value] = (number, place)
        self.body.lines.append(f"{pattern} {sign}= {text}{self._comment(values)}")
        for value in named:
            self._keep_sizes(value)

    def _keep_sizes(self, value: fx.Node) -> None:
        """Variables for sizes that are needed when no tensor that has them is there any more."""
        for axis, size in enumerate(getattr(value.meta.get("val"), "shape", ())):
            expr = size.node.expr if isinstance(size, torch.SymInt) else None
            if expr in self.early and expr not in self.sizes:
                self.sizes[expr] = self._free("size", -1)
                line = f"{self.sizes[expr]} = {self.names[value]}.shape[{axis}]"
                self.body.lines.append(line)

    def _comment(self, values: Sequence[fx.Node]) -> str:
        """The shape of a result."""
        found = values[0].meta.get("val") if values and values[0] in self.names else None
        if not isinstance(found, torch.Tensor):
            return ""
        sizes = [self._label(size) for size in found.shape]
        return f"  # ({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

    def _label(self, size: Any) -> str:
        if not isinstance(size, torch.SymInt):
            return str(size)
        expr = size.node.expr
        known = {symbol: sympy.Symbol(label) for symbol, label in self.labels.items()}
        text = str(PythonPrinter().doprint(expr.xreplace(known)))
        return text if len(text) <= _SHORT else "?"

    def _call_block(self, place: int, block: Block) -> None:
        given = [self._text(value) for value in inputs_of(block, self.program)]
        values = outputs_of(block, self.program)
        base = block.path.split(".")[-1]
        names = self._names(values, place, base)
        text = f"{self.relative(block.path)}({', '.join(given)})"
        self._append(values, ", ".join(names), text)

    # expressions

    def _called(self, step: Step) -> str:
        leaf = step.leaf
        assert leaf is not None
        inputs: Any = step.node.args[0]
        filled = [
            self._text(inputs[item.index]) if isinstance(item, Place) else repr(item)
            for item in leaf.leaves
        ]
        args, kwargs = pytree.tree_unflatten(filled, leaf.arguments)
        given = [_nested(arg) for arg in args]
        given += [f"{name}={_nested(value)}" for name, value in kwargs.items()]
        return f"{self.relative(leaf.path)}({', '.join(given)})"

    def _expression(self, step: Step) -> str:
        near = [value for value in self.program.taken(step) if value in self.names]
        device = next(iter(self.names.values()), None)
        name = next((self.names[value] for value in near), device)

        def text(argument: Any) -> str:
            if is_number(argument):
                return self._number(argument, near)
            return self._text(argument)

        return expression(step.node, text, f"{name}.device" if name else None, exact=self.exact)

    def _text(self, value: Any) -> str:
        value = self.program.value(value)
        if value.op == "get_attr":
            return self.relative(str(value.target))
        name = self.names.get(value)
        if name is None or self.bound[name] is not value:
            raise UnwritableError(f"{value} is not at hand")
        return name

    def _number(self, node: fx.Node, near: Sequence[fx.Node]) -> str:
        """A size, by the shape of a tensor that has it; a variable where it is long."""
        if not isinstance(node.meta["val"], torch.SymInt):
            return repr(node.meta["val"])
        if node in self.names:
            return self.names[node]
        at_hand = [value for value in (*near, *self.bound.values()) if self._is_bound(value)]
        text = self._size(node, at_hand)
        if len(text) <= _LONG:
            return text
        self.last[node] = len(self.block.items) + 1
        self._bind(node, self._free("size", -1))
        self.body.lines.append(f"{self.names[node]} = {text}")
        return self.names[node]

    def _is_bound(self, value: fx.Node) -> bool:
        return self.bound.get(self.names.get(value, "")) is value

    def _size(self, node: fx.Node, candidates: Sequence[fx.Node]) -> str:
        expr = node.meta["val"].node.expr
        if expr.is_Integer:
            return str(expr)
        if expr in self.sizes:
            return self.sizes[expr]
        for value in candidates:
            found = value.meta.get("val")
            for axis, size in enumerate(getattr(found, "shape", ())):
                if isinstance(size, torch.SymInt) and size.node.expr == expr:
                    return f"{self.names[value]}.shape[{axis}]"
        call = SIZES.get(node.target)
        if call is None:
            raise SizeGoneError(expr)
        parts = [
            self._number(arg, candidates) if isinstance(arg, fx.Node) else repr(arg)
            for arg in node.args
        ]
        return call(*parts)


def _base(node: fx.Node) -> str:
    """What a value is called after."""
    if node.op == "placeholder":
        return attribute_name(str(node.target))
    base = node.args[0] if node.target is operator.getitem else node
    assert isinstance(base, fx.Node)
    own = str(base.target).removeprefix("aten.").split(".")[0]
    return {"add": "total", "mul": "product", "sub": "difference"}.get(own, attribute_name(own))


def _unpacked(structure: Any) -> str:
    if isinstance(structure, str):
        return structure
    if all(item == "_" for item in pytree.tree_leaves(structure)):
        return "_"
    inside = [
        f"({_unpacked(item)})"
        if not isinstance(item, str) and _unpacked(item) != "_"
        else _unpacked(item)
        for item in structure
    ]
    return ", ".join(inside) + ("," if len(inside) == 1 else "")


def _nested(argument: Any) -> str:
    if isinstance(argument, str):
        return argument
    inside = ", ".join(map(_nested, argument))
    return f"({inside},)" if len(argument) == 1 else f"({inside})"
