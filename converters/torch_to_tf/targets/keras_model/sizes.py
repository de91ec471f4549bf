"""Sizes of dimensions: integers, or expressions in the sizes that stay open.

Keras has no tensors of shapes, so that what a lowering computes from ``tf.shape`` is computed here,
while the model is built.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import sympy

from converters.errors import UnsupportedVariantError
from converters.graph import Dim

Size: TypeAlias = Any
"""An int or a ``sympy.Expr`` in positive integers."""
Dims: TypeAlias = tuple[Size, ...]

_BINARY: dict[type, Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: sympy.floor(sympy.sympify(a) / b),
    ast.Div: lambda a, b: sympy.sympify(a) / b,
    ast.Pow: lambda a, b: a**b,
    ast.Mod: sympy.Mod,
}
_CALLS: dict[str, Any] = {
    "Max": sympy.Max,
    "Min": sympy.Min,
    "Mod": sympy.Mod,
    "PythonMod": sympy.Mod,
    "FloorDiv": lambda a, b: sympy.floor(sympy.sympify(a) / b),
    "CleanDiv": lambda a, b: sympy.floor(sympy.sympify(a) / b),
    "IntTrueDiv": lambda a, b: sympy.sympify(a) / b,
    "CeilToInt": sympy.ceiling,
    "FloorToInt": sympy.floor,
    "TruncToInt": sympy.floor,
    "floor": sympy.floor,
    "ceiling": sympy.ceiling,
}


def size_of(dim: int | Dim) -> Size:
    """The size that a dimension of a captured graph stands for.

    The expression is read, never evaluated as Python, for it may come from a file.

    >>> size_of(Dim("2*s0 + 6", 8)) - size_of(Dim("s0", 1)) * 2
    6

    Raises:
        UnsupportedVariantError: the expression has a form that is not known here.
    """
    if not isinstance(dim, Dim):
        return dim
    return normal(_read(ast.parse(dim.expression, mode="eval").body, dim.expression))


def _read(tree: ast.AST, text: str) -> Any:
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
        return sympy.Integer(tree.value)
    if isinstance(tree, ast.Name):
        return symbol(tree.id)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return -_read(tree.operand, text)
    if isinstance(tree, ast.BinOp) and type(tree.op) in _BINARY:
        return _BINARY[type(tree.op)](_read(tree.left, text), _read(tree.right, text))
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in _CALLS:
        return _CALLS[tree.func.id](*(_read(argument, text) for argument in tree.args))
    raise UnsupportedVariantError(f"the size {text} can't be followed. Give it a fixed size.")


def symbol(name: str) -> Any:
    """An open size by its name."""
    return sympy.Symbol(name, integer=True, positive=True)


def normal(size: Size) -> Size:
    """An int where the size is known, else one form for equal expressions."""
    if isinstance(size, int | np.integer):
        return int(size)
    size = sympy.expand(size)
    return int(size) if size.is_Integer else size


def known(size: Size) -> bool:
    """Whether a size is an integer."""
    return isinstance(size, int)


def product(sizes: Sequence[Size]) -> Size:
    """How many elements a tensor of these sizes has."""
    result: Size = 1
    for size in sizes:
        result = result * size
    return normal(result)


def quotient(whole: Size, part: Size) -> Size | None:
    """``whole / part`` where that is a whole number for every value of the open sizes."""
    if known(whole) and known(part):
        return whole // part if part and whole % part == 0 else None
    result = sympy.cancel(sympy.sympify(whole) / part)
    numerator, denominator = sympy.fraction(result)
    return normal(numerator) if denominator == 1 else None


def static(dims: Sequence[Size]) -> tuple[int | None, ...]:
    """The shape as Keras holds it."""
    return tuple(size if known(size) else None for size in dims)


def broadcast(*shapes: Sequence[Size]) -> Dims:
    """The dims of operands that are broadcast against each other.

    >>> broadcast((2, 1, 3), (4, 1))
    (2, 4, 3)
    """
    rank = max(map(len, shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    result = []
    for sizes in zip(*padded, strict=True):
        wide = [size for size in sizes if not (known(size) and size == 1)]
        fixed = [size for size in wide if known(size)]
        result.append(fixed[0] if fixed else wide[0] if wide else 1)
    return tuple(result)


def aligned(before: Sequence[Size], after: Sequence[Size]) -> list[tuple[Dims, Dims]]:
    """Two shapes of one number of elements, cut into groups of equal numbers.

    >>> aligned((2, 3, 4), (2, 12))
    [((2,), (2,)), ((3, 4), (12,))]
    """
    groups: list[tuple[Dims, Dims]] = []
    i = j = 0
    while i < len(before) and j < len(after):
        one, other = [before[i]], [after[j]]
        i, j = i + 1, j + 1
        while normal(product(one) - product(other)) != 0:
            wants_before = quotient(product(other), product(one)) is not None
            if wants_before and i < len(before):
                one.append(before[i])
                i += 1
            elif j < len(after):
                other.append(after[j])
                j += 1
            elif i < len(before):
                one.append(before[i])
                i += 1
            else:
                break
        groups.append((tuple(one), tuple(other)))
    if i < len(before) or j < len(after):
        groups.append((tuple(before[i:]), tuple(after[j:])))
    return groups
