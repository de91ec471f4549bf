"""Matrix products and linear algebra."""

from __future__ import annotations

from keras import ops

from converters.errors import UnsupportedVariantError
from converters.torch_to_tf.targets.keras_model.builder import Builder
from converters.torch_to_tf.targets.keras_model.sizes import broadcast
from converters.torch_to_tf.targets.keras_model.translate import Call, translates
from converters.torch_to_tf.targets.keras_model.values import Tensor, Value


@translates("MatMul", "BatchMatMulV2", "BatchMatMul")
def matmul(call: Call, x: Value, y: Value) -> Value:
    """Products of matrices, with or without batch axes."""
    first, second = (
        ("transpose_a", "transpose_b") if call.operation.type == "MatMul" else ("adj_x", "adj_y")
    )
    builder = call.builder
    if call.dtype.startswith("complex") and (call.attribute(first) or call.attribute(second)):
        raise UnsupportedVariantError("a product with a complex adjoint")
    a = _flipped(builder, x, wanted=call.attribute(first))
    b = _flipped(builder, y, wanted=call.attribute(second))
    dims = (*broadcast(a.dims[:-2], b.dims[:-2]), a.dims[-2], b.dims[-1])
    return builder.call(ops.matmul, a, b, dims=dims, dtype=call.dtype)


def _flipped(builder: Builder, value: Value, *, wanted: bool) -> Tensor:
    tensor = builder.symbolic(value)
    if not wanted:
        return tensor
    dims = (*tensor.dims[:-2], tensor.dims[-1], tensor.dims[-2])
    return builder.call(ops.swapaxes, tensor, -1, -2, dims=dims)  # type: ignore[no-any-return]


@translates("Einsum")
def einsum(call: Call, *xs: Value) -> Value:
    """Sums of products by a formula."""
    equation = str(call.attribute("equation"))
    if "." in equation:
        raise UnsupportedVariantError(f"einsum with an ellipsis ({equation})")
    terms, result = equation.split("->")
    sizes = {
        letter: size
        for term, x in zip(terms.split(","), xs, strict=True)
        for letter, size in zip(term, x.dims, strict=True)
    }
    tensors = [call.builder.symbolic(x) for x in xs]
    return call.builder.call(
        ops.einsum, equation, *tensors, dims=tuple(sizes[letter] for letter in result)
    )


@translates("Cholesky")
def cholesky(call: Call, x: Value) -> Value:
    """The lower factor."""
    return call.builder.call(ops.cholesky, x, dims=x.dims)


@translates("MatrixInverse")
def matrix_inverse(call: Call, x: Value) -> Value:
    """The inverse of square matrices."""
    if call.attribute("adjoint"):
        raise UnsupportedVariantError("the inverse of an adjoint")
    return call.builder.call(ops.inv, x, dims=x.dims)


@translates("MatrixSolve")
def matrix_solve(call: Call, x: Value, y: Value) -> Value:
    """Linear equations."""
    if call.attribute("adjoint"):
        raise UnsupportedVariantError("equations with an adjoint")
    return call.builder.call(ops.solve, x, y, dims=y.dims)


@translates("MatrixTriangularSolve")
def triangular_solve(call: Call, x: Value, y: Value) -> Value:
    """Linear equations with a triangular matrix."""
    if call.attribute("adjoint"):
        raise UnsupportedVariantError("equations with an adjoint")
    lower = bool(call.attribute("lower"))
    return call.builder.call(ops.solve_triangular, x, y, lower=lower, dims=y.dims)


@translates("MatrixDeterminant")
def determinant(call: Call, x: Value) -> Value:
    """The determinant of square matrices."""
    return call.builder.call(ops.det, x, dims=x.dims[:-2])
