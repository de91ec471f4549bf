"""Which operators don't round at all, and which don't on short numbers."""

from __future__ import annotations

from converters import Node, TensorSpec
from parity.compare import EXACT, EXACT_VALUES, Tolerance
from parity.sums import PRODUCTS, is_named

_OF_TENSORFLOW = (
    "All Any ArgMax ArgMin BroadcastTo Ceil Const ConcatV2 DepthToSpace Equal ExpandDims Fill "
    "Floor GatherNd GatherV2 Greater GreaterEqual Identity IsFinite IsInf IsNan Less LessEqual "
    "LogicalAnd LogicalNot LogicalOr MatrixBandPart MirrorPad Neg NotEqual OneHot OnesLike Pack "
    "Pad PadV2 Range Rank Reshape ResizeNearestNeighbor ResourceGather ReverseV2 Rint Roll Round "
    "Select SelectV2 Shape Sign Size Slice SpaceToDepth Split SplitV Squeeze StopGradient "
    "StridedSlice Tile TopKV2 Transpose Unpack ZerosLike"
).split()

EXTREMA = frozenset(
    [
        "amax",
        "amin",
        "clamp",
        "clamp_max",
        "clamp_min",
        "fmax",
        "fmin",
        "hardtanh",
        "max",
        "max_pool1d",
        "max_pool2d",
        "max_pool2d_with_indices",
        "max_pool3d",
        "maximum",
        "min",
        "minimum",
        "relu",
        "relu6",
        *"Maximum Minimum Max Min MaxPool MaxPool3D Relu Relu6 ClipByValue".split(),
    ]
)
"""Exact operators that may return either of two zeros.

IEEE 754-2008, 5.3.1, leaves open which one maxNum returns. Vector instructions return the second
operand, C++'s comparison the first, and both frameworks take the one or the other for different
elements of the same tensor.
"""

EXACT_OPERATORS = EXTREMA | frozenset(
    [
        "alias",
        "argmax",
        "argmin",
        "argsort",
        "as_strided",
        "bitwise_and",
        "bitwise_not",
        "bitwise_or",
        "bitwise_xor",
        "broadcast_to",
        "cat",
        "ceil",
        "channel_shuffle",
        "chunk",
        "clone",
        "constant_pad_nd",
        "contiguous",
        "copy",
        "copysign",
        "detach",
        "diagonal",
        "dropout",
        "embedding",
        "empty",
        "eq",
        "expand",
        "expand_as",
        "fill",
        "flatten",
        "flip",
        "floor",
        "full",
        "full_like",
        "gather",
        "ge",
        "gt",
        "identity",
        "index",
        "index_put",
        "index_select",
        "isfinite",
        "isinf",
        "isnan",
        "item",
        "le",
        "lift_fresh_copy",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "lt",
        "masked_fill",
        "masked_select",
        "movedim",
        "narrow",
        "ne",
        "nextafter",
        "neg",
        "new_full",
        "new_ones",
        "new_zeros",
        "one_hot",
        "ones",
        "ones_like",
        "pad",
        "permute",
        "pixel_shuffle",
        "pixel_unshuffle",
        "ravel",
        "reflection_pad1d",
        "reflection_pad2d",
        "reflection_pad3d",
        "repeat",
        "repeat_interleave",
        "replication_pad1d",
        "replication_pad2d",
        "replication_pad3d",
        "reshape",
        "reshape_as",
        "roll",
        "round",
        "scatter",
        "select",
        "select_scatter",
        "sign",
        "slice",
        "slice_scatter",
        "sort",
        "split",
        "split_with_sizes",
        "squeeze",
        "stack",
        "swapaxes",
        "sym_size",
        "t",
        "take",
        "take_along_dim",
        "threshold",
        "tile",
        "topk",
        "transpose",
        "tril",
        "triu",
        "trunc",
        "type_as",
        "unbind",
        "unflatten",
        "unfold",
        "unique2",
        "unique_consecutive",
        "unique_dim",
        "unsafe_view",
        "unsqueeze",
        "upsample_nearest1d",
        "upsample_nearest2d",
        "upsample_nearest3d",
        "view",
        "view_as",
        "where",
        "zeros",
        "zeros_like",
        *_OF_TENSORFLOW,
    ]
)
"""Operators that move, select or compare without rounding."""

_OF_NUMBERS = frozenset(["operator", "math", "builtins", "torch"])
"""Libraries of functions of sizes."""

ARITHMETIC_OPERATORS = frozenset(
    [
        *"add sub rsub mul square sum cumsum addcmul histc".split(),
        *"Add AddN AddV2 BiasAdd Cumsum Mul Square SquaredDifference Sub Sum".split(),
    ]
)
"""Operators that are exact on numbers with short significands: they only add and multiply, or count
them."""


def is_exact(node: Node) -> bool:
    """Whether an operator computes without rounding."""
    if node.args.get("reduce") or node.args.get("accumulate"):
        return False  # what meets at one place is added up
    if node.op.startswith(("aten.", "tf.")) and node.outputs and all(map(_is_whole, node.outputs)):
        return True  # it compares, counts or cuts off: (1 - 2**-53).long() is 0
    return node.op.split(".")[0] in _OF_NUMBERS or is_named(node, EXACT_OPERATORS)


def _is_whole(output: object) -> bool:
    """Whether a result is a tensor of integers or bools."""
    return isinstance(output, TensorSpec) and not (
        output.dtype.is_floating or output.dtype.is_complex
    )


def exact_tolerance(node: Node) -> Tolerance:
    """The tolerance of an exact operator's floating-point results."""
    return EXACT_VALUES if is_named(node, EXTREMA) else EXACT


_CASTS = (
    "aten.to",
    "aten._to_copy",
    "aten.type_as",
    "aten.float",
    "aten.double",
    "aten.half",
    "aten.bfloat16",
    "prims.convert_element_type",
)


def is_cast(node: Node) -> bool:
    """Whether an operator only changes the type."""
    return node.op.rpartition(".")[0] in _CASTS


def is_arithmetic(node: Node) -> bool:
    """Whether an operator only adds and multiplies."""
    return is_named(node, ARITHMETIC_OPERATORS | PRODUCTS)
