"""Axes that are split, moved and merged, as a text says it: ``"(heads size) d -> d heads size"``.

The notation is that of einops: axes in parentheses are one axis, 1 is an axis of one element.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

_TOKEN = re.compile(r"\s*(?:\(([^()]*)\)|([A-Za-z_]\w*|1))\s*")
_NAME = re.compile(r"[A-Za-z_]\w*")

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a text says.

    Attributes:
        left: the axes of the source, each with those it is made of; ``right`` of the target.
    """

    left: Groups
    right: Groups

    def shape(
        self, shape: Sequence[int], sizes: Mapping[str, int], *, reverse: bool = False
    ) -> tuple[int, ...]:
        """The shape that an array gets.

        Raises:
            ValueError: it doesn't fit.
        """
        given, other = (self.right, self.left) if reverse else (self.left, self.right)
        known = _solved(given, shape, sizes)
        return tuple(math.prod(known[name] for name in group) for group in other)

    def apply(
        self, array: np.ndarray, sizes: Mapping[str, int], *, reverse: bool = False
    ) -> np.ndarray:
        """The array with its axes so.

        Raises:
            ValueError: it doesn't fit.
        """
        given, other = (self.right, self.left) if reverse else (self.left, self.right)
        known = _solved(given, array.shape, sizes)
        order = [name for group in given for name in group]
        apart = array.reshape([known[name] for name in order])
        moved = apart.transpose([order.index(name) for group in other for name in group])
        return moved.reshape(self.shape(array.shape, sizes, reverse=reverse))


def _solved(groups: Groups, shape: Sequence[int], sizes: Mapping[str, int]) -> dict[str, int]:
    """The size of each axis; one of a group may be left to follow from the others."""
    if len(groups) != len(shape):
        raise ValueError(f"{len(shape)} axes where the pattern has {len(groups)}")
    known = dict(sizes)
    for group, size in zip(groups, shape, strict=True):
        open_names = [name for name in group if name not in known]
        rest = math.prod(known[name] for name in group if name in known)
        if len(open_names) > 1:
            raise ValueError(f"the sizes of {' and '.join(open_names)} aren't said")
        if open_names:
            if not rest or size % rest:
                raise ValueError(f"{size} can't be split into parts of {rest}")
            known[open_names[0]] = size // rest
        elif rest != size:
            raise ValueError(f"an axis of {size} elements where the pattern has {rest}")
    return known


@lru_cache(maxsize=1024)
def parsed(text: str) -> Pattern:
    """Understand a text.

    Raises:
        ValueError: it isn't a pattern.

    >>> parsed("(h k) d -> d h k").shape((12, 5), {"h": 3})
    (5, 3, 4)
    """
    sides = text.split("->")
    if len(sides) != 2:
        raise ValueError(f"{text!r} has no two sides with -> between them")
    left, right = map(_groups, sides)
    names = sorted(name for group in left for name in group)
    if len(set(names)) < len(names) or names != sorted(n for group in right for n in group):
        raise ValueError(f"{text!r} has not each axis once on both sides")
    return Pattern(left, right)


def _groups(text: str) -> Groups:
    groups: list[tuple[str, ...]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"{text.strip()!r} is not made of names, 1 and parentheses")
        names = tuple((match[1] if match[2] is None else match[2]).split())
        if any(name != "1" and not _NAME.fullmatch(name) for name in names):
            raise ValueError(f"{text.strip()!r} is not made of names, 1 and parentheses")
        groups.append(tuple(name for name in names if name != "1"))
        at = match.end()
    return tuple(groups)
