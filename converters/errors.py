"""What can go wrong in a conversion, each with what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converters.graph import Node


class ConversionError(Exception):
    """Any failure of a conversion."""


class CaptureError(ConversionError):
    """The source can't be captured."""


class InputsNeededError(CaptureError):
    """The source doesn't say what it takes, and no example inputs were passed."""


class UnsupportedVariantError(ConversionError):
    """An operator is known, but not with this dtype, attribute or rank."""


class CheckpointError(ConversionError):
    """A file is damaged, unsafe, or belongs to another model."""


class OutputError(ConversionError):
    """The result can't be written where it was asked for."""


@dataclass(frozen=True, slots=True)
class MissingOp:
    """An operator without a lowering: how often, and where it is called first."""

    op: str
    count: int
    module: str
    source: str

    def __str__(self) -> str:
        """One line: operator, count, module path, source line."""
        place = ", ".join(
            part for part in (self.module and f"module {self.module}", self.source) if part
        )
        return f"{self.op} ({self.count}x{'; first at ' + place if place else ''})"


class UnsupportedOpError(ConversionError):
    """Every operator of the graph that has no lowering, listed before anything is built."""

    def __init__(self, missing: Sequence[MissingOp]) -> None:
        """Takes the missing operators, most frequent first."""
        self.missing = tuple(missing)
        lines = "\n".join(f"  - {item}" for item in self.missing)
        kinds = len(self.missing)
        super().__init__(
            f"{kinds} operator{'s' if kinds != 1 else ''} of the model "
            f"{'have' if kinds != 1 else 'has'} no lowering:\n{lines}\n"
            f"Replace them in the model{_registered(self.missing)}."
        )

    @classmethod
    def of(cls, nodes: Sequence[tuple[str, str, str]]) -> UnsupportedOpError:
        """From (op, module, source) of every offending node in execution order."""
        counts = Counter(op for op, _, _ in nodes)
        first: dict[str, tuple[str, str]] = {}
        for op, module, source in nodes:
            first.setdefault(op, (module, source))
        return cls([MissingOp(op, count, *first[op]) for op, count in counts.most_common()])


def _registered(missing: Sequence[MissingOp]) -> str:
    """How to lower an operator oneself, if one of them can be lowered so."""
    names = [item.op.split(".") for item in missing]
    own = next((name for name in names if len(name) == 3), None)  # namespace, name, overload
    if own is None:
        return ""
    return (
        ", or register a TensorFlow function for each with "
        f'@converters.lower("{own[0]}::{own[1]}.{own[2]}") (docs/extending.md; on the command '
        "line, --plugin names the file that does it)"
    )


class LoweringError(ConversionError):
    """A lowering failed unexpectedly: the node, its module and its source line, and the cause."""

    def __init__(self, node: str, op: str, module: str, source: str, cause: BaseException) -> None:
        """Names the node and wraps the cause."""
        self.node, self.op, self.module, self.source = node, op, module, source
        place = ", ".join(part for part in (module and f"module {module}", source) if part)
        super().__init__(
            f"lowering {op} at node {node}{f' ({place})' if place else ''} failed: "
            f"{type(cause).__name__}: {cause}"
        )


@contextmanager
def naming(node: Node) -> Iterator[None]:
    """Raise what a node's lowering raises as an error that names the node.

    Raises:
        LoweringError: of this node, or of one inside its branches.
    """
    try:
        yield
    except LoweringError:  # of a node inside a branch
        raise
    except Exception as error:
        raise LoweringError(node.name, node.op, node.module, node.source, error) from error
