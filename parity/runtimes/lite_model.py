"""A ``.tflite`` file opened up: any tensor of it can be fetched, cut, or moved.

The file's own flat buffer is edited and LiteRT runs the result, so that what is probed is the graph
that ships, with the kernels that ship.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from parity.errors import CheckError

ADD, CAST, CUSTOM = 0, 53, 32
QUANTIZE, DEQUANTIZE = 114, 6


def schema() -> ModuleType:
    """The flat buffer's schema: LiteRT's, else TensorFlow's."""
    for name in ("ai_edge_litert", "tensorflow.lite.python"):
        try:
            return importlib.import_module(f"{name}.schema_py_generated")
        except ImportError:
            continue
    raise CheckError(
        ".tflite files need LiteRT or TensorFlow: pip install 'torch-tf-parity[tflite]'."
    )


def parsed(data: bytes, label: str) -> Any:
    """A file's object tree.

    Raises:
        CheckError: it is no ``.tflite`` file, or is damaged.
    """
    if data[4:8] != b"TFL3":
        raise CheckError(f"{label} is no .tflite file, or is truncated. Write it again.")
    known = schema()
    try:
        model = known.ModelT.InitFromObj(known.Model.GetRootAs(data, 0))
        if not model.subgraphs or not model.subgraphs[0].outputs.size:
            raise ValueError("it has no graph")
        for part in model.subgraphs:
            _require_indices(model, part)
    except Exception as error:
        raise CheckError(f"{label} is truncated or damaged. Write it again.") from error
    return model


def _require_indices(model: Any, part: Any) -> None:
    """Every tensor that is named exists, and every buffer and operator code."""
    count = len(part.tensors)
    ends = [*indices(part.inputs), *indices(part.outputs)]
    inner = [i for op in operators(part) for i in (*indices(op.inputs), *indices(op.outputs))]
    if any(not 0 <= i < count for i in ends) or any(not -1 <= i < count for i in inner):
        raise ValueError("a tensor that does not exist")
    if any(tensor.buffer >= len(model.buffers) for tensor in part.tensors):
        raise ValueError("a buffer that does not exist")
    if any(op.opcodeIndex >= len(model.operatorCodes) for op in operators(part)):
        raise ValueError("an operator code that does not exist")


def operators(part: Any) -> list[Any]:
    """The operators of a subgraph, in the order in which they run."""
    return list(part.operators or [])


def indices(vector: Any) -> list[int]:
    """A vector of the flat buffer, which may be absent, as a list."""
    return [] if vector is None else [int(item) for item in vector]


def builtin_code(entry: Any) -> int:
    """The operator that an operator code names."""
    return max(int(entry.builtinCode), int(entry.deprecatedBuiltinCode))


def code_of(model: Any, operator: Any) -> int:
    """An operator's builtin code."""
    return builtin_code(model.operatorCodes[operator.opcodeIndex])


def name_of(item: Any, field: str = "name") -> str:
    """The name of a tensor, or another text of an object."""
    text = getattr(item, field)
    return text.decode() if isinstance(text, bytes) else str(text)


def packed(model: Any) -> bytes:
    """The object tree as a file."""
    import flatbuffers

    size = sum(len(b.data) for b in model.buffers if b.data is not None)
    builder = flatbuffers.Builder(size + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def shallow(model: Any) -> Any:
    """A copy whose graph can be changed; buffers are shared."""
    result = copy.copy(model)
    result.buffers = list(model.buffers)
    result.operatorCodes = list(model.operatorCodes)
    result.subgraphs = [copy.copy(part) for part in model.subgraphs]
    for part in result.subgraphs:
        part.tensors = [copy.copy(tensor) for tensor in part.tensors]
        part.operators = [copy.copy(operator) for operator in operators(part)]
    result.signatureDefs = []
    return result


def probed(model: Any, fetches: Iterable[int], cuts: Mapping[int, tuple[int, ...]]) -> Any:
    """A copy that returns some tensors, and whose consumers of others get what is fed instead.

    Args:
        model: the object tree.
        fetches: tensors of the main graph to return, in order, each once.
        cuts: tensors that become inputs, with their shapes, after the graph's own. A tensor that is
            cut can be fetched: it is what its producer makes of its own (cut) inputs.
    """
    result = shallow(model)
    part = result.subgraphs[0]
    swapped = {}
    for index, shape in cuts.items():
        swapped[index] = len(part.tensors)
        part.tensors.append(_input(part.tensors[index], shape))
    for operator in part.operators:
        operator.inputs = _vector(swapped.get(i, i) for i in indices(operator.inputs))
    part.inputs = _vector([*indices(part.inputs), *swapped.values()])
    part.outputs = _vector(fetches)
    return result


def _input(like: Any, shape: tuple[int, ...]) -> Any:
    """A new tensor that is fed, of another's type."""
    tensor = copy.copy(like)
    tensor.name = f"{name_of(like)}/cut".encode()
    tensor.shape, tensor.shapeSignature, tensor.buffer = _vector(shape), None, 0
    return tensor


def _vector(numbers: Iterable[int]) -> np.ndarray:
    return np.array(list(numbers), np.int32)


def disturbed(model: Any, shapes: Mapping[int, tuple[int, ...]]) -> Any:
    """A copy in which tensors of the main graph get something added before they are consumed.

    Args:
        model: the object tree, in floats.
        shapes: for each such tensor the shape of what is added, which becomes an input after the
            graph's own, in this order.
    """
    result = shallow(model)
    part = result.subgraphs[0]
    code = operator_code(result, ADD)
    added, moved = [], {}
    for index, shape in shapes.items():
        noise, total = len(part.tensors), len(part.tensors) + 1
        part.tensors.append(_input(part.tensors[index], shape))
        part.tensors.append(copy.copy(part.tensors[index]))
        part.tensors[total].name = f"{name_of(part.tensors[index])}/moved".encode()
        part.tensors[total].buffer = 0
        moved[index] = (noise, total)
        added.append(noise)

    def after(index: int) -> int:
        return moved[index][1] if index in moved else index

    begins = set(indices(part.inputs))
    ordered = [_addition(code, i, *moved[i]) for i in moved if i in begins]
    for operator in part.operators:
        operator.inputs = _vector(after(i) for i in indices(operator.inputs))
        ordered.append(operator)
        ordered.extend(
            _addition(code, i, *moved[i]) for i in indices(operator.outputs) if i in moved
        )
    part.operators = ordered
    part.outputs = _vector(after(i) for i in indices(part.outputs))
    part.inputs = _vector([*indices(part.inputs), *added])
    return result


def _addition(code: int, tensor: int, noise: int, total: int) -> Any:
    known = schema()
    operator = known.OperatorT()
    operator.opcodeIndex = code
    operator.inputs, operator.outputs = _vector((tensor, noise)), _vector((total,))
    operator.builtinOptionsType, operator.builtinOptions = (
        known.BuiltinOptions.AddOptions,
        known.AddOptionsT(),
    )
    return operator


def operator_code(model: Any, builtin: int) -> int:
    """The place of a new entry for a builtin operator."""
    entry = schema().OperatorCodeT()
    entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = builtin, builtin, 1
    model.operatorCodes.append(entry)
    return len(model.operatorCodes) - 1
