"""Whether loops of a known length are written out, step by step, while a model is traced."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_WRITTEN_OUT: ContextVar[bool] = ContextVar("_WRITTEN_OUT", default=False)


@contextlib.contextmanager
def loops_written_out() -> Iterator[None]:
    """Within it: for targets that have no loops, such as a Keras model."""
    token = _WRITTEN_OUT.set(True)
    try:
        yield
    finally:
        _WRITTEN_OUT.reset(token)


def is_written_out(length: object) -> bool:
    """Whether a loop of this length is: it has to be a number."""
    return _WRITTEN_OUT.get() and isinstance(length, int)
