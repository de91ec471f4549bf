"""Chance, threads and GPUs."""

from __future__ import annotations

from cases.known_differences.arrays import f32, normal
from parity.known_differences import Kind, KnownDifference


def _documented(
    name: str,
    rows: tuple[str, ...],
    torch: str,
    tensorflow: str,
    gives: tuple[str, str],
    why: str,
    reference: str,
    page: str,
) -> KnownDifference:
    return KnownDifference(
        name=name,
        rows=rows,
        kind=Kind.NONDETERMINISM,
        torch=torch,
        tensorflow=tensorflow,
        example={},
        gives=gives,
        device="cuda",
        why=why,
        evidence=page,
        reference=reference,
    )


ENTRIES = (
    KnownDifference(
        name="dropout-of-everything",
        kind=Kind.EDGE,
        torch="F.dropout(x, rate)",
        tensorflow="tf.nn.dropout(x, rate)",
        where="rate == 1",
        example={"x": f32([1, 2]), "rate": 1.0},
        without={"x": f32([1, 2]), "rate": 0.0},
        gives=("[0, 0]", "raises ValueError"),
        in_tensorflow="keras.layers.Dropout(rate)(x, training=True)",
        rows=("dropout",),
        why="raw TensorFlow takes rates below 1 only, Keras' layer also 1",
        reference="164",
    ),
    KnownDifference(
        name="random-streams",
        kind=Kind.NONDETERMINISM,
        torch="torch.manual_seed(0)\nreturn (torch.rand(3) * 100).round()",
        tensorflow="tf.random.set_seed(0)\nreturn tf.round(100 * tf.random.uniform([3], seed=0))",
        example={},
        gives=("[50, 77, 9]", "[2, 1, 19]"),
        rows=("rand", "randn"),
        why="PyTorch's generator on CPU is Mersenne's twister, TensorFlow's Philox: the same seed "
        "never gives the same numbers; masks have to be carried over",
        reference="165",
    ),
    KnownDifference(
        name="compiled-sums-of-products",
        kind=Kind.NONDETERMINISM,
        torch="(x @ y == x @ y).all()",
        tensorflow="f = tf.function(lambda a, b: a @ b, jit_compile=True, autograph=False)\n"
        "return tf.reduce_all(f(x, y) == x @ y)",
        device="cpu",
        where="x.shape[1] > 1",
        example={"x": normal(64, 4096), "y": normal(4096, 64, seed=1)},
        without={"x": normal(64, 1), "y": normal(1, 64, seed=1)},
        gives=("True", "False"),
        rows=("matmul",),
        why="XLA adds products up in another order than TensorFlow's kernels; so do other numbers "
        "of threads, and oneDNN on or off: record them with the results",
        reference="190",
    ),
    _documented(
        "tf32-by-default",
        ("matmul", "conv2d"),
        "torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32",
        "tf.config.experimental.tensor_float_32_execution_enabled()",
        ("False, True", "True"),
        "on Ampere and later TensorFlow multiplies matrices and convolves in TF32, PyTorch "
        "convolves only: set both, tf.config.experimental.enable_tensor_float_32_execution(False)",
        "184",
        "documentation of both settings",
    ),
    _documented(
        "sums-of-16-bit-products",
        ("matmul",),
        "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction",
        "",
        ("True", "no such setting"),
        "PyTorch lets the GPU add up 16-bit products in 16 bits, TensorFlow has no public switch",
        "185",
        "documentation of torch.backends",
    ),
    _documented(
        "deterministic-kernels",
        (),
        "torch.use_deterministic_algorithms(True)",
        "tf.config.experimental.enable_op_determinism()",
        ("raises RuntimeError", "raises UnimplementedError"),
        "both refuse operators without a deterministic kernel, but not the same ones",
        "186",
        "documentation of both settings",
    ),
    _documented(
        "losses-on-gpus",
        ("cross_entropy", "nll", "ctc"),
        "F.nll_loss, F.ctc_loss",
        "tf.nn.softmax_cross_entropy_with_logits",
        ("raises RuntimeError if determinism is asked for", "nondeterministic by default"),
        "their gradients are added up by atomic operations",
        "187",
        "documentation of use_deterministic_algorithms and enable_op_determinism",
    ),
    _documented(
        "smallest-epsilon-of-cudnn",
        ("fused_batch_norm_training",),
        "F.batch_norm(x, mean, variance, eps=1e-5)",
        "tf.compat.v1.nn.fused_batch_norm(x, scale, offset, epsilon=1e-6)",
        ("as given", "at least 1e-5"),
        "cuDNN takes no epsilon below 1e-5, and TensorFlow raises a smaller one to it",
        "188",
        "cuDNN's CUDNN_BN_MIN_EPSILON",
    ),
)
