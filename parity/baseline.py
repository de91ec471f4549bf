"""What of a report is committed, to gate later reports against.

A baseline is a report reduced to what the gate reads: small, sorted, floats rounded to three
digits, so that a change of it in version control is a change of what is known.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parity.report.errors import ReportError
from parity.report.json import adapter, decode, read_bytes, readable
from parity.results import Comparison, NodeEvidence, Report, Result
from parity.verdict import Verdict

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Known:
    """One comparison, as far as a baseline keeps it. The fields are those of ``Comparison``."""

    verdict: Verdict
    elements: int
    margin: float
    target_error: float
    noise: float
    tolerance: float
    tolerance_from: str
    nan_mismatches: int


@dataclass(frozen=True, slots=True)
class KnownResult:
    """One result, as far as a baseline keeps it.

    Attributes:
        verdict: the result's.
        certificate: outcome of the float64 certificate.
        certified: the outputs in float64, by name; ``outputs`` and ``gradients`` likewise in the
            model's dtype.
        nodes: names of the nodes that were compared.
        drifting: those of them whose accumulated error is a mismatch, though their own is not.
        uncovered: names of the nodes that were not compared; ``uncertified``: what the certificate
            left out.
        floor: largest spread of a side against itself (A/A), over max |output|.
    """

    verdict: Verdict
    certificate: str
    certified: dict[str, Known]
    outputs: dict[str, Known]
    gradients: dict[str, Known]
    nodes: tuple[str, ...]
    drifting: tuple[str, ...]
    uncovered: tuple[str, ...]
    uncertified: tuple[str, ...]
    floor: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """Results by what identifies them (see :func:`identity`)."""

    results: dict[str, KnownResult]
    schema_version: int = SCHEMA_VERSION


def identity(result: Result) -> str:
    """What a result has in common with its counterpart in another report.

    That is its case, device, dtype and the two runtimes.
    """
    return " | ".join(
        (result.case, result.device, result.dtype, result.source_runtime, result.target_runtime)
    )


def baseline_of(report: Report) -> Baseline:
    """A report reduced to what the gate needs.

    Args:
        report: what was found.

    Raises:
        ReportError: two results, or two tensors of a result, have the same name.
    """
    repeated = repeats(report)
    if repeated:
        raise ReportError(
            f"The report can't become a baseline: {repeated[0]} occurs more than once. "
            "Give each case a name of its own."
        )
    results = {identity(result): _known_result(result) for result in report.results}
    return Baseline(dict(sorted(results.items())))


def repeats(report: Report) -> list[str]:
    """Names that should identify one thing and stand for several."""
    found = _repeated(identity(result) for result in report.results)
    for result in report.results:
        groups = (result.certificate.outputs, result.outputs, result.gradients, result.nodes)
        for group in groups:
            found += [f"{name} of {result.case}" for name in _repeated(part.name for part in group)]
    return found


def is_covered(node: NodeEvidence) -> bool:
    """Whether anything of a node was compared, and said something."""
    parts = (node.total, node.local, node.certificate)
    return node.covered and any(
        part is not None and part.elements > 0 and part.verdict is not Verdict.inconclusive
        for part in parts
    )


def is_drifting(node: NodeEvidence) -> bool:
    """Whether a node's accumulated error is more than rounding."""
    return node.total is not None and node.total.verdict in (Verdict.mismatch, Verdict.error)


def write_baseline(report: Report, path: str | Path) -> Baseline:
    """Write the baseline of a report that passes by itself.

    Args:
        report: what was found.
        path: for example ``reports/baselines/bert.json``; replaced if it is there.

    Returns:
        What was written.

    Raises:
        ReportError: the report doesn't pass even without a baseline, so nothing could be gated on
        it. converters.OutputError: the file can't be written.
    """
    from converters import replaced_file
    from parity.gate import gate

    outcome = gate(report, None, new=True)
    if not outcome.passed:
        first, *others = outcome.findings
        more = f" ({len(others)} more)" if others else ""
        raise ReportError(
            f"{path} was not written: the report doesn't pass by itself. "
            f"{first.where}: {first.detail}{more}. Mend it first."
        )
    baseline = baseline_of(readable(report))
    with replaced_file(Path(path), force=True) as work:
        work.write_text(baseline_text(baseline), encoding="utf-8")
    return baseline


def baseline_text(baseline: Baseline) -> str:
    """A baseline as JSON: keys sorted, one comparison or name a line."""
    document = adapter(Baseline).dump_python((baseline,), mode="json")[0]
    return _lines(_storable(document), "") + "\n"


def read_baseline(path: str | Path) -> Baseline:
    """Read a baseline.

    Raises:
        ReportError: missing, damaged, of a newer version, or not a baseline.
    """
    path = Path(path)
    return decode(read_bytes(path), Baseline, str(path), version=SCHEMA_VERSION)


def _known_result(result: Result) -> KnownResult:
    covered = [node for node in result.nodes if is_covered(node)]
    return KnownResult(
        verdict=result.verdict,
        certificate=result.certificate.outcome,
        certified=_known(result.certificate.outputs),
        outputs=_known(result.outputs),
        gradients=_known(result.gradients),
        nodes=tuple(sorted(node.name for node in covered)),
        drifting=tuple(sorted(node.name for node in covered if is_drifting(node))),
        uncovered=tuple(sorted(node.name for node in result.nodes if not is_covered(node))),
        uncertified=tuple(sorted(result.certificate.uncovered)),
        floor=_rounded(max((f for f in result.floor.values() if math.isfinite(f)), default=0.0)),
    )


def _known(comparisons: Sequence[Comparison]) -> dict[str, Known]:
    return {
        c.name: Known(
            verdict=c.verdict,
            elements=c.elements,
            margin=_rounded(c.margin),
            target_error=_rounded(c.target_error),
            noise=_rounded(c.noise),
            tolerance=_rounded(c.tolerance),
            tolerance_from=c.tolerance_from,
            nan_mismatches=c.nan_mismatches,
        )
        for c in sorted(comparisons, key=lambda c: c.name)
    }


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _storable(node: object) -> object:
    """The same, with floats that JSON has no numbers for as strings."""
    if isinstance(node, dict):
        return {key: _storable(item) for key, item in node.items()}
    if isinstance(node, list | tuple):
        return [_storable(item) for item in node]
    if isinstance(node, float) and not math.isfinite(node):
        return "NaN" if math.isnan(node) else "Infinity" if node > 0 else "-Infinity"
    return node


def _lines(node: object, indent: str) -> str:
    """JSON with sorted keys, where what holds only numbers and texts stays on one line."""
    inner = indent + " "
    if isinstance(node, dict) and any(isinstance(item, dict | list) for item in node.values()):
        items = [f"{inner}{json.dumps(key)}: {_lines(node[key], inner)}" for key in sorted(node)]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(node, list) and node:
        return "[\n" + ",\n".join(f"{inner}{json.dumps(item)}" for item in node) + f"\n{indent}]"
    return json.dumps(node, sort_keys=True, allow_nan=False)
