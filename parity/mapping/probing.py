"""Which tensor is which, by numbers.

Tensors that might stand for each other are given the same numbers. Then both models compute the
same, whichever stands for which. One is changed: the model that has its counterpart changed alike
gives the same outputs again, and no other does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from parity.errors import CheckError
from parity.mapping.forms import Form, Shape, Unit
from parity.mapping.sides import Arrays, Side

_SAME = 1e-3
"""Outputs are the same if they differ by less, over how far the change moved them: rounding in
float32 stays below, another tensor's influence far above."""
_SEEN = 1e-4
"""A change that moves the outputs by less than this part of them isn't seen."""
_ROUNDING = 8
"""How much more rounding a change may bring than there was before it."""
_ROUNDS = 4
_STEPS = 2**14

Candidate = tuple[str, Form]


@dataclass(slots=True)
class Matching:
    """What is known so far.

    Attributes:
        units: every unit with the forms that fit.
        decided: a unit's counterpart, and why.
        open: the candidates that are left of a unit.
        unseen: units that don't move the outputs.
    """

    units: Mapping[Unit, tuple[Form, ...]]
    decided: dict[Unit, tuple[str, Form, str]] = field(default_factory=dict)
    open: dict[Unit, tuple[Candidate, ...]] = field(default_factory=dict)
    unseen: set[Unit] = field(default_factory=set)


def match(
    source: Side, target: Side, units: Mapping[Unit, tuple[Form, ...]], seed: int
) -> Matching:
    """Find every unit's counterpart.

    Raises:
        CheckError: the two models compute different functions, whichever tensor stands for which.
    """
    found = Matching(units)
    for unit, forms in units.items():
        found.open[unit] = tuple(
            (name, form)
            for form in forms
            for name, shape in target.shapes.items()
            if form.shape == shape
        )
    _decide_single(found, "shape")
    for number in range(_ROUNDS):
        before = len(found.decided)
        if not any(found.open.values()):
            break
        _Probe(source, target, found, seed + number).decide()
        _decide_single(found, "numbers")
        if len(found.decided) == before:
            break
    _decide_in_order(target, found)
    return found


def _decide_single(found: Matching, reason: str) -> None:
    """Units with one candidate, which is no other unit's."""
    while True:
        claims: dict[str, int] = {}
        for candidates in found.open.values():
            for name in {name for name, _ in candidates}:
                claims[name] = claims.get(name, 0) + 1
        sure = [u for u, c in found.open.items() if len(c) == 1 and claims[c[0][0]] == 1]
        for unit in sure:
            _settle(found, unit, *found.open[unit][0], reason)
        if not sure:
            return


def _settle(found: Matching, unit: Unit, name: str, form: Form, reason: str) -> None:
    found.decided[unit] = (name, form, reason)
    del found.open[unit]
    for other, candidates in found.open.items():
        found.open[other] = tuple(c for c in candidates if c[0] != name)


def _decide_in_order(target: Side, found: Matching) -> None:
    """What numbers leave open: the first that is used stands for the first that is used."""
    order = {name: place for place, name in enumerate(target.shapes)}
    for unit in list(found.open):
        candidates = found.open[unit]
        names = {name for name, _ in candidates}
        rivals = [u for u, c in found.open.items() if names & {name for name, _ in c}]
        if candidates and len(rivals) == len({n for u in rivals for n, _ in found.open[u]}):
            first = min(candidates, key=lambda candidate: order[candidate[0]])
            unseen = "; it doesn't move the outputs" if unit in found.unseen else ""
            _settle(found, unit, *first, f"order of use{unseen}")


class _Probe:
    """One round: the same numbers everywhere, then one change after another."""

    def __init__(self, source: Side, target: Side, found: Matching, seed: int) -> None:
        self.source, self.target, self.found = source, target, found
        self.generator = np.random.default_rng(seed)

    def decide(self) -> None:
        """Narrow the candidates down to those that move the outputs alike."""
        before, after = self._alike()
        self.source.write(before)
        self.target.write(after)
        still, other = self.source.run(), self.target.run()
        apart = self._require_same(still, other)
        hidden = max(_SEEN * size(still), _ROUNDING * apart)
        answers: dict[tuple[str, str, tuple[Shape, ...]], list[np.ndarray]] = {}
        for unit, candidates in self.found.open.items():
            change = self._changed(unit, before)
            arrays = _into(before, unit, change)
            self.source.write(arrays)
            moved = self.source.run()
            self.source.write({name: before[name] for name in arrays})
            span = distance(moved, still)
            if span <= hidden:
                self.found.unseen.add(unit)
            else:
                self.found.unseen.discard(unit)
            kept = []
            for name, form in candidates:
                # units of one shape are changed alike, so that one answer serves them all
                key = (name, form.key, tuple(a.shape for a in change))
                if key not in answers:
                    self.target.write({name: form.forward(change)})
                    answers[key] = self.target.run()
                    self.target.write({name: after[name]})
                if unit in self.found.unseen:
                    alike = distance(answers[key], other) <= hidden
                else:
                    alike = distance(answers[key], moved) <= _SAME * span + _ROUNDING * apart
                if alike:
                    kept.append((name, form))
            self.found.open[unit] = tuple(kept)

    def _require_same(self, still: list[np.ndarray], other: list[np.ndarray]) -> float:
        """How far rounding has the outputs apart."""
        shapes, others = [a.shape for a in still], [a.shape for a in other]
        if shapes != others:
            raise CheckError(
                f"the PyTorch model returns tensors of the shapes {shapes}, the TensorFlow model "
                f"{others}. Wrap one of them so that they return the same; --channels-last turns "
                "images round."
            )
        apart = distance(still, other)
        if not apart <= _SAME * size(still):
            raise CheckError(
                "the two models compute different functions, whichever tensor stands for which: "
                "with the same numbers in all tensors that might stand for each other their "
                f"outputs differ by {apart / max(size(still), 1e-300):.3g} of their size. Look for "
                "another epsilon, activation, padding or order of layers."
            )
        return apart

    def _alike(self) -> tuple[Arrays, Arrays]:
        """Numbers for both sides that don't depend on which open tensor stands for which."""
        before = {n: drawn(s, self.generator) for n, s in self.source.shapes.items()}
        after = {n: drawn(s, self.generator) for n, s in self.target.shapes.items()}
        for unit, (name, form, _) in self.found.decided.items():
            after[name] = form.forward(unit.taken(before))
        for group in _groups(self.found.open):
            _equalised(group, self.found.open, before, after, self.generator)
        return before, after

    def _changed(self, unit: Unit, before: Arrays) -> list[np.ndarray]:
        """Other numbers, the same for all units of one shape."""
        arrays = unit.taken(before)
        return [drawn(a.shape, np.random.default_rng(a.shape)) for a in arrays]


def drawn(shape: Shape, generator: np.random.Generator) -> np.ndarray:
    """Numbers that neither die out nor grow on their way through a model.

    They have few digits, so that two of them (the biases of a recurrent cell) add up exactly.
    """
    if len(shape) < 2:  # may be a variance
        numbers = generator.uniform(0.5, 1.5, shape)
    else:
        numbers = generator.standard_normal(shape) * np.sqrt(2 / sum(sorted(shape)[-2:]))
    return np.asarray(np.round(numbers * _STEPS) / _STEPS, np.float32)


def _into(before: Arrays, unit: Unit, change: Sequence[np.ndarray]) -> Arrays:
    """The unit's tensors with other numbers in its part of them."""
    place, count = unit.part
    result = {}
    for name, array in zip(unit.names, change, strict=True):
        parts = np.split(before[name], count)
        parts[place] = array
        result[name] = np.concatenate(parts) if count > 1 else array
    return result


def _groups(open_units: Mapping[Unit, tuple[Candidate, ...]]) -> list[list[Unit]]:
    """Units that share candidates."""
    groups: list[tuple[set[str], list[Unit]]] = []
    for unit, candidates in open_units.items():
        names = {name for name, _ in candidates}
        if not names:
            continue
        joined = [g for g in groups if g[0] & names]
        groups = [g for g in groups if not g[0] & names]
        groups.append(
            (names.union(*(g[0] for g in joined)), [*(u for g in joined for u in g[1]), unit])
        )
    return [units for _, units in groups]


def _equalised(
    group: Sequence[Unit],
    candidates: Mapping[Unit, tuple[Candidate, ...]],
    before: Arrays,
    after: Arrays,
    generator: np.random.Generator,
) -> None:
    """Give a group's tensors on both sides numbers that no choice of counterparts tells apart.

    Every element has a label; elements that some choice puts in the same place get the same label.
    """
    if any(form.key == "stack" for unit in group for _, form in candidates[unit]):
        pair = [drawn(a.shape, generator) for a in group[0].taken(before)]
        for unit in group:  # all are pairs of one shape and form
            before.update(zip(unit.names, pair, strict=True))
            after.update((name, form.forward(pair)) for name, form in candidates[unit])
        return
    far = np.iinfo(np.int64).max
    here = {u: np.full(u.taken(before)[0].shape, far) for u in group}
    there = {n: np.full(after[n].shape, far) for u in group for n, _ in candidates[u]}
    here[group[0]] = np.arange(here[group[0]].size).reshape(here[group[0]].shape)
    changed = True
    while changed:
        changed = False
        for unit in group:
            for name, form in candidates[unit]:
                made = np.minimum(there[name], _laid(form, here[unit]))
                back = np.minimum(here[unit], _laid(form, made, back=True))
                changed |= not np.array_equal(made, there[name])
                changed |= not np.array_equal(back, here[unit])
                there[name], here[unit] = made, back
    numbers = drawn(here[group[0]].shape, generator).ravel()
    for unit, labels in here.items():
        zeros = [np.zeros(labels.shape, np.float32) for _ in unit.names[1:]]
        before.update(_into(before, unit, [numbers[labels], *zeros]))
    after.update((name, numbers[labels]) for name, labels in there.items())


def _laid(form: Form, array: np.ndarray, *, back: bool = False) -> np.ndarray:
    """An array in the target's or the source's layout; of a sum, which keeps it, the one array."""
    if form.key == "sum":
        return array
    rule = form.rule(("t",), ("t",))
    made: np.ndarray = (rule.backward([array]) if back else rule.forward([array]))[0]
    return made


def size(outputs: Sequence[np.ndarray]) -> float:
    """The norm of all outputs."""
    return float(np.sqrt(sum(np.sum(np.square(a, dtype=np.float64)) for a in outputs)))


def distance(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    """The norm of the difference of all outputs; infinite if it isn't a number."""
    apart = size([a.astype(np.float64) - b for a, b in zip(one, other, strict=True)])
    return apart if np.isfinite(apart) else float("inf")
