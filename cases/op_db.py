"""PyTorch's own operator database (``op_db``) as cases.

It ships with PyTorch: for each operator a list of samples, which PyTorch's own tests run on. A
sample becomes a module whose inputs are the sample's tensors; everything else is part of it. What
is compared is what PyTorch's own gradient tests compare: of singular vectors, for instance, what
does not depend on their signs.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from parity.results import Comparison

STATUSES = ("right", "wrong", "unsupported", "error", "random", "not exportable")
"""How a sample can end. ``random`` and ``not exportable`` samples count as not judged."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One call of an operator.

    Attributes:
        number: its place among the operator's samples.
        module: calls the operator on its inputs.
        inputs: the sample's tensors.
        differentiable: for each input, whether it has a gradient in PyTorch's own tests.
    """

    number: int
    module: torch.nn.Module
    inputs: tuple[torch.Tensor, ...]
    differentiable: tuple[bool, ...]

    def __str__(self) -> str:
        shapes = ", ".join(f"{str(t.dtype)[6:]}{list(t.shape)}" for t in self.inputs)
        constants = getattr(self.module, "constants", "")
        return f"({shapes}){' ' if constants else ''}{constants}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sample: one of :data:`STATUSES`, and why."""

    sample: str
    status: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of an operator's samples.

    Attributes:
        operator: its name in the database.
        dtype: of the samples.
        counts: how many samples ended in each status.
        failures: the first few that were judged and are not right.
        seconds: wall time.
    """

    operator: str
    dtype: str
    counts: dict[str, int]
    failures: tuple[Outcome, ...] = ()
    seconds: float = 0.0

    @property
    def judged(self) -> int:
        """Samples that ``torch.export`` accepts and whose result is not random."""
        return sum(self.counts.get(s, 0) for s in ("right", "wrong", "unsupported", "error"))

    @property
    def verdict(self) -> str:
        """``right`` if every judged sample is, else the status of most of those that are not."""
        bad = {s: self.counts.get(s, 0) for s in ("error", "wrong", "unsupported")}
        if any(bad.values()):
            return max(bad, key=lambda status: bad[status])
        if self.judged:
            return "right"
        return max(self.counts, key=lambda status: self.counts[status], default="not exportable")


@cache
def operators(dtype: str = "float32") -> dict[str, Any]:
    """The database's entries that support a dtype on the CPU, by name."""
    import torch
    from torch.testing._internal.common_methods_invocations import op_db

    wanted = getattr(torch, dtype)
    names = {}
    for op in op_db:
        if wanted in op.supported_dtypes("cpu"):  # type: ignore[no-untyped-call]
            variant = op.variant_test_name
            names[f"{op.name}.{variant}" if variant else op.name] = op
    return names


def samples(name: str, dtype: str = "float32") -> Iterator[Sample]:
    """The samples of an operator; the same ones in every run."""
    import torch

    op = operators(dtype)[name]
    kind = getattr(torch, dtype)
    torch.manual_seed(zlib.crc32(name.encode()))
    differentiable = bool(op.supports_autograd) and kind in op.supported_backward_dtypes("cpu")
    for number, found in enumerate(op.sample_inputs("cpu", kind, requires_grad=differentiable)):
        yield _sample(number, op, found)


def _sample(number: int, op: Any, found: Any) -> Sample:
    import torch
    from torch.utils import _pytree as pytree

    leaves, structure = pytree.tree_flatten((found.input, tuple(found.args), dict(found.kwargs)))
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]

    class Call(torch.nn.Module):
        constants = ", ".join(repr(leaf) for leaf in leaves if not isinstance(leaf, torch.Tensor))

        def forward(self, *tensors: torch.Tensor) -> Any:
            given = list(leaves)
            for place, tensor in zip(places, tensors, strict=True):
                given[place] = tensor
            first, args, kwargs = pytree.tree_unflatten(given, structure)
            return found.output_process_fn_grad(op(first, *args, **kwargs))

    tensors = tuple(leaves[place].detach().clone() for place in places)
    differentiable = tuple(leaves[place].requires_grad for place in places)
    return Sample(number, Call().eval(), tensors, differentiable)


def tally(name: str, dtype: str = "float32", *, limit: int | None = None, kept: int = 5) -> Tally:
    """Judge the samples of one operator.

    Args:
        name: of the operator in the database.
        dtype: of the samples.
        limit: judge only so many, spread evenly.
        kept: how many failures are kept.
    """
    import time

    began = time.perf_counter()
    with _quiet():
        found = list(samples(name, dtype))
    if limit is not None and len(found) > limit:
        found = [found[place * len(found) // limit] for place in range(limit)]
    counts: Counter[str] = Counter()
    failures: list[Outcome] = []
    for sample in found:
        with _quiet():
            outcome = judge(sample)
        counts[outcome.status] += 1
        if outcome.status in ("wrong", "unsupported", "error") and len(failures) < kept:
            failures.append(outcome)
    return Tally(name, dtype, dict(counts), tuple(failures), time.perf_counter() - began)


def judge(sample: Sample) -> Outcome:
    """Export, convert and compare one sample: outputs, gradients, in float64 and in its dtype."""
    import torch

    from converters import ConversionError, UnsupportedOpError, torch_graph
    from parity.operators import agrees, check_graph
    from parity.sides import bind

    label = f"{sample.number}: {sample}"
    try:
        if _is_random(sample):
            return Outcome(label, "random")
        program = torch.export.export(sample.module, sample.inputs, strict=False)
    except Exception as error:  # noqa: BLE001  # whatever PyTorch refuses is no sample
        return Outcome(label, "not exportable", _line(error))
    try:
        graph = torch_graph(program)
        inputs = bind(graph, sample.inputs, {})
        named = zip(graph.inputs, sample.differentiable, strict=True)
        wanted = {item.name for item, slope in named if slope}
        found = check_graph(graph, inputs, gradients=wanted if _has_slope(sample) else ())
    except UnsupportedOpError as error:
        return Outcome(label, "unsupported", ", ".join(dict.fromkeys(m.op for m in error.missing)))
    except ConversionError as error:
        return Outcome(label, "unsupported", _line(error))
    except Exception as error:  # noqa: BLE001  # one failing sample ends nothing but itself
        return Outcome(label, "error", _line(error))
    wrong = [comparison for comparison in found if not agrees(comparison)]
    if wrong and any(_draws(node.op) for node in graph.nodes):
        return Outcome(label, "random", "it draws random numbers, whose streams never match")
    if wrong:
        return Outcome(label, "wrong", _difference(wrong[0]))
    return Outcome(label, "right")


def _has_slope(sample: Sample) -> bool:
    """Whether PyTorch itself can differentiate the call; of some modes it only finds out then."""
    import torch
    from torch.utils import _pytree as pytree

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
        if not results or not leaves:
            return False
        ones = [torch.ones_like(result) for result in results]
        torch.autograd.grad(results, leaves, ones, allow_unused=True)
    except RuntimeError:
        return False
    return True


def _draws(op: str) -> bool:
    """Whether an operator reads the generator of random numbers."""
    import torch

    library, name, overload = (*op.split("."), "default")[:3]
    if library != "aten":
        return False
    found = getattr(getattr(torch.ops.aten, name), overload)
    return torch.Tag.nondeterministic_seeded in found.tags


def _is_random(sample: Sample) -> bool:
    import torch
    from torch.utils import _pytree as pytree

    results = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        results.append(pytree.tree_leaves(sample.module(*[t.clone() for t in sample.inputs])))
    return not all(_same(one, other) for one, other in zip(*results, strict=True))


def _same(one: Any, other: Any) -> bool:
    import torch

    if not isinstance(one, torch.Tensor):
        return bool(one == other)
    return bool(torch.equal(torch.nan_to_num(one), torch.nan_to_num(other)))


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
