"""Where the numbers were made; nothing is imported to find out."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import numpy as np

from parity import environment
from parity.report.json import decode, encode
from parity.results import Environment, Report


def alone(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_collecting_imports_no_framework():
    code = (
        "import sys; from parity.environment import collect; e = collect();"
        "print({'torch', 'tensorflow', 'keras'} & (set(sys.modules) | set(e.versions)), e.gpu)"
    )
    assert alone(code).strip() == "set() none"


def test_flush_to_zero_is_measured_in_each_framework():
    code = (
        "import torch, tensorflow; from parity.environment import collect\n"
        "flushes = lambda name: collect().settings[f'{name}: flush to zero']\n"
        "print(flushes('torch'), torch.set_flush_denormal(True), flushes('torch'), end=' ')\n"
        "print(flushes('tensorflow'))"
    )
    before, supported, after, tensorflow = alone(code).split()
    assert (before, after) == ("off", "on" if supported == "True" else "off")
    assert tensorflow in ("on", "off")


def test_what_is_imported_is_named_with_its_version_and_threads():
    import torch

    found = environment.collect()
    assert found.versions["torch"] == torch.__version__
    assert found.versions["numpy"] == np.__version__
    assert found.threads["torch: within an operator"] == torch.get_num_threads()
    assert found.settings["torch: oneDNN"] in ("on", "off")
    assert found.threads["cpus"] >= 1
    assert found.cpu not in ("", "unknown")


def test_an_environment_can_be_stored_in_a_report():
    report = Report((), environment.collect(), "2026-11-21T00:00:00+00:00")
    assert decode(encode(report), Report, "x") == report


def test_variables_that_change_arithmetic_are_recorded(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    settings = environment.collect().settings
    assert settings["TF_ENABLE_ONEDNN_OPTS"] == "0"
    assert "SECRET_TOKEN" not in settings


def test_a_framework_without_an_answer_is_unknown_and_does_not_fail(monkeypatch):
    bare = types.ModuleType("tensorflow")
    bare.config = types.SimpleNamespace(
        experimental=types.SimpleNamespace(
            tensor_float_32_execution_enabled=lambda: 1 / 0j.real if 0 else None
        ),
        optimizer=types.SimpleNamespace(),
        threading=types.SimpleNamespace(
            get_intra_op_parallelism_threads=lambda: None,
            get_inter_op_parallelism_threads=lambda: 3,
        ),
    )
    monkeypatch.setitem(sys.modules, "tensorflow", bare)
    found = environment.collect()
    assert isinstance(found, Environment)
    assert found.settings["tensorflow: TF32"] == "unknown"
    assert found.settings["tensorflow: flush to zero"] == "unknown"
    assert found.threads["tensorflow: between operators"] == 3
    assert "tensorflow: within an operator" not in found.threads


def test_cpuinfo_of_several_kinds_is_read(tmp_path: Path):
    path = tmp_path / "cpuinfo"
    path.write_text("model name\t: Some CPU\nflags\t\t: fpu avx2\n\nmodel name\t: Other\n")
    assert environment._cpuinfo(path) == {"model name": "Some CPU", "flags": "fpu avx2"}
    path.write_text(
        "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"
    )
    fields = environment._cpuinfo(path)
    assert environment._arm_model(fields).endswith("implementer 0x41 part 0xd0c")
    assert environment._cpuinfo(tmp_path / "nothing") == {}
