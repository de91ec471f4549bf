"""How many products a result is the sum of."""

from __future__ import annotations

import numpy as np
import pytest

from converters import single_node
from parity.sums import count


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(
    ("op", "arguments", "expected"),
    [
        ("linear.default", {"input": ones(2, 7), "weight": ones(3, 7)}, 7),
        (
            "conv2d.default",
            {"input": ones(1, 4, 8, 8), "weight": ones(6, 2, 3, 3), "groups": 2},
            18,
        ),
        ("conv_transpose2d.input", {"input": ones(1, 4, 8, 8), "weight": ones(4, 5, 3, 3)}, 36),
        ("matmul.default", {"x": ones(2, 5), "other": ones(5, 3)}, 5),
        ("addmm.default", {"x": ones(3), "mat1": ones(3, 9), "mat2": ones(9, 3)}, 9),
        ("baddbmm.default", {"x": ones(3), "batch1": ones(2, 3, 9), "batch2": ones(2, 9, 3)}, 9),
        ("dot.default", {"x": ones(8), "tensor": ones(8)}, 8),
        ("addbmm.default", {"x": ones(3), "batch1": ones(2, 3, 9), "batch2": ones(2, 9, 3)}, 18),
        ("outer.default", {"x": ones(8), "vec2": ones(3)}, 1),
        ("bilinear.default", {"input1": ones(2), "input2": ones(3), "weight": ones(5, 2, 3)}, 6),
        (
            "einsum.default",
            {"equation": "b...i,io->b...o", "tensors": (ones(2, 3, 4, 11), ones(11, 5))},
            11,
        ),
        ("einsum.default", {"equation": "ij,ji", "tensors": (ones(3, 4), ones(4, 3))}, 12),
        (
            "tensordot.default",
            {"x": ones(2, 3, 4), "other": ones(4, 3), "dims_self": (1, 2), "dims_other": (1, 0)},
            12,
        ),
        ("relu.default", {"x": ones(8)}, 1),
    ],
)
def test_a_product_sums_as_many_terms_as_it_contracts(op, arguments, expected):
    graph, _ = single_node(f"aten.{op}", arguments)
    assert count(graph.nodes[0], arguments) == expected
