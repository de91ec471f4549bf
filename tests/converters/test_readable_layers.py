"""Each row of the table of layers: the module, and the certificate of what is written."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import torch
from keras import layers

import converters
import parity
from converters.tf_to_torch.readable.table import load

IMAGE, ROWS, VOLUME, SEQUENCE = (6, 5, 4), (7, 4), (4, 3, 4, 2), (2, 4)
FILM, STEPS = (2, 4, 3, 2), (2, 3)

LAYERS: dict[tuple[int | None, ...], dict[str, tuple[str, keras.Layer]]] = {
    (6,): {
        "Dense": ("Linear", layers.Dense(4, "tanh")),
        "GroupNormalization_flat": ("GroupNorm", layers.GroupNormalization(3)),
        "EinsumDense_flat": (
            "Linear",
            layers.EinsumDense("ab,bcd->acd", (2, 3), activation="relu", bias_axes="cd"),
        ),
    },
    SEQUENCE: {
        "LSTM": ("LSTM", layers.LSTM(3, return_sequences=True)),
        "GRU": ("GRU", layers.GRU(3, go_backwards=True)),
        "SimpleRNN": ("RNN", layers.SimpleRNN(3, activation="relu")),
        "LSTM_dropout": ("LSTM", layers.LSTM(3, dropout=0.5, recurrent_dropout=0.5)),
        "RNN": ("LSTM", layers.RNN(layers.LSTMCell(3))),
        "Bidirectional": ("GRU", layers.Bidirectional(layers.GRU(2, return_sequences=True))),
        "Bidirectional_last": ("LSTM", layers.Bidirectional(layers.LSTM(2))),
    },
    STEPS: {
        "LSTM_relu": ("Recurrent", layers.LSTM(3, activation="relu", return_sequences=True)),
        "GRU_reset_before": ("Recurrent", layers.GRU(3, reset_after=False, go_backwards=True)),
        "GRU_hard": ("Recurrent", layers.GRU(3, recurrent_activation="hard_sigmoid")),
        "SimpleRNN_linear": ("Recurrent", layers.SimpleRNN(3, activation=None, use_bias=False)),
    },
    ROWS: {
        "Dense_rows": ("Linear", layers.Dense(3, use_bias=False)),
        "EinsumDense": ("Linear", layers.EinsumDense("abc,cde->abde", (7, 2, 3), bias_axes="de")),
        "EinsumDense_both": ("Linear", layers.EinsumDense("...bc,dcb->...d", (5,), bias_axes="d")),
        "Conv1D": ("Conv1d", layers.Conv1D(3, 3, padding="causal", strides=2)),
        "DepthwiseConv1D": ("Conv1d", layers.DepthwiseConv1D(3, depth_multiplier=2)),
        "SeparableConv1D": ("Sequential", layers.SeparableConv1D(3, 2)),
        "Conv1DTranspose": (
            "ConvTranspose1d",
            layers.Conv1DTranspose(3, 2, strides=3, padding="same"),
        ),
        "LayerNormalization": ("LayerNorm", layers.LayerNormalization(center=False)),
        "LayerNormalization_both": ("LayerNorm", layers.LayerNormalization(axis=[1, 2])),
        "RMSNormalization": ("RMSNorm", layers.RMSNormalization()),
        "MaxPooling1D": ("MaxPool1d", layers.MaxPooling1D(2, padding="same")),
        "AveragePooling1D": ("AvgPool1d", layers.AveragePooling1D(2)),
        "ZeroPadding1D": ("ZeroPad1d", layers.ZeroPadding1D((1, 2))),
        "UpSampling1D": ("Upsample", layers.UpSampling1D(2)),
        "GlobalAveragePooling1D": ("AdaptiveAvgPool1d", layers.GlobalAveragePooling1D()),
        "EinsumDense_rows": ("Linear", layers.EinsumDense("...x,yx->...y", 3, bias_axes="y")),
        "Softmax": ("Softmax", layers.Softmax(axis=1)),
        "Dropout": ("Dropout", layers.Dropout(0.4)),
        "SpatialDropout1D": ("Dropout1d", layers.SpatialDropout1D(0.4)),
        "AlphaDropout": ("AlphaDropout", layers.AlphaDropout(0.4)),
        **{
            f"Activation_{name}": (kind, layers.Activation(name))
            for name, kind in {
                "relu": "ReLU",
                "relu6": "ReLU6",
                "sigmoid": "Sigmoid",
                "tanh": "Tanh",
                "silu": "SiLU",
                "elu": "ELU",
                "hard_silu": "Hardswish",
                "tanh_shrink": "Tanhshrink",
                "softsign": "Softsign",
                "softmax": "Softmax",
                "gelu": "GELU",
                "selu": "SELU",
                "celu": "CELU",
                "mish": "Mish",
                "softplus": "Softplus",
                "log_sigmoid": "LogSigmoid",
                "log_softmax": "LogSoftmax",
                "hard_sigmoid": "HardSigmoid",
                "hard_tanh": "Hardtanh",
                "leaky_relu": "LeakyReLU",
                "soft_shrink": "Softshrink",
                "hard_shrink": "Hardshrink",
                "glu": "GLU",
            }.items()
        },
    },
    IMAGE: {
        "Conv2D": ("Conv2d", layers.Conv2D(6, 3, padding="same", groups=2)),
        "DepthwiseConv2D": ("Conv2d", layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2)),
        "SeparableConv2D": (
            "Sequential",
            layers.SeparableConv2D(3, 3, strides=2, padding="same", depth_multiplier=2),
        ),
        "Conv2DTranspose": (
            "ConvTranspose2d",
            layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
        ),
        "BatchNormalization": ("BatchNorm2d", layers.BatchNormalization(scale=False)),
        "GroupNormalization": ("GroupNorm", layers.GroupNormalization(2)),
        "MaxPooling2D": ("MaxPool2d", layers.MaxPooling2D(3, 1, "same")),
        "AveragePooling2D": ("AvgPool2d", layers.AveragePooling2D(3, 1, padding="same")),
        "ZeroPadding2D": ("ZeroPad2d", layers.ZeroPadding2D(((0, 1), (2, 3)))),
        "UpSampling2D": ("Upsample", layers.UpSampling2D((2, 3))),
        "UpSampling2D_between": ("Upsample", layers.UpSampling2D(2, interpolation="bilinear")),
        "GlobalAveragePooling2D": (
            "AdaptiveAvgPool2d",
            layers.GlobalAveragePooling2D(keepdims=True),
        ),
        "SpatialDropout2D": ("Dropout2d", layers.SpatialDropout2D(0.4)),
        "PReLU": ("PReLU", layers.PReLU(shared_axes=[1, 2])),
        "ReLU": ("ReLU6", layers.ReLU(max_value=6)),
        "ReLU_slope": ("LeakyReLU", layers.ReLU(negative_slope=0.1)),
        "ReLU_value": ("Hardtanh", layers.ReLU(max_value=0.7)),
        "LeakyReLU": ("LeakyReLU", layers.LeakyReLU(0.3)),
        "ELU": ("ELU", layers.ELU(0.7)),
        "Flatten": ("Flatten", layers.Flatten()),
    },
    (5, 5, 4): {"BatchNormalization_front": ("BatchNorm2d", layers.BatchNormalization(axis=1))},
    (None, None, 4): {
        "Conv2D": ("Conv2d", layers.Conv2D(6, 3, strides=2, padding="same")),
        "MaxPooling2D": ("MaxPool2d", layers.MaxPooling2D(3, 2, "same")),
    },
    VOLUME: {
        "Conv3D": ("Conv3d", layers.Conv3D(3, (2, 3, 2))),
        "Conv3DTranspose": ("ConvTranspose3d", layers.Conv3DTranspose(3, 2, strides=2)),
        "MaxPooling3D": ("MaxPool3d", layers.MaxPooling3D(2)),
        "AveragePooling3D": ("AvgPool3d", layers.AveragePooling3D(2)),
        "ZeroPadding3D": ("ZeroPad3d", layers.ZeroPadding3D((1, 2, 0))),
        "UpSampling3D": ("Upsample", layers.UpSampling3D(2)),
        "SpatialDropout3D": ("Dropout3d", layers.SpatialDropout3D(0.4)),
        "GlobalAveragePooling3D": ("AdaptiveAvgPool3d", layers.GlobalAveragePooling3D()),
    },
    FILM: {
        "ConvLSTM2D": ("Recurrent", layers.ConvLSTM2D(2, (2, 3), padding="same")),
        "ConvLSTM2D_steps": (
            "Recurrent",
            layers.ConvLSTM2D(2, 2, strides=2, return_sequences=True, activation="softsign"),
        ),
    },
    (3, *FILM): {"ConvLSTM3D": ("Recurrent", layers.ConvLSTM3D(1, 1, go_backwards=True))},
    (2, 3, 4): {
        "ConvLSTM1D": ("Recurrent", layers.ConvLSTM1D(2, 2, dilation_rate=2, use_bias=False)),
        "TimeDistributed": ("TimeDistributed", layers.TimeDistributed(layers.Conv1D(2, 2))),
    },
}
"""Layers that take a tensor of some shape, and the modules that they become."""


def side_by_side(shape: tuple[int | None, ...]) -> keras.Model:
    """A model that gives one tensor to several layers."""
    x = layers.Input(shape, name="x")
    outputs = {}
    for name, (_, layer) in LAYERS[shape].items():
        layer.name = name
        outputs[name] = layer(x)
    return varied(keras.Model(x, outputs))


def varied(model: keras.Model) -> keras.Model:
    """The model with weights none of which is zero or one."""
    rng = np.random.default_rng(1)
    for variable in model.variables:
        if "float" in variable.dtype:
            variable.assign(rng.uniform(0.2, 0.9, variable.shape) * rng.choice([0.5, 1]))
    return model


def certified(
    model: keras.Model, *inputs: np.ndarray, gradients: bool = True
) -> converters.Conversion:
    """The conversion of a model, of which the check has passed."""
    conversion = converters.tf_to_torch(model)
    (result,) = parity.check(model, conversion, inputs, runs=2, gradients=gradients).results
    assert result.verdict.passes, result.summary
    assert result.certificate.outcome == "same function"
    return conversion


def assert_weights_cross(conversion: converters.Conversion) -> None:
    state = {key: value.numpy() for key, value in conversion.model.state_dict().items()}
    back = conversion.weights.to_source(state)
    moved = {rule.source for rule in conversion.weights}  # the state of random numbers is no weight
    for parameter in (p for p in conversion.source.parameters if p.name in moved):
        np.testing.assert_array_equal(back[parameter.name], parameter.value)
    for key, array in conversion.weights.to_target(back).items():
        np.testing.assert_array_equal(array, state[key])


@pytest.mark.parametrize("shape", LAYERS, ids=str)
def test_layers_are_modules_with_the_certificate(shape: tuple[int | None, ...]):
    model = side_by_side(shape)
    sizes = [3, *(7 if size is None else size for size in shape)]
    x = np.random.default_rng(0).standard_normal(sizes).astype(np.float32)
    conversion = certified(model, x)
    kinds = {name: type(part).__name__ for name, part in conversion.model.named_children()}
    assert kinds == {name: kind for name, (kind, _) in LAYERS[shape].items()}
    assert_weights_cross(conversion)


@pytest.mark.parametrize(("width", "causal"), [(8, False), (6, True)])
def test_attention_is_a_module_with_the_certificate(width: int, causal: bool):
    query, other = layers.Input((5, 8), name="query"), layers.Input((4, width), name="other")
    layer = layers.MultiHeadAttention(2, 4, name="attention", use_bias=not causal)
    model = keras.Model([query, other], layer(query, other, use_causal_mask=causal))
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((3, *x.shape[1:])).astype(np.float32) for x in model.inputs]
    conversion = certified(varied(model), *arrays)
    assert isinstance(conversion.model.attention, torch.nn.MultiheadAttention)
    assert_weights_cross(conversion)


def test_a_tagger_of_open_length_is_modules(tmp_path):
    tagger = keras.Sequential(
        [
            layers.Input((None,), dtype="int32", name="tokens"),
            layers.Embedding(9, 4, name="embedding"),
            layers.LSTM(3, return_sequences=True, name="lstm"),
            layers.Dense(2, name="tags"),
        ]
    )
    tokens = np.random.default_rng(0).integers(0, 9, (3, 4)).astype(np.int32)
    conversion = certified(varied(tagger), tokens, gradients=False)
    kinds = [type(part).__name__ for part in conversion.model.children()]
    assert kinds == ["Embedding", "LSTM", "Linear"]
    longer = np.tile(tokens, (1, 3))
    found = conversion.model(torch.from_numpy(longer)).detach().numpy()
    np.testing.assert_allclose(found, tagger(longer).numpy(), atol=1e-6)
    with torch.no_grad():
        conversion.model.tags.bias.add_(1)  # as if it had been trained
    saved = torch.export.load(conversion.save(tmp_path / "tagger.pt2")).module()
    again = saved(torch.from_numpy(longer)).detach().numpy()
    np.testing.assert_allclose(again, tagger(longer).numpy() + 1, atol=1e-6)


KEPT_AS_OPERATIONS: dict[str, Callable[[], keras.Layer]] = {
    "an axis between": lambda: layers.BatchNormalization(axis=2),
    "another window form": lambda: layers.AveragePooling2D(2, padding="same"),
    "steps between images": lambda: layers.UpSampling2D(2, interpolation="bicubic"),
    "a slope and a ceiling": lambda: layers.ReLU(6, negative_slope=0.1),
    "a kernel for each place": lambda: layers.EinsumDense("bijc,ijcd->bijd", (5, 5, 3)),
}


@pytest.mark.parametrize("name", KEPT_AS_OPERATIONS)
def test_what_has_no_exact_module_stays_operations(name: str):
    model = keras.Sequential([layers.Input((5, 5, 4)), KEPT_AS_OPERATIONS[name]()])
    module = converters.tf_to_torch(model).model
    kinds = {type(part).__module__.split(".")[0] for part in module.modules() if part is not module}
    assert all(type(part) is torch.nn.Module for part in module.children()), kinds
    x = np.random.default_rng(0).standard_normal((2, 5, 5, 4)).astype(np.float32)
    found = module(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(found, model(x).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "zeros", "given"), [("LSTM", False, True), ("GRU", True, False), ("GRU", False, True)]
)
def test_a_mask_and_states_go_through_a_recurrent_layer(cell: str, zeros: bool, given: bool):
    tokens = layers.Input((None,), dtype="int32", name="tokens")
    states = [layers.Input((2,), name=f"state{i}") for i in range(2 if cell == "LSTM" else 1)]
    rows = layers.Embedding(5, 3, name="rows")(tokens)
    layer = getattr(layers, cell)(
        2, return_sequences=True, return_state=True, name="walk", zero_output_for_mask=zeros
    )
    result = layer(rows, mask=tokens != 0, initial_state=states if given else None)
    model = varied(keras.Model([tokens, *states] if given else tokens, result))
    rng = np.random.default_rng(0)
    numbers = [rng.standard_normal((3, 2)).astype(np.float32) for _ in states if given]
    words = np.array([[1, 2, 0], [0, 3, 4], [0, 0, 0]], np.int32)
    conversion = certified(model, words, *numbers)
    assert type(conversion.model.walk).__name__ == "Recurrent"
    assert_weights_cross(conversion)
    longer = np.tile(words, (1, 3))
    found = conversion.model(torch.from_numpy(longer), *map(torch.from_numpy, numbers))
    wanted = model([longer, *numbers] if given else longer)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other.numpy(), atol=1e-6)


def test_states_without_a_mask_go_to_the_module_of_pytorch():
    x, h, c = layers.Input((2, 3), name="x"), layers.Input((2,)), layers.Input((2,))
    model = varied(keras.Model([x, h, c], layers.LSTM(2, name="walk")(x, initial_state=[h, c])))
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((2, *i.shape[1:])).astype(np.float32) for i in model.inputs]
    assert type(certified(model, *arrays).model.walk) is torch.nn.LSTM


def test_a_layer_at_every_step_is_called_once():
    inner = keras.Sequential(
        [layers.Conv2D(3, 2, activation="gelu", name="conv"), layers.Flatten(), layers.Dense(2)],
        name="inner",
    )
    x = layers.Input((None, 3, 3, 2), name="x")
    model = varied(keras.Model(x, layers.TimeDistributed(inner, name="steps")(x)))
    film = np.random.default_rng(0).standard_normal((2, 2, 3, 3, 2)).astype(np.float32)
    conversion = certified(model, film)
    kinds = [type(part).__name__ for part in conversion.model.steps.inner.children()]
    assert kinds == ["Conv2d", "Flatten", "Linear"]
    assert_weights_cross(conversion)


def test_a_layer_that_mixes_a_batch_stays_one_call_for_each_step():
    class Centred(layers.Layer):
        def call(self, x):
            return x - keras.ops.mean(x, axis=0, keepdims=True)

        def compute_output_shape(self, shape):
            return shape

    x = layers.Input((3, 2), name="x")
    model = keras.Model(x, layers.TimeDistributed(Centred())(x))
    certified(model, np.random.default_rng(0).standard_normal((4, 3, 2)).astype(np.float32))


def test_states_that_are_kept_between_calls_stay_operations():
    model = varied(
        keras.Sequential(
            [layers.Input(batch_shape=(2, 3, 4)), layers.GRU(2, stateful=True, name="gru")]
        )
    )
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    before = [state.numpy() for state in model.layers[0].states]
    conversion = certified(model, x)
    assert [name for name, _ in conversion.model.named_buffers()] == ["gru.rnn_state"]
    for state, array in zip(model.layers[0].states, before, strict=True):
        np.testing.assert_array_equal(state.numpy(), array)  # a check changes nothing


def test_every_row_of_the_table_is_tested():
    named = {name.split("_")[0] for family in LAYERS.values() for name in family}
    assert {kind.__name__ for kind in load()} == (named - {"TimeDistributed"}) | {
        "Embedding",
        "MultiHeadAttention",
    }
