"""Try every planted fault and every faithful variant.

``python -m cases.quality.run`` prints what escaped and what raised a false alarm; with ``--record``
it keeps each outcome in ``reports/baselines/suite_quality.json`` as it comes, and writes
``docs/suite_quality.md`` at the end. A run with ``--missing`` goes on where another one stopped: it
leaves out what was as it should be, on the row as it is. Names choose rows.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
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
        detail: the result, type and runtime that it was raised for; of a fault that escaped, what
            the row fails for without it.
        of: a digest of the row and of the patch that were tried.
    """

    row: str
    what: str
    faulty: bool
    alarm: bool
    detail: str
    of: str = ""

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
    """What the suite objects to: results by name, with the reason.

    Where TensorFlow is the oracle, its faults are found in PyTorch's results.

    Args:
        case: the row.
        dtype: one of its types.
        runtime: beside PyTorch's own.
        examples: sets of arguments.
    """
    from cases.known_differences import KNOWN_DIFFERENCES
    from parity.suite.survey import Effort, Survey
    from parity.verdict import Verdict

    one = Survey(case, dtype, known=KNOWN_DIFFERENCES)
    one.run(Effort(examples=examples, shrink=0.0), ("torch", runtime))
    return {
        line.worst.name: line.worst.detail
        for line in one.lines.values()
        if line.runtime in {runtime, "torch" if case.oracle == "tensorflow" else runtime}
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


def digest_of(trial: Fault | Variant) -> str:
    """What an outcome depends on: the row, its strategy and the patch.

    Args:
        trial: a fault or a variant.
    """
    case = rows()[trial.row]
    said = {
        field.name: value
        for field in fields(case.rule)
        if (value := getattr(case.rule, field.name)) != field.default
    }
    rule = type(case.rule).__name__, said
    parts = (
        case.torch, case.tensorflow, case.oracle, rule, case.dtypes, case.gradients,
        re.sub(r" at 0x[0-9a-f]+", "", repr(case.inputs)), repr(trial),
    )  # fmt: skip
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def try_fault(fault: Fault) -> Trial:
    """Whether a fault is caught: something fails that doesn't without it.

    Args:
        fault: what is planted.
    """
    case = rows()[fault.row]
    faulty = replace(case, tensorflow=fault.planted(case.tensorflow))
    trial = Trial(fault.row, fault.what, faulty=True, alarm=False, detail="", of=digest_of(fault))
    for examples, dtype in itertools.product((EXAMPLES, MORE), dtypes_of(case)):
        found = failures(faulty, dtype, "tensorflow", examples)
        healthy = _healthy(fault.row, dtype, examples)
        new = sorted(set(found) - healthy)
        if new:
            detail = f"{new[0]}, {dtype}: {found[new[0]]}"
            return replace(trial, alarm=True, detail=detail)
        if healthy:
            trial = replace(trial, detail=f"the row itself fails: {', '.join(sorted(healthy))}")
    return trial


def try_variant(variant: Variant) -> Trial:
    """Whether a variant raises a false alarm: anything fails.

    Args:
        variant: a faithful one.
    """
    case = rows()[variant.row]
    varied = replace(case, tensorflow=variant.varied(case.tensorflow))
    trial = Trial(
        variant.row, variant.what, faulty=False, alarm=False, detail="", of=digest_of(variant)
    )
    for dtype in dtypes_of(case):
        for name, reason in failures(varied, dtype, variant.runtime).items():
            detail = f"{name}, {dtype}, {variant.runtime}: {reason}"
            return replace(trial, alarm=True, detail=detail)
    return trial


def recorded(path: Path = RECORD) -> dict[tuple[str, str, bool], Trial]:
    """The kept outcomes of the faults and variants that there are.

    Args:
        path: of the record.
    """
    kept = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    found = {(trial.row, trial.what, trial.faulty): trial for trial in (Trial(**k) for k in kept)}
    there = [(f.row, f.what, True) for f in FAULTS] + [(v.row, v.what, False) for v in VARIANTS]
    return {key: found[key] for key in there if key in found}


def missing(chosen: Sequence[Fault | Variant], path: Path = RECORD) -> list[Fault | Variant]:
    """Those without a kept outcome that is as it should be, on the row as it is.

    Args:
        chosen: faults and variants.
        path: of the record.
    """
    kept = recorded(path)
    right = {key: trial.of for key, trial in kept.items() if trial.right}
    return [t for t in chosen if right.get((t.row, t.what, isinstance(t, Fault))) != digest_of(t)]


def trials(
    chosen: Sequence[str] = (), *, faults: bool = True, variants: bool = True, again: bool = True
) -> Iterator[Trial]:
    """Every trial; those with settings of their own run in a process of their own.

    Args:
        chosen: names of rows; all if empty.
        faults: whether faults are tried.
        variants: whether variants are.
        again: whether those are tried too of which a good outcome is kept.
    """
    everything: list[Fault | Variant] = list(FAULTS if faults else ())
    everything += VARIANTS if variants else ()
    wanted = [t for t in everything if not chosen or t.row in chosen]
    wanted = wanted if again else missing(wanted)
    here = tuple(sorted(json.loads(os.environ.get(_SETTINGS, "{}")).items()))
    for one in wanted:
        if isinstance(one, Fault):
            yield try_fault(one)
        elif one.environment == here:
            yield try_variant(one)
    if here:
        return
    elsewhere = [t for t in wanted if isinstance(t, Variant) and t.environment]
    for settings in sorted({t.environment for t in elsewhere}):
        yield from _in_process(settings, [t.row for t in elsewhere if t.environment == settings])


def _in_process(settings: Iterable[tuple[str, str]], chosen: Sequence[str]) -> Iterator[Trial]:
    environment = {**os.environ, **dict(settings), _SETTINGS: json.dumps(dict(settings))}
    command = [sys.executable, "-m", "cases.quality.run", "--json", "--variants", *chosen]
    with subprocess.Popen(  # noqa: S603  # this module
        command, env=environment, stdout=subprocess.PIPE, text=True
    ) as running:
        for line in running.stdout or ():
            if line.startswith("{"):
                yield Trial(**json.loads(line))
    if running.returncode:
        raise RuntimeError(f"trials with {dict(settings)} ended with {running.returncode}")


def keep(trial: Trial, path: Path = RECORD) -> None:
    """Add an outcome to the record, in place of an earlier one.

    Args:
        trial: the outcome.
        path: of the record.
    """
    from converters import replaced_file

    kept = recorded(path)
    kept[trial.row, trial.what, trial.faulty] = trial
    ordered = sorted(kept.values(), key=lambda t: (not t.faulty, t.row, t.what))
    with replaced_file(path, force=True) as work:
        text = json.dumps([asdict(one) for one in ordered], indent=1)
        work.write_text(text + "\n", encoding="utf-8")


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
    parser.add_argument("--faults", action="store_true", help="planted faults alone")
    parser.add_argument("--variants", action="store_true", help="faithful variants alone")
    parser.add_argument("--missing", action="store_true", help="what has no good outcome yet")
    chosen = parser.parse_args(arguments)
    right = True
    asked = trials(
        chosen.rows, faults=not chosen.variants, variants=not chosen.faults,
        again=not chosen.missing,
    )  # fmt: skip
    for trial in asked:
        right = right and trial.right
        if chosen.record:
            keep(trial)
        if chosen.json:
            print(json.dumps(asdict(trial)), flush=True)  # noqa: T201  # a script's answer
        elif not trial.right:
            wrong = "escaped" if trial.faulty else "false alarm"
            print(f"{wrong}: {trial.row}: {trial.what} {trial.detail}", flush=True)  # noqa: T201
    if chosen.record:
        from cases.quality.table import write

        write()
    return 0 if right or chosen.json else 1


if __name__ == "__main__":
    sys.exit(main())
