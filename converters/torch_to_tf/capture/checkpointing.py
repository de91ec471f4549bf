"""Gradient checkpointing saves memory and changes no result: a capture sees through it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.checkpoint import CheckpointFunction


@contextlib.contextmanager
def checkpoints_ignored() -> Iterator[None]:
    """While active, reentrant checkpointing calls its function.

    Otherwise it runs it without gradients, to run it again later, and a graph would say that it has
    none. The other kind (``use_reentrant=False``) does nothing to a graph.
    """
    apply: Any = CheckpointFunction.__dict__.get("apply")

    def call(function: Callable[..., Any], preserve_rng_state: bool, *args: Any) -> Any:  # noqa: ARG001
        return function(*args)

    CheckpointFunction.apply = staticmethod(call)  # type: ignore[assignment]
    try:
        yield
    finally:
        del CheckpointFunction.apply
        if apply is not None:
            CheckpointFunction.apply = apply  # type: ignore[method-assign]
