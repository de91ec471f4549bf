"""The judge is given wrong answers, of which each has to be found, and right ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from parity.known_differences import Kind, KnownDifference
from parity.suite import (
    Conditioned,
    Decision,
    Distribution,
    Exact,
    Factorisation,
    OperatorCase,
    Sum,
    Ulps,
)
from parity.suite.run import check
from parity.verdict import Verdict

X = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)
SQUARE = X[:, :3] + 3 * np.eye(3, dtype=np.float32)
ONE = {"x": X}


def row(torch, tensorflow, rule, **options):
    return OperatorCase("specimen", torch, tensorflow, lambda dtype: st.just({}), rule, **options)


def verdicts(case, arguments=ONE, dtype="float32", runtimes=("torch", "tensorflow"), **options):
    found = check(case, arguments, dtype, runtimes, **options)
    return {
        (part.runtime, comparison.name): comparison
        for part in found
        for comparison in part.comparisons
    }


def fails(case, arguments=ONE, name="output", **options):
    comparison = verdicts(case, arguments, **options)["tensorflow", name]
    return not comparison.verdict.passes


FAULTS = {
    "one ulp where nothing rounds": (Exact(), "torch.abs(x)", "tf.abs(x) * (1 + 2.0**-23)"),
    "the sign of a zero": (Exact(), "x * 0.0", "tf.abs(x * 0.0)"),
    "a constant through float32": (Ulps(2), "x * math.pi", "x * 3.1416"),
    "another axis": (Sum(), "x.sum(0)", "tf.reduce_sum(tf.reverse(x, [1]), 0)"),
    "a biased variance": (Conditioned(), "x.var(1)", "tf.math.reduce_variance(x, 1)"),
    "tanh for erf": (
        Conditioned(), "F.gelu(x)", "tf.nn.gelu(x, approximate=True)",
    ),
    "a missing term": (Sum(), "x.sum()", "tf.reduce_sum(x[:, :3])"),
    "a wrong eps": (
        Conditioned(), "F.layer_norm(x, (4,), eps=1e-5)",
        "m, v = tf.nn.moments(x, 1, keepdims=True)\nreturn (x - m) * tf.math.rsqrt(v + 1e-3)",
    ),
    "a dropped NaN": (Ulps(), "torch.log(x)", "tf.where(x < 0, 0.0, tf.math.log(x))"),
    "another shape that broadcasts": (Sum(), "x.sum(1)", "tf.reduce_sum(x, 1, keepdims=True)"),
    "another type": (Exact(), "x.argmax(1)", "tf.argmax(x, 1, output_type=tf.int32)"),
    "another position": (
        Decision(values="np.take_along_axis(x, y[:, None], 1)"),
        "x.argmax(1)", "tf.argmin(x, 1)",
    ),
    "a missing output": (Exact(), "(x, -x)", "x"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_answer_is_found(name):
    rule, torch, tensorflow = FAULTS[name]
    found = verdicts(row(torch, tensorflow, rule, gradients=False))
    wrong = [c for (runtime, _), c in found.items() if runtime == "tensorflow"]
    assert any(not c.verdict.passes for c in wrong), wrong
    assert all(c.verdict.passes for (runtime, _), c in found.items() if runtime == "torch")


RIGHT = {
    "another order of a sum": (Sum(), "x.sum()", "tf.reduce_sum(tf.reduce_sum(x, 0))"),
    "another formula": (Ulps(4), "torch.sigmoid(x)", "1 / (1 + tf.exp(-x))"),
    "a variance in two passes": (
        Conditioned(), "x.var(1, correction=0)",
        "tf.reduce_mean(tf.square(x - tf.reduce_mean(x, 1, keepdims=True)), 1)",
    ),
    "both refuse": (Exact(), "x.reshape(5, 5)", "tf.reshape(x, (5, 5))"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_raises_no_alarm(name):
    rule, torch, tensorflow = RIGHT[name]
    for comparison in verdicts(row(torch, tensorflow, rule)).values():
        assert comparison.verdict.passes, comparison


def test_a_wrong_gradient_is_found_though_the_output_is_right():
    wrong = "x * x + tf.stop_gradient(0.001 * x) - 0.001 * tf.stop_gradient(x) * 1 + 0 * x"
    assert not fails(row("x * x", "x * tf.identity(x)", Ulps()), name="gradient of x")
    assert not fails(row("x * x", wrong, Ulps(8)))
    one_sided = "x * tf.stop_gradient(x)"
    assert fails(row("x * x", one_sided, Ulps()), name="gradient of x")


def test_which_side_is_off_is_said():
    found = verdicts(row("x * 1.001", "x * 1.0", Ulps(), oracle="numpy: x * 1.0"))
    assert found["torch", "output"].verdict is Verdict.mismatch
    assert found["tensorflow", "output"].verdict.passes


def test_a_refusal_by_one_side_is_no_agreement():
    found = verdicts(row("x @ x.T", "tf.matmul(x, x)", Sum()))
    assert found["tensorflow", "refusal"].verdict is Verdict.error
    assert "InvalidArgumentError" in found["tensorflow", "refusal"].detail


def test_positions_of_equal_values_are_equally_good():
    x = np.array([[1, 3, 3, 0]], np.float32)
    case = row(
        "x.argmax(1)", "3 - tf.argmax(tf.reverse(x, [1]), 1)",
        Decision(values="np.take_along_axis(x, y[:, None], 1)"), gradients=False,
    )  # fmt: skip
    found = verdicts(case, {"x": x})["tensorflow", "output"]
    assert found.verdict is Verdict.decision_flip


def test_a_factorisation_is_judged_by_what_it_rebuilds():
    rule = Factorisation(rebuild="y[0] @ y[1]", of="x", orthogonal="y[0]")
    good = row("torch.linalg.qr(x)", "tf.linalg.qr(-x)[0], -tf.linalg.qr(-x)[1]", rule)
    arguments = {"x": SQUARE}
    good = replace(good, gradients=False)
    assert all(c.verdict.passes for c in verdicts(good, arguments).values())
    bad = replace(good, tensorflow="tf.linalg.qr(x)[0] * 2, tf.linalg.qr(x)[1] / 2")
    found = verdicts(bad, arguments)
    assert found["tensorflow", "residual"].verdict.passes
    assert not found["tensorflow", "orthogonality 0"].verdict.passes


@pytest.mark.parametrize(
    ("tensorflow", "right"),
    [
        ("tf.random.uniform(shape)", True),
        ("tf.random.uniform(shape) * 0.9", False),
        ("tf.random.normal(shape, 0.5, 12**-0.5)", False),
        ("tf.repeat(tf.random.uniform((shape[0], 1)), shape[1], 1)", False),
    ],
)
def test_random_numbers_are_compared_as_distributions(tensorflow, right):
    case = row("torch.rand(shape)", tensorflow, Distribution("np.clip(x, 0, 1)"), gradients=False)
    found = verdicts(case, {"shape": (800, 6)})
    passes = [c.verdict.passes for (runtime, _), c in found.items() if runtime == "tensorflow"]
    assert all(passes) is right


KNOWN = KnownDifference(
    name="sign-of-nan",
    kind=Kind.EDGE,
    torch="torch.sign(x)",
    tensorflow="tf.sign(x)",
    example={"x": np.array([np.nan], np.float32)},
    gives=("[0]", "[nan]"),
    where="np.isnan(x).any()",
    relation="np.isnan(x) & (pytorch == 0) & np.isnan(tensorflow)",
    rows=("specimen",),
    why="a test",
)


def test_a_known_difference_explains_its_elements_and_no_others():
    x = np.array([np.nan, 1.0, -2.0], np.float32)
    case = row("torch.sign(x)", "tf.sign(x)", Exact(), gradients=False)
    oracle_aside = replace(case, oracle="numpy: np.sign(x)")
    assert not verdicts(case, {"x": x})["tensorflow", "output"].verdict.passes
    found = verdicts(case, {"x": x}, known=[KNOWN])["tensorflow", "output"]
    assert found.verdict is Verdict.known_difference
    assert "1 of 3 elements: sign-of-nan" in found.detail
    torch = verdicts(oracle_aside, {"x": x}, known=[KNOWN])["torch", "output"]
    assert torch.verdict is Verdict.known_difference
    wrong = replace(case, tensorflow="tf.sign(x) * [1.0, 1.0, 2.0]")
    found = verdicts(wrong, {"x": x}, known=[KNOWN])["tensorflow", "output"]
    assert found.verdict is Verdict.mismatch


def test_subnormal_numbers_may_be_zeros_in_tensorflow_and_are_counted():
    x = np.array([1e-40, 1.0, 2.0], np.float32)
    found = verdicts(row("x * 1.0", "x * 1.0", Ulps(1), gradients=False), {"x": x})
    assert found["tensorflow", "output"].verdict.passes
    dropped = row("x * (x > 1.5)", "x * 1.0", Ulps(1), oracle="numpy: x", gradients=False)
    assert not verdicts(dropped, {"x": x})["torch", "output"].verdict.passes


def test_a_zero_for_a_subnormal_number_passes_and_is_counted():
    x = np.array([1e-40, 1.0, 2.0], np.float32)
    case = row("x * (x > 1e-30)", "x * 1.0", Ulps(1), oracle="numpy: x", gradients=False)
    found = verdicts(case, {"x": x})["torch", "output"]
    assert found.verdict.passes
    assert "1 elements with subnormal numbers" in found.detail


def test_nothing_compared_is_no_pass():
    found = verdicts(row("x * 2", "x * 2", Exact()), {"x": np.zeros((0, 3), np.float32)})
    assert found["tensorflow", "output"].verdict is Verdict.inconclusive


def test_tf32_widens_what_products_of_float32_may_be_off():
    from parity.suite.run import ask
    from parity.suite.tolerances import tolerance_of

    case = row("x @ y", "x @ y", Sum(), gradients=False)
    arguments = {"x": X, "y": X.T.copy()}
    scales = [
        tolerance_of(
            case.rule, "output", asked.truth.results["output"], "float32", asked.scales
        ).scale.max()
        for asked in (ask(case, arguments, "float32", tf32=on) for on in (False, True))
    ]
    assert scales[1] > 1000 * scales[0]


def test_what_overflows_on_the_way_is_counted_and_no_mismatch():
    large = np.array([3e38, 3e38, -3e38, -3e38], np.float32)
    case = row("x.sum()", "tf.reduce_sum(tf.gather(x, [0, 2, 1, 3]))", Sum(), gradients=False)
    found = verdicts(case, {"x": large})
    assert found["torch", "output"].nan_mismatches == 0
    assert found["tensorflow", "output"].nan_mismatches == 0
    infinite = {"x": np.array([1, np.inf, 2, 3], np.float32)}
    wrong = replace(case, tensorflow="tf.reduce_sum(x[2:])")
    assert fails(wrong, infinite)
    assert fails(replace(case, rule=Exact()), {"x": large * np.float32(1)})


WEIGHT = np.array([[[1.0, 2.0, np.inf]], [[1.0, 2.0, 3.0]]])
PADDING = {"x": np.ones((1, 1, 4)), "weight": WEIGHT}
LAST = "tf.transpose(tf.nn.conv1d(tf.transpose(x, (0, 2, 1)), {}, 1, 'SAME'), (0, 2, 1))"


@pytest.mark.parametrize("calls", ["leaves out", "pads"])
def test_padding_may_meet_an_infinite_weight_or_not(calls):
    tensorflow = LAST.format("tf.transpose(weight, (2, 1, 0))")
    if calls == "pads":
        tensorflow = f"y = {tensorflow}\nreturn tf.where(tf.math.is_inf(y), math.nan, y)"
    rule = Sum(normwise=True, padded="x")
    case = row("F.conv1d(x, weight, padding='same')", tensorflow, rule, gradients=False)
    given = {name: array.astype("float32") for name, array in PADDING.items()}
    assert not fails(case, given)


def test_a_weight_that_is_no_number_reaches_all_it_is_multiplied_with():
    tensorflow = LAST.format("tf.transpose(tf.where(weight > 9, 0.0, weight), (2, 1, 0))")
    rule = Sum(normwise=True, padded="x")
    case = row("F.conv1d(x, weight, padding='same')", tensorflow, rule, gradients=False)
    lost = {"x": PADDING["x"].astype("float32"), "weight": WEIGHT.astype("float32")}
    assert fails(case, lost)
    none = f"y = {LAST.format('tf.transpose(weight, (2, 1, 0))')}\nreturn tf.zeros_like(y)"
    case = row("F.conv1d(x, weight, padding='same')", none, rule, gradients=False)
    assert fails(case, lost | {"weight": np.where(WEIGHT > 9, np.nan, WEIGHT).astype("float32")})


def test_a_product_of_three_may_overflow_though_the_sum_does_not():
    case = row("(x * y) * z", "x * (y * z)", Sum(), gradients=False)
    given = {"x": np.float32([3e38]), "y": np.float32([10]), "z": np.float32([1e-3])}
    assert not fails(case, given)


OFF = "y = tf.signal.fft(x)\nreturn y + tf.cast({}, y.dtype)"
LINES = {"x": np.array([[1e3, 1, 2, 3], [1e-3, 1e-3, 0, 0]], np.complex64)}


@pytest.mark.parametrize(
    ("error", "found"), [("[[1e-4], [0.0]]", False), ("[[0.0], [1e-4]]", True)]
)
def test_a_transform_carries_errors_along_its_line_and_no_further(error, found):
    rule = Sum(transform=1)
    case = row("torch.fft.fft(x)", OFF.format(error), rule, gradients=False)
    assert fails(case, LINES) is found


def test_numbers_that_are_not_finite_make_a_transforms_line_anything_and_no_other():
    case = row("torch.fft.fft(x)", "tf.signal.fft(x) * {}", Sum(transform=1), gradients=False)
    lost = {"x": LINES["x"].copy()}
    lost["x"][0, 0] = np.inf
    nan = "tf.constant([[math.nan], [{}]], x.dtype)"
    for other, found in (("1.0", False), ("1.001", True), ("math.nan", True)):
        call = case.tensorflow.format(nan.format(other))
        assert fails(replace(case, tensorflow=call), lost) is found, other


def test_what_the_other_side_loses_is_no_fault_of_a_right_one():
    large = {"x": np.array([3e38, 3e38, -3e38, -3e38], np.float32)}
    exact = "tf.cast(tf.reduce_sum(tf.cast(x, tf.float64)), tf.float32)"
    case = row("x[:2].sum() + x[2:].sum()", exact, Sum(), gradients=False)
    assert not fails(case, large)
    assert fails(replace(case, tensorflow=f"{exact} + 1e33"), {"x": X})


def test_subnormal_numbers_are_equal_to_a_runtime_that_flushes_them():
    tiny = {"x": np.array([[1e-45, -1e-45, 1, 2]], np.float32)}
    rule = Decision(values="np.take_along_axis(x, y, 1)")
    case = row("x.argsort(1)", "tf.constant([[{}]], tf.int64)", rule, gradients=False)
    for places, found in (("0, 1, 2, 3", False), ("1, 0, 2, 3", False), ("1, 0, 3, 2", True)):
        call = case.tensorflow.format(places)
        assert fails(replace(case, tensorflow=call), tiny) is found, places


def test_known_differences_and_other_positions_of_equal_values_go_together():
    x = np.array([[np.nan, 1.0, 1.0], [0.0, 0.0, 2.0]], np.float32)
    entry = KnownDifference(
        name="nan-first", kind=Kind.EDGE, torch="", example={"x": x}, gives=("", ""),
        relation="np.isnan(x).any(1) & (tensorflow == 1)", rows=("specimen",), why="it is",
    )  # fmt: skip
    rule = Decision(values="np.take_along_axis(x, y[:, None], 1)")
    case = row("x.argmin(1)", "tf.constant([{}], tf.int64)", rule, gradients=False)
    for places, found in (("1, 1", False), ("1, 0", False), ("2, 1", True), ("1, 2", True)):
        known = replace(case, tensorflow=case.tensorflow.format(places))
        assert fails(known, {"x": x}, known=(entry,)) is found, places


def test_a_decomposition_is_as_accurate_as_its_matrix_is_large():
    error = "tf.constant([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, {}]], x.dtype)"
    given = {"x": np.diag([0.1, 1, 10]).astype(np.float32)}
    for rule, size, found in (
        (Conditioned(), "2e-6", True),
        (Conditioned(matrices=True), "2e-6", False),
        (Conditioned(matrices=True), "0.1", True),
    ):
        call = f"tf.linalg.pinv(x) + {error.format(size)}"
        case = row("torch.linalg.pinv(x)", call, rule, gradients=False)
        assert fails(case, given) is found, (rule, size)


def test_runs_that_the_noise_is_not_measured_by_are_said():
    body = "if bool((x{} != 1).any()):\n    raise ValueError('moved')\nreturn x * 3"
    for part, words in (("[0]", "8 of 8 moved runs raise ValueError"), ("[:0]", "")):
        case = row(body.format(part), "x * 3", Conditioned(), gradients=False)
        found = verdicts(case, {"x": np.ones(3, np.float32)})["tensorflow", "output"]
        assert found.verdict.passes
        assert found.detail == words
