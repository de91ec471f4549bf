"""PyTorch's optimisers as functions of TensorFlow tensors.

Keras computes other things under the same names: its epsilon stands inside the square root or
before the bias correction, its weight decay is never part of the gradient, its accumulators start
elsewhere. docs/training.md has the table. Hyperparameters have PyTorch's names throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

State = dict[str, tf.Tensor]
Update = Callable[[tf.Tensor, tf.Tensor, State, Mapping[str, Any]], tuple[tf.Tensor, State]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One optimiser.

    Attributes:
        slots: what it keeps for each parameter, by PyTorch's names, beside the number of ``step``.
        update: the next parameter and state from a parameter, its gradient, the state (whose
            ``step``, float64, counts this step already) and the hyperparameters.
    """

    slots: tuple[str, ...]
    update: Update


def _decayed(p: tf.Tensor, g: tf.Tensor, options: Mapping[str, Any]) -> tf.Tensor:
    """The gradient with the decay of weights in it."""
    g = -g if options.get("maximize") else g
    decay = options["weight_decay"]
    return g + decay * p if decay else g


def sgd(
    p: tf.Tensor, g: tf.Tensor, state: State, options: Mapping[str, Any]
) -> tuple[tf.Tensor, State]:
    """Gradient descent with momentum. Source: PyTorch, torch.optim.SGD."""
    g, momentum = _decayed(p, g, options), options["momentum"]
    if momentum:
        later = momentum * state["momentum_buffer"] + (1 - options["dampening"]) * g
        buffer = tf.where(state["step"] == 1, g, later)
        state = {**state, "momentum_buffer": buffer}
        g = g + momentum * buffer if options["nesterov"] else buffer
    return p - _cast(options["lr"], p) * g, state


def adam(
    p: tf.Tensor, g: tf.Tensor, state: State, options: Mapping[str, Any]
) -> tuple[tf.Tensor, State]:
    """Adam, and AdamW where the decay is decoupled. Source: PyTorch, torch.optim.Adam."""
    lr, (beta1, beta2) = options["lr"], options["betas"]
    if options["decoupled_weight_decay"]:
        p = p * _cast(1 - lr * options["weight_decay"], p)
        options = {**options, "weight_decay": 0.0}
    g = _decayed(p, g, options)
    first = state["exp_avg"] + (1 - beta1) * (g - state["exp_avg"])
    second = beta2 * state["exp_avg_sq"] + (1 - beta2) * g * g
    state = {**state, "exp_avg": first, "exp_avg_sq": second}
    if options["amsgrad"]:
        second = tf.maximum(state["max_exp_avg_sq"], second)
        state = {**state, "max_exp_avg_sq": second}
    step = state["step"]
    correction = tf.sqrt(1 - tf.pow(tf.constant(beta2, tf.float64), step))
    denominator = tf.sqrt(second) / _cast(correction, p) + options["eps"]
    size = lr / (1 - tf.pow(tf.constant(beta1, tf.float64), step))
    return p - _cast(size, p) * (first / denominator), state


def rmsprop(
    p: tf.Tensor, g: tf.Tensor, state: State, options: Mapping[str, Any]
) -> tuple[tf.Tensor, State]:
    """RMSprop, centred or not, with momentum or not. Source: PyTorch, torch.optim.RMSprop."""
    g, alpha = _decayed(p, g, options), options["alpha"]
    square = alpha * state["square_avg"] + (1 - alpha) * g * g
    state = {**state, "square_avg": square}
    if options["centered"]:
        mean = state["grad_avg"] + (1 - alpha) * (g - state["grad_avg"])
        state = {**state, "grad_avg": mean}
        square = square - mean * mean
    move = g / (tf.sqrt(square) + options["eps"])
    if options["momentum"]:
        move = options["momentum"] * state["momentum_buffer"] + move
        state = {**state, "momentum_buffer": move}
    return p - _cast(options["lr"], p) * move, state


def adagrad(
    p: tf.Tensor, g: tf.Tensor, state: State, options: Mapping[str, Any]
) -> tuple[tf.Tensor, State]:
    """Adagrad with a decay of the learning rate. Source: PyTorch, torch.optim.Adagrad."""
    g = _decayed(p, g, options)
    total = state["sum"] + g * g
    size = options["lr"] / (1 + (state["step"] - 1) * options["lr_decay"])
    return p - _cast(size, p) * (g / (tf.sqrt(total) + options["eps"])), {**state, "sum": total}


def _cast(number: Any, like: tf.Tensor) -> tf.Tensor:
    return tf.cast(number, like.dtype)


def rule_for(name: str, options: Mapping[str, Any]) -> Rule | None:
    """The rule of an optimiser of ``torch.optim`` with some hyperparameters; None if unknown.

    >>> rule_for("SGD", {"momentum": 0.9}).slots
    ('momentum_buffer',)
    """
    momentum = ("momentum_buffer",) if options.get("momentum") else ()
    if name == "SGD":
        return Rule(momentum, sgd)
    if name in ("Adam", "AdamW"):
        largest = ("max_exp_avg_sq",) if options.get("amsgrad") else ()
        return Rule(("exp_avg", "exp_avg_sq", *largest), adam)
    if name == "RMSprop":
        centre = ("grad_avg",) if options.get("centered") else ()
        return Rule(("square_avg", *centre, *momentum), rmsprop)
    return Rule(("sum",), adagrad) if name == "Adagrad" else None
