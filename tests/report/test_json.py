"""Reports as JSON: exact both ways, and clear about what can't be read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parity.report import ReportError, read, readable, schema
from parity.report.json import decode, encode
from parity.results import SCHEMA_VERSION, Comparison, Points, Report

DOCUMENT = "docs/report.schema.json"
COMPARISONS = st.builds(Comparison)


def reread(report: Report) -> Report:
    return decode(encode(report), Report, "report.json")


@pytest.mark.parametrize(
    "kind",
    ["healthy", "epsilon", "broken", "undecided", "crashed", "known difference", "empty", "many"],
)
def test_a_report_reads_back_exactly(reports, kind):
    assert repr(reread(reports[kind])) == repr(reports[kind])


@given(comparison=COMPARISONS, points=st.builds(Points))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_every_float_and_text_reads_back_exactly(make, comparison, points):
    result = replace(
        make["bert"](), outputs=(comparison,), points=(points,), nodes=(), gradients=()
    )
    report = readable(make["report"](result))
    assert repr(reread(report)) == repr(report)


def test_what_is_not_finite_is_written_as_a_string(reports):
    output = json.loads(encode(reports["broken"]))["results"][0]["outputs"][0]
    assert (output["max_abs"], output["max_rel"]) == ("Infinity", "NaN")


def test_a_lone_surrogate_is_refused_with_the_cure_and_escaped_by_readable(make):
    report = make["report"](replace(make["bert"](), case="caf\udce9"))
    with pytest.raises(ReportError, match="readable"):
        encode(report)
    assert reread(readable(report)).results[0].case == "caf\\udce9"


def changed(report: Report, change) -> bytes:
    document = json.loads(encode(report))
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema_version=SCHEMA_VERSION + 1), "Upgrade torch-tf-parity"),
        (lambda d: d.update(schema_version="1"), "no schema_version"),
        (lambda d: d.update(schema_version=True), "no schema_version"),
        (lambda d: d.update(schema_version=0), "no schema_version"),
        (lambda d: d.pop("schema_version"), "no schema_version"),
        (lambda d: d.update(colour="red"), "unknown field colour"),
        (lambda d: d["results"][0].update(zork=1), r"unknown field results\[0\]\.zork"),
        (
            lambda d: d["results"][0]["outputs"][1].pop("rule"),
            r"missing field results\[0\]\.outputs\[1\]\.rule",
        ),
        (
            lambda d: d["results"][0].update(verdict="fine"),
            r"results\[0\]\.verdict: input should be 'exact'",
        ),
        (lambda d: d["results"][0]["outputs"][0].update(margin="lots"), r"outputs\[0\]\.margin"),
        (lambda d: d.update(results=None), "results"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_with_the_place(reports, change, message):
    with pytest.raises(ReportError, match=message) as caught:
        decode(changed(reports["healthy"], change), Report, "some/report.json")
    assert str(caught.value).startswith("some/report.json ")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff\xfe", b'{"a":' + b"[" * 100_000, b"[]", b"3", b"null"]
)
def test_a_damaged_file_is_refused_in_one_clear_sentence(data):
    with pytest.raises(ReportError, match=r"damaged|no schema_version"):
        decode(data, Report, "report.json")


def test_half_a_report_is_damaged(reports):
    data = encode(reports["healthy"])
    with pytest.raises(ReportError, match="is damaged"):
        decode(data[: len(data) // 2], Report, "report.json")


def test_many_problems_are_counted(reports):
    def change(document):
        for output in document["results"][0]["gradients"]:
            output["zork"] = 1

    with pytest.raises(ReportError, match="and 32 more"):
        decode(changed(reports["healthy"], change), Report, "report.json")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReportError, match=r"nowhere\.json can't be read: No such file"):
        read(tmp_path / "nowhere.json")


def test_the_schema_in_the_documentation_is_current(request):
    stored = (request.config.rootpath / DOCUMENT).read_text(encoding="utf-8")
    assert stored == schema.text(), f"run python -m parity.report.schema {DOCUMENT}"


def test_the_schema_allows_the_strings_for_what_is_not_finite():
    document = schema.schema()
    assert document["$defs"]["Comparison"]["properties"]["margin"]["$ref"] == "#/$defs/Number"
    assert {"enum": ["NaN", "Infinity", "-Infinity"]} in document["$defs"]["Number"]["anyOf"]
