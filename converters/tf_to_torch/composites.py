"""Sparse tensors as what they are made of: coordinates, numbers and sizes, by these names.

PyTorch's graphs have no sparse tensors, and TensorFlow's operators on them take their components
one by one. A converted model takes and returns a dict of them where the source has a sparse tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from converters.structure import map_structure

COMPONENTS = ("indices", "values", "dense_shape")
"""Of a sparse tensor, in TensorFlow's order."""


def component_specs(spec: tf.SparseTensorSpec) -> dict[str, tf.TensorSpec]:
    """What the components of a sparse tensor are.

    >>> component_specs(tf.SparseTensorSpec([None, 3], tf.float32))["values"].shape.as_list()
    [None]
    """
    rank = spec.shape.rank
    return {
        "indices": tf.TensorSpec([None, rank], tf.int64),
        "values": tf.TensorSpec([None], spec.dtype),
        "dense_shape": tf.TensorSpec([rank], tf.int64),
    }


def split(given: Any) -> Any:
    """Nested arguments with the components of each sparse tensor in its place.

    >>> split((tf.sparse.from_dense([0, 5]), 1))[0]["values"].numpy().tolist()
    [5]
    """
    if isinstance(given, tf.SparseTensor):
        return {name: getattr(given, name) for name in COMPONENTS}
    return map_structure(split, given)


def composed(spec: Any, given: Any) -> Any:
    """Arguments with sparse tensors put together where their specification says so.

    Args:
        spec: nested specifications, and constants.
        given: the same nesting, with a dict of components for each sparse tensor.

    >>> spec = tf.SparseTensorSpec([2], tf.int32)
    >>> whole = composed(spec, split(tf.sparse.from_dense([0, 5])))
    >>> tf.sparse.to_dense(whole).numpy().tolist()
    [0, 5]
    """
    if isinstance(spec, tf.SparseTensorSpec):
        parts = [given[name] for name in COMPONENTS]
        return tf.nest.pack_sequence_as(spec, parts, expand_composites=True)
    if isinstance(spec, Mapping):
        return {key: composed(inner, given[key]) for key, inner in spec.items()}
    if isinstance(spec, list | tuple):
        return type(spec)(composed(*pair) for pair in zip(spec, given, strict=True))
    return given
