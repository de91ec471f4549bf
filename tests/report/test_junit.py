"""JUnit XML for the test pages of CI systems."""

from __future__ import annotations

from dataclasses import replace

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from parity.report.junit import junit


def cases(report):
    return {case.name: case for suite in JUnitXml.fromstring(junit(report)) for case in suite}


def test_every_output_gradient_and_the_certificate_is_a_test_case(reports):
    found = cases(reports["healthy"])
    result = reports["healthy"].results[0]
    assert set(found) == {
        "verdict",
        "certificate",
        *(f"output {c.name}" for c in result.outputs),
        *(f"gradient {c.name}" for c in result.gradients),
    }
    assert all(case.is_passed for case in found.values())


def test_a_mismatch_fails_with_its_sentence(reports):
    case = cases(reports["epsilon"])["output last_hidden_state"]
    (outcome,) = case.result
    assert isinstance(outcome, Failure)
    assert outcome.message == reports["epsilon"].results[0].outputs[0].detail
    assert outcome.type == "mismatch"
    assert "margin" in outcome.text


def test_another_function_fails_the_certificate(reports):
    (outcome,) = cases(reports["epsilon"])["certificate"].result
    assert isinstance(outcome, Failure)
    assert "different function" in outcome.message


def test_inconclusive_is_a_failure(reports):
    (outcome,) = cases(reports["undecided"])["verdict"].result
    assert isinstance(outcome, Failure)
    assert outcome.type == "inconclusive"


def test_error_is_an_error(reports):
    (outcome,) = cases(reports["crashed"])["verdict"].result
    assert isinstance(outcome, Error)


def test_a_certificate_that_was_not_taken_is_skipped_with_the_reason(reports):
    (outcome,) = cases(reports["broken"])["certificate"].result
    assert isinstance(outcome, Skipped)
    assert "lgamma has no float64 kernel" in outcome.message


def test_a_known_difference_passes(reports):
    assert all(case.is_passed for case in cases(reports["known difference"]).values())


def test_an_empty_report_fails(reports):
    document = JUnitXml.fromstring(junit(reports["empty"]))
    assert (document.tests, document.failures) == (1, 1)


def test_the_counts_add_up(reports):
    document = JUnitXml.fromstring(junit(reports["many"]))
    results = reports["many"].results
    assert document.tests == sum(2 + len(r.outputs) + len(r.gradients) for r in results)
    assert document.errors == 1


@pytest.mark.parametrize(
    "evil", ["\x00\x1b[31m", "]]>", "<b>&amp;", "\ufffe", "\U0001f600", "a\nb"]
)
def test_any_text_gives_well_formed_xml(make, evil):
    result = replace(make["bert"](fault_from=18), case=evil, summary=evil)
    output = replace(result.outputs[0], name=evil, detail=evil)
    found = cases(make["report"](replace(result, outputs=(output,))))
    assert len(found) == 2 + 1 + len(result.gradients)
