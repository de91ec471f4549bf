"""Members of a zip file, where they lie and their checksums.

Source: APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3.7, 4.3.9 and 4.3.12.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from converters.checkpoints.checksums import crc32
from converters.checkpoints.raw import read_at
from converters.errors import CheckpointError

_LOCAL, _CENTRAL = 30, 46
_CHUNK = 2**20
DAMAGES = (
    zipfile.BadZipFile, struct.error, OSError, NotImplementedError, RuntimeError, ValueError,
    EOFError, zlib.error,
)  # fmt: skip
"""What :mod:`zipfile` raises of a damaged file."""


@dataclass(frozen=True, slots=True)
class Members:
    """Stored members by where their bytes begin: how many they are, and their CRC-32.

    Attributes:
        path: of the file.
        at: the members; ``checked`` those that were found sound.
    """

    path: Path
    at: Mapping[int, tuple[int, int]]
    checked: set[int] = field(default_factory=set)

    def check(self, descriptor: int, start: int, view: memoryview | None = None) -> None:
        """Compare a member with its checksum, once.

        Args:
            descriptor: of the file.
            start: where the member's bytes begin.
            view: all of them, if they were read already.

        Raises:
            CheckpointError: no member begins there, or its bytes have another checksum.
        """
        if start in self.checked:
            return
        size, _ = self._known(start)
        self.compare(start, crc32(view) if view is not None else self._sum(descriptor, start, size))

    def compare(self, start: int, found: int) -> None:
        """Compare a member's checksum with the one that was found.

        Raises:
            CheckpointError: as for :meth:`check`.
        """
        if self._known(start)[1] != found:
            raise CheckpointError(
                f"{self.path} was altered or damaged: a checksum is wrong. Fetch it again; if it "
                "was saved with checksums switched off, load it and save it again with them."
            )
        self.checked.add(start)

    def _known(self, start: int) -> tuple[int, int]:
        if start not in self.at:
            raise CheckpointError(f"{self.path} has no member at {start}. Fetch or save it again.")
        return self.at[start]

    def _sum(self, descriptor: int, start: int, size: int) -> int:
        buffer, total = bytearray(min(size, _CHUNK)), 0
        for done in range(0, size, _CHUNK):
            part = memoryview(buffer)[: min(_CHUNK, size - done)]
            read_at(descriptor, part, start + done, self.path)
            total = crc32(part, total)
        return total


def members_of(path: Path) -> Members:
    """The stored members of a zip file.

    Raises:
        CheckpointError: the file is damaged.
    """
    found = {}
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb", buffering=0) as file:
            for entry in archive.infolist():
                if entry.compress_type == zipfile.ZIP_STORED:
                    found[_data(file.fileno(), entry)] = (entry.file_size, entry.CRC)
                if "/data/" not in entry.filename:  # the pickle and small text
                    require_sound(archive, entry)
    except DAMAGES as error:
        raise CheckpointError(f"{path} is damaged: {error}. Fetch or save it again.") from error
    return Members(path, found)


def is_zip(path: Path) -> bool:
    """Whether a file is a zip file.

    Raises:
        CheckpointError: it is a damaged one.
    """
    try:
        return zipfile.is_zipfile(path)
    except DAMAGES as error:
        raise CheckpointError(f"{path} is damaged: {error}. Fetch or save it again.") from error


def require_sound(archive: zipfile.ZipFile, entry: zipfile.ZipInfo | str) -> None:
    """Compare a member with its checksum.

    Raises:
        BadZipFile: it was altered.
    """
    with archive.open(entry) as member:
        while member.read(_CHUNK):  # at its end the checksum is compared
            pass


def _data(descriptor: int, entry: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin: behind its own header, whose length only it knows."""
    header = os.pread(descriptor, _LOCAL, entry.header_offset)
    name, extra = struct.unpack("<HH", header[26:30])
    return int(entry.header_offset + _LOCAL + name + extra)


def write_checksums(path: Path, descriptor: int, sums: Mapping[str, object]) -> None:
    """Write members' checksums behind the members and into the file's directory.

    Args:
        path: of the file.
        descriptor: of the same, for writing.
        sums: CRC-32 by the member's name below the archive's first folder.
    """
    with zipfile.ZipFile(path) as archive:
        place = archive.start_dir
        for entry in archive.infolist():
            fixed = os.pread(descriptor, _CENTRAL, place)
            checksum = sums.get(entry.filename.partition("/")[2])
            if isinstance(checksum, int):
                packed = struct.pack("<I", checksum)
                os.pwrite(descriptor, packed, place + 16)
                behind = _data(descriptor, entry) + entry.file_size
                if entry.flag_bits & 8 and os.pread(descriptor, 4, behind) == b"PK\x07\x08":
                    os.pwrite(descriptor, packed, behind + 4)
            place += _CENTRAL + sum(struct.unpack("<HHH", fixed[28:34]))
