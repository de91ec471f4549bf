"""What the documents say is true: tables are current, links lead somewhere, examples run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cases import differences_table, model_table, release_table
from cases.architectures import architectures
from cases.operator_table import TABLE, table
from parity.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "reports/README.md")
] + sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[str]:
    return [code for kind, code in BLOCK.findall(path.read_text()) if kind == language]


def test_the_table_of_operators_is_current():
    assert TABLE.read_text() == table(), "run: python -m cases.operator_table"


def test_the_page_of_known_differences_is_current():
    current = differences_table.TABLE.read_text()
    assert current == differences_table.table(), "run: python -m cases.differences_table"


def test_the_page_of_releases_is_current():
    current = release_table.TABLE.read_text()
    assert current == release_table.table(), "run: python -m cases.release_table"


def test_the_table_of_models_is_current():
    proofs, names = model_table.read(), [row.name for row in architectures()]
    assert {proof.name for proof in proofs} <= set(names)
    assert model_table.PAGE.read_text() == model_table.current(), "run: tox run -e zoo -- --write"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    targets = {link for link in LINK.findall(page.read_text()) if "://" not in link}
    assert [link for link in targets if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, n) for page in PAGES for n in range(len(blocks(page, "python")))],
    ids=lambda value: value.name if isinstance(value, Path) else str(value),
)
def test_python_examples_run(page, number, tmp_path):
    """In a process of its own, for an example may register a lowering."""
    done = subprocess.run(
        [sys.executable, "-c", blocks(page, "python")[number]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def commands() -> list[str]:
    """The lines of shell examples that call ``parity``."""
    lines = [
        line
        for page in PAGES
        for block in blocks(page, "sh")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line for line in lines if line.startswith("parity ")]


def test_there_are_examples_of_every_command():
    assert {shlex.split(line)[1] for line in commands()} >= {"convert", "check", "gate", "report"}


def test_command_line_examples_run_in_order(tmp_path, monkeypatch, capsys, own_lowerings):
    """The examples use ``mymodels:net`` and its like, and the plugin ``my_lowerings.py``."""
    for specimen in (ROOT / "tests/cli/specimens").glob("*.py"):
        name = {"specimens": "mymodels"}.get(specimen.stem, specimen.stem)
        (tmp_path / f"{name}.py").write_text(specimen.read_text())
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for line in commands():
        words = shlex.split(line, comments=True)[1:]
        assert main(words) == 0, f"{line}\n{capsys.readouterr()}"
