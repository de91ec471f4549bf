"""What a row says: a class, a configuration, and inputs whose sizes have names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from cases.case import ModelCase

SIZES = {"batch": 2, "length": 7, "target": 5}
"""The named sizes of the example inputs."""

OTHER_SIZES = {"batch": 3, "length": 11, "target": 4}
"""Sizes that were never traced."""


@dataclass(frozen=True, slots=True)
class Draw:
    """How one input is drawn.

    Attributes:
        kind: token numbers, boxes of whole numbers, normally distributed numbers, a mask of ones
            whose rows end in ever more zeros, or a constant.
        shape: sizes, some of them by name (:data:`SIZES`).
        high: below what the token numbers lie; the value of a constant.
        low: from what the token numbers are.
        dtype: of the input.
    """

    kind: Literal["tokens", "boxes", "normal", "mask", "constant"]
    shape: tuple[int | str, ...]
    high: int = 90
    low: int = 3
    dtype: str = "int64"


def tokens(*shape: int | str, high: int = 90, low: int = 3) -> Draw:
    """Token numbers from ``low`` to below ``high``."""
    return Draw("tokens", shape, high, low)


def boxes(*shape: int | str, high: int = 50) -> Draw:
    """The corners of boxes: left, top, right, bottom."""
    return Draw("boxes", (*shape, 4), high)


def normal(*shape: int | str) -> Draw:
    """Normally distributed numbers."""
    return Draw("normal", shape, dtype="float32")


def mask(*shape: int | str, dtype: str = "int64") -> Draw:
    """Ones; the ends of all rows but the first are padding."""
    return Draw("mask", shape, dtype=dtype)


def constant(value: int, *shape: int | str, dtype: str = "int64") -> Draw:
    """One number everywhere."""
    return Draw("constant", shape, value, dtype=dtype)


TEXT: Mapping[str, Draw] = {
    "input_ids": tokens("batch", "length"),
    "attention_mask": mask("batch", "length"),
}
"""Sentences of several lengths."""

SENTENCES: Mapping[str, Draw] = {**TEXT, "decoder_input_ids": tokens("batch", "target")}
"""Sentences, and the beginnings of others that answer them."""


def image(size: int = 32, channels: int = 3) -> Mapping[str, Draw]:
    """Square pictures."""
    return {"pixel_values": normal("batch", channels, size, size)}


def wave(samples: int = 400) -> Mapping[str, Draw]:
    """Sound."""
    return {"input_values": normal("batch", samples)}


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture of the transformers library.

    Attributes:
        name: of the architecture, as the library spells it.
        model: the class.
        config: what its configuration differs in from the default one; nested configurations are
            mappings.
        inputs: by the names of ``forward``.
        domain: the file it stands in.
        still: the outputs that don't depend on the inputs, by name.
        open: the named sizes that stay open when the model is converted with open dimensions.
        refused: why ``torch.export`` can't capture it; empty where it can.
    """

    name: str
    model: str
    config: Mapping[str, object]
    inputs: Mapping[str, Draw]
    domain: str
    still: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    refused: str = ""

    def case(self, *, dynamic: bool = False) -> ModelCase:
        """The row as a model to convert.

        Args:
            dynamic: with open dimensions.
        """
        from cases.architectures import build

        return ModelCase(
            self.name,
            partial(build.build, self),
            self.domain,
            partial(build.dimensions, self) if dynamic else None,
            partial(build.draw, self, OTHER_SIZES) if dynamic else None,
        )
