"""The words of a report, explained where they stand."""

from __future__ import annotations

GLOSSARY = {
    "verdict": (
        "What was found: exact (bit for bit), rounding (the same function, differing by what "
        "its arithmetic explains), quantisation (the same function, differing by what the scales "
        "of a quantised file explain), known difference (registered and asserted), decision flip "
        "(a discrete choice fell the other way inside its margin), inconclusive, mismatch (not "
        "rounding), unsupported, or error."
    ),
    "certificate": (
        "Both sides run in float64, where rounding nearly vanishes and a different function "
        "does not. If they agree to float64's own rounding they compute the same function, and "
        "what is left in the model's own type is rounding. A quantised file has no float64: it is "
        "run in floats, with the numbers that its integers stand for."
    ),
    "oracle": (
        "The same function on the same inputs in float64. Each side is measured against it, so "
        "that the report can say which side is off."
    ),
    "noise": (
        "How far rounding alone moves the tensor: root mean square movement when every "
        "operation is nudged by one unit roundoff, over several seeded runs. In a quantised file: "
        "when every quantised number is moved by up to half a step of its scale."
    ),
    "tolerance": (
        "How far from the oracle the target may be. It follows from the noise, not from a constant."
    ),
    "margin": "The part of the tolerance that the target uses. Above 1 is not rounding, nor "
    "in a quantised file quantisation.",
    "target error": "Root mean square distance of the target to the oracle.",
    "source error": "Root mean square distance of the source to the oracle.",
    "total error": "The target's error at a node, accumulated from the inputs on.",
    "local error": "The error of a node alone, fed with the source's recorded inputs.",
    "float64 margin": (
        "The margin of a node alone in float64, fed with the source's recorded inputs. Above 1 "
        "the node computes something else."
    ),
    "max abs": "Largest absolute difference between target and source.",
    "max rel": "Largest difference between target and source over the largest value of the source.",
    "ulp": (
        "Distance between the sides in units of the last place, at the oracle's value: the "
        "largest, and the 99th percentile. Large after cancellation even where all is well."
    ),
    "nan mismatches": (
        "Elements that are NaN or infinite on one side only, or infinite with another sign."
    ),
    "worse side": "Who is further from the oracle by more than the noise.",
    "sign bias": (
        "Share of positive signs in target minus oracle, minus one half. Rounding has no "
        "preferred sign."
    ),
    "magnitude": "Root mean square of the source's tensor.",
    "zone": (
        "For sums of products: where the error lies against u times the sum of absolute "
        "products. Expected, plausible, unexplained, or not a reordering, which no order of "
        "summation explains."
    ),
    "culprit": (
        "The first node whose own error is not rounding, however far downstream the output drifted."
    ),
    "spread": (
        "How far each side is from itself when it is run again, over the largest output (A/A)."
    ),
    "accumulated": (
        "The verdict on a node's tensor as the model computes it. Downstream of a fault it "
        "fails even where the node itself is right."
    ),
    "rule": "The rule that decided.",
    "worst element": "The element that uses most of its tolerance, as hexadecimal floats.",
}
"""Term to explanation; plain text."""


def anchor(term: str) -> str:
    """The id of a term's entry.

    >>> anchor("nan mismatches")
    'term-nan-mismatches'
    """
    return f"term-{term.replace(' ', '-')}"
