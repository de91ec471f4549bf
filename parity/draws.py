"""Random numbers in a check: both sides are given the numbers that the source drew.

Two frameworks never draw alike, so a draw (a node that only draws, see ``converters.is_draw``) is
something that comes from outside: the source runs once and its numbers are kept; the oracle, the
noise runs and the target get them as inputs. All else is then compared as in any other model. What
the target draws by itself is compared in distribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from converters import (
    Graph,
    Node,
    Skeleton,
    TensorSpec,
    Value,
    dtype_of,
    is_draw,
    matched_nodes,
)
from parity.errors import CheckError
from parity.results import Comparison, NodeEvidence
from parity.smirnov import chance_distance
from parity.targets import Place, Target, matched_places
from parity.verdict import Verdict

if TYPE_CHECKING:
    from parity.runtimes.lite_program import LiteProgram
    from parity.runtimes.tensorflow_program import Program
    from parity.runtimes.torch_model import TorchModel
    from parity.runtimes.torch_program import TorchProgram
    from parity.sides import Arrays, Source

P = TypeVar("P", bound="Program | LiteProgram | TorchProgram | TorchModel")

FALSE_ALARM = 1e-9
"""How seldom two equal distributions may be taken for different ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Random numbers as a module drew them."""

    op: str
    values: np.ndarray


def listen(drawn: list[Drawn]) -> Any:
    """A context in which everything that PyTorch draws is kept, in order.

    Args:
        drawn: what it is added to.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    from parity.sides import as_numpy

    class Listener(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            result = func(*args, **(kwargs or {}))
            if torch.Tag.nondeterministic_seeded in func.tags:
                op = _plain(func._schema.name.split("::")[-1])
                if op in _KEPT_ELSEWHERE:
                    op, place = _KEPT_ELSEWHERE[op]
                    source = args if op == "uniform" else result
                    drawn.append(Drawn(op, as_numpy(source[place]).copy()))
                elif isinstance(result, torch.Tensor):
                    drawn.append(Drawn(op, as_numpy(result).copy()))
            return result

    return Listener()  # type: ignore[no-untyped-call]


_KEPT_ELSEWHERE = {"rrelu_with_noise": ("uniform", 1), "native_dropout": ("bernoulli", 1)}
"""Operators that compute as well: where among arguments or results stands what they drew."""


def _plain(name: str) -> str:
    return name.removesuffix("_").removesuffix("_functional")


def draws_of(graph: Graph, drawn: Sequence[Drawn]) -> Arrays:
    """What a module drew, by the nodes of its graph.

    Raises:
        CheckError: the module drew something else than its graph says.
    """
    remaining = iter(drawn)
    return {
        node.name: _first(remaining, node).astype(_spec(node).dtype.numpy)
        for node in graph.nodes
        if is_draw(node)
    }


def _first(drawn: Iterator[Drawn], node: Node) -> np.ndarray:
    op, spec = _plain(node.op.split(".")[1]), _spec(node)
    for one in drawn:
        fixed = zip(spec.shape, one.values.shape, strict=False)
        if (
            one.op == op
            and one.values.ndim == spec.rank
            and all(not isinstance(have, int) or have == want for have, want in fixed)
        ):
            return one.values
    raise CheckError(
        f"{node.name} ({node.op}) draws random numbers that the model itself didn't draw: what it "
        "draws must depend neither on values nor on how often it was called."
    )


def _spec(node: Node) -> TensorSpec:
    spec = node.outputs[0]
    assert isinstance(spec, TensorSpec)
    return spec


def opened(
    one: Source, other: Target, program: P, places: Mapping[Value, Place], *, wide: bool
) -> tuple[P, dict[Value, Place], Arrays]:
    """A target's program as a function of its random numbers too.

    Args:
        one: the source.
        other: the target.
        program: the target's program, in its own types or in float64.
        places: where the values of its own graph stand in it.
        wide: whether it is in float64.

    Returns:
        The program, where the source's values stand in it, and a value for each of its inputs.

    Raises:
        CheckError: the source draws where it is not known that the target does.
    """
    graph = one.promoted if wide else one.graph
    found = matched_places(other, one.captured, places)
    for own, name in _matched(one, other).items():
        if Value(own) in places:
            found[Value(name)] = places[Value(own)]
    inputs, feeds = dict(program.inputs), {}
    for item in graph.inputs:
        place = Place("", other.inputs.get(item.name))
        if item.name in one.draws:
            if Value(item.name) not in found:
                raise _unknown(item.name)
            place = found[Value(item.name)]
            inputs[item.name] = place.tensor
        feeds[item.name] = place.physical(one.inputs[item.name].astype(item.spec.dtype.numpy))
    return replace(program, inputs=inputs), found, feeds


def draws_for(one: Source, other: Target, graph: Graph) -> dict[str, np.ndarray]:
    """What the source drew, by the names and in the axis orders of a conversion's graph.

    Raises:
        CheckError: the source draws where it is not known that the target does.
    """
    names = _matched(one, other)
    result = {}
    for node in graph.nodes:
        if is_draw(node) and node.name in names:
            spec = _spec(node)
            array = one.inputs[names[node.name]].astype(spec.dtype.numpy)
            result[node.name] = Place("", spec.axes).physical(array)
    missing = set(one.draws) - {names[name] for name in result}
    if missing:
        raise _unknown(min(missing))
    return result


def _matched(one: Source, other: Target) -> dict[str, str]:
    """For each draw of a target the source's: by structure, or else by order."""
    if other.skeleton is None or not one.draws:
        return {}
    source = Skeleton.of(one.captured)
    ours, theirs = ([b for b in s.bones if is_draw(b)] for s in (source, other.skeleton))
    names = matched_nodes(source, other.skeleton)
    found = {b.name: names[b.name] for b in theirs if b.name in names}
    if len(found) < len(ours) and [b.op for b in ours] == [b.op for b in theirs]:
        return {b.name: a.name for a, b in zip(ours, theirs, strict=True)}
    return found


def _unknown(name: str) -> CheckError:
    return CheckError(
        f"the source draws random numbers at {name}, and it is not known where the target does. "
        "Check the conversion itself or its SavedModel, or check a model of unknown origin without "
        "dropout."
    )


def draw_evidence(
    one: Source,
    program: Program | LiteProgram | TorchProgram | TorchModel,
    places: Mapping[Value, Place],
    feeds: Arrays,
) -> tuple[NodeEvidence, ...]:
    """Each draw of the source against the target's own, in distribution.

    Args:
        one: the source.
        program: the target's, with draws of its own.
        places: where the source's values stand in it.
        feeds: its inputs, and whatever else.
    """
    nodes = [node for node in one.captured.nodes if node.name in one.draws]
    ends = [places[Value(node.name)] for node in nodes]
    given = {name: array for name, array in feeds.items() if name in program.inputs}
    found = program.run(given, [place.tensor for place in ends]) if nodes else []
    evidence = []
    for node, place, array in zip(nodes, ends, found, strict=True):
        judged = same_distribution(node.name, one.inputs[node.name], place.logical(array))
        evidence.append(
            NodeEvidence(
                node.name,
                node.op,
                node.module,
                node.source,
                place.tensor,
                covered=True,
                local=judged,
            )
        )
    return tuple(evidence)


def same_distribution(name: str, source: np.ndarray, target: np.ndarray) -> Comparison:
    """Whether two samples may be of one distribution, by Kolmogorov and Smirnov's test."""
    wrong = ""
    if source.shape != target.shape or dtype_of(source) is not dtype_of(target):
        wrong = (
            f"the target draws {target.dtype}{list(target.shape)}, "
            f"the source {source.dtype}{list(source.shape)}"
        )
    a, b = np.sort(source, axis=None).astype(float), np.sort(target, axis=None).astype(float)
    ends = np.concatenate([a, b])
    shares = [np.searchsorted(side, ends, "right") / max(side.size, 1) for side in (a, b)]
    distance = float(np.abs(shares[0] - shares[1]).max(initial=0.0))
    allowed = chance_distance(source.size, target.size, FALSE_ALARM)
    verdict = Verdict.mismatch if wrong or distance > allowed else Verdict.known_difference
    detail = f"random numbers: the two distributions are {distance:.3g} apart"
    detail += f", up to {allowed:.3g} is chance" if not wrong else ""
    return Comparison(
        name,
        tuple(source.shape),
        str(source.dtype),
        int(source.size),
        verdict,
        "distribution",
        wrong or detail,
        margin=float(np.inf) if wrong else distance / allowed,
        tolerance_from=f"theory: a chance of {FALSE_ALARM:g} (Smirnov's test of two samples)",
    )
