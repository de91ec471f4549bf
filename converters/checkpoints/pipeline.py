"""Tensors on their way from one checkpoint to another, the next one read ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from converters.checkpoints.mapping import Move
from converters.checkpoints.store import Checkpoint
from converters.checkpoints.streams import Numbers, Place
from converters.layout import Axes

_ALLOWANCE = 2**26
"""Bytes that may be in memory beyond twice the largest move's."""
_ROOM = 2**26
"""Bytes of a tensor whose memory is used again."""


def moved(
    checkpoint: Checkpoint, moves: Sequence[Move], *, reverse: bool, read_all: bool = False
) -> Iterator[tuple[Move, list[np.ndarray], list[Numbers]]]:
    """Every move with the tensors it was given and those it made; the next is read meanwhile.

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
        axes = turns(move)
        keeps = axes is not None and list(axes) == sorted(axes) and not read_all
        return checkpoint.place(names(move)[0]) if keeps else None

    def held(move: Move) -> int:
        """Bytes in memory until it is written; what is turned is not copied."""
        return size(move) if turns(move) is not None and not read_all else 2 * size(move)

    def read(move: Move) -> list[np.ndarray]:
        """Into memory that the move before the last one had: new memory has to be cleared first."""
        rooms.reverse()
        only = checkpoint.place(names(move)[0]) if len(names(move)) == 1 else None
        if only is None or not 0 < only.info.bytes <= _ROOM:
            return [checkpoint.read(name) for name in names(move)]
        if len(rooms[0]) < only.info.bytes:
            rooms[0] = np.empty(only.info.bytes, np.uint8)
        return [only.read(rooms[0])]

    rooms = [np.empty(0, np.uint8)] * 2
    largest = max(map(size, moves), default=0)
    ahead: Future[list[np.ndarray]] | None = None
    with ThreadPoolExecutor(1, "reader") as reader:
        for number, move in enumerate(moves):
            found = place(move)
            if found is not None:
                yield move, [], [found] * len(move.source if reverse else move.target)
                continue
            given = ahead.result() if ahead is not None else read(move)
            following = moves[number + 1] if number + 1 < len(moves) else None
            ahead = None
            if (
                following is not None
                and place(following) is None
                and held(move) + size(following) <= 2 * largest + _ALLOWANCE
            ):
                ahead = reader.submit(read, following)
            made = move.rule.backward(given) if reverse else move.rule.forward(given)
            yield move, given, list[Numbers](made)
