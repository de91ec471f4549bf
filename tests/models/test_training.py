"""Models of ``cases/models`` make three optimiser steps as PyTorch does.

These are the cheap ones; ``python -m cases.training`` tries them all.
"""

from __future__ import annotations

import pytest

from cases.models import model_cases
from cases.training import train

CHEAP = ("gru", "lstm", "rnn", "multihead_attention", "character_cnn")


@pytest.mark.parametrize("name", CHEAP)
def test_a_model_trains_for_three_steps_with_parity(name: str) -> None:
    result = train(next(case for case in model_cases() if case.name == name))
    assert result.verdict.passes, result.summary
    assert result.certificate.outcome == "same function", result.summary
