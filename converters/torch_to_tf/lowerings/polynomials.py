"""Orthogonal polynomials, evaluated as PyTorch does.

That is by the recurrence in the degree, and for the Chebyshev polynomials of higher degrees by
their trigonometric form inside the interval of orthogonality.

Source: ATen native/Math.h.
Differs: of NaN and a degree of 2 PyTorch 2.13 gives infinity for several of them; here it is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import Number, cast, computed, same_shape

Step = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def _named(name: str) -> tuple[str, ...]:
    """The overloads of a polynomial: of two tensors, and of a tensor and a number."""
    return tuple(
        f"aten.special_{name}.{overload}" for overload in ("default", "x_scalar", "n_scalar")
    )


def _recurrence(x: tf.Tensor, n: tf.Tensor, first: tf.Tensor, step: Step) -> tf.Tensor:
    """The polynomial of degree ``n`` from those of degree 0, which is 1, and of degree 1.

    Shapes: x, n, first (...) -> (...); 0 where ``n`` is negative. ``step(k, p, q)`` gives degree
    k + 1 from the degrees k - 1 and k.
    """
    one = tf.ones_like(x)
    top = tf.reduce_max(tf.concat([tf.reshape(n, [-1]), tf.ones([1], n.dtype)], 0))

    def body(k: tf.Tensor, p: tf.Tensor, q: tf.Tensor) -> tuple[tf.Tensor, ...]:
        following = step(tf.cast(k, x.dtype), p, q)
        more = (k < n) & ~tf.math.is_nan(q)
        return k + 1, tf.where(more, q, p), tf.where(more, following, q)

    start = (tf.ones([], n.dtype), one, first)
    result = tf.while_loop(lambda k, p, q: k < top, body, start)[2]
    return tf.where(n < 0, tf.zeros_like(x), tf.where(n == 0, one, result))


def _evaluated(
    x: tf.Tensor | Number,
    n: tf.Tensor | Number,
    function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
) -> tf.Tensor:
    """Apply ``function`` to both in one shape, ``n`` rounded towards zero to an integer."""

    def apply(x: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
        x, n = same_shape(x, n)
        return function(x, tf.cast(n, tf.int64))

    return computed(apply, x, n, floats=True)


def _chebyshev(
    x: tf.Tensor,
    n: tf.Tensor,
    first: tf.Tensor,
    above: int,
    angles: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    ends: tuple[tf.Tensor, tf.Tensor],
) -> tf.Tensor:
    """A Chebyshev polynomial on [-1, 1].

    Args:
        x, n: argument and degree.
        first: the polynomial of degree 1.
        above: beyond this degree the trigonometric form is taken inside the interval.
        angles: that form, of the degree and of the angle ``acos(x)``.
        ends: the values at 1, and at -1 but for the sign, which is the degree's parity.
    """
    inside = (tf.abs(x) < 1) & (n > above)
    angle = tf.acos(tf.where(inside, x, tf.zeros_like(x)))
    degree = tf.where(inside, n, tf.zeros_like(n))
    by_angle = angles(tf.cast(degree, x.dtype), angle)
    twice = x + x
    by_step = _recurrence(
        x, tf.where(inside, tf.zeros_like(n), n), first, lambda k, p, q: twice * q - p
    )
    result = tf.where(inside, by_angle, by_step)
    at_end = tf.where((x > 0) | (n % 2 == 0), *_signed(x, ends))
    return tf.where((tf.abs(x) == 1) & (n >= 0), at_end, result)


def _signed(x: tf.Tensor, ends: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    right, left = (tf.cast(end, x.dtype) * tf.ones_like(x) for end in ends)
    return tf.where(x > 0, right, left), -left


def _t(x: tf.Tensor, n: tf.Tensor, above: int) -> tf.Tensor:
    one = tf.ones_like(n)
    return _chebyshev(x, n, x, above, lambda n, a: tf.cos(n * a), (one, one))


def _u(x: tf.Tensor, n: tf.Tensor, above: int) -> tf.Tensor:
    def angles(n: tf.Tensor, a: tf.Tensor) -> tf.Tensor:
        return tf.sin((n + 1) * a) / tf.sin(a)

    return _chebyshev(x, n, x + x, above, angles, (n + 1, n + 1))


def _v(x: tf.Tensor, n: tf.Tensor, above: int) -> tf.Tensor:
    def angles(n: tf.Tensor, a: tf.Tensor) -> tf.Tensor:
        return tf.cos((n + 0.5) * a) / tf.cos(a / 2)

    return _chebyshev(x, n, x + x - 1, above, angles, (tf.ones_like(n), n + n + 1))


def _w(x: tf.Tensor, n: tf.Tensor, above: int) -> tf.Tensor:
    def angles(n: tf.Tensor, a: tf.Tensor) -> tf.Tensor:
        return tf.sin((n + 0.5) * a) / tf.sin(a / 2)

    return _chebyshev(x, n, x + x + 1, above, angles, (n + n + 1, tf.ones_like(n)))


@lower(*_named("chebyshev_polynomial_t"), layout=ANY)
def chebyshev_polynomial_t(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """Chebyshev polynomial of the first kind, ``cos(n acos(x))``."""
    return _evaluated(x, n, lambda x, n: _t(x, n, 6))


@lower(*_named("chebyshev_polynomial_u"), layout=ANY)
def chebyshev_polynomial_u(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """Chebyshev polynomial of the second kind, ``sin((n + 1) t) / sin(t)`` at ``x = cos(t)``."""
    return _evaluated(x, n, lambda x, n: _u(x, n, 8))


@lower(*_named("chebyshev_polynomial_v"), layout=ANY)
def chebyshev_polynomial_v(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """Chebyshev polynomial of the third kind, ``cos((n + 1/2) t) / cos(t/2)`` at ``x = cos(t)``."""
    return _evaluated(x, n, lambda x, n: _v(x, n, 8))


@lower(*_named("chebyshev_polynomial_w"), layout=ANY)
def chebyshev_polynomial_w(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """Chebyshev polynomial of the fourth kind, ``sin((n + 1/2) t) / sin(t/2)``, ``x = cos(t)``."""
    return _evaluated(x, n, lambda x, n: _w(x, n, 8))


@lower(*_named("shifted_chebyshev_polynomial_t"), layout=ANY)
def shifted_chebyshev_polynomial_t(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """:func:`chebyshev_polynomial_t` at ``2 x - 1``."""
    return _evaluated(x, n, lambda x, n: _t(x + x - 1, n, 6))


@lower(*_named("shifted_chebyshev_polynomial_u"), layout=ANY)
def shifted_chebyshev_polynomial_u(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """:func:`chebyshev_polynomial_u` at ``2 x - 1``."""
    return _evaluated(x, n, lambda x, n: _u(x + x - 1, n, 6))


@lower(*_named("shifted_chebyshev_polynomial_v"), layout=ANY)
def shifted_chebyshev_polynomial_v(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """:func:`chebyshev_polynomial_v` at ``2 x - 1``."""
    return _evaluated(x, n, lambda x, n: _v(x + x - 1, n, 6))


@lower(*_named("shifted_chebyshev_polynomial_w"), layout=ANY)
def shifted_chebyshev_polynomial_w(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """:func:`chebyshev_polynomial_w` at ``2 x - 1``."""
    return _evaluated(x, n, lambda x, n: _w(x + x - 1, n, 4))


def _hermite(x: tf.Tensor, n: tf.Tensor, first: tf.Tensor, factor: int) -> tf.Tensor:
    result = _recurrence(x, n, first, lambda k, p, q: first * q - factor * k * p)
    limit = _HERMITE_LIMITS[x.dtype]
    return tf.where(n > limit, cast(math.nan, x.dtype), result)


_HERMITE_LIMITS = {tf.float32: 128, tf.float64: 512}
"""Degrees beyond which PyTorch gives NaN."""


@lower(*_named("hermite_polynomial_h"), layout=ANY)
def hermite_polynomial_h(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """Physicist's Hermite polynomial."""
    return _evaluated(x, n, lambda x, n: _hermite(x, n, x + x, 2))


@lower(*_named("hermite_polynomial_he"), layout=ANY)
def hermite_polynomial_he(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """Probabilist's Hermite polynomial."""
    return _evaluated(x, n, lambda x, n: _hermite(x, n, x, 1))


@lower(*_named("laguerre_polynomial_l"), layout=ANY)
def laguerre_polynomial_l(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """Laguerre polynomial."""

    def laguerre(x: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
        first = 1 - x
        return _recurrence(x, n, first, lambda k, p, q: (((k + k) + first) * q - k * p) / (k + 1))

    return _evaluated(x, n, laguerre)


@lower(*_named("legendre_polynomial_p"), layout=ANY)
def legendre_polynomial_p(x: tf.Tensor | Number, n: tf.Tensor | Number) -> tf.Tensor:
    """Legendre polynomial."""

    def legendre(x: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
        result = _recurrence(x, n, x, lambda k, p, q: ((k + k + 1) * x * q - k * p) / (k + 1))
        one = tf.ones_like(x)
        at_end = tf.where((x > 0) | (n % 2 == 0), one, -one)
        return tf.where((tf.abs(x) == 1) & (n >= 0), at_end, result)

    return _evaluated(x, n, legendre)
