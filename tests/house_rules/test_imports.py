"""What importing this project loads."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import cases
import converters
import parity

ROOT = Path(__file__).resolve().parents[2]
FRAMEWORKS = frozenset({"torch", "tensorflow", "keras", "jax", "onnx", "transformers"})
HEAVY = FRAMEWORKS | {"bokeh", "pydantic", "jinja2", "hypothesis", "rich", "networkx", "scipy"}


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after running some code."""
    program = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize("package", ["converters", "parity", "cases"])
def test_importing_a_package_loads_no_framework(package: str):
    assert loaded_by(f"import {package}") & FRAMEWORKS == set()


def test_no_module_of_cases_loads_a_framework():
    names = [m.name for m in pkgutil.walk_packages(cases.__path__, "cases.")]
    assert len(names) > 5
    assert loaded_by("\n".join(f"import {name}" for name in names)) & FRAMEWORKS == set()


def test_no_module_of_the_report_and_the_gate_loads_a_framework():
    from parity import report

    names = [m.name for m in pkgutil.walk_packages(report.__path__, "parity.report.")]
    code = "\n".join(f"import {name}" for name in ["parity.gate", "parity.report", *names])
    assert loaded_by(code) & FRAMEWORKS == set()


def test_the_help_of_the_command_line_loads_neither_framework_nor_charts():
    code = "import parity.cli; assert parity.cli.main(['--help']) == 0"
    assert loaded_by(code) & HEAVY == set()


@pytest.mark.parametrize("command", ["convert", "check", "gate", "report"])
def test_the_help_of_a_command_loads_no_framework(command: str):
    code = f"import parity.cli; assert parity.cli.main(['{command}', '--help']) == 0"
    assert loaded_by(code) & FRAMEWORKS == set()


@pytest.mark.parametrize("package", [converters, parity])
def test_everything_a_package_exports_is_there(package: object):
    missing = [name for name in package.__all__ if not hasattr(package, name)]
    assert missing == []
