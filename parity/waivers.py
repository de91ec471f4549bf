"""Tolerances that may be looser than the baseline's, each with a reason and an end.

The file is TOML, one table for each::

    [[waiver]]
    case = "bert-tiny"
    name = "logits"
    reason = "oneDNN 3.9 splits the sum differently; reported upstream"
    expires = 2027-03-31
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from parity.report.errors import ReportError
from parity.report.json import read_bytes

_FIELDS = ("case", "name", "reason", "expires")


@dataclass(frozen=True, slots=True)
class Waiver:
    """Leave for one tolerance to be looser than the baseline's.

    Attributes:
        case: the result's case.
        name: the output or gradient.
        reason: why, in words.
        expires: the last day on which it holds.
    """

    case: str
    name: str
    reason: str
    expires: date

    def expired(self, today: date) -> bool:
        """Whether its last day is over.

        >>> waiver = Waiver("bert", "logits", "reported upstream", date(2027, 3, 31))
        >>> waiver.expired(date(2027, 3, 31))
        False
        """
        return today > self.expires


def read_waivers(path: str | Path) -> tuple[Waiver, ...]:
    """Read a waivers file.

    Raises:
        ReportError: missing, not TOML, or an entry without a reason or an expiry date.
    """
    path = Path(path)
    try:
        document = tomllib.loads(read_bytes(path).decode("utf-8"))
    except ValueError as error:
        raise ReportError(
            f"{path} is not TOML: {error}. Mend it as parity.waivers describes."
        ) from error
    entries = document.pop("waiver", [])
    if document or not isinstance(entries, list):
        held = ", ".join(document) or "waiver"
        raise ReportError(f"{path} may hold only [[waiver]] tables; {held} is something else.")
    waivers = tuple(
        _waiver(entry, f"{path}, waiver {i}") for i, entry in enumerate(entries, start=1)
    )
    places = [(w.case, w.name) for w in waivers]
    for place in places:
        if places.count(place) > 1:
            raise ReportError(
                f"{path} has two waivers for {place[1]} of {place[0]}. Keep one of them."
            )
    return waivers


def _waiver(entry: object, where: str) -> Waiver:
    if not isinstance(entry, dict):
        raise ReportError(f"{where}: must be a table with {', '.join(_FIELDS)}.")
    unknown, missing = sorted(set(entry) - set(_FIELDS)), [f for f in _FIELDS if f not in entry]
    if unknown or missing:
        problem = f"unknown field {unknown[0]}" if unknown else f"{missing[0]} is missing"
        raise ReportError(f"{where}: {problem}. A waiver has {', '.join(_FIELDS)}.")
    for field in _FIELDS[:3]:
        if not isinstance(entry[field], str) or not entry[field].strip():
            raise ReportError(f"{where}: {field} must be a text that says something.")
    expires = entry["expires"]
    if not isinstance(expires, date) or isinstance(expires, datetime):
        raise ReportError(f"{where}: expires must be a date without quotes, such as 2027-03-31.")
    return Waiver(entry["case"], entry["name"], entry["reason"], expires)
