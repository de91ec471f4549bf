"""Writing a report: four files, all or none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from converters import OutputError
from parity.report import html, read, write


def test_all_four_files_are_written_and_named(reports, tmp_path):
    paths = write(reports["healthy"], tmp_path / "deep" / "folder")
    assert [path.name for path in paths] == [
        "report.json",
        "report.md",
        "report.xml",
        "report.html",
    ]
    assert all(path.stat().st_size for path in paths)
    assert sorted(path.name for path in (tmp_path / "deep" / "folder").iterdir()) == sorted(
        p.name for p in paths
    )


def test_a_written_report_reads_back_from_its_folder_and_from_its_file(reports, tmp_path):
    path, *_ = write(reports["epsilon"], tmp_path)
    assert read(tmp_path) == read(path) == reports["epsilon"]


def test_writing_again_replaces_the_reports_and_leaves_other_files_alone(reports, tmp_path):
    write(reports["healthy"], tmp_path)
    (tmp_path / "repro").mkdir()
    (tmp_path / "repro" / "run.py").write_text("pass")
    write(reports["epsilon"], tmp_path)
    assert read(tmp_path) == reports["epsilon"]
    assert (tmp_path / "repro" / "run.py").exists()


def test_a_page_that_fails_leaves_every_file_as_it_was(reports, tmp_path, monkeypatch):
    write(reports["healthy"], tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(report):
        raise RuntimeError("no page")

    monkeypatch.setattr(html, "html", fail)
    with pytest.raises(RuntimeError, match="no page"):
        write(reports["epsilon"], tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_is_a_file_is_a_clear_error(reports, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        write(reports["healthy"], tmp_path / "taken")


def test_a_name_that_is_not_unicode_is_written_escaped(make, tmp_path):
    from dataclasses import replace

    write(make["report"](replace(make["bert"](), case="caf\udce9")), tmp_path)
    assert read(tmp_path).results[0].case == "caf\\udce9"
    assert "caf\\udce9" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_importing_and_writing_reports_loads_no_framework():
    code = (
        "import sys, parity.report, parity.gate\n"
        "import parity.report.html, parity.report.markdown, parity.report.junit\n"
        "heavy = {'torch', 'tensorflow', 'pydantic', 'jinja2', 'junitparser'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
