"""A ``.tflite`` file, through TensorFlow's own converter: float, dynamic-range or int8."""

from __future__ import annotations

import contextlib
import io
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from converters.errors import OutputError
from converters.torch_to_tf.targets.calibration import samples_of
from converters.torch_to_tf.targets.flatbuffer import parsed, sign, with_record
from converters.torch_to_tf.targets.frozen_graph import Frozen, freeze
from converters.torch_to_tf.targets.tflite_complex import without_complex
from converters.torch_to_tf.targets.tflite_graph import legalized
from converters.torch_to_tf.targets.tflite_places import tflite_places
from converters.torch_to_tf.targets.traced import Traced

_QUANTISATIONS = ("dynamic", "int8")
_OPERATOR = re.compile(r"\btf\.([A-Z]\w*)")


def write(
    traced: Traced,
    path: Path,
    *,
    quantize: str | None = None,
    calibration: Sequence[Any] | None = None,
    select_tf_ops: bool = False,
) -> None:
    """Write a ``.tflite`` file with one signature, whose names are the source's.

    Args:
        traced: the model.
        path: where to.
        quantize: ``dynamic`` for weights of 8 bits, whose products with activations are taken in
            8 bits where there is a kernel for it; ``int8`` for weights and activations of 8 bits
            throughout, with inputs and outputs as the source has them. None for floats.
        calibration: for ``int8``, inputs as the source's ``forward`` takes them, one for each run;
            the ranges of all activations are taken from them.
        select_tf_ops: call TensorFlow's own kernels where TFLite has none. Such a file runs only
            where the Flex delegate is linked in, which it is in no package for Python, so that it
            can't be checked here.

    Raises:
        OutputError: an option is wrong, or TensorFlow's converter can't write the model.
    """
    if quantize not in (None, *_QUANTISATIONS):
        known = " or ".join(map(repr, _QUANTISATIONS))
        raise OutputError(f"quantize={quantize!r} is unknown. Choose {known}, or leave it out.")
    if quantize == "int8" and calibration is None:
        raise OutputError(
            "quantize='int8' needs a calibration set, from which the ranges of the activations are "
            "taken: pass calibration=[inputs, ...]."
        )
    if quantize != "int8" and calibration is not None:
        raise OutputError("a calibration set is for quantize='int8' only. Leave it out.")
    samples = None if calibration is None else samples_of(traced, calibration)
    frozen = freeze(traced, ".tflite")
    if quantize == "int8" and _loops(frozen.graph_def):
        raise OutputError(
            "a model with loops (recurrent layers) can't be written with quantize='int8': "
            "TensorFlow's calibration fails on them. Use quantize='dynamic'."
        )
    model = parsed(_converted(traced, frozen, quantize, samples, select_ops=select_tf_ops))
    sign(model, list(frozen.inputs), list(frozen.outputs))
    path.write_bytes(with_record(model, traced.record(tflite_places(model, frozen))))


def _loops(graph_def: Any) -> bool:
    """Whether a graph has loops, at which calibration crashes (TensorFlow 2.21)."""
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    return any(node.op in ("While", "StatelessWhile") for node in nodes)


def _converted(
    traced: Traced,
    frozen: Frozen,
    quantize: str | None,
    samples: list[dict[str, Any]] | None,
    *,
    select_ops: bool,
) -> bytes:
    said = io.StringIO()
    try:
        with warnings.catch_warnings(), _silent(said):
            warnings.simplefilter("ignore")
            converter = _converter(traced, frozen, quantize, samples, select_ops=select_ops)
            data: bytes = converter.convert()
    except Exception as error:
        raise OutputError(_reason(error, quantize)) from error
    return data


def _converter(
    traced: Traced,
    frozen: Frozen,
    quantize: str | None,
    samples: list[dict[str, Any]] | None,
    *,
    select_ops: bool,
) -> Any:
    function = _function(traced, frozen, finite=quantize == "int8")
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        if quantize == "int8"
        else tf.lite.OpsSet.TFLITE_BUILTINS,
        *([tf.lite.OpsSet.SELECT_TF_OPS] if select_ops else []),
    ]
    if quantize is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if samples is not None:
        order = list(frozen.inputs)
        rows = [[sample[name] for name in order] for sample in samples]
        converter.representative_dataset = lambda: iter(rows)
    return converter


def _function(traced: Traced, frozen: Frozen, *, finite: bool) -> Any:
    """The frozen graph as a ConcreteFunction with the source's names."""
    graph_def = legalized(without_complex(frozen.graph_def), finite=finite)
    specs = [traced.specs[name] for name in frozen.inputs]
    placeholders = {tensor.split(":")[0] for tensor in frozen.inputs.values()}
    kept = [node for node in graph_def.node if node.name not in placeholders]
    del graph_def.node[:]
    graph_def.node.extend(kept)

    def serve(*flat: tf.Tensor) -> list[tf.Tensor]:
        given = dict(zip(frozen.inputs.values(), flat, strict=True))
        wanted = list(frozen.outputs.values())
        tensors = tf.graph_util.import_graph_def(graph_def, given, wanted, name="")
        return list(tensors)

    return tf.function(serve, autograph=False).get_concrete_function(*specs)


def _reason(error: Exception, quantize: str | None) -> str:
    text = str(error)
    names = sorted(set(_OPERATOR.findall(text)) - {"EntryFunction"})
    if names:
        kind = "int8 kernel" if quantize == "int8" else "TFLite kernel"
        return (
            f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} no {kind}, so this model "
            "can't be written as .tflite with builtin operators. Write a SavedModel or a .pb, or "
            "pass select_tf_ops=True if the file will run where TensorFlow's own kernels are "
            "linked in."
        )
    first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    return f"TensorFlow's converter can't write this model as .tflite: {first[:300]}"


@contextlib.contextmanager
def _silent(said: io.StringIO) -> Iterator[None]:
    """Without what the converter prints; its compiler writes to the file descriptor."""
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        kept = os.dup(2)
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(null)
