"""What is known of one operator, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parity.known_differences import KINDS, KnownDifference
from parity.suite.case import OperatorCase
from parity.suite.draw import drawn_arguments
from parity.suite.files import DATA, read_suite
from parity.suite.report import margin_by_runtime, spread_by_runtime, verdict_of
from parity.suite.rows import budgets_of, known_of, require_names, rows_of
from parity.suite.snippets import difference_program, program
from parity.suite.tally import Tally


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known of an operator.

    Attributes:
        family: where its row stands.
        case: the row.
        budgets: units of the last place, by type, device and runtime.
        tallies: what the last run found, by type.
        differences: the known ones.
        snippet: a program that shows both calls.
    """

    family: str
    case: OperatorCase
    budgets: Mapping[str, Mapping[str, Mapping[str, float]]]
    tallies: tuple[Tally, ...]
    differences: tuple[KnownDifference, ...]
    snippet: str

    def text(self) -> str:
        """For a person to read."""
        case = self.case
        parts = [f"{case.name} ({self.family})"]
        calls = (("PyTorch", case.torch), ("TensorFlow", case.tensorflow), ("Keras", case.keras))
        parts += [_call(side, call) for side, call in calls if call]
        if case.doc:
            parts.append(case.doc)
        parts.append(f"Judged by: {case.rule}; oracle: {case.oracle}.")
        parts.append(_agreement(self.tallies))
        if self.budgets:
            lines = [
                f"  {dtype} on {device}: "
                + ", ".join(f"{runtime} {budget:g}" for runtime, budget in sorted(own.items()))
                for dtype, devices in sorted(self.budgets.items())
                for device, own in sorted(devices.items())
            ]
            parts.append("Budgets in units of the last place:\n" + "\n".join(lines))
        if self.differences:
            parts.append("Known differences:\n" + "\n".join(map(_difference, self.differences)))
        else:
            parts.append("No difference is known.")
        parts.append("To see it:\n" + textwrap.indent(self.snippet, "  "))
        return "\n\n".join(parts)


def explained(name: str, package: str, known: str, folder: Path) -> Explanation:
    """What is known of an operator.

    Args:
        name: of its row.
        package: of the rows.
        known: the package of known differences; empty for none.
        folder: of a run of the suite; nothing is measured where it isn't there.

    Raises:
        CheckError: there is no such row; the nearest ones are named.
    """
    rows = rows_of(package)
    require_names([name], [case.name for cases in rows.values() for case in cases], "operator")
    family, case = next((f, c) for f, cases in rows.items() for c in cases if c.name == name)
    tallies: tuple[Tally, ...] = ()
    if (folder / DATA).is_file():
        tallies = tuple(tally for tally in read_suite(folder).tallies if tally.row == name)
    differences = tuple(entry for entry in known_of(known) if name in entry.rows)
    budgets = budgets_of(package).get(name, {})
    return Explanation(family, case, budgets, tallies, differences, snippet_of(case))


def snippet_of(case: OperatorCase) -> str:
    """A program that calls both frameworks on arguments of the row."""
    drawn = drawn_arguments(case.inputs(case.dtypes[0]), 10)
    small = [a for a in drawn if 1 < _elements(a) <= _FEW] or drawn
    arguments = max(small, key=_elements) if small is not drawn else min(small, key=_elements)
    calls = {"torch": case.torch, "tensorflow": case.tensorflow}
    return program(calls, arguments, case.dtypes[0])


_FEW = 12


def _elements(arguments: Mapping[str, object]) -> int:
    sizes = [int(getattr(value, "size", 0)) for value in arguments.values()]
    return sum(sizes)


def _call(side: str, call: str) -> str:
    call = textwrap.dedent(call).strip()
    return f"{side}: {call}" if "\n" not in call else f"{side}:\n{textwrap.indent(call, '  ')}"


def _agreement(tallies: tuple[Tally, ...]) -> str:
    if not tallies:
        return "Nothing was measured yet: run 'parity ops' on it."
    lines = []
    for tally in tallies:
        spreads = spread_by_runtime(tally)
        for runtime, margin in margin_by_runtime(tally).items():
            spread = spreads.get(runtime)
            ulps = (
                f", at most {spread.largest:.3g} ulp, 99 % within {spread.p99:.3g}"
                if spread is not None and any(spread.counts)
                else ""
            )
            lines.append(f"  {tally.dtype}, {runtime}: {margin:.3g} of the tolerance{ulps}")
        lines.append(f"  {tally.dtype}: {verdict_of(tally)}")
    return "Agreement measured:\n" + "\n".join(lines)


def _difference(entry: KnownDifference) -> str:
    lines = [f"- {entry.name} ({KINDS[entry.kind]}): {entry.why}"]
    lines.append(f"  where: {entry.where or 'always'}")
    of = "" if entry.result == "output" else f", {entry.result}"
    theirs = ("TensorFlow", entry.tensorflow) if entry.tensorflow else ("Keras", entry.keras)
    parts = [
        _call(f"PyTorch{of} ({entry.gives[0]})", entry.torch),
        _call(f"{theirs[0]}{of} ({entry.gives[1]})", theirs[1]),
    ]
    if entry.in_tensorflow:
        parts.append(_call("in TensorFlow, with PyTorch's result", entry.in_tensorflow))
    if entry.in_pytorch:
        parts.append(_call("in PyTorch, with TensorFlow's result", entry.in_pytorch))
    if entry.evidence != "run":
        parts.append(f"not run: {entry.evidence}")
    elif difference_program(entry):
        parts.append(f"to see it:\n{textwrap.indent(difference_program(entry), '  ')}")
    return "\n".join(lines + [textwrap.indent(part, "  ") for part in parts])


def in_json(found: Explanation) -> dict[str, object]:
    """The same for a machine."""
    case = found.case
    return {
        "name": case.name,
        "family": found.family,
        "torch": case.torch,
        "tensorflow": case.tensorflow,
        "keras": case.keras,
        "rule": str(case.rule),
        "oracle": case.oracle,
        "budgets": found.budgets,
        "verdicts": {tally.dtype: str(verdict_of(tally)) for tally in found.tallies},
        "differences": [entry.name for entry in found.differences],
        "snippet": found.snippet,
    }
