"""Models converted as they train: statistics, random numbers and their seed."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from converters import CaptureError, Conversion, torch_to_tf


class StatisticsOfItsOwn(nn.Module):
    """Batch normalisation by the function, which says nowhere that it updates the buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("variance", torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.mean, self.variance, training=True, momentum=0.3)


class Counter(nn.Module):
    """Buffers that forward changes."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("average", torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.average.mul_(0.9).add_(x.detach().mean((0, 2, 3)), alpha=0.1)
        return x / self.calls + self.average[:, None, None]


class Checkpointed(nn.Module):
    """A part that is computed again in the backward pass, where PyTorch counts its batch twice."""

    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.conv, self.norm, self.reentrant = nn.Conv2d(3, 3, 1), nn.GroupNorm(3, 3), reentrant

    def forward(self, x: Tensor) -> Tensor:
        def part(x: Tensor) -> Tensor:
            return torch.tanh(self.norm(self.conv(x)))

        result: Tensor = checkpoint(part, x, use_reentrant=self.reentrant)
        return result


def spectral() -> nn.Module:
    """A weight that is divided by an estimate of its norm; the estimate has no gradient."""
    return nn.utils.parametrizations.spectral_norm(nn.Conv2d(3, 4, 2))


STATISTICS: dict[str, Callable[[], nn.Module]] = {
    "batch_norm": lambda: nn.BatchNorm2d(3),
    "momentum": lambda: nn.BatchNorm2d(3, momentum=0.7, eps=0.1),
    "cumulative average": lambda: nn.BatchNorm2d(3, momentum=None),
    "no running statistics": lambda: nn.BatchNorm2d(3, track_running_stats=False),
    "not affine": lambda: nn.BatchNorm2d(3, affine=False),
    "synchronised": lambda: nn.SyncBatchNorm(3),
    "channels last": lambda: nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.MaxPool2d(2)),
    "batch_norm of 1-D": lambda: nn.Sequential(nn.Flatten(2), nn.BatchNorm1d(3)),
    "batch_norm of vectors": lambda: nn.Sequential(nn.Flatten(1), nn.BatchNorm1d(48)),
    "batch_norm of 3-D": lambda: nn.Sequential(nn.Unflatten(3, (2, 2)), nn.BatchNorm3d(3)),
    "instance_norm": lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
    "function": StatisticsOfItsOwn,
    "counter": Counter,
    "checkpoint": lambda: Checkpointed(False),
    "reentrant checkpoint": lambda: Checkpointed(True),
    "spectral_norm": spectral,
}


def seeded(build: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return build().double().train()


@pytest.mark.parametrize("name", STATISTICS)
def test_calls_in_training_leave_the_buffers_as_pytorch_does(name: str) -> None:
    """Three calls, with gradients, in float64."""
    module = seeded(STATISTICS[name])
    batches = [torch.randn(4, 3, 4, 4, dtype=torch.float64) * k + k for k in (1, 2, 3)]
    conversion = torch_to_tf(module, (batches[0],), training=True)
    for batch in batches:
        module.zero_grad()
        leaf = batch.clone().requires_grad_()
        result = module(leaf)
        result.square().sum().backward()
        x = tf.constant(batch.numpy())
        with tf.GradientTape() as tape:
            tape.watch(x)
            other = conversion.model(x)
            total = tf.reduce_sum(tf.square(other))
        np.testing.assert_allclose(other, result.detach().numpy(), rtol=1e-10, atol=1e-12)
        variables = conversion.model.trainable_variables
        slope, *slopes = tape.gradient(total, [x, *variables])
        np.testing.assert_allclose(slope, leaf.grad.numpy(), rtol=1e-9, atol=1e-9)
        found = {v.name.removesuffix(":0"): g for v, g in zip(variables, slopes, strict=True)}
        rules = {rule.source: rule for rule in conversion.weights}
        for key, parameter in module.named_parameters():
            np.testing.assert_allclose(
                rules[key].to_source(np.asarray(found[key])),
                parameter.grad.numpy(),
                rtol=1e-9,
                atol=1e-9,
            )
        assert_same_state(module, conversion)


def assert_same_state(module: nn.Module, conversion: Conversion) -> None:
    state = conversion.weights.to_source(
        {k: v.numpy() for k, v in conversion.model.weights.items()}
    )
    for key, tensor in module.state_dict().items():
        np.testing.assert_allclose(state[key], tensor.numpy(), rtol=1e-10, err_msg=key)


def test_running_statistics_are_saved_and_move_on_after_loading(tmp_path: Path) -> None:
    module = seeded(lambda: nn.BatchNorm2d(3))
    batch = torch.randn(4, 3, 4, 4, dtype=torch.float64)
    conversion = torch_to_tf(module, (batch,), training=True)
    conversion.model(batch.numpy())
    loaded = tf.saved_model.load(str(conversion.save(tmp_path / "model")))
    loaded(tf.constant(batch.numpy()))
    module(batch)
    module(batch)
    np.testing.assert_allclose(
        loaded.weights["running_var"].numpy(), module.running_var.numpy(), rtol=1e-12
    )
    assert int(loaded.weights["num_batches_tracked"]) == 2


def test_one_value_for_each_channel_is_refused_as_in_pytorch() -> None:
    with pytest.raises(CaptureError, match="more than 1 value per channel"):
        torch_to_tf(nn.BatchNorm1d(3), (torch.zeros(1, 3),), training=True)


def test_a_model_that_branches_on_a_random_number_is_refused() -> None:
    class LayerDrop(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if torch.rand([]) < 0.5 else x * 2

    with pytest.raises(CaptureError, match="branch on shapes, not on values"):
        torch_to_tf(LayerDrop(), (torch.zeros(3),), training=True)


def test_an_embedding_that_renormalises_itself_is_refused() -> None:
    with pytest.raises(CaptureError, match="overwrites its parameter weight"):
        torch_to_tf(nn.Embedding(4, 3, max_norm=1.0), (torch.tensor([1]),), training=True)


def test_the_mode_of_the_module_stays_what_it_was() -> None:
    module = nn.Sequential(nn.BatchNorm1d(3, momentum=None).eval(), nn.Dropout()).train()
    module[0].eval()
    before = copy.deepcopy(module.state_dict())
    torch_to_tf(module, (torch.randn(4, 3),), training=True)
    assert [part.training for part in module.modules()] == [True, False, True]
    assert "forward" not in vars(module[0])
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())


class Attention(nn.Module):
    """Attention that drops weights."""

    def forward(self, x: Tensor) -> Tensor:
        p = 0.25 if self.training else 0.0
        return F.scaled_dot_product_attention(x, x, torch.ones_like(x), dropout_p=p)


class Depth(nn.Module):
    """A residual that whole samples skip."""

    def forward(self, x: Tensor) -> Tensor:
        kept = x.new_empty(x.shape[0], 1, 1).bernoulli_(0.75) if self.training else 1.0
        return x * kept / 0.75


DROPOUTS: dict[str, Callable[[], nn.Module]] = {
    "dropout": lambda: nn.Dropout(0.25),
    "in place": lambda: nn.Dropout(0.25, inplace=True),
    "of 1-D channels": lambda: nn.Dropout1d(0.25),
    "of 2-D channels": lambda: nn.Sequential(
        nn.Unflatten(2, (10, 2)), nn.Dropout2d(0.25), nn.Flatten(2)
    ),
    "of 3-D channels": lambda: nn.Sequential(
        nn.Unflatten(2, (5, 2, 2)), nn.Dropout3d(0.25), nn.Flatten(2)
    ),
    "attention": Attention,
    "stochastic depth": Depth,
}


@pytest.mark.parametrize("name", DROPOUTS)
def test_dropout_of_every_kind_keeps_the_mean_and_the_share(name: str) -> None:
    """Of ones, what is left has the mean 1; what is dropped is dropped with the probability."""
    x = tf.ones((300, 40, 20))
    conversion = torch_to_tf(DROPOUTS[name](), (torch.ones(300, 40, 20),), training=True)
    values = tf.nest.flatten(conversion.model(x))[0].numpy()  # in place, x is returned too
    independent = 300 if name == "stochastic depth" else 300 * 40
    share = 0.25 * 0.75 / 0.75**2
    assert abs(values.mean() - 1) < 6 * (share / independent) ** 0.5
    if name != "attention":
        assert set(np.unique(values)) == {np.float32(0), np.float32(1 / 0.75)}
    if name.startswith("of"):
        assert np.array_equal(values, np.broadcast_to(values[:, :, :1], values.shape))


@pytest.mark.parametrize("build", [nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_alpha_dropout_keeps_mean_and_variance(build: Callable[[float], nn.Module]) -> None:
    x = np.random.default_rng(0).standard_normal((400, 50, 8)).astype(np.float32)
    values = torch_to_tf(build(0.3), (torch.from_numpy(x),), training=True).model(x).numpy()
    assert abs(values.mean()) < 6 / 20000**0.5
    assert abs(values.var() - 1) < 6 * 2 / 20000**0.5
    assert np.unique(values[0, :, 0]).size < np.unique(x[0, :, 0]).size


@pytest.mark.parametrize("build", [nn.LSTM, nn.GRU, nn.RNN])
def test_a_recurrent_network_drops_between_its_layers(build: Callable[..., nn.Module]) -> None:
    """With everything dropped that can be, the second layer sees zeros."""
    torch.manual_seed(0)
    network = build(3, 4, 2, dropout=1 - 1e-12, bidirectional=True, batch_first=True)
    x = torch.randn(2, 5, 3)
    conversion = torch_to_tf(network, (x,), training=True)
    output, end = conversion.model(x.numpy())
    alone = copy.deepcopy(network)
    alone.dropout = 0.0
    with torch.no_grad():
        first = alone(x)[1]
        for name in ("weight_ih_l1", "weight_ih_l1_reverse"):
            getattr(alone, name).zero_()
        expected, last = alone(x)
    np.testing.assert_allclose(output, expected.numpy(), rtol=1e-5, atol=1e-6)
    ends = (end, last) if build is not nn.LSTM else (end[0], last[0])
    np.testing.assert_allclose(ends[0], ends[1].numpy(), rtol=1e-5, atol=1e-6)
    start = first if build is not nn.LSTM else first[0]
    np.testing.assert_allclose(ends[0][:2], start[:2].numpy(), rtol=1e-5, atol=1e-6)


def dropping(seed: int = 0) -> Conversion:
    """Two layers of dropout side by side."""

    class Pair(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return F.dropout(x, training=self.training), F.dropout(x, training=self.training)

    return torch_to_tf(Pair(), (torch.ones(100),), training=True, seed=seed)


X = tf.ones(100)


def test_a_seed_gives_one_stream_and_no_layer_or_call_repeats_another() -> None:
    conversion = dropping()
    first, second = conversion.model(X)
    third, fourth = conversion.model(X)
    masks = {np.asarray(m).tobytes() for m in (first, second, third, fourth)}
    assert len(masks) == 4
    conversion.model.seed.assign([0, 0])
    again = conversion.model(X)
    assert np.array_equal(again[0], first)
    assert np.array_equal(again[1], second)
    assert np.array_equal(dropping(0).model(X)[0], first)
    assert not np.array_equal(dropping(7).model(X)[0], first)
    conversion.model.seed.assign([7, 0])
    assert np.array_equal(conversion.model(X)[0], dropping(7).model(X)[0])


def test_the_stream_is_the_same_in_another_process_and_goes_on_after_loading(
    tmp_path: Path,
) -> None:
    conversion = dropping(3)
    conversion.model(X)
    folder = conversion.save(tmp_path / "model")
    expected = [np.asarray(conversion.model(X)) for _ in range(2)]
    script = (
        "import sys, numpy as np, tensorflow as tf\n"
        "model = tf.saved_model.load(sys.argv[1])\n"
        "np.save(sys.argv[2], [np.asarray(model(tf.ones(100))) for _ in range(2)])\n"
        "model.seed.assign([3, 2])\n"
        "assert np.array_equal(np.asarray(model(tf.ones(100))), np.load(sys.argv[2])[0])\n"
    )
    out = tmp_path / "out.npy"
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.load(out), expected)


def test_a_model_without_random_numbers_has_no_seed() -> None:
    conversion = torch_to_tf(nn.Dropout(), (torch.ones(3),))
    assert conversion.model.seed is None
    assert not conversion.model.variables


def test_random_numbers_can_be_given() -> None:
    conversion = dropping()
    drawn = [node.name for node in conversion.graph.nodes if "bernoulli" in node.op]
    masks = {name: tf.constant(np.arange(100) % (k + 2) == 0, tf.float32)
             for k, name in enumerate(drawn)}  # fmt: skip
    first, second = conversion.given(masks, X)
    assert np.array_equal(first, 2 * masks[drawn[0]])
    assert np.array_equal(second, 2 * masks[drawn[1]])
