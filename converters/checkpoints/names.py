"""Names of tensors with places for what varies: ``encoder.layer.{i}.weight``.

``{i}`` stands for some text without dots and slashes, the same wherever it stands; ``{#i}`` for a
number. ``{_i}`` is a number as Keras appends it to a name: nothing for 0, ``_1`` for 1.

Numbers can be counted from others: ``{_i+3}`` is ``_3`` for 0, ``{#2*i+1}`` is 1, 3, 5, and
``{_i<3}`` or ``{_i for 1<=i<3}`` says which ``i`` it is for (a decoder's layers behind an
encoder's). ``{weight|bias}`` on one side and ``{0|1}`` on the other are as many rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from converters.errors import CheckpointError

_SUM = r"[+-]?(?:\w+\*)?\w+(?:[+-](?:\w+\*)?\w+)*"
_PLACE = re.compile(rf"\{{([_#]?)({_SUM})(?:<({_SUM})| for (?:({_SUM})<=)?(\w+)(?:<({_SUM}))?)?\}}")
_TERM = re.compile(r"([+-]?)(?:(\w+)\*)?(\w+)")
_CHOICE = re.compile(r"\{([^{}|]+(?:\|[^{}|]+)+)\}")
_QUOTED = str.maketrans({"{": "{{", "}": "}}"})
_WANTED = {"": "[^./]+", "#": "[0-9]{1,18}", "_": "(?:_[1-9][0-9]{0,17})?"}
_OPEN, _CLOSE = "\0", "\1"


def literal(name: str) -> str:
    """A tensor's name as a rule has it."""
    return name.translate(_QUOTED)


def choices(text: str) -> tuple[str, ...]:
    """The names that one with alternatives stands for.

    Raises:
        ValueError: the alternatives at several places aren't as many.

    >>> choices("norm.{weight|bias}")
    ('norm.weight', 'norm.bias')
    """
    plain = _protected(text)
    found = [match[1].split("|") for match in _CHOICE.finditer(plain)]
    if len({len(parts) for parts in found}) > 1:
        raise ValueError(f"{text!r} has alternatives of different numbers")
    if not found:
        return (text,)
    rows = (iter(row) for row in zip(*found, strict=True))
    texts = (_CHOICE.sub(lambda _, row=row: next(row), plain) for row in rows)  # type: ignore[misc]
    return tuple(_restored(each, "{{", "}}") for each in texts)


def with_parameters(text: str, values: Mapping[str, int]) -> str:
    """A name with numbers for the parameters that its places count from.

    >>> with_parameters("decoder{_i+layers}/w", {"layers": 6})
    'decoder{_i+6}/w'
    >>> with_parameters("conv{_3*b+2*first+1 for 1<=b<first}/w", {"first": 3})
    'conv{_3*b+7 for 1<=b<3}/w'
    >>> with_parameters("conv{_2*first+1}/w", {"first": 3})
    'conv_7/w'
    """

    def filled(match: re.Match[str]) -> str:
        kind, total, limit, start, name, end = match.groups()
        if not kind:
            return match[0]
        one = _folded(total, values)
        if re.fullmatch(r"-?\d+", one):
            return _constant(text, kind, int(one))
        if limit is not None:
            return f"{{{kind}{one}<{_folded(limit, values)}}}"
        if name is None:
            return f"{{{kind}{one}}}"
        first = "" if start is None else f"{_folded(start, values)}<="
        last = "" if end is None else f"<{_folded(end, values)}"
        return f"{{{kind}{one} for {first}{name}{last}}}"

    return _restored(_PLACE.sub(filled, _protected(text)), "{{", "}}")


def _folded(total: str, values: Mapping[str, int]) -> str:
    """A sum with its numbers in one."""
    number, named = 0, []
    for sign, factor, name in _terms(total):
        known = values.get(name, int(name) if name.isdecimal() else None)
        times = values.get(factor, int(factor) if factor.isdecimal() else None)
        if known is None or times is None:
            named.append(f"{sign}{name}" if factor == "1" else f"{sign}{factor}*{name}")
        else:
            number += int(f"{sign}1") * times * known
    text = "".join(named).removeprefix("+")
    return f"{text}{number:+d}" if text and number else text or str(number)


def _terms(total: str) -> list[tuple[str, str, str]]:
    """The sign, the factor and the name of each term of a sum."""
    found = []
    for sign, factor, name in _TERM.findall(total):
        turned = name.isdecimal() and factor and not factor.isdecimal()
        found.append((sign or "+", *((name, factor) if turned else (factor or "1", name))))
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """What may stand at a place of a name.

    Attributes:
        kind: "" for text, "#" for a number, "_" for one that Keras appended.
        name: of what varies; the number there is ``step`` times it and ``first``.
        start: the least that it may be, and ``end``, before which it stops.
    """

    kind: str
    name: str
    step: int = 1
    first: int = 0
    start: int = 0
    end: int | None = None

    def read(self, text: str | None) -> str | None:
        """What varies, of what stands there; None if it can't stand there."""
        if self._is_plain:
            return text
        number, rest = divmod(int((text or "").removeprefix("_") or 0) - self.first, self.step)
        return None if rest or not self._has(number) else str(number)

    def written(self, value: str) -> str | None:
        """What stands there for a value; None if there is no such place."""
        if self._is_plain:
            return value
        if not value.isdecimal() or not self._has(int(value)):
            return None
        return _written(self.kind, int(value) * self.step + self.first)

    @property
    def _is_plain(self) -> bool:
        """Whether the text there is what varies."""
        return self.kind == "" or self == Place("#", self.name)

    def _has(self, number: int) -> bool:
        return self.start <= number and (self.end is None or number < self.end)


@dataclass(frozen=True, slots=True)
class Template:
    """A name that was understood.

    Attributes:
        text: of the name, its doubled braces replaced.
        pattern: finds such names.
        places: in their order; group ``g0`` of the pattern is the first.
    """

    text: str
    pattern: re.Pattern[str]
    places: tuple[Place, ...]

    @property
    def empty(self) -> bool:
        """Whether it is for no number at all: those from 1 on and before 1."""
        return any(place.end is not None and place.end <= place.start for place in self.places)

    def match(self, name: str) -> dict[str, str] | None:
        """What the places stand for in a name; None if it is no such name."""
        found = self.pattern.fullmatch(name)
        if found is None:
            return None
        values: dict[str, str] = {}
        for number, place in enumerate(self.places):
            value = place.read(found[f"g{number}"])
            if value is None or values.setdefault(place.name, value) != value:
                return None
        return values

    def filled(self, values: Mapping[str, str]) -> str | None:
        """The name with these values; None if one of them is no number, or out of range."""
        parts, at = [], 0
        for place, match in zip(self.places, _PLACE.finditer(self.text), strict=True):
            value = place.written(values[place.name])
            if value is None:
                return None
            parts += [self.text[at : match.start()], value]
            at = match.end()
        return _restored("".join([*parts, self.text[at:]]), "{", "}")


@lru_cache(maxsize=65536)
def template(text: str) -> Template:
    """Understand a name.

    Raises:
        CheckpointError: a place counts from a parameter that has no number.
    """
    plain = _protected(text)
    parts, at = [], 0
    places: list[Place] = []
    for number, match in enumerate(_PLACE.finditer(plain)):
        places.append(_understood(text, match))
        wanted = _WANTED[match[1]]
        parts += [re.escape(plain[at : match.start()]), f"(?P<g{number}>{wanted})"]
        at = match.end()
    parts.append(re.escape(plain[at:]))
    pattern = re.compile(_restored("".join(parts), r"\{", r"\}"))
    return Template(plain, pattern, tuple(places))


def _understood(text: str, match: re.Match[str]) -> Place:
    kind, total, limit, start, bound, end = match.groups()
    terms = _terms(total)
    name = bound or next((name for _, _, name in terms if not name.isdecimal()), total)
    if not kind:
        if total != name or limit or start or end:
            raise CheckpointError(f"{text!r} counts at {{{total}}}: write {{#{total}}}.")
        return Place(kind, name)
    own = "".join(f"{sign}{factor}" for sign, factor, each in terms if each == name)
    rest = "".join(f"{sign}{factor}*{each}" for sign, factor, each in terms if each != name)
    step = _number(text, own or "0")
    last = limit or end
    if step < 1:
        raise CheckpointError(f"{text!r} doesn't count up with {name}.")
    return Place(
        kind,
        name,
        step,
        _number(text, rest or "0"),
        _number(text, start or "0"),
        None if last is None else _number(text, last),
    )


def _number(text: str, total: str) -> int:
    """A sum of numbers.

    Raises:
        CheckpointError: something in it is none.
    """
    folded = _folded(total, {})
    try:
        return int(folded)
    except ValueError:
        named = next(name for _, _, name in _terms(folded) if not name.isdecimal())
        raise CheckpointError(
            f"{text!r} counts from {named}, which no number was given for."
        ) from None


def _written(kind: str, number: int) -> str | None:
    """A number as it stands in a name; None if it is none."""
    if number < 0:
        return None
    return str(number) if kind == "#" else f"_{number}" if number else ""


def _constant(text: str, kind: str, number: int) -> str:
    """A number that follows from the parameters."""
    written = _written(kind, number)
    if written is None:
        raise CheckpointError(f"{text!r} comes to {number}: the numbers that were given don't fit.")
    return written


def _protected(text: str) -> str:
    return text.replace("{{", _OPEN).replace("}}", _CLOSE)


def _restored(text: str, opening: str, closing: str) -> str:
    return text.replace(_OPEN, opening).replace(_CLOSE, closing)
