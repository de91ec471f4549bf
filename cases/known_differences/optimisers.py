"""Optimisers, their schedules, and clipping."""

from __future__ import annotations

from cases.known_differences.arrays import f32
from parity.known_differences import Kind, KnownDifference

_AT_ONE = {"p": f32([1]), "g": f32([0.5])}
_SMALL = {"p": f32([1]), "g": f32([1e-4])}


def _torch(optimizer: str, steps: int = 1, result: str = "p") -> str:
    """Steps of an optimiser of PyTorch, always along the same gradient."""
    return (
        "b = p.clone()\n"
        "p = torch.nn.Parameter(p)\n"
        f"o = torch.optim.{optimizer}\n"
        "p.grad = g\n"
        f"for _ in range({steps}):\n"
        "    o.step()\n"
        f"return {result}"
    )


def _keras(optimizer: str, steps: int = 1, result: str = "v", before: str = "") -> str:
    """Steps of an optimiser of Keras, always along the same gradient."""
    return (
        "v = tf.Variable(p)\n"
        f"o = keras.optimizers.{optimizer}\n"
        f"for t in range({steps}):\n"
        f"    {before or 'pass'}\n"
        "    o.apply([g], [v])\n"
        f"return {result}"
    )


def _default(
    name: str,
    rows: tuple[str, ...],
    optimizer: str,
    option: str,
    keras: str,
    gives: tuple[str, str],
    reference: str,
) -> KnownDifference:
    theirs = {"lr": "learning_rate", "eps": "epsilon"}
    words = {"lr": "learning rate", "eps": "epsilon"}.get(option, option.replace("_", " "))
    name_in_keras = theirs.get(option, option)
    returned = f"return torch.tensor(float(o.defaults['{option}']))"
    return KnownDifference(
        name=f"default-{name}",
        rows=rows,
        kind=Kind.SEMANTIC,
        torch=f"o = torch.optim.{optimizer}([p])\n{returned}",
        keras=f"o = keras.optimizers.{keras}()\n"
        f"return tf.constant(float(o.{name_in_keras}), tf.float32)",
        example={"p": f32([1])},
        gives=gives,
        in_tensorflow=f"o = keras.optimizers.{keras}({name_in_keras}=float({gives[0]}))\n"
        f"return tf.constant(float(o.{name_in_keras}), tf.float32)",
        in_pytorch=f"o = torch.optim.{optimizer}([p], {option}={gives[1]})\n{returned}",
        rounding=1,
        why=f"another default: the {words} is {gives[0]} in PyTorch, {gives[1]} in Keras",
        reference=reference,
    )


def _schedule(scheduler: str, steps: int) -> str:
    return (
        "o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)\n"
        f"s = torch.optim.lr_scheduler.{scheduler}\n"
        f"for _ in range({steps}):\n"
        "    o.step()\n"
        "    s.step()\n"
        "return torch.tensor(s.get_last_lr()[0])"
    )


ENTRIES = (
    _default("adam-epsilon", ("adam",), "Adam", "eps", "Adam", ("1e-08", "1e-07"), "151"),
    _default("sgd-learning-rate", ("sgd",), "SGD", "lr", "SGD", ("0.001", "0.01"), "159"),
    _default(
        "adamw-weight-decay", ("adamw",), "AdamW", "weight_decay", "AdamW", ("0.01", "0.004"), "157"
    ),
    _default(
        "rmsprop-learning-rate", ("rmsprop",), "RMSprop", "lr", "RMSprop", ("0.01", "0.001"), "153"
    ),
    _default(
        "adagrad-learning-rate", ("adagrad",), "Adagrad", "lr", "Adagrad", ("0.01", "0.001"), "154"
    ),
    _default(
        "adagrad-epsilon", ("adagrad",), "Adagrad", "eps", "Adagrad", ("1e-10", "1e-07"), "154"
    ),
    _default(
        "adagrad-accumulator",
        ("adagrad",),
        "Adagrad",
        "initial_accumulator_value",
        "Adagrad",
        ("0", "0.1"),
        "154",
    ),
    _default(
        "adadelta-learning-rate", ("adadelta",), "Adadelta", "lr", "Adadelta", ("1", "0.001"), "155"
    ),
    _default("adadelta-rho", ("adadelta",), "Adadelta", "rho", "Adadelta", ("0.9", "0.95"), "155"),
    _default(
        "adadelta-epsilon", ("adadelta",), "Adadelta", "eps", "Adadelta", ("1e-06", "1e-07"), "155"
    ),
    KnownDifference(
        name="rmsprop-smoothing",
        kind=Kind.SEMANTIC,
        torch="return torch.tensor(torch.optim.RMSprop([p]).defaults['alpha'])",
        keras="return tf.constant(keras.optimizers.RMSprop().rho)",
        example={"p": f32([1])},
        gives=("0.99", "0.9"),
        rounding=1,
        in_tensorflow="return tf.constant(keras.optimizers.RMSprop(rho=0.99).rho)",
        in_pytorch="return torch.tensor(torch.optim.RMSprop([p], alpha=0.9).defaults['alpha'])",
        rows=("rmsprop",),
        why="another default, under another name",
        reference="153",
    ),
    KnownDifference(
        name="where-adam-adds-epsilon",
        kind=Kind.SEMANTIC,
        torch=_torch("Adam([p], lr=0.001, eps=1e-3)", result="(b - p) * 1e4"),
        keras=_keras("Adam(0.001, epsilon=1e-3)", result="(p - v) * 1e4"),
        where="(np.abs(g) < 0.9).any()",
        example=_SMALL,
        without={"p": f32([1]), "g": f32([1e4])},
        gives=("[0.909]", "[0.03159]"),
        rounding=3000,
        in_tensorflow=_keras("Adam(0.001, epsilon=1e-3 * 0.001**0.5)", result="(p - v) * 1e4"),
        in_pytorch=_torch("Adam([p], lr=0.001, eps=1e-3 / 0.001**0.5)", result="(b - p) * 1e4"),
        rows=("adam", "amsgrad", "adamw"),
        why="PyTorch adds it to the root after its correction for the first steps, Keras before: "
        "the same at step t if Keras' is sqrt(1 - beta_2**t) times PyTorch's; shown are steps in "
        "units of 1e-4",
        reference="151",
    ),
    KnownDifference(
        name="adam-with-tiny-gradients",
        kind=Kind.SEMANTIC,
        torch=_torch("Adam([p], lr=0.1)", 3),
        keras=_keras("Adam(0.1)", 3),
        where="(np.abs(g) < 1e-2).any()",
        example={"p": f32([1]), "g": f32([1e-8])},
        without={"p": f32([1]), "g": f32([10])},
        gives=("[0.85]", "[0.9987]"),
        rounding=64,
        in_tensorflow=_keras(
            "Adam(0.1)", 3, before="o.epsilon = 1e-8 * (1 - 0.999 ** (t + 1)) ** 0.5"
        ),
        rows=("adam",),
        why="Keras' epsilon is ten times larger, and is added before the correction for the first "
        "steps",
        reference="152",
    ),
    KnownDifference(
        name="where-rmsprop-adds-epsilon",
        kind=Kind.SEMANTIC,
        torch=_torch("RMSprop([p], lr=0.001, alpha=0.9, eps=1e-3)", result="(b - p) * 1e4"),
        keras=_keras("RMSprop(0.001, rho=0.9, epsilon=1e-3)", result="(p - v) * 1e4"),
        where="(np.abs(g) < 0.9).any()",
        example=_SMALL,
        without={"p": f32([1]), "g": f32([1e4])},
        gives=("[0.9692]", "[0.03159]"),
        rounding=3000,
        in_tensorflow="v = 0.1 * g * g\nq = p - 0.001 * g / (tf.sqrt(v) + 1e-3)\n"
        "return (p - q) * 1e4",
        in_pytorch="v = 0.1 * g * g\nq = p - 0.001 * g / torch.sqrt(v + 1e-3)\n"
        "return (p - q) * 1e4",
        rows=("rmsprop", "rmsprop_momentum", "rmsprop_centered"),
        why="PyTorch adds it to the root, Keras to the square: no argument makes them equal; "
        "shown are steps in units of 1e-4",
        reference="153",
    ),
    KnownDifference(
        name="adagrad-begins-with-an-accumulator",
        kind=Kind.SEMANTIC,
        torch=_torch("Adagrad([p], lr=0.1)"),
        keras=_keras("Adagrad(0.1)"),
        where="((g != 0) & (np.abs(g) < 100)).any()",
        example={"p": f32([1]), "g": f32([0.1])},
        without={"p": f32([1]), "g": f32([1e4])},
        gives=("[0.9]", "[0.9698]"),
        rounding=16,
        in_tensorflow=_keras("Adagrad(0.1, initial_accumulator_value=0.0, epsilon=1e-10)"),
        in_pytorch=_torch("Adagrad([p], lr=0.1, initial_accumulator_value=0.1)"),
        rows=("adagrad",),
        why="the sum of squares begins with 0 in PyTorch, with 0.1 in Keras",
        reference="154",
    ),
    KnownDifference(
        name="momentum-and-a-changing-learning-rate",
        kind=Kind.SEMANTIC,
        torch="p = torch.nn.Parameter(p)\n"
        "o = torch.optim.SGD([p], lr=0.1, momentum=0.9)\n"
        "p.grad = g\n"
        "o.step()\n"
        "o.param_groups[0]['lr'] = lr\n"
        "o.step()\n"
        "return p",
        keras="v = tf.Variable(p)\n"
        "o = keras.optimizers.SGD(0.1, momentum=0.9)\n"
        "o.apply([g], [v])\n"
        "o.learning_rate = lr\n"
        "o.apply([g], [v])\n"
        "return v",
        where="lr != 0.1",
        example={"p": f32([1]), "g": f32([1]), "lr": 0.01},
        without={"p": f32([1]), "g": f32([1]), "lr": 0.1},
        gives=("[0.881]", "[0.8]"),
        rounding=4,
        in_tensorflow="v = tf.Variable(p)\n"
        "o = keras.optimizers.SGD(0.1, momentum=0.9)\n"
        "o.apply([g], [v])\n"
        "o.learning_rate = lr\n"
        "o.momentums[0].assign(o.momentums[0] * lr / 0.1)\n"
        "o.apply([g], [v])\n"
        "return v",
        rows=("sgd_momentum",),
        why="Keras' velocity has the learning rate of its time in it, PyTorch's buffer hasn't: "
        "scale the velocity when the rate changes",
        reference="156",
    ),
    KnownDifference(
        name="weight-decay-of-adam",
        kind=Kind.SEMANTIC,
        torch=_torch("Adam([p], lr=0.1, weight_decay=0.1)", 3),
        keras=_keras("Adam(0.1, weight_decay=0.1)", 3),
        where="(p != 0).any()",
        example=_AT_ONE,
        without={"p": f32([0]), "g": f32([0])},
        gives=("[0.7002]", "[0.6733]"),
        rounding=64,
        in_pytorch=_torch("AdamW([p], lr=0.1, weight_decay=0.1)", 3),
        rows=("adam_weight_decay", "adamw"),
        why="PyTorch adds it to the gradient, Keras takes it from the weights as AdamW does",
        reference="158",
    ),
    KnownDifference(
        name="schedule-inside-nadam",
        kind=Kind.SEMANTIC,
        torch=_torch("NAdam([p], lr=0.1, eps=1e-7)", 3),
        keras=_keras("Nadam(0.1)", 3),
        where="(g != 0).any()",
        example=_AT_ONE,
        without={"p": f32([1]), "g": f32([0])},
        gives=("[0.7428]", "[0.7452]"),
        rounding=4,
        rows=("nadam",),
        why="the momentum grows with the number of steps along other exponents",
        reference="160",
    ),
    KnownDifference(
        name="clipping-by-norm",
        kind=Kind.SEMANTIC,
        torch="p = torch.nn.Parameter(torch.zeros(2))\n"
        "p.grad = g.clone()\n"
        "torch.nn.utils.clip_grad_norm_([p], 1e-4)\n"
        "return p.grad * 1e4",
        tensorflow="tf.clip_by_global_norm([g], 1e-4)[0][0] * 1e4",
        where="np.linalg.norm(g) > 1e-4 and np.linalg.norm(g) < 0.9",
        example={"g": f32([3e-4, 4e-4])},
        without={"g": f32([3, 4])},
        gives=("[0.5988, 0.7984]", "[0.6, 0.8]"),
        rounding=16,
        in_tensorflow="g * (1e-4 / (tf.norm(g) + 1e-6)) * 1e4",
        in_pytorch="g * (1e-4 / g.norm()) * 1e4",
        rows=("clip_by_global_norm", "clip_by_norm"),
        why="PyTorch adds 1e-6 to the norm that it divides by",
        reference="161",
    ),
    KnownDifference(
        name="clipnorm-clips-each-variable",
        kind=Kind.SEMANTIC,
        torch="a, b = torch.nn.Parameter(x * 0), torch.nn.Parameter(x * 0)\n"
        "a.grad, b.grad = x.clone(), 10 * x\n"
        "torch.nn.utils.clip_grad_norm_([a, b], 1.0)\n"
        "torch.optim.SGD([a, b], lr=1.0).step()\n"
        "return a",
        keras="a, b = tf.Variable(x * 0), tf.Variable(x * 0)\n"
        "keras.optimizers.SGD(1.0, clipnorm=1.0).apply([x, 10 * x], [a, b])\n"
        "return a",
        where="np.linalg.norm(x) > 0.09",
        example={"x": f32([3, 4])},
        without={"x": f32([0.03, 0.04])},
        gives=("[-0.0597, -0.0796]", "[-0.6, -0.8]"),
        rounding=32,
        in_tensorflow="a, b = tf.Variable(x * 0), tf.Variable(x * 0)\n"
        "keras.optimizers.SGD(1.0, global_clipnorm=1.0).apply([x, 10 * x], [a, b])\n"
        "return a",
        rows=("clip_by_global_norm", "clip_by_norm"),
        why="PyTorch's norm is that of all gradients together, as Keras' global_clipnorm",
        reference="161",
    ),
    KnownDifference(
        name="cosine-schedule-after-its-end",
        kind=Kind.SEMANTIC,
        torch=_schedule("CosineAnnealingLR(o, 10)", 15),
        keras="keras.optimizers.schedules.CosineDecay(1.0, 10)(15)",
        example={},
        gives=("0.5", "0"),
        rounding=4,
        in_tensorflow="0.5 + 0.5 * tf.cos(15 * math.pi / 10)",
        in_pytorch=_schedule(
            "LambdaLR(o, lambda t: 0.5 + 0.5 * math.cos(min(t, 10) / 10 * math.pi))", 15
        ),
        rows=("cosine_decay",),
        why="PyTorch's rate rises again, Keras' stays",
        reference="162",
    ),
    KnownDifference(
        name="exponential-schedule",
        kind=Kind.SEMANTIC,
        torch=_schedule("ExponentialLR(o, 0.5)", 3),
        keras="keras.optimizers.schedules.ExponentialDecay(1.0, 2, 0.5)(3)",
        example={},
        gives=("0.125", "0.3536"),
        rounding=4,
        in_tensorflow="keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)(3)",
        in_pytorch=_schedule("ExponentialLR(o, 0.5 ** (1 / 2))", 3),
        rows=("exponential_decay", "staircase_decay"),
        why="PyTorch's factor is for one step, Keras' for decay_steps of them, with fractions "
        "between unless staircase=True is given",
        reference="163",
    ),
)
