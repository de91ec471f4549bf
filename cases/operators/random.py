"""Random distributions and initialisers; the first axis of each result is the draws."""

from __future__ import annotations

from hypothesis import strategies as st

from cases.inputs import FLOATS, REALS, Given, given
from cases.rows import EXACT
from cases.rows import row as any_row
from parity.suite import Distribution, OperatorCase

_NORMAL = "0.5 * (1 + np.vectorize(math.erf)({} / math.sqrt(2)))"
_SHAPE = given(shape=st.integers(1, 60).map(lambda n: (200, n)))
_MATRIX = given(m=st.integers(2, 8), n=st.integers(2, 8))
_FAN = (
    "w = torch.empty(200, n, m, dtype=dtype)\n"
    "for part in w:\n"
    "    torch.nn.init.{}(part{})\n"
    "return w"
)
_KERAS = (
    "return tf.stack([tf.transpose(keras.initializers.{}((m, n), dtype.name)) "
    "for seed in range(200)])"
)
_RAW = "tf.random.{}((200, n, m), {}, dtype=dtype)"


def row(
    name: str,
    torch: str,
    tensorflow: str,
    keras: str = "",
    inputs: Given = _SHAPE,
    dtypes: tuple[str, ...] = ("float32",),
    cdf: str = "",
    *,
    no_xla: str = "",
) -> OperatorCase:
    """A row of random numbers."""
    rule = Distribution(cdf=cdf)
    return any_row(
        name, torch, tensorflow, keras, rule, inputs, dtypes, gradients=False, no_xla=no_xla
    )


def _fan(name: str, torch: str, tensorflow: str, keras: str, cdf: str) -> OperatorCase:
    method, _, options = torch.partition(", ")
    call = _FAN.format(method, f", {options}" if options else "")
    return row(name, call, tensorflow, _KERAS.format(keras), _MATRIX, ("float32",), cdf)


_GLOROT = "math.sqrt(6 / (m + n))"
_HE = "math.sqrt(6 / m)"

CASES = (
    row(
        "rand",
        "torch.rand(shape, dtype=dtype, device=device)",
        "tf.random.uniform(shape, dtype=dtype)",
        "keras.random.uniform(shape, dtype=dtype.name)",
        dtypes=FLOATS,
        cdf="np.clip(x, 0, 1)",
    ),
    row(
        "randn",
        "torch.randn(shape, dtype=dtype, device=device)",
        "tf.random.normal(shape, dtype=dtype)",
        "keras.random.normal(shape, dtype=dtype.name)",
        dtypes=FLOATS,
        cdf=_NORMAL.format("x"),
    ),
    row(
        "randn_stateless",
        "torch.randn(shape, dtype=dtype)",
        "tf.random.stateless_normal(shape, tf.constant([3, 7]), dtype=dtype)",
        "keras.random.normal(shape, dtype=dtype.name, seed=keras.random.SeedGenerator(3))",
        cdf=_NORMAL.format("x"),
    ),
    row(
        "normal",
        "torch.normal(2.0, 3.0, shape)",
        "tf.random.normal(shape, 2.0, 3.0)",
        "keras.random.normal(shape, 2.0, 3.0)",
        cdf=_NORMAL.format("((x - 2) / 3)"),
    ),
    row(
        "uniform",
        "torch.empty(shape).uniform_(-1.5, 2.5)",
        "tf.random.uniform(shape, -1.5, 2.5)",
        "keras.random.uniform(shape, -1.5, 2.5)",
        cdf="np.clip((x + 1.5) / 4, 0, 1)",
    ),
    row(
        "randint",
        "torch.randint(-3, 5, shape)",
        "tf.random.uniform(shape, -3, 5, tf.int64)",
        "keras.random.randint(shape, -3, 5, 'int64')",
        cdf="np.clip((x + 4) / 8, 0, 1)",
    ),
    row(
        "truncated_normal",
        "torch.nn.init.trunc_normal_(torch.empty(shape))",
        "tf.random.truncated_normal(shape)",
        "keras.random.truncated_normal(shape)",
        cdf=f"np.clip(({_NORMAL.format('x')} - 0.02275) / 0.9545, 0, 1)",
    ),
    row(
        "bernoulli",
        "torch.bernoulli(torch.full(shape, 0.3))",
        "tf.cast(tf.random.uniform(shape) < 0.3, tf.float32)",
        "keras.random.binomial(shape, 1.0, 0.3)",
    ),
    row(
        "multinomial",
        "torch.multinomial(torch.tensor([0.1, 0.2, 0.7]), 600, True).reshape(200, 3)",
        "tf.reshape(tf.random.categorical(tf.math.log([[0.1, 0.2, 0.7]]), 600), (200, 3))",
        "tf.reshape(keras.random.categorical(tf.math.log([[0.1, 0.2, 0.7]]), 600, 'int64'), "
        "(200, 3))",
    ),
    row(
        "poisson",
        "torch.poisson(torch.full(shape, 2.5))",
        "tf.random.poisson(shape, 2.5)",
        no_xla="XLA has no kernel for RandomPoissonV2",
    ),
    row(
        "gamma",
        "torch._standard_gamma(torch.full(shape, 2.0))",
        "tf.random.gamma(shape, 2.0)",
        "keras.random.gamma(shape, 2.0)",
        cdf="1 - np.exp(-x) * (1 + x)",
        no_xla="XLA has no kernel for RandomGamma",
    ),
    row(
        "binomial",
        "torch.binomial(torch.full(shape, 9.0), torch.full(shape, 0.4))",
        "tf.cast(tf.random.stateless_binomial(shape, [1, 2], 9.0, 0.4), tf.float32)",
        "keras.random.binomial(shape, 9.0, 0.4)",
    ),
    row(
        "beta",
        "a, b = (torch._standard_gamma(torch.full(shape, v)) for v in (2.0, 1.0))\n"
        "return a / (a + b)",
        "a, b = (tf.random.gamma(shape, v) for v in (2.0, 1.0))\nreturn a / (a + b)",
        "keras.random.beta(shape, 2.0, 1.0)",
        cdf="x ** 2",
        no_xla="XLA has no kernel for RandomGamma",
    ),
    row(
        "exponential",
        "torch.empty(shape).exponential_(1.5)",
        "-tf.math.log1p(-tf.random.uniform(shape)) / 1.5",
        "",
        cdf="1 - np.exp(-1.5 * x)",
    ),
    row(
        "dropout",
        "F.dropout(torch.ones(shape), 0.3)",
        "tf.nn.dropout(tf.ones(shape), 0.3)",
        "keras.random.dropout(tf.ones(shape), 0.3)",
    ),
    row(
        "alpha_dropout",
        "F.alpha_dropout(torch.ones(shape), 0.3, True)",
        "a = -1.7580993408473766\n"
        "scale = (0.7 * (1 + 0.3 * a * a)) ** -0.5\n"
        "kept = tf.random.uniform(shape) >= 0.3\n"
        "return scale * tf.where(kept, tf.ones(shape), a) - 0.3 * a * scale",
        "keras.layers.AlphaDropout(0.3)(tf.ones(shape), training=True)",
    ),
    row(
        "randperm",
        "torch.stack([torch.randperm(6) for _ in range(200)])",
        "tf.stack([tf.random.shuffle(tf.range(6, dtype=tf.int64)) for _ in range(200)])",
        "tf.stack([keras.random.shuffle(tf.range(6, dtype=tf.int64)) for _ in range(200)])",
    ),
    _fan(
        "glorot_uniform",
        "xavier_uniform_",
        _RAW.format("uniform", f"-{_GLOROT}, {_GLOROT}"),
        "GlorotUniform(seed=seed)",
        f"np.clip((x / {_GLOROT} + 1) / 2, 0, 1)",
    ),
    _fan(
        "he_uniform",
        "kaiming_uniform_, nonlinearity='relu'",
        _RAW.format("uniform", f"-{_HE}, {_HE}"),
        "HeUniform(seed=seed)",
        f"np.clip((x / {_HE} + 1) / 2, 0, 1)",
    ),
    _fan(
        "lecun_uniform",
        "kaiming_uniform_, nonlinearity='linear'",
        _RAW.format("uniform", "-math.sqrt(3 / m), math.sqrt(3 / m)"),
        "LecunUniform(seed=seed)",
        "np.clip((x / math.sqrt(3 / m) + 1) / 2, 0, 1)",
    ),
    _fan(
        "glorot_normal",
        "trunc_normal_, std=math.sqrt(2 / (m + n)) / 0.87962566103423978, "
        "a=-2 * math.sqrt(2 / (m + n)) / 0.87962566103423978, "
        "b=2 * math.sqrt(2 / (m + n)) / 0.87962566103423978",
        "math.sqrt(2 / (m + n)) / 0.87962566103423978 * "
        "tf.random.truncated_normal((200, n, m), dtype=dtype)",
        "GlorotNormal(seed=seed)",
        "",
    ),
    _fan(
        "he_normal",
        "trunc_normal_, std=math.sqrt(2 / m) / 0.87962566103423978, "
        "a=-2 * math.sqrt(2 / m) / 0.87962566103423978, "
        "b=2 * math.sqrt(2 / m) / 0.87962566103423978",
        "math.sqrt(2 / m) / 0.87962566103423978 * "
        "tf.random.truncated_normal((200, n, m), dtype=dtype)",
        "HeNormal(seed=seed)",
        "",
    ),
    _fan(
        "xavier_normal",
        "xavier_normal_",
        _RAW.format("normal", "0.0, math.sqrt(2 / (m + n))"),
        "VarianceScaling(1.0, 'fan_avg', 'untruncated_normal', seed)",
        _NORMAL.format("(x / math.sqrt(2 / (m + n)))"),
    ),
    _fan(
        "random_normal_initializer",
        "normal_, std=0.05",
        _RAW.format("normal", "0.0, 0.05"),
        "RandomNormal(stddev=0.05, seed=seed)",
        _NORMAL.format("(x / 0.05)"),
    ),
    _fan(
        "random_uniform_initializer",
        "uniform_, a=-0.05, b=0.05",
        _RAW.format("uniform", "-0.05, 0.05"),
        "RandomUniform(-0.05, 0.05, seed)",
        "np.clip((x / 0.05 + 1) / 2, 0, 1)",
    ),
    _fan(
        "orthogonal_initializer",
        "orthogonal_",
        "q, r = tf.linalg.qr(tf.random.normal((200, max(m, n), min(m, n)), dtype=dtype))\n"
        "q *= tf.sign(tf.linalg.diag_part(r))[:, None]\n"
        "return q if n >= m else tf.linalg.matrix_transpose(q)",
        "Orthogonal(seed=seed)",
        "",
    ),
    any_row(
        "constant_initializer",
        "torch.nn.init.constant_(torch.empty(m, n, dtype=dtype), 0.3)",
        "tf.constant_initializer(0.3)((m, n), dtype)",
        "keras.initializers.Constant(0.3)((m, n), dtype.name)",
        EXACT,
        _MATRIX,
        REALS,
        gradients=False,
    ),
    any_row(
        "ones_initializer",
        "torch.nn.init.ones_(torch.empty(m, n, dtype=dtype))",
        "tf.ones_initializer()((m, n), dtype)",
        "keras.initializers.Ones()((m, n), dtype.name)",
        EXACT,
        _MATRIX,
        REALS,
        gradients=False,
    ),
    any_row(
        "zeros_initializer",
        "torch.nn.init.zeros_(torch.empty(m, n, dtype=dtype))",
        "tf.zeros_initializer()((m, n), dtype)",
        "keras.initializers.Zeros()((m, n), dtype.name)",
        EXACT,
        _MATRIX,
        REALS,
        gradients=False,
    ),
    any_row(
        "identity_initializer",
        "torch.nn.init.eye_(torch.empty(m, n, dtype=dtype))",
        "tf.eye(m, n, dtype=dtype)",
        "keras.initializers.Identity()((m, n), dtype.name)",
        EXACT,
        _MATRIX,
        REALS,
        gradients=False,
    ),
)
