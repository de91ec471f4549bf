"""Rows of activation functions."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import Shape, floats, integers, numbers, shapes, tensors, with_rank

_EDGES = (0.0, -0.0, 1.0, -1.0, float("inf"), float("-inf"), 3.0, -3.0, 6.0, 0.5, -0.5)
_SMOOTH = (0.0, -0.0, 1.0, -1.0)
_NAN = (float("nan"),)


def _row(
    name: str, specials: tuple[float, ...] = _EDGES, **others: SearchStrategy[object]
) -> tuple[LoweringCase, LoweringCase]:
    """With gradients on numbers.

    Without at NaN, where PyTorch's own kernels give two different ones.
    """
    op = f"aten.{name}.default"

    def drawn(values: tuple[float, ...]) -> SearchStrategy[Arguments]:
        return st.fixed_dictionaries({"x": floats(low=-40, high=40, specials=values), **others})

    return (
        LoweringCase(op, drawn(specials)),
        LoweringCase(op, drawn(_NAN), gradients=False, label="NaN"),
    )


def _along(op: str, **others: SearchStrategy[object]) -> tuple[LoweringCase, LoweringCase]:
    """Between even shares and one element that takes it all."""

    def drawn(bound: float, values: tuple[float, ...]) -> SearchStrategy[Arguments]:
        return with_rank().flatmap(
            lambda shape_and_dim: st.fixed_dictionaries(
                {
                    "x": floats(shape_and_dim[0], low=-bound, high=bound, specials=values),
                    "dim": st.just(shape_and_dim[1]),
                    **others,
                }
            )
        )

    return (
        LoweringCase(op, drawn(2, ())),
        LoweringCase(op, drawn(60, (float("-inf"),)), label="wide"),
    )


def _prelu() -> SearchStrategy[Arguments]:
    def arguments(shape: Shape) -> SearchStrategy[Arguments]:
        channels = st.sampled_from(((shape[1],), (1,)))
        return st.fixed_dictionaries({"x": tensors(shape), "weight": channels.flatmap(tensors)})

    return shapes(2, 5, 1, 4).flatmap(arguments)


CASES = (
    *_row("relu"),
    LoweringCase("aten.relu.default", st.fixed_dictionaries({"x": integers()}), label="integers"),
    *_row("relu6"),
    *_row("hardtanh"),
    LoweringCase(
        "aten.hardtanh.default",
        st.fixed_dictionaries(
            {"x": floats(specials=_EDGES), "min_val": numbers(-3, 0), "max_val": numbers(0.5, 3)}
        ),
        label="bounds",
    ),
    *_row("hardsigmoid"),
    *_row("hardswish"),
    *_row("silu", _SMOOTH),
    *_row("gelu", _SMOOTH, approximate=st.sampled_from(("none", "tanh"))),
    *_row("leaky_relu", negative_slope=st.sampled_from((0.01, 0.2, 0, -1.5))),
    LoweringCase("aten.prelu.default", _prelu()),
    LoweringCase(
        "aten._prelu_kernel.default",
        shapes(1, 4).flatmap(
            lambda shape: st.fixed_dictionaries(
                {"x": tensors(shape), "weight": tensors((1,) * len(shape))}
            )
        ),
    ),
    *_row(
        "elu", _SMOOTH, alpha=numbers(0.5, 2), scale=numbers(0.5, 2), input_scale=numbers(0.5, 2)
    ),
    *_row("selu", _SMOOTH),
    *_row("celu", _SMOOTH, alpha=numbers(0.5, 2)),
    *_row(
        "softplus", _SMOOTH, beta=st.sampled_from((1, 0.5, 2)), threshold=st.sampled_from((20, 5))
    ),
    *_row("log_sigmoid", _SMOOTH),
    *_row("mish", _SMOOTH),
    LoweringCase(
        "aten.glu.default",
        with_rank(1).flatmap(
            lambda drawn: st.fixed_dictionaries(
                {
                    "x": tensors(
                        tuple(
                            2 * size if place == drawn[1] % len(drawn[0]) else size
                            for place, size in enumerate(drawn[0])
                        )
                    ),
                    "dim": st.just(drawn[1]),
                }
            )
        ),
    ),
    *_row("threshold", threshold=numbers(), value=numbers()),
    *_row("hardshrink", lambd=numbers(0, 2)),
    *_row("softshrink", lambd=numbers(0, 2)),
    *_along("aten.softmax.int"),
    *_along("aten.log_softmax.int"),
    *_along("aten.special_softmax.default"),
    *_along("aten.special_log_softmax.default"),
    *_along("aten._safe_softmax.default"),
    *_along("aten._softmax.default", half_to_float=st.just(False)),
    *_along("aten._log_softmax.default", half_to_float=st.just(False)),
)
