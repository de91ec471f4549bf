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
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from converters.checkpoints.names import choices, literal, template, with_parameters
from converters.checkpoints.rule import Rule
from converters.errors import CheckpointError
from converters.weights import WeightMap


class _File(BaseModel):
    """What a mapping file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameters: dict[str, str] = {}
    presets: dict[str, dict[str, int]] = {}
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
    def load(cls, path: str | Path, **parameters: int) -> NameMap:
        """Read a mapping file.

        Args:
            path: of the file; or the name of a built-in mapping (``bert``), or of a size of one
                whose numbers are known (``resnet50``).
            parameters: numbers that the file asks for.

        Raises:
            CheckpointError: it is no TOML, says something that a rule can't, or asks for other
                parameters.
        """
        path, preset = _built_in(Path(path))
        try:
            document = tomllib.loads(path.read_text())
            wanted, numbers = document.get("parameters", {}), {**preset, **parameters}
            _require_given(path, wanted, numbers)
            rules = _File.model_validate(_with_numbers(document, numbers)).rule
            return cls(tuple(one for rule in rules for one in _expanded(path, rule)))
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
            template(part).match(name) is not None
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
                for part in map(template, given):
                    for name in [n for n in left if part.match(n) is not None]:
                        del left[name]
            if not other or not given or any(template(n).empty for n in (*given, *other)):
                continue
            first = template(given[0])
            places = [values for name in names if (values := first.match(name)) is not None]
            pairs = [(_filled(given, values), _filled(other, values)) for values in places]
            found_any = False
            for here, there in pairs:
                if here is None or there is None:
                    continue
                found_any = True
                if rule.join == "same":
                    here = (here[0], *(name for name in here[1:] if name in names))
                twice.extend(name for name in here if name in names and name not in left)
                missing.extend(name for name in here if name not in names)
                for name in here:
                    left.pop(name, None)
                found.append(Move(rule, there, here) if reverse else Move(rule, here, there))
            if not found_any and not rule.optional:
                missing.extend(given)
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


FAMILIES = Path(__file__).with_name("families")


def _built_in(path: Path) -> tuple[Path, dict[str, int]]:
    """The file of a built-in mapping, if that is what is meant, and the numbers of its size."""
    own = FAMILIES / f"{path}.toml"
    if path.suffix or path.exists() or path.name != str(path):
        return path, {}
    if own.is_file():
        return own, {}
    sizes = {
        name: (file, numbers)
        for file in FAMILIES.glob("*.toml")
        for name, numbers in tomllib.loads(file.read_text()).get("presets", {}).items()
    }
    if str(path) not in sizes:
        known = ", ".join(sorted({*sizes, *(item.stem for item in FAMILIES.glob("*.toml"))}))
        raise CheckpointError(
            f"{path} is neither a file nor a built-in mapping. These are {known}."
        )
    return sizes[str(path)]


def _expanded(path: Path, rule: Rule) -> list[Rule]:
    """The rules that one with alternatives stands for."""
    try:
        source, target = ([choices(n) for n in names] for names in (rule.source, rule.target))
        numbers = {len(names) for names in (*source, *target)}
        if len(numbers) > 1:
            raise ValueError(
                f"{', '.join((*rule.source, *rule.target))} don't have as many alternatives each"
            )
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}.") from error
    return [
        rule.model_copy(
            update={
                "source": tuple(names[each] for names in source),
                "target": tuple(names[each] for names in target),
            }
        )
        for each in range(max(numbers, default=1))
    ]


def _require_given(path: Path, wanted: Any, given: Mapping[str, int]) -> None:
    if not isinstance(wanted, dict):
        return  # which is said when the file is validated
    missing = [f"{name} ({words})" for name, words in wanted.items() if name not in given]
    more = [name for name in given if name not in wanted]
    if missing or more:
        parts = [f"it asks for {', '.join(missing)}"] if missing else []
        parts += [f"it has no {', '.join(more)}"] if more else []
        raise CheckpointError(
            f"{path.name}: {'; '.join(parts)}. Give numbers with --set NAME=NUMBER, or to "
            "NameMap.load."
        )


def _with_numbers(document: dict[str, Any], values: Mapping[str, int]) -> dict[str, Any]:
    """A file's content with the numbers that were given for its parameters."""
    if not values or not isinstance(document.get("rule"), list):
        return document
    rules = []
    for rule in document["rule"]:
        rule = dict(rule)
        for key in ("source", "target"):
            given = rule.get(key)
            if isinstance(given, str):
                rule[key] = with_parameters(given, values)
            elif isinstance(given, list):
                rule[key] = [with_parameters(str(name), values) for name in given]
        if isinstance(rule.get("sizes"), dict):
            rule["sizes"] = {axis: values.get(n, n) for axis, n in rule["sizes"].items()}
        rules.append(rule)
    return {**document, "rule": rules}


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


def _filled(names: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...] | None:
    """The names with these values; None if they are beyond what the rule counts to."""
    filled = [template(name).filled(values) for name in names]
    return None if None in filled else tuple(name for name in filled if name is not None)
