"""The geometry of the pictures."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from parity.report import charts
from parity.report.scales import LogAxis
from parity.results import Points


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_the_culprit_stands_at_its_place_in_execution_order(reports):
    result = reports["epsilon"].results[0]
    picture = charts.layers(result.nodes, result.culprit)
    width = (picture.frame.right - picture.frame.left) / 90
    assert abs(picture.culprit - (picture.frame.left + 18.5 * width)) < 0.1
    assert [round(x) for x, _ in places(picture.failed)] == [round(picture.culprit)]


def test_every_compared_node_has_a_point_and_every_other_a_mark(make):
    picture = charts.layers(make["bert"](uncovered=5).nodes, None)
    assert len(places(picture.total)) == 85
    assert len(places(picture.local)) == 85
    assert len(places(picture.uncovered)) == 5


def test_a_larger_error_stands_higher_and_zero_and_nan_have_lanes_of_their_own(make):
    nodes = make["bert"]().nodes[5:9]
    errors = (1e-7, 1e-3, 0.0, float("nan"))
    nodes = [
        replace(n, total=replace(n.total, target_error=e), local=None)
        for n, e in zip(nodes, errors, strict=True)
    ]
    picture = charts.layers(nodes, None)
    small, large, zero, nan = (y for _, y in places(picture.total))
    assert zero > small > large > nan
    labels = [tick.label for tick in picture.frame.y_ticks]
    assert (labels[0], labels[-1]) == ("0", "nan, inf")


def test_without_compared_nodes_there_is_no_picture(make):
    assert charts.layers((), None) is None
    bare = [replace(n, total=None, local=None, covered=False) for n in make["bert"]().nodes]
    assert charts.layers(bare, None) is None


def test_modules_are_named_at_a_depth_that_can_be_read(make):
    groups = charts.layers(make["bert"]().nodes, None).groups
    assert [g.name for g in groups if "layer" in g.name] == [
        f"bert.encoder.layer.{i}" for i in range(6)
    ]
    assert sum(g.width for g in groups) == round(sum(g.width for g in groups))


def test_elements_above_the_bound_are_told_apart():
    picture = charts.scatter(
        Points("x", (1.0, 2.0, 3.0), (1e-7, 1e-3, float("nan")), 1e-5), "float32"
    )
    assert (picture.outside, picture.count) == (2, 3)
    assert len(places(picture.beyond)) == 2
    assert picture.frame.top < picture.bound < picture.frame.bottom


def test_the_histogram_counts_every_gradient_and_what_fails_apart(make):
    gradients = make["bert"]().gradients
    margins = (0.0, 0.01, 0.99, 1.0, 1.01, float("nan"), float("inf"), -1.0)
    picture = charts.histogram([replace(gradients[0], margin=m) for m in margins])
    counted = [int(bar.label.split()[0]) for bar in picture.bars]
    assert sum(counted) == len(margins)
    assert counted[-1] == 4
    assert picture.bars[-1].failed
    assert counted[-2] == 2


@given(numbers=st.lists(st.floats(), max_size=8), number=st.floats())
def test_every_number_has_a_place_between_the_ends(numbers, number):
    axis = LogAxis.over(numbers, 300.0, 20.0)
    assert 20.0 <= axis.at(number) <= 300.0
    assert all(20.0 <= tick.at <= 300.0 for tick in axis.ticks)


@given(
    pairs=st.lists(st.tuples(st.floats(), st.floats()), min_size=1, max_size=8), bound=st.floats()
)
def test_any_elements_can_be_drawn(pairs, bound):
    magnitude, error = zip(*pairs, strict=True)
    picture = charts.scatter(Points("x", magnitude, error, bound), "float32")
    assert picture.count == len(pairs) == len(places(picture.within)) + len(places(picture.beyond))
