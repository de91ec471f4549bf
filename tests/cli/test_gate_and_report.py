"""``parity gate`` and ``parity report`` on a report that a conversion wrote."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest


@pytest.fixture
def report(cli, tmp_path):
    outcome = cli(
        "check", "specimens:net", "specimens:twin", "--report", tmp_path / "good", "--no-gradients"
    )
    assert outcome.code == 0, outcome.err
    return tmp_path / "good" / "report.json"


def test_a_report_passes_the_baseline_that_it_became(cli, tmp_path, report):
    baseline = tmp_path / "baseline.json"
    assert cli("gate", report, "--baseline", baseline, "--update").code == 0
    outcome = cli("gate", report, "--baseline", baseline, "--json")
    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    assert document["passed"] is True
    assert document["compared"] > 0


def test_a_mismatch_fails_the_gate_and_cannot_become_a_baseline(cli, tmp_path, report):
    baseline = tmp_path / "baseline.json"
    assert cli("gate", report, "--baseline", baseline, "--update").code == 0
    bad = tmp_path / "bad"
    checked = cli(
        "check", "specimens:net", "specimens:wrong_twin", "--report", bad, "--no-gradients"
    )
    assert checked.code == 1
    outcome = cli("gate", bad / "report.json", "--baseline", baseline)
    assert outcome.code == 1
    assert "gate failed" in outcome.out
    before = baseline.read_bytes()
    assert cli("gate", bad / "report.json", "--baseline", baseline, "--update").code == 2
    assert baseline.read_bytes() == before


def test_a_missing_baseline_is_said(cli, tmp_path, report):
    outcome = cli("gate", report, "--baseline", tmp_path / "nothing.json")
    assert outcome.code == 2
    assert "--update" in outcome.message


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff"])
def test_a_file_that_is_no_report(cli, tmp_path, content):
    (tmp_path / "report.json").write_bytes(content)
    for command in ("report", "gate"):
        options = ["--baseline", tmp_path / "b.json"] if command == "gate" else []
        outcome = cli(command, tmp_path / "report.json", *options)
        assert outcome.code == 2
        assert "Traceback" not in outcome.err


def test_a_report_is_rendered_again(cli, tmp_path, report):
    paths = {name: tmp_path / f"again.{name}" for name in ("html", "md", "junit")}
    outcome = cli("report", report, *[part for n, p in paths.items() for part in (f"--{n}", p)])
    assert outcome.code == 0, outcome.err
    assert "<html" in paths["html"].read_text()
    assert paths["md"].read_text().startswith("#")
    assert ET.parse(paths["junit"]).getroot().tag == "testsuites"
