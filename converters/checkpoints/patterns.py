"""Rules that differ in numbers alone, written as one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from converters.checkpoints.rule import Rule

_NUMBER = re.compile(r"\d+")
_LETTERS = "ijklmn"


def condensed(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules with a name in braces for each number that counts them up.

    >>> rules = [Rule(source=f"h.{n}.w", target=f"layers/h_{n}/vars/0") for n in range(3)]
    >>> [(rule.source, rule.target) for rule in condensed(rules)]
    [(('h.{i}.w',), ('layers/h_{i}/vars/0',))]
    """
    groups: dict[tuple[object, ...], list[Rule]] = {}
    for rule in rules:
        bare = [tuple(_NUMBER.sub("#", name) for name in names) for names in _names(rule)]
        options = rule.model_dump_json(exclude={"source", "target"})
        groups.setdefault((*bare, options), []).append(rule)
    result: list[Rule] = []
    for group in groups.values():
        one = _one(group) if len(group) > 1 else None
        result.extend([one] if one is not None and _says(one, group) else group)
    return tuple(result)


def _names(rule: Rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return rule.source, rule.target


def _one(group: Sequence[Rule]) -> Rule | None:
    """One rule for all; None if a number of the target is not one of the source."""
    rows = [[n for name in (*r.source, *r.target) for n in _NUMBER.findall(name)] for r in group]
    columns = list(zip(*rows, strict=True))
    letters: dict[tuple[str, ...], str] = {}
    known = sum(len(_NUMBER.findall(name)) for name in group[0].source)
    for place, column in enumerate(columns):
        if len(set(column)) == 1 or column in letters:
            continue
        if (place >= known and group[0].source) or len(letters) == len(_LETTERS):
            return None
        letters[column] = _LETTERS[len(letters)]
    left = iter(columns)

    def filled(name: str) -> str:
        def number(match: re.Match[str]) -> str:
            letter = letters.get(next(left))
            return match[0] if letter is None else f"{{{letter}}}"

        return _NUMBER.sub(number, name)

    source = tuple(map(filled, group[0].source))
    target = tuple(map(filled, group[0].target))
    return group[0].model_copy(update={"source": source, "target": target})


def _says(one: Rule, group: Sequence[Rule]) -> bool:
    """Whether a rule of patterns is what the single ones are, in either direction."""
    from converters.checkpoints.mapping import NameMap

    wanted = sorted(_names(rule) for rule in group)
    for side, reverse in ((0, False), (1, True)):
        given = [name for names in wanted for name in names[side]]
        if not given:
            continue
        if not one.source or not one.target:
            return len(NameMap((one,)).moves(given, reverse=reverse)) == 0
        moves = NameMap((one,)).moves(given, reverse=reverse)
        if sorted((move.source, move.target) for move in moves) != wanted:
            return False
    return True
