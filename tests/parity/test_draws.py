"""Models that draw random numbers are compared exactly: the target is given the source's."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import parity
from converters import torch_to_tf
from parity.draws import Drawn, draws_of, same_distribution
from parity.results import Result
from parity.verdict import Verdict

INPUTS = (torch.randn(6, 5, 8, generator=torch.Generator().manual_seed(1)),)


class Noisy(nn.Module):
    """Draws of several kinds, one in inference too, and one that depends on values."""

    def forward(self, x: Tensor) -> Tensor:
        chosen = torch.bernoulli(torch.sigmoid(x))
        noise = torch.randn(x.shape[-1]) * torch.rand_like(x)
        order = torch.randperm(x.shape[0])
        return x[order] * chosen + noise + torch.normal(x, 0.5)


class Unused(nn.Module):
    """A draw that nothing depends on, before one that counts."""

    def forward(self, x: Tensor) -> Tensor:
        torch.rand(3)
        return F.dropout(x, 0.5, self.training)


def recurrent() -> nn.Module:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(8, 4, 2, dropout=0.5, bidirectional=True, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            output, (hidden, _) = self.lstm(x)
            return output * hidden[-1].sum()

    return Network()


MODELS: dict[str, Callable[[], nn.Module]] = {
    "dropout": lambda: nn.Sequential(nn.Linear(8, 4), nn.Dropout(0.5), nn.Linear(4, 3)),
    "features": lambda: nn.Sequential(nn.Dropout1d(0.4), nn.Linear(8, 4)),
    "alpha": lambda: nn.Sequential(nn.AlphaDropout(0.4), nn.FeatureAlphaDropout(0.3)),
    "rrelu": lambda: nn.Sequential(nn.Linear(8, 4), nn.RReLU(), nn.Linear(4, 3)),
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 16, 0.3, batch_first=True),
    "recurrent": recurrent,
    "noisy": Noisy,
    "unused": Unused,
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_draws_gets_its_verdict_with_gradients(name: str) -> None:
    torch.manual_seed(0)
    module = MODELS[name]()
    conversion = torch_to_tf(module, INPUTS, training=True)
    result = parity.check(module, conversion, INPUTS).results[0]
    assert result.verdict.passes, result.summary
    assert result.certificate.outcome == "same function"
    assert result.gradients
    assert all(node.covered for node in result.nodes)
    drawn = [n.local for n in result.nodes if n.local and n.local.rule == "distribution"]
    assert drawn
    assert {c.verdict for c in drawn} == {Verdict.known_difference}


def wrong(source: nn.Module, target: nn.Module) -> Result:
    """The check of one model against the conversion of another."""
    inputs = (torch.randn(64, 32),)
    conversion = torch_to_tf(target, inputs, training=True)
    return parity.check(source, conversion, inputs, training=True).results[0]


def test_another_probability_of_dropout_is_caught_where_it_draws() -> None:
    result = wrong(nn.Dropout(0.1), nn.Dropout(0.3))
    assert result.verdict is Verdict.mismatch
    assert result.culprit is not None
    assert result.culprit.op == "aten.bernoulli.p"
    assert "distributions" in result.culprit.detail


def test_another_scale_of_what_is_kept_is_caught() -> None:
    class Unscaled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * (x.new_empty(x.shape).bernoulli_(0.9) / 1.0)

    class Scaled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * (x.new_empty(x.shape).bernoulli_(0.9) / 0.9)

    result = wrong(Scaled(), Unscaled())
    assert result.verdict is Verdict.mismatch
    assert result.culprit is not None
    assert result.culprit.op.startswith("aten.div")


def test_a_saved_model_is_checked_as_it_trains(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(8, 4), nn.Dropout(0.5), nn.BatchNorm1d(5))
    folder = torch_to_tf(module, INPUTS, training=True).save(tmp_path / "model")
    result = parity.check(module, folder, INPUTS, training=True).results[0]
    assert result.verdict.passes, result.summary
    inference = parity.check(module, folder, INPUTS).results[0]
    assert inference.verdict is Verdict.mismatch


def test_a_target_of_unknown_origin_is_refused_if_the_source_draws() -> None:
    with pytest.raises(parity.CheckError, match="without dropout"):
        parity.check(nn.Dropout(), lambda x: tf.nn.dropout(x, 0.5), INPUTS, training=True)


def test_a_check_leaves_both_models_as_they_were() -> None:
    module = nn.Sequential(nn.BatchNorm1d(5), nn.Dropout()).eval()
    before = copy.deepcopy(module.state_dict())
    conversion = torch_to_tf(module, INPUTS, training=True)
    variables = [variable.numpy() for variable in conversion.model.variables]
    state = torch.random.get_rng_state()
    parity.check(module, conversion, INPUTS)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())
    assert not any(part.training for part in module.modules())
    after = [variable.numpy() for variable in conversion.model.variables]
    assert all(np.array_equal(a, b) for a, b in zip(variables, after, strict=True))


def test_what_a_module_did_not_draw_is_missed() -> None:
    conversion = torch_to_tf(nn.Dropout(), INPUTS, training=True)
    with pytest.raises(parity.CheckError, match="didn't draw"):
        draws_of(conversion.source, [Drawn("bernoulli", np.zeros(3))])


def test_equal_distributions_raise_no_alarm_and_others_do() -> None:
    generator = np.random.default_rng(0)
    for _ in range(500):
        a, b = generator.random((2, 200))
        assert same_distribution("x", a, b).verdict is Verdict.known_difference
    a = generator.standard_normal(2000)
    assert same_distribution("x", a, a * 1.5).verdict is Verdict.mismatch
    assert same_distribution("x", a, a + 0.3).verdict is Verdict.mismatch
    assert same_distribution("x", a, a[:-1]).verdict is Verdict.mismatch
    assert same_distribution("x", a, a.astype(np.float32)).verdict is Verdict.mismatch
