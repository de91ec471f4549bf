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
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from converters.checkpoints.tensor_info import TensorInfo
from converters.dtypes import DType
from converters.errors import CheckpointError
from converters.layout import inverse
from converters.weights import WeightMap

Layout = Literal["same", "transpose", "convolution"]
Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)
]


class Rule(BaseModel):
    """How tensors cross.

    Attributes:
        source: their names in the source; several are joined along ``axis``. None, if tensors of
            the target are left out on the way back.
        target: their names in the target; one that is to become several is split along ``axis``.
            None, if tensors of the source are left out.
        layout: "transpose" turns the axes round, "convolution" puts the two channel axes of a
            kernel of any rank last, in the other order (as Keras has them).
        axes: instead of a layout, which of the source's axes each of the target's is.
        axis: of joining, splitting and reordering, in the target's order of axes.
        join: "concat" and "stack" put tensors beside each other; "sum" adds them up, and gives all
            to the first one, zeros to the others on the way back (the two biases of PyTorch's
            recurrent cells); "same" are names of one tensor (tied weights), of which the source
            may lack all but the first.
        blocks: the target's equal parts along ``axis`` are these of the source (gates of recurrent
            cells); ``block_axis`` if it is another axis than that of joining and splitting.
        dtype: of the target; the source's if it is not given. The way back has the source's again.
        optional: whether the tensors may be missing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Names
    target: Names
    layout: Layout = "same"
    axes: tuple[int, ...] | None = None
    axis: int = 0
    join: Literal["concat", "stack", "sum", "same"] = "concat"
    blocks: tuple[int, ...] | None = None
    block_axis: int | None = None
    dtype: DType | None = None
    optional: bool = False

    def forward(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The target's tensors of the source's.

        Raises:
            CheckpointError: their shapes don't fit the rule. Nothing is squeezed or broadcast.
        """
        array = self._joined([a.transpose(self._axes(a.ndim)) for a in arrays])
        if self.blocks is not None:
            array = self._reordered(array, self.blocks)
        parts = self._split(array, len(self.target))
        return [part if self.dtype is None else part.astype(self.dtype.numpy) for part in parts]

    def backward(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The source's tensors of the target's.

        Raises:
            CheckpointError: as for :meth:`forward`.
        """
        array = np.concatenate(arrays, self.axis) if len(arrays) > 1 else arrays[0]
        if self.blocks is not None:
            array = self._reordered(array, inverse(self.blocks))
        if len(self.source) == 1:
            parts = [array]
        elif self.join == "same":
            parts = [array] * len(self.source)
        elif self.join == "sum":
            parts = [array, *(np.zeros_like(array) for _ in self.source[1:])]
        elif self.join == "stack":
            if array.shape[self.axis] != len(self.source):
                raise self._unfit(array.shape)
            parts = [np.take(array, place, self.axis) for place in range(len(self.source))]
        else:
            parts = self._split(array, len(self.source))
        return [part.transpose(inverse(self._axes(part.ndim))) for part in parts]

    def keeps(self, info: TensorInfo) -> bool:
        """Whether such a tensor, alone, stays as it is in either direction."""
        return (
            len(self.target) == 1
            and self.blocks is None
            and (len(self.source) == 1 or self.join == "same")
            and self.dtype in (None, info.dtype)
            and self._axes(len(info.shape)) == tuple(range(len(info.shape)))
        )

    def target_infos(self, infos: Sequence[TensorInfo]) -> list[TensorInfo]:
        """What :meth:`forward` will return, from the tensors without their numbers.

        Raises:
            CheckpointError: as for :meth:`forward`.
        """
        shapes = [tuple(i.shape[axis] for axis in self._axes(len(i.shape))) for i in infos]
        shape, dtype = self._joined_shape(shapes), self.dtype or infos[0].dtype
        self._part(shape, len(self.blocks or ()) or 1, self._block_axis)
        return [TensorInfo(self._part(shape, len(self.target)), dtype) for _ in self.target]

    def source_infos(self, infos: Sequence[TensorInfo]) -> list[TensorInfo]:
        """What :meth:`backward` will return, from the tensors without their numbers.

        Raises:
            CheckpointError: as for :meth:`backward`.
        """
        shape = list(infos[0].shape)
        if len(infos) > 1:
            shape[self.axis] = sum(i.shape[self.axis] for i in infos)
        part = tuple(shape)
        self._part(part, len(self.blocks or ()) or 1, self._block_axis)
        if len(self.source) > 1 and self.join == "stack":
            if shape.pop(self.axis) != len(self.source):
                raise self._unfit(part)
            part = tuple(shape)
        elif len(self.source) > 1 and self.join == "concat":
            part = self._part(part, len(self.source))
        back = tuple(part[axis] for axis in inverse(self._axes(len(part))))
        return [TensorInfo(back, infos[0].dtype) for _ in self.source]

    def _joined_shape(self, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        first = list(shapes[0])
        if len(shapes) == 1:
            return shapes[0]
        if self.join == "concat":
            rests = {(*s[: self.axis], *s[self.axis + 1 :]) for s in shapes}
            if len(rests) > 1 or len(first) <= self.axis:
                raise self._unfit(*shapes)
            first[self.axis] = sum(s[self.axis] for s in shapes)
        elif len(set(shapes)) > 1:
            raise self._unfit(*shapes)
        elif self.join == "stack":
            first.insert(self.axis, len(shapes))
        return tuple(first)

    @property
    def _block_axis(self) -> int:
        return self.axis if self.block_axis is None else self.block_axis

    def _part(self, shape: tuple[int, ...], count: int, axis: int | None = None) -> tuple[int, ...]:
        """The shape of one of some equal parts."""
        if count == 1:
            return shape
        axis = self.axis if axis is None else axis
        if len(shape) <= axis or shape[axis] % count:
            raise self._unfit(shape)
        return (*shape[:axis], shape[axis] // count, *shape[axis + 1 :])

    def _axes(self, rank: int) -> tuple[int, ...]:
        if self.axes is not None:
            if sorted(self.axes) != list(range(rank)):
                raise CheckpointError(
                    f"{', '.join(self.source)} has {rank} axes, but the rule moves "
                    f"{list(self.axes)}."
                )
            return self.axes
        if self.layout == "transpose":
            return tuple(reversed(range(rank)))
        if self.layout == "convolution":
            if rank < 3:
                raise CheckpointError(f"{', '.join(self.source)} is no convolution's kernel.")
            return (*range(2, rank), 1, 0)
        return tuple(range(rank))

    def _joined(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        self._joined_shape([a.shape for a in arrays])
        if len(arrays) == 1:
            return arrays[0]
        if self.join == "same":
            if any(not np.array_equal(a, arrays[0], equal_nan=True) for a in arrays):
                raise CheckpointError(f"{', '.join(self.source)} are to be one tensor, but differ.")
            return arrays[0]
        if self.join == "stack":
            return np.stack(arrays, self.axis)
        if self.join == "sum":
            total: np.ndarray = np.sum(arrays, 0, dtype=arrays[0].dtype)
            return total
        return np.concatenate(arrays, self.axis)

    def _split(self, array: np.ndarray, count: int) -> list[np.ndarray]:
        self._part(array.shape, count)
        return [array] if count == 1 else list(np.split(array, count, self.axis))

    def _reordered(self, array: np.ndarray, order: Sequence[int]) -> np.ndarray:
        self._part(array.shape, len(order), self._block_axis)
        parts = np.split(array, len(order), self._block_axis)
        return np.concatenate([parts[place] for place in order], self._block_axis)

    def _unfit(self, *shapes: tuple[int, ...]) -> CheckpointError:
        return CheckpointError(
            f"{', '.join(self.source)} to {', '.join(self.target)}: "
            f"{' and '.join(map(str, shapes))} don't fit the rule along axis {self.axis}."
        )


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
                    source=tuple(map(_literal, (r.source, *r.aliases))),
                    target=(_literal(r.target),),
                    axes=r.axes,
                    join="same",
                )
                for r in weights
            )
        )

    @classmethod
    def same(cls, names: Iterable[str]) -> NameMap:
        """Every tensor as it is."""
        return cls(tuple(Rule(source=(_literal(n),), target=(_literal(n),)) for n in names))

    def condensed(self) -> NameMap:
        """The same with one rule for those that differ in a number alone."""
        from converters.checkpoints.patterns import condensed

        return NameMap(condensed(self.rules))

    def dumps(self) -> str:
        """The text of a mapping file."""
        return "\n".join(map(_written, self.rules))

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


def _literal(name: str) -> str:
    return name.translate(_QUOTED)


def _written(rule: Rule) -> str:
    given = rule.model_dump(mode="json", exclude_defaults=True)
    lines = ["[[rule]]"]
    for key, value in given.items():
        one = value[0] if key in ("source", "target") and len(value) == 1 else value
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
