"""One framework is recorded and the other judged by it, each where the other isn't installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from converters import OutputError
from parity.cli import main
from parity.cli.record import record
from parity.environment import collect
from parity.suite.bundle import (
    ARRAYS,
    DOCUMENT,
    Bundle,
    BundleError,
    Entry,
    digest_of,
    now,
    read_bundle,
    write_bundle,
)
from parity.suite.replay import replaying
from parity.suite.rows import row_of
from parity.suite.run import ask
from parity.suite.subjects import FORWARD, Outcome

GOOD = "tests.suite.specimens.good"

WITHOUT = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Without())
"""


def without(folder, *names):
    """An environment in which some packages can't be imported, by its worker processes neither."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WITHOUT.format(names=names))
    path = os.pathsep.join([str(folder), str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": path}


def parity(environment, *arguments):
    program = "import sys; from parity.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments), "--workers", "1", "--cases", GOOD],
        env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


@pytest.mark.timeout(290)
@pytest.mark.parametrize(("one", "other"), [("tensorflow", "torch"), ("torch", "tensorflow")])
def test_a_framework_is_judged_by_one_that_is_not_installed(tmp_path, one, other):
    packages = {"tensorflow": ("tensorflow", "keras"), "torch": ("torch",)}
    here = without(tmp_path / "here", *packages[other])
    there = without(tmp_path / "there", *packages[one])
    bundle = tmp_path / "bundle"
    recorded = parity(here, "record", one, bundle, "--examples", "3")
    assert recorded.returncode == 0, recorded.stderr
    assert parity(here, "replay", bundle).returncode == 2
    report = tmp_path / "report"
    tf32 = {"torch": "--no-tf32", "tensorflow": "--tf32"}[one]
    replayed = parity(there, "replay", bundle, tf32, "--report", report, "--json")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert json.loads(replayed.stdout)["rows"] == 3
    document = json.loads((report / "operators.json").read_text())
    runtimes = {line["runtime"] for tally in document["tallies"] for line in tally["lines"]}
    assert {one, other} <= runtimes
    assert f"recorded: {one}" in document["environment"]["versions"]
    allowed = document["environment"]["settings"]["TF32 allowed"]
    assert allowed == {"--tf32": "on", "--no-tf32": "off"}[tf32]


ARGUMENTS = {
    "x": np.array([1.5, -0.0, np.nan], np.float32),
    "shape": (2, (3, None)),
    "flag": True,
    "rate": float("-inf"),
    "text": "same",
    "z": 1 + 2j,
}


@pytest.fixture
def bundle(tmp_path):
    case = row_of(GOOD, "twice")
    question = ask(case, {"x": ARGUMENTS["x"]}, "float32")
    entry = Entry(
        "numbers", "twice", "float32", digest_of(case), ARGUMENTS, FORWARD, 0, question,
        {"torch": Outcome({"output": ARGUMENTS["x"] * 2})},
    )  # fmt: skip
    folder = tmp_path / "bundle"
    write_bundle(Bundle("torch", "cpu", GOOD, collect(), now(), (entry,)), folder)
    return folder


def test_a_folder_that_is_there_is_not_replaced_by_a_bundle(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "one.jpg").write_text("dear")

    done = CliRunner().invoke(record, ["torch", str(folder), "twice", "--cases", GOOD])

    assert isinstance(done.exception, OutputError)
    assert "--force" in str(done.exception)
    assert [path.name for path in folder.iterdir()] == ["one.jpg"]


def test_a_bundle_reads_back_as_it_was_written(bundle):
    (entry,) = read_bundle(bundle).entries
    x = entry.arguments["x"]
    assert x.dtype == np.float32
    assert x.tobytes() == ARGUMENTS["x"].tobytes()
    rest = {name: value for name, value in entry.arguments.items() if name != "x"}
    assert rest == {name: value for name, value in ARGUMENTS.items() if name != "x"}
    assert entry.question.truth.results["output"].dtype == np.float64


def change_array(folder):
    data = bytearray((folder / ARRAYS).read_bytes())
    data[-1] ^= 1
    (folder / ARRAYS).write_bytes(bytes(data))


def truncate_arrays(folder):
    data = (folder / ARRAYS).read_bytes()
    (folder / ARRAYS).write_bytes(data[: len(data) // 2])


def change_document(folder):
    text = (folder / DOCUMENT).read_text()
    (folder / DOCUMENT).write_text(text.replace('"seed": 0', '"seed": 1', 1))


def truncate_document(folder):
    text = (folder / DOCUMENT).read_text()
    (folder / DOCUMENT).write_text(text[: len(text) // 2])


def newer(folder):
    document = json.loads((folder / DOCUMENT).read_text())
    (folder / DOCUMENT).write_text(json.dumps(document | {"schema_version": 99}))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (change_array, "arrays.safetensors was changed or is truncated"),
        (truncate_arrays, "arrays.safetensors was changed or is truncated"),
        (change_document, "bundle.json was changed or is truncated"),
        (truncate_document, "bundle.json is damaged"),
        (newer, "version 99"),
        (shutil.rmtree, "is no bundle"),
    ],
)
def test_a_bundle_that_is_not_as_it_was_written_is_refused_by_name(bundle, damage, says):
    damage(bundle)
    with pytest.raises(BundleError, match=says) as found:
        read_bundle(bundle)
    assert str(bundle) in str(found.value)


def test_a_gpu_that_is_not_there_is_refused_before_anything_runs(bundle, monkeypatch, capsys):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert main(["replay", str(bundle), "--device", "cuda", "--framework", "torch"]) == 2
    assert "finds a GPU here" in capsys.readouterr().err


def test_a_bundle_of_other_rows_is_refused(bundle):
    read = read_bundle(bundle)
    assert replaying(read, GOOD, "", ("torch",), "cpu")
    with pytest.raises(BundleError, match="is no row of"):
        replaying(read, "tests.suite.specimens.crashing", "", ("torch",), "cpu")
    changed = replace(read, entries=(replace(read.entries[0], digest="0" * 16),))
    with pytest.raises(BundleError, match="row twice is another"):
        replaying(changed, GOOD, "", ("torch",), "cpu")
