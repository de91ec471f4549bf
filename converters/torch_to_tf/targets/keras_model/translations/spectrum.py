"""Fourier transforms."""

from __future__ import annotations

from keras import ops

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.sizes import known
from converters.torch_to_tf.targets.keras_model.translate import Call, translates
from converters.torch_to_tf.targets.keras_model.translations.complexes import as_complex
from converters.torch_to_tf.targets.keras_model.translations.shapes import sizes_of
from converters.torch_to_tf.targets.keras_model.values import Complex, Value


def _length(value: Value) -> int:
    (count,) = sizes_of(value)
    if not known(count):
        raise UnsupportedVariantError("a transform whose length stays open")
    return int(count)


@translates("RFFT")
def rfft(call: Call, x: Value, length: Value) -> Value:
    """Half the spectrum of real numbers."""
    count = _length(length)
    dims = (*x.dims[:-1], count // 2 + 1)
    real, imaginary = call.builder.call(ops.rfft, x, fft_length=count, dims=[dims, dims])
    return Complex(real, imaginary, call.dtype)


@translates("IRFFT")
def irfft(call: Call, x: Value, length: Value) -> Value:
    """Real numbers from half their spectrum."""
    count, builder = _length(length), call.builder
    pair = as_complex(x, x.dtype)
    parts = (builder.symbolic(pair.real), builder.symbolic(pair.imaginary))
    return builder.call(ops.irfft, parts, fft_length=count, dims=(*x.dims[:-1], count))


@translates("FFT", "IFFT")
def fft(call: Call, x: Value) -> Value:
    """The spectrum of complex numbers along the last axis, and back."""
    builder, backwards = call.builder, call.operation.type == "IFFT"
    pair = as_complex(x, x.dtype)
    real, imaginary = builder.symbolic(pair.real), builder.symbolic(pair.imaginary)
    if backwards:  # the inverse is the conjugate of the transform of the conjugate
        imaginary = builder.call(ops.negative, imaginary, dims=x.dims)
    parts = builder.call(ops.fft, (real, imaginary), dims=[x.dims, x.dims])
    if backwards:
        count = x.dims[-1]
        divisor: object = (
            float(count)
            if known(count)
            else (builder.call(ops.cast, builder.count(count), real.dtype, dims=()))
        )
        parts = [builder.call(ops.divide, part, divisor, dims=x.dims) for part in parts]
        parts[1] = builder.call(ops.negative, parts[1], dims=x.dims)
    return Complex(parts[0], parts[1], call.dtype)
