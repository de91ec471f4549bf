"""Baselines: small, sorted, stable, and exact about what they keep."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from parity.baseline import baseline_of, baseline_text, read_baseline, write_baseline
from parity.gate import gate
from parity.report import ReportError


@pytest.mark.parametrize("kind", ["healthy", "known difference", "broken", "undecided"])
def test_a_baseline_reads_back_exactly(reports, tmp_path, kind):
    baseline = baseline_of(reports[kind])
    path = tmp_path / "bert.json"
    path.write_text(baseline_text(baseline))
    assert repr(read_baseline(path)) == repr(baseline)


def test_keys_are_sorted_and_each_comparison_has_a_line(reports):
    text = baseline_text(baseline_of(reports["many"]))
    pairs = json.loads(
        text,
        object_pairs_hook=lambda pairs: [key for key, _ in pairs] == sorted(k for k, _ in pairs),
    )
    assert pairs is True
    assert sum('"pooler_output": {' in line for line in text.splitlines()) == 6


def test_floats_have_three_digits_so_that_noise_does_not_churn(make):
    healthy = make["bert"]()
    first = healthy.outputs[0]
    nudged = replace(
        first, target_error=first.target_error * (1 + 1e-6), margin=first.margin * (1 + 1e-6)
    )
    other = replace(healthy, outputs=(nudged, *healthy.outputs[1:]), seconds=99.0)
    texts = [baseline_text(baseline_of(make["report"](result))) for result in (healthy, other)]
    assert texts[0] == texts[1]
    assert f'"margin": {first.margin:.3g},' in texts[0]


def test_the_order_of_results_and_nodes_does_not_matter(make):
    healthy = make["bert"]()
    mixed = replace(healthy, nodes=healthy.nodes[::-1], outputs=healthy.outputs[::-1])
    assert baseline_text(baseline_of(make["report"](healthy))) == baseline_text(
        baseline_of(make["report"](mixed))
    )


def test_a_baseline_is_much_smaller_than_its_report(reports):
    from parity.report.json import encode

    assert 10 * len(baseline_text(baseline_of(reports["healthy"]))) < len(
        encode(reports["healthy"])
    )


def test_rounding_never_fails_the_report_that_was_rounded(reports):
    for kind in ("healthy", "known difference"):
        assert gate(reports[kind], baseline_of(reports[kind])).passed


def test_writing_reads_back_and_replaces(reports, tmp_path):
    path = tmp_path / "baselines" / "bert.json"
    write_baseline(reports["known difference"], path)
    written = write_baseline(reports["healthy"], path)
    assert read_baseline(path) == written == baseline_of(reports["healthy"])
    assert path.read_text().endswith("}\n")


@pytest.mark.parametrize("kind", ["epsilon", "broken", "undecided", "crashed", "empty"])
def test_a_report_that_does_not_pass_by_itself_becomes_no_baseline(reports, tmp_path, kind):
    path = tmp_path / "bert.json"
    with pytest.raises(ReportError, match="was not written"):
        write_baseline(reports[kind], path)
    assert not path.exists()


def test_two_results_of_one_name_become_no_baseline(make):
    with pytest.raises(ReportError, match="more than once"):
        baseline_of(make["report"](make["bert"](), make["bert"](1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ("{}", "no schema_version"),
        ('{"schema_version": 2, "results": {}}', "Upgrade"),
        ('{"schema_version": 1, "results": {}, "zork": 1}', "unknown field zork"),
        ('{"schema_version": 1, "results": {"a": {}}}', r"missing field results\.a\.verdict"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path, text, message):
    path = tmp_path / "bert.json"
    path.write_text(text)
    with pytest.raises(ReportError, match=message):
        read_baseline(path)


def test_a_report_is_not_a_baseline(reports, tmp_path):
    from parity.report import write

    path, *_ = write(reports["healthy"], tmp_path)
    with pytest.raises(ReportError, match="is not a baseline"):
        read_baseline(path)
