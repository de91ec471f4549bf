"""Every call of Keras's own layer tests, with its arguments.

The tests that Keras ships call ``run_layer_test(layer, arguments, input_shape=...)``. Their methods
are run with that function replaced by one that only takes notes, so nothing is copied by hand and a
new release of Keras brings its new cases along.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TESTER = "run_layer_test"
"""The method of Keras's test cases whose calls are collected."""


@dataclass(frozen=True, slots=True)
class LayerCall:
    """One call of ``run_layer_test``.

    Attributes:
        name: file, class, test and number: ``core/dense.DenseTest.test_dense_basics.1``.
        layer: the class.
        arguments: of its constructor.
        given: everything else that the test passes, by the names of ``run_layer_test``.
    """

    name: str
    layer: type[Any]
    arguments: Mapping[str, Any]
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        """Whether the test calls the layer with anything; some only build it."""
        keys = ("input_shape", "input_data")
        return any(self.given.get(key) is not None for key in keys)


def layer_files() -> list[str]:
    """The test files that call the tester, relative to Keras's layers, without their ending.

    >>> "core/dense" in layer_files()
    True
    """
    root = _root()
    paths = sorted(root.rglob("*_test.py"))
    found = (path for path in paths if f".{TESTER}(" in path.read_text(encoding="utf-8"))
    return [path.relative_to(root).as_posix().removesuffix("_test.py") for path in found]


def harvested(file: str) -> list[LayerCall]:
    """The calls of one test file.

    Args:
        file: as :func:`layer_files` names it.
    """
    return [call for method in methods(file) for call in calls_of(file, method)]


def methods(file: str) -> list[str]:
    """The tests of a file that call the tester: each set of parameters is a test of its own."""
    module = _module(file)
    tree = ast.parse(inspect.getsource(module))
    wanted = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and _calls_tester(function)
    }
    return [
        f"{case.__name__}.{name}"
        for case in _cases(module)
        for name in vars(case)
        if name.startswith("test") and any(_is_variant(name, plain) for plain in wanted)
    ]


def calls_of(file: str, method: str) -> list[LayerCall]:
    """The calls that one test makes.

    Args:
        file: as :func:`layer_files` names it.
        method: as :func:`methods` names it.

    Returns:
        Calls in order, up to where the test fails or skips what follows.
    """
    import keras
    import pytest

    owner, _, test = method.partition(".")
    case = getattr(_module(file), owner)
    signature = inspect.signature(getattr(case, TESTER))
    found: list[LayerCall] = []

    def note(self: Any, *args: Any, **kwargs: Any) -> None:
        given = dict(signature.bind(self, *args, **kwargs).arguments)
        layer, arguments = given.pop("layer_cls"), given.pop("init_kwargs")
        name = f"{file}.{method}.{len(found) + 1}"
        del given["self"]
        found.append(LayerCall(name, layer, arguments or {}, given))

    noting = type(case.__name__, (case,), {TESTER: note, "__module__": case.__module__})
    keras.utils.set_random_seed(0)
    instance = noting(test)
    instance.setUp()
    try:
        getattr(instance, test)()
    except (Exception, pytest.skip.Exception):  # noqa: BLE001, S110  # the rest is Keras's own
        pass
    finally:
        instance.doCleanups()
    return found


def layer_call(name: str) -> LayerCall:
    """A call by its name."""
    file, method, number = split(name)
    return calls_of(file, method)[number - 1]


def split(name: str) -> tuple[str, str, int]:
    """A call's file, test and number.

    >>> split("core/dense.DenseTest.test_dense_basics.1")
    ('core/dense', 'DenseTest.test_dense_basics', 1)
    """
    file, _, rest = name.partition(".")
    method, _, number = rest.rpartition(".")
    return file, method, int(number)


def _root() -> Path:
    import keras.src.layers as layers

    assert layers.__file__ is not None
    return Path(layers.__file__).parent


@functools.cache
def _module(file: str) -> Any:
    """A test file, imported without what only its other tests need and this environment lacks."""
    name = f"keras.src.layers.{file.replace('/', '.')}_test"
    absent: list[str] = []
    try:
        while True:
            try:
                return importlib.import_module(name)
            except ModuleNotFoundError as error:
                if error.name is None or error.name in absent:
                    raise
                absent.append(error.name)
                sys.modules[error.name] = _Absent(error.name)
    finally:
        for missing in absent:
            del sys.modules[missing]


class _Absent(types.ModuleType):
    """A module that is not there: what is taken from it decorates, and changes nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: lambda function: function


def _cases(module: Any) -> Iterator[Any]:
    from keras.src.testing import TestCase

    for item in vars(module).values():
        own = isinstance(item, type) and issubclass(item, TestCase)
        if own and item.__module__ == module.__name__:
            yield item


def _calls_tester(function: ast.FunctionDef) -> bool:
    nodes: Sequence[ast.AST] = list(ast.walk(function))
    return any(isinstance(node, ast.Attribute) and node.attr == TESTER for node in nodes)


def _is_variant(name: str, plain: str) -> bool:
    """Whether a test is another one with a set of parameters: their number or name follows."""
    return name == plain or (name.startswith(plain) and not name[len(plain)].isalpha())
