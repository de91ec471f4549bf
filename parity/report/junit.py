"""A report as JUnit XML, for the test pages of CI systems.

Each result is a suite: its verdict, its certificate, each output and each gradient are test cases.
What is inconclusive is a failure; what failed to run is an error; a certificate that was not taken
is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from parity.report.numbers import figure, labelled
from parity.results import Certificate, Comparison, Report, Result
from parity.verdict import Verdict

if TYPE_CHECKING:
    from junitparser import TestCase, TestSuite

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> bytes:
    """The XML document, UTF-8.

    Args:
        report: what was found; an empty one is a failure, for comparing nothing proves nothing.
    """
    from junitparser import JUnitXml

    document = JUnitXml(name="parity")
    for result in report.results:
        document.add_testsuite(_suite(result, report))
    if not report.results:
        document.add_testsuite(_empty(report))
    document.update_statistics()  # type: ignore[no-untyped-call]
    buffer = BytesIO()
    document.write(buffer)
    return buffer.getvalue()


def _suite(result: Result, report: Report) -> TestSuite:
    from junitparser import TestSuite

    suite = TestSuite(_plain(result.case))
    suite.timestamp = _plain(report.created)
    for name, value in _properties(result, report):
        suite.add_property(_plain(name), _plain(value))
    for case in _cases(result):
        suite.add_testcase(case)
    return suite


def _properties(result: Result, report: Report) -> Iterator[tuple[str, str]]:
    yield "source", f"{result.source} on {result.source_runtime}"
    yield "target", f"{result.target} on {result.target_runtime}"
    yield "device", result.device
    yield "dtype", result.dtype
    yield "seed", str(result.seed)
    environment = report.environment
    yield from (("python", environment.python), ("platform", environment.platform))
    yield from (("cpu", environment.cpu), ("gpu", environment.gpu))
    yield from environment.versions.items()
    yield from environment.settings.items()


def _cases(result: Result) -> Iterator[TestCase]:
    yield _case(result, "verdict", result.verdict, result.summary, seconds=result.seconds)
    yield _certificate(result, result.certificate)
    groups = (("output", result.outputs), ("gradient", result.gradients))
    for group, comparisons in groups:
        for comparison in comparisons:
            name = labelled(group, comparison.name)
            yield _case(
                result, name, comparison.verdict, _sentence(comparison), _figures(comparison)
            )


def _case(
    result: Result,
    name: str,
    verdict: Verdict,
    sentence: str,
    figures: str = "",
    *,
    seconds: float = 0.0,
) -> TestCase:
    from junitparser import Error, Failure, TestCase

    case = TestCase(_plain(name), classname=_plain(result.case), time=round(seconds, 3))
    if not verdict.passes:
        kind = Error if verdict is Verdict.error else Failure
        outcome = kind(_plain(sentence), str(verdict))
        outcome.text = _plain("\n".join(part for part in (sentence, figures) if part))
        case.result = [outcome]
    elif figures:
        case.system_out = _plain(figures)
    return case


def _certificate(result: Result, certificate: Certificate) -> TestCase:
    from junitparser import Skipped

    sentence = f"{certificate.outcome}: {certificate.detail}"
    expected = result.verdict is Verdict.known_difference
    same = certificate.outcome.startswith("same function") or expected
    case = _case(result, "certificate", Verdict.rounding if same else Verdict.mismatch, sentence)
    if certificate.outcome in ("not taken", "float32 only"):
        case.result = [Skipped(_plain(sentence))]
    return case


def _empty(report: Report) -> TestSuite:
    from junitparser import Failure, TestCase, TestSuite

    suite = TestSuite("report")
    suite.timestamp = _plain(report.created)
    case = TestCase("verdict", classname="report")
    case.result = [Failure("the report has no results, so nothing was compared", "inconclusive")]
    suite.add_testcase(case)
    return suite


def _sentence(comparison: Comparison) -> str:
    return comparison.detail or f"{comparison.verdict}: margin {figure(comparison.margin)}"


def _figures(comparison: Comparison) -> str:
    return (
        f"margin {figure(comparison.margin)} of {comparison.tolerance_from}; "
        f"error of the target {figure(comparison.target_error)}, "
        f"of the source {figure(comparison.source_error)}, noise {figure(comparison.noise)}; "
        f"largest difference {figure(comparison.max_abs)}, {figure(comparison.ulp_max)} ulp; "
        f"{comparison.nan_mismatches} NaN mismatches in {comparison.elements} elements"
    )


def _plain(text: str) -> str:
    """The text without the characters that XML 1.0 can't hold."""
    return _FORBIDDEN.sub("\ufffd", text)
