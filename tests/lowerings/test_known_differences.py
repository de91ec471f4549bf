"""Every known difference is really there, and only inside its predicate."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import torch

from cases.known_differences import KNOWN_DIFFERENCES, KnownDifference
from converters import convert, replay, single_node

ENTRIES = pytest.mark.parametrize("entry", KNOWN_DIFFERENCES, ids=lambda entry: entry.name)


def target(entry: KnownDifference, arguments) -> np.ndarray:
    """What the converted operator gives in the entry's runtime."""
    graph, _ = single_node(entry.ops[0], entry.without)
    model = convert(graph).model
    function = tf.function(model, jit_compile=entry.runtime == "XLA", autograph=False)
    inputs = [tf.constant(arguments[item.name]) for item in graph.inputs]
    return tf.nest.flatten(function(*inputs))[0].numpy()


def source(entry: KnownDifference, arguments) -> np.ndarray:
    """What PyTorch gives."""
    graph, _ = single_node(entry.ops[0], entry.without)
    values = {item.name: torch.from_numpy(arguments[item.name].copy()) for item in graph.inputs}
    return replay(graph, values)[0][0].numpy()


@ENTRIES
def test_a_known_difference_is_there(entry):
    assert entry.predicate(entry.example)
    if isinstance(entry.torch, str):
        with pytest.raises((IndexError, RuntimeError)) as caught:
            source(entry, entry.example)
        assert type(caught.value).__name__ == entry.torch
    else:
        np.testing.assert_array_equal(source(entry, entry.example), entry.torch)
    if isinstance(entry.tensorflow, str):
        with pytest.raises(getattr(tf.errors, entry.tensorflow)):
            target(entry, entry.example)
    else:
        np.testing.assert_array_equal(target(entry, entry.example), entry.tensorflow)


@ENTRIES
def test_outside_a_known_difference_both_agree(entry):
    assert not entry.predicate(entry.without)
    np.testing.assert_array_equal(target(entry, entry.without), source(entry, entry.without))


def test_the_names_of_the_differences_are_unique():
    names = [entry.name for entry in KNOWN_DIFFERENCES]
    assert len(names) == len(set(names))
