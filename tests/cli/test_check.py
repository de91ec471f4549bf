"""``parity check``: what passes, what fails, and what the exit code says."""

from __future__ import annotations

import json

from parity.report import read
from parity.verdict import Verdict


def test_an_independent_twin_passes(cli, tmp_path):
    outcome = cli("check", "specimens:net", "specimens:twin", "--report", tmp_path / "report")
    assert outcome.code == 0, outcome.err
    assert read(tmp_path / "report").passes


def test_a_weight_off_by_a_thousandth_fails(cli, tmp_path):
    outcome = cli(
        "check", "specimens:net", "specimens:wrong_twin", "--report", tmp_path / "report", "--json"
    )
    assert outcome.code == 1, outcome.err
    assert json.loads(outcome.out)["verdict"] == "mismatch"
    assert read(tmp_path / "report").verdict is Verdict.mismatch


def test_a_saved_model_passes_for_inputs_that_were_never_traced(cli, tmp_path):
    out = tmp_path / "out"
    assert cli("convert", "specimens:net", out, "--dynamic", "x:0", "--no-check").code == 0
    outcome = cli(
        "check", "specimens:bare", out, "--input", "x=11x8", "--report", tmp_path / "report"
    )
    assert outcome.code == 0, outcome.err
    assert read(tmp_path / "report").results[0].inputs == {"x": "float32[11, 8]"}
