"""Lowerings by operator name, each checked against its operator's schema on registration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from converters.errors import UnsupportedOpError
from converters.graph import Graph
from converters.layout import CHANNELS_LAST, SOURCE, Layout, Preference

Function = Callable[..., object]
Lowered = TypeVar("Lowered", bound=Function)


@dataclass(frozen=True, slots=True)
class SchemaArgument:
    """One argument of a source operator: its name, and its default if it has one."""

    name: str
    default: object = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Lowering:
    """A function that computes one operator in the target, and the axis orders it wants."""

    op: str
    function: Function
    layout: Layout


class Registry:
    """The lowerings of one direction."""

    def __init__(
        self,
        schema: Callable[[str], Sequence[SchemaArgument] | None],
        preference: Preference = CHANNELS_LAST,
    ) -> None:
        """Lowerings to come.

        Args:
            schema: gives the arguments of an operator, or None for one that has no schema.
            preference: how the target's kernels want images.
        """
        self._schema = schema
        self.preference = preference
        self._lowerings: dict[str, Lowering] = {}

    def lower(self, *ops: str, layout: Layout = SOURCE) -> Callable[[Lowered], Lowered]:
        """Register a function as the lowering of ``ops``.

        Raises:
            TypeError: the function's parameters are not the operator's schema.
            ValueError: one of ``ops`` has a lowering already, or doesn't exist.
        """

        def register(function: Lowered) -> Lowered:
            for op in ops:
                if op in self._lowerings:
                    raise ValueError(f"{op} has a lowering already: {self._lowerings[op].function}")
                self._check(op, function)
                self._lowerings[op] = Lowering(op, function, layout)
            return function

        return register

    def _check(self, op: str, function: Function) -> None:
        schema = self._schema(op)
        if schema is None:
            return
        want = [argument.name for argument in schema]
        parameters = [
            parameter
            for parameter in inspect.signature(function).parameters.values()
            if parameter.kind is not parameter.KEYWORD_ONLY or parameter.name in want
        ]  # further keywords are what the layout's remap adds
        have = [parameter.name for parameter in parameters]
        if want != have:
            raise TypeError(f"{op}: the schema's arguments are {want}, the lowering's {have}")
        for argument, parameter in zip(schema, parameters, strict=True):
            if not _same_default(argument.default, parameter.default):
                raise TypeError(
                    f"{op}: the default of {argument.name} is {argument.default!r} in the schema, "
                    f"{parameter.default!r} in the lowering"
                )

    def get(self, op: str) -> Lowering | None:
        """The lowering of an operator, or None."""
        return self._lowerings.get(op)

    def extended(self, lowerings: Iterable[Lowering]) -> Registry:
        """The same registry with some lowerings more, for one conversion."""
        registry = Registry(self._schema, self.preference)
        registry._lowerings = {**self._lowerings, **{one.op: one for one in lowerings}}
        return registry

    def require(self, graph: Graph) -> None:
        """Raise one error that lists every operator of a graph without a lowering.

        Raises:
            UnsupportedOpError: there is at least one.
        """
        missing = [(n.op, n.module, n.source) for n in graph.all_nodes if n.op not in self]
        if missing:
            raise UnsupportedOpError.of(missing)

    def __contains__(self, op: object) -> bool:
        """Whether an operator has a lowering."""
        return op in self._lowerings

    def __iter__(self) -> Iterator[Lowering]:
        """Every lowering, by operator name."""
        return iter(sorted(self._lowerings.values(), key=lambda lowering: lowering.op))

    def __len__(self) -> int:
        """Number of operators."""
        return len(self._lowerings)


def _same_default(schema: object, own: object) -> bool:
    if isinstance(schema, list):
        schema = tuple(schema)
    if isinstance(own, list):
        own = tuple(own)
    if schema is inspect.Parameter.empty or own is inspect.Parameter.empty:
        return schema is own
    if isinstance(schema, tuple) and not isinstance(own, tuple):
        own = (own,) * len(schema)  # a schema's int[2]=1 is written 1
    elif isinstance(own, tuple) and not isinstance(schema, tuple):
        schema = (schema,) * len(own)
    return bool(schema == own) or (schema is None and own is None)
