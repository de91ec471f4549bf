"""What a user reads when PyTorch refuses to capture a model."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import Any

import torch

from converters.errors import CaptureError

_LONGEST = 500
_TORCH = str(Path(torch.__file__).parent)
_OURS = str(Path(__file__).parents[1])
_ADVICE = re.compile(r" ?For more information, run with TORCH_LOGS=\S+")
_DATA_DEPENDENT = ("data-dependent", "GuardOnDataDependent")


def refusal(module: Any, error: BaseException) -> CaptureError:
    """The error that says what PyTorch won't capture, where in the user's code, and the way out."""
    line = users_line(error)
    place = f"It happens at {line}. " if line else ""
    return CaptureError(
        f"torch.export can't capture {type(module).__name__}: {explanation(error)} "
        f"{place}{_way_out(error)}"
    )


def explanation(error: BaseException) -> str:
    r"""What an exception of PyTorch says, without its hints for PyTorch's own developers.

    >>> explanation(ValueError("It is too large\n\nFor C++ stack trace, run with ..."))
    'ValueError: It is too large.'
    """
    text = str(error).strip()
    explained = re.search(r"Explanation: (.+?)(?:\n  Hint:|\n\n|$)", text, re.DOTALL)
    text = explained[1] if explained else text.split("\n\n")[0]
    text = _ADVICE.sub("", " ".join(text.split()))
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return f"{type(error).__name__}: {text}" + ("" if text.endswith((".", "!", "?")) else ".")


def users_line(error: BaseException) -> str:
    """The last line of the user's code that was running: file, line and text; empty if none was."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith((_TORCH, _OURS, "<"))]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}: {own[-1].line}" if own else ""


def _way_out(error: BaseException) -> str:
    text = f"{type(error).__name__} {error}"
    if any(word in text for word in _DATA_DEPENDENT):
        return (
            "What a tensor holds isn't known there: branch on shapes, not on values, or write the "
            "branch as torch.cond(pred, true_fn, false_fn, operands) or torch.where, a loop as "
            "while_loop (torch._higher_order_ops.while_loop), and say what is true of a size with "
            "torch._check (docs/control_flow.md)."
        )
    if "input mutation" in text:
        return "Return the new value from both branches and write it after torch.cond."
    if "Constraints violated" in text:
        return "Change dynamic_shapes as it says, or the code that makes a size special."
    return (
        "Make the module exportable (torch.export.export(module, inputs) must succeed; branch on "
        "shapes, not on values), or check that the example inputs fit its forward method."
    )
