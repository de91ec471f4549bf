"""Work is done in processes of this machine or on a Ray cluster, and none is left behind."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from converters import ConversionError, executor


@pytest.mark.parametrize("place", ["local", "ray"])
def test_work_is_done_elsewhere_and_what_it_raises_is_raised_here(place):
    with executor(place, 2) as pool:
        futures = [pool.submit(operator.mul, number, 2) for number in range(5)]
        process = pool.submit(os.getpid)
        wrong = pool.submit(int, "seven")
        dead = pool.submit(os._exit, 3)
        assert [future.result() for future in futures] == [0, 2, 4, 6, 8]
        assert process.result() != os.getpid()
        with pytest.raises(ValueError, match="seven"):
            wrong.result()
        with pytest.raises((BrokenProcessPool, ConversionError)):
            dead.result()


PROGRAM = """
import os, time
from converters import executor

if __name__ == "__main__":
    with executor(workers=1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 60).result()
"""


def test_the_workers_of_a_program_that_is_killed_end(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, path], stdout=subprocess.PIPE, env=environment
    ) as program:
        assert program.stdout is not None
        worker = Path(f"/proc/{int(program.stdout.readline())}")
        assert worker.exists()
        program.send_signal(signal.SIGKILL)
    end = time.monotonic() + 20
    while worker.exists() and "zombie" not in (worker / "status").read_text():
        assert time.monotonic() < end
        time.sleep(0.1)
