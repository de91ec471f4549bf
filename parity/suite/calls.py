"""A call in text becomes a function.

Rows are code of the project or of the user who names their package; a call never comes from a file
of results.
"""

from __future__ import annotations

import functools
import importlib
import math
import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Call = Callable[..., Any]

_NAMED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def function_of(text: str, names: tuple[str, ...], language: str) -> Call:
    """The function that a call in text stands for; its arguments are given by name.

    Args:
        text: an expression, the body of a function, or ``package.module:function``.
        names: the names of the arguments; others can't be used.
        language: whose names there are: ``torch``, ``tensorflow``, ``keras``, ``numpy``.

    >>> function_of("np.hypot(x, y)", ("x", "y"), "numpy")(x=3.0, y=4.0)
    np.float64(5.0)
    """
    return _compiled(text.strip(), names, language)


@functools.lru_cache(maxsize=4096)
def _compiled(text: str, names: tuple[str, ...], language: str) -> Call:
    if _NAMED.fullmatch(text):
        module, _, name = text.partition(":")
        found: Call = getattr(importlib.import_module(module), name)
        return found
    text = textwrap.dedent(text)
    body = text if is_body(text) else f"return (\n{text}\n)"
    source = f"def call({', '.join(names)}):\n{textwrap.indent(body, '    ')}\n"
    space: dict[str, Any] = dict(namespace(language))
    exec(compile(source, f"<{language}: {text.splitlines()[0]}>", "exec"), space)  # noqa: S102
    call: Call = space["call"]
    return call


def is_body(text: str) -> bool:
    """Whether a text is the body of a function rather than an expression."""
    return re.search(r"^\s*return\b", text, re.MULTILINE) is not None


@functools.cache
def namespace(language: str) -> Mapping[str, Any]:
    """The names that a call can use besides its arguments."""
    if language == "numpy":
        return {"np": np, "math": math}
    if language == "mpmath":
        import mpmath

        return {"mp": mpmath, "math": math}
    if language == "torch":
        import torch

        return {"torch": torch, "F": torch.nn.functional, "math": math}
    import tensorflow as tf

    if language == "tensorflow":
        return {"tf": tf, "math": math}
    import keras

    return {"tf": tf, "keras": keras, "math": math}
