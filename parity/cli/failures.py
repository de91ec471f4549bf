"""What a failed command says, and its exit code."""

from __future__ import annotations

import textwrap
from enum import IntEnum

import click

from converters import ConversionError, LoweringError, UnsupportedOpError, UnsupportedVariantError
from parity.errors import CheckError, ParityError
from parity.report.errors import ReportError


class ExitCode(IntEnum):
    """What a shell sees."""

    parity = 0
    mismatch = 1
    unusable = 2
    unsupported = 3
    internal = 4


class UnusableError(Exception):
    """Something that the user gave can't be used: what, and what to do."""


def exit_code(error: BaseException) -> ExitCode:
    """The exit code of a failure.

    >>> exit_code(UnsupportedVariantError("gelu with an unknown approximation"))
    <ExitCode.unsupported: 3>
    """
    if isinstance(error, UnsupportedOpError | UnsupportedVariantError):
        return ExitCode.unsupported
    if isinstance(error, LoweringError):
        cause = error.__cause__
        return (
            ExitCode.unsupported
            if isinstance(cause, UnsupportedVariantError)
            else ExitCode.internal
        )
    if isinstance(error, ParityError):
        return ExitCode.mismatch
    known = (UnusableError, ConversionError, CheckError, ReportError, click.ClickException, OSError)
    return ExitCode.unusable if isinstance(error, known) else ExitCode.internal


def explain(error: BaseException) -> ExitCode:
    """Say on stderr what went wrong, in one paragraph, and give the exit code."""
    if isinstance(error, click.ClickException):
        error.show()
        return ExitCode.unusable
    if isinstance(error, click.Abort):
        click.echo("aborted", err=True)
        return ExitCode.unusable
    code = exit_code(error)
    text = str(error) or type(error).__name__
    if code is ExitCode.internal:
        text = f"{type(error).__name__}: {text} (a failure of this tool; --debug shows where)"
    click.echo(f"parity: {_wrapped(text)}", err=True)
    return code


def _wrapped(text: str) -> str:
    """Long lines wrapped; the lines of a list stay apart."""
    return "\n".join(
        textwrap.fill(line, 100, subsequent_indent="    ", break_long_words=False) if line else ""
        for line in text.strip().splitlines()
    )
