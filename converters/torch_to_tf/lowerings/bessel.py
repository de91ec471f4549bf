"""Bessel functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, computed

_Function: TypeAlias = Callable[[tf.Tensor], tf.Tensor]


@lower(
    "aten.i0.default", "aten.special_i0.default", "aten.special_modified_bessel_i0.default",
    layout=ANY,
)  # fmt: skip
def i0(x: tf.Tensor) -> tf.Tensor:
    """Modified Bessel function of the first kind, order 0. Integers are computed as floats."""
    return computed(tf.math.bessel_i0, x, floats=True)


@lower("aten.special_i0e.default", layout=ANY)
def i0e(x: tf.Tensor) -> tf.Tensor:
    """``exp(-|x|) i0(x)``. Integers are computed as floats."""
    return computed(tf.math.bessel_i0e, x, floats=True)


@lower("aten.special_i1.default", "aten.special_modified_bessel_i1.default", layout=ANY)
def i1(x: tf.Tensor) -> tf.Tensor:
    """Modified Bessel function of the first kind, order 1. Integers are computed as floats.

    Differs: TensorFlow 2.21's gradient is 1 at 0; here it is 1/2 there.
    """

    def apply(a: tf.Tensor) -> tf.Tensor:
        zero = a == 0
        return tf.where(zero, a / 2, tf.math.bessel_i1(tf.where(zero, tf.ones_like(a), a)))

    return computed(apply, x, floats=True)


@lower("aten.special_i1e.default", layout=ANY)
def i1e(x: tf.Tensor) -> tf.Tensor:
    """``exp(-|x|) i1(x)``. Integers are computed as floats."""
    return computed(tf.math.bessel_i1e, x, floats=True)


def _second_kind(function: _Function, at_zero: float) -> _Function:
    """NaN left of 0 and infinite at 0, where TensorFlow's kernels don't agree with one another."""

    def apply(x: tf.Tensor) -> tf.Tensor:
        limit = tf.where(x == 0, cast(at_zero, x.dtype), cast(math.nan, x.dtype))
        safe = tf.where(x <= 0, tf.ones_like(x), x)
        return tf.where(x <= 0, limit, function(safe))

    return apply


@lower("aten.special_modified_bessel_k0.default", layout=ANY)
def modified_bessel_k0(x: tf.Tensor) -> tf.Tensor:
    """Modified Bessel function of the second kind, order 0. Integers are computed as floats."""
    return computed(_second_kind(tf.math.special.bessel_k0, math.inf), x, floats=True)


@lower("aten.special_modified_bessel_k1.default", layout=ANY)
def modified_bessel_k1(x: tf.Tensor) -> tf.Tensor:
    """Modified Bessel function of the second kind, order 1. Integers are computed as floats."""
    return computed(_second_kind(tf.math.special.bessel_k1, math.inf), x, floats=True)


@lower("aten.special_scaled_modified_bessel_k0.default", layout=ANY)
def scaled_modified_bessel_k0(x: tf.Tensor) -> tf.Tensor:
    """``exp(x) k0(x)``. Integers are computed as floats."""
    return computed(_second_kind(tf.math.special.bessel_k0e, math.inf), x, floats=True)


@lower("aten.special_scaled_modified_bessel_k1.default", layout=ANY)
def scaled_modified_bessel_k1(x: tf.Tensor) -> tf.Tensor:
    """``exp(x) k1(x)``. Integers are computed as floats."""
    return computed(_second_kind(tf.math.special.bessel_k1e, math.inf), x, floats=True)


@lower("aten.special_bessel_j0.default", layout=ANY)
def bessel_j0(x: tf.Tensor) -> tf.Tensor:
    """Bessel function of the first kind, order 0. Integers are computed as floats.

    Differs: between 2 and 25 PyTorch 2.13's float64 is off by up to 4e-7, TensorFlow's
    by 2e-16 (against mpmath).
    """
    return computed(tf.math.special.bessel_j0, x, floats=True)


@lower("aten.special_bessel_j1.default", layout=ANY)
def bessel_j1(x: tf.Tensor) -> tf.Tensor:
    """Bessel function of the first kind, order 1. Integers are computed as floats.

    Differs: between 2 and 25 PyTorch 2.13's float64 is off by up to 5e-7, TensorFlow's
    by 2e-16 (against mpmath).
    """
    return computed(tf.math.special.bessel_j1, x, floats=True)


@lower("aten.special_bessel_y0.default", layout=ANY)
def bessel_y0(x: tf.Tensor) -> tf.Tensor:
    """Bessel function of the second kind, order 0. Integers are computed as floats.

    Differs: between 2 and 25 PyTorch 2.13's float64 is off by up to 2e-7, TensorFlow's
    by 9e-16 (against mpmath).
    """
    return computed(_second_kind(tf.math.special.bessel_y0, -math.inf), x, floats=True)


@lower("aten.special_bessel_y1.default", layout=ANY)
def bessel_y1(x: tf.Tensor) -> tf.Tensor:
    """Bessel function of the second kind, order 1. Integers are computed as floats.

    Differs: between 2 and 25 PyTorch 2.13's float64 is off by up to 9e-7, TensorFlow's
    by 4e-15 (against mpmath).
    """
    return computed(_second_kind(tf.math.special.bessel_y1, -math.inf), x, floats=True)


@lower("aten.special_spherical_bessel_j0.default", layout=ANY)
def spherical_bessel_j0(x: tf.Tensor) -> tf.Tensor:
    """``sin(x) / x``, 1 at 0 and 0 at infinity. Integers are computed as floats."""

    def ratio(a: tf.Tensor) -> tf.Tensor:
        one, zero = tf.ones_like(a), tf.zeros_like(a)
        plain = tf.math.is_finite(a) & (a != 0)
        safe = tf.where(plain, a, one)
        limit = tf.where(a == 0, one, tf.where(tf.math.is_inf(a), zero, a))
        return tf.where(plain, tf.sin(safe) / safe, limit)

    return computed(ratio, x, floats=True)
