"""The state of an optimiser crosses with the weights: moments have their weights' layouts.

Source of the formulas: torch.optim.SGD, Adam and AdamW; keras.optimizers of the same names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from converters.checkpoints.keras_names import Save, file_names
from converters.checkpoints.mapping import NameMap
from converters.checkpoints.names import literal
from converters.checkpoints.rule import Rule
from converters.dtypes import DType
from converters.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class _Slot:
    """What both keep of a weight.

    Attributes:
        source: in PyTorch's state.
        target: the attribute of Keras's optimiser that lists it by weight.
        scale: what Keras's is of PyTorch's.
    """

    source: str
    target: str
    scale: float | None = None


_DEFAULTS = {
    "clipnorm": None, "clipvalue": None, "global_clipnorm": None, "use_ema": False,
    "loss_scale_factor": None, "gradient_accumulation_steps": None,
}  # fmt: skip


def optimizer_rules(
    names: NameMap,
    module: Any,
    optimizer: Any,
    target: Any,
    target_optimizer: Any,
    *,
    roots: tuple[str, str] = ("model", "optimizer"),
    save: Save | None = None,
) -> NameMap:
    """A mapping of weights, with the state of the optimiser that trains them.

    It is for checkpoints of PyTorch like ``{"model": module.state_dict(), "optimizer":
    optimizer.state_dict()}``, and for the file of a Keras model that holds its optimiser. What only
    one side has (the learning rate of Keras, parameter groups of PyTorch) is left out: pass a
    ``template`` that has it.

    Args:
        names: the mapping of the weights, for instance that of :func:`parity.map_weights`.
        module: the PyTorch module.
        optimizer: SGD, Adam or AdamW of ``torch.optim`` over its parameters.
        target: the Keras model.
        target_optimizer: the same of Keras, built for its trainable variables.
        roots: where in PyTorch's checkpoint the weights and the optimiser are.
        save: how the target is saved, if not by ``save_weights``: a function that writes it into a
            folder, for instance as a ``tf.train.Checkpoint``.

    Returns:
        The mapping of all, in either direction.

    Raises:
        CheckpointError: the two optimisers wouldn't take the same steps.
    """
    slots = _slots(optimizer, target_optimizer)
    numbers = {name: place for place, name in enumerate(_parameters(module, optimizer))}
    variables = [v for v in target.variables if str(v.dtype) != "string"]
    plain = file_names(target, variables)
    known = dict(zip(plain.names, variables, strict=True))
    kept = [v for slot in slots for v in getattr(target_optimizer, slot.target)]
    everything = [*variables, target_optimizer.iterations, *kept]
    saved = file_names(target, everything, save)
    called = {id(v): name for v, name in zip(everything, saved.names, strict=True)}
    places = {id(v): place for place, v in enumerate(target_optimizer._trainable_variables)}
    held = module.state_dict()
    rules: list[Rule] = []
    steps: list[str] = []
    written: set[str] = set()
    for move in names.moves([n for n in held if not names.leaves_out(n, of_source=True)]):
        here = tuple(literal(f"{roots[0]}.{name}") for name in move.source)
        there = [known[name] for name in move.target]
        rules.append(_named(move.rule, here, [called[id(v)] for v in there]))
        written.update(rules[-1].target)
        if not any(n in numbers for n in move.source) and not any(id(v) in places for v in there):
            continue
        _require_steps_alike(move.rule, move.source, numbers, there, places)
        indexes = [numbers[name] for name in move.source if name in numbers]
        steps += [f"{roots[1]}.state.{index}.step" for index in indexes]
        for slot in slots:
            given = tuple(f"{roots[1]}.state.{index}.{slot.source}" for index in indexes)
            made = [getattr(target_optimizer, slot.target)[places[id(v)]] for v in there]
            moment = move.rule.model_copy(update={"scale": slot.scale})
            rules.append(_named(moment, given, [called[id(v)] for v in made]))
            written.update(rules[-1].target)
    rules += _steps(steps, called[id(target_optimizer.iterations)], slots)
    written.update(name for rule in rules for name in rule.target)
    left = [name for name in held if names.leaves_out(name, of_source=True)]
    rules += [Rule(source=(literal(f"{roots[0]}.{name}"),), target=()) for name in left]
    over = [name for name in (*saved.names, *saved.others) if literal(name) not in written]
    rules += [Rule(source=(), target=(literal(name),)) for name in over]
    return NameMap(tuple(rules)).condensed()


def _named(rule: Rule, source: tuple[str, ...], target: Sequence[str]) -> Rule:
    return rule.model_copy(update={"source": source, "target": tuple(map(literal, target))})


def _steps(steps: list[str], iterations: str, slots: Sequence[_Slot]) -> list[Rule]:
    """PyTorch counts the steps of each weight, Keras those of all; SGD counts none in PyTorch."""
    if not any(slot.source == "exp_avg" for slot in slots):
        return []
    return [
        Rule(
            source=tuple(steps),
            target=(literal(iterations),),
            join="same",
            dtype=DType.int64,
            source_dtype=DType.float32,
        )
    ]


def _parameters(module: Any, optimizer: Any) -> list[str]:
    """The names of the parameters as the optimiser numbers them."""
    names = {id(p): name for name, p in module.named_parameters()}
    found = [names.get(id(p)) for group in optimizer.param_groups for p in group["params"]]
    if None in found:
        raise CheckpointError(
            "the optimiser holds a parameter that the module doesn't have. Make it of "
            "module.parameters()."
        )
    return [name for name in found if name is not None]


def _require_steps_alike(
    rule: Rule,
    source: Sequence[str],
    numbers: Mapping[str, int],
    there: Sequence[Any],
    places: Mapping[int, int],
) -> None:
    """A tensor that is trained on one side is trained on the other, and moves as far."""
    trained = [name for name in source if name in numbers]
    tied = rule.join == "same" and len(trained) == 1
    if (len(trained) < len(source) and not tied) or any(id(v) not in places for v in there):
        raise CheckpointError(
            f"{', '.join(source)} is not trained by both optimisers. Freeze it in both models, or "
            "in none."
        )
    if rule.join in ("sum", "difference") and len(source) > 1:
        raise CheckpointError(
            f"{' and '.join(source)} take a step each, but are one tensor in the other model, "
            "which takes one: training would go on otherwise. Move the weights alone."
        )


def _slots(optimizer: Any, target: Any) -> tuple[_Slot, ...]:
    """What the two keep.

    Raises:
        CheckpointError: they aren't the same optimiser with the same hyperparameters.
    """
    kind, other = type(optimizer).__name__, type(target).__name__
    if (kind, other) not in {("SGD", "SGD"), ("Adam", "Adam"), ("AdamW", "AdamW")}:
        raise CheckpointError(
            f"the state of {kind} in PyTorch is none of {other}'s in Keras. Both have to be SGD, "
            "Adam or AdamW."
        )
    groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
    if any(group != groups[0] for group in groups):
        raise CheckpointError(
            "the groups of PyTorch's optimiser have different hyperparameters; Keras has one for "
            "all. Make it of one group."
        )
    options = groups[0]
    pairs = dict(_pairs(kind, options, target))
    pairs |= {name: (value, getattr(target, name, value)) for name, value in _DEFAULTS.items()}
    apart = [
        f"{name} ({ours} and {theirs})" for name, (ours, theirs) in pairs.items() if ours != theirs
    ]
    if apart:
        raise CheckpointError(
            f"the two optimisers take different steps; they differ in {', '.join(apart)}. Make "
            "them with the same hyperparameters."
        )
    if kind == "SGD":
        rate = float(options["lr"])
        return (_Slot("momentum_buffer", "momentums", -rate),) if options["momentum"] else ()
    largest = (_Slot("max_exp_avg_sq", "_velocity_hats"),) if options["amsgrad"] else ()
    return (_Slot("exp_avg", "_momentums"), _Slot("exp_avg_sq", "_velocities"), *largest)


def _pairs(
    kind: str, options: Mapping[str, Any], target: Any
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Each hyperparameter of PyTorch with Keras's; numbers as float32, as Keras holds the rate."""
    import numpy as np

    rate = np.float32(float(options["lr"]))
    yield "the learning rate", (rate, np.float32(np.asarray(target.learning_rate)))
    yield "maximize", (bool(options["maximize"]), False)
    decay = float(target.weight_decay or 0)
    if kind == "AdamW":
        yield "the decay of weights", (options["weight_decay"], decay)
    else:  # PyTorch's is part of the gradient, Keras's is not
        yield "the decay of weights, which is another function", (options["weight_decay"], 0)
        yield "the decay of weights, which is another function in Keras", (0, decay)
    if kind == "SGD":
        yield "momentum", (options["momentum"], target.momentum)
        yield "nesterov", (bool(options["nesterov"]), bool(target.nesterov))
        yield "dampening", (options["dampening"], 0)
    else:
        yield "the betas", (tuple(options["betas"]), (target.beta_1, target.beta_2))
        yield "epsilon", (options["eps"], target.epsilon)
        yield "amsgrad", (bool(options["amsgrad"]), bool(target.amsgrad))
