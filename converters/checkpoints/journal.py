"""What of a conversion is done, so that one that was interrupted goes on where it stopped.

A file of lines beside what is being written. Several processes may add to it: a line is written at
once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Note = int | list[int] | None
"""What a format has to know of a tensor that it wrote."""


@dataclass(slots=True)
class Journal:
    """What was done.

    Attributes:
        begun: whether the target's files were begun; only then is any of them of use.
        held: the tensors that are in them, with the format's own notes.
        entries: of the manifest, as JSON, by the names of the tensors that were written.
    """

    begun: bool = False
    held: dict[str, Note] = field(default_factory=dict)
    entries: dict[tuple[str, ...], str] = field(default_factory=dict)
    _descriptor: int | None = None

    def begin(self) -> None:
        """The files are there, and hold no tensor yet."""
        self.begun = True
        self._write({"begun": True})

    def add(self, name: str, note: Note = None) -> None:
        """A tensor is in its file."""
        self.held[name] = note
        self._write({"held": name, "note": note})

    def add_entry(self, names: tuple[str, ...], entry: str) -> None:
        """A move's tensors were written; so much for the manifest."""
        self.entries[names] = entry
        self._write({"made": names, "entry": entry})

    def read_again(self) -> None:
        """Learn what other processes did."""
        assert self._descriptor is not None
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            for line in file.read().splitlines()[1:]:
                self._learn(json.loads(line))

    def _learn(self, said: dict[str, Any]) -> None:
        if "held" in said:
            self.held[said["held"]] = said["note"]
        elif "made" in said:
            self.entries[tuple(said["made"])] = said["entry"]
        else:
            self.begun = True

    def _write(self, said: dict[str, Any]) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, json.dumps(said).encode() + b"\n")


@contextmanager
def journal_at(path: Path, job: str) -> Iterator[Journal]:
    """The journal of a job: as it was left, or an empty one.

    Args:
        path: of its file.
        job: what is converted to what; a journal of another job counts for nothing.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        text = path.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        os.ftruncate(descriptor, len(whole))  # a killed process may leave half a line
        journal = Journal(_descriptor=descriptor)
        if whole.partition(b"\n")[0] == job.encode():
            journal.read_again()
        if not journal.begun:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, job.encode() + b"\n")
        yield journal
    finally:
        os.close(descriptor)


@contextmanager
def journal_of_part(path: Path) -> Iterator[Journal]:
    """The journal of a job that another process began, to add to."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        journal = Journal(_descriptor=descriptor)
        journal.read_again()
        yield journal
    finally:
        os.close(descriptor)
