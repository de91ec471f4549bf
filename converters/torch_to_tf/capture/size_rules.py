"""The constraints on input sizes that an exported program records."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.export import ExportedProgram

from converters.constraints import Constraint
from converters.graph import Graph, Value

_SIZE = re.compile(r"(L(?:\[[^\]]+\])+)\.size\(\)\[(\d+)\]")
_ZERO_OR_ONE = re.compile(r".*(?:!= [01]|>= [012]|> [01])")
"""Capture takes sizes of 0 and 1 for special, not the model."""


def size_constraints(
    program: ExportedProgram,
    inputs: Sequence[tuple[str, Any]],
    signature: Mapping[str, object],
) -> tuple[Constraint, ...]:
    """What an exported program demands of the sizes of its inputs.

    Args:
        program: the program.
        inputs: names of the graph's inputs, and what they were captured as.
        signature: of the graph.

    Returns:
        Relations between sizes, then their ranges, then what else the model's code asked of them.
        A lower bound of 2 is not among them: capture gives it to every size.
    """
    axes = [
        (f"{name}.size({axis})", size.node.expr)
        for name, value in inputs
        for axis, size in enumerate(getattr(value, "shape", ()))
        if isinstance(size, torch.SymInt)
    ]
    rules = [*_relations(axes), *_ranges(program, axes)]
    rules += _guards(getattr(program, "_guards_code", None) or (), signature)
    return tuple(dict.fromkeys(found for rule in rules for found in _parsed(rule)))


def declared_minima(signature: Mapping[str, object], dynamic_shapes: Any) -> Iterator[Constraint]:
    """The lower bounds of 2 that a user declared, which a program can't tell from its own."""
    if isinstance(dynamic_shapes, Mapping):
        pairs = [(signature.get(name), spec) for name, spec in dynamic_shapes.items()]
    else:
        pairs = list(zip(signature.values(), dynamic_shapes or (), strict=False))
    for structure, spec in pairs:
        for rule in _minima(structure, spec):
            yield Constraint(rule)


def with_declared_minima(graph: Graph, dynamic_shapes: Any) -> Graph:
    """The graph with :func:`declared_minima` among its constraints."""
    declared = declared_minima(graph.signature, dynamic_shapes)
    return graph.replace(constraints=tuple(dict.fromkeys((*graph.constraints, *declared))))


def _minima(structure: object, spec: Any) -> Iterator[str]:
    if spec is None:
        return
    if isinstance(structure, Value):
        dims = spec.items() if isinstance(spec, Mapping) else enumerate(spec)
        for axis, dim in dims:
            if getattr(dim, "min", None) == 2 and not hasattr(dim, "root"):
                yield f"{structure.producer}.size({axis}) >= 2"
    elif isinstance(structure, Mapping) and isinstance(spec, Mapping):
        for key, inner in structure.items():
            yield from _minima(inner, spec.get(key))
    elif isinstance(structure, tuple | list) and isinstance(spec, tuple | list):
        for inner, part in zip(structure, spec, strict=False):
            yield from _minima(inner, part)


def _relations(axes: Sequence[tuple[str, Any]]) -> Iterator[str]:
    known: dict[Any, str] = {}
    for text, expression in axes:
        if expression.is_Symbol and expression not in known:
            known[expression] = text
    for text, expression in axes:
        if known.get(expression) == text:
            continue
        unknown = [symbol for symbol in expression.free_symbols if symbol not in known]
        if not unknown:
            yield f"{text} == {_rendered(expression, known)}"
        elif len(unknown) == 1 and len(expression.free_symbols) == 1:
            (symbol,) = unknown
            slope, offset = expression.diff(symbol), expression.subs(symbol, 0)
            if slope.is_Integer and offset.is_Integer and slope > 0:
                known[symbol] = f"(({text} - {offset})//{slope})"
                if slope != 1:
                    yield f"({text} - {offset}) % {slope} == 0"


def _rendered(expression: Any, known: Mapping[Any, str]) -> str:
    names = {str(symbol): text for symbol, text in known.items()}
    return re.sub(r"[a-z]+\d+", lambda match: names.get(match[0], match[0]), str(expression))


def _ranges(program: ExportedProgram, axes: Sequence[tuple[str, Any]]) -> Iterator[str]:
    first: dict[Any, str] = {}
    for text, expression in axes:
        first.setdefault(expression, text)
    for expression, text in first.items():
        implied = not expression.is_Symbol and all(s in first for s in expression.free_symbols)
        bounds = program.range_constraints.get(expression)
        if bounds is None or implied:
            continue
        if bounds.lower.is_Integer and bounds.lower > 2:
            yield f"{text} >= {bounds.lower}"
        if bounds.upper.is_Integer:
            yield f"{text} <= {bounds.upper}"


def _guards(lines: Sequence[str], signature: Mapping[str, object]) -> Iterator[str]:
    """The program's guards in the graph's names.

    Equalities are known from the shapes already; what says only that a size is neither 0 nor 1 is
    capture's own.
    """
    names = dict(_paths("L", signature))
    for line in lines:
        text = _SIZE.sub(lambda m: f"{names.get(m[1], 'L[')}.size({m[2]})", line)
        plain = "==" in text and "%" not in text
        if not plain and "L[" not in text and not _ZERO_OR_ONE.fullmatch(text):
            yield text


def _paths(prefix: str, structure: object) -> Iterator[tuple[str, str]]:
    if isinstance(structure, Value):
        yield prefix, structure.producer
    elif isinstance(structure, Mapping):
        for key, inner in structure.items():
            yield from _paths(f"{prefix}[{key!r}]", inner)
    elif isinstance(structure, tuple | list):
        for place, inner in enumerate(structure):
            yield from _paths(f"{prefix}[{place}]", inner)


def _parsed(rule: str) -> Iterator[Constraint]:
    """The constraint; nothing where a guard says more than arithmetic can."""
    try:
        found = Constraint(ast.unparse(ast.parse(rule.strip(), mode="eval")))
    except (SyntaxError, ValueError, ZeroDivisionError):
        return
    if found.sizes:
        yield found
