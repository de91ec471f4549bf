"""Try every planted fault and every faithful variant.

``python -m cases.quality.run`` prints what escaped and what raised a false alarm; with ``--record``
it keeps the figures in ``reports/baselines/suite_quality.json`` and writes
``docs/suite_quality.md``. Names after it choose rows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from cases.quality.faithful_variants import VARIANTS, Variant
from cases.quality.planted_faults import FAULTS, Fault
from parity.suite import OperatorCase

RECORD = Path(__file__).resolve().parents[2] / "reports" / "baselines" / "suite_quality.json"
EXAMPLES = 8
MORE = 40
"""Examples for a fault that fewer didn't catch, as in a release run."""
_WIDE = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a fault or a variant.

    Attributes:
        row: the row.
        what: what was done to it.
        faulty: whether it is a fault; otherwise it is a faithful variant.
        alarm: whether the suite raised an alarm.
        detail: the result, type and runtime that it was raised for.
    """

    row: str
    what: str
    faulty: bool
    alarm: bool
    detail: str

    @property
    def right(self) -> bool:
        """Whether a fault was caught, or a variant let pass."""
        return self.alarm is self.faulty


def dtypes_of(case: OperatorCase) -> tuple[str, ...]:
    """The types in which trials are made: both wide ones, or the first that the row has."""
    wide = tuple(dtype for dtype in _WIDE if dtype in case.dtypes)
    return wide or case.dtypes[:1]


def failures(
    case: OperatorCase, dtype: str, runtime: str, examples: int = EXAMPLES
) -> dict[str, str]:
    """What the suite objects to in one runtime: results by name, with the reason.

    Args:
        case: the row.
        dtype: one of its types.
        runtime: beside PyTorch's own.
        examples: sets of arguments.
    """
    from cases.known_differences import KNOWN_DIFFERENCES
    from parity.suite.survey import survey
    from parity.verdict import Verdict

    lines = survey(case, dtype, ("torch", runtime), examples=examples, known=KNOWN_DIFFERENCES)
    return {
        line.worst.name: line.worst.detail
        for line in lines
        if line.runtime == runtime
        and not line.worst.verdict.passes
        and line.worst.verdict is not Verdict.inconclusive
    }


@cache
def rows() -> dict[str, OperatorCase]:
    """Every row of the suite by its name."""
    from cases.operators import operator_cases

    return {case.name: case for case in operator_cases()}


@cache
def _healthy(row: str, dtype: str, examples: int) -> frozenset[str]:
    return frozenset(failures(rows()[row], dtype, "tensorflow", examples))


def try_fault(fault: Fault) -> Trial:
    """Whether a fault is caught: something fails that doesn't without it.

    Args:
        fault: what is planted.
    """
    case = rows()[fault.row]
    faulty = replace(case, tensorflow=fault.planted(case.tensorflow))
    for examples, dtype in itertools.product((EXAMPLES, MORE), dtypes_of(case)):
        found = failures(faulty, dtype, "tensorflow", examples)
        new = sorted(set(found) - _healthy(fault.row, dtype, examples))
        if new:
            detail = f"{new[0]}, {dtype}: {found[new[0]]}"
            return Trial(fault.row, fault.what, faulty=True, alarm=True, detail=detail)
    return Trial(fault.row, fault.what, faulty=True, alarm=False, detail="")


def try_variant(variant: Variant) -> Trial:
    """Whether a variant raises a false alarm: anything fails.

    Args:
        variant: a faithful one.
    """
    case = rows()[variant.row]
    varied = replace(case, tensorflow=variant.varied(case.tensorflow))
    for dtype in dtypes_of(case):
        for name, reason in failures(varied, dtype, variant.runtime).items():
            detail = f"{name}, {dtype}, {variant.runtime}: {reason}"
            return Trial(variant.row, variant.what, faulty=False, alarm=True, detail=detail)
    return Trial(variant.row, variant.what, faulty=False, alarm=False, detail="")


def trials(chosen: Sequence[str] = (), *, faults: bool = True) -> Iterator[Trial]:
    """Every trial; those with settings of their own run in a process of their own.

    Args:
        chosen: names of rows; all if empty.
        faults: whether faults are tried too, or variants alone.
    """
    if faults:
        yield from (try_fault(f) for f in FAULTS if not chosen or f.row in chosen)
    variants = [v for v in VARIANTS if not chosen or v.row in chosen]
    here = tuple(sorted(json.loads(os.environ.get(_SETTINGS, "{}")).items()))
    yield from (try_variant(v) for v in variants if v.environment == here)
    if here:
        return
    for settings in sorted({v.environment for v in variants if v.environment}):
        yield from _in_process(settings, chosen)


def _in_process(settings: Iterable[tuple[str, str]], chosen: Sequence[str]) -> Iterator[Trial]:
    environment = {**os.environ, **dict(settings), _SETTINGS: json.dumps(dict(settings))}
    done = subprocess.run(  # noqa: S603  # this module
        [sys.executable, "-m", "cases.quality.run", "--json", "--variants", *chosen],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"trials with {dict(settings)} failed: {done.stderr[-2000:]}")
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            yield Trial(**json.loads(line))


_SETTINGS = "PARITY_QUALITY_SETTINGS"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials.

    Args:
        arguments: of the command line.

    Returns:
        0 if every fault was caught and no variant raised an alarm.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="rows to try; all if none is named")
    parser.add_argument("--record", action="store_true", help="keep the figures")
    parser.add_argument("--json", action="store_true", help="print each trial as JSON")
    parser.add_argument("--variants", action="store_true", help="faithful variants alone")
    chosen = parser.parse_args(arguments)
    found = []
    for trial in trials(chosen.rows, faults=not chosen.variants):
        found.append(trial)
        if chosen.json:
            print(json.dumps(asdict(trial)), flush=True)  # noqa: T201  # a script's answer
        elif not trial.right:
            wrong = "escaped" if trial.faulty else "false alarm"
            print(f"{wrong}: {trial.row}: {trial.what} {trial.detail}", flush=True)  # noqa: T201
    if chosen.record:
        from cases.quality.table import write

        kept = [asdict(trial) for trial in found]
        RECORD.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        write()
    return 0 if all(trial.right for trial in found) or chosen.json else 1


if __name__ == "__main__":
    sys.exit(main())
