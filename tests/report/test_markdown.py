"""The summary that a person reads in a pull request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.report.markdown import markdown


def test_a_healthy_report_says_so_and_shows_its_outputs(reports):
    text = markdown(reports["healthy"])
    assert text.startswith("# Parity: rounding\n")
    assert "**Certificate:** same function:" in text
    row = next(line for line in text.splitlines() if line.startswith("| `last_hidden_state`"))
    output = reports["healthy"].results[0].outputs[0]
    for number in (
        output.margin,
        output.target_error,
        output.source_error,
        output.noise,
        output.ulp_max,
    ):
        assert f" {number:.3g} |" in row
    assert "Culprit" not in text
    assert "tensorflow 2.21.0" in text


def test_a_fault_names_its_culprit_with_module_and_line(reports):
    text = markdown(reports["epsilon"])
    assert "**Culprit:** `layer_norm_18`, `aten.layer_norm.default`" in text
    assert "`bert.encoder.layer.0.output.LayerNorm`" in text
    assert "modeling_bert.py:354" in text
    assert "**mismatch**" in text


def test_nodes_that_were_not_compared_are_listed_by_name_and_reason(make):
    text = markdown(make["report"](make["bert"](uncovered=3)))
    assert "**Not compared:** 3 of 90 nodes." in text
    assert "- no tensor of the target stands for it: `reshape_10`, `linear_11`, `add_12`" in text
    assert "It does not cover `reshape_10`, `linear_11`, `add_12`." in text


def test_the_gradient_with_the_largest_margin_is_named_even_if_it_is_nan(make):
    result = make["bert"]()
    nan = replace(result.gradients[3], margin=float("nan"), name="the.bad.one")
    text = markdown(make["report"](replace(result, gradients=(*result.gradients[:3], nan))))
    assert "the largest margin is nan, at `the.bad.one`" in text


def test_no_gradients_and_no_outputs_are_said_and_not_left_out(reports):
    text = markdown(reports["crashed"])
    assert "**Gradients:** none were compared." in text
    assert "**Outputs:** none were compared." in text


def test_an_empty_report_says_that_nothing_was_compared(reports):
    text = markdown(reports["empty"])
    assert "# Parity: inconclusive" in text
    assert "nothing was compared" in text


def test_several_results_have_a_table_and_failures_come_first(reports):
    text = markdown(reports["many"])
    assert "| case | verdict |" in text
    headings = [line for line in text.splitlines() if line.startswith("## `")]
    assert len(headings) == 6
    failing = [("rounding" not in heading and "known" not in heading) for heading in headings]
    assert failing == sorted(failing, reverse=True)


def test_what_there_is_no_room_for_is_counted(reports):
    text = markdown(reports["many"], limit=6000)
    assert len(text) < 7000
    assert "more result(s) are in report.html" in text


@pytest.mark.parametrize(
    "evil", ["a|b", "`x`", "``", "<img src=x>", "@someone", "[a](b)", "two\nlines", "", "#1"]
)
def test_names_from_a_model_stay_text(make, evil):
    result = make["bert"](fault_from=18)
    output = replace(result.outputs[0], name=evil, detail=evil)
    text = markdown(make["report"](replace(result, outputs=(output,), summary=evil, case=evil)))
    table = [line for line in text.splitlines() if line.startswith("|")]
    columns = {line.replace("\\|", "").count("|") for line in table}
    assert columns == {12}
    prose = "".join(part for i, part in enumerate(text.replace("``", "").split("`")) if i % 2 == 0)
    assert "<img" not in prose.replace("\\<", "")
    assert "@someone" not in prose
