"""What is compared: a runtime that runs a row's call on given arguments.

A refusal is a result like any other: which error it is, is recorded and compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parity.sides import Arrays, as_numpy, as_torch
from parity.suite.calls import function_of
from parity.suite.case import Arguments, OperatorCase
from parity.suite.rounding import Rounding, erring


@dataclass(frozen=True, slots=True)
class Runtime:
    """One way to run a call.

    Attributes:
        name: as reports write it.
        framework: the package that has to be installed.
        call: which of a row's calls it runs.
        compiler: what compiles it first; empty for none.
    """

    name: str
    framework: str
    call: str
    compiler: str = ""


RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime("torch", "torch", "torch"),
        Runtime("torch.compile", "torch", "torch", "inductor"),
        Runtime("tensorflow", "tensorflow", "tensorflow"),
        Runtime("tf.function", "tensorflow", "tensorflow", "graph"),
        Runtime("XLA", "tensorflow", "tensorflow", "XLA"),
        Runtime("keras", "tensorflow", "keras"),
    )
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a runtime made of some arguments.

    Attributes:
        results: outputs (``output``, or ``output 0`` and so on) and gradients (``gradient of x``).
        error: the name of the exception where it refused; empty otherwise.
        message: what the exception says.
        seconds: how long it took.
    """

    results: Arrays = field(default_factory=dict)
    error: str = ""
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """Which gradients are taken: of what, and along which direction of each output."""

    wanted: tuple[str, ...] = ()
    directions: Arrays = field(default_factory=dict)


FORWARD = Way()


def split(arguments: Arguments) -> tuple[Arrays, dict[str, object]]:
    """The arrays among the arguments, and the rest."""
    arrays = {name: a for name, a in arguments.items() if isinstance(a, np.ndarray)}
    return arrays, {name: a for name, a in arguments.items() if name not in arrays}


def text_of(case: OperatorCase, runtime: Runtime) -> str:
    """The call of a row that a runtime runs; empty where it has none."""
    text: str = getattr(case, runtime.call)
    return text


def run(
    text: str,
    runtime: Runtime,
    arguments: Arguments,
    dtype: str,
    *,
    device: str = "cpu",
    way: Way = FORWARD,
    seed: int = 0,
    rounding: Rounding | None = None,
) -> Outcome:
    """Run a call.

    Args:
        text: the call.
        runtime: what runs it.
        arguments: by name.
        dtype: the type of the run.
        device: ``cpu`` or ``cuda``.
        way: which gradients are taken too.
        seed: of random numbers that the call draws.
        rounding: errors that PyTorch's operators make, on the way to outputs and gradients.
    """
    began = time.perf_counter()
    try:
        if runtime.framework == "torch":
            results = _run_torch(text, runtime, arguments, dtype, device, way, seed, rounding)
        else:
            results = _run_tensorflow(text, runtime, arguments, dtype, device, way, seed)
    except Exception as error:  # noqa: BLE001  # which exception it is, is the result
        return Outcome({}, type(error).__name__, str(error), time.perf_counter() - began)
    return Outcome(results, seconds=time.perf_counter() - began)


def named(results: Sequence[Any]) -> dict[str, Any]:
    """Outputs by name."""
    if len(results) == 1:
        return {"output": results[0]}
    return {f"output {place}": result for place, result in enumerate(results)}


def _flat(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [item for part in result for item in _flat(part)]
    return [result]


def torch_call(
    text: str, arguments: Arguments, dtype: str, device: str, way: Way
) -> tuple[Callable[[Mapping[str, Any]], dict[str, Any]], dict[str, Any]]:
    """A row's call as a function of tensors, and the tensors."""
    import torch

    arrays, rest = split(arguments)
    call = function_of(text, (*arguments, "dtype", "device"), "torch")
    rest |= {"dtype": getattr(torch, dtype), "device": device}
    values = {name: as_torch(array).to(device) for name, array in arrays.items()}
    for name in way.wanted:
        values[name].requires_grad_()

    def function(values: Mapping[str, Any]) -> dict[str, Any]:
        return named(_flat(call(**values, **rest)))

    return function, values


def _run_torch(
    text: str,
    runtime: Runtime,
    arguments: Arguments,
    dtype: str,
    device: str,
    way: Way,
    seed: int,
    rounding: Rounding | None,
) -> Arrays:
    import torch

    function, values = torch_call(text, arguments, dtype, device, way)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed formats a stack for each device
    if device == "cuda":
        torch.cuda.manual_seed_all(seed)
    if runtime.compiler:
        torch._dynamo.reset()
        compiled: Callable[[Mapping[str, Any]], dict[str, Any]] = torch.compile(
            function, dynamic=False
        )
        outputs = compiled(values)
    else:
        with erring(rounding):
            outputs = function(values)
    return results_of_all([(outputs, values, way)], device, rounding)[0]


def results_of_all(
    calls: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Way]],
    device: str,
    rounding: Rounding | None = None,
) -> list[Arrays]:
    """Outputs and gradients of calls in PyTorch as arrays; all gradients are taken at once.

    Args:
        calls: outputs by name, what the call was given, and which gradients are taken.
        device: where they ran.
        rounding: errors on the way to the gradients.
    """
    import torch

    found: list[Arrays] = []
    ends: list[Any] = []
    directions: list[Any] = []
    leaves: list[Any] = []
    for outputs, values, way in calls:
        results = {name: _torch_array(value) for name, value in outputs.items()}
        found.append(results)
        leaves += [values[name] for name in way.wanted]
        for name, direction in way.directions.items():
            if way.wanted and getattr(outputs.get(name), "requires_grad", False):
                ends.append(outputs[name])
                directions.append(as_torch(direction.astype(results[name].dtype)).to(device))
    gradients: Sequence[Any] = [None] * len(leaves)
    if ends and leaves:
        with erring(rounding):
            gradients = torch.autograd.grad(ends, leaves, directions, allow_unused=True)
    place = 0
    for (_, values, way), results in zip(calls, found, strict=True):
        for name in way.wanted:
            gradient = gradients[place]
            place += 1
            gradient = torch.zeros_like(values[name]) if gradient is None else gradient
            results[f"gradient of {name}"] = _torch_array(gradient)
    return found


def _torch_array(value: Any) -> np.ndarray:
    import torch

    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    return as_numpy(value.to_dense() if value.is_sparse else value)


def _run_tensorflow(
    text: str,
    runtime: Runtime,
    arguments: Arguments,
    dtype: str,
    device: str,
    way: Way,
    seed: int,
) -> Arrays:
    import tensorflow as tf

    arrays, rest = split(arguments)
    call = function_of(text, (*arguments, "dtype", "device"), runtime.call)
    rest |= {"dtype": tf.as_dtype(dtype), "device": device}

    def function(values: Mapping[str, Any], directions: Mapping[str, Any]) -> Any:
        if not way.wanted:
            return named(_flat(call(**values, **rest))), {}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            leaves = {name: values[name] for name in way.wanted}
            for leaf in leaves.values():
                tape.watch(leaf)
            outputs = named(_flat(call(**values, **rest)))
        ends = [name for name in directions if name in outputs]
        gradients = tape.gradient(
            [outputs[name] for name in ends],
            leaves,
            [tf.cast(directions[name], outputs[name].dtype) for name in ends],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return outputs, {name: tf.convert_to_tensor(g) for name, g in gradients.items()}

    tf.random.set_seed(seed)
    with tf.device("/GPU:0" if device == "cuda" else "/CPU:0"):
        values = {name: tf.constant(array) for name, array in arrays.items()}
        directions = {name: tf.constant(array) for name, array in way.directions.items()}
        if runtime.compiler:
            jit = runtime.compiler == "XLA"
            compiled = tf.function(function, jit_compile=jit, autograph=False)
            outputs, gradients = compiled(values, directions)
        else:
            outputs, gradients = function(values, directions)
    results = {name: _tensorflow_array(value) for name, value in outputs.items()}
    return results | {
        f"gradient of {name}": gradients[name].numpy() for name in way.wanted if name in gradients
    }


def _tensorflow_array(value: Any) -> np.ndarray:
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)
