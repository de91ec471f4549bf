"""Models as people write them in Keras: encoders, subclasses, nested and shared parts."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from cases.case import ModelCase
from cases.keras_models.seeding import images, seeded

VOCABULARY, WIDTH, HEADS, POSITIONS = 50, 32, 4, 24


def tokens(batch: int, length: int, *, seed: int) -> tuple[object, ...]:
    """Token numbers (B, T) int32, and a mask (B, T) bool whose rows end in ever more padding."""
    generator = np.random.default_rng(seed)
    ids = generator.integers(1, VOCABULARY, (batch, length)).astype(np.int32)
    mask = np.arange(length) < length - np.arange(batch)[:, None]
    return ids, mask


def numbers(*shape: int, seed: int) -> tuple[object, ...]:
    """Normally distributed numbers, float32."""
    return (np.random.default_rng(seed).standard_normal(shape).astype(np.float32),)


def bert_encoder(
    layers: int = 2,
    width: int = WIDTH,
    heads: int = HEADS,
    vocabulary: int = VOCABULARY,
    positions: int = POSITIONS,
) -> Any:
    """A BERT-like encoder of any length up to ``positions``: (B, T) ids and mask -> (B, T, width).

    Args:
        layers: how many blocks.
        width: of each token's vector.
        heads: of attention.
        vocabulary: how many tokens there are.
        positions: the longest text.
    """
    import keras
    from keras import layers as kl

    class Positions(kl.Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.table = kl.Embedding(positions, width, name="table")

        def build(self, shape: Any) -> None:
            self.table.build((None,))

        def call(self, x: Any) -> Any:
            return x + self.table(keras.ops.arange(keras.ops.shape(x)[1]))

    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = keras.Input((None,), dtype="bool", name="mask")
    x = kl.Embedding(vocabulary, width, name="words")(ids)
    x = Positions(name="positions")(x)
    x = kl.LayerNormalization(epsilon=1e-12, name="norm")(x)
    allowed = keras.ops.expand_dims(mask, 1)
    for place in range(layers):
        attention = kl.MultiHeadAttention(heads, width // heads, name=f"attention_{place}")
        x = kl.Add()([x, attention(x, x, attention_mask=allowed)])
        x = kl.LayerNormalization(epsilon=1e-12, name=f"attention_norm_{place}")(x)
        y = kl.Dense(4 * width, "gelu", name=f"inner_{place}")(x)
        y = kl.Dropout(0.1)(kl.Dense(width, name=f"outer_{place}")(y))
        x = kl.LayerNormalization(epsilon=1e-12, name=f"output_norm_{place}")(kl.Add()([x, y]))
    return keras.Model([ids, mask], x, name="encoder")


def _bert() -> tuple[object, object]:
    import keras

    keras.utils.set_random_seed(0)
    return seeded(bert_encoder()), tokens(3, 7, seed=0)


def _subclassed() -> tuple[object, object]:
    import keras
    import tensorflow as tf
    from keras import layers

    class Block(layers.Layer):
        def __init__(self, width: int, **options: Any) -> None:
            super().__init__(**options)
            self.conv = layers.Conv2D(width, 3, padding="same", use_bias=False)
            self.norm = layers.BatchNormalization()
            self.gate = self.add_weight(shape=(width,), name="gate", initializer="ones")

        def call(self, x: Any, training: bool = False) -> Any:
            return tf.nn.relu(self.norm(self.conv(x), training=training)) * self.gate

    class Classifier(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="classifier")
            self.blocks = [Block(width, name=f"block_{width}") for width in (6, 12)]
            self.pool = layers.MaxPooling2D()
            self.head = layers.Dense(4)

        def call(self, x: Any, training: bool = False) -> Any:
            for block in self.blocks:
                x = self.pool(block(x, training=training))
            pooled = tf.reduce_mean(x, [1, 2])
            return {"logits": self.head(pooled), "features": pooled}

    keras.utils.set_random_seed(1)
    model, batch = Classifier(), images(4, 12, seed=1)
    model(batch)
    return seeded(model, batch), (images(2, 12),)


def _nested() -> tuple[object, object]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(2)
    tower = keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.SeparableConv2D(5, 3, padding="same", activation="swish", name="separable"),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(),
            layers.Dense(6, name="head"),
        ],
        name="tower",
    )
    image = keras.Input((8, 8, 3), name="image")
    halves = keras.Model(image, [tower(image), layers.GlobalMaxPooling2D()(image)], name="halves")
    found = halves(image)
    model = keras.Model(image, layers.Dense(3, name="last")(layers.Concatenate()(found)))
    return seeded(model, images(4, 8, seed=1)), (images(2, 8),)


def _shared() -> tuple[object, object]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    left, right = (keras.Input((10,), name=name) for name in ("left", "right"))
    encode = layers.Dense(6, "tanh", name="encode")
    one, other = encode(left), encode(right)
    score = layers.Dot(1, normalize=True)([one, other])
    together = layers.Concatenate()([one, other, layers.Subtract()([one, other])])
    outputs = {"score": score, "class": layers.Dense(3, "softmax", name="class")(together)}
    model = keras.Model({"left": left, "right": right}, outputs)
    (x,), (y,) = numbers(4, 10, seed=0), numbers(4, 10, seed=1)
    return seeded(model), {"left": x, "right": y}


def _unet() -> tuple[object, object]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(4)
    image = keras.Input((None, None, 3), name="image")

    def block(x: Any, width: int, name: str) -> Any:
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return layers.ReLU()(layers.BatchNormalization(name=f"{name}_norm")(x))

    fine = block(image, 6, "fine")
    coarse = block(layers.MaxPooling2D()(fine), 12, "coarse")
    up = layers.Conv2DTranspose(6, 3, strides=2, padding="same", name="up")(coarse)
    smooth = layers.UpSampling2D()(coarse)
    joined = layers.Concatenate()([fine, up, smooth])
    model = keras.Model(image, layers.Conv2D(2, 1, activation="sigmoid", name="mask")(joined))
    return seeded(model, images(4, 16, seed=1)), (images(2, 16, width=12),)


def _recurrent() -> tuple[object, object]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            layers.Input((6,), dtype="int32", name="ids"),
            layers.Embedding(VOCABULARY, 8, mask_zero=True, name="words"),
            layers.Bidirectional(layers.LSTM(5, return_sequences=True), name="both"),
            layers.TimeDistributed(layers.Dense(4, "relu"), name="each"),
            layers.GRU(3, name="last"),
        ]
    )
    ids = np.random.default_rng(0).integers(1, VOCABULARY, (3, 6)).astype(np.int32)
    ids[1, 4:] = 0
    return seeded(model), (ids,)


CASES = (
    ModelCase("keras_bert", _bert, "keras", other_inputs=partial(tokens, 2, 11, seed=1)),
    ModelCase(
        "keras_subclassed", _subclassed, "keras", other_inputs=lambda: (images(5, 12, seed=3),)
    ),
    ModelCase("keras_nested", _nested, "keras", other_inputs=lambda: (images(1, 8, seed=3),)),
    ModelCase("keras_shared", _shared, "keras"),
    ModelCase(
        "keras_unet", _unet, "keras", other_inputs=lambda: (images(1, 10, seed=3, width=22),)
    ),
    ModelCase("keras_recurrent", _recurrent, "keras"),
)
