"""What can go wrong in a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.results import Report


class CheckError(Exception):
    """A check can't be carried out: what is wrong with what was given, and what to do."""


class ProgramError(CheckError):
    """A target can't be run, or not in float64: TensorFlow's own reason."""


class ParityError(AssertionError):
    """Two implementations differ by more than rounding. Carries the report."""

    def __init__(self, message: str, report: Report) -> None:
        """Takes the one-sentence summary and the report."""
        super().__init__(message)
        self.report = report
