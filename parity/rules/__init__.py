"""The rules of the gate: about a report, about a result, about one comparison.

Each is a function that yields findings, and belongs to one of the three tables.
"""

from __future__ import annotations

from parity.rules.comparisons import COMPARISON_RULES
from parity.rules.reports import REPORT_RULES
from parity.rules.results import RESULT_RULES

__all__ = ["COMPARISON_RULES", "REPORT_RULES", "RESULT_RULES"]
