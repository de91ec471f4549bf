"""A PyTorch module of plain Python source, opened up: what each statement assigns can be fetched.

The source that is probed is the source that ships, with a look at each variable after it is
assigned.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from parity.errors import ProgramError
from parity.runtimes.torch_program import TorchProgram
from parity.sides import as_numpy, as_torch, unchanged

See = Callable[[Any, str, Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class SourceProgram(TorchProgram):
    """A module whose variables have names.

    A variable is called after the path of the module that assigns it, the number of that module's
    call, and the number of the statement: ``encoder#0/3.0``. An input is ``argument/image``.

    Attributes:
        arguments: makes the positional arguments of the module from tensors by the inputs' names.
    """

    arguments: Callable[[Mapping[str, Any]], Sequence[Any]]

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        cuts: Mapping[str, np.ndarray] | None = None,
    ) -> list[np.ndarray]:
        """Compute variables; see :meth:`Program.run` of ``tensorflow_program``.

        Raises:
            ProgramError: PyTorch fails while running it.
        """
        tensors = {name: as_torch(array) for name, array in feeds.items()}
        wanted, given = set(fetches), cuts or {}
        found = {place: feeds[name] for name, place in self.inputs.items() if place in wanted}
        calls: dict[int, int] = {}
        paths = {id(module): path for path, module in self.module.named_modules()}

        def enter(module: Any) -> None:
            calls[id(module)] = calls.get(id(module), -1) + 1

        def see(module: Any, key: str, value: Any) -> Any:
            name = f"{paths[id(module)]}#{calls[id(module)]}/{key}"
            if name in wanted:
                found[name] = as_numpy(value).copy()  # a buffer may change afterwards
            return as_torch(given[name]) if name in given else value

        try:
            with (
                unchanged(self.module, training=self.module.training),
                torch.no_grad(),
                watched(self.module, enter, see),
            ):
                self.module(*self.arguments(tensors))
        except (RuntimeError, ValueError, IndexError) as error:
            reason = str(error).strip().split("\n")[0]
            raise ProgramError(f"PyTorch can't run the target: {reason}") from error
        return [found[name] for name in fetches]


@contextlib.contextmanager
def watched(root: Any, enter: Callable[[Any], None], see: See) -> Iterator[None]:
    """While active, the modules that are not PyTorch's own show what they assign.

    Args:
        root: the module, and those in it.
        enter: called with a module when its ``forward`` begins.
        see: called with a module, the place of an assignment and what is assigned; returns what is
            assigned instead.
    """
    written: dict[type, Any] = {}
    changed = []
    for module in root.modules():
        kind = type(module)
        if kind.__module__.partition(".")[0] == "torch":
            continue
        if kind not in written:
            written[kind] = _showing(kind.forward, enter, see)
        vars(module)["forward"] = types.MethodType(written[kind], module)
        changed.append(module)
    try:
        yield
    finally:
        for module in changed:
            vars(module).pop("forward")


def _showing(forward: Any, enter: Callable[[Any], None], see: See) -> Any:
    """A ``forward`` with a look at each variable after it is assigned."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(forward))).body
    assert isinstance(definition, ast.FunctionDef)
    body: list[ast.stmt] = ast.parse("__enter__(self)").body
    for number, statement in enumerate(definition.body):
        body.append(statement)
        target = _assigned(statement)
        if target is not None:
            for place, name in enumerate(_names(target)):
                look = f"{name} = __see__(self, '{number}.{place}', {name})"
                body += ast.parse(look).body
    definition.body = body
    definition.returns = None
    for argument in definition.args.args:
        argument.annotation = None
    tree = ast.fix_missing_locations(ast.Module([definition], []))
    space = {**forward.__globals__, "__enter__": enter, "__see__": see}
    exec(compile(tree, forward.__code__.co_filename, "exec"), space)  # noqa: S102  # as it ships
    return space[definition.name]


def _assigned(statement: ast.stmt) -> ast.expr | None:
    """What a statement assigns to, also after an operation in place."""
    if isinstance(statement, ast.Assign):
        return statement.targets[0]
    return statement.target if isinstance(statement, ast.AugAssign) else None


def _names(target: ast.expr) -> list[str]:
    """The variables of an assignment as they are written; ``_`` is none."""
    if isinstance(target, ast.Tuple):
        return [name for item in target.elts for name in _names(item)]
    return [target.id] if isinstance(target, ast.Name) and target.id != "_" else []
