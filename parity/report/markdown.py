"""A report as Markdown: what a person reads in a pull request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from parity.report.arithmetic import certified_in
from parity.report.numbers import figure, gravest, gravity, shape_of
from parity.results import Comparison, Environment, Report, Result

LIMIT = 60_000
"""GitHub refuses comments above 65,536 characters."""

_ROWS = 12
_NAMED = 120


def markdown(report: Report, *, limit: int = LIMIT) -> str:
    """The summary.

    Results that fail come first; those for which there is no room are counted.

    Args:
        report: what was found.
        limit: how many characters the text may have at most, roughly.
    """
    lines = [
        f"# Parity: {report.verdict}",
        "",
        f"{_headline(report)} Written {_text(report.created)}.",
    ]
    if len(report.results) > 1:
        lines += ["", *_overview(report.results)]
    text = "\n".join(lines)
    end = "\n".join(["", "## Environment", "", *_environment(report.environment), ""])
    left_out = 0
    for result in sorted(report.results, key=lambda r: r.verdict.passes):
        section = "\n".join(["", "", *_result(result, alone=len(report.results) == 1)])
        if len(text) + len(section) + len(end) > limit:
            left_out += 1
        else:
            text += section
    if left_out:
        text += (
            f"\n\n{left_out} more result(s) are in report.html; there was no room for them here."
        )
    return f"{text}\n{end}"


def _headline(report: Report) -> str:
    if not report.results:
        return "The report has no results, so nothing was compared."
    counts = Counter(result.verdict for result in report.results)
    found = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    one = len(report.results) == 1
    return _text(report.results[0].summary) if one else f"{len(report.results)} results: {found}."


def _overview(results: Sequence[Result]) -> list[str]:
    head = ("case", "verdict", "certificate", "largest margin", "device", "dtype")
    rows = [
        (
            _code(result.case),
            _strong(result),
            _text(result.certificate.outcome),
            figure(gravest([c.margin for c in (*result.outputs, *result.gradients)])),
            _text(result.device),
            _text(result.dtype),
        )
        for result in results
    ]
    return _table(head, rows)


def _result(result: Result, *, alone: bool) -> Iterator[str]:
    yield f"## {_code(result.case)}: {result.verdict}"
    yield ""
    if not alone:
        yield _text(result.summary)
        yield ""
    sides = f"{_text(result.source)} ({_text(result.source_runtime)})"
    yield (
        f"Source {sides}, target {_text(result.target)} ({_text(result.target_runtime)}), "
        f"{_text(result.device)}, {_text(result.dtype)}, seed {result.seed}, "
        f"{figure(result.seconds)} s."
    )
    certificate = result.certificate
    yield ""
    numbers, worst = certified_in(result), figure(certificate.max_rel)
    largest = f" The largest relative difference in {numbers} is {worst}." if numbers else ""
    yield f"**Certificate:** {_text(certificate.outcome)}: {_text(certificate.detail)}.{largest}"
    if certificate.uncovered:
        yield f"It does not cover {_names(certificate.uncovered)}."
    if result.culprit is not None:
        culprit = result.culprit
        yield ""
        yield (
            f"**Culprit:** {_code(culprit.node)}, {_code(culprit.op)}"
            f"{f' of {_code(culprit.module)}' if culprit.module else ''}"
            f"{f' at {_code(culprit.source)}' if culprit.source else ''}: {_text(culprit.detail)}"
        )
    yield ""
    yield from _outputs(result.outputs)
    yield ""
    yield from _gradients(result.gradients)
    yield from _uncovered(result)
    if result.repro:
        yield ""
        yield f"**Repro:** {_code(result.repro)}"


def _outputs(outputs: Sequence[Comparison]) -> Iterable[str]:
    return _comparisons("output", outputs) if outputs else ["**Outputs:** none were compared."]


def _comparisons(what: str, comparisons: Sequence[Comparison]) -> list[str]:
    head = (what, "shape", "verdict", "margin", "target error", "source error", "noise", "max abs",
            "ulp max", "ulp p99", "NaN mismatches")  # fmt: skip
    rows = [
        (
            _code(c.name),
            shape_of(c.shape),
            _strong(c),
            *(figure(n) for n in (c.margin, c.target_error, c.source_error, c.noise)),
            *(figure(n) for n in (c.max_abs, c.ulp_max, c.ulp_p99)),
            str(c.nan_mismatches),
        )
        for c in comparisons
    ]
    notes = [f"- {_code(c.name)}: {_text(c.detail)}" for c in comparisons if c.detail]
    return [*_table(head, rows), *(["", *notes] if notes else [])]


def _gradients(gradients: Sequence[Comparison]) -> Iterator[str]:
    if not gradients:
        yield "**Gradients:** none were compared."
        return
    counts = Counter(gradient.verdict for gradient in gradients)
    found = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    worst = max(gradients, key=lambda gradient: gravity(gradient.margin))
    margin = figure(worst.margin)
    yield f"**Gradients:** {found}; the largest margin is {margin}, at {_code(worst.name)}."
    failing = [gradient for gradient in gradients if not gradient.verdict.passes]
    if failing:
        yield ""
        yield from _comparisons("gradient", failing[:_ROWS])
        if len(failing) > _ROWS:
            yield ""
            yield f"and {len(failing) - _ROWS} more."


def _uncovered(result: Result) -> Iterator[str]:
    bare = [node for node in result.nodes if not node.covered]
    if not bare:
        return
    yield ""
    yield f"**Not compared:** {len(bare)} of {len(result.nodes)} nodes."
    yield ""
    reasons: dict[str, list[str]] = {}
    for node in bare:
        reasons.setdefault(node.reason or "no reason given", []).append(node.name)
    for reason, names in reasons.items():
        rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"- {_text(reason)}: {_names(names[:_NAMED])}{rest}"


def _environment(environment: Environment) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions.items())
    yield f"- Python {_text(environment.python)}; {_text(versions)}"
    yield f"- {_text(environment.platform)}; {_text(environment.cpu)}"
    yield f"- GPU: {_text(environment.gpu)}"
    threads = ", ".join(f"{name} {count}" for name, count in environment.threads.items())
    settings = ", ".join(f"{name} {value}" for name, value in environment.settings.items())
    yield f"- Threads: {_text(threads) or 'unknown'}"
    yield f"- Settings: {_text(settings) or 'none recorded'}"


def _strong(judged: Result | Comparison) -> str:
    verdict = judged.verdict
    return str(verdict) if verdict.passes else f"**{verdict}**"


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(_code, names))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    marks = ["---", *["---:" for _ in head[1:]]]
    return [f"| {' | '.join(cells)} |" for cells in (head, marks, *rows)]


def _text(text: str) -> str:
    """Text from a model, so that it stays text: no markup, no link, no mention of a person."""
    escaped = re.sub(r"([\\`*_{}\[\]<>()#+!|~&$:@-])", r"\\\1", _one_line(text))
    return re.sub(r"\\([(),:+-])", r"\1", escaped).replace("\\@", "@\u200b")


def _code(text: str) -> str:
    """A name from a model as code, safe in a table."""
    line = _one_line(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    padding = " " if line.startswith("`") or line.endswith("`") or not line.strip() else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
