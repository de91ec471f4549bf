"""A traced TensorFlow function, opened up: any tensor of it can be fed or fetched.

The graph that is probed is the graph that ships. Nothing is lowered again and nothing is frozen, so
weights never pass through a protocol buffer and its 2 GB limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from parity.errors import ProgramError
from parity.runtimes.tensorflow_promotion import nudged_graph_def, promoted_graph_def


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A concrete function as a graph with named ends.

    Attributes:
        graph_def: its nodes and function library.
        inputs: for each input name the tensor that it is fed to.
        outputs: for each output name the tensor that holds it.
        resources: for each captured variable the placeholder of its handle, and its value.
        constants: for each captured tensor its placeholder and its value.
    """

    graph_def: Any
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    resources: Mapping[str, np.ndarray]
    constants: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, function: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Program:
        """Open a ConcreteFunction.

        Args:
            function: the ConcreteFunction.
            inputs: names for its inputs, in the order of its flattened signature.
            outputs: names for its outputs, in the order of its flattened result.

        Raises:
            ProgramError: it captures something that is neither a variable nor a tensor (a lookup
                table).
        """
        own = function.graph.inputs[: len(function.graph.inputs) - len(function.captured_inputs)]
        resources, constants = {}, {}
        for outer, inner in zip(
            function.captured_inputs, function.graph.internal_captures, strict=True
        ):
            if outer.dtype == tf.resource:
                resources[inner.name] = _read(outer)
            elif outer.dtype == tf.variant:
                raise ProgramError(f"the function captures {outer.name}, which can't be opened")
            else:
                constants[inner.name] = outer.numpy()
        # Differentiating a function appends its intermediate results to its outputs (seen in 2.21).
        results = function.outputs[: len(outputs)]
        return cls(
            function.graph.as_graph_def(),
            {name: tensor.name for name, tensor in zip(inputs, own, strict=True)},
            {name: tensor.name for name, tensor in zip(outputs, results, strict=True)},
            resources,
            constants,
        )

    def promoted(self) -> Program:
        """The same graph with every floating-point type in it, and every value, in float64."""
        return replace(
            self,
            graph_def=promoted_graph_def(self.graph_def),
            resources={name: _widened(value) for name, value in self.resources.items()},
            constants={name: _widened(value) for name, value in self.constants.items()},
        )

    def nudged(self, seed: int) -> Program:
        """The same graph with each number in it moved by one float32 rounding error, seeded."""
        return replace(self, graph_def=nudged_graph_def(self.graph_def, seed))

    def run(
        self,
        feeds: Mapping[str, np.ndarray],
        fetches: Sequence[str],
        cuts: Mapping[str, np.ndarray] | None = None,
    ) -> list[np.ndarray]:
        """Compute tensors of the graph.

        Args:
            feeds: a value for each input, by its name.
            fetches: tensors to compute, by their names in the graph.
            cuts: tensors whose consumers get this value instead of the computed one. A tensor that
                is cut
                can still be fetched: it is then what its producer makes of its own (cut) inputs.

        Returns:
            One array for each fetch.

        Raises:
            ProgramError: TensorFlow refuses the graph or fails while running it.
        """
        with tf.Graph().as_default() as graph:
            replaced: dict[str, Any] = {}
            given: dict[Any, np.ndarray] = {}
            for name, value in {
                **{self.inputs[key]: value for key, value in feeds.items()},
                **self.constants,
                **(cuts or {}),
            }.items():
                placeholder = tf.compat.v1.placeholder(tf.as_dtype(value.dtype), value.shape)
                replaced[name], given[placeholder] = placeholder, value
            assignments, handles = [], {}
            for place, (name, value) in enumerate(self.resources.items()):
                handle = tf.raw_ops.VarHandleOp(
                    dtype=tf.as_dtype(value.dtype), shape=value.shape, shared_name=f"probe_{place}"
                )
                start = tf.compat.v1.placeholder(tf.as_dtype(value.dtype), value.shape)
                assignments.append(tf.raw_ops.AssignVariableOp(resource=handle, value=start))
                replaced[name], handles[start] = handle, value
            try:
                tf.graph_util.import_graph_def(self.graph_def, input_map=replaced, name="")
                with tf.compat.v1.Session(graph=graph) as session:
                    session.run(assignments, handles)
                    direct = [
                        replaced[name]
                        if name in self.inputs.values() or name in self.constants
                        else name
                        for name in fetches
                    ]
                    return [np.asarray(value) for value in session.run(direct, given)]
            except (tf.errors.OpError, ValueError) as error:
                reason = str(error).strip().split("\n")[0]
                raise ProgramError(f"TensorFlow can't run the target: {reason}") from error


def _read(handle: Any) -> np.ndarray:
    data = handle._handle_data.shape_and_type[0]
    return tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.as_dtype(data.dtype)).numpy()


def _widened(value: np.ndarray) -> np.ndarray:
    if value.dtype.kind == "c":
        return value.astype(np.complex128)
    return value.astype(np.float64) if tf.as_dtype(value.dtype).is_floating else value
