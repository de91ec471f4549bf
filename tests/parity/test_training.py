"""Optimiser steps on both sides: the same state after each, and planted faults caught."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import converters
import parity
from converters import Conversion, torch_to_tf
from parity.baseline import baseline_of
from parity.gate import gate
from parity.report import read, write
from parity.results import Result
from parity.verdict import Verdict


class Network(nn.Module):
    """A convolution under a batch norm, whose bias has no gradient but rounding; dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6)
        self.drop, self.head = nn.Dropout(0.3), nn.Linear(6, 4)
        self.unused = nn.Parameter(torch.ones(2))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.conv(x)))
        result: Tensor = self.head(self.drop(x).mean((2, 3)))
        return result


INPUTS = (torch.randn(5, 3, 6, 6, generator=torch.Generator().manual_seed(1)),)
Make = Callable[[Any], torch.optim.Optimizer]
OPTIMIZERS: dict[str, Make] = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1),
    "SGD with nesterov and decay": lambda p: torch.optim.SGD(
        p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True
    ),
    "SGD with dampening": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
    "Adam with decay": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.01),
    "Adam, amsgrad, maximising": lambda p: torch.optim.Adam(p, amsgrad=True, maximize=True),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=torch.tensor(0.01), betas=(0.8, 0.95)),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "RMSprop, centred, with momentum": lambda p: torch.optim.RMSprop(
        p, lr=0.01, momentum=0.5, centered=True, weight_decay=0.1
    ),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr_decay=0.1, initial_accumulator_value=0.1),
}


@pytest.fixture(scope="module")
def model() -> tuple[nn.Module, Conversion]:
    torch.manual_seed(0)
    module = Network()
    return module, torch_to_tf(module, INPUTS, training=True)


def trained(module: nn.Module, conversion: Conversion, make: Make, **options: Any) -> Result:
    optimizer = make(module.parameters())
    return parity.check_training(module, conversion, INPUTS, optimizer, **options).results[0]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_three_steps_of_an_optimiser_follow_pytorch(
    model: tuple[nn.Module, Conversion], name: str
) -> None:
    result = trained(*model, OPTIMIZERS[name])
    assert result.verdict is Verdict.rounding, result.summary
    assert result.certificate.outcome == "same function"
    names = {comparison.name for comparison in result.outputs}
    for step in (1, 2, 3):
        state = {f"step {step}: {key}" for key in model[0].state_dict()}
        assert names >= state | {f"step {step}: loss"}
    assert all(c.elements for c in (*result.outputs, *result.certificate.outputs))


def test_a_check_changes_neither_the_models_nor_the_optimiser(
    model: tuple[nn.Module, Conversion],
) -> None:
    module, conversion = model
    optimizer = OPTIMIZERS["AdamW"](module.parameters())
    before = copy.deepcopy(module.state_dict())
    variables = [variable.numpy() for variable in conversion.model.variables]
    parity.check_training(module, conversion, INPUTS, optimizer, steps=1)
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert not optimizer.state
    after = [variable.numpy() for variable in conversion.model.variables]
    assert all(np.array_equal(a, b) for a, b in zip(variables, after, strict=True))


def test_a_training_goes_on_from_the_state_of_the_optimiser() -> None:
    """Two groups, a frozen parameter, and moments from an earlier training."""
    torch.manual_seed(0)
    module = Network()
    module.conv.weight.requires_grad_(False)
    groups = [
        {"params": list(module.head.parameters()), "lr": 0.05, "weight_decay": 0.3},
        {"params": list(module.norm.parameters())},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        module(*INPUTS).square().sum().backward()
        optimizer.step()
    conversion = torch_to_tf(module, INPUTS, training=True)
    report = parity.check_training(module, conversion, INPUTS, optimizer)
    assert report.passes, report.results[0].summary
    fresh = torch.optim.AdamW(optimizer.param_groups, lr=0.01)
    forgetful = parity.check_training(
        module, conversion, INPUTS, optimizer,
        target_optimizer=lambda made: converters.keras_optimizer(fresh, module, made),
    )  # fmt: skip
    assert forgetful.verdict is Verdict.mismatch


def test_a_loss_of_ones_own_is_converted_with_its_labels(
    model: tuple[nn.Module, Conversion],
) -> None:
    labels = torch.tensor([0, 3, 1, 2, 2])
    result = trained(
        *model,
        OPTIMIZERS["SGD"],
        steps=2,
        loss=lambda logits: nn.functional.cross_entropy(logits, labels, label_smoothing=0.1),
    )
    assert result.verdict.passes, result.summary
    first = next(c for c in result.outputs if c.name == "step 1: loss")
    assert first.shape == ()


def faulty(make: Make) -> Callable[[nn.Module], Callable[[Conversion], Any]]:
    """The target's optimiser made of other hyperparameters."""
    return lambda module: (
        lambda made: converters.keras_optimizer(make(module.parameters()), module, made)
    )


def without_gradient_of(
    name: str, make: Make
) -> Callable[[nn.Module], Callable[[Conversion], Any]]:
    """The target's optimiser, which overlooks one parameter."""

    def build(module: nn.Module) -> Callable[[Conversion], Any]:
        def made(conversion: Conversion) -> Any:
            optimizer = converters.keras_optimizer(make(module.parameters()), module, conversion)
            step = optimizer.update_step

            def overlooking(gradient: Any, variable: Any, learning_rate: Any) -> None:
                if variable is not conversion.model.weights[name]:
                    step(gradient, variable, learning_rate)

            optimizer.update_step = overlooking
            return optimizer

        return made

    return build


def adamw(p: Any) -> torch.optim.Optimizer:
    return torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.95))


MOMENTUM = OPTIMIZERS["SGD with nesterov and decay"]
FAULTS: dict[str, tuple[Make, Callable[[nn.Module], Callable[[Conversion], Any]], str]] = {
    "no momentum": (
        MOMENTUM, faulty(lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.01)), "step 1",
    ),
    "plain momentum for nesterov's": (
        MOMENTUM,
        faulty(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01)),
        "step 1",
    ),
    "another decay of weights": (
        adamw,
        faulty(lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.95), weight_decay=0.011)),
        "step 1",
    ),
    "decay in the gradient": (
        adamw,
        faulty(lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), weight_decay=0.01)),
        "step 1",
    ),
    "another second moment": (
        adamw, faulty(lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.949))), "step 2",
    ),
    "a parameter left out": (adamw, without_gradient_of("head.weight", adamw), "step 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_of_the_optimiser_is_caught_at_its_step(
    model: tuple[nn.Module, Conversion], name: str
) -> None:
    make, target, step = FAULTS[name]
    result = trained(*model, make, target_optimizer=target(model[0]))
    assert result.verdict is Verdict.mismatch
    assert result.certificate.outcome == "different function"
    failed = next(c for c in result.certificate.outputs if not c.verdict.passes)
    assert failed.name.startswith(step), result.summary
    own = next(c for c in result.outputs if not c.verdict.passes)
    assert own.name.startswith(step)


class Biased(nn.BatchNorm2d):
    """Batch normalisation whose running variance is the biased one."""

    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x.detach(), (0, 2, 3), correction=0)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.mul_(0.9).add_(0.1 * mean)
        self.running_var.mul_(0.9).add_(0.1 * variance)
        return nn.functional.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)


def test_a_biased_running_variance_is_caught_in_its_buffer() -> None:
    torch.manual_seed(0)
    module = Network()
    other = copy.deepcopy(module)
    other.norm = Biased(6)
    conversion = torch_to_tf(other, INPUTS, training=True)
    result = trained(module, conversion, OPTIMIZERS["SGD"], steps=1)
    assert result.verdict is Verdict.mismatch
    failed = [c.name for c in result.outputs if not c.verdict.passes]
    assert failed == ["step 1: norm.running_var"]


def test_a_frozen_parameter_that_trains_is_caught() -> None:
    torch.manual_seed(0)
    module = Network()
    conversion = torch_to_tf(module, INPUTS, training=True)
    frozen = copy.deepcopy(module)
    frozen.conv.weight.requires_grad_(False)
    result = trained(frozen, conversion, OPTIMIZERS["SGD"], steps=1)
    assert result.verdict is Verdict.mismatch
    failed = [c.name for c in result.outputs if not c.verdict.passes]
    assert failed == ["step 1: conv.weight"]


def test_plain_sgd_of_keras_follows_and_its_adam_does_not(
    model: tuple[nn.Module, Conversion],
) -> None:
    """Learning rates that float32 holds, for Keras rounds them to it."""
    sgd = trained(
        *model,
        lambda p: torch.optim.SGD(p, lr=2**-4, momentum=0.5),
        target_optimizer=lambda _: keras.optimizers.SGD(2**-4, momentum=0.5),
    )
    assert sgd.verdict.passes, sgd.summary
    adam = trained(
        *model,
        lambda p: torch.optim.Adam(p, lr=2**-8, eps=1e-4),
        target_optimizer=lambda _: keras.optimizers.Adam(2**-8, epsilon=1e-4),
    )
    assert adam.verdict is Verdict.mismatch


def test_what_can_not_be_trained_is_refused(model: tuple[nn.Module, Conversion]) -> None:
    module, conversion = model
    with pytest.raises(parity.CheckError, match=r"module\.parameters"):
        trained(module, conversion, lambda _: torch.optim.SGD([nn.Parameter(torch.ones(1))]))
    with pytest.raises(converters.ConversionError, match="SGD, Adam, AdamW"):
        trained(module, conversion, torch.optim.Rprop)
    with pytest.raises(parity.CheckError, match="scalar"):
        trained(module, conversion, OPTIMIZERS["SGD"], loss=lambda y: y)
    with pytest.raises(parity.CheckError, match="depend on a parameter"):
        trained(module, conversion, OPTIMIZERS["SGD"], loss=lambda y: y.detach().sum())
    with pytest.raises(parity.CheckError, match="only a conversion"):
        trained(module, module, OPTIMIZERS["SGD"])  # type: ignore[arg-type]


def test_a_training_is_written_and_gated_like_any_other_result(
    model: tuple[nn.Module, Conversion], tmp_path: Path
) -> None:
    module, conversion = model
    optimizer = OPTIMIZERS["SGD"](module.parameters())
    report = parity.check_training(module, conversion, INPUTS, optimizer, steps=1, case="net")
    write(report, tmp_path)
    assert "step 1: norm.running_var" in (tmp_path / "report.html").read_text()
    assert read(tmp_path).results[0].outputs == report.results[0].outputs
    known = baseline_of(report)
    assert not gate(report, known).findings
    result = report.results[0]
    fewer = replace(report, results=(replace(result, outputs=result.outputs[:-1]),))
    assert gate(fewer, known).findings


def test_a_model_that_was_called_in_between_is_told_from_one_that_computes_something_else() -> None:
    """Each call updates the running statistics, so that the next one starts from another state."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).train()
    inputs = (torch.randn(6, 3),)
    conversion = torch_to_tf(module, inputs, training=True)
    parity.assert_parity(module, conversion, inputs)
    conversion.model(inputs[0].numpy())
    result = parity.check(module, conversion, inputs).results[0]
    assert result.verdict is Verdict.mismatch
    assert "don't start from one state: 1.running_mean and 2 more" in result.summary
    state = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    for name, array in conversion.weights.to_target(state).items():
        conversion.model.weights[name].assign(array)
    parity.assert_parity(module, conversion, inputs)


class Wild(nn.Module):
    """With large weights each layer magnifies what rounds, and the loss stays as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(6, 6) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.sin(layer(x))
        return x


@pytest.fixture(scope="module")
def wild() -> tuple[nn.Module, Conversion]:
    torch.manual_seed(0)
    module = Wild()
    return module, torch_to_tf(module, (torch.ones(2, 6),), training=True)


def test_a_training_that_rounding_alone_decides_is_inconclusive_from_there_on(
    wild: tuple[nn.Module, Conversion],
) -> None:
    optimizer = torch.optim.SGD(wild[0].parameters(), lr=1e5)
    result = parity.check_training(*wild, (torch.ones(2, 6),), optimizer, steps=4).results[0]
    assert result.verdict is Verdict.inconclusive, result.summary
    assert "no two runs are alike" in result.summary
    assert all(c.verdict.passes for c in result.outputs if c.name.startswith("step 1: "))
    assert not any(c.verdict.passes for c in result.outputs if c.name.startswith("step 4: "))
    assert "step 4: loss" in result.certificate.uncovered


def test_a_fault_before_that_is_still_a_mismatch(wild: tuple[nn.Module, Conversion]) -> None:
    module, conversion = wild
    fast, slow = (torch.optim.SGD(module.parameters(), lr=lr) for lr in (1e5, 9.9e4))
    result = parity.check_training(
        module, conversion, (torch.ones(2, 6),), fast, steps=4,
        target_optimizer=lambda made: converters.keras_optimizer(slow, module, made),
    ).results[0]  # fmt: skip
    assert result.verdict is Verdict.mismatch
    assert "step 1: " in result.summary
