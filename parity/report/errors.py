"""What can go wrong with a report."""

from __future__ import annotations


class ReportError(Exception):
    """A report, baseline or waivers file is unusable: what is wrong with it, and what to do."""
