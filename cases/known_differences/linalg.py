"""Linear algebra and spectra."""

from __future__ import annotations

import numpy as np

from cases.known_differences.arrays import c64, f32, ramp
from parity.known_differences import Kind, KnownDifference

_SPECTRUM = "torch.stft(x, 8, 2, window=torch.hann_window(8), return_complex=True{0}).mT"

_PRIMES = "(17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61)"
_COMPOSITE = (
    f"x.dtype == np.complex128 and any(x.shape[-1] % p == 0 and x.shape[-1] > p for p in {_PRIMES})"
)
_MKL = (
    "on Intel's processors MKL's transforms of a composite length with a prime factor beyond 13 "
    "are off by up to 40 u sum |x| in double precision, those of other lengths and TensorFlow's by "
    "2"
)

ENTRIES = (
    KnownDifference(
        name="double-precision-fft-of-some-lengths",
        kind=Kind.PRECISION,
        torch="torch.fft.fft(x)[..., 1:2]",
        tensorflow="tf.signal.fft(x)[..., 1:2]",
        result="",
        device="cpu",
        processor="intel",
        where=_COMPOSITE,
        relation="np.abs(tensorflow - pytorch) <= 2.0**-47 * (np.abs(x).sum(-1, keepdims=True) + "
        "x.shape[-1] * np.max(np.abs(0 if cotangent is None else cotangent)))",
        example={"x": np.ones(46, np.complex128)},
        without={"x": np.ones(32, np.complex128)},
        gives=("[-4.267e-15-7.073e-16j]", "[0+0j]"),
        rows=("fft", "ifft", "fft_ortho"),
        why=_MKL,
    ),
    KnownDifference(
        name="infinity-times-a-subnormal-weight",
        kind=Kind.EDGE,
        torch="F.bilinear(x, y, weight)",
        tensorflow="tf.einsum('bi,oij,bj->bo', x, weight, y)",
        keras="keras.ops.einsum('bi,oij,bj->bo', x, weight, y)",
        device="cpu",
        where="((np.abs(weight) < tiny(weight)) & (weight != 0)).any() and np.isinf(y).any()",
        relation="np.isnan(tensorflow) & (((np.abs(weight) < tiny(weight)) & (weight != 0))[None] "
        "& np.isinf(y)[:, None, None, :]).any((2, 3))",
        example={"x": f32([[1]]), "y": f32([[np.inf]]), "weight": f32([[[1e-45]]])},
        without={"x": f32([[1]]), "y": f32([[np.inf]]), "weight": f32([[[1e-30]]])},
        gives=("[[inf]]", "[[nan]]"),
        rows=("bilinear",),
        why="TensorFlow takes a subnormal number for 0, and multiplies weight and y first",
    ),
    KnownDifference(
        name="third-result-of-svd",
        kind=Kind.SEMANTIC,
        torch="torch.linalg.svd(x)[2].abs()[0]",
        tensorflow="tf.abs(tf.linalg.svd(x)[2])[0]",
        where="(x != x.T).any()",
        example={"x": f32([[2, 0, 1], [1, 3, 0], [0, 0, 1]])},
        without={"x": f32([[2, 0], [0, 1]])},
        gives=("[0.4927, 0.8628, 0.1131]", "[0.4927, 0.695, 0.5237]"),
        rounding=8,
        in_tensorflow="tf.abs(tf.linalg.matrix_transpose(tf.linalg.svd(x)[2]))[0]",
        rows=("svd",),
        why="PyTorch returns the adjoint of V, TensorFlow V; keras.ops the adjoint",
        reference="174",
    ),
    KnownDifference(
        name="signs-of-eigenvectors",
        kind=Kind.SEMANTIC,
        torch="torch.linalg.eigh(x)[1]",
        tensorflow="tf.linalg.eigh(x)[1]",
        device="cpu",
        example={"x": f32([[2, 1], [1, 3]])},
        gives=(
            "[[-0.8507, 0.5257], [0.5257, 0.8507]]",
            "[[-0.8507, -0.5257], [0.5257, -0.8507]]",
        ),
        rounding=4,
        in_tensorflow="v = tf.linalg.eigh(x)[1]\nreturn v * tf.constant([1.0, -1.0])",
        rows=("eigh",),
        why="an eigenvector times -1 is one too, and LAPACK and Eigen choose differently: compare "
        "what the factors rebuild",
        reference="175",
    ),
    KnownDifference(
        name="cholesky-of-an-indefinite-matrix",
        kind=Kind.EDGE,
        torch="torch.linalg.cholesky(x)",
        tensorflow="tf.linalg.band_part(tf.linalg.cholesky(x), -1, 0)",
        where="(np.linalg.eigvalsh(x) <= 0).any()",
        example={"x": f32([[1, 2], [2, 1]])},
        without={"x": f32([[1, 0], [0, 4]])},
        gives=("raises _LinAlgError", "[[nan, 0], [nan, nan]]"),
        in_pytorch="r, info = torch.linalg.cholesky_ex(x)\n"
        "return torch.where(info > 0, torch.full_like(r, math.nan).tril(), r)",
        rows=("cholesky",),
        why="TensorFlow's kernel gives NaN; PyTorch refuses, and so does keras.ops. What "
        "TensorFlow then leaves above the diagonal is whatever the memory held",
        reference="176",
    ),
    KnownDifference(
        name="inverse-of-a-singular-matrix-compiled",
        kind=Kind.EDGE,
        torch="torch.linalg.inv(x).isfinite().all()",
        tensorflow="tf.reduce_all(tf.math.is_finite(tf.linalg.inv(x)))",
        runtime="XLA",
        where="np.linalg.matrix_rank(x) < len(x)",
        example={"x": f32([[1, 2], [2, 4]])},
        without={"x": f32([[1, 2], [2, 1]])},
        gives=("raises _LinAlgError", "True"),
        rows=("inverse",),
        why="XLA has no errors at run time and returns large numbers; eagerly both refuse",
        reference="177",
    ),
    KnownDifference(
        name="windows-of-stft",
        kind=Kind.SEMANTIC,
        torch="return torch.tensor(" + _SPECTRUM.format("") + ".shape)",
        tensorflow="tf.shape(tf.signal.stft(x, 8, 2))",
        example={"x": ramp(32)},
        gives=("[17, 5]", "[13, 5]"),
        in_pytorch="return torch.tensor(" + _SPECTRUM.format(", center=False") + ".shape)",
        in_tensorflow="x = tf.pad(x, [[4, 4]], 'REFLECT')\n"
        "return tf.shape(tf.signal.stft(x, 8, 2))",
        rows=("stft",),
        why="PyTorch centres the windows on the samples, beyond the ends too, unless center=False",
        reference="178",
    ),
    KnownDifference(
        name="kaiser-window",
        kind=Kind.SEMANTIC,
        torch="torch.kaiser_window(4, True, 12.0)",
        tensorflow="tf.signal.kaiser_window(4, 12.0)",
        example={},
        gives=(
            "[5.277e-05, 0.2157, 1, 0.2157]",
            "[5.277e-05, 0.5188, 0.5188, 5.277e-05]",
        ),
        rounding=16,
        in_tensorflow="tf.signal.kaiser_window(5, 12.0)[:-1]",
        in_pytorch="torch.kaiser_window(4, False, 12.0)",
        rows=("kaiser_window",),
        why="PyTorch's is periodic unless told otherwise, TensorFlow's symmetric; both agree on "
        "hann's and hamming's",
        reference="179",
    ),
    KnownDifference(
        name="normalised-fft",
        kind=Kind.SEMANTIC,
        torch="torch.fft.fft(x, norm='ortho')",
        tensorflow="tf.signal.fft(x)",
        where="(x != 0).any() and x.size > 1",
        example={"x": c64([1, 2])},
        without={"x": c64([3])},
        gives=("[2.121+0j, -0.7071+0j]", "[3+0j, -1+0j]"),
        rounding=4,
        in_tensorflow="tf.signal.fft(x) / x.shape[0] ** 0.5",
        in_pytorch="torch.fft.fft(x)",
        rows=("fft_ortho", "fft"),
        why="TensorFlow's transform has no norm argument",
        reference="180",
    ),
)
