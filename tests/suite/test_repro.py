"""Programs that show what fails, written beside the report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from converters import replaced_folder
from parity.environment import collect
from parity.suite import OperatorCase
from parity.suite.files import write_suite
from parity.suite.report import suite_data
from parity.suite.rules import Exact, Sum
from parity.suite.snippets import word
from parity.suite.subjects import RUNTIMES
from parity.suite.survey import Effort, Survey
from parity.suite.tally import Tally

_X = np.array([[0.5, -0.0, np.inf], [2.0, np.nan, 3.0]], "float32")


def _run(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, path], capture_output=True, text=True, timeout=300, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _tally(case: OperatorCase, dtype: str = "float32") -> Tally:
    survey = Survey(case, dtype)
    runtimes = [name for name in RUNTIMES if name != "torch.compile"]
    survey.run(Effort(examples=1, shrink=0, every_type=True), runtimes)
    return Tally(case.name, "specimens", dtype, "cpu", tuple(survey.lines.values()))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_each_failing_result_has_a_program_that_shows_it(tmp_path: Path, dtype: str) -> None:
    case = OperatorCase(
        "scaled",
        torch="x * 2",
        tensorflow="x * 2.5",
        keras="keras.ops.multiply(x, 3)",
        inputs=lambda dtype: st.just({"x": np.array([1.0, 4.0], dtype)}),
        rule=Sum(),
        dtypes=("float32", "bfloat16"),
    )
    data = suite_data([_tally(case, dtype)], collect())

    report = write_suite(data, tmp_path / "report")

    made = sorted(path.name for path in (tmp_path / "report" / "repro").iterdir())
    ends = [
        f"scaled-{dtype}-{runtime}-{result}.py"
        for runtime in ("XLA", "keras", "tensorflow", "tf.function")
        for result in ("gradient-of-x", "output")
    ]
    assert made == sorted(ends)
    assert report.results[0].repro.removeprefix("repro/") in made
    shown = _run(tmp_path / "report" / "repro" / f"scaled-{dtype}-XLA-output.py")
    assert "output, XLA is furthest from the oracle at [1]" in shown
    assert "np.float64(10.0) for np.float64(8.0), 2.0 apart" in shown
    assert "output, torch is furthest" not in shown
    shown = _run(tmp_path / "report" / "repro" / f"scaled-{dtype}-keras-gradient-of-x.py")
    assert "gradient of x, keras is furthest from the oracle" in shown


def test_what_agrees_has_no_program_and_those_of_an_earlier_run_go(tmp_path: Path) -> None:
    case = OperatorCase(
        "sign",
        torch="torch.neg(x)",
        tensorflow="-x",
        inputs=lambda dtype: st.just({"x": _X.astype(dtype)}),
        rule=Exact(),
        dtypes=("float32",),
    )
    folder = tmp_path / "report"
    with replaced_folder(folder / "repro") as old:
        (old / "earlier.py").write_text("")

    write_suite(suite_data([_tally(case)], collect()), folder)

    assert not any((folder / "repro").iterdir())
    lines = json.loads((folder / "operators.json").read_text())["tallies"][0]["lines"]
    assert all(line["program"] == "" for line in lines)


@pytest.mark.parametrize(
    "value",
    [
        _X,
        np.full((2, 20), -0.0),
        np.array([-0.0, 0.0] * 20),
        np.array(complex(np.nan, -np.inf)),
        np.array([[1 + 2j, -0.0 - 0.0j]], "complex64"),
        np.zeros((0, 3), "int8"),
        np.array([True, False]),
    ],
)
def test_arrays_come_back_from_a_program_with_all_their_bits(value: np.ndarray) -> None:
    found = eval(word(value), {"np": np, "nan": np.nan, "inf": np.inf})

    assert found.dtype == value.dtype
    assert found.shape == value.shape
    np.testing.assert_array_equal(found, value)
    if value.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(found), np.signbit(value))
