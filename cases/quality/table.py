"""The page ``docs/suite_quality.md``, made from the kept trials."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from cases.quality.faithful_variants import VARIANTS
from cases.quality.planted_faults import FAULTS
from cases.quality.run import RECORD, Trial

PAGE = Path(__file__).resolve().parents[2] / "docs" / "suite_quality.md"


def read(path: Path = RECORD) -> list[Trial]:
    """The kept trials.

    Args:
        path: of the record.
    """
    return [Trial(**kept) for kept in json.loads(path.read_text(encoding="utf-8"))]


def page(kept: list[Trial]) -> str:
    """The page.

    Args:
        kept: the trials.
    """
    faults = [trial for trial in kept if trial.faulty]
    variants = [trial for trial in kept if not trial.faulty]
    lines = [
        "# How good the operator suite is",
        "",
        "A suite that passes everything is worth nothing, and neither is one that objects to",
        "rounding. Faults are planted in TensorFlow's side of rows, one at a time: the share that",
        "is caught. And rows are run in other ways that compute the same function up to rounding:",
        "the share that raises a false alarm.",
        "",
        "| | tried | as they should be | share |",
        "|---|---|---|---|",
        _share("planted faults caught", faults),
        _share("faithful variants let pass", variants),
        "",
        f"There are {len(FAULTS)} faults and {len(VARIANTS)} variants; counted are those tried",
        "when this page was last written.",
        "",
        "Trials are made in float32 and float64, where a row has them. A fault is caught where a",
        "result fails that passes without the fault. The faults are in",
        "`cases/quality/planted_faults.py`, the variants in `cases/quality/faithful_variants.py`;",
        "`python -m cases.quality.run --record` tries them and writes this page.",
        "",
    ]
    for title, trials, verb in (
        ("Faults", faults, "caught"),
        ("Variants", variants, "passed"),
    ):
        wrong = [trial for trial in trials if not trial.right]
        if wrong:
            lines += [f"## {title} that aren't yet as they should be", ""]
            lines += [f"- `{trial.row}`: {trial.what}" for trial in wrong]
            lines.append("")
        lines += [f"## {title}", "", f"| what | tried | {verb} | rows |", "|---|---|---|---|"]
        groups: dict[str, list[Trial]] = defaultdict(list)
        for trial in trials:
            groups[trial.what].append(trial)
        lines += [
            f"| {what} | {len(group)} | {sum(t.right for t in group)} | "
            f"{', '.join(sorted({t.row for t in group}))} |"
            for what, group in sorted(groups.items())
        ]
        lines.append("")
    return "\n".join(lines)


def _share(name: str, trials: list[Trial]) -> str:
    right = sum(trial.right for trial in trials)
    share = 100 * right / len(trials) if trials else 0.0
    return f"| {name} | {len(trials)} | {right} | {share:.3g} % |"


def write(path: Path = PAGE) -> Path:
    """Write the page.

    Args:
        path: where.
    """
    path.write_text(page(read()), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(f"written: {write()}")  # noqa: T201  # a script's answer
