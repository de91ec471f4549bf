"""A ``.tflite`` file, run by LiteRT's interpreter."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parity.errors import CheckError, ProgramError
from parity.runtimes.lite_model import (
    CUSTOM,
    builtin_code,
    indices,
    name_of,
    operators,
    packed,
    parsed,
    probed,
)
from parity.runtimes.lite_scales import dequantised, is_quantised, quantised

_FLEX = "Flex"


@dataclass(frozen=True, slots=True, eq=False)
class LiteProgram:
    """A TFLite graph with named ends.

    Attributes:
        model: the file's object tree.
        names: for each tensor of the main graph a name of its own.
        inputs: for each input name the tensor that it is fed to.
        outputs: for each output name the tensor that holds it.
    """

    model: Any
    names: tuple[str, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    @classmethod
    def of(cls, data: bytes, label: str) -> LiteProgram:
        """Open a file. Its ends have the names of its first signature, or of their tensors.

        Args:
            data: the file.
            label: what it is called in messages.

        Raises:
            CheckError: it is damaged, or calls a custom operator or one that may do more than
                compute.
        """
        model = parsed(data, label)
        _require_builtins(model, label)
        part = model.subgraphs[0]
        counts: dict[str, int] = {}
        names = []
        for index, tensor in enumerate(part.tensors):
            name = name_of(tensor)
            names.append(f"{name}#{index}" if name in counts else name)
            counts[name] = index
        inputs = {names[i]: names[i] for i in indices(part.inputs)}
        outputs = {names[i]: names[i] for i in indices(part.outputs)}
        if model.signatureDefs and model.signatureDefs[0].subgraphIndex == 0:
            signature = model.signatureDefs[0]
            inputs = {name_of(e): names[e.tensorIndex] for e in signature.inputs or []}
            outputs = {name_of(e): names[e.tensorIndex] for e in signature.outputs or []}
        return cls(model, tuple(names), inputs, outputs)

    @property
    def runtime(self) -> str:
        """What runs it, in words."""
        return f"LiteRT ({_interpreter()[1]})"

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        cuts: Mapping[str, np.ndarray] | None = None,
    ) -> list[np.ndarray]:
        """Compute tensors of the graph, as :meth:`Program.run` does for TensorFlow's.

        Quantised tensors are fed and fetched as the numbers that they stand for.

        Raises:
            ProgramError: LiteRT refuses the graph or fails while running it.
        """
        place = {name: index for index, name in enumerate(self.names)}
        wanted = list(dict.fromkeys(place[name] for name in fetches))
        begins = {self.inputs[name]: array for name, array in feeds.items()}
        ends = [self.names[i] for i in indices(self.model.subgraphs[0].inputs)]
        own = [begins.pop(name) for name in ends]
        cut = {place[name]: array for name, array in {**begins, **(cuts or {})}.items()}
        edited = probed(self.model, wanted, {i: array.shape for i, array in cut.items()})
        tensors = self.model.subgraphs[0].tensors
        given = [
            quantised(array, tensors[i]) if is_quantised(tensors[i]) else array
            for i, array in zip(
                [*indices(self.model.subgraphs[0].inputs), *cut], [*own, *cut.values()], strict=True
            )
        ]
        found = {
            i: dequantised(array, tensors[i]) if is_quantised(tensors[i]) else array
            for i, array in zip(wanted, invoke(edited, given), strict=True)
        }
        return [found[place[name]] for name in fetches]


def invoke(model: Any, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Run a graph.

    Args:
        model: the object tree.
        arrays: one for each input of the main graph, in order.

    Returns:
        One array for each output of the main graph, in order.

    Raises:
        ProgramError: LiteRT refuses the graph or fails while running it.
    """
    begins = indices(model.subgraphs[0].inputs)
    ends = indices(model.subgraphs[0].outputs)
    build, _ = _interpreter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            interpreter = build(model_content=packed(model), num_threads=1)
        for index, array in zip(begins, arrays, strict=True):
            interpreter.resize_tensor_input(index, array.shape, strict=True)
        interpreter.allocate_tensors()
        for index, array in zip(begins, arrays, strict=True):
            interpreter.set_tensor(index, np.asarray(array, order="C"))
        interpreter.invoke()
        return [np.array(interpreter.get_tensor(index)) for index in ends]
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise ProgramError(f"LiteRT can't run the target: {reason}") from error


def _interpreter() -> tuple[Any, str]:
    """LiteRT's own interpreter and its version; TensorFlow's copy of it where there is none."""
    try:
        from importlib.metadata import version

        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return _tensorflow_interpreter()
    return Interpreter, version("ai-edge-litert")


def _tensorflow_interpreter() -> tuple[Any, str]:
    try:
        import tensorflow as tf
    except ImportError as error:
        raise CheckError(
            ".tflite files are run by LiteRT: pip install 'torch-tf-parity[tflite]'."
        ) from error
    return tf.lite.Interpreter, f"TensorFlow {tf.__version__}"


def _require_builtins(model: Any, label: str) -> None:
    used = {operator.opcodeIndex for part in model.subgraphs for operator in operators(part)}
    names = [
        name_of(model.operatorCodes[index], "customCode")
        for index in sorted(used)
        if builtin_code(model.operatorCodes[index]) == CUSTOM
    ]
    flex = [name.removeprefix(_FLEX) for name in names if name.startswith(_FLEX)]
    if flex:
        raise CheckError(
            f"{label} calls {', '.join(flex)} in TensorFlow's own kernels (select TensorFlow ops), "
            "which LiteRT can't run here. Check a file with builtin operators only."
        )
    if names:
        raise CheckError(
            f"{label} calls the custom operator {', '.join(names)}, whose kernel is not here. "
            "Check a file with builtin operators only."
        )
