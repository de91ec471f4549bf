"""A convolution that is better given only the places of an image that its steps reach.

Where channels come last and don't fill a register of 512 bits, the gradient of a kernel of one
place with steps between writes beyond its memory on a CPU: oneDNN's issue 6035, seen in PyTorch
2.13 and TensorFlow 2.21. Taking every so many-th place first, and then steps of one, is the same
function.
"""

from __future__ import annotations

from collections.abc import Sequence

_FEWEST = 16
"""Channels that fill a register."""


def takes_steps_first(kernel: Sequence[int], steps: Sequence[int], channels: int) -> bool:
    """Whether a convolution without groups is one of those.

    Args:
        kernel: its lengths along the spatial axes.
        steps: the strides along them.
        channels: of the image.

    >>> takes_steps_first((1, 1), (2, 2), 8), takes_steps_first((1, 1), (2, 2), 64)
    (True, False)
    """
    one_place = len(kernel) == 2 and set(kernel) == {1}
    return one_place and channels < _FEWEST and set(steps) != {1}
