"""Which layer of Keras is which module of ``torch.nn``, and what a row of that table returns."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import torch

from converters.layout import SOURCE, Layout
from converters.tf_to_torch.readable.calls import LayerCall, Marked
from converters.tf_to_torch.readable.companions import COMPANIONS


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A module as its constructor is called.

    Attributes:
        kind: the class.
        args: positional arguments; parts among them are modules.
        kwargs: named ones.
    """

    kind: type[torch.nn.Module]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def build(self) -> torch.nn.Module:
        """The module, its weights not yet set."""
        args = [arg.build() if isinstance(arg, Part) else arg for arg in self.args]
        return self.kind(*args, **self.kwargs)

    def text(self, *, exact: bool = False) -> str:
        """How the constructor is called in source; see :func:`literal`."""
        args = [
            arg.text(exact=exact) if isinstance(arg, Part) else literal(arg, exact=exact)
            for arg in self.args
        ]
        args += [f"{name}={literal(value, exact=exact)}" for name, value in self.kwargs.items()]
        owner = "" if self.kind in COMPANIONS else "nn."
        return f"{owner}{self.kind.__name__}({', '.join(args)})"

    def kinds(self) -> set[type[torch.nn.Module]]:
        """Its class, and those of the parts among its arguments."""
        inner = (arg.kinds() for arg in self.args if isinstance(arg, Part))
        return {self.kind}.union(*inner)


def part(kind: type[torch.nn.Module], *args: Any, **kwargs: Any) -> Part:
    """A module as its constructor is called; arguments that have their default are left out.

    >>> part(torch.nn.Conv2d, 3, 8, (3, 3), stride=(1, 1)).text()
    'nn.Conv2d(3, 8, 3)'
    """
    defaults = inspect.signature(kind.__init__).parameters
    plain = {
        name: _plain(value)
        for name, value in kwargs.items()
        if name not in defaults or _plain(value) != defaults[name].default
    }
    return Part(kind, tuple(_plain(arg) for arg in args), plain)


def _plain(value: Any) -> Any:
    """One number for a row of equal ones; Python's numbers for NumPy's."""
    if isinstance(value, tuple | list):
        items = tuple(_plain(item) for item in value)
        return items[0] if items and len(set(items)) == 1 else items
    return value.item() if isinstance(value, np.generic) else value


def literal(value: Any, *, exact: bool = False) -> str:
    """A constant in source.

    Args:
        value: the constant.
        exact: whether a float is written with all its digits, or with the fewest that are the same
            number in float32.

    >>> literal(0.0010000000474974513), literal(0.0010000000474974513, exact=True)
    ('0.001', '0.0010000000474974513')
    """
    if isinstance(value, tuple | list):
        inside = ", ".join(literal(item, exact=exact) for item in value)
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, float) and not exact:
        short = float(str(np.float32(value))) if abs(value) < 3e38 else value
        same = float(np.float32(short)) == value
        value = short if same else value
    if isinstance(value, float):
        return repr(value) if np.isfinite(value) else f'float("{value}")'
    if isinstance(value, str):
        return json.dumps(value)
    return str(value) if isinstance(value, torch.dtype) else repr(value)


def plain(words: str) -> str:
    """Words that can stand in a docstring: a model's name may come from a stranger's file.

    >>> plain("net (Keras)"), plain("a'b")
    ('net (Keras)', 'a_b')
    """
    return re.sub(r"[^\w .,()+-]", "_", words)


def rounded(number: float) -> float:
    """A layer's number as TensorFlow's float32 graphs hold it."""
    return float(np.float32(number))


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """Where the numbers of a layer's variable, or a block of them, are in the module.

    Attributes:
        variable: the variable.
        target: the parameter's name in the module.
        axes: the block's axes in the module's order; None for the variable's own.
        block: from where to where along each axis of the variable; None for all of it.
        shape: of the block in the module, where that groups axes.
        row: where the block begins along the parameter's first axis; None if it is all there is.
    """

    variable: Any
    target: str
    axes: tuple[int, ...] | None = None
    block: tuple[tuple[int, int], ...] | None = None
    shape: tuple[int, ...] | None = None
    row: int | None = None


Forward = Callable[..., Any]
"""Computes a layer's result from what calls its module and from the layer's inputs."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What a layer becomes.

    Attributes:
        part: the module.
        forward: takes what calls the module, and the inputs; may compute before and after it.
        inputs: the names of the marks of those arguments that it takes.
        weights: where the variables' numbers are in the module.
        fill: numbers for parameters that the layer has not.
        layout: which axis order inputs and results have.
        before: whether the result is that before the layer's activation, which stays as it is.
        outputs: how many of the call's results it computes, the first ones; None for all.
    """

    part: Part
    forward: Forward
    inputs: tuple[str, ...]
    weights: tuple[Moved, ...] = ()
    fill: Mapping[str, float] = field(default_factory=dict)
    layout: Layout = SOURCE
    before: bool = False


Row = Callable[[Any, LayerCall], Written | None]
"""Says what a call of a layer becomes; None if ``torch.nn`` has nothing that is exactly it."""

_ROWS: dict[type, Row] = {}


def row(*kinds: type) -> Callable[[Row], Row]:
    """Register a row for layer classes."""

    def register(function: Row) -> Row:
        for kind in kinds:
            if kind in _ROWS:
                raise ValueError(f"{kind.__name__} has a row already")
            _ROWS[kind] = function
        return function

    return register


@functools.cache
def load() -> Mapping[type, Row]:
    """The table with every family imported."""
    from converters.tf_to_torch.readable import rows

    for module in pkgutil.iter_modules(rows.__path__):
        importlib.import_module(f"{rows.__name__}.{module.name}")
    return _ROWS


def written(call: LayerCall) -> Written | None:
    """What a call becomes; None if it stays operations."""
    table = load()
    kind = next((kind for kind in type(call.layer).__mro__ if kind in table), None)
    if kind is None or not _is_plain(call.layer, kind):
        return None
    return table[kind](call.layer, call)


def _is_plain(layer: Any, kind: type) -> bool:
    """Whether a layer computes as its class says, in float32 throughout."""
    if type(layer).call is not kind.call:  # type: ignore[attr-defined]
        return False
    if getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False):
        return False
    return bool(layer.compute_dtype == layer.variable_dtype == "float32")


def tensors(call: LayerCall) -> list[Marked]:
    """The tensors among a call's arguments, in order."""
    found = keras.tree.flatten((call.arguments, call.keywords))
    return [leaf for leaf in found if isinstance(leaf, Marked)]


def only(call: LayerCall) -> Marked | None:
    """The tensor that a call takes; None if it takes several, or another argument."""
    keywords = {k: v for k, v in call.keywords.items() if k not in ("training", "mask")}
    found = call.arguments
    if keywords or len(found) != 1 or not isinstance(found[0], Marked):
        return None
    return found[0]
