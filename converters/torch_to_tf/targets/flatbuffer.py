"""What is added to a ``.tflite`` file: a signature, and the record of its origin as metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

RECORD_NAME = "conversion_record"


def parsed(data: bytes) -> Any:
    """The object tree of a ``.tflite`` file."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))


def sign(model: Any, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Give a file a signature.

    Args:
        model: the object tree, which the signature is added to.
        inputs: names for its inputs, in order.
        outputs: names for its outputs, in order.
    """
    part = model.subgraphs[0]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs = _entries(inputs, part.inputs)
    signature.outputs = _entries(outputs, part.outputs)
    model.signatureDefs = [signature]


def _entries(names: Sequence[str], tensors: Sequence[int]) -> list[Any]:
    entries = []
    for name, tensor in zip(names, tensors, strict=True):
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), int(tensor)
        entries.append(entry)
    return entries


def with_record(model: Any, record: str) -> bytes:
    """A ``.tflite`` file with a text among its metadata.

    Args:
        model: the object tree, which the record is added to.
        record: the text.
    """
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(record.encode(), np.uint8)
    entry.name, entry.buffer = RECORD_NAME, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    size = sum(len(buffer.data) for buffer in model.buffers if buffer.data is not None)
    builder = flatbuffers.Builder(size + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
