"""Every sample of PyTorch's operator database, in parallel: ``python -m cases.sweep``.

Each operator is a task of its own in a worker process, so one that crashes or hangs ends nothing
but itself. What is done is kept on disk, and a run that was interrupted goes on where it stopped,
as long as neither the code nor the frameworks have changed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures import TimeoutError as Late
from pathlib import Path

import click
from pebble import ProcessExpired, ProcessPool
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cases.known_limits import KNOWN
from cases.op_db import Outcome, Tally, operators, tally

FOLDER = Path("reports/sweep")
SECONDS_PER_OPERATOR = 1800
_ROOT = Path(__file__).resolve().parents[1]


def fingerprint() -> str:
    """What a kept result depends on: the code of this project and the frameworks' versions."""
    digest = hashlib.sha256()
    for package in ("converters", "parity", "cases"):
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(path.read_bytes())
    for name in ("torch", "tensorflow-cpu", "tensorflow", "numpy"):
        try:
            digest.update(f"{name} {importlib.metadata.version(name)}".encode())
        except importlib.metadata.PackageNotFoundError:
            continue
    return digest.hexdigest()[:16]


def kept(folder: Path, mark: str) -> dict[str, Tally]:
    """The results of an earlier run of the same code, by operator."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("fingerprint", None) == mark:
            failures = tuple(Outcome(**failure) for failure in document.pop("failures"))
            found[document["operator"]] = Tally(**document, failures=failures)
    return found


def keep(folder: Path, mark: str, result: Tally) -> None:
    """Write one operator's result, whole or not at all."""
    from converters import replaced_file

    path = folder / f"{result.operator.replace('/', '_')}.json"
    document = {"fingerprint": mark, **dataclasses.asdict(result)}
    with replaced_file(path, force=True) as work:
        work.write_text(json.dumps(document, indent=1), encoding="utf-8")


def sweep(
    names: Sequence[str], dtype: str, *, workers: int, limit: int | None, seconds: float
) -> Iterator[Tally]:
    """Judge operators in parallel; results come as they are done.

    Args:
        names: the operators.
        dtype: of the samples.
        workers: how many processes.
        limit: at most so many samples of each.
        seconds: how long one operator may take.
    """
    spawned = multiprocessing.get_context("spawn")  # TensorFlow doesn't survive a fork
    with ProcessPool(workers, max_tasks=64, initializer=settle, context=spawned) as pool:
        futures: dict[Future[Tally], str] = {
            pool.schedule(_judged, args=(name, dtype, limit), timeout=seconds): name
            for name in names
        }
        for future in as_completed(futures):
            name = futures[future]
            try:
                yield future.result()
            except Late:
                yield _failed(name, dtype, f"it took longer than {seconds:g} s")
            except ProcessExpired as error:
                yield _failed(name, dtype, f"the process ended with code {error.exitcode}")
            except Exception as error:  # noqa: BLE001  # as above
                yield _failed(name, dtype, f"{type(error).__name__}: {error}")


def settle() -> None:
    """One thread for each worker: more make small kernels wait for one another."""
    import tensorflow as tf
    import torch

    torch.set_num_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.get_logger().setLevel("ERROR")


def _judged(name: str, dtype: str, limit: int | None) -> Tally:
    return tally(name, dtype, limit=limit)


def _failed(name: str, dtype: str, detail: str) -> Tally:
    return Tally(name, dtype, {"error": 1}, (Outcome("all", "error", detail),))


@click.command()
@click.argument("names", nargs=-1)
@click.option("--dtype", default="float32", show_default=True, help="Of the samples.")
@click.option("--workers", default=2, show_default=True, help="How many processes.")
@click.option("--limit", type=int, help="At most so many samples of each operator.")
@click.option("--seconds", default=SECONDS_PER_OPERATOR, help="How long one operator may take.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(
    names: tuple[str, ...], dtype: str, workers: int, limit: int | None, seconds: int, folder: Path
) -> None:
    """Judge the operators NAMES, all by default."""
    console = Console(stderr=True)
    unknown = [name for name in names if name not in operators(dtype)]
    if unknown:
        raise click.UsageError(f"{', '.join(unknown)}: no operator of the database takes {dtype}.")
    mark, place = fingerprint(), folder / dtype
    done = {} if limit is not None else kept(place, mark)
    wanted = list(names or operators(dtype))
    todo = [name for name in wanted if name not in done]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(dtype, total=len(wanted), completed=len(wanted) - len(todo))
        for result in sweep(todo, dtype, workers=workers, limit=limit, seconds=seconds):
            done[result.operator] = result
            if limit is None:
                keep(place, mark, result)
            progress.update(task, advance=1, description=f"{dtype} {result.operator}")
            if result.verdict not in ("right", "random", "not exportable"):
                first = result.failures[0]
                progress.console.print(
                    f"{result.verdict} {result.operator} {result.counts} {first.sample}: "
                    f"{first.detail}",
                    highlight=False,
                    markup=False,
                    soft_wrap=True,
                )
    verdicts = Counter(done[name].verdict for name in wanted)
    console.print(
        ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()),
        highlight=False,
    )
    bad = [name for name in wanted if done[name].verdict in ("wrong", "error", "unsupported")]
    new = [name for name in bad if name not in KNOWN]
    stale = [name for name in wanted if name in KNOWN and name not in bad and limit is None]
    for title, found in (("not known to fail", new), ("known to fail, but right", stale)):
        if found:
            console.print(f"{title}: {', '.join(found)}", highlight=False)
    sys.exit(1 if new or stale else 0)


if __name__ == "__main__":
    main()
