"""Rows of convolutions and their transposes, with and without a batch axis."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import floats, tensors

_PADDINGS = ("valid", "same")


@st.composite
def convolved(
    draw: st.DrawFn,
    spatial: int,
    *,
    transposed: bool = False,
    named: bool = False,
    whole: bool = False,
) -> Arguments:
    """Arguments of a convolution over ``spatial`` axes.

    Args:
        spatial: number of spatial axes.
        transposed: of the transposed convolution.
        named: with padding ``valid`` or ``same``.
        whole: of ``aten.convolution``, which has every argument and always a batch axis.
    """
    groups, inner, outer = draw(st.tuples(*[st.integers(1, 3)] * 3))
    channels, out = groups * inner, groups * outer
    each = st.integers
    kernel = draw(st.tuples(*[each(1, 3)] * spatial))
    dilation = draw(st.tuples(*[each(1, 2)] * spatial))
    same = named and draw(st.sampled_from(_PADDINGS)) == "same"
    stride = (1,) * spatial if same else draw(st.tuples(*[each(1, 3)] * spatial))
    padding = (0,) * spatial if named else draw(st.tuples(*[each(0, 2)] * spatial))
    extra = tuple(draw(each(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    if transposed:
        least = [
            max(1, -(-(2 * p + 1 - e - r) // s) + 1)
            for p, e, r, s in zip(padding, extra, reach, stride, strict=True)
        ]
    else:
        least = [max(1, r - 2 * p) for r, p in zip(reach, padding, strict=True)]
    sizes = tuple(n + draw(each(0, 3)) for n in least)
    batch = (draw(each(1, 3)),) if whole or draw(st.integers(0, 3)) else ()
    dtypes = ("float32", "float32", "float64")
    x = draw(floats((*batch, channels, *sizes), dtypes=dtypes))
    inner_out = (channels, outer) if transposed else (out, inner)
    kind = str(x.dtype)
    arguments: dict[str, object] = {
        "input": x,
        "weight": draw(tensors((*inner_out, *kernel), dtype=kind)),
        "bias": draw(st.none() | tensors((out,), dtype=kind)),
        "stride": stride,
        "padding": ("same" if same else "valid") if named else padding,
        "dilation": dilation,
        "groups": groups,
    }
    if transposed or whole:
        arguments["output_padding"] = extra if transposed else (0,) * spatial
    if whole:
        arguments["transposed"] = transposed
    return arguments


def _rows(op: str, arguments: SearchStrategy[Arguments], label: str = "") -> LoweringCase:
    return LoweringCase(op, arguments, label=label, static=True)


CASES: tuple[LoweringCase, ...] = (
    _rows("aten.conv1d.default", convolved(1)),
    _rows("aten.conv2d.default", convolved(2)),
    _rows("aten.conv3d.default", convolved(3)),
    _rows("aten.conv1d.padding", convolved(1, named=True)),
    _rows("aten.conv2d.padding", convolved(2, named=True)),
    _rows("aten.conv3d.padding", convolved(3, named=True)),
    _rows("aten.conv_transpose1d.default", convolved(1, transposed=True)),
    _rows("aten.conv_transpose2d.input", convolved(2, transposed=True)),
    _rows("aten.conv_transpose3d.input", convolved(3, transposed=True)),
    *(
        _rows(
            "aten.convolution.default",
            convolved(spatial, transposed=transposed, whole=True),
            f"{spatial}d{' transposed' if transposed else ''}",
        )
        for spatial in (1, 2, 3)
        for transposed in (False, True)
    ),
)
