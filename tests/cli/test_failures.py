"""Every failure has one exit code."""

from __future__ import annotations

import click
import pytest

from converters import (
    CaptureError,
    CheckpointError,
    LoweringError,
    OutputError,
    UnsupportedOpError,
    UnsupportedVariantError,
)
from parity.cli.failures import ExitCode, UnusableError, exit_code, explain
from parity.errors import CheckError
from parity.report import ReportError


def lowering_error(cause: Exception) -> LoweringError:
    error = LoweringError("node", "aten.op.default", "", "", cause)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CaptureError("x"), ExitCode.unusable),
        (CheckpointError("x"), ExitCode.unusable),
        (OutputError("x"), ExitCode.unusable),
        (CheckError("x"), ExitCode.unusable),
        (ReportError("x"), ExitCode.unusable),
        (UnusableError("x"), ExitCode.unusable),
        (PermissionError("x"), ExitCode.unusable),
        (click.UsageError("x"), ExitCode.unusable),
        (UnsupportedOpError([]), ExitCode.unsupported),
        (UnsupportedVariantError("x"), ExitCode.unsupported),
        (lowering_error(UnsupportedVariantError("x")), ExitCode.unsupported),
        (lowering_error(TypeError("x")), ExitCode.internal),
        (ZeroDivisionError("x"), ExitCode.internal),
    ],
)
def test_the_exit_code_of_a_failure(error, code):
    assert exit_code(error) is code


def test_a_failure_of_the_tool_says_so(capsys):
    assert explain(ZeroDivisionError("division by zero")) is ExitCode.internal
    assert "a failure of this tool" in capsys.readouterr().err
