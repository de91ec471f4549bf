"""A quantised ``.tflite`` graph: its scales, the same graph in floats, and that graph disturbed.

In floats, every quantised constant has the value that its integers stand for. Disturbed, constants
and activations are moved by up to half a step of their scale, as rounding to the scale moves them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parity.errors import CheckError
from parity.runtimes.lite_model import (
    CAST,
    DEQUANTIZE,
    QUANTIZE,
    code_of,
    disturbed,
    indices,
    name_of,
    operator_code,
    operators,
    probed,
    schema,
    shallow,
)
from parity.runtimes.lite_program import LiteProgram, invoke
from parity.runtimes.lite_scales import INTEGERS, along, dequantised, is_quantised

_FLOAT32 = 0
_FOUR_BITS = 17
_HYBRID = {3, 4, 9, 126}
"""Operators that round a float activation themselves if their weights are integers: Conv2D,
DepthwiseConv2D, FullyConnected, BatchMatMul."""
_MOVING = {2, 17, 22, 34, 36, 39, 43, 45, 47, 49, 53, 59, 65, 69, 70, 83, 88, 97, 102, 105, 130}
"""Operators that hand integers on: concatenation, pooling, reshape, padding, gather, ..."""
_OWN_SCALE = {11, 14, 25, 28, 50}
"""Operators whose scale is a convention, not a calibration: softmax, logistic, tanh, ..."""


@dataclass(frozen=True, slots=True)
class Activation:
    """A tensor that is rounded while the graph runs.

    Attributes:
        index: the tensor.
        step: of its scale; 0 where the kernel takes it from the values of each row.
        low, high: the range that its integers stand for.
        calibrated: whether the range was measured, not given by convention.
    """

    index: int
    step: float
    low: float = 0.0
    high: float = 0.0
    calibrated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Disturbed:
    """A quantised graph in floats that can be disturbed; otherwise like a :class:`LiteProgram`.

    Attributes:
        program: the graph in floats.
        steps: for each buffer of quantised constants the step of each element.
        activations: the tensors of the main graph that are rounded while it runs.
        seed: of the movements; None for none.
        moved: whether activations are moved too, not constants alone.
    """

    program: LiteProgram
    steps: Mapping[int, np.ndarray]
    activations: tuple[Activation, ...]
    seed: int | None = None
    moved: bool = False

    @classmethod
    def of(cls, program: LiteProgram) -> Disturbed | None:
        """The graph in floats; None if nothing in it is quantised.

        Raises:
            CheckError: it holds integers of 4 bits.
        """
        model = shallow(program.model)
        activations = tuple(_activations(program.model))
        steps: dict[int, np.ndarray] = {}
        for part in model.subgraphs:
            for tensor in part.tensors:
                if tensor.type == _FOUR_BITS:
                    raise CheckError(f"{name_of(tensor)} has 4 bits, which can't be judged here.")
                if is_quantised(tensor):
                    _lift(model, tensor, steps)
        if not steps and not activations:
            return None
        cast = operator_code(model, CAST)
        for part in model.subgraphs:
            for operator in operators(part):
                ends = (*indices(operator.inputs), *indices(operator.outputs))
                plain = all(part.tensors[i].type == _FLOAT32 for i in ends)
                if plain and code_of(model, operator) in (QUANTIZE, DEQUANTIZE):
                    operator.opcodeIndex = cast
                    operator.builtinOptions, operator.builtinOptionsType = None, 0
        return cls(replace(program, model=model), steps, activations)

    @property
    def inputs(self) -> Mapping[str, str]:
        """As of :class:`LiteProgram`."""
        return self.program.inputs

    @property
    def outputs(self) -> Mapping[str, str]:
        """As of :class:`LiteProgram`."""
        return self.program.outputs

    def shaken(self, seed: int, *, activations: bool) -> Disturbed:
        """The same, with constants (and activations) moved."""
        return replace(self, seed=seed, moved=activations)

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        cuts: Mapping[str, np.ndarray] | None = None,
    ) -> list[np.ndarray]:
        """As :meth:`LiteProgram.run`; cuts only where activations are left alone."""
        if self.seed is None:
            return self.program.run(feeds, fetches, cuts)
        generator = np.random.default_rng(self.seed)
        model = self._with_moved_constants(generator)
        if not self.moved:
            return replace(self.program, model=model).run(feeds, fetches, cuts)
        program = self.program
        place = {name: index for index, name in enumerate(program.names)}
        wanted = list(dict.fromkeys(place[name] for name in fetches))
        own = {program.inputs[name]: array for name, array in feeds.items()}
        given = [own[program.names[i]] for i in indices(model.subgraphs[0].inputs)]
        amounts = {
            index: (generator.uniform(-0.5, 0.5, step.shape) * step).astype(np.float32)
            for index, step in self.rounding(feeds).items()
        }
        edited = disturbed(
            probed(model, wanted, {}), {i: array.shape for i, array in amounts.items()}
        )
        found = dict(zip(wanted, invoke(edited, [*given, *amounts.values()]), strict=True))
        return [found[place[name]] for name in fetches]

    def rounding(self, feeds: Mapping[str, np.ndarray]) -> dict[int, np.ndarray]:
        """For each activation the step of each element, of the activation's shape."""
        return {
            activation.index: np.broadcast_to(activation.step or _row_steps(array), array.shape)
            for activation, array in self.values(feeds)
        }

    def values(self, feeds: Mapping[str, np.ndarray]) -> list[tuple[Activation, np.ndarray]]:
        """Each activation with its values in floats."""
        names = [self.program.names[activation.index] for activation in self.activations]
        arrays = self.program.run(feeds, names) if names else []
        return list(zip(self.activations, arrays, strict=True))

    def _with_moved_constants(self, generator: np.random.Generator) -> Any:
        model = shallow(self.program.model)
        model.signatureDefs = self.program.model.signatureDefs
        for index, step in self.steps.items():
            still = np.frombuffer(bytes(model.buffers[index].data), np.float32)
            move = generator.uniform(-0.5, 0.5, still.shape) * step
            top = np.finfo(np.float32).max  # a mask of the lowest number has a scale of its size
            model.buffers[index] = _buffer(np.clip(still + move, -top, top).astype(np.float32))
        return model


def _lift(model: Any, tensor: Any, steps: dict[int, np.ndarray]) -> None:
    """Make a tensor float32; a constant with the numbers that it stands for."""
    data = model.buffers[tensor.buffer].data
    if data is not None and len(data):
        shape = tuple(indices(tensor.shape))
        integers = np.frombuffer(bytes(data), INTEGERS[tensor.type]).reshape(shape)
        floats = dequantised(integers, tensor)
        scale, _ = along(tensor, floats.ndim)
        tensor.buffer = len(model.buffers)
        steps[tensor.buffer] = np.broadcast_to(scale, shape).ravel()
        model.buffers.append(_buffer(floats))
    tensor.type, tensor.quantization = _FLOAT32, None


def _buffer(array: np.ndarray) -> Any:
    buffer = schema().BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
    return buffer


def _activations(model: Any) -> Iterator[Activation]:
    part = model.subgraphs[0]
    seen = set()
    for operator in operators(part):
        code = code_of(model, operator)
        taken, made = indices(operator.inputs), indices(operator.outputs)
        if code in _HYBRID and is_quantised(part.tensors[taken[1]]) and taken[0] not in seen:
            seen.add(taken[0])
            if part.tensors[taken[0]].type == _FLOAT32:
                yield Activation(taken[0], 0.0)
        for index in made:
            tensor = part.tensors[index]
            if is_quantised(tensor) and not _handed_on(part, code, taken, tensor):
                scale, zero = along(tensor, 0) if len(tensor.quantization.scale) == 1 else (0, 0)
                bounds = np.iinfo(INTEGERS[tensor.type])
                low, high = (bounds.min - zero) * scale, (bounds.max - zero) * scale
                calibrated = code not in _OWN_SCALE
                yield Activation(index, float(scale), float(low), float(high), calibrated)


def _handed_on(part: Any, code: int, taken: Sequence[int], tensor: Any) -> bool:
    """Whether an operator only moves integers that were rounded to the same scale before."""
    sources = [part.tensors[i] for i in taken if i >= 0 and is_quantised(part.tensors[i])]
    return code in _MOVING and any(
        np.array_equal(s.quantization.scale, tensor.quantization.scale)
        and np.array_equal(s.quantization.zeroPoint, tensor.quantization.zeroPoint)
        for s in sources
    )


def _row_steps(array: np.ndarray) -> np.ndarray:
    """The step with which a kernel rounds a float activation: 8 bits for the range of each row."""
    axes = (array.ndim - 1,) if array.ndim < 4 else tuple(range(1, array.ndim))
    return np.abs(array).max(axes, keepdims=True) / 127 if array.ndim else np.abs(array) / 127
