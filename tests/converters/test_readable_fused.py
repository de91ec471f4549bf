"""What Keras writes in many operators and PyTorch has a function for."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from keras import layers

import converters
import parity

MASK = np.array([[True] * 5, [True, False, True, False, False], [False] * 5])


def attended(*, causal: bool):
    """An attention layer with a mask, of which one text is masked altogether."""
    words = keras.Input((5, 6))
    mask = keras.Input((5,), dtype="bool")
    attention = layers.MultiHeadAttention(2, 4)
    found = attention(words, words, attention_mask=mask[:, None], use_causal_mask=causal)
    return keras.Model([words, mask], layers.Dense(3, "gelu")(found))


@pytest.mark.parametrize("causal", [False, True])
def test_masked_attention_is_one_function_and_trains_alike(causal):
    keras.utils.set_random_seed(0)
    model = attended(causal=causal)
    for variable in model.variables:
        variable.assign(np.random.default_rng(1).standard_normal(variable.shape))
    conversion = converters.tf_to_torch(model)
    traced = torch.export.export(
        conversion.model, (torch.ones(3, 5, 6), torch.from_numpy(MASK)), strict=False
    )
    used = {str(node.target) for node in traced.graph.nodes}
    assert "aten.scaled_dot_product_attention.default" in used
    assert "aten.neg.default" not in used  # gelu in three products and erfc
    words = np.random.default_rng(0).standard_normal((3, 5, 6)).astype(np.float32)
    report = parity.check(model, conversion, [words, MASK])
    assert report.passes, report.results[0].summary


def test_scores_that_something_else_takes_stay_operators():
    words = keras.Input((5, 6))
    attention = layers.MultiHeadAttention(2, 4)
    found, scores = attention(words, words, return_attention_scores=True)
    model = keras.Model(words, [found, scores])
    conversion = converters.tf_to_torch(model)
    words = np.random.default_rng(0).standard_normal((3, 5, 6)).astype(np.float32)
    expected = model(words)
    actual = conversion.model(torch.from_numpy(words))
    for one, other in zip(expected, actual, strict=True):
        np.testing.assert_allclose(other.detach().numpy(), one, atol=1e-6)


def test_an_activation_works_in_place_where_nothing_else_needs_its_input():
    image = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(image))
    first = layers.ReLU()(x)
    kept = layers.Conv2D(4, 3)(first)
    second = layers.ReLU(max_value=6)(kept)
    model = keras.Model(image, [second, layers.Add()([kept, second]), layers.ReLU()(image)])
    conversion = converters.tf_to_torch(model)
    found = [m.inplace for m in conversion.model.modules() if hasattr(m, "inplace")]
    assert found == [True, False, False]
    given = np.random.default_rng(0).standard_normal((2, 8, 8, 3)).astype(np.float32)
    before = given.copy()
    report = parity.check(model, conversion, given)
    assert report.passes, report.results[0].summary
    assert np.array_equal(given, before)


def test_training_goes_through_an_activation_in_place():
    image = keras.Input((8, 8, 3))
    x = layers.Activation("silu")(layers.BatchNormalization()(layers.Conv2D(4, 3)(image)))
    model = keras.Model(image, layers.Dense(1)(layers.GlobalAveragePooling2D()(x)))
    module = converters.tf_to_torch(model, training=True).model
    assert [m.inplace for m in module.modules() if hasattr(m, "inplace")] == [True]
    given = torch.randn(4, 8, 8, 3)
    module(given).sum().backward()
    moved = [parameter.grad for parameter in module.parameters()]
    assert all(grad is not None and grad.isfinite().all() for grad in moved)


def test_sums_and_products_write_over_what_nothing_else_takes(tmp_path):
    image = keras.Input((8, 8, 3))
    first = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(image))
    second = layers.Conv2D(4, 3, padding="same", activation="gelu")(first)
    x = layers.Add()([first, layers.Dropout(0.1)(layers.Conv2D(4, 1)(second))])
    kept = layers.Conv2D(4, 1)(layers.ReLU()(x))
    model = keras.Model(
        image, [kept, layers.Add()([kept, kept]), layers.Add()([x, image[..., :1]])]
    )
    conversion = converters.tf_to_torch(model)
    conversion.save(tmp_path / "net.py")
    text = (tmp_path / "net.py").read_text()
    assert text.count("+=") == 1  # not over what is taken again, returned, or the caller's
    assert "erfc_()" in text
    assert "*=" in text
    given = np.random.default_rng(0).standard_normal((2, 8, 8, 3)).astype(np.float32)
    before = given.copy()
    report = parity.check(model, conversion, given)
    assert report.passes, report.results[0].summary
    assert np.array_equal(given, before)


def test_attention_of_different_layers_is_one_class(tmp_path):
    words, mask = keras.Input((5, 6)), keras.Input((5, 5), dtype="bool")
    x = layers.LayerNormalization()(words)
    for _ in range(2):
        x = layers.MultiHeadAttention(2, 4)(x, x, attention_mask=mask)
        x = layers.LayerNormalization()(x)
    conversion = converters.tf_to_torch(keras.Model([words, mask], x))
    conversion.save(tmp_path / "net.py")
    assert (tmp_path / "net.py").read_text().count("class MultiHeadAttention") == 1
    weights = [name for name, _ in conversion.model.named_parameters() if "query" in name]
    assert len(weights) == 4
    assert conversion.model.get_parameter(weights[0]).shape == (8, 6)
