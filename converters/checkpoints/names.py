"""Names of tensors with places for what varies: ``encoder.layer.{i}.weight``.

``{i}`` stands for some text without dots and slashes, the same wherever it stands; ``{#i}`` for a
number. ``{_i}`` is a number as Keras appends it to a name: nothing for 0, ``_1`` for 1. ``{_i+3}``
counts from 3 on, and ``{_i<3}`` stops before 3 (a decoder's layers behind an encoder's).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from converters.errors import CheckpointError

_PLACE = re.compile(r"\{([_#]?)(\w+?)(?:([+<])(\w+))?\}")
_QUOTED = str.maketrans({"{": "{{", "}": "}}"})
_WANTED = {"": "[^./]+", "#": "[0-9]+", "_": "(?:_[1-9][0-9]*)?"}
_OPEN, _CLOSE = "\0", "\1"


def literal(name: str) -> str:
    """A tensor's name as a rule has it."""
    return name.translate(_QUOTED)


def with_parameters(text: str, values: Mapping[str, int]) -> str:
    """A name with numbers for the parameters that its places count from.

    >>> with_parameters("decoder{_i+layers}/w", {"layers": 6})
    'decoder{_i+6}/w'
    """

    def filled(match: re.Match[str]) -> str:
        number = str(values.get(match[4], match[4])) if match[4] else ""
        return f"{{{match[1]}{match[2]}{match[3] or ''}{number}}}"

    return _restored(_PLACE.sub(filled, _protected(text)), "{{", "}}")


@dataclass(frozen=True, slots=True)
class Template:
    """A name that was understood.

    Attributes:
        text: of the name, its doubled braces replaced.
        pattern: finds such names.
        places: what each group of the pattern is: the place, whether it is a number that Keras
            appended, from where it counts, and before which it stops.
    """

    text: str
    pattern: re.Pattern[str]
    places: Mapping[str, tuple[str, bool, int, int | None]]

    def match(self, name: str) -> dict[str, str] | None:
        """What the places stand for in a name; None if it is no such name."""
        found = self.pattern.fullmatch(name)
        if found is None:
            return None
        values: dict[str, str] = {}
        for group, (place, appended, first, end) in self.places.items():
            text = found[group] or ""
            if appended:
                number = int(text[1:] or 0) - first
                if number < 0 or (end is not None and number >= end):
                    return None
                text = str(number)
            if values.setdefault(place, text) != text:
                return None
        return values

    def filled(self, values: Mapping[str, str]) -> str | None:
        """The name with these values; None if one of them is no number, or too large."""
        parts, at = [], 0
        for match in _PLACE.finditer(self.text):
            value = values[match[2]]
            if match[1] == "_":
                if not value.isdecimal() or (match[3] == "<" and int(value) >= int(match[4])):
                    return None
                number = int(value) + (int(match[4]) if match[3] == "+" else 0)
                value = f"_{number}" if number else ""
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
    places: dict[str, tuple[str, bool, int, int | None]] = {}
    for number, match in enumerate(_PLACE.finditer(plain)):
        if match[3] and not match[4].isdecimal():
            raise CheckpointError(
                f"{text!r} counts from {match[4]}, which no number was given for."
            )
        limit = int(match[4]) if match[3] else 0
        places[f"g{number}"] = (
            match[2],
            match[1] == "_",
            limit if match[3] == "+" else 0,
            limit if match[3] == "<" else None,
        )
        wanted = _WANTED[match[1]]
        parts += [re.escape(plain[at : match.start()]), f"(?P<g{number}>{wanted})"]
        at = match.end()
    parts.append(re.escape(plain[at:]))
    return Template(plain, re.compile(_restored("".join(parts), r"\{", r"\}")), places)


def _protected(text: str) -> str:
    return text.replace("{{", _OPEN).replace("}}", _CLOSE)


def _restored(text: str, opening: str, closing: str) -> str:
    return text.replace(_OPEN, opening).replace(_CLOSE, closing)
