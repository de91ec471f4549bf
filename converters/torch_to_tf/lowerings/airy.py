"""Airy's function."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from converters.layout import ANY
from converters.torch_to_tf.lowerings import lower
from converters.torch_to_tf.promotion import cast, computed

_SWITCH = 2.09
_ZERO = 103.892
"""Beyond this the result counts as 0."""
_AT_ZERO = (0.355028053887817239, 0.258819403792806798)
"""The function at 0, and its slope there but for the sign."""
_TERMS = 18
"""Of the power series; at the switch the last one is below 1e-20."""


@lower("aten.special_airy_ai.default", layout=ANY)
def airy_ai(x: tf.Tensor) -> tf.Tensor:
    """Airy's function Ai, the solution of ``y'' = x y`` that vanishes at infinity.

    NaN at both infinities, as in PyTorch. Integers are computed as floats.

    Source: S. L. Moshier, Cephes, airy.c: a power series around 0, rational functions outside.
    Differs: between -5 and -2.09 PyTorch 2.13's float64 is off by up to 3e-6, this by 1e-15
    (against mpmath).
    """
    return computed(_airy, x, floats=True)


def _airy(x: tf.Tensor) -> tf.Tensor:
    finite = tf.math.is_finite(x)
    near = _series(tf.where(tf.abs(x) <= _SWITCH, x, tf.zeros_like(x)))
    far = tf.fill(tf.shape(x), cast(_SWITCH, x.dtype))
    right = _decaying(tf.where((x >= _SWITCH) & (x <= _ZERO), x, far))
    left = _oscillating(tf.where(finite & (x < -_SWITCH), -x, far))
    y = tf.where(x < -_SWITCH, left, tf.where(x < _SWITCH, near, right))
    y = tf.where(x > _ZERO, tf.zeros_like(x), y)
    return tf.where(finite, y, cast(math.nan, x.dtype))


def _series(x: tf.Tensor) -> tf.Tensor:
    cube = x * x * x
    even = odd = tf.ones_like(x)
    for k in range(3 * _TERMS, 0, -3):
        even = 1 + cube * even / (k * (k - 1))
        odd = 1 + cube * odd / (k * (k + 1))
    return _AT_ZERO[0] * even - _AT_ZERO[1] * x * odd


def _decaying(x: tf.Tensor) -> tf.Tensor:
    zeta = 2 * x * tf.sqrt(x) / 3
    share = _ratio(1 / zeta, _AN, _AD)
    return share / (2 * math.sqrt(math.pi) * tf.sqrt(tf.sqrt(x)) * tf.exp(zeta))


def _oscillating(x: tf.Tensor) -> tf.Tensor:
    """At ``-x``."""
    zeta = 2 * x * tf.sqrt(x) / 3
    z = 1 / zeta
    f = 1 + z * z * _ratio(z * z, _AFN, _AFD)
    g = z * _ratio(z * z, _AGN, _AGD)
    theta = zeta + math.pi / 4
    return (tf.sin(theta) * f - tf.cos(theta) * g) / (math.sqrt(math.pi) * tf.sqrt(tf.sqrt(x)))


def _ratio(x: tf.Tensor, above: Sequence[float], below: Sequence[float]) -> tf.Tensor:
    """A quotient of polynomials, highest power first."""
    constants = ([tf.constant(c, x.dtype) for c in part] for part in (above, below))
    first, second = (tf.math.polyval(part, x) for part in constants)
    return first / second


_AN = (
    3.46538101525629032477e-1,
    1.20075952739645805542e1,
    7.62796053615234516538e1,
    1.68089224934630576269e2,
    1.59756391350164413639e2,
    7.05360906840444183113e1,
    1.40264691163389668864e1,
    9.99999999999999995305e-1,
)
_AD = (
    5.67594532638770212846e-1,
    1.47562562584847203173e1,
    8.45138970141474626562e1,
    1.77318088145400459522e2,
    1.64234692871529701831e2,
    7.14778400825575695274e1,
    1.40959135607834029598e1,
    1.00000000000000000470,
)
_AFN = (
    -1.31696323418331795333e-1,
    -6.26456544431912369773e-1,
    -6.93158036036933542233e-1,
    -2.79779981545119124951e-1,
    -4.91900132609500318020e-2,
    -4.06265923594885404393e-3,
    -1.59276496239262096340e-4,
    -2.77649108155232920844e-6,
    -1.67787698489114633780e-8,
)
_AFD = (
    1.0,
    1.33560420706553243746e1,
    3.26825032795224613948e1,
    2.67367040941499554804e1,
    9.18707402907259625840,
    1.47529146771666414581,
    1.15687173795188044134e-1,
    4.40291641615211203805e-3,
    7.54720348287414296618e-5,
    4.51850092970580378464e-7,
)
_AGN = (
    1.97339932091685679179e-2,
    3.91103029615688277255e-1,
    1.06579897599595591108,
    9.39169229816650230044e-1,
    3.51465656105547619242e-1,
    6.33888919628925490927e-2,
    5.85804113048388458567e-3,
    2.82851600836737019778e-4,
    6.98793669997260967291e-6,
    8.11789239554389293311e-8,
    3.41551784765923618484e-10,
)
_AGD = (
    1.0,
    9.30892908077441974853,
    1.98352928718312140417e1,
    1.55646628932864612953e1,
    5.47686069422975497931,
    9.54293611618961883998e-1,
    8.64580826352392193095e-2,
    4.12656523824222607191e-3,
    1.01259085116509135510e-4,
    1.17166733214413521882e-6,
    4.91834570062930015649e-9,
)
