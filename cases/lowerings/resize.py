"""Rows of resizing and grid sampling."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from cases.case import Arguments, LoweringCase
from cases.strategies import floats

_SCALES = (0.5, 0.7, 1.0, 1.5, 2.0, 2.3, 3.0)
_NAMES = {1: "linear1d", 2: "bilinear2d", 3: "trilinear3d"}
_SCALE_NAMES = {
    1: ("scales",),
    2: ("scales_h", "scales_w"),
    3: ("scales_d", "scales_h", "scales_w"),
}
_KINDS = ("float32", "float32", "float64")


def _usable(size: int) -> SearchStrategy[float]:
    """Scale factors that leave something of an axis.

    Left out are those, other than 2, that double the size: there PyTorch's own nearest neighbours
    differ between its memory formats, and between the result and its gradient (UpSampleKernel.cpp,
    nearest_idx).
    """
    return st.sampled_from(
        [s for s in _SCALES if int(size * s) >= 1 and (s == 2 or int(size * s) != 2 * size)]
    )


@st.composite
def resized(draw: st.DrawFn, spatial: int, *, interpolated: bool, vector: bool) -> Arguments:
    """Arguments of a change of size over ``spatial`` axes.

    Args:
        spatial: number of spatial axes.
        interpolated: with the choice of aligned corners.
        vector: of the overload that takes a size or scale factors; else a size is given.
    """
    sizes = draw(st.tuples(*[st.integers(1, 6)] * spatial))
    x = draw(floats((draw(st.integers(1, 2)), draw(st.integers(1, 4)), *sizes), dtypes=_KINDS))
    aligned = {"align_corners": draw(st.booleans())} if interpolated else {}
    wanted = draw(st.tuples(*[st.integers(1, 9)] * spatial))
    if not vector:
        scales = draw(st.just((None,) * spatial) | st.tuples(*map(_usable, sizes)))
        if scales[0] is not None:
            wanted = tuple(int(n * s) for n, s in zip(sizes, scales, strict=True))
        named = dict(zip(_SCALE_NAMES[spatial], scales, strict=True))
        return {"x": x, "output_size": wanted} | aligned | named
    if draw(st.booleans()):
        return {"input": x, "output_size": wanted, "scale_factors": None} | aligned
    scales = draw(st.tuples(*map(_usable, sizes)))
    return {"input": x, "output_size": None, "scale_factors": scales} | aligned


@st.composite
def sampled(draw: st.DrawFn, spatial: int, modes: tuple[int, ...] = (0, 1)) -> Arguments:
    """Arguments of a sampling of images or volumes, inside and outside."""
    sizes, wanted = draw(st.tuples(*[st.tuples(*[st.integers(1, 5)] * spatial)] * 2))
    batch = draw(st.integers(1, 2))
    x = draw(floats((batch, draw(st.integers(1, 3)), *sizes), dtypes=("float32",)))
    places = floats((batch, *wanted, spatial), dtypes=("float32",), distributions=("normal",))
    return {
        "input": x,
        "grid": draw(places),
        "interpolation_mode": draw(st.sampled_from(modes)),
        "padding_mode": draw(st.integers(0, 2)),
        "align_corners": draw(st.booleans()),
    }


def _row(
    name: str, spatial: int, overload: str = "vec", *, interpolated: bool = False
) -> LoweringCase:
    drawn = resized(spatial, interpolated=interpolated, vector=overload == "vec")
    return LoweringCase(f"aten.{name}.{overload}", drawn)


CASES: tuple[LoweringCase, ...] = (
    *(_row(f"upsample_nearest{n}d", n, kind) for n in (1, 2, 3) for kind in ("vec", "default")),
    *(_row(f"_upsample_nearest_exact{n}d", n) for n in (1, 2, 3)),
    _row("_upsample_nearest_exact2d", 2, "default"),
    *(
        _row(f"upsample_{_NAMES[n]}", n, kind, interpolated=True)
        for n in (1, 2, 3)
        for kind in ("vec", "default")
    ),
    *(_row("upsample_bicubic2d", 2, kind, interpolated=True) for kind in ("vec", "default")),
    LoweringCase("aten.grid_sampler.default", sampled(2, (0, 1, 2)), label="images"),
    LoweringCase("aten.grid_sampler.default", sampled(3), label="volumes"),
    LoweringCase("aten.grid_sampler_2d.default", sampled(2, (0, 1, 2))),
    LoweringCase("aten.grid_sampler_3d.default", sampled(3)),
)
