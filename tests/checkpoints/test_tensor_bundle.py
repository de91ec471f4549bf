"""The index of a TensorFlow checkpoint is read and written as TensorFlow does."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from converters import CheckpointError, open_checkpoint
from converters.checkpoints.tensor_bundle import entries_of, shards_of, write_index


def saved(prefix: Path, arrays: dict[str, np.ndarray]) -> Path:
    import tensorflow as tf

    names = sorted(arrays)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(arrays[name]) for name in names],
    )
    return Path(f"{prefix}.index")


def many(count: int) -> dict[str, np.ndarray]:
    types = ("float32", "int64", "uint8", "bool", "complex64", ml_dtypes.bfloat16)
    generator = np.random.default_rng(0)
    arrays = {
        f"layer-{number}/kernel.{'x' * (number % 7)}": generator.integers(
            0, 2, (number % 3, 2) if number % 5 else ()
        ).astype(types[number % len(types)])
        for number in range(count)
    }
    return arrays | {"\u00e9t\u00e9": np.float32(1), "text": np.array([b"tea", b"pot"], object)}


@pytest.mark.parametrize("count", [0, 1, 40, 9000])
def test_an_index_is_written_as_tensorflow_writes_it_to_the_byte(count, tmp_path):
    """9,000 tensors take several blocks of the table."""
    index = saved(tmp_path / "a", many(count))
    entries = entries_of(index)
    assert len(entries) == count + 2
    write_index(tmp_path / "b.index", shards_of(index), dict(reversed(entries.items())))
    assert (tmp_path / "b.index").read_bytes() == index.read_bytes()


def test_every_altered_byte_of_an_index_is_noticed(tmp_path):
    index = saved(tmp_path / "a", many(6))
    whole, known = index.read_bytes(), entries_of(index)
    noticed = 0
    for at in range(len(whole)):
        index.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        try:
            assert entries_of(index) == known  # nobody reads these bytes
        except CheckpointError:
            noticed += 1
    assert noticed >= len(whole) - 53  # an empty block of 13 bytes, 40 of handles and padding


def test_a_tensor_in_slices_is_read_by_tensorflow(tmp_path):
    import tensorflow as tf

    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    for number, rows in enumerate((array[:2], array[2:])):
        tf.raw_ops.SaveV2(
            prefix=str(tmp_path / f"p{number}"),
            tensor_names=["w"],
            shape_and_slices=[f"4 3 {2 * number},2:0,3"],
            tensors=[tf.constant(rows)],
        )
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=[str(tmp_path / "p0"), str(tmp_path / "p1")],
        destination_prefix=str(tmp_path / "a"),
        delete_old_dirs=False,
    )
    with open_checkpoint(tmp_path / "a.index") as checkpoint:
        assert checkpoint.place("w") is None
        np.testing.assert_array_equal(checkpoint.read("w"), array)
