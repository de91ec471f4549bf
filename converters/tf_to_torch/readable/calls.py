"""The calls of Keras layers, recorded while TensorFlow traces a model."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf
from keras.src.ops.operation import Operation

_PATCH = threading.RLock()
"""Held while layers are watched: what is patched is Keras's class, for all threads."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An identity in the traced graph where a call begins, ends, or applies its activation."""

    call: int
    role: str


@dataclass(slots=True, eq=False)
class LayerCall:
    """One call of a layer.

    Attributes:
        index: in the order in which calls begin.
        layer: the layer.
        parent: the index of the call that made this one; None for the model's own call.
        arguments: those of ``call`` with names of marks in the place of tensors.
        keywords: likewise.
        inputs: the names of all marks among the arguments, in order.
        outputs: the names of the marks among the results, in order.
        before: the name of the mark before the layer's activation, where it has one.
        span: between which operations of the graph it was traced.
    """

    index: int
    layer: Any
    parent: int | None
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    before: str | None = None
    span: tuple[int, int] = (0, 0)


class Recorder:
    """What is known of the layers' calls in one trace.

    Attributes:
        calls: in the order in which they begin.
        marks: by the name of the operation.
    """

    def __init__(self) -> None:
        """Nothing was traced yet."""
        self.calls: list[LayerCall] = []
        self.marks: dict[str, Mark] = {}
        self._open: list[LayerCall] = []
        self._graph: Any = None

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """While active, calls of layers in the graph that is being built are recorded."""
        with _PATCH:
            original = Operation.__call__
            self._graph, self.calls, self.marks = tf.compat.v1.get_default_graph(), [], {}

            @functools.wraps(original)
            def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
                here = tf.compat.v1.get_default_graph() is self._graph
                if not here or not isinstance(layer, keras.Layer):
                    return original(layer, *args, **kwargs)
                return self._recorded(functools.partial(original, layer), layer, args, kwargs)

            Operation.__call__ = call
            try:
                yield
            finally:
                Operation.__call__ = original

    def _recorded(self, original: Callable[..., Any], layer: Any, args: Any, kwargs: Any) -> Any:
        parent = self._open[-1].index if self._open else None
        call = LayerCall(len(self.calls), layer, parent)
        self.calls.append(call)
        self._open.append(call)
        start = self._length()
        try:
            given = keras.tree.map_structure(lambda leaf: self._mark(leaf, call, "in"), args)
            named = keras.tree.map_structure(lambda leaf: self._mark(leaf, call, "in"), kwargs)
            call.arguments = keras.tree.map_structure(self._name, given)
            call.keywords = keras.tree.map_structure(self._name, named)
            with self._before_activation(call), _at_once(layer):
                result = original(*given, **named)
            return keras.tree.map_structure(lambda leaf: self._mark(leaf, call, "out"), result)
        finally:
            call.span = (start, self._length())
            self._open.pop()

    def _length(self) -> int:
        return len(self._graph.get_operations())

    def _mark(self, leaf: Any, call: LayerCall, role: str) -> Any:
        """An identity of a tensor; anything else as it is."""
        if not isinstance(leaf, tf.Tensor) or leaf.dtype in (tf.variant, tf.resource, tf.string):
            return leaf
        with tf.name_scope(""):
            marked = tf.identity(leaf, name=f"layer_{role}")
        mask = getattr(leaf, "_keras_mask", None)
        if mask is not None:
            keras.src.backend.set_keras_mask(marked, mask)
        self.marks[marked.op.name] = Mark(call.index, role)
        (call.inputs if role == "in" else call.outputs).append(marked.op.name)
        return marked

    def _name(self, leaf: Any) -> Any:
        known = isinstance(leaf, tf.Tensor) and leaf.shape.rank is not None
        if known and leaf.op.name in self.marks:
            return Marked(leaf.op.name, tuple(leaf.shape), leaf.dtype.name)
        return leaf

    @contextlib.contextmanager
    def _before_activation(self, call: LayerCall) -> Iterator[None]:
        """While active, what the layer's activation is applied to is marked."""
        held = vars(call.layer)
        activation = held.get("activation")
        if not callable(activation) or isinstance(activation, keras.Layer):
            yield
            return

        def marked(x: Any, *args: Any, **kwargs: Any) -> Any:
            if tf.compat.v1.get_default_graph() is self._graph and isinstance(x, tf.Tensor):
                with tf.name_scope(""):
                    x = tf.identity(x, name="layer_before")
                call.before = x.op.name
                self.marks[x.op.name] = Mark(call.index, "before")
            return activation(x, *args, **kwargs)

        held["activation"] = marked
        try:
            yield
        finally:
            held["activation"] = activation


@contextlib.contextmanager
def _at_once(layer: Any) -> Iterator[None]:
    """While active, ``TimeDistributed`` calls its layer once, with all steps as one batch.

    Keras calls it for one step after another. That is the same function for layers of Keras's own
    in inference, which treat each element of a batch alike.
    """
    if type(layer) is not keras.layers.TimeDistributed:
        yield
        return

    original = layer.call

    def call(inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if training or not _is_alike(layer.layer):
            return original(inputs, training=training, mask=mask)
        sizes = tf.shape(inputs)
        given = (
            {} if mask is None or not layer.layer._call_has_mask_arg else {"mask": _joined(mask)}
        )
        y = layer.layer(_joined(inputs), **given)
        length = sizes[1] if inputs.shape[1] is None else inputs.shape[1]
        inner = [tf.shape(y)[axis] if size is None else size for axis, size in enumerate(y.shape)]
        result = tf.reshape(y, [sizes[0], length, *inner[1:]])
        result.set_shape([*inputs.shape[:2], *y.shape[1:]])
        return result

    vars(layer)["call"] = call
    try:
        yield
    finally:
        del vars(layer)["call"]


def _is_alike(layer: Any) -> bool:
    """Whether a layer, and all in it, are Keras's own and keep nothing from call to call."""
    parts = layer._flatten_layers()
    return all(
        type(part).__module__.partition(".")[0] == "keras"
        and not isinstance(part, keras.layers.Lambda)
        and not getattr(part, "stateful", False)
        for part in parts
    )


def _joined(x: Any) -> Any:
    """Batch and steps as one axis.

    Shapes: x (N, L, ...) -> (N * L, ...).
    """
    sizes = tf.shape(x)
    inner = [sizes[axis + 2] if size is None else size for axis, size in enumerate(x.shape[2:])]
    result = tf.reshape(x, [-1, *inner])
    result.set_shape([None, *x.shape[2:]])
    return result


@dataclass(frozen=True, slots=True)
class Marked:
    """A tensor among a call's arguments.

    Attributes:
        name: of its mark.
        shape: its sizes, None for open ones.
        dtype: the name of its element type.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    @property
    def rank(self) -> int:
        """Its number of axes."""
        return len(self.shape)
