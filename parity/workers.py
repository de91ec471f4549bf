"""Tasks in worker processes: one that crashes or hangs ends nothing but itself."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures import TimeoutError as Late
from pathlib import Path
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

Task = TypeVar("Task", bound=tuple[Any, ...])
Result = TypeVar("Result")


def settle() -> None:
    """Load the frameworks that are there, with one thread each: more make kernels wait."""
    with contextlib.suppress(ImportError):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        import tensorflow as tf

        with contextlib.suppress(RuntimeError):  # it has run something in this process already
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.get_logger().setLevel("ERROR")
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)


def settle_quietly() -> None:
    """As :func:`settle`, in a process whose libraries' logs nobody is to see."""
    with Path(os.devnull).open(
        "wb"
    ) as nowhere:  # below Python: TensorFlow writes to the descriptor
        os.dup2(nowhere.fileno(), 2)
    settle()


def each(
    function: Callable[..., Result],
    tasks: Sequence[Task],
    *,
    workers: int,
    seconds: float,
    tasks_per_process: int,
    settle: Callable[[], object] = settle_quietly,
) -> Iterator[tuple[Task, Result | str]]:
    """Do tasks in parallel; results come as they are done.

    Args:
        function: does one task; it and the results can be pickled.
        tasks: the arguments of its calls.
        workers: how many processes.
        seconds: how long one task may take.
        tasks_per_process: after so many a worker is replaced, for the frameworks keep what they
            compiled.
        settle: prepares a worker.

    Yields:
        Each task with its result, or with a sentence that says why there is none.
    """
    spawned = multiprocessing.get_context("spawn")  # TensorFlow doesn't survive a fork
    pool = ProcessPool(workers, tasks_per_process, settle, context=spawned)
    try:
        futures: dict[Future[Result], Task] = {
            pool.schedule(function, args=task, timeout=seconds): task for task in tasks
        }
        for future in as_completed(futures):
            found = _result(future, seconds)
            yield futures[future], found
        pool.close()  # type: ignore[no-untyped-call]
    except BaseException:
        pool.stop()  # type: ignore[no-untyped-call]  # an interrupted run waits for no task
        raise
    finally:
        pool.join()


def _result(future: Future[Any], seconds: float) -> Any:
    try:
        return future.result()
    except Late:
        return f"it took longer than {seconds:g} s"
    except ProcessExpired as error:
        return f"the process ended with code {error.exitcode}"
    except Exception as error:  # noqa: BLE001  # one task ends nothing but itself
        return f"{type(error).__name__}: {error}"
