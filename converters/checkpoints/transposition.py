"""Matrices are turned round by OpenCV, where it is installed: it is faster than NumPy's tiles."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

_LEAST = 8
"""Rows and columns of a matrix that is worth a call, and its elements."""
_WORTH = 1024

_KINDS = {1: np.uint8, 2: np.uint16, 4: np.int32, 8: np.float64}
"""As what OpenCV takes elements of so many bytes; it moves them and computes nothing."""


def transpose(view: np.ndarray, into: np.ndarray) -> bool:
    """Fill an array whose axes lie in another order, matrix by matrix.

    Args:
        view: the numbers.
        into: where they go, of the same shape and type; consecutive along its last axis.

    Returns:
        Whether that was done: not without OpenCV, and not where the matrices are too small.
    """
    kind = _KINDS.get(view.itemsize)
    if kind is None or not all(stride > 0 for stride in (*view.strides, *into.strides)):
        return False
    view, into = _merged(view, into)
    if view.ndim < 2:
        return False
    nearest = min(range(view.ndim), key=lambda axis: view.strides[axis])
    rows, columns = view.shape[-1], view.shape[nearest]
    if (
        nearest == view.ndim - 1
        or min(rows, columns) < _LEAST
        or rows * columns < _WORTH
        or not view.strides[nearest] == into.strides[-1] == view.itemsize
    ):
        return False
    opencv = _opencv()
    if opencv is None:
        return False
    given = np.moveaxis(view.view(kind), nearest, -1)
    wanted = np.moveaxis(into.view(kind), nearest, -2)
    for index in np.ndindex(*given.shape[:-2]):
        opencv.transpose(given[index], wanted[index])
    return True


def _merged(view: np.ndarray, into: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with as few axes as possible: without those of length 1, neighbours in both as one."""
    lengths: list[int] = []
    ends = (0, 0)
    for length, *strides in zip(view.shape, view.strides, into.strides, strict=True):
        if length == 1:
            continue
        if lengths and ends == (strides[0] * length, strides[1] * length):
            lengths[-1] *= length
        else:
            lengths.append(length)
        ends = (strides[0], strides[1])
    return view.reshape(lengths), into.reshape(lengths)


@cache
def _opencv() -> Any:
    """OpenCV with one thread, for ours are enough; None without it."""
    try:
        import cv2
    except ImportError:
        return None
    cv2.setNumThreads(1)
    return cv2
