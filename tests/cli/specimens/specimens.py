"""Models that the command line's tests name as ``specimens:callable``."""

from __future__ import annotations

import numpy as np
import own_operators  # noqa: F401  # defines the operators that Exotic calls
import torch


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.first = torch.nn.Linear(8, 16)
            self.second = torch.nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x)))


class Branching(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x


class Exotic(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first, second = torch.ops.specimens.first, torch.ops.specimens.second
        return first(x) + second(first(x))


class Large(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(512, 512)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


def example() -> tuple[np.ndarray]:
    return (np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32),)


def net() -> tuple[torch.nn.Module, object]:
    return Net().eval(), example()


def bare() -> torch.nn.Module:
    return Net().eval()


def branching() -> tuple[torch.nn.Module, object]:
    return Branching().eval(), example()


def exotic() -> tuple[torch.nn.Module, object]:
    return Exotic().eval(), example()


def large() -> tuple[torch.nn.Module, object]:
    return Large().eval(), (np.ones((2, 512), np.float32),)


def broken() -> torch.nn.Module:
    raise ValueError("no luck")


def number() -> int:
    return 3


def twin() -> object:
    """The same network in Keras."""
    return _twin(Net())


def wrong_twin() -> object:
    """The same with one weight off by one part in a thousand."""
    net = Net()
    with torch.no_grad():
        net.first.weight[0, 0] *= 1.001
    return _twin(net)


def two_outputs() -> object:
    twin = _twin(Net())
    return lambda x: (twin(x), twin(x))


def _twin(net: Net) -> object:
    import keras

    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Dense(4),
        ]
    )
    model.set_weights(
        [
            array.detach().numpy().T if array.ndim == 2 else array.detach().numpy()
            for array in net.parameters()
        ]
    )
    return model
