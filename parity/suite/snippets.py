"""Programs that show what two calls give, which need nothing of this project."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np

from parity.known_differences import Arguments, KnownDifference
from parity.suite.calls import is_body

HEAD = (
    "import math",
    "import numpy as np",
    "import tensorflow as tf",
    "import torch",
    "import torch.nn.functional as F",
)
_MAKE = {
    "torch": "torch.from_numpy(np.asarray({0}))",
    "tensorflow": "tf.constant({0})",
    "keras": "tf.constant({0})",
}
_HALF = "torch.from_numpy({0}.astype('float32')).bfloat16()"
_PACKAGE = {"torch": "torch", "tensorflow": "tf", "keras": "tf"}
_COMPILERS = {
    "torch.compile": ("torch", "torch.compile(dynamic=False)"),
    "tf.function": ("tensorflow", "tf.function(autograph=False)"),
    "XLA": ("tensorflow", "tf.function(jit_compile=True, autograph=False)"),
}
"""Whose call a runtime compiles, and with what."""
_FEW = 24


def program(
    calls: Mapping[str, str], arguments: Arguments, dtype: str = "float32", gradient: str = ""
) -> str:
    """A program that prints what calls give.

    Args:
        calls: by language: ``torch``, ``tensorflow``, ``keras``.
        arguments: by name.
        dtype: of the run.
        gradient: the argument whose gradient is printed instead, of the sum of what a call gives.

    Returns:
        The program; empty where an argument is too large to be written out.
    """
    words = [f"{name}={_few_words(value)}" for name, value in arguments.items()]
    if any(word.endswith("=") for word in words):
        return ""
    lines = [*HEAD]
    if "keras" in calls:
        lines.append("import keras")
    lines.append("nan, inf = math.nan, math.inf")
    lines.append(f"arguments = dict({', '.join(words)})")
    tensors = {
        name: str(value.dtype) for name, value in arguments.items() if isinstance(value, np.ndarray)
    }
    for language, call in calls.items():
        lines.append(f"def in_{language}({', '.join(arguments)}):")
        lines += [
            f"    {name} = {_made(name, dtype_name, language)}"
            for name, dtype_name in tensors.items()
        ]
        if "dtype" in call:
            lines.append(f"    dtype = {_PACKAGE[language]}.{dtype}")
        if "device" in call:
            lines.append('    device = "cpu"')
        lines += _body(language, call, arguments, gradient)
    for language in calls:
        lines += [
            "try:",
            f"    print('{language}:', in_{language}(**arguments))",
            "except Exception as error:",
            f"    print('{language} raises', type(error).__name__)",
        ]
    return "\n".join(lines)


def difference_program(entry: KnownDifference) -> str:
    """A program that shows a known difference; empty where it can't be written in a few lines.

    Args:
        entry: the difference.
    """
    language = "tensorflow" if entry.tensorflow else "keras"
    if entry.evidence != "run":
        return ""
    gradient = entry.result.removeprefix("gradient of ") if "gradient" in entry.result else ""
    calls = {"torch": entry.torch, language: entry.tensorflow or entry.keras}
    if entry.runtime in _COMPILERS:
        compiled, compiler = _COMPILERS[entry.runtime]
        names = ", ".join(entry.example)
        given = ", ".join(f"{name}={name}" for name in entry.example)
        inner = textwrap.indent(returned(calls[compiled], given), "    ")
        calls[compiled] = f"@{compiler}\ndef compiled({names}):\n{inner}\nreturn compiled({names})"
    return program(calls, entry.example, gradient=gradient)


def _body(language: str, call: str, arguments: Arguments, gradient: str) -> list[str]:
    names = ", ".join(f"{name}={name}" for name in arguments)
    body = textwrap.indent(returned(call, names), "    ")
    if not gradient:
        return body.splitlines()
    inner = textwrap.indent(body, "    ").splitlines()
    if language == "torch":
        return [
            f"    {gradient}.requires_grad_()",
            f"    def call({', '.join(arguments)}):",
            *inner,
            f"    return torch.autograd.grad(call({names}).sum(), {gradient})[0]",
        ]
    return [
        f"    def call({', '.join(arguments)}):",
        *inner,
        "    with tf.GradientTape() as tape:",
        f"        tape.watch({gradient})",
        f"        result = call({names})",
        f"    return tape.gradient(result, {gradient})",
    ]


def _made(name: str, dtype: str, language: str) -> str:
    half = language == "torch" and dtype == "bfloat16"
    return (_HALF if half else _MAKE[language]).format(name)


def tensor_line(name: str, value: np.ndarray, language: str) -> str:
    """The line that makes a framework's tensor of an array.

    Args:
        name: of the variable.
        value: the array.
        language: ``torch``, ``tensorflow`` or ``keras``.
    """
    return f"{name} = {_made(word(value), str(value.dtype), language)}"


def returned(call: str, names: str) -> str:
    """The body of a function that gives what a call gives.

    Args:
        call: the text of a row.
        names: its arguments, as they are passed to a function that is named.
    """
    call = textwrap.dedent(call).strip()
    module, colon, function = call.partition(":")
    if colon and module.replace(".", "").replace("_", "").isalnum() and function.isidentifier():
        return f"from {module} import {function}\nreturn {function}({names})"
    if is_body(call):
        return call
    return f"return {call}" if "\n" not in call else f"return (\n{call}\n)"


def _few_words(value: object) -> str:
    """An argument as a program has it; empty where that would be long."""
    few = not isinstance(value, np.ndarray) or value.size <= _FEW or _same(value)
    return word(value) if few else ""


def _same(value: np.ndarray) -> bool:
    """Whether all elements have the same bits."""
    return value.tobytes() == np.full_like(value, value.flat[0]).tobytes()


def word(value: object) -> str:
    """An argument as a program has it.

    >>> word(np.zeros((2, 3), "float32"))
    "np.full((2, 3), 0.0, 'float32')"
    """
    if not isinstance(value, np.ndarray):
        return repr(value)
    name = repr(str(value.dtype))
    if not value.size:
        return f"np.zeros({value.shape}, {name})"
    if value.dtype.kind == "c":  # what numpy writes for NaN and infinities can't be read
        parts = value.reshape(-1).view(value.real.dtype)
        return (
            f"np.array({parts.tolist()}, '{value.real.dtype}').view({name}).reshape({value.shape})"
        )
    if value.size > 1 and _same(value):
        return f"np.full({value.shape}, {value.flat[0].item()!r}, {name})"
    return f"np.array({value.tolist()}, {name})"
