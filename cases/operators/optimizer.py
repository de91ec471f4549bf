"""Updates of optimisers, several steps of each, and schedules of learning rates.

The first axis of each result is time. Epsilons and decays are written out: the defaults differ.
"""

from __future__ import annotations

from hypothesis import strategies as st

from cases.inputs import REALS, Array, given
from cases.rows import CONDITIONED, row
from parity.suite import OperatorCase, Trajectory

_STEPS = given(w=Array("n", specials=False), g=Array("5n", specials=False))
_RATES = given(steps=st.integers(3, 12), rate=st.sampled_from((0.1, 0.01, 1.0)))
_TORCH = (
    "p = torch.nn.Parameter(w.clone())\n"
    "optimizer = torch.optim.{}\n"
    "found = []\n"
    "for one in g:\n"
    "    p.grad = one.clone()\n"
    "    optimizer.step()\n"
    "    found.append(p.detach().clone())\n"
    "return torch.stack(found)"
)
_TENSORFLOW = (
    "{start}\n"
    "found = []\n"
    "for t, one in enumerate(tf.unstack(g), 1):\n"
    "{step}\n"
    "    found.append(w)\n"
    "return tf.stack(found)"
)
_KERAS = (
    "p = keras.Variable(w, dtype=w.dtype.name)\n"
    "optimizer = keras.optimizers.{}\n"
    "optimizer.build([p])\n"
    "found = []\n"
    "for one in tf.unstack(g):\n"
    "    optimizer.apply([one], [p])\n"
    "    found.append(tf.identity(p.value))\n"
    "return tf.stack(found)"
)


def _optimizer(
    name: str, torch: str, start: str, step: str, keras: str = "", doc: str = ""
) -> OperatorCase:
    body = "\n".join(f"    {line}" for line in step.split("; "))
    return row(
        name,
        _TORCH.format(torch),
        _TENSORFLOW.format(start=start.replace("; ", "\n"), step=body),
        _KERAS.format(keras) if keras else "",
        Trajectory(),
        _STEPS,
        REALS,
        gradients=False,
        doc=doc,
    )


def _schedule(name: str, torch: str, keras: str, formula: str, doc: str = "") -> OperatorCase:
    return row(
        name,
        "p = torch.nn.Parameter(torch.zeros(1))\n"
        "optimizer = torch.optim.SGD([p], lr=rate)\n"
        f"schedule = torch.optim.lr_scheduler.{torch}\n"
        "found = []\n"
        "for _ in range(steps):\n"
        "    found.append(optimizer.param_groups[0]['lr'])\n"
        "    optimizer.step()\n"
        "    schedule.step()\n"
        "return torch.tensor(found, dtype=torch.float32)",
        "t = tf.range(steps, dtype=tf.float64)\n" + f"return tf.cast({formula}, tf.float32)",
        f"schedule = keras.optimizers.schedules.{keras}\n"
        "return tf.stack([tf.cast(schedule(t), tf.float32) for t in range(steps)])"
        if keras
        else "",
        _ROUNDED,
        _RATES,
        ("float32",),
        gradients=False,
        doc=doc,
    )


_ROUNDED = CONDITIONED
_MOMENTS = "m = tf.zeros_like(w); v = tf.zeros_like(w)"
_ADAM = "m = 0.9 * m + 0.1 * one; v = 0.999 * v + 0.001 * one * one"
_BIASED = "w = w - 0.01 * (m / (1 - 0.9 ** t)) / (tf.sqrt(v / (1 - 0.999 ** t)) + {eps})"

CASES = (
    _optimizer("sgd", "SGD([p], lr=0.1)", "pass", "w = w - 0.1 * one", "SGD(0.1)"),
    _optimizer(
        "sgd_momentum",
        "SGD([p], lr=0.1, momentum=0.9)",
        "m = tf.zeros_like(w)",
        "m = 0.9 * m + one; w = w - 0.1 * m",
        "SGD(0.1, 0.9)",
        "Keras's velocity holds the learning rate: equal while that is constant.",
    ),
    _optimizer(
        "sgd_nesterov",
        "SGD([p], lr=0.1, momentum=0.9, nesterov=True)",
        "m = tf.zeros_like(w)",
        "m = 0.9 * m + one; w = w - 0.1 * (one + 0.9 * m)",
        "SGD(0.1, 0.9, nesterov=True)",
    ),
    _optimizer(
        "sgd_weight_decay",
        "SGD([p], lr=0.1, weight_decay=0.05)",
        "pass",
        "w = w - 0.1 * (one + 0.05 * w)",
    ),
    _optimizer(
        "sgd_dampening",
        "SGD([p], lr=0.1, momentum=0.9, dampening=0.5)",
        "m = 0",
        "m = one if t == 1 else 0.9 * m + 0.5 * one; w = w - 0.1 * m",
    ),
    _optimizer(
        "adam",
        "Adam([p], lr=0.01, eps=1e-8)",
        _MOMENTS,
        f"{_ADAM}; {_BIASED.format(eps='1e-8')}",
        "",
        "Keras adds epsilon before the correction of the bias, PyTorch after.",
    ),
    _optimizer(
        "adam_no_epsilon",
        "Adam([p], lr=0.01, eps=0)",
        _MOMENTS,
        f"{_ADAM}; {_BIASED.format(eps='0')}",
        "Adam(0.01, epsilon=0)",
    ),
    _optimizer(
        "adam_weight_decay",
        "Adam([p], lr=0.01, eps=1e-8, weight_decay=0.1)",
        _MOMENTS,
        f"one = one + 0.1 * w; {_ADAM}; {_BIASED.format(eps='1e-8')}",
        "",
        "PyTorch adds the decay to the gradient, Keras to the weight.",
    ),
    _optimizer(
        "adamw",
        "AdamW([p], lr=0.01, eps=0, weight_decay=0.1)",
        _MOMENTS,
        f"w = w - 0.01 * 0.1 * w; {_ADAM}; {_BIASED.format(eps='0')}",
        "AdamW(0.01, weight_decay=0.1, epsilon=0)",
    ),
    _optimizer(
        "amsgrad",
        "Adam([p], lr=0.01, eps=1e-8, amsgrad=True)",
        f"{_MOMENTS}; top = tf.zeros_like(w)",
        f"{_ADAM}; top = tf.maximum(top, v); w = w - 0.01 * (m / (1 - 0.9 ** t)) / "
        "(tf.sqrt(top / (1 - 0.999 ** t)) + 1e-8)",
    ),
    _optimizer(
        "adamax",
        "Adamax([p], lr=0.01, eps=1e-8)",
        "m = tf.zeros_like(w); u = tf.zeros_like(w)",
        "m = 0.9 * m + 0.1 * one; u = tf.maximum(0.999 * u, tf.abs(one) + 1e-8); "
        "w = w - 0.01 / (1 - 0.9 ** t) * m / u",
        "",
        "PyTorch's epsilon is inside the maximum, Keras's outside.",
    ),
    _optimizer(
        "nadam",
        "NAdam([p], lr=0.01, eps=1e-8)",
        f"{_MOMENTS}; product = 1.0",
        f"{_ADAM}; now = 0.9 * (1 - 0.5 * 0.96 ** (t * 0.004)); "
        "later = 0.9 * (1 - 0.5 * 0.96 ** ((t + 1) * 0.004)); product = product * now; "
        "d = tf.sqrt(v / (1 - 0.999 ** t)) + 1e-8; "
        "w = w - 0.01 * (1 - now) / (1 - product) * one / d "
        "- 0.01 * later / (1 - product * later) * m / d",
    ),
    _optimizer(
        "radam",
        "RAdam([p], lr=0.01, eps=1e-8)",
        f"{_MOMENTS}; most = 2 / 0.001 - 1",
        f"{_ADAM}; rho = most - 2 * t * 0.999 ** t / (1 - 0.999 ** t); "
        "rect = math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) "
        "if rho > 5 else 0.0; w = w - 0.01 * m / (1 - 0.9 ** t) * ("
        "rect * math.sqrt(1 - 0.999 ** t) / (tf.sqrt(v) + 1e-8) if rho > 5 else 1.0)",
    ),
    _optimizer(
        "adagrad",
        "Adagrad([p], lr=0.1, eps=1e-10, initial_accumulator_value=0.1)",
        "a = tf.zeros_like(w) + 0.1",
        "a = a + one * one; w = w - 0.1 * one / (tf.sqrt(a) + 1e-10)",
        "",
        "The accumulators start at 0 and 0.1 by default.",
    ),
    _optimizer(
        "adadelta",
        "Adadelta([p], lr=0.5, rho=0.9, eps=1e-6)",
        _MOMENTS,
        "v = 0.9 * v + 0.1 * one * one; d = tf.sqrt(m + 1e-6) / tf.sqrt(v + 1e-6) * one; "
        "m = 0.9 * m + 0.1 * d * d; w = w - 0.5 * d",
        "Adadelta(0.5, 0.9, 1e-6)",
    ),
    _optimizer(
        "rmsprop",
        "RMSprop([p], lr=0.01, alpha=0.9, eps=1e-6)",
        "v = tf.zeros_like(w)",
        "v = 0.9 * v + 0.1 * one * one; w = w - 0.01 * one / (tf.sqrt(v) + 1e-6)",
        "",
        "PyTorch's epsilon is outside the root, TensorFlow's inside.",
    ),
    _optimizer(
        "rmsprop_momentum",
        "RMSprop([p], lr=0.01, alpha=0.9, eps=1e-6, momentum=0.8)",
        _MOMENTS,
        "v = 0.9 * v + 0.1 * one * one; m = 0.8 * m + one / (tf.sqrt(v) + 1e-6); w = w - 0.01 * m",
    ),
    _optimizer(
        "rmsprop_centered",
        "RMSprop([p], lr=0.01, alpha=0.9, eps=1e-3, centered=True)",
        _MOMENTS,
        "v = 0.9 * v + 0.1 * one * one; m = 0.9 * m + 0.1 * one; "
        "w = w - 0.01 * one / (tf.sqrt(tf.maximum(v - m * m, 0)) + 1e-3)",
    ),
    _optimizer(
        "rprop",
        "Rprop([p], lr=0.01)",
        "last = tf.zeros_like(w); s = tf.zeros_like(w) + 0.01",
        "sign = tf.sign(one * last); "
        "s = tf.clip_by_value(s * tf.where(sign > 0, 1.2 * tf.ones_like(w), "
        "tf.where(sign < 0, 0.5 * tf.ones_like(w), tf.ones_like(w))), 1e-6, 50); "
        "last = tf.where(sign < 0, 0 * one, one); w = w - s * tf.sign(last)",
    ),
    _schedule(
        "exponential_decay",
        "ExponentialLR(optimizer, 0.9)",
        "ExponentialDecay(rate, 1, 0.9)",
        "rate * 0.9 ** t",
    ),
    _schedule(
        "staircase_decay",
        "StepLR(optimizer, 3, 0.5)",
        "ExponentialDecay(rate, 3, 0.5, staircase=True)",
        "rate * 0.5 ** tf.floor(t / 3)",
        "Without staircase TensorFlow decays between the steps as well.",
    ),
    _schedule(
        "cosine_decay",
        "CosineAnnealingLR(optimizer, 20)",
        "CosineDecay(rate, 20)",
        "rate * (1 + tf.cos(math.pi * t / 20)) / 2",
        "After its last step PyTorch's rises again, Keras's stays.",
    ),
    _schedule(
        "polynomial_decay",
        "PolynomialLR(optimizer, 20, 2.0)",
        "PolynomialDecay(rate, 20, 0.0, 2.0)",
        "rate * (1 - t / 20) ** 2",
    ),
    _schedule(
        "linear_decay",
        "LinearLR(optimizer, 1.0, 0.2, 20)",
        "PolynomialDecay(rate, 20, 0.2 * rate)",
        "rate * (1 - 0.8 * t / 20)",
    ),
    _schedule(
        "piecewise_constant",
        "MultiStepLR(optimizer, [3, 7], 0.1)",
        "PiecewiseConstantDecay([2, 6], [rate, 0.1 * rate, 0.01 * rate])",
        "rate * 0.1 ** (tf.cast(t >= 3, t.dtype) + tf.cast(t >= 7, t.dtype))",
        "TensorFlow keeps the old rate at the boundary, PyTorch takes the new one.",
    ),
    _schedule(
        "inverse_time_decay",
        "LambdaLR(optimizer, lambda t: 1 / (1 + 0.5 * t))",
        "InverseTimeDecay(rate, 1, 0.5)",
        "rate / (1 + 0.5 * t)",
    ),
    _schedule(
        "cosine_restarts",
        "CosineAnnealingWarmRestarts(optimizer, 4)",
        "CosineDecayRestarts(rate, 4, 1.0)",
        "rate * (1 + tf.cos(math.pi * (t % 4) / 4)) / 2",
    ),
    _schedule(
        "constant_warmup",
        "ConstantLR(optimizer, 0.25, 4)",
        "PiecewiseConstantDecay([3], [0.25 * rate, rate])",
        "rate * tf.where(t < 4, 0.25 * tf.ones_like(t), tf.ones_like(t))",
    ),
)
