"""Elements within rounding of a kink: a decision that may fall either way, and no more."""

import numpy as np
import pytest
import torch
from torch import nn

import converters
import parity
from parity.kinks import Kinks, kinks, turning
from parity.results import Comparison
from parity.verdict import Verdict

NODE = converters.Node("relu", "tf.Relu", {"features": converters.Value("x")}, ())


class Sum(nn.Module):
    """A relu of a sum of three, in an order."""

    def __init__(self, order: tuple[int, int, int], slope: float = 1.0):
        super().__init__()
        self.order, self.slope = order, slope

    def forward(self, a, b, c):
        first, second, third = ((a, b, c)[i] for i in self.order)
        y = torch.relu((first + second) + third)
        return self.slope * y + (1 - self.slope) * y.detach()


def terms() -> tuple[torch.Tensor, ...]:
    """Eight sums are 2^-24.2, which is lost if it is added to 1.1 first; eight are larger."""
    a, b, c = torch.full((16,), 1.1), torch.full((16,), 2.0**-24.2), torch.full((16,), -1.1)
    b[8:] = torch.linspace(0.3, 1.4, 8)
    return a, b, c


def verdicts(source: nn.Module, target: nn.Module) -> dict[str, Comparison]:
    conversion = converters.torch_to_tf(target, terms())
    (result,) = parity.check(source, conversion, terms()).results
    return {comparison.name: comparison for comparison in result.gradients}


def test_a_decision_that_rounding_takes_is_no_mismatch_and_is_said():
    found = verdicts(Sum((0, 2, 1)), Sum((0, 1, 2)))
    assert found["gradient of a"].verdict is Verdict.decision_flip
    assert "8 elements stand within rounding of a kink" in found["gradient of a"].detail
    assert found["gradient of a (float64)"].verdict.passes
    assert found["gradient of a (float64)"].verdict is not Verdict.decision_flip


def test_another_gradient_is_a_mismatch_however_many_decisions_are_open():
    found = verdicts(Sum((0, 2, 1)), Sum((0, 1, 2), slope=1.5))
    assert found["gradient of a"].verdict is Verdict.mismatch


@pytest.mark.parametrize("others", [False, True])
def test_each_undecided_argument_is_turned_in_one_of_two_runs(others):
    x = torch.tensor([1e-9, 0.5, -2e-9, 0.0, 0.0], dtype=torch.float64)
    noise = torch.tensor([1e-8, 1e-8, 1e-8, 1e-8, 0.0], dtype=torch.float64)
    seen = Kinks(converters.Graph((), (), (NODE,), ()))
    seen.watching()(NODE, {"features": x})
    seen.watching(lambda _, given: {"features": given["features"] + noise})(NODE, {"features": x})
    undecided = seen.undecided()
    assert np.isnan(undecided["relu"]).tolist() == [False, True, False, False, True]

    runs = [
        turning(undecided, seed=3, others=which)(NODE, {"features": x})["features"]
        for which in (others, not others)
    ]
    turned = sum(((run > 0) != (x > 0)).int() for run in runs)
    assert turned.tolist() == [1, 0, 1, 1, 0]


def test_the_kinks_of_an_operator_follow_from_its_numbers():
    clamp = {"x": converters.Value("x"), "min": -1.5, "max": 2}
    assert kinks(converters.Node("c", "aten.clamp.default", clamp, ())) == (-1.5, 2.0)
    assert kinks(converters.Node("c", "aten.hardtanh.default", {}, ())) == (-1.0, 1.0)
    assert kinks(converters.Node("c", "tf.Exp", {}, ())) == ()
