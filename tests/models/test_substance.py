"""A comparison of outputs that say nothing is caught."""

from __future__ import annotations

import pytest
import torch

from cases.substance import flipped, trivial_outputs

X = (torch.linspace(-1, 1, 12).reshape(3, 4),)


class Returning(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return {"result": self.function(x)}


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (torch.zeros_like, "largest element is 0"),
        (torch.ones_like, "other inputs move it by 0"),
        (lambda x: x * 1e-24, "largest element is 1e-24"),
        (lambda x: x * 1e-4 + 1, "other inputs move it by"),
        (lambda x: x.log(), "largest element is nan"),
    ],
)
def test_a_trivial_output_is_named(function, reason):
    found = trivial_outputs(Returning(function), X, flipped(X))
    assert reason in found["result"]


def test_outputs_that_depend_on_the_inputs_pass():
    assert trivial_outputs(Returning(torch.sin), X, flipped(X)) == {}
    assert trivial_outputs(Returning(lambda x: x.argmax(1)), X, flipped(X)) == {}


def test_an_output_that_is_known_to_stand_still_is_let_alone_but_not_all_of_them():
    model = Returning(torch.ones_like)
    found = trivial_outputs(model, X, flipped(X), still=("result",))
    assert found == {"all": "no output depends on the inputs"}
