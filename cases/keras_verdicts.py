"""What becomes of one call of Keras's layer tests when it is converted to PyTorch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cases.keras_layers import LayerCall, layer_call

if TYPE_CHECKING:
    import keras

RIGHT, WRONG, TRIVIAL, REFUSED, ERROR = "right", "wrong", "trivial", "refused", "error"
NOT_RUN = "not in TensorFlow"
"""TensorFlow itself doesn't run the call on a CPU."""

NOT_TRIED = "not tried"
"""The run left it out."""

FUNCTIONS = ("same function", "same function up to float32 constants")
Inputs = Any

RUNS = 3
"""Of the noise; as many suffice for models of one layer."""


LONGEST = 6000
"""No axis of a drawn input is longer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one call.

    Attributes:
        call: its name.
        layer: the class.
        outcome: one of this module's constants.
        detail: one sentence.
        certificate: what the float64 certificate says.
        used: the part of the tolerance that is used.
        gradients: how many gradients were compared.
    """

    call: str
    layer: str
    outcome: str
    detail: str = ""
    certificate: str = ""
    used: float = 0.0
    gradients: int = 0


def judged(name: str) -> Entry:
    """Build a call's layer, convert it and check it, forward and backward.

    Args:
        name: of the call.
    """
    import keras

    call = layer_call(name)
    keras.utils.set_random_seed(0)
    try:
        model, inputs = built(call)
        run(model, inputs)
    except Exception as error:  # noqa: BLE001  # whatever it is, there is nothing to compare with
        return Entry(name, call.layer.__name__, NOT_RUN, _first(error))
    return checked(name, call.layer.__name__, model, inputs)


def checked(name: str, layer: str, model: keras.Layer, inputs: Inputs) -> Entry:
    """Convert a model and check it.

    Args:
        name: of the call.
        layer: the class.
        model: what is converted.
        inputs: what it is called with.
    """
    import keras

    import converters
    import parity

    try:
        conversion = converters.tf_to_torch(model, inputs)
    except converters.ConversionError as error:
        return Entry(name, layer, REFUSED, _first(error))
    if not any(map(np.size, keras.tree.flatten(inputs))):
        return Entry(name, layer, TRIVIAL, "the input has no elements, so nothing can be compared")
    try:
        (result,) = parity.check(model, conversion, inputs, runs=RUNS).results
        hollow = _hollow(conversion.model, inputs)
    except Exception as error:  # noqa: BLE001  # one call ends nothing but itself
        return Entry(name, layer, ERROR, _first(error))
    outcome = result.certificate.outcome
    passes = result.verdict.passes and outcome in FUNCTIONS
    return Entry(
        name,
        layer,
        (TRIVIAL if hollow else RIGHT) if passes else WRONG,
        hollow if passes and hollow else result.summary,
        outcome,
        max((c.margin for c in result.outputs), default=0.0),
        len(result.gradients),
    )


def built(call: LayerCall) -> tuple[Any, Inputs]:
    """A call's layer with weights that say something, and what it is called with.

    It stands in a model whose batch is open; where TensorFlow can't trace that, in one of fixed
    sizes (stateful layers want to know the batch), and else by itself.

    Args:
        call: what a test passes.
    """
    import keras

    options = {**(call.given.get("call_kwargs") or {})}
    options.pop("training", None)  # captured as it runs in inference
    data = given_data(call)
    for fixed in (False, True):
        keras.backend.clear_session(free_memory=False)  # a worker ends before it matters
        try:
            model = _functional(call, data, options, fixed=fixed)
            if not any(map(call.given.get, ("input_sparse", "input_ragged"))):
                _trace(model)
        except Exception:  # noqa: BLE001, S112  # whatever it is, the next may do
            continue
        seed_weights(model)
        return model, tuple(_array(item) for item in keras.tree.flatten(data))
    layer = call.layer(**call.arguments)
    data = keras.tree.map_structure(_array, data)
    inputs = data if isinstance(data, dict) else (data,)
    run(layer, inputs)
    seed_weights(layer)
    return layer, inputs


def _trace(model: keras.Model) -> None:
    """Let TensorFlow trace a model."""
    import keras
    import tensorflow as tf

    specs = keras.tree.map_structure(
        lambda item: tf.TensorSpec(item.shape, item.dtype), model._inputs_struct
    )
    tf.function(lambda x: model(x, training=False)).get_concrete_function(specs)


def run(model: Any, inputs: Inputs) -> Any:
    """Call a model or a layer eagerly."""
    import keras

    if isinstance(model, keras.Model):
        return model(keras.tree.pack_sequence_as(model._inputs_struct, inputs), training=False)
    return model(**inputs) if isinstance(inputs, dict) else model(*inputs)


def given_data(call: LayerCall) -> Any:
    """What the layer is called with, nested as the test nests it.

    Numbers that the test leaves to chance are drawn of both signs. Axes of more than
    :data:`LONGEST` elements are shorter, because every tensor of the model is kept.
    """
    import keras
    from keras.src.testing.test_case import create_eager_tensors

    given = call.given
    if given.get("input_data") is not None:
        return given["input_data"]
    shape, dtype = given["input_shape"], given.get("input_dtype")
    if dtype is None:
        dtype = keras.tree.map_shape_structure(lambda _: "float32", shape)
    flags = [bool(given.get(key)) for key in ("input_sparse", "input_ragged")]
    shape = keras.tree.map_shape_structure(lambda sizes: tuple(map(_shortened, sizes)), shape)
    drawn = create_eager_tensors(shape, dtype, *flags)
    generator = np.random.default_rng(0)
    return keras.tree.map_structure(lambda item: _centred(item, generator), drawn)


def _shortened(size: int | None) -> int | None:
    return size if size is None else min(size, LONGEST)


def _centred(tensor: Any, generator: np.random.Generator) -> Any:
    """Numbers of both signs. Keras draws the same ones for each sparse tensor, and we don't."""
    import tensorflow as tf

    if isinstance(tensor, tf.SparseTensor) and tensor.dtype.is_floating:
        values = generator.uniform(-1.5, 1.5, tensor.values.shape).astype(tensor.dtype.name)
        return tf.SparseTensor(tensor.indices, values, tensor.dense_shape)
    dense = isinstance(tensor, tf.Tensor)
    return tensor - 1.5 if dense and tensor.dtype.is_floating else tensor


def _array(item: Any) -> Any:
    """An array; a sparse or ragged tensor is none and stays what it is."""
    return np.asarray(item) if hasattr(item, "__array__") else item


def _functional(call: LayerCall, data: Any, options: Mapping[str, Any], *, fixed: bool) -> Any:
    import keras
    import tensorflow as tf

    layer = call.layer(**call.arguments)
    count = iter(range(1000))

    def symbol(item: Any) -> Any:
        kind = keras.backend.standardize_dtype(item.dtype)
        shape = tuple(item.shape) if fixed else (None, *item.shape[1:])
        kinds = {"sparse": tf.SparseTensor, "ragged": tf.RaggedTensor}
        flags = {key: isinstance(item, kind) for key, kind in kinds.items()}
        return keras.Input(batch_shape=shape, dtype=kind, name=f"x{next(count)}", **flags)

    inputs = keras.tree.map_structure(symbol, data)
    result = layer(**inputs, **options) if isinstance(inputs, dict) else layer(inputs, **options)
    return keras.Model(inputs, result)


def seed_weights(model: keras.Layer) -> None:
    """Move every weight away from constants such as zeros and ones; variances stay positive.

    Weights of 8 bits are quantised ones.
    """
    rng = np.random.default_rng(0)
    for variable in model.variables:
        value = np.asarray(variable.numpy())
        if variable.dtype in ("int8", "uint8"):
            span = np.iinfo(value.dtype)
            variable.assign(rng.integers(span.min, span.max, value.shape).astype(value.dtype))
        elif "float" in str(variable.dtype):
            factor, shift = rng.uniform(0.5, 1.5, value.shape), rng.uniform(0.05, 0.3, value.shape)
            variable.assign((value * factor + shift).astype(value.dtype))


def _hollow(module: Any, inputs: Inputs) -> str:
    """What is wrong with outputs that prove nothing."""
    import tensorflow as tf
    import torch
    from torch.utils import _pytree as pytree

    from cases.substance import flipped, trivial_outputs

    def tensors(leaf: Any) -> Any:
        parts = _components(leaf) if isinstance(leaf, tf.SparseTensor) else leaf
        return pytree.tree_map(lambda array: torch.from_numpy(np.array(array)), parts)

    def others(leaf: Any) -> Any:
        sparse = isinstance(leaf, tf.SparseTensor)
        return tensors(_other(leaf)) if sparse else flipped(tensors(leaf))

    one, other = (pytree.tree_map(given, inputs) for given in (tensors, others))
    found = trivial_outputs(module, one, other)
    return "; ".join(f"{name or 'output'}: {what}" for name, what in found.items())


def _components(tensor: Any) -> dict[str, Any]:
    """What a converted model takes in the place of a sparse tensor."""
    return {name: getattr(tensor, name) for name in ("indices", "values", "dense_shape")}


def _other(tensor: Any) -> Any:
    """A sparse tensor the other way round along all of its axes."""
    import tensorflow as tf

    indices = tensor.dense_shape - 1 - tensor.indices
    return tf.SparseTensor(indices[::-1], tensor.values[::-1], tensor.dense_shape)


def _first(error: BaseException) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:300]}"
