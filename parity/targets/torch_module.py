"""PyTorch modules and exported programs as targets, of unknown origin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converters import ConversionError, Graph, promote, replay, torch_graph
from parity.errors import CheckError, ProgramError
from parity.runtimes.torch_model import TorchModel
from parity.sides import leaves_of
from parity.targets import Place, Target
from parity.targets.callables import filled, named_leaves
from parity.targets.nesting import plain_ends


def fits(target: object) -> bool:
    """Whether something is a PyTorch module, an exported program, or the path of one."""
    import torch

    if isinstance(target, str | Path):
        return Path(target).suffix == ".pt2"
    return isinstance(target, torch.nn.Module | torch.export.ExportedProgram)


def open_torch(target: Any, graph: Graph) -> Target:
    """Open a module.

    Args:
        target: takes and returns what the source does, in the source's axis orders.
        graph: the source's graph.

    Raises:
        CheckError: it can't be called like the source.
        converters.CheckpointError: the file is damaged.
    """
    import torch

    from converters import load_pt2

    label = f"{type(target).__name__} (PyTorch)"
    if isinstance(target, str | Path):
        label, target = str(target), load_pt2(Path(target))
    module = target.module() if isinstance(target, torch.export.ExportedProgram) else target
    inputs, outputs = plain_ends(graph)
    wanted = [name for name, _ in named_leaves(graph.result)]

    def call(values: Mapping[str, Any]) -> dict[str, Any]:
        arguments = [filled(structure, values) for structure in graph.signature.values()]
        return _by_name(module(*arguments), graph, wanted)

    program = TorchModel(call, {name: name for name in inputs}, {name: name for name in outputs})

    def wide() -> tuple[TorchModel, Mapping[Any, Place]]:
        examples = {i.name: torch.zeros(i.spec.hint, dtype=_dtype(i.spec)) for i in graph.inputs}
        arguments = tuple(filled(structure, examples) for structure in graph.signature.values())
        try:
            own = torch_graph(target, (arguments, {}))
        except ConversionError as error:
            raise ProgramError(f"{label} can't be captured in float64: {error}") from error
        promoted = promote(own)
        names = [i.name for i in own.inputs]

        def computed(values: Mapping[str, Any]) -> dict[str, Any]:
            given = [values[name] for name in flat]
            results, _ = replay(promoted, dict(zip(names, given, strict=True)))
            ends = dict(zip((output.name for output in own.outputs), results, strict=True))
            return _by_name(filled(own.result, ends), graph, wanted)

        flat = [name for s in graph.signature.values() for name, _ in named_leaves(s)]
        return TorchModel(computed, program.inputs, program.outputs), {}

    return Target(
        program,
        wide,
        constants_rounded=True,
        places={},
        skeleton=None,
        inputs=inputs,
        outputs=outputs,
        conversions=None,
        label=label,
        runtime="torch eager",
    )


def _dtype(spec: Any) -> Any:
    import torch

    return getattr(torch, spec.dtype.value)


def _by_name(result: Any, graph: Graph, wanted: list[str]) -> dict[str, Any]:
    """The target's results: by name where the names are the source's, else by order.

    Raises:
        CheckError: there are more or fewer of them.
    """
    import torch
    from torch.utils import _pytree as pytree

    try:
        by_name = dict(leaves_of(graph.result, result))
    except (KeyError, AttributeError, TypeError, ValueError):
        by_name = {}
    if len(by_name) == len(wanted) and all(isinstance(v, torch.Tensor) for v in by_name.values()):
        return by_name
    flat = [leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, torch.Tensor)]
    if len(flat) != len(wanted):
        raise CheckError(
            f"the target returns {len(flat)} tensors, the source {len(wanted)}: {', '.join(wanted)}"
        )
    return dict(zip(wanted, flat, strict=True))
