"""PyTorch modules and ``.pt2`` files to a :class:`~converters.graph.Graph`.

``torch.export`` writes the graph before decomposition, so that ``linear``, ``layer_norm``, ``lstm``
and ``scaled_dot_product_attention`` arrive whole. What has no lowering is decomposed by PyTorch's
own table.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import threading
import warnings
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

from converters.errors import CaptureError
from converters.graph import Graph
from converters.passes.dead_nodes import drop_dead_nodes
from converters.passes.expose_draws import expose_draws
from converters.torch_tensors import from_numpy
from converters.torch_to_tf.capture.archive import load_pt2
from converters.torch_to_tf.capture.checkpointing import checkpoints_ignored
from converters.torch_to_tf.capture.chunked_losses import chunked_losses
from converters.torch_to_tf.capture.cumulative_average import averages_by_tensors
from converters.torch_to_tf.capture.functionalize import functional
from converters.torch_to_tf.capture.fx_nodes import operators_of
from converters.torch_to_tf.capture.no_gradient import detach_regions
from converters.torch_to_tf.capture.reader import read_program
from converters.torch_to_tf.capture.recurrence import recurrence_kept_whole
from converters.torch_to_tf.capture.refusals import explanation, refusal
from converters.torch_to_tf.capture.size_rules import with_declared_minima
from converters.torch_to_tf.capture.torchscript import is_torchscript, load_torchscript, unscripted
from converters.torch_to_tf.leaves import leaf_calls, leaves_kept_whole

_ONE_AT_A_TIME = threading.RLock()
"""``torch.export`` is not for several threads: it puts other parameters into the module."""


def capture(
    source: torch.nn.Module | ExportedProgram | str | Path,
    example_inputs: Sequence[object] | Mapping[str, object] | None,
    *,
    supported: Container[str],
    dynamic_shapes: Any = None,
    training: bool = False,
) -> Graph:
    """Capture a module as a graph.

    Args:
        source: a module, an exported program, or a ``.pt2`` file.
        example_inputs: positional (a tuple) or named (a dict) inputs of ``forward``; a pair of a
            tuple and a dict for both. Not needed for an exported program.
        supported: the operators that are to stay whole.
        dynamic_shapes: as in ``torch.export.export``.
        training: capture the module as it trains.

    Raises:
        CaptureError: ``torch.export`` refuses the module or the inputs, or the file is not a
            ``.pt2``.
    """
    with _ONE_AT_A_TIME, recurrence_kept_whole(), leaf_calls():
        program = _program(source, example_inputs, supported, dynamic_shapes, training=training)
        detach_regions(program)
        program = functional(program)
        if any(op not in supported for op in operators_of(program.graph_module)):
            program = _decompose(program, supported)
        if any(map(_drops_attention, program.graph.nodes)):
            program = _decompose(program, _AllBut(_ATTENTION))
        graph = drop_dead_nodes(expose_draws(read_program(program)))
        return with_declared_minima(graph, dynamic_shapes)


def _program(
    source: torch.nn.Module | ExportedProgram | str | Path,
    example_inputs: Sequence[object] | Mapping[str, object] | None,
    supported: Container[str],
    dynamic_shapes: Any,
    *,
    training: bool,
) -> ExportedProgram:
    if isinstance(source, str | Path):
        source = load_source(Path(source))
    if isinstance(source, ExportedProgram):
        return source
    if example_inputs is None:
        raise CaptureError(
            f"{type(source).__name__} needs example inputs: pass a tuple of positional or a dict "
            "of named inputs of its forward method."
        )
    args, kwargs = pytree.tree_map_only(np.ndarray, from_numpy, split_inputs(example_inputs))
    if isinstance(source, torch.jit.ScriptModule):
        with _mode(source, training=training), _quiet_export():
            source, args = unscripted(source, args, kwargs)
            kwargs = {}
    _check_call(source, args, kwargs)
    with (
        _mode(source, training=training),
        averages_by_tensors(source),
        checkpoints_ignored(),
        _quiet_export(),
    ):
        if not training:
            _try_forward(source, args, kwargs)
        try:
            with leaves_kept_whole(source, supported):
                return _exported(source, args, kwargs, dynamic_shapes)
        except CaptureError:
            raise
        except Exception as error:
            raise refusal(source, error) from error


def load_source(path: Path) -> ExportedProgram | torch.jit.ScriptModule:
    """What a file holds: an exported program or a TorchScript module.

    Raises:
        CaptureError: it is neither, is damaged, or holds more than data.
    """
    return load_torchscript(path) if is_torchscript(path) else load_pt2(path)


def _exported(
    module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], dynamic_shapes: Any
) -> ExportedProgram:
    try:
        return torch.export.export(
            module, args, kwargs, dynamic_shapes=dynamic_shapes, strict=False
        )
    except Exception as error:
        if not type(error).__module__.startswith("torch._dynamo"):
            raise
        # Branches and loops are compiled with every size open, and that fails where sizes are
        # multiplied (a convolution in torch.cond, seen in 2.13). The strict way keeps them fixed.
        try:
            return torch.export.export(
                module, args, kwargs, dynamic_shapes=dynamic_shapes, strict=True
            )
        except Exception:  # noqa: BLE001  what the usual way said is what the user has to read
            raise error from None


def split_inputs(
    inputs: Sequence[object] | Mapping[str, object],
) -> tuple[tuple[object, ...], dict[str, object]]:
    """Positional and named inputs from a tuple, a dict, a tensor, or a pair of tuple and dict.

    >>> split_inputs({"x": 1})
    ((), {'x': 1})
    """
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    if isinstance(inputs, torch.Tensor | np.ndarray):
        return (inputs,), {}
    inputs = tuple(inputs)
    if len(inputs) == 2 and isinstance(inputs[0], tuple) and isinstance(inputs[1], dict):
        return inputs[0], inputs[1]
    return inputs, {}


def _check_call(
    module: torch.nn.Module, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> None:
    try:
        inspect.signature(module.forward).bind(*args, **kwargs)
    except TypeError as error:
        names = ", ".join(inspect.signature(module.forward).parameters)
        raise CaptureError(
            f"the example inputs don't fit {type(module).__name__}.forward({names}): {error}. "
            f"Given were {len(args)} positional input(s)"
            + (f" and {', '.join(kwargs)} by name." if kwargs else ".")
        ) from error


def _try_forward(
    module: torch.nn.Module, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> None:
    """Tracing sees shapes only; running finds a wrong dtype or an index out of range."""
    copies: Any = pytree.tree_map_only(torch.Tensor, torch.clone, (args, kwargs))
    try:
        # Run eagerly, torch.cond and its like compile first, and what that takes depends on what
        # was compiled before.
        with torch.no_grad(), torch.compiler.set_stance("force_eager"):
            torch.func.functional_call(module, _copied_buffers(module), *copies)
    except Exception as error:
        given = ", ".join(_described(leaf) for leaf in pytree.tree_leaves((args, kwargs)))
        raise CaptureError(
            f"{type(module).__name__} itself fails on the example inputs ({given}): "
            f"{explanation(error)} "
            "Pass inputs of the shapes and dtypes that its forward method expects."
        ) from error


def _copied_buffers(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """What a call may write into in place of the module's own buffers."""
    return {name: buffer.clone() for name, buffer in module.named_buffers()}


def _described(leaf: object) -> str:
    if not isinstance(leaf, torch.Tensor):
        return repr(leaf)
    return f"{str(leaf.dtype).removeprefix('torch.')}{list(leaf.shape)}"


@contextlib.contextmanager
def _mode(module: torch.nn.Module, *, training: bool) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    module.train(training)
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


@contextlib.contextmanager
def _quiet_export() -> Iterator[None]:
    """PyTorch prints the graph that it gave up on; the error says what a user needs."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    nowhere = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


_ATTENTION = frozenset(
    {
        "aten.scaled_dot_product_attention.default",
        "aten._scaled_dot_product_attention_math.default",
    }
)


@dataclass(frozen=True, slots=True)
class _AllBut:
    """Every operator but some."""

    names: frozenset[str]

    def __contains__(self, name: object) -> bool:
        return name not in self.names


def _drops_attention(node: torch.fx.Node) -> bool:
    """Attention with dropout, which draws its mask in the middle."""
    if str(node.target) not in _ATTENTION:
        return False
    p = node.kwargs.get("dropout_p", node.args[4] if len(node.args) > 4 else 0.0)
    return bool(p != 0.0)


def _decompose(program: ExportedProgram, supported: Container[str]) -> ExportedProgram:
    with _quiet_export(), _operators_listed_once():
        table: Any = torch.export.default_decompositions()
        chosen = {op: how for op, how in table.items() if str(op) not in supported}
        return program.run_decompositions(chosen | chunked_losses(program))


@contextlib.contextmanager
def _operators_listed_once() -> Iterator[None]:
    """A decomposition lists all operators of PyTorch once for each namespace; once is enough."""
    from torch._export import utils

    name = "_materialize_cpp_cia_ops"
    listed = getattr(utils, name, None)
    if listed is None:  # not in this release of PyTorch
        yield
        return
    listed()
    with mock.patch.object(utils, name, return_value=None):
        yield
