"""Waivers: nothing is waived without a reason and an end."""

from __future__ import annotations

from datetime import date

import pytest

from parity.report import ReportError
from parity.waivers import Waiver, read_waivers

GOOD = """
[[waiver]]
case = "bert-base"
name = "pooler_output"
reason = "reported upstream"
expires = 2027-03-31
"""


def test_waivers_are_read(tmp_path):
    path = tmp_path / "waivers.toml"
    path.write_text(GOOD)
    assert read_waivers(path) == (
        Waiver("bert-base", "pooler_output", "reported upstream", date(2027, 3, 31)),
    )


def test_an_empty_file_waives_nothing(tmp_path):
    path = tmp_path / "waivers.toml"
    path.write_text("# none\n")
    assert read_waivers(path) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[waiver]", "is not TOML"),
        ("[waiver]\ncase = 'x'", r"only \[\[waiver\]\] tables"),
        (GOOD + "\n[other]\n", "other is something else"),
        ("waiver = [1]", "must be a table"),
        (GOOD.replace('reason = "reported upstream"\n', ""), "reason is missing"),
        (GOOD.replace('"reported upstream"', '"  "'), "reason must be a text"),
        (GOOD.replace('"bert-base"', "3"), "case must be a text"),
        (GOOD.replace("expires = 2027-03-31\n", ""), "expires is missing"),
        (GOOD.replace("2027-03-31", '"2027-03-31"'), "expires must be a date"),
        (GOOD.replace("2027-03-31", "2027-03-31T00:00:00"), "expires must be a date"),
        (GOOD.replace("reason", "excuse"), "unknown field excuse"),
        (GOOD + GOOD, "two waivers for pooler_output of bert-base"),
    ],
)
def test_a_waiver_without_what_it_needs_is_refused(tmp_path, text, message):
    path = tmp_path / "waivers.toml"
    path.write_text(text)
    with pytest.raises(ReportError, match=message):
        read_waivers(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ReportError, match="can't be read"):
        read_waivers(tmp_path / "waivers.toml")
