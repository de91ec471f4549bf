"""Random numbers. Those that TensorFlow computes from a seed alone are the same, bit by bit.

What Keras draws is of that kind: its generators hold a seed, and how often it was used. Bits come
from Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and
numbers from bits as in TensorFlow's ``random_distributions.h``. Other operators draw from states
of TensorFlow's own; here they draw from PyTorch's generator, in the same distribution.
"""

from __future__ import annotations

import math

import torch

from converters.errors import UnsupportedVariantError
from converters.layout import ANY
from converters.tf_to_torch.lowerings import Sizes, Tensor, lower

_THREEFRY = 2
_WORD = 0xFFFFFFFF
_ROUNDS = 10
_FACTORS = 0xD2511F53, 0xCD9E8D57
_STEPS = 0x9E3779B9, 0xBB67AE85
"""What Philox multiplies by, and what its key grows by in each round."""
_SCRAMBLER = 0x3EC8F720, 0x02461E29
"""The key with which TensorFlow scrambles seeds."""
_LEAST = 1e-7
"""No smaller number goes into a logarithm."""
_CUT = 2.0
"""Where the truncated normal distribution ends, in standard deviations."""
_TRIED = 8
"""Groups of four bits' words of which four normal numbers are to be within :data:`_CUT`: 32 words
lack them once in 1e33 times."""
_RESERVED = 256
"""Words that TensorFlow sets aside for each such number."""


def _words(wide: Tensor) -> tuple[Tensor, Tensor]:
    """The low and the high 32 bits of uint64 or int64, as int64."""
    bits = wide.view(torch.int64)
    return bits & _WORD, bits >> 32 & _WORD


def _wide(low: Tensor, high: Tensor) -> Tensor:
    """The bits of 64-bit numbers."""
    return low | high << 32


def _philox(counter: list[Tensor], key: list[Tensor]) -> list[Tensor]:
    """Four words of 32 random bits for each counter, all of them int64 from 0 to 2**32 - 1."""
    for number in range(_ROUNDS):
        products = [factor * counter[2 * i] for i, factor in enumerate(_FACTORS)]  # wraps
        (low0, high0), (low1, high1) = map(_words, products)
        grown = [word + number * step & _WORD for word, step in zip(key, _STEPS, strict=True)]
        counter = [high1 ^ counter[1] ^ grown[0], low1, high0 ^ counter[3] ^ grown[1], low0]
    return counter


def _at(key: Tensor, counter: Tensor, places: Tensor) -> list[Tensor]:
    """Four random words for each of the places behind a counter of 128 bits.

    Shapes: key (1), counter (2), places (...) -> four times (...). Dtypes: uint64, places int64.
    """
    low, high = counter.view(torch.int64).unbind()
    there = low + places  # wraps, and then carries
    least = torch.iinfo(torch.int64).min
    carried = (there ^ least) < (low ^ least)
    words = [*_words(there), *_words(high + carried)]
    return _philox(words, [word.reshape(()) for word in _words(key)])


def _bits(shape: Sizes, key: Tensor, counter: Tensor, alg: Sizes, each: int) -> Tensor:
    """Random words in order. Shapes: -> (4 * groups), enough for ``each`` words an element."""
    _require_philox(alg)
    groups = -(-math.prod(shape) * each // 4)
    places = torch.arange(groups, dtype=torch.int64)
    return torch.stack(_at(key, counter, places), -1).reshape(-1)


def _require_philox(alg: Sizes) -> None:
    if int(alg) == _THREEFRY:
        raise UnsupportedVariantError(
            "random numbers by ThreeFry are not supported: draw with alg='philox' or 'auto_select'."
        )


def _units(bits: Tensor, dtype: torch.dtype) -> Tensor:
    """Numbers from 0 to 1, of one word each, or of two for float64. Shapes: (n) -> (n) or (n/2)."""
    if dtype == torch.float64:
        first, second = bits.reshape(-1, 2).unbind(-1)
        return ((first & 0xFFFFF) << 32 | second).to(dtype) * 2.0**-52
    digits = {torch.float32: 23, torch.float16: 10, torch.bfloat16: 7}[dtype]
    return (bits & (1 << digits) - 1).to(dtype) * 2.0**-digits


def _normals(bits: Tensor, dtype: torch.dtype) -> Tensor:
    """Normally distributed numbers of pairs of numbers from 0 to 1. Shapes: as :func:`_units`.

    Source: Box and Muller, "A note on the generation of random normal deviates", 1958.
    """
    own = torch.float64 if dtype == torch.float64 else torch.float32
    first, second = _units(bits, own).reshape(-1, 2).unbind(-1)
    radius = (-2 * first.clamp(min=_LEAST).log()).sqrt()
    angle = (2 * math.pi * second.double()).to(own)
    return torch.stack([angle.sin() * radius, angle.cos() * radius], -1).reshape(-1).to(dtype)


@lower("tf.StatelessRandomGetKeyCounter")
def stateless_random_get_key_counter(seed: Tensor) -> list[Tensor]:
    """Where Philox begins for a seed. Shapes: seed (2) -> (1), (2). Dtypes: integers -> uint64."""
    words = [word.reshape(()) for part in seed.to(torch.int64).unbind() for word in _words(part)]
    mixed = _philox(words, [torch.full((), word) for word in _SCRAMBLER])
    key, counter = _wide(mixed[0], mixed[1]), _wide(mixed[2], mixed[3])
    zero = torch.zeros_like(counter)
    return [key.reshape(1).view(torch.uint64), torch.stack([zero, counter]).view(torch.uint64)]


@lower("tf.StatelessRandomGetAlg")
def stateless_random_get_alg() -> Tensor:
    """Philox, which this is about. Shapes: -> ()."""
    return torch.ones((), dtype=torch.int32)


@lower("tf.StatelessRandomUniformV2")
def stateless_random_uniform(
    shape: Sizes, key: Tensor, counter: Tensor, alg: Sizes, *, dtype: torch.dtype
) -> Tensor:
    """Uniform in [0, 1). Shapes: -> shape."""
    wide = dtype == torch.float64
    drawn = _units(_bits(shape, key, counter, alg, 2 if wide else 1), dtype)
    return drawn[: math.prod(shape)].reshape(list(shape))


@lower("tf.StatelessTruncatedNormalV2")
def stateless_truncated_normal(
    shape: Sizes, key: Tensor, counter: Tensor, alg: Sizes, *, dtype: torch.dtype
) -> Tensor:
    """Standard normal, drawn again beyond two standard deviations. Shapes: -> shape."""
    _require_philox(alg)
    each = 2 if dtype == torch.float64 else 4
    groups = -(-math.prod(shape) // each)
    starts = torch.arange(groups, dtype=torch.int64).unsqueeze(-1) * (each * _RESERVED // 4)
    places = starts + torch.arange(_TRIED)
    bits = torch.stack(_at(key, counter, places), -1).reshape(-1)
    own = dtype if dtype == torch.float64 else torch.float32
    tried = _normals(bits, own).reshape(groups, _TRIED * each)
    first = torch.argsort((tried.abs() >= _CUT).to(torch.uint8), dim=1, stable=True)[:, :each]
    return tried.gather(1, first).reshape(-1)[: math.prod(shape)].reshape(list(shape)).to(dtype)


@lower("tf.StatelessRandomUniformIntV2")
def stateless_random_uniform_int(
    shape: Sizes,
    key: Tensor,
    counter: Tensor,
    alg: Sizes,
    minval: Tensor,
    maxval: Tensor,
) -> Tensor:
    """Integers from ``minval`` to below ``maxval``. Shapes: minval (), maxval () -> shape."""
    low, span = minval.to(torch.int64), maxval.to(torch.int64) - minval.to(torch.int64)
    if minval.dtype == torch.int64:
        bits = _bits(shape, key, counter, alg, 2).reshape(-1, 2)
        drawn = _unsigned_remainder(_wide(*bits.unbind(-1)), span)
    else:
        drawn = _bits(shape, key, counter, alg, 1) % span
    return (low + drawn[: math.prod(shape)]).reshape(list(shape)).to(minval.dtype)


def _unsigned_remainder(x: Tensor, of: Tensor) -> Tensor:
    """Of 64 bits that are no sign. Source: Warren, "Hacker's Delight", 9-3."""
    ends = torch.iinfo(torch.int64)
    twice = (x >> 1 & ends.max) // of << 1
    left = torch.where(of < 0, x, x - twice * of)  # what looks negative goes in once at most
    return torch.where((left ^ ends.min) >= (of ^ ends.min), left - of, left)


@lower("tf.StatelessRandomUniformFullIntV2")
def stateless_random_uniform_full_int(
    shape: Sizes, key: Tensor, counter: Tensor, alg: Sizes, *, dtype: torch.dtype
) -> Tensor:
    """Integers of any bits. Shapes: -> shape. Dtypes: int32, int64, uint64."""
    if dtype == torch.int32:
        drawn = _bits(shape, key, counter, alg, 1).to(torch.int32)
    elif dtype in (torch.int64, torch.uint64):
        bits = _bits(shape, key, counter, alg, 2).reshape(-1, 2)
        drawn = _wide(*bits.unbind(-1)).view(dtype)
    else:
        raise UnsupportedVariantError(f"random bits of {dtype} are not supported. Draw int32.")
    return drawn[: math.prod(shape)].reshape(list(shape))


@lower("tf.RandomUniform", layout=ANY)
def random_uniform(shape: Sizes, *, seed: int, seed2: int, dtype: torch.dtype) -> Tensor:
    """Uniform in [0, 1), of PyTorch's generator. Shapes: -> shape."""
    return torch.rand(list(shape), dtype=dtype)


@lower("tf.RandomStandardNormal", layout=ANY)
def random_standard_normal(shape: Sizes, *, seed: int, seed2: int, dtype: torch.dtype) -> Tensor:
    """Standard normal, of PyTorch's generator. Shapes: -> shape."""
    return torch.randn(list(shape), dtype=dtype)


@lower("tf.TruncatedNormal", layout=ANY)
def truncated_normal(shape: Sizes, *, seed: int, seed2: int, dtype: torch.dtype) -> Tensor:
    """Standard normal within two standard deviations, of PyTorch's generator. Shapes: -> shape.

    By the inverse of its distribution function.
    """
    own = torch.float64 if dtype == torch.float64 else torch.float32
    edge = math.erf(_CUT / math.sqrt(2))
    drawn = torch.rand(list(shape), dtype=own) * (2 * edge) - edge
    return (torch.erfinv(drawn) * math.sqrt(2)).to(dtype)


@lower("tf.RandomUniformInt", layout=ANY)
def random_uniform_int(
    shape: Sizes, minval: Tensor, maxval: Tensor, *, seed: int = 0, seed2: int = 0
) -> Tensor:
    """Integers from ``minval`` to below ``maxval``, of PyTorch's generator. Shapes: -> shape."""
    low, span = minval.to(torch.int64), maxval.to(torch.int64) - minval.to(torch.int64)
    bits = torch.randint(torch.iinfo(torch.int64).max, list(shape), dtype=torch.int64)
    return (low + bits % span).to(minval.dtype)


@lower("tf.RandomShuffle", layout=ANY)
def random_shuffle(value: Tensor, *, seed: int = 0, seed2: int = 0) -> Tensor:
    """The rows in random order, of PyTorch's generator. Shapes: value (n, ...) -> the same."""
    if value.ndim == 0:
        return value
    return value[torch.rand(value.shape[0]).argsort()]


@lower("tf.Multinomial", layout=ANY)
def multinomial(
    logits: Tensor, num_samples: Sizes, *, seed: int, seed2: int, output_dtype: torch.dtype
) -> Tensor:
    """Classes drawn by unnormalised log-probabilities, of PyTorch's generator.

    Shapes: logits (batch, classes) -> (batch, num_samples).
    """
    chances = torch.softmax(logits.float(), -1)
    return torch.multinomial(chances, num_samples, replacement=True).to(output_dtype)
