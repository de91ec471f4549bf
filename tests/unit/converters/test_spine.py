"""Registry, interpreter, weight rules and writing: what every direction stands on."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from converters import (
    CheckpointError,
    DType,
    Graph,
    Input,
    Node,
    Output,
    OutputError,
    Parameter,
    TensorSpec,
    UnsupportedOpError,
    Value,
    WeightMap,
    evaluate,
    promote,
    replaced_file,
    replaced_folder,
)
from converters.registry import Registry, SchemaArgument

SPEC = TensorSpec((2,), DType.float32)


def graph_of(*nodes: Node, output: Value) -> Graph:
    """A graph with one input x and one parameter w."""
    weight = Parameter("w", SPEC, np.array([3, 4], np.float32), trainable=True)
    return Graph((Input("x", SPEC),), (weight,), nodes, (Output("y", output),))


def arithmetic(node: Node, arguments: Mapping[str, object]) -> Sequence[object]:
    """Add or multiply."""
    a, b = arguments["a"], arguments["b"]
    return (a + b if node.op == "add" else a * b,)  # type: ignore[operator]


GRAPH = graph_of(
    Node("sum", "add", {"a": Value("x"), "b": Value("w")}, (SPEC,), "block", "model.py:1: x + w"),
    Node("product", "mul", {"a": Value("sum"), "b": 2.0}, (SPEC,)),
    output=Value("product"),
)


def test_the_interpreter_walks_in_order_and_shows_each_node() -> None:
    """Eagerly, with NumPy as the target framework."""
    seen: list[str] = []
    outputs, mutated = evaluate(
        GRAPH,
        {"x": np.ones(2), "w": np.array([3.0, 4.0])},
        arithmetic,
        lambda node, results: seen.append(node.name),
    )
    assert outputs[0].tolist() == [8, 10]  # type: ignore[attr-defined]
    assert seen == ["sum", "product"]
    assert mutated == {}


def test_the_interpreter_lets_go_of_values_after_their_last_use() -> None:
    """Peak memory is what is alive, not what was ever computed."""
    import weakref

    alive: list[weakref.ref[object]] = []

    class Box:
        pass

    def call(node: Node, arguments: Mapping[str, object]) -> Sequence[object]:
        box = Box()
        alive.append(weakref.ref(box))
        return (box,)

    chain = [
        Node(f"n{i}", "op", {"a": Value(f"n{i - 1}" if i else "x")}, (SPEC,)) for i in range(5)
    ]
    outputs, _ = evaluate(graph_of(*chain, output=Value("n4")), {"x": 0, "w": 0}, call)
    assert [reference() is not None for reference in alive] == [False] * 4 + [True]
    del outputs


def test_a_signature_that_is_not_the_schema_is_refused() -> None:
    """Names, order and defaults."""
    schema = [SchemaArgument("x"), SchemaArgument("dim", -1)]
    registry = Registry(lambda op: schema)
    with pytest.raises(TypeError, match=r"\['x', 'dim'\]"):
        registry.lower("op")(lambda x, axis=-1: x)
    with pytest.raises(TypeError, match="default of dim"):
        registry.lower("op")(lambda x, dim=0: x)
    registry.lower("op")(lambda x, dim=-1: x)
    assert "op" in registry


def test_a_second_lowering_of_an_operator_is_refused() -> None:
    """Nobody overwrites a lowering by accident."""
    registry = Registry(lambda op: None)
    registry.lower("op")(lambda x: x)
    with pytest.raises(ValueError, match="has a lowering already"):
        registry.lower("op")(lambda x: x)


def test_missing_operators_are_counted_and_placed() -> None:
    """Most frequent first, each with its first module and source line."""
    error = UnsupportedOpError.of([("a", "m", "f.py:1"), ("b", "", ""), ("a", "n", "f.py:2")])
    assert [(m.op, m.count, m.module) for m in error.missing] == [("a", 2, "m"), ("b", 1, "")]
    assert "a (2x; first at module m, f.py:1)" in str(error)


def test_promotion_lifts_specs_parameters_and_dtype_arguments() -> None:
    """Integers stay what they are."""
    node = Node("n", "aten.to.dtype", {"x": Value("x"), "dtype": DType.float32}, (SPEC,))
    wide = promote(graph_of(node, output=Value("n")))
    assert wide.nodes[0].args["dtype"] is DType.float64
    assert wide.parameters[0].value.dtype == np.float64
    assert wide.inputs[0].spec.dtype is DType.float64
    assert promote(wide).nodes == wide.nodes


def test_promotion_can_round_constants_first() -> None:
    """As a graph of another framework holds them."""
    node = Node("n", "op", {"x": Value("x"), "eps": 1e-5, "dims": (1, 2)}, (SPEC,))
    rounded = promote(graph_of(node, output=Value("n")), constants=DType.float32).nodes[0].args
    assert rounded["eps"] == float(np.float32(1e-5)) != 1e-5
    assert rounded["dims"] == (1, 2)


def weight_map() -> WeightMap:
    """A convolution kernel and a tied vector."""
    kernel = np.arange(2 * 3 * 5 * 5, dtype=np.float32).reshape(2, 3, 5, 5)
    spec = TensorSpec(kernel.shape, DType.float32, axes=(2, 3, 1, 0))
    vector = np.ones(4, np.float32)
    return WeightMap.of(
        (
            Parameter("conv.weight", spec, kernel, trainable=True),
            Parameter("a", TensorSpec((4,), DType.float32), vector, trainable=True, aliases=("b",)),
        )
    )


def test_weights_cross_both_ways_bit_for_bit() -> None:
    """A round trip changes nothing, tied names included."""
    rules = weight_map()
    state = {"conv.weight": np.random.default_rng(0).normal(size=(2, 3, 5, 5)), "a": np.ones(4)}
    there = rules.to_target(state)
    assert there["conv.weight"].shape == (5, 5, 3, 2)
    back = rules.to_source(there)
    assert set(back) == {"conv.weight", "a", "b"}
    np.testing.assert_array_equal(back["conv.weight"], state["conv.weight"])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"a": np.ones(4)}, "missing: conv.weight"),
        ({"a": np.ones(4), "conv.weight": np.ones((2, 3, 5, 5)), "c": np.ones(1)}, "unexpected: c"),
        ({"a": np.ones((4, 1)), "conv.weight": np.ones((2, 3, 5, 5))}, r"\(4,\) is wanted"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    state: dict[str, np.ndarray], words: str
) -> None:
    """Nothing is squeezed, reshaped or left out to make it fit."""
    with pytest.raises(CheckpointError, match=words):
        weight_map().to_target(state)


def fail_halfway(target: Path) -> None:
    """Write a part, then raise."""
    with replaced_folder(target, force=True) as work:
        (work / "half").write_text("half")
        raise ZeroDivisionError


def fill_the_disk(target: Path) -> None:
    """What the operating system raises when the disk is full."""
    with replaced_file(target) as work:
        work.write_text("{")
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_existing_result_is_kept_unless_force(tmp_path: Path) -> None:
    """And a failure in the middle leaves it untouched."""
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(OutputError, match="--force"), replaced_folder(target):
        pass
    with pytest.raises(ZeroDivisionError):
        fail_halfway(target)
    assert [p.name for p in target.iterdir()] == ["old"]
    with replaced_folder(target, force=True) as work:
        (work / "new").write_text("new")
    assert [p.name for p in target.iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_is_one_clear_sentence(tmp_path: Path) -> None:
    """Nothing half-written stays behind."""
    with pytest.raises(OutputError, match="disk is full"):
        fill_the_disk(tmp_path / "r.json")
    assert list(tmp_path.iterdir()) == []
