"""A checkpoint becomes another: in one process or several, at once or after an interruption."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from converters.checkpoints.formats import format_for, open_checkpoint
from converters.checkpoints.journal import Journal, journal_at, journal_of_part
from converters.checkpoints.manifest import Entry, Manifest
from converters.checkpoints.mapping import Move, NameMap
from converters.checkpoints.pipeline import moved
from converters.checkpoints.store import SHARD, Checkpoint, Output, Write, grouped
from converters.checkpoints.streams import whole
from converters.checkpoints.tensor_info import TensorInfo
from converters.errors import CheckpointError, OutputError
from converters.executors import Place, executor
from converters.files import journal_beside, replaced_checkpoint, replaced_file
from converters.weights import WeightMap

_VERSION = 1
"""Of what is left of an interrupted run: another version of this package may write otherwise."""
_PIECE = 2**28
"""Bytes that a worker converts before it asks for more, at least."""
_PIECES = 4
"""How many times a worker asks, at least, where there is enough."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a conversion wrote.

    Attributes:
        path: of the new checkpoint.
        tensors: how many it holds; ``bytes``: of all their numbers.
        resumed: how many of them an interrupted run had written already.
    """

    path: Path
    tensors: int
    bytes: int
    resumed: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    """What every process has to know.

    Attributes:
        source: the checkpoint; ``root`` is the part of it that is taken.
        reverse: whether it is on the mapping's target side.
        entries: whether a manifest is wanted.
        target: what is written; ``shard`` are a shard's bytes at most.
    """

    source: Path
    root: str
    reverse: bool
    entries: bool
    target: Path
    template: Path | None
    shard: int

    def made(self, move: Move) -> tuple[str, ...]:
        """The tensors that a move writes."""
        return move.source if self.reverse else move.target


def convert_checkpoint(
    source: str | Path,
    target: str | Path,
    *,
    weights: WeightMap | NameMap | str | Path | None = None,
    reverse: bool = False,
    root: str = "",
    template: str | Path | None = None,
    manifest: str | Path | None = None,
    force: bool = False,
    shard: int = SHARD,
    workers: int = 1,
    place: Place = "local",
) -> Copied:
    """Move a checkpoint from one framework's files to another's.

    A run that was interrupted or killed is taken up where it stopped when the same is asked again;
    the result is the same to the byte.

    Args:
        source: the file or folder to read.
        target: what to write; the format follows the suffix, a path without one is a Hugging Face
            folder.
        weights: which tensor becomes which: the ``weights`` of a conversion, a mapping or its file.
            Without one every tensor keeps its name and layout.
        reverse: the source is on the mapping's target side.
        root: as for :func:`open_checkpoint`.
        template: a checkpoint of the same model in the target's format, which is copied and filled:
            needed where the format holds more than tensors (``.keras``, SavedModels).
        manifest: where to write every tensor's rule and hashes before and after.
        force: replace what is there.
        shard: bytes of a shard at most, where the target has several.
        workers: how many processes convert at a time.
        place: where they run, as for :func:`converters.executor`.

    Returns:
        What was written. Nothing is left at ``target`` if anything fails.

    Raises:
        CheckpointError: the source is damaged or unsafe, or doesn't fit the mapping.
        OutputError: the target can't be written, or not by several processes.
    """
    target, filled = Path(target), Path(template) if template else None
    kind = format_for(target, filled)
    written = "whole" if filled else kind.written
    if workers < 1:
        raise OutputError(f"{workers} workers do nothing. Ask for one or more.")
    if (workers > 1 or place != "local") and written != "shared":
        raise OutputError(
            f"{kind.name}{' with a template' if filled else ''} is written by one process. Leave "
            "the workers and the executor out."
        )
    with open_checkpoint(source, root=root) as checkpoint:
        names = _mapping(weights, checkpoint)
        moves = names.moves(checkpoint.tensors, reverse=reverse)
        tensors = announced(checkpoint, moves, reverse=reverse)
        with replaced_checkpoint(target, force=force) as path:
            job = _Job(
                Path(source).absolute(),
                root,
                reverse,
                manifest is not None,
                path.absolute(),
                filled,
                shard,
            )
            with journal_at(
                journal_beside(path), _fingerprint(job, checkpoint.files, moves)
            ) as journal:
                if written == "whole":
                    journal = Journal()
                if not journal.begun:
                    shutil.rmtree(path.parent)  # what another job left
                    path.parent.mkdir()
                resumed = len(journal.held)
                left = [move for move in moves if not _is_done(job, move, journal)]
                output = Output(
                    path,
                    tensors,
                    filled,
                    journal,
                    shard=shard,
                    keeps=partial(names.leaves_out, of_source=reverse),
                )
                with kind.create(output) as write:
                    if written != "whole" and not journal.begun:
                        journal.begin()
                    if workers == 1 and place == "local":
                        _fill(job, checkpoint, left, journal, write)
                    else:
                        _share(job, left, tensors, workers, place)
                        journal.read_again()
            entries = [journal.entries[job.made(move)] for move in moves if job.entries]
    if manifest is not None:
        found = tuple(map(Entry.model_validate_json, entries))
        with replaced_file(Path(manifest), force=True) as file:
            file.write_text(Manifest(tensors=found).model_dump_json(indent=1) + "\n")
    return Copied(target, len(tensors), sum(i.bytes for i in tensors.values()), resumed)


def _is_done(job: _Job, move: Move, journal: Journal) -> bool:
    made = job.made(move)
    return journal.held.keys() >= set(made) and (not job.entries or made in journal.entries)


def _fill(
    job: _Job, checkpoint: Checkpoint, moves: Sequence[Move], journal: Journal, write: Write
) -> None:
    """Make some moves in this process."""
    for move, given, results in moved(checkpoint, moves, reverse=job.reverse, read_all=job.entries):
        made = job.made(move)
        for name, value in zip(made, results, strict=True):
            if name not in journal.held:
                write(name, value)
        if job.entries:
            entry = Entry.of(move, given, map(whole, results), reverse=job.reverse)
            journal.add_entry(made, entry.model_dump_json())


def _share(
    job: _Job,
    moves: Sequence[Move],
    tensors: dict[str, TensorInfo],
    workers: int,
    place: Place,
) -> None:
    """Make them in several processes, piece by piece."""
    sizes = [sum(tensors[name].bytes for name in job.made(move)) for move in moves]
    pieces = grouped(sizes, max(sum(sizes) // (workers * _PIECES), _PIECE))
    with executor(place, workers) as pool:
        tasks = [
            pool.submit(_fill_part, job, [moves[number] for number in piece], tensors)
            for piece in pieces
        ]
        for task in as_completed(tasks):
            task.result()


def _fill_part(job: _Job, moves: Sequence[Move], tensors: dict[str, TensorInfo]) -> None:
    """Make some moves in a process that another one started."""
    with (
        open_checkpoint(job.source, root=job.root) as checkpoint,
        journal_of_part(journal_beside(job.target)) as journal,
        format_for(job.target, None).create(
            Output(job.target, tensors, None, journal, part=True, shard=job.shard)
        ) as write,
    ):
        _fill(job, checkpoint, moves, journal, write)


def announced(
    checkpoint: Checkpoint, moves: Sequence[Move], *, reverse: bool
) -> dict[str, TensorInfo]:
    """Every tensor that some moves write, in their order.

    Raises:
        CheckpointError: two moves write one.
    """
    tensors: dict[str, TensorInfo] = {}
    for move in moves:
        taken, made = (move.target, move.source) if reverse else (move.source, move.target)
        infos = [checkpoint.tensors[name] for name in taken]
        results = move.rule.source_infos(infos) if reverse else move.rule.target_infos(infos)
        for name, info in zip(made, results, strict=True):
            if name in tensors:
                raise CheckpointError(f"two rules of the mapping write {name}. Mend the mapping.")
            tensors[name] = info
    return tensors


def _mapping(weights: WeightMap | NameMap | str | Path | None, checkpoint: Checkpoint) -> NameMap:
    if weights is None:
        return NameMap.same(checkpoint.tensors)
    if isinstance(weights, WeightMap):
        return NameMap.of(weights)
    return weights if isinstance(weights, NameMap) else NameMap.load(Path(weights))


def _fingerprint(job: _Job, files: Sequence[Path], moves: Sequence[Move]) -> str:
    """The same for the same files, converted in the same way to the same format."""
    given = [*files, *([job.template] if job.template else [])]
    stats = [(str(path), (found := path.stat()).st_size, found.st_mtime_ns) for path in given]
    said = [
        (move.rule.model_dump_json(), move.source, move.target, job.made(move)) for move in moves
    ]
    text = json.dumps([_VERSION, stats, said, job.root, job.entries, job.target.name, job.shard])
    return hashlib.sha256(text.encode()).hexdigest()
