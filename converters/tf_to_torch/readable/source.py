"""A traced model as Python source: one class for each kind of block."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy
import torch
from torch import fx
from torch.utils import _pytree as pytree

from converters.graph import Value
from converters.structure import map_structure
from converters.tf_to_torch.names import attribute_name
from converters.tf_to_torch.readable.blocks import (
    Block,
    Program,
    UnwritableError,
    is_number,
    nested,
)
from converters.tf_to_torch.readable.companions import COMPANIONS, text_of
from converters.tf_to_torch.readable.forward import Body, SizeGoneError, Writer
from converters.tf_to_torch.readable.table import Part, literal, plain
from converters.tf_to_torch.readable.wrapping import wrapped

_LETTERS = {3: "L", 4: "HW", 5: "DHW"}


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A tensor that the model holds outside modules of ``torch.nn``.

    Attributes:
        tensor: shape and type; the value too, if it is a constant.
        kind: ``parameter``, ``buffer`` or ``constant``.
        trainable: whether a gradient is wanted.
    """

    tensor: torch.Tensor
    kind: str
    trainable: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """All that is to be written.

    Attributes:
        name: of the model's class.
        title: what the source was, in words.
        program: the steps.
        parts: the modules of ``torch.nn`` by their paths.
        frozen: paths of parameters of these that get no gradient.
        held: other tensors by their paths.
        paths: for each call of a layer where it is in the model.
        classes: for each call that may be a class what that is to be called.
        signature: the arguments of the model's call, with names of inputs as leaves.
        result: what it returns, with names of outputs as leaves.
        exact: whether numbers are written with all their digits.
        training: whether it is the model as it trains.
    """

    name: str
    title: str
    program: Program
    parts: Mapping[str, Part]
    frozen: Sequence[str]
    held: Mapping[str, Held]
    paths: Mapping[int, str]
    classes: Mapping[int, str]
    signature: Mapping[str, object]
    result: object
    exact: bool = False
    training: bool = False


@dataclass(slots=True, eq=False)
class Source:
    """Python source of a model.

    Attributes:
        classes: the text of each class, by name, in order; the model's is the last.
        name: of the model's class.
        title: what the source was, in words.
        training: whether it is the model as it trains.
        places: for each value where it is assigned: the path of the module, which call of it, the
            number of the statement in its ``forward`` and the place among what that assigns.
    """

    classes: dict[str, str]
    name: str
    title: str
    training: bool = False
    places: dict[fx.Node, str] = field(default_factory=dict)

    def text(self, weights: str) -> str:
        """The file; it reads its weights from a file of that name beside it."""
        body = "\n\n\n".join(self.classes.values())
        functional = "import torch.nn.functional as F\n" if re.search(r"\bF\.", body) else ""
        return _FILE.format(
            title=plain(self.title),
            name=self.name,
            weights=plain(weights),
            file=literal(weights),
            functional=functional,
            body=body,
            mode="train" if self.training else "eval",
            purpose="as it trains" if self.training else "in inference",
        )


_FILE = '''"""{title}, converted to PyTorch.

``load()`` returns the model with its weights, which {weights} beside this file holds.
"""

from __future__ import annotations

from pathlib import Path

import torch
{functional}from torch import Tensor, nn


{body}


def load(weights: str | Path = Path(__file__).with_name({file})) -> {name}:
    """The model with its weights, {purpose}."""
    from safetensors.torch import load_file

    model = {name}()
    model.load_state_dict(load_file(weights))
    return model.{mode}()
'''


def source_of(model: Described) -> Source:
    """Write a model.

    Raises:
        UnwritableError: it can't be written.
    """
    classes = dict(model.classes)
    while True:
        writing = _Writing(model, classes)
        try:
            return writing.source()
        except _TornError as error:
            del classes[error.call]


class _TornError(Exception):
    """A block can't be a class of its own."""

    def __init__(self, call: int) -> None:
        self.call = call
        super().__init__(f"call {call}")


class _Writing:
    """One attempt, with certain calls as classes."""

    def __init__(self, model: Described, classes: Mapping[int, str]) -> None:
        self.model, self.classes = model, classes
        self.root = nested(model.program, model.paths, classes)
        self.labels = _labels(model.program)
        used = {kind for one in model.parts.values() for kind in one.kinds()}
        held = {kind.__name__: text_of(kind) for kind in COMPANIONS if kind in used}
        self.source_ = Source(held, model.name, model.title, model.training)
        self.names: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def source(self) -> Source:
        self._block(self.root)
        return self.source_

    def _block(self, block: Block) -> None:
        """Write the class of a block after those of the blocks in it."""
        number = self.counts.get(block.path, 0)
        self.counts[block.path] = number + 1
        for item in block.items:
            if isinstance(item, Block):
                self._block(item)
        members: dict[str, None] = {}

        def relative(path: str) -> str:
            if block.path and not path.startswith(f"{block.path}."):
                assert block.call is not None
                raise _TornError(block.call)
            members[path] = None
            return f"self.{path.removeprefix(f'{block.path}.')}"

        body = self._body(block, relative)
        before = len(self._root_arguments()[1]) if block.call is None else 0
        for value, (line, place) in body.places.items():
            self.source_.places[value] = f"{block.path}#{number}/{before + line}.{place}"
        self._class(block, body, list(members))

    def _body(self, block: Block, relative: Callable[[str], str]) -> Body:
        given = self._arguments() if block.call is None else None
        early: set[sympy.Expr] = set()
        while True:
            try:
                return Writer(
                    block,
                    self.model.program,
                    relative,
                    self.labels,
                    given,
                    exact=self.model.exact,
                    early=early,
                ).write()
            except UnwritableError as error:
                if isinstance(error, SizeGoneError) and error.size not in early:
                    early.add(error.size)
                    continue
                if block.call is None:
                    raise
                raise _TornError(block.call) from None

    def _arguments(self) -> list[str]:
        """Names for the flat inputs of the model."""
        leaves = pytree.tree_leaves(tuple(self.model.signature.values()))
        return [leaf.producer for leaf in leaves if isinstance(leaf, Value)]

    def _class(self, block: Block, body: Body, members: Sequence[str]) -> None:
        if block.call is None:
            name, arguments, first = self.model.name, *self._root_arguments()
            returned = self._returned(body)
        else:
            name = self.classes[block.call]
            arguments = [f"{argument}: Tensor" for argument in body.arguments]
            first, returned = [], ", ".join(body.results)
        several = block.call is not None and len(body.results) > 1
        kind = "tuple[Tensor, ...]" if several else "Tensor"
        if block.call is None and not isinstance(self.model.result, Value):
            kind = "dict[str, Tensor]" if isinstance(self.model.result, Mapping) else "tuple"
        lines = [
            "    def __init__(self) -> None:",
            "        super().__init__()",
            *(f"        {line}" for line in self._members(block, members)),
            "",
            *wrapped(f"    def forward(self, {', '.join(arguments)}) -> {kind}:"),
            *(line for text in (*first, *body.lines) for line in wrapped(f"        {text}")),
            *wrapped(f"        return {returned}"),
        ]
        doc = plain(self.model.title) if block.call is None else f"The Keras layer {block.path}"
        text = "\n".join(lines)
        if block.path in self.kinds:
            if self.names.get(text) != self.kinds[block.path] and block.call is not None:
                raise _TornError(block.call)
            return
        known = self.names.get(text)
        if known is None:
            known, number = name, 1
            while known in self.source_.classes or known == (
                self.model.name if block.call is not None else ""
            ):
                number += 1
                known = f"{name}{number}"
            self.names[text] = known
            self.source_.classes[known] = f'class {known}(nn.Module):\n    """{doc}."""\n\n{text}'
        self.kinds[block.path] = known

    def _root_arguments(self) -> tuple[list[str], list[str]]:
        """The parameters of ``forward``, and what takes nested ones apart."""
        arguments, first = [], []
        for name, structure in self.model.signature.items():
            if isinstance(structure, Value):
                arguments.append(f"{name}: Tensor")
                continue
            kind = "dict[str, Tensor]" if isinstance(structure, Mapping) else "tuple"
            arguments.append(f"{name}: {kind}")
            first += [f"{leaf} = {path}" for leaf, path in _paths(structure, name)]
        return arguments, first

    def _returned(self, body: Body) -> str:
        flat = iter(body.results)
        leaves = pytree.tree_leaves(self.model.result)
        texts = {}
        for leaf, found in zip(leaves, self.model.program.results, strict=True):
            if isinstance(leaf, Value):
                texts[leaf.producer] = (
                    next(flat) if isinstance(found, fx.Node) else f"torch.tensor({found!r})"
                )
        return _structure(self.model.result, texts)

    # __init__

    def _members(self, block: Block, members: Sequence[str]) -> list[str]:
        """What ``__init__`` makes."""
        prefix = f"{block.path}." if block.path else ""
        lines: list[str] = []
        made: set[str] = set()
        for path in members:
            *above, last = path.removeprefix(prefix).split(".")
            for end in range(1, len(above) + 1):
                place = ".".join(above[:end])
                if place not in made:
                    made.add(place)
                    lines.append(f"self.{place} = nn.Module()")
            lines += self._member(path, ".".join(["self", *above]), last)
            made.add(".".join([*above, last]))
        return lines

    def _member(self, path: str, owner: str, last: str) -> list[str]:
        if path in self.kinds:
            return [f"{owner}.{last} = {self.kinds[path]}()"]
        if path in self.model.parts:
            frozen = [
                f"{owner}.{last}{name.removeprefix(path)}.requires_grad_(False)"
                for name in self.model.frozen
                if name.startswith(f"{path}.")
            ]
            return [
                f"{owner}.{last} = {self.model.parts[path].text(exact=self.model.exact)}",
                *frozen,
            ]
        held = self.model.held.get(path)
        if held is None:
            raise UnwritableError(f"{path} is not known")
        if held.kind == "constant":
            numbers = literal(held.tensor.tolist(), exact=self.model.exact)
            made = f"torch.tensor({numbers}, dtype={held.tensor.dtype})"
            return [f'{owner}.register_buffer("{last}", {made}, persistent=False)']
        dtype = "" if held.tensor.dtype.is_floating_point else f", dtype={held.tensor.dtype}"
        empty = f"torch.zeros({literal(tuple(held.tensor.shape))}{dtype})"
        if held.kind == "buffer":
            return [f'{owner}.register_buffer("{last}", {empty})']
        grad = "" if held.trainable else ", requires_grad=False"
        return [f"{owner}.{last} = nn.Parameter({empty}{grad})"]


def _labels(program: Program) -> dict[sympy.Symbol, str]:
    """Letters for open sizes: N for the first axis, then as images and sequences are written."""
    labels: dict[sympy.Symbol, str] = {}
    for node in program.arguments:
        found: Any = node.meta.get("val")
        if is_number(node) or found is None:
            continue
        for axis, size in enumerate(found.shape):
            expr = size.node.expr if isinstance(size, torch.SymInt) else None
            if expr is None or not expr.is_Symbol or expr in labels:
                continue
            letters = _LETTERS.get(found.ndim, "")
            label = "N" if axis == 0 else letters[axis - 1 : axis] or str(expr)
            labels[expr] = label if label not in labels.values() else str(expr)
    return labels


def _paths(structure: Any, text: str) -> list[tuple[str, str]]:
    """The leaves of a nested argument, and how they are taken out of it."""
    if isinstance(structure, Value):
        return [(structure.producer, text)]
    if isinstance(structure, Mapping):
        items = [(f"{text}[{literal(key)}]", item) for key, item in structure.items()]
    elif isinstance(structure, tuple | list):
        items = [(f"{text}[{place}]", item) for place, item in enumerate(structure)]
    else:
        return []
    return [leaf for path, item in items for leaf in _paths(item, path)]


def _structure(structure: Any, texts: Mapping[str, str]) -> str:
    """A nested result in source."""
    if isinstance(structure, Value):
        return texts[structure.producer]
    inner = map_structure(lambda item: _structure(item, texts), structure)
    if isinstance(inner, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {text}" for key, text in inner.items()) + "}"
    if isinstance(inner, list):
        return f"[{', '.join(map(str, inner))}]"
    if isinstance(inner, tuple):
        return f"({', '.join(map(str, inner))}{',' if len(inner) == 1 else ''})"
    return repr(structure)


def class_name(name: str) -> str:
    """A layer's name as that of a class.

    >>> class_name("conv2_block1"), class_name("1x1")
    ('Conv2Block1', '_1x1')
    """
    words = re.split(r"[_\W]+", name)
    return attribute_name("".join(word[:1].upper() + word[1:] for word in words)) or "Model"
