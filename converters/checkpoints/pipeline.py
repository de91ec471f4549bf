"""Tensors on their way from one checkpoint to another, the next ones read ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from converters.checkpoints.mapping import Move
from converters.checkpoints.raw import room_of
from converters.checkpoints.store import Checkpoint
from converters.checkpoints.streams import Numbers, Place
from converters.layout import Axes

_ALLOWANCE = 2**26
"""Bytes that may be in memory beyond twice the largest move's."""
_AHEAD = 2
"""Moves that are read beside the one that is written."""
_ROOM = 3 * 2**24
"""Bytes of a tensor whose memory is used again."""


def moved(
    checkpoint: Checkpoint, moves: Sequence[Move], *, reverse: bool, read_all: bool = False
) -> Iterator[tuple[Move, list[np.ndarray], list[Numbers]]]:
    """Every move with the tensors it was given and those it made; the next are read meanwhile.

    What neither changes nor has to be seen (``read_all``) is not read, but said where it lies.
    """

    def names(move: Move) -> tuple[str, ...]:
        return move.target if reverse else move.source

    def size(move: Move) -> int:
        return sum(checkpoint.tensors[name].bytes for name in names(move))

    def turns(move: Move) -> Axes | None:
        only = names(move)[0] if len(names(move)) == 1 else None
        return move.rule.turns(checkpoint.tensors[only], reverse=reverse) if only else None

    def place(move: Move) -> Place | None:
        """Where it lies as it shall be."""
        axes = turns(move)
        keeps = axes is not None and list(axes) == sorted(axes) and not read_all
        return checkpoint.place(names(move)[0]) if keeps else None

    def held(move: Move) -> int:
        """Bytes in memory until it is written; what is turned is so while it is read."""
        return size(move) if turns(move) is not None and not read_all else 2 * size(move)

    def read(move: Move, room: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Into memory that an earlier move had, if it suffices: new memory has to be cleared."""
        only = checkpoint.place(names(move)[0]) if len(names(move)) == 1 else None
        axes = None if read_all else turns(move)
        if only is None:
            given = [checkpoint.read(name) for name in names(move)]
            return given if axes is None else [given[0].transpose(axes)], room
        if not 0 < only.info.bytes <= _ROOM:
            return [only.read(None, axes)], room
        if len(room) < only.info.bytes:
            room = room_of(only.info.bytes)
        return [only.read(room, axes)], room

    limit = 2 * max(map(size, moves), default=0) + _ALLOWANCE
    rooms = [np.empty(0, np.uint8)] * (_AHEAD + 1)
    later = deque(move for move in moves if place(move) is None)
    reading: deque[tuple[Move, Future[tuple[list[np.ndarray], np.ndarray]]]] = deque()
    with ThreadPoolExecutor(_AHEAD, "reader") as readers:

        def read_on(now: Move | None) -> None:
            """As far as memory allows beside what is written now; one at least."""
            inside = sum(held(move) for move, _ in reading) + (held(now) if now else 0)
            while later and rooms and (not inside or inside + held(later[0]) <= limit):
                inside += held(later[0])
                following = later.popleft()
                reading.append((following, readers.submit(read, following, rooms.pop())))

        for move in moves:
            found = place(move)
            if found is not None:
                read_on(None)
                yield move, [], [found] * len(move.source if reverse else move.target)
                continue
            read_on(None)
            given, room = reading.popleft()[1].result()
            read_on(move)
            made: Sequence[Numbers]
            if turns(move) is not None and not read_all:
                made = given * len(move.source if reverse else move.target)
            else:
                made = move.rule.backward(given) if reverse else move.rule.forward(given)
            yield move, given, list(made)
            rooms.append(room)
