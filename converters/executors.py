"""Where pieces of work run: in processes of this machine, or on a Ray cluster.

Both are executors as ``concurrent.futures`` has them, so that whoever hands out work need not know
which one it is.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from converters.errors import ConversionError

Place = Literal["local", "ray"]
PLACES: tuple[Place, ...] = ("local", "ray")


@contextmanager
def executor(place: Place = "local", workers: int | None = None) -> Iterator[Executor]:
    """An executor whose workers are gone when the block ends.

    Functions and arguments have to be picklable: workers are other processes.

    Args:
        place: "local" are processes of this machine. "ray" is the cluster that ``RAY_ADDRESS``
            names, or one that is started on this machine for as long as the block lasts. Its
            machines have to see the same files, and this package installed.
        workers: how many pieces of work run at a time; by default one for each processor (of the
            cluster).

    Raises:
        ConversionError: Ray is asked for and not installed, or its cluster can't be reached.

    >>> with executor(workers=1) as pool:
    ...     pool.submit(pow, 2, 10).result()
    1024
    """
    if place == "ray":
        with _ray(workers) as pool:
            yield pool
        return
    # a forked process would inherit the frameworks' threads in the middle of what they do
    context = multiprocessing.get_context("spawn")
    count = workers or os.cpu_count() or 1
    with ProcessPoolExecutor(count, context, _begin_worker) as local:
        try:
            yield local
        except BaseException:
            local.shutdown(wait=True, cancel_futures=True)
            raise


def _begin_worker() -> None:
    """An interrupted program ends its workers when they have finished what they are at."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Workers of a program that was killed would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class _Ray(Executor):
    """Ray's tasks as futures."""

    def __init__(self, workers: int | None) -> None:
        self._free = threading.Semaphore(workers) if workers else None
        self._futures: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start one piece of work; it waits until a worker is free."""
        import ray

        if self._free is not None:
            self._free.acquire()
        # a future of Ray's; it has no types
        future: Future[Any] = (
            ray.remote(_answer).options(max_retries=0).remote(partial(fn, *args, **kwargs)).future()
        )
        answer: Future[Any] = Future()
        future.add_done_callback(partial(self._passed_on, answer))
        self._futures.append(answer)
        return answer

    def _passed_on(self, answer: Future[Any], done: Future[Any]) -> None:
        if self._free is not None:
            self._free.release()
        error = done.exception()
        if error is not None:
            answer.set_exception(ConversionError(f"a worker of Ray's failed: {error}"))
            return
        result, raised = done.result()
        if raised is None:
            answer.set_result(result)
        else:
            answer.set_exception(raised)


def _answer(work: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """What it returns, or what it raises: Ray would raise a type of its own."""
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001 - it is raised where the work was handed out
        return None, error


@contextmanager
def _ray(workers: int | None) -> Iterator[Executor]:
    try:
        import ray
    except ImportError as error:
        raise ConversionError(
            "Ray is not installed. Install it with: pip install torch-tf-parity[ray], or leave "
            "--executor ray out."
        ) from error
    own = not ray.is_initialized()
    if own:
        address = os.environ.get("RAY_ADDRESS")
        seen = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
        paths = os.pathsep.join(dict.fromkeys(seen))
        options: dict[str, Any] = {}
        if not address:
            environment = {"env_vars": {"PYTHONPATH": paths}}
            options = {"num_cpus": workers, "include_dashboard": False, "runtime_env": environment}
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False, **options)
        except Exception as error:  # Ray's errors have no common class
            raise ConversionError(f"no cluster of Ray's can be reached: {error}") from error
    try:
        yield _Ray(workers)
    finally:
        if own:
            ray.shutdown()
