"""The sweep goes on: after an interruption, and past an operator that ends its process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cases.kept import keep, kept
from cases.op_verdicts import Outcome, Tally
from cases.sweep import sweep
from cases.sweep_results import fingerprint, packets, read, summary, write
from cases.sweep_table import page

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["neg", "abs", "erf", "sign", "ceil", "floor"]


def test_results_are_kept_for_the_same_code_only(tmp_path: Path) -> None:
    failed = Outcome("0", "wrong", "off", {"float32 gradient": "wrong"})
    parts = {"float32 forward": {"right": 4}, "float32 gradient": {"right": 3, "wrong": 1}}
    result = Tally("add", "float32", {"right": 3, "wrong": 1}, parts, (failed,), 1.5)
    keep(tmp_path, fingerprint(), "float32 add", result)
    assert kept(tmp_path, fingerprint(), Tally) == {"float32 add": result}
    assert kept(tmp_path, "another", Tally) == {}
    assert json.loads((tmp_path / "float32 add.json").read_text())["operator"] == "add"


def test_an_operator_that_crashes_or_hangs_ends_nothing_but_itself(tmp_path, monkeypatch) -> None:
    (tmp_path / "specimen.py").write_text(
        "import os, time\n"
        "from cases.op_verdicts import Tally\n"
        "def judged(name, dtype, limit):\n"
        "    if name == 'crash': os.abort()\n"
        "    if name == 'hang': time.sleep(600)\n"
        "    return Tally(name, dtype, {'right': 1})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import specimen

    todo = [(name, "float32", None) for name in ("neg", "crash", "hang", "abs")]
    found = {
        result.operator: result
        for result in sweep(
            todo, workers=1, seconds=2, judged=specimen.judged, settle=time.monotonic
        )
    }
    assert {name: result.verdict for name, result in found.items()} == {
        "neg": "right",
        "crash": "error",
        "hang": "error",
        "abs": "right",
    }
    assert "ended with code" in found["crash"].failures[0].detail
    assert "longer than 2 s" in found["hang"].failures[0].detail


def started(folder: Path) -> subprocess.Popen[bytes]:
    options = ["--dtype", "float32", "--limit", "1", "--workers", "1", "--folder", str(folder)]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cases.sweep", *NAMES, *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=log,
            start_new_session=True,
            # whoever runs the tests in the background may have told them to ignore it
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )


def wait_for(folder: Path, count: int) -> set[Path]:
    for _ in range(1200):
        found = set(folder.glob("float32 *.json"))
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{count} results never came")


def group_is_gone(leader: int) -> bool:
    for _ in range(300):
        try:
            os.killpg(leader, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path) -> None:
    """By Ctrl-C, which reaches every process of the group; then killed."""
    run = started(tmp_path)
    first = {path: path.stat().st_mtime_ns for path in wait_for(tmp_path, 1)}
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(60) != 0
    assert group_is_gone(run.pid)
    between = len(list(tmp_path.glob("float32 *.json")))

    run = started(tmp_path)
    wait_for(tmp_path, min(between + 1, len(NAMES)))
    run.kill()
    run.wait(60)
    assert group_is_gone(run.pid), "workers outlive the run"
    left = len(NAMES) - len(list(tmp_path.glob("float32 *.json")))

    run = started(tmp_path)
    code = run.wait(200)
    text = (tmp_path / "log").read_text()
    assert code == 0, text
    assert f"{left} judged in" in text
    assert {path: path.stat().st_mtime_ns for path in first} == first
    document = read(tmp_path / "sweep.json")
    assert set(document["operators"]) == set(NAMES)
    assert packets(document) == dict.fromkeys(NAMES, True)
    assert "**6 of 6**" in (tmp_path / "report.md").read_text()


def test_a_summary_keeps_the_rows_of_operators_that_were_not_judged_again(tmp_path) -> None:
    def result(name: str, right: int) -> Tally:
        parts = {"float32 forward": {"right": right, "wrong": 2 - right}}
        return Tally(name, "float32", {"right": right, "wrong": 2 - right}, parts)

    before = summary([result("add", 2), result("sub", 1)], {"float32": None})
    after = summary([result("sub", 2)], {"float32": None}, before)
    write(after, tmp_path / "sweep.json")
    assert read(tmp_path / "sweep.json") == after
    assert packets(before) == {"add": True, "sub": False}
    assert packets(after) == {"add": True, "sub": True}
    assert "| `sub` | **1/2** |" in page(before)
    assert "| `sub` | 2 |" in page(after)
