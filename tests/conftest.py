"""What tests of several areas share."""

from __future__ import annotations

import pytest


@pytest.fixture
def own_lowerings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    from converters.torch_to_tf.lowerings import load

    registry = load()
    monkeypatch.setattr(registry, "_lowerings", dict(registry._lowerings))
