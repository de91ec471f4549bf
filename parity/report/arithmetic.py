"""In which numbers a certificate was taken, in words."""

from __future__ import annotations

from parity.results import Result

_QUANTISATION = "quantisation"


def certified_in(result: Result) -> str:
    """The numbers of a certificate's comparisons; empty if it compares none.

    A quantised file has no float64: it is run in floats with what its integers stand for.

    Args:
        result: with its certificate.
    """
    certified = result.certificate.outputs
    if not certified:
        return ""
    quantised = any(c.rule == _QUANTISATION for c in (*certified, *result.outputs))
    return "floats, with the numbers that the file's integers stand for" if quantised else "float64"
