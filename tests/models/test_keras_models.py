"""Models of Keras and TensorFlow in PyTorch: a spread; ``tox run -e keras-zoo`` proves them all."""

from __future__ import annotations

import pytest

from cases import keras_model_table
from cases.keras_models import keras_cases
from cases.keras_zoo import prove

SPREAD = ("keras_subclassed", "keras_shared", "tf_module", "tf_map_fn", "tf_while")
"""A class of one's own, shared layers and named inputs, a module, and two kinds of loops."""


@pytest.mark.parametrize("name", SPREAD)
def test_a_model_is_proved_in_pytorch(name, tmp_path):
    proof = prove(name, tmp_path)
    assert proof.outcome == "proved", proof.detail
    assert proof.gradients > 0
    assert (tmp_path / name / "report.html").is_file()


def test_an_architecture_of_keras_is_proved_in_pytorch(tmp_path):
    proof = prove("MobileNetV3Small", tmp_path, gradients=False)
    assert proof.outcome == "proved", proof.detail
    assert proof.sizes


def test_every_model_has_a_name_of_its_own_and_every_figure_a_model():
    names = [case.name for case in keras_cases(trained=True)]
    assert len(set(names)) == len(names)
    assert {proof.name for proof in keras_model_table.read()} <= set(names)


def test_all_of_keras_applications_is_there():
    import keras

    found = {name for name in dir(keras.applications) if name[0].isupper()}
    assert found <= {case.name for case in keras_cases()}
