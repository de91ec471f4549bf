"""Differences that a converted operator keeps are really there, and only inside their condition."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import torch

from cases.known_differences import KNOWN_DIFFERENCES
from converters import convert, replay, single_node
from parity.known_differences import KnownDifference, shown

ENTRIES = pytest.mark.parametrize(
    ("entry", "op"),
    [(entry, op) for entry in KNOWN_DIFFERENCES for op in entry.lowerings],
    ids=lambda value: value.name if isinstance(value, KnownDifference) else value,
)


def outcome(run, *arguments) -> str:
    try:
        return shown(run(*arguments))
    except (IndexError, RuntimeError, tf.errors.OpError) as error:
        return f"raises {type(error).__name__}"


def target(op: str, entry: KnownDifference, arguments) -> np.ndarray:
    """What the converted operator gives in the entry's runtime."""
    graph, _ = single_node(op, entry.without)
    model = convert(graph).model
    function = tf.function(model, jit_compile=entry.runtime == "XLA", autograph=False)
    inputs = [tf.constant(arguments[item.name]) for item in graph.inputs]
    return tf.nest.flatten(function(*inputs))[0].numpy()


def source(op: str, entry: KnownDifference, arguments) -> np.ndarray:
    """What PyTorch gives."""
    graph, _ = single_node(op, entry.without)
    values = {item.name: torch.from_numpy(arguments[item.name].copy()) for item in graph.inputs}
    return replay(graph, values)[0][0].numpy()


@ENTRIES
def test_a_known_difference_of_a_converted_operator_is_there(entry, op):
    assert entry.holds(entry.example)
    pytorch, tensorflow = (outcome(side, op, entry, entry.example) for side in (source, target))
    assert (pytorch, tensorflow) == entry.gives


@ENTRIES
def test_outside_a_known_difference_both_agree(entry, op):
    assert not entry.holds(entry.without)
    np.testing.assert_array_equal(
        target(op, entry, entry.without), source(op, entry, entry.without)
    )
