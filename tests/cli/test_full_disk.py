"""A disk that takes no more: the user is told, and nothing half-written stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIMITED = """
import resource, sys
from parity.cli import main
from parity.cli.console import load_frameworks
load_frameworks()
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
sys.exit(main(sys.argv[1:]))
"""
SPECIMENS = Path(__file__).parent / "specimens"
ROOT = Path(__file__).parents[2]


def convert(program: str, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, "convert", "specimens:large", str(out), "--no-check"],
        cwd=SPECIMENS,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_that_may_not_grow_is_reported_and_removed(tmp_path):
    done = convert(LIMITED, tmp_path / "out")
    assert done.returncode == 2, done.stderr
    assert "can't be written: File too large" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
