"""Altered checkpoints of every format: ``python -m cases.checkpoint_fuzz``.

Each mutant is read in a worker process with a limit on its memory: it has to be refused with the
error of a damaged file, or read. Where the format has a checksum, no other numbers may be read.
``--write`` keeps the figures in ``reports/baselines/checkpoint_fuzz.json`` and writes
``docs/checkpoint_fuzz.md``.
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from cases.checkpoint_specimens import SPECIMENS, Specimen, specimen, write_all
from cases.figures import BASELINES, read_rows, write_rows
from parity.workers import each, settle

RESULTS = BASELINES / "checkpoint_fuzz.json"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "checkpoint_fuzz.md"
_TOGETHER = 50
_SECONDS = 20.0
"""For one mutant; one that takes longer counts as hanging."""
_MEMORY = 2**30
"""Bytes that a worker may take beyond what it has when it begins."""

Numbers = dict[str, tuple[str, tuple[int, ...], bytes]]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the mutants of one file of a format.

    Attributes:
        name: of the format and file; ``checksum`` whether it has one of the numbers.
        mutants: how many were read.
        refused: how many with the error of a damaged file; ``same`` read as they were.
        altered: how many read as something else.
        failures: other errors, processes that ended, mutants that took too long.
    """

    name: str
    checksum: bool
    mutants: int
    refused: int
    same: int
    altered: int
    failures: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether none failed, and none was altered in spite of a checksum."""
        return not self.failures and not (self.checksum and self.altered) and self.mutants > 0


def mutant(data: bytes, seed: int) -> bytes:
    """The bytes of a file, altered in one of many ways.

    Args:
        data: of a sound file.
        seed: of what is done.
    """
    generator = np.random.default_rng(seed)
    altered = bytearray(data)
    for _ in range(int(generator.integers(1, 4))):
        start = int(generator.integers(0, len(altered) + 1))
        length = int(2 ** generator.uniform(0, np.log2(max(len(altered), 2))))
        piece = slice(start, start + length)
        match int(generator.integers(0, 9)):
            case 0 | 1 | 2 if start < len(altered):
                altered[start] ^= 1 << int(generator.integers(0, 8))
            case 3:
                altered[start : start + 4] = generator.bytes(4)
            case 4:
                altered[piece] = bytes(len(altered[piece]))
            case 5:
                del altered[piece]
            case 6:
                altered[start:start] = altered[piece]
            case 7:
                count = int(generator.choice([1, 2, 4, 8]))
                extreme = int(generator.choice([0, 1, 2**7, 2**8 - 1])).to_bytes(1, "little")
                altered[start : start + count] = extreme * count
            case _:
                del altered[start:]
        if not altered:
            break
    return bytes(altered)


def judge(name: str, folder: str, first: int, count: int) -> tuple[str, ...]:
    """Read some mutants, one after the other.

    Args:
        name: of the specimen.
        folder: where :func:`cases.checkpoint_specimens.write_all` wrote.
        first: seed of the first one.
        count: how many.

    Returns:
        For each ``refused``, ``same``, ``altered``, or what else was raised.
    """
    item = specimen(name)
    sound = Path(folder) / name.replace(" ", "-")
    with tempfile.TemporaryDirectory() as place:
        work = Path(place) / "work"
        shutil.copytree(sound, work)
        expected = _numbers(work / item.path)
        data = (sound / item.file).read_bytes()
        return tuple(_outcome(item, work, data, expected, first + n) for n in range(count))


def _outcome(item: Specimen, work: Path, data: bytes, expected: Numbers, seed: int) -> str:
    from converters import CheckpointError

    (work / item.file).write_bytes(mutant(data, seed))
    try:
        found = _numbers(work / item.path)
    except CheckpointError:
        return "refused"
    except Exception as error:  # noqa: BLE001  # whatever else it is, it is a fault
        return f"mutant {seed}: {type(error).__name__}: {str(error)[:200]}"
    return "same" if found == expected else "altered"


def _numbers(path: Path) -> Numbers:
    from converters import open_checkpoint

    with open_checkpoint(path) as found:
        arrays = {name: found.read(name) for name in found.tensors}
    return {name: (a.dtype.name, a.shape, a.tobytes()) for name, a in arrays.items()}


def _settle() -> None:
    settle()
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + _MEMORY, held + _MEMORY))


def fuzz(mutants: int, *, workers: int = 1, seed: int = 0) -> Iterator[Row]:
    """Read mutants of every specimen.

    Args:
        mutants: how many of each.
        workers: how many processes read.
        seed: of the first mutant.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder))
        outcomes: dict[str, list[str]] = {item.name: [] for item in SPECIMENS}
        tasks = [
            (item.name, folder, seed + start, min(_TOGETHER, mutants - start))
            for item in SPECIMENS
            for start in range(0, mutants, _TOGETHER)
        ]
        alone: list[tuple[str, str, int, int]] = []
        limits = {"workers": workers, "tasks_per_process": 200}
        for task, found in each(
            judge, tasks, seconds=_SECONDS * _TOGETHER / 5, settle=_settle, **limits
        ):
            if isinstance(found, str):  # which of them was it?
                alone += [(*task[:2], task[2] + n, 1) for n in range(task[3])]
            else:
                outcomes[task[0]] += found
        for task, found in each(judge, alone, seconds=_SECONDS, settle=_settle, **limits):
            if isinstance(found, str):
                outcomes[task[0]].append(f"mutant {task[2]}: {found}")
            else:
                outcomes[task[0]] += found
    for item in SPECIMENS:
        counts = Counter(outcomes[item.name])
        known = {word: counts.pop(word, 0) for word in ("refused", "same", "altered")}
        total = len(outcomes[item.name])
        yield Row(item.name, item.checksum, total, failures=tuple(sorted(counts)), **known)


def page(rows: Sequence[Row]) -> str:
    """The table, as Markdown."""
    mutants = sum(row.mutants for row in rows)
    lines = [
        "# Altered checkpoints",
        "",
        "`tox run -e fuzz` alters a sound file of every format: bytes and bits are changed, pieces",
        "are cut out, doubled and set to zeros, the end is cut off. Each of these mutants is read",
        "in a process that may take a gigabyte of memory above what the frameworks take, and has",
        "to be refused with one error, or read. Where the format has a checksum of a file's",
        "numbers, no other numbers may be read; where it has none, no reader can notice a changed",
        "digit, and [a manifest](checkpoints.md#what-is-safe) can.",
        "",
        f"The last whole run read {mutants} mutants.",
        "",
        "| file | checksum | mutants | refused | the same | altered | crashes and the like |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {'yes' if row.checksum else 'no'} | {row.mutants} | {row.refused} | "
        f"{row.same} | {row.altered} | {len(row.failures)} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def current() -> str:
    """The page of the last whole run."""
    return page(read_rows(Row, RESULTS))


@click.command()
@click.option("--mutants", default=2000, show_default=True, help="Of each file.")
@click.option("--workers", default=1, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--write", "kept", is_flag=True, help="Keep the figures and write the page.")
def main(mutants: int, workers: int, seed: int, *, kept: bool) -> None:
    """Read altered checkpoints of every format."""
    rows = tuple(fuzz(mutants, workers=workers, seed=seed))
    for row in rows:
        click.echo(
            f"{'ok  ' if row.passes else 'FAIL'} {row.name}: {row.mutants} mutants, "
            f"{row.refused} refused, {row.same} the same, {row.altered} altered"
        )
        for failure in row.failures:
            click.echo(f"     {failure}")
    if kept:
        write_rows(rows, RESULTS)
        PAGE.write_text(page(rows), encoding="utf-8")
    sys.exit(0 if all(row.passes for row in rows) else 1)


if __name__ == "__main__":
    main()
