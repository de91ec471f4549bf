"""Tensors on their way from one checkpoint to another, the next ones read ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from converters.checkpoints.mapping import Move
from converters.checkpoints.store import Checkpoint
from converters.checkpoints.streams import Numbers, Place

_ALLOWANCE = 2**26
"""Bytes that may be in memory beyond twice the largest move's."""
_AHEAD = 2
"""Moves that are read beside the one that is written."""


def moved(
    checkpoint: Checkpoint, moves: Sequence[Move], *, reverse: bool, read_all: bool = False
) -> Iterator[tuple[Move, list[np.ndarray], list[Numbers]]]:
    """Every move with the tensors it was given and those it made; the next are read meanwhile.

    What at most has its axes turned and needn't be seen (``read_all``) is not read, but said where
    it lies.
    """

    def names(move: Move) -> tuple[str, ...]:
        return move.target if reverse else move.source

    def size(move: Move) -> int:
        return sum(checkpoint.tensors[name].bytes for name in names(move))

    def place(move: Move) -> Place | None:
        """Where it lies, with its axes as they shall be."""
        if read_all or len(names(move)) != 1:
            return None
        (only,) = names(move)
        axes = move.rule.turns(checkpoint.tensors[only], reverse=reverse)
        found = checkpoint.place(only) if axes is not None else None
        return found.turned(axes) if found is not None and axes is not None else None

    def held(move: Move) -> int:
        """Bytes in memory until it is written: what is read, and what is made of it."""
        found = places[id(move)]
        return 2 * size(move) if found is None else size(move) if found.axes is not None else 0

    def fetch(move: Move) -> list[np.ndarray] | Place:
        found = places[id(move)]
        return found.fetched() if found else [checkpoint.read(name) for name in names(move)]

    limit = 2 * max(map(size, moves), default=0) + _ALLOWANCE
    places = {id(move): place(move) for move in moves}
    later = deque(moves)
    fetching: deque[tuple[Move, Future[list[np.ndarray] | Place]]] = deque()
    with ThreadPoolExecutor(_AHEAD, "reader") as readers:

        def fetch_on(now: Move | None) -> None:
            """As far as memory allows beside what is written now; one at least."""
            inside = sum(held(move) for move, _ in fetching) + (held(now) if now else 0)
            while later and len(fetching) < _AHEAD:
                inside += held(later[0])
                if inside > limit and (fetching or now):
                    break
                following = later.popleft()
                fetching.append((following, readers.submit(fetch, following)))

        for move in moves:
            fetch_on(None)
            given = fetching.popleft()[1].result()
            fetch_on(move)
            if isinstance(given, Place):
                yield move, [], [given] * len(move.source if reverse else move.target)
            else:
                made = move.rule.backward(given) if reverse else move.rule.forward(given)
                yield move, given, list(made)
