"""How a converted model's weights lie in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

_CONVOLUTIONS = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)


def kernels_channels_last(module: torch.nn.Module) -> None:
    """Lay the kernels of convolutions out channels last.

    TensorFlow's images have their channels last, and PyTorch's convolutions keep that order in
    memory; a kernel in another one would be copied at every call.
    """
    kernels = [part.weight for part in module.modules() if isinstance(part, _CONVOLUTIONS)]
    if isinstance(module, torch.fx.GraphModule):
        kernels += _kernels(module)
    with torch.no_grad():
        for kernel in kernels:
            kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)


@contextlib.contextmanager
def kernels_in_order(module: torch.nn.Module) -> Iterator[None]:
    """While active, kernels are laid out as their sizes say: no file holds another order well."""
    kernels = [part.weight for part in module.modules() if isinstance(part, _CONVOLUTIONS)]
    held = [kernel.data for kernel in kernels]
    try:
        for kernel in kernels:
            kernel.data = kernel.data.contiguous()
        yield
    finally:
        for kernel, data in zip(kernels, held, strict=True):
            kernel.data = data


def _kernels(module: torch.fx.GraphModule) -> list[torch.nn.Parameter]:
    """The parameters that an exported program's graph uses as kernels, and as nothing else."""
    targets = (torch.ops.aten.conv2d.default, torch.ops.aten.conv2d.padding)
    found = []
    for node in module.graph.nodes:
        if node.op != "get_attr" or not node.users:
            continue
        if all(user.target in targets and user.args[1] is node for user in node.users):
            found.append(module.get_parameter(node.target))
    return found
