"""A fixed sample of the calls of Keras's own layer tests; ``tox -e sweep`` tries all."""

from __future__ import annotations

import numpy as np
import pytest

from cases.keras_layers import harvested, layer_call, layer_files, split
from cases.keras_table import PAGE, page, read, tried
from cases.keras_verdicts import ERROR, REFUSED, RIGHT, TRIVIAL, Entry, judged

pytestmark = pytest.mark.filterwarnings("default")
"""What Keras's own tests warn of is Keras's matter."""

FIGURES = read()
SAMPLE = tried(FIGURES)[::30]


@pytest.mark.parametrize("entry", SAMPLE, ids=[entry.call for entry in SAMPLE])
def test_a_call_of_the_sample_ends_as_the_committed_figures_say(entry: Entry):
    found = judged(entry.call)
    assert (found.outcome, found.certificate) == (entry.outcome, entry.certificate), found.detail


def test_the_page_is_what_the_figures_say():
    assert PAGE.read_text(encoding="utf-8") == page(FIGURES)


NO_GRADIENT = {"merging/merging.MergingLayersTest.test_sparse_multiply.1"}
"""PyTorch 2.13 raises in the gradient of a ``cond`` whose branches return other sizes."""

WITHOUT_ELEMENTS = {"normalization/layer_normalization.LayerNormalizationTest.test_ln_basics.6"}
"""Its input has none, so nothing can be compared."""


def test_no_call_is_wrong_and_what_is_not_right_is_refused_in_a_sentence():
    others = [entry for entry in tried(FIGURES) if entry.outcome != RIGHT]
    assert {entry.outcome for entry in others} <= {REFUSED, TRIVIAL, ERROR}
    assert {entry.call for entry in others if entry.outcome == ERROR} <= NO_GRADIENT
    assert {entry.call for entry in others if entry.outcome == TRIVIAL} <= WITHOUT_ELEMENTS
    assert all(entry.detail for entry in others)


def test_every_set_of_parameters_is_a_call_of_its_own():
    calls = harvested("core/dense")
    assert len({call.name for call in calls}) == len(calls) > 4
    first = layer_call(calls[0].name)
    assert first.layer.__name__ == "Dense"
    assert first.arguments == calls[0].arguments
    assert split(first.name) == ("core/dense", "DenseTest.test_dense_basics", 1)
    assert {"core/dense", "rnn/lstm", "preprocessing/discretization"} <= set(layer_files())


def test_a_wrong_conversion_is_not_right(monkeypatch: pytest.MonkeyPatch):
    import converters

    real = converters.tf_to_torch

    def spoilt(*args: object, **options: object) -> converters.Conversion:
        conversion = real(*args, **options)
        for parameter in conversion.model.parameters():
            parameter.data.mul_(np.float32(1.001))
        return conversion

    monkeypatch.setattr(converters, "tf_to_torch", spoilt)
    assert judged("core/dense.DenseTest.test_dense_basics.1").outcome == "wrong"
