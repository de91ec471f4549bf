"""A spread of ``cases/models`` as ``.keras``: saved, loaded, certified, and at other sizes."""

from __future__ import annotations

import pytest

import parity
from cases.case import ModelCase
from cases.models import model_cases
from converters import OutputError, torch_to_tf

# Keras 3.15.1 saves variables through an __array__ without ``copy`` (NumPy 2.4, November 2026).
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CASES = {case.name: case for case in model_cases()}
SPREAD = (
    "character_cnn",
    "dcgan_generator",
    "gru",
    "multihead_attention",
    "spectral_gate",
    "tagger",
    "transformer_encoder",
    "unet",
)


def saved(case: ModelCase, path):
    module, inputs = case.build()
    shapes = case.dynamic_shapes() if case.dynamic_shapes else None
    return module, inputs, torch_to_tf(module, inputs, dynamic_shapes=shapes).save(path)


@pytest.mark.parametrize("name", SPREAD)
def test_a_model_gets_its_certificate_as_a_keras_file(name, tmp_path):
    case = CASES[name]
    module, inputs, path = saved(case, tmp_path / "model.keras")
    given = [inputs] if case.other_inputs is None else [inputs, case.other_inputs()]
    for some in given:
        result = parity.check(module, path, some).results[0]
        assert result.verdict.passes, result.summary
        assert result.certificate.outcome == "same function", result.summary
        assert any(node.covered for node in result.nodes)


def test_a_projected_lstm_of_a_fixed_length_is_written_out(tmp_path):
    """Keras has no layer for it, and no loops."""
    module, inputs = CASES["lstm_projected"].build()
    path = torch_to_tf(module, inputs).save(tmp_path / "model.keras")
    result = parity.check(module, path, inputs).results[0]
    assert result.verdict.passes
    assert result.certificate.outcome == "same function"


def test_a_projected_lstm_of_an_open_length_is_refused_for_its_loop(tmp_path):
    with pytest.raises(OutputError, match=r"aten.lstm.input.*a loop\n.*SavedModel"):
        saved(CASES["lstm_projected"], tmp_path / "model.keras")
