"""What the sizes of a model's inputs have to satisfy, as it was captured.

A constraint is a line of arithmetic: ``x.size(0) <= 16``, ``y.size(0) == 2*x.size(0)``. It is
parsed, never run, and computed with numbers or with a framework's tensors alike.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Size = tuple[str, int]
"""The name of an input, and one of its dimensions."""

_BINARY: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_RELATIONS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """A relation between sizes of inputs.

    Attributes:
        text: for example ``y.size(0) == 2*x.size(0)``.
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse anything but one comparison of arithmetic.

        Raises:
            ValueError: the text is something else.
        """
        self.holds(dict.fromkeys(self.sizes, 1))

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The sizes that it speaks of, in order, each once."""
        found = [size for node in ast.walk(_parsed(self.text)) if (size := _size(node))]
        return tuple(dict.fromkeys(found))

    def holds(self, sizes: Mapping[Size, Any]) -> Any:
        """Whether it holds: a bool, or a tensor where a size is one.

        >>> Constraint("y.size(0) == 2*x.size(0)").holds({("y", 0): 7, ("x", 0): 3})
        False
        """
        comparison = _parsed(self.text)
        if not isinstance(comparison, ast.Compare) or len(comparison.ops) != 1:
            raise ValueError(f"{self.text} is not a comparison")
        left, right = (
            _value(node, sizes, self.text) for node in (comparison.left, comparison.comparators[0])
        )
        return _RELATIONS[type(comparison.ops[0])](left, right)

    def complaint(self, sizes: Mapping[Size, Any]) -> list[Any]:
        """What to say where it doesn't hold, in pieces: sizes stay what they are.

        >>> Constraint("x.size(0) <= 16").complaint({("x", 0): 17})
        ['The input x has the size', 17, 'in dimension 0, but the model needs x.size(0) <= 16.']
        """
        pieces: list[Any] = []
        for name, axis in self.sizes:
            before = "The input" if not pieces else f"{pieces.pop()} and"
            pieces += [f"{before} {name} has the size", sizes[name, axis], f"in dimension {axis}"]
        return [*pieces[:-1], f"{pieces[-1]}, but the model needs {self.text}."]


def _parsed(text: str) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{text} is not an expression") from error


def _size(node: ast.AST) -> Size | None:
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name), attr="size"),
            args=[ast.Constant(value=int(axis))],
            keywords=[],
        ):
            return name, axis
    return None


def _value(node: ast.expr, sizes: Mapping[Size, Any], text: str) -> Any:
    size = _size(node)
    if size is not None:
        return sizes[size]
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, sizes, text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_value(left, sizes, text), _value(right, sizes, text))
    raise ValueError(f"{text} is more than arithmetic of sizes")
