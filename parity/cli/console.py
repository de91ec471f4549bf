"""What a person sees: progress and tables on stderr and stdout, frameworks silenced."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from parity.results import Comparison, Report, Result
from parity.verdict import Verdict

_STYLE = {
    Verdict.exact: "green",
    Verdict.rounding: "green",
    Verdict.quantisation: "green",
    Verdict.known_difference: "yellow",
    Verdict.decision_flip: "yellow",
}
_SHOWN = 8


def load_frameworks(*, quiet: bool = True) -> None:
    """Import PyTorch and TensorFlow; what they print as they load is shown only if that fails.

    Raises:
        UnusableError: one of them is not installed.
    """
    from parity.cli.failures import UnusableError

    if quiet:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("ABSL_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        warnings.simplefilter("ignore")
    try:
        with _silenced_stderr() if quiet else contextlib.nullcontext():
            import tensorflow as tf
            import torch  # noqa: F401  # loaded here so that it is loaded quietly

            tf.constant(0)
    except ImportError as error:
        raise UnusableError(
            f"{error}. Conversions and checks need both frameworks: "
            "pip install 'torch-tf-parity[torch,tensorflow-cpu]'."
        ) from error
    if quiet:
        tf.get_logger().setLevel("ERROR")


@contextlib.contextmanager
def _silenced_stderr() -> Iterator[None]:
    """TensorFlow's libraries write to the file descriptor before any of its settings are read."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as sink:
        kept = os.dup(2)
        os.dup2(sink.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            sink.seek(0)
            os.write(2, sink.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextlib.contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr, and the function that moves it; silent where stderr is not a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)

        def move(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        yield move


def show_report(report: Report, console: Console) -> None:
    """Print a report's verdicts, its largest margins and where to look."""
    for result in report.results:
        console.print(_result_table(result))
        console.print(f"certificate: {result.certificate.outcome}. {result.certificate.detail}")
        if result.culprit:
            culprit = result.culprit
            place = culprit.module or culprit.source or "the model itself"
            console.print(
                f"[bold]first at[/] {culprit.node} ({culprit.op}) in {place}: {culprit.detail}"
            )
        style = _STYLE.get(result.verdict, "red")
        console.print(f"[bold {style}]{result.verdict}[/]: {result.summary}", highlight=False)


def _result_table(result: Result) -> Table:
    table = Table(title=result.case, title_justify="left", title_style="bold")
    table.add_column("tensor", overflow="fold")
    table.add_column("shape")
    table.add_column("verdict")
    for name in ("max abs", "ulp", "margin used"):
        table.add_column(name, justify="right")
    gravest = sorted(
        result.gradients, key=lambda c: (list(Verdict).index(c.verdict), c.margin), reverse=True
    )
    for comparison in (*result.outputs, *gravest[:_SHOWN]):
        table.add_row(*_cells(comparison))
    if len(gravest) > _SHOWN:
        rest = f"and {len(gravest) - _SHOWN} gradients that use less"
        table.add_row(rest, *[""] * 5)
    return table


def _cells(comparison: Comparison) -> tuple[str, ...]:
    style = _STYLE.get(comparison.verdict, "red")
    return (
        comparison.name,
        "x".join(map(str, comparison.shape)) or "scalar",
        f"[{style}]{comparison.verdict}[/]",
        f"{comparison.max_abs:.3g}",
        f"{comparison.ulp_max:.3g}",
        f"{comparison.margin:.3g}",
    )


def summary_of(report: Report) -> dict[str, Any]:
    """A report in a few fields, for ``--json``."""
    return {
        "verdict": str(report.verdict),
        "passes": report.passes,
        "results": [
            {
                "case": result.case,
                "verdict": str(result.verdict),
                "summary": result.summary,
                "certificate": result.certificate.outcome,
                "outputs": [
                    {
                        "name": c.name,
                        "verdict": str(c.verdict),
                        "max_abs": _finite(c.max_abs),
                        "ulp_max": _finite(c.ulp_max),
                        "margin": _finite(c.margin),
                    }
                    for c in result.outputs
                ],
                "gradients": len(result.gradients),
                "nodes": len(result.nodes),
                "culprit": None
                if result.culprit is None
                else {
                    "node": result.culprit.node,
                    "op": result.culprit.op,
                    "module": result.culprit.module,
                    "source": result.culprit.source,
                },
            }
            for result in report.results
        ],
    }


def _finite(number: float) -> float | str:
    return number if abs(number) < float("inf") else str(number)


def print_json(data: object) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(data, indent=2, allow_nan=False) + "\n")
