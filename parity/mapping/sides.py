"""Two live models whose weights can be read, replaced, and seen at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters import CheckpointError, file_names
from parity.errors import CheckError
from parity.sides import as_numpy, as_torch, unchanged

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A model whose weights are named as in its checkpoints.

    Attributes:
        shapes: of its floating-point weights, in the order in which the model uses them first.
        aliases: further names of a weight (tied ones).
        other: names of what is no weight: counters, masks, seeds.
        read: the weights.
        write: replaces some of them.
        run: the outputs that are floating-point numbers, on the probe inputs.
    """

    shapes: Mapping[str, tuple[int, ...]]
    aliases: Mapping[str, tuple[str, ...]]
    other: tuple[str, ...]
    read: Callable[[], Arrays]
    write: Callable[[Mapping[str, np.ndarray]], None]
    run: Callable[[], list[np.ndarray]]

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Afterwards the weights are as before."""
        before = self.read()
        try:
            yield
        finally:
            self.write(before)


def torch_side(module: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Side:
    """A PyTorch module in inference, by the names of its state dict."""
    import torch
    from torch.utils import _pytree as pytree

    names: dict[int, list[str]] = {}
    tensors: dict[int, Any] = {}
    for name, tensor in module.state_dict(keep_vars=True).items():
        if isinstance(tensor, torch.Tensor):
            names.setdefault(id(tensor), []).append(name)
            tensors[id(tensor)] = tensor
    weights = {k: t for k, t in tensors.items() if t.dtype.is_floating_point}
    used: dict[int, None] = {}

    class Uses(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None):  # type: ignore[no-untyped-def]  # noqa: ANN204
            if getattr(func, "__name__", "") != "__get__":
                for leaf in pytree.tree_leaves((args, kwargs)):
                    if id(leaf) in weights:
                        used.setdefault(id(leaf))
            return func(*args, **(kwargs or {}))

    def run() -> list[np.ndarray]:
        with unchanged(module, training=False), torch.no_grad():
            leaves = pytree.tree_leaves(module(*args, **kwargs))
        return [as_numpy(x) for x in leaves if torch.is_tensor(x) and x.dtype.is_floating_point]

    with Uses():
        run()
    order = [*used, *(key for key in weights if key not in used)]
    by_name = {names[key][0]: weights[key] for key in order}

    def write(arrays: Mapping[str, np.ndarray]) -> None:
        with torch.no_grad():
            for name, array in arrays.items():
                by_name[name].copy_(as_torch(np.asarray(array)))

    return Side(
        shapes={name: tuple(tensor.shape) for name, tensor in by_name.items()},
        aliases={names[key][0]: tuple(names[key][1:]) for key in order},
        other=tuple(n for key in tensors if key not in weights for n in names[key]),
        read=lambda: {name: as_numpy(tensor).copy() for name, tensor in by_name.items()},
        write=write,
        run=run,
    )


def tensorflow_side(model: Any, call: Callable[..., Any], arguments: Sequence[Any]) -> Side:
    """A Keras model or a ``tf.Module``, by the names in the file that it writes.

    Args:
        model: what the weights belong to.
        call: calls it with TensorFlow tensors.
        arguments: the probe inputs as arrays.
    """
    import tensorflow as tf

    signature = [tf.TensorSpec(a.shape, a.dtype) for a in arguments]
    try:
        function = tf.function(call, autograph=False).get_concrete_function(*signature)
    except Exception as error:
        raise CheckError(
            f"the TensorFlow model can't be called like the PyTorch one: {error}"
        ) from error
    variables = [getattr(v, "value", v) if _is_keras(v) else v for v in model.variables]
    variables = list({id(v): v for v in variables}.values())
    weights = [v for v in variables if v.dtype.is_floating]
    try:
        saved = file_names(model, weights)
    except CheckpointError as error:
        raise CheckError(str(error)) from error
    names = saved.names
    places = {id(v.handle): place for place, v in enumerate(weights)}
    first: dict[int, None] = {}
    inner = {
        internal.ref(): places[id(external)]
        for external, internal in function.graph.captures
        if id(external) in places
    }
    for operation in function.graph.get_operations():
        for given in operation.inputs:
            if given.ref() in inner:
                first.setdefault(inner[given.ref()])
    order = [*first, *(place for place in range(len(weights)) if place not in first)]
    by_name = {names[place]: weights[place] for place in order}
    tensors = [tf.constant(a) for a in arguments]

    def write(arrays: Mapping[str, np.ndarray]) -> None:
        for name, array in arrays.items():
            by_name[name].assign(np.asarray(array))

    def run() -> list[np.ndarray]:
        leaves = tf.nest.flatten(function(*tensors))
        return [np.asarray(x) for x in leaves if tf.is_tensor(x) and x.dtype.is_floating]

    return Side(
        shapes={name: tuple(v.shape) for name, v in by_name.items()},
        aliases=dict.fromkeys(by_name, ()),
        other=saved.others,
        read=lambda: {name: v.numpy() for name, v in by_name.items()},
        write=write,
        run=run,
    )


def _is_keras(variable: Any) -> bool:
    return type(variable).__module__.split(".")[0] == "keras"
