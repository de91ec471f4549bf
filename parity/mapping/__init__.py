"""Which tensor of one live model is which of another in the other framework."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converters import NameMap, Rule, replaced_file
from parity.check import check
from parity.errors import CheckError, ParityError
from parity.mapping.forms import Form, Unit, units_of
from parity.mapping.probing import Matching, distance, drawn, match, size
from parity.mapping.sides import Side, tensorflow_side, torch_side
from parity.results import Report
from parity.sides import torch_inputs

_UNSEEN = 1e-4


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping that was proven.

    Attributes:
        names: the mapping; ``names.dumps()`` is the text of its file.
        reasons: what decided a rule, by the names of its tensors in the source.
        left_out: tensors of either side that have no counterpart and don't move the outputs.
        report: of the check.
    """

    names: NameMap
    reasons: Mapping[tuple[str, ...], str]
    left_out: tuple[str, ...]
    report: Report

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the mapping file."""
        with replaced_file(Path(path), force=force) as written:
            written.write_text(self.names.dumps())


def map_weights(
    source: Any,
    target: Any,
    inputs: Any,
    *,
    channels_last: bool = False,
    gradients: bool = False,
    seed: int = 0,
) -> Mapped:
    """Find out which weights of two models are which, and prove it.

    The models may hold any weights; those they hold are theirs again in the end. By shapes under
    the known layouts, by what the numbers do, and where these don't tell, by the order of use.

    Args:
        source: a PyTorch module.
        target: a Keras model or a ``tf.Module`` that can be called; its tensors are named as in the
            ``.weights.h5`` file, or in the checkpoint, that it writes.
        inputs: probe inputs, as for :func:`parity.check`. They should make use of all the models
            do.
        channels_last: whether the target takes and returns images with their channels last.
        gradients: as for :func:`parity.check`.
        seed: of the numbers that are tried.

    Returns:
        The mapping, what decided each rule, and the report of the check.

    Raises:
        CheckError: the models differ whatever stands for what, or tensors are left over that move
            the outputs: each with its candidates.
        ParityError: with the weights moved by the mapping, the two are not the same function.
    """
    args, kwargs = torch_inputs(inputs)
    call, arguments = _call(target, args, kwargs, channels_last=channels_last)
    one, other = torch_side(source, args, kwargs), tensorflow_side(target, call, arguments)
    with one.restored(), other.restored():
        units = units_of(one.shapes, set(other.shapes.values()))
        found = match(one, other, units, seed)
        rules, reasons = _rules(one, found)
        over = _left_over(one, other, found, rules, seed)
        names = NameMap((*rules, *over))
        numbers = np.random.default_rng(seed + 99)
        weights = {name: drawn(shape, numbers) for name, shape in one.shapes.items()}
        one.write(weights)
        for rule in rules:
            arrays = [weights[name] for name in _first(rule)]
            other.write(dict(zip(rule.target, rule.forward(arrays), strict=True)))
        shown = _shown(target, call) if channels_last else target
        report = check(source, shown, inputs, gradients=gradients, seed=seed)
    if not report.passes:
        raise ParityError("; ".join(result.summary for result in report.results), report)
    left_out = tuple(name for rule in over for name in (*rule.source, *rule.target))
    return Mapped(names.condensed(), reasons, left_out, report)


def _call(
    target: Any, args: Sequence[Any], kwargs: Mapping[str, Any], *, channels_last: bool
) -> tuple[Any, list[np.ndarray]]:
    """A function of tensors in the order of the source's inputs, and these."""
    import tensorflow as tf

    if not hasattr(target, "variables") or not callable(target):
        raise CheckError(
            f"{type(target).__name__} is no model with variables. Pass a Keras model, or a "
            "tf.Module that can be called."
        )
    keys = list(kwargs)
    arguments = [np.asarray(value) for value in (*args, *kwargs.values())]
    listed = len(getattr(target, "inputs", None) or ()) > 1

    def turned(tensor: Any, *, back: bool = False) -> Any:
        if not channels_last or not tf.is_tensor(tensor) or tensor.shape.rank < 3:
            return tensor
        middle = range(2, tensor.shape.rank) if not back else range(1, tensor.shape.rank - 1)
        ends = (0, *middle, 1) if not back else (0, tensor.shape.rank - 1, *middle)
        return tf.transpose(tensor, ends)

    def call(*tensors: Any) -> Any:
        given = [turned(tensor) for tensor in tensors]
        if listed:
            result = target(given)
        else:
            count = len(given) - len(keys)
            result = target(*given[:count], **dict(zip(keys, given[count:], strict=True)))
        return tf.nest.map_structure(lambda leaf: turned(leaf, back=True), result)

    return call, arguments


def _shown(target: Any, call: Any) -> Any:
    """The target with the source's order of axes, for the check."""

    def model(*tensors: Any, **named: Any) -> Any:
        return call(*tensors, *named.values())

    model.variables = target.variables  # type: ignore[attr-defined]
    return model


def _first(rule: Rule) -> tuple[str, ...]:
    return rule.source[:1] if rule.join == "same" else rule.source


def _rules(one: Side, found: Matching) -> tuple[list[Rule], dict[tuple[str, ...], str]]:
    """A rule for each tensor of the source that has a counterpart."""
    rules: list[Rule] = []
    reasons: dict[tuple[str, ...], str] = {}
    parts: dict[tuple[str, ...], list[tuple[Unit, str, Form, str]]] = {}
    for unit in found.units:
        if unit in found.decided:
            parts.setdefault(unit.names, []).append((unit, *found.decided[unit]))
    for names, group in parts.items():
        unit, _, form, _ = group[0]
        if len(group) != unit.part[1] or len({form.key for _, _, form, _ in group}) > 1:
            continue
        aliases = one.aliases[names[0]] if len(names) == 1 else ()
        more: dict[str, Any] = {"join": "same"} if aliases else {}
        if unit.part[1] > 1:
            more["axis"] = form.axis
        rules.append(form.rule((*names, *aliases), tuple(t for _, t, _, _ in group), **more))
        reasons[names] = ", ".join(dict.fromkeys(reason for *_, reason in group))
    return rules, reasons


def _left_over(
    one: Side, other: Side, found: Matching, rules: Sequence[Rule], seed: int
) -> list[Rule]:
    """Rules that leave out what doesn't matter.

    Raises:
        CheckError: something that matters is left over.
    """
    here = [n for n in one.shapes if not any(n in rule.source for rule in rules)]
    there = [n for n in other.shapes if not any(n in rule.target for rule in rules)]
    generator = np.random.default_rng(seed + 98)
    complaints = []
    for words, side, names in (("PyTorch", one, here), ("TensorFlow", other, there)):
        for name in names:
            if _moves(side, name, generator):
                candidates = ", ".join(_candidates(name, side, here, there, other, found))
                complaints.append(
                    f"  {name} {list(side.shapes[name])} of the {words} model: "
                    + (f"candidates {candidates}" if candidates else "nothing of its shape is left")
                )
    if complaints:
        listed = "\n".join(complaints)
        raise CheckError(
            f"{len(complaints)} tensors that move the outputs have no counterpart for sure:\n"
            f"{listed}\nWrite a mapping file for them, with the rules of docs/checkpoints.md."
        )
    unread = (*here, *one.other, *(alias for name in here for alias in one.aliases[name]))
    left = [Rule(source=(name,), target=()) for name in unread]
    return left + [Rule(source=(), target=(name,)) for name in (*there, *other.other)]


def _moves(side: Side, name: str, generator: np.random.Generator) -> bool:
    before = side.read()[name]
    still = side.run()
    side.write({name: drawn(side.shapes[name], generator)})
    moved = side.run()
    side.write({name: before})
    return distance(moved, still) > _UNSEEN * size(still)


def _candidates(
    name: str,
    side: Side,
    here: Sequence[str],
    there: Sequence[str],
    other: Side,
    found: Matching,
) -> Iterator[str]:
    for unit, forms in found.units.items():
        shapes = {form.shape for form in forms}
        if side is not other and name in unit.names:
            yield from (n for n in there if other.shapes[n] in shapes)
        elif side is other and other.shapes[name] in shapes:
            yield from (n for n in unit.names if n in here)
