"""What PyTorch traced, as steps in blocks that are nested as the Keras layers are."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx

from converters.tf_to_torch.readable.expressions import ALIASES, SILENT
from converters.tf_to_torch.readable.leaf import MODULE_CALL, ModuleCall, call_of

SCOPE = "layer_call"
"""Under which key a node of the traced graph says in which call of a layer it was written."""


class UnwritableError(Exception):
    """The traced graph holds something that the writer has no words for."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One statement: a call of a module, of an operator, or an update of a buffer.

    Attributes:
        node: what PyTorch traced.
        leaf: the module's call, if it is one.
    """

    node: fx.Node
    leaf: ModuleCall | None = None


@dataclass(slots=True, eq=False)
class Block:
    """The steps of one call of a layer that is a class of its own.

    Attributes:
        call: which call; None for the model's own.
        path: where the layer is in the model.
        items: steps and blocks, in order.
    """

    call: int | None
    path: str
    items: list[Step | Block] = field(default_factory=list)

    @property
    def steps(self) -> Iterator[Step]:
        """Every step, those of inner blocks too."""
        for item in self.items:
            if isinstance(item, Block):
                yield from item.steps
            else:
                yield item


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A traced graph, sorted.

    Attributes:
        arguments: its inputs, in order.
        steps: its statements, in order.
        results: what it returns, flat; a node or a constant.
        scopes: for each step the calls that it is part of, outermost first.
        aliases: nodes that are another node's value.
        over: values that are written where another one was, which nothing needs any more.
    """

    arguments: tuple[fx.Node, ...]
    steps: tuple[Step, ...]
    results: tuple[Any, ...]
    scopes: Mapping[fx.Node, tuple[int, ...]]
    aliases: Mapping[fx.Node, fx.Node]
    over: Mapping[fx.Node, fx.Node] = field(default_factory=dict)

    def value(self, node: Any) -> Any:
        """A node, or what it is an alias of."""
        while isinstance(node, fx.Node) and node in self.aliases:
            node = self.aliases[node]
        return node

    def taken(self, step: Step) -> list[fx.Node]:
        """The values that a step computes with, parameters too and numbers not."""
        found = (self.value(node) for node in step.node.all_input_nodes)
        return [node for node in found if not is_number(node)]

    def made(self, step: Step) -> list[fx.Node]:
        """The values that a step computes."""
        parts = [node for node in step.node.users if node.target is operator.getitem]
        return sorted(parts, key=index_of) or [step.node]


def index_of(node: fx.Node) -> int:
    """Which of an operator's results a node takes."""
    index: Any = node.args[1]
    return int(index)


def is_number(node: fx.Node) -> bool:
    """Whether a node is a size or another number, not a tensor."""
    return isinstance(node.meta.get("val"), torch.SymInt | torch.SymBool | torch.SymFloat | int)


def program_of(
    module: fx.GraphModule,
    calls: Sequence[ModuleCall],
    ancestors: Mapping[int, tuple[int, ...]],
) -> Program:
    """Sort a traced graph into steps.

    Args:
        module: what ``ExportedProgram.module()`` returned.
        calls: the calls of modules in it.
        ancestors: for each call of a layer the calls that it is part of and itself.

    Raises:
        UnwritableError: it holds branches, loops or a call of something unknown.
    """
    arguments, steps, results = [], [], ()
    scopes: dict[fx.Node, tuple[int, ...]] = {}
    aliases: dict[fx.Node, fx.Node] = {}
    for node in module.graph.nodes:
        if node.op == "placeholder":
            arguments.append(node)
        elif node.op == "output":
            results = tuple(node.args[0])
        elif (
            node.op == "get_attr"
            or node.target is operator.getitem
            or is_number(node)
            or (node.op == "call_module" and node.target == "_guards_fn")
        ):
            continue
        elif node.target is MODULE_CALL:
            steps.append(Step(node, call_of(str(node.args[1]), calls)))
        elif isinstance(node.target, torch._ops.OpOverload):
            own = str(node.target).removeprefix("aten.")
            if own in ALIASES:
                aliases[node] = node.args[0]
            elif own not in SILENT:
                steps.append(Step(node))
        elif getattr(node.target, "__module__", "") not in ("_operator", "math", "torch"):
            raise UnwritableError(f"{node.target} has no plain Python form")
    for step in steps:
        scope = step.node.meta.get("custom", {}).get(SCOPE)
        scopes[step.node] = () if scope is None else ancestors[int(scope)]
    return Program(tuple(arguments), tuple(steps), results, scopes, aliases)


def nested(program: Program, paths: Mapping[int, str], classes: Collection[int]) -> Block:
    """The steps in blocks.

    Args:
        program: the steps.
        paths: where the layers of calls are in the model.
        classes: the calls that are to be blocks, if their steps stand together.
    """
    worthy = set(classes)
    while True:
        root, torn = _nested(program, paths, worthy)
        if not torn:
            return root
        worthy -= torn


def _nested(
    program: Program, paths: Mapping[int, str], worthy: Collection[int]
) -> tuple[Block, set[int]]:
    root = Block(None, "")
    open_, closed, torn = [root], set[int](), set[int]()
    for step in program.steps:
        chain = [call for call in program.scopes[step.node] if call in worthy]
        depth = 0
        while depth < min(len(chain), len(open_) - 1) and open_[depth + 1].call == chain[depth]:
            depth += 1
        for block in open_[depth + 1 :]:
            assert block.call is not None
            closed.add(block.call)
        del open_[depth + 1 :]
        for call in chain[depth:]:
            if call in closed:
                torn.add(call)
            block = Block(call, paths[call])
            open_[-1].items.append(block)
            open_.append(block)
        open_[-1].items.append(step)
    return root, torn


def inputs_of(block: Block, program: Program) -> list[fx.Node]:
    """Values from outside that a block computes with, in order of first use."""
    own = {value for step in block.steps for value in program.made(step)}
    found: dict[fx.Node, None] = {}
    for step in block.steps:
        for value in program.taken(step):
            if value not in own and value.op != "get_attr":
                found[value] = None
    return list(found)


def outputs_of(block: Block, program: Program) -> list[fx.Node]:
    """Values of a block that something outside uses, in order."""
    inside = {step.node for step in block.steps}
    outside = {
        value for step in program.steps if step.node not in inside for value in program.taken(step)
    }
    outside |= {program.value(leaf) for leaf in program.results if isinstance(leaf, fx.Node)}
    made = [value for step in block.steps for value in program.made(step)]
    return [value for value in made if value in outside]
