"""The core ATen set converts, the rewritten operators among it too."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cases.core_aten import DECOMPOSED, OF_STRIDES, core_packets
from converters import torch_to_tf


class Call(torch.nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("variance", torch.ones(3))
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self, x)


REWRITTEN = {
    "col2im": lambda _, x: torch.ops.aten.col2im(
        x.reshape(1, 12, 4), [3, 3], [2, 2], [1, 1], [0, 0], [1, 1]
    ),
    "_native_batch_norm_legit": lambda m, x: torch.ops.aten._native_batch_norm_legit(
        x.reshape(4, 3, 4), None, None, m.mean, m.variance, True, 0.1, 1e-5
    )[0],
}


def test_every_packet_of_the_core_set_converts() -> None:
    packets = core_packets()
    assert [name for name, converts in packets.items() if not converts] == []
    assert len(packets) >= 160


@pytest.mark.parametrize("name", sorted(DECOMPOSED))
def test_a_rewritten_operator_converts(name: str) -> None:
    x = torch.randn(48, generator=torch.Generator().manual_seed(0))
    module = Call(REWRITTEN[name]).eval()
    converted = torch_to_tf(module, (x,)).model
    found = converted(x.numpy()).numpy()
    np.testing.assert_allclose(found, module(x).numpy(), rtol=1e-5, atol=1e-5)
    for key, value in module.state_dict().items():
        np.testing.assert_allclose(converted.weights[key].numpy(), value.numpy(), rtol=1e-5)


@pytest.mark.parametrize("name", sorted(OF_STRIDES))
def test_what_asks_for_strides_is_no_lowering(name: str) -> None:
    from converters.torch_to_tf.lowerings import load

    assert not any(lowering.op.startswith(f"aten.{name}.") for lowering in load())
