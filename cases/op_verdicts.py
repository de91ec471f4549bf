"""What becomes of the operator database's samples: exported, converted, compared."""

from __future__ import annotations

import contextlib
import io
import logging
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cases.op_db import Sample, samples

if TYPE_CHECKING:
    from parity.results import Comparison

RIGHT, WRONG, UNSUPPORTED, ERROR, REFUSED = STATUSES = (
    "right",
    "wrong",
    "unsupported",
    "error",
    "not exportable",
)
"""How a sample can end. One that PyTorch itself can't export is no sample; the others count."""

FORWARD, GRADIENT = DIRECTIONS = ("forward", "gradient")

_GRAVITY = (RIGHT, WRONG, ERROR, UNSUPPORTED, REFUSED)

_CERTIFIED = {"float32": "float64", "complex64": "complex128"}
"""Samples of these types are also compared in the wider one, which then needs none of its own."""

Parts = dict[str, str]
"""The status of each ``dtype direction`` of a sample."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sample.

    Attributes:
        sample: its number, tensors and arguments.
        status: one of :data:`STATUSES`.
        detail: why it is not right.
        parts: the same for each dtype and direction that was compared.
    """

    sample: str
    status: str
    detail: str = ""
    parts: Parts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of an operator's samples.

    Attributes:
        operator: its name in the database.
        dtype: of the samples.
        counts: how many samples ended in each status.
        parts: by ``dtype direction``, how many ended in each status there.
        failures: the first few that were judged and are not right; if PyTorch exports none, the
            first of them with its reason.
        seconds: wall time.
    """

    operator: str
    dtype: str
    counts: dict[str, int]
    parts: dict[str, dict[str, int]] = field(default_factory=dict)
    failures: tuple[Outcome, ...] = ()
    seconds: float = 0.0

    @property
    def judged(self) -> int:
        """Samples that ``torch.export`` accepts."""
        return sum(self.counts.get(s, 0) for s in (RIGHT, WRONG, UNSUPPORTED, ERROR))

    @property
    def verdict(self) -> str:
        """``right`` if every judged sample is, else the status of most of those that are not."""
        bad = {s: self.counts.get(s, 0) for s in (ERROR, WRONG, UNSUPPORTED)}
        if any(bad.values()):
            return max(bad, key=lambda status: bad[status])
        return RIGHT if self.judged else REFUSED


def tally(name: str, dtype: str = "float32", *, limit: int | None = None, kept: int = 5) -> Tally:
    """Judge the samples of one operator.

    Args:
        name: of the operator in the database.
        dtype: of the samples.
        limit: judge only so many, spread evenly.
        kept: how many failures are kept.
    """
    began = time.perf_counter()
    with _quiet():
        found = list(samples(name, dtype))
    if limit is not None and len(found) > limit:
        found = [found[place * len(found) // limit] for place in range(limit)]
    counts: Counter[str] = Counter()
    parts: dict[str, Counter[str]] = {}
    failures: list[Outcome] = []
    refused: Outcome | None = None
    for sample in found:
        with _quiet():
            outcome = judge(sample, dtype)
        counts[outcome.status] += 1
        for part, status in outcome.parts.items():
            parts.setdefault(part, Counter())[status] += 1
        if outcome.status not in (RIGHT, REFUSED) and len(failures) < kept:
            failures.append(outcome)
        refused = refused or (outcome if outcome.status == REFUSED else None)
    if refused and counts.keys() == {REFUSED}:
        failures.append(refused)
    plain = {part: dict(found) for part, found in parts.items()}
    seconds = time.perf_counter() - began
    return Tally(name, dtype, dict(counts), plain, tuple(failures), seconds)


def judge(sample: Sample, dtype: str) -> Outcome:
    """Export, convert and compare one sample: outputs, gradients, in float64 and in its dtype.

    Args:
        sample: of the database.
        dtype: that it was drawn in.
    """
    import torch

    from converters import ConversionError, UnsupportedOpError, is_draw, torch_graph
    from parity.operators import agrees, check_graph
    from parity.orders import in_one_order
    from parity.randomness import check_random
    from parity.sides import bind

    label = f"{sample.number}: {sample}"
    slopes = _has_slope(sample)
    try:
        program = torch.export.export(sample.module, sample.inputs, strict=False)
    except Exception as error:  # noqa: BLE001  # whatever PyTorch refuses is no sample
        return Outcome(label, REFUSED, _line(error))
    every = [
        f"{kind} {direction}" for kind in _dtypes(dtype) for direction in DIRECTIONS[: 1 + slopes]
    ]
    try:
        graph = in_one_order(torch_graph(program))
        inputs = bind(graph, sample.inputs, {})
        named = zip(graph.inputs, sample.differentiable, strict=True)
        wanted = [item.name for item, slope in named if slope] if slopes else []
        judged = check_random if any(map(is_draw, graph.nodes)) else check_graph
        found = judged(graph, inputs, gradients=wanted)
    except UnsupportedOpError as error:
        detail = ", ".join(dict.fromkeys(m.op for m in error.missing))
        return Outcome(label, UNSUPPORTED, detail, dict.fromkeys(every, UNSUPPORTED))
    except ConversionError as error:
        return Outcome(label, UNSUPPORTED, _line(error), dict.fromkeys(every, UNSUPPORTED))
    except Exception as error:  # noqa: BLE001  # one failing sample ends nothing but itself
        return Outcome(label, ERROR, _line(error), dict.fromkeys(every, ERROR))
    wrong = [comparison for comparison in found if not agrees(comparison)]
    parts = dict.fromkeys(every, RIGHT) | dict.fromkeys((_part(c, dtype) for c in wrong), WRONG)
    if wrong:
        return Outcome(label, WRONG, _difference(wrong[0]), parts)
    return Outcome(label, RIGHT, "", parts)


def _dtypes(dtype: str) -> tuple[str, ...]:
    return (dtype, _CERTIFIED[dtype]) if dtype in _CERTIFIED else (dtype,)


def _part(comparison: Comparison, dtype: str) -> str:
    wide = comparison.name.endswith("(float64)")
    kind = _CERTIFIED.get(dtype, dtype) if wide else dtype
    return f"{kind} {GRADIENT if comparison.name.startswith('gradient of ') else FORWARD}"


def gravest(statuses: Iterable[str]) -> str:
    """The status that decides about several."""
    return max(statuses, key=_GRAVITY.index)


def _has_slope(sample: Sample) -> bool:
    """Whether PyTorch itself can differentiate the call; of some modes it only finds out then."""
    import torch
    from torch.utils import _pytree as pytree

    if not any(sample.differentiable):
        return False
    tensors = [
        t.clone().requires_grad_() if slope else t.clone()
        for t, slope in zip(sample.inputs, sample.differentiable, strict=True)
    ]
    leaves = [t for t in tensors if t.requires_grad]
    try:
        results = [
            result
            for result in pytree.tree_leaves(sample.module(*tensors))
            if isinstance(result, torch.Tensor) and result.requires_grad
        ]
        if not results:
            return False
        ones = [torch.ones_like(result) for result in results]
        torch.autograd.grad(results, leaves, ones, allow_unused=True)
    except RuntimeError:
        return False
    return True


def _difference(comparison: Comparison) -> str:
    return (
        f"{comparison.name}: {comparison.detail} (rule {comparison.rule}, margin "
        f"{comparison.margin:.3g}, max abs {comparison.max_abs:.3g})"
    )


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:300]}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Both frameworks warn about much of what the database's samples do."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
