"""Which tensor becomes which, and how: a small file that works in both directions.

```toml
[[rule]]
source = "encoder.{layer}.dense.weight"
target = "layers/encoder_{layer}/dense/vars/0"
layout = "transpose"
```

A name in braces stands for the same text on both sides. A rule may join several tensors into one
(``source = ["w_q", "w_k", "w_v"]``) or split one (several targets), along ``axis``.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from converters.checkpoints.rule import Rule
from converters.errors import CheckpointError
from converters.weights import WeightMap


class _File(BaseModel):
    """What a mapping file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One rule applied to the tensors of one checkpoint."""

    rule: Rule
    source: tuple[str, ...]
    target: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameMap:
    """Rules between the tensors of two checkpoints."""

    rules: tuple[Rule, ...]

    @classmethod
    def load(cls, path: Path) -> NameMap:
        """Read a mapping file.

        Raises:
            CheckpointError: it is no TOML, or says something that a rule can't.
        """
        try:
            return cls(_File.model_validate(tomllib.loads(path.read_text())).rule)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CheckpointError(f"{path} is no TOML file: {error}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise CheckpointError(f"{path}: {place}: {first['msg']}.") from error

    @classmethod
    def of(cls, weights: WeightMap) -> NameMap:
        """The rules of a converted model."""
        return cls(
            tuple(
                Rule(
                    source=tuple(map(literal, (r.source, *r.aliases))),
                    target=(literal(r.target),),
                    axes=r.axes,
                    join="same",
                )
                for r in weights
            )
        )

    @classmethod
    def same(cls, names: Iterable[str]) -> NameMap:
        """Every tensor as it is."""
        return cls(tuple(Rule(source=(literal(n),), target=(literal(n),)) for n in names))

    def condensed(self) -> NameMap:
        """The same with one rule for those that differ in a number alone."""
        from converters.checkpoints.patterns import condensed

        return NameMap(condensed(self.rules))

    def dumps(self) -> str:
        """The text of a mapping file."""
        return "\n".join(map(_written, self.rules))

    def leaves_out(self, name: str, *, of_source: bool = False) -> bool:
        """Whether a rule says that a tensor of the target (of the source) has no counterpart."""
        return any(
            _pattern(part).fullmatch(name) is not None
            for rule in self.rules
            if not (rule.target if of_source else rule.source)
            for part in (rule.source if of_source else rule.target)
        )

    def moves(self, names: Collection[str], *, reverse: bool = False) -> tuple[Move, ...]:
        """What is done with the tensors of a checkpoint.

        Args:
            names: of its tensors.
            reverse: it is a checkpoint of the target.

        Raises:
            CheckpointError: a tensor has no rule or several, or a rule no tensor; all are listed.
        """
        left = dict.fromkeys(names)
        found: list[Move] = []
        missing: list[str] = []
        twice: list[str] = []
        for rule in self.rules:
            given, other = (rule.target, rule.source) if reverse else (rule.source, rule.target)
            if not other:
                for pattern in map(_pattern, given):
                    for name in [n for n in left if pattern.fullmatch(n)]:
                        del left[name]
            if not other or not given:
                continue
            places = [
                (name, match) for name in names if (match := _pattern(given[0]).fullmatch(name))
            ]
            if not places and not rule.optional:
                missing.extend(given)
            for _, match in places:
                here = tuple(_filled(part, match.groupdict()) for part in given)
                there = tuple(_filled(part, match.groupdict()) for part in other)
                if rule.join == "same":
                    here = (here[0], *(name for name in here[1:] if name in names))
                twice.extend(name for name in here if name in names and name not in left)
                missing.extend(name for name in here if name not in names)
                for name in here:
                    left.pop(name, None)
                found.append(Move(rule, there, here) if reverse else Move(rule, here, there))
        parts = [
            f"{words}: {', '.join(listed)}"
            for words, listed in (
                ("missing", missing),
                ("without a rule", list(left)),
                ("with several rules", twice),
            )
            if listed
        ]
        if parts:
            raise CheckpointError(
                f"the mapping doesn't fit the checkpoint; {'; '.join(parts)}. Mend the mapping, or "
                "mark what may be missing as optional."
            )
        return tuple(found)


_PLACE = re.compile(r"\{(\w+)\}")
_QUOTED = str.maketrans({"{": "{{", "}": "}}"})


def literal(name: str) -> str:
    """A tensor's name as a rule has it."""
    return name.translate(_QUOTED)


def _written(rule: Rule) -> str:
    given = rule.model_dump(mode="json", exclude_defaults=True)
    lines = ["[[rule]]"]
    for key, value in given.items():
        one = value[0] if key in ("source", "target") and len(value) == 1 else value
        if isinstance(one, dict):
            inner = ", ".join(f"{name} = {number}" for name, number in one.items())
            lines.append(f"{key} = {{ {inner} }}")
            continue
        # JSON's texts, numbers, lists and truth values are TOML's as well
        lines.append(f"{key} = {json.dumps(one, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _pattern(text: str) -> re.Pattern[str]:
    """A name in braces stands for some text without dots and slashes."""
    parts, at, seen = [], 0, set()
    plain = text.replace("{{", "\0").replace("}}", "\1")
    for match in _PLACE.finditer(plain):
        parts.append(re.escape(plain[at : match.start()]))
        name = match.group(1)
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^./]+)")
        seen.add(name)
        at = match.end()
    parts.append(re.escape(plain[at:]))
    return re.compile("".join(parts).replace("\0", r"\{").replace("\1", r"\}"))


def _filled(text: str, values: Mapping[str, str]) -> str:
    plain = text.replace("{{", "\0").replace("}}", "\1")
    return _PLACE.sub(lambda m: values[m.group(1)], plain).replace("\0", "{").replace("\1", "}")
