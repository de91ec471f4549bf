"""A Keras optimiser as a PyTorch optimiser for a converted model, in the same state.

Keras computes other things than PyTorch under the same names; docs/training.md has the table. Its
hyperparameters are float32 numbers, as in Keras, whatever the type of what is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import torch

from converters.conversion import Conversion
from converters.errors import ConversionError
from converters.tf_to_torch.keras_source import variables_by_id
from converters.torch_tensors import from_numpy

Slots = dict[str, torch.Tensor]
Power = Callable[[float, int], float]
Update = Callable[[torch.Tensor, torch.Tensor, Slots, Mapping[str, Any], Power], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One optimiser of Keras's.

    Attributes:
        slots: what it keeps for each parameter, and what Keras calls that.
        numbers: its hyperparameters besides the learning rate, as its configuration has them.
        update: changes a parameter and its slots by a gradient.
    """

    slots: Mapping[str, str]
    numbers: tuple[str, ...]
    update: Update


def sgd(
    p: torch.Tensor, g: torch.Tensor, slots: Slots, options: Mapping[str, Any], _: Power
) -> None:
    """Gradient descent with momentum. Source: Keras, keras.optimizers.SGD."""
    step = g * -options["lr"]
    if options["momentum"]:
        m = slots["momentum"].mul_(options["momentum"]).add_(step)
        step = m * options["momentum"] + step if options["nesterov"] else m
    p.add_(step)


def adam(
    p: torch.Tensor, g: torch.Tensor, slots: Slots, options: Mapping[str, Any], power: Power
) -> None:
    """Adam and AdamW. Source: Keras, keras.optimizers.Adam."""
    first, second, step = options["beta_1"], options["beta_2"], options["step"]
    m, v = slots["momentum"], slots["velocity"]
    m.add_((g - m) * _rest(options, "beta_1"))
    v.add_((g * g - v) * _rest(options, "beta_2"))
    if options["amsgrad"]:
        v = torch.maximum(slots["velocity_hat"], v, out=slots["velocity_hat"])
    size = options["lr"] * (1 - power(second, step)) ** 0.5 / (1 - power(first, step))
    p.sub_(m * size / (v.sqrt() + options["epsilon"]))


def adamax(
    p: torch.Tensor, g: torch.Tensor, slots: Slots, options: Mapping[str, Any], power: Power
) -> None:
    """Adam with the largest gradient so far. Source: Keras, keras.optimizers.Adamax."""
    m, u = slots["momentum"], slots["norm"]
    m.add_((g - m) * _rest(options, "beta_1"))
    torch.maximum(u * options["beta_2"], g.abs(), out=u)
    correction = 1 - power(options["beta_1"], options["step"])
    p.sub_(m * options["lr"] / ((u + options["epsilon"]) * correction))


def rmsprop(
    p: torch.Tensor, g: torch.Tensor, slots: Slots, options: Mapping[str, Any], _: Power
) -> None:
    """RMSprop, centred or not. Source: Keras, keras.optimizers.RMSprop."""
    rho, rest = options["rho"], _rest(options, "rho")
    square = slots["velocity"].mul_(rho).add_(g * g * rest)
    if options["centered"]:
        mean = slots["average_gradient"].mul_(rho).add_(g * rest)
        square = square - mean * mean
    move = g * options["lr"] / (square + options["epsilon"]).sqrt()
    if options["momentum"]:
        move = slots["momentum"].mul_(options["momentum"]).add_(move)
    p.sub_(move)


def adagrad(
    p: torch.Tensor, g: torch.Tensor, slots: Slots, options: Mapping[str, Any], _: Power
) -> None:
    """Adagrad. Source: Keras, keras.optimizers.Adagrad."""
    total = slots["accumulator"].add_(g * g)
    p.sub_(g * options["lr"] / (total + options["epsilon"]).sqrt())


def lion(
    p: torch.Tensor, g: torch.Tensor, slots: Slots, options: Mapping[str, Any], _: Power
) -> None:
    """The sign of a moving mean. Source: Keras, keras.optimizers.Lion."""
    m = slots["momentum"]
    sign = (m * options["beta_1"] + g * _rest(options, "beta_1")).sign()
    p.sub_(sign * options["lr"])
    m.mul_(options["beta_2"]).add_(g * _rest(options, "beta_2"))


def _rest(options: Mapping[str, Any], name: str) -> float:
    """What a share leaves of one, taken before it is rounded as in Keras."""
    return float(options[f"1 - {name}"])


def _rule(optimizer: Any) -> Rule | None:
    """The rule of an optimiser; None if it is another."""
    kinds = keras.optimizers
    if type(optimizer) is kinds.SGD:
        return Rule(
            {"momentum": "momentums"} if optimizer.momentum else {}, ("momentum", "nesterov"), sgd
        )
    if type(optimizer) in (kinds.Adam, kinds.AdamW):
        slots = {"momentum": "_momentums", "velocity": "_velocities"}
        slots |= {"velocity_hat": "_velocity_hats"} if optimizer.amsgrad else {}
        return Rule(slots, ("beta_1", "beta_2", "epsilon", "amsgrad"), adam)
    if type(optimizer) is kinds.Adamax:
        return Rule({"momentum": "_m", "norm": "_u"}, ("beta_1", "beta_2", "epsilon"), adamax)
    if type(optimizer) is kinds.RMSprop:
        slots = {"velocity": "_velocities"}
        slots |= {"momentum": "_momentums"} if optimizer.momentum > 0 else {}
        slots |= {"average_gradient": "_average_gradients"} if optimizer.centered else {}
        return Rule(slots, ("rho", "momentum", "epsilon", "centered"), rmsprop)
    if type(optimizer) is kinds.Adagrad:
        return Rule({"accumulator": "_accumulators"}, ("epsilon",), adagrad)
    if type(optimizer) is kinds.Lion:
        return Rule({"momentum": "_momentums"}, ("beta_1", "beta_2"), lion)
    return None


class KerasOptimizer(torch.optim.Optimizer):
    """Updates parameters by a rule of Keras's."""

    def __init__(self, groups: Iterable[dict[str, Any]], rule: Rule) -> None:
        """``groups`` hold hyperparameters, ``step``, how many were made, and ``decay``."""
        self.rule = rule
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Make a step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            group["step"] += 1
            for p in group["params"]:
                if p.grad is None:
                    continue
                g, limit = p.grad, group["clipvalue"]
                g = g if limit is None else g.clamp(-limit, limit)
                if group["decay"]:
                    p.sub_(p * group["decay"] * group["lr"])
                slots = self.state[p]
                for name in self.rule.slots:
                    if name not in slots:
                        slots[name] = torch.full_like(p, group["initial"])
                self.rule.update(p, g, slots, group, self.power)
        return loss

    def power(self, base: float, step: int) -> float:
        """A share to the number of steps."""
        return float(base**step)


def torch_optimizer(optimizer: Any, model: Any, conversion: Conversion) -> KerasOptimizer:
    """See :func:`converters.torch_optimizer`."""
    rule = _rule(optimizer)
    if rule is None:
        raise ConversionError(
            f"{type(optimizer).__name__} has no counterpart. Supported are SGD, Adam, AdamW, "
            "Adamax, RMSprop, Adagrad and Lion of keras.optimizers."
        )
    _require_plain(optimizer, model)
    known = variables_by_id(model)
    trained = {known[id(v.value.handle)].name: v for v in model.trainable_variables}
    kept = _kept(optimizer, rule, trained, conversion)
    decays: dict[str, set[float]] = {}
    for one in conversion.weights:
        if one.source in trained:
            decay = optimizer.weight_decay
            wanted = decay is not None and optimizer._use_weight_decay(trained[one.source])
            decays.setdefault(one.target, set()).add(_single(decay) if wanted else 0.0)
    held = dict(conversion.model.named_parameters())
    missing = [name for name in decays if name not in held]
    if missing:
        raise ConversionError(f"{missing[0]} is no parameter of the converted model.")
    split = [name for name, found in decays.items() if len(found) > 1]
    if split:
        raise ConversionError(
            f"{split[0]} holds variables with and without a decay of weights. Decay both or none."
        )
    options = _options(optimizer, rule)
    groups = [
        {
            **options,
            "decay": decay,
            "params": [held[name] for name, found in decays.items() if found == {decay}],
        }
        for decay in sorted({decay for found in decays.values() for decay in found})
    ]
    if not groups:
        raise ConversionError("the model has no trainable variables.")
    made = KerasOptimizer(groups, rule)
    for slot, arrays in kept.items():
        for name in decays:
            p = held[name]
            made.state[p][slot] = from_numpy(np.array(arrays[name])).to(p.dtype)
    return made


def _options(optimizer: Any, rule: Rule) -> dict[str, Any]:
    """Hyperparameters as float32 has them."""
    options: dict[str, Any] = {"lr": _single(optimizer.learning_rate.numpy())}
    for name in rule.numbers:
        number = getattr(optimizer, name)
        options[name] = number if isinstance(number, bool) else _single(number)
        if not isinstance(number, bool):
            options[f"1 - {name}"] = _single(1 - number)
    limit = optimizer.clipvalue
    return {
        **options,
        "step": int(optimizer.iterations.numpy()),
        "clipvalue": None if limit is None else _single(limit),
        "initial": _single(getattr(optimizer, "initial_accumulator_value", 0.0)),
    }


def _kept(
    optimizer: Any, rule: Rule, trained: Mapping[str, Any], conversion: Conversion
) -> dict[str, dict[str, np.ndarray]]:
    """What an optimiser that has made steps keeps, by the slot and the target's name."""
    if not optimizer.built:
        return {}
    found: dict[str, dict[str, np.ndarray]] = {}
    for slot, own in rule.slots.items():
        arrays = {
            name: getattr(optimizer, own)[optimizer._get_variable_index(variable)].numpy()
            for name, variable in trained.items()
        }
        state = {
            one.source: arrays.get(one.source, np.zeros(one.shape, np.float32))
            for one in conversion.weights
        }
        found[slot] = conversion.weights.to_target(state)
    return found


def _require_plain(optimizer: Any, model: Any) -> None:
    """Refuse what a rule for single elements can't do.

    Raises:
        ConversionError: the optimiser or the model asks for it.
    """
    names = ("clipnorm", "global_clipnorm", "use_ema", "gradient_accumulation_steps")
    asked = [name for name in (*names, "loss_scale_factor") if getattr(optimizer, name, None)]
    if asked:
        raise ConversionError(
            f"{type(optimizer).__name__} is made with {asked[0]}, which is no part of its rule in "
            "PyTorch. Leave it out, and do it in the loop (torch.nn.utils.clip_grad_norm_, "
            "torch.optim.swa_utils)."
        )
    if not isinstance(optimizer._learning_rate, keras.Variable):
        raise ConversionError(
            "the learning rate is a schedule. Make the optimiser with a number, and change that "
            "with torch.optim.lr_scheduler."
        )
    bound = next((v for v in model.trainable_variables if v.constraint is not None), None)
    if bound is not None:
        raise ConversionError(
            f"{bound.path} has a constraint, which PyTorch's optimisers know nothing of. Apply it "
            "in the loop, after each step."
        )


def _single(number: Any) -> float:
    return float(np.float32(number))
