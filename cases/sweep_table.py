"""The sweep's results as Markdown: counts, what is not right and why, and the whole table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cases.known_limits import limit_of
from cases.sweep_results import DTYPES, Document, cell, packets

_COLUMNS = ("float32", "float64", *DTYPES[2:], "complex64", "complex128")


def page(document: Document) -> str:
    """A page of its own.

    Args:
        document: a summary of :mod:`cases.sweep_results`.
    """
    return "\n".join(["# The sweep", "", *lines(document)]) + "\n"


def lines(document: Document) -> Iterator[str]:
    """The tables, line by line.

    Args:
        document: a summary of :mod:`cases.sweep_results`.
    """
    right = packets(document)
    samples = [row["float32"]["samples"] for row in _rows(document, "float32").values()]
    limit = document["limits"].get("float32")
    tried = "every sample" if limit is None else f"every one of at most {limit} spread samples"
    yield "## PyTorch's operator database"
    yield ""
    yield f"**{sum(right.values())} of {len(right)}** operators with float32 have {tried} right"
    yield (
        f"that `torch.export` accepts: {sum(s[0] for s in samples)} of {sum(s[1] for s in samples)}"
    )
    yield "samples, forward and gradient, in float32 and in float64. PyTorch refuses to export"
    yield f"another {sum(s[2] for s in samples)}. Random operators count by their distribution, and"
    yield "memory that nobody wrote by its form. An operator counts once, however many variants the"
    yield f"database has of it. Versions: {_versions(document)}."
    yield ""
    head = ("samples of", "tried of each operator", "operators all right", "samples right")
    yield f"| {' | '.join(head)} | not exportable |"
    yield f"|{'---|' * (len(head) + 1)}"
    for dtype in DTYPES:
        rows = _rows(document, dtype)
        if rows:
            good = packets(document, dtype)
            counts = [row[dtype]["samples"] for row in rows.values()]
            sums = [sum(column) for column in zip(*counts, strict=True)]
            cells = (
                dtype,
                _limit(document, dtype),
                f"{sum(good.values())} of {len(good)}",
                f"{sums[0]} of {sums[1]}",
                str(sums[2]),
            )
            yield f"| {' | '.join(cells)} |"
    yield ""
    yield "### What is not right, and why"
    yield ""
    yield "| operator | samples of | right | reason |"
    yield "|---|---|---|---|"
    for dtype in DTYPES:
        for name, row in _rows(document, dtype).items():
            good, judged, _ = row[dtype]["samples"]
            if good == judged and judged:
                continue
            first = row[dtype].get("first", "")
            refused = f"PyTorch exports none of its samples. {first}"
            reason = limit_of(name, dtype) or (first if judged else refused)
            yield f"| `{name}` | {dtype} | {good} of {judged} | {_text(reason)} |"
    yield ""
    yield "### Every operator"
    yield ""
    yield "The number of samples that are right: forward, and where there is a gradient, that of"
    yield "the gradient. **a/b** means a right ones of b."
    yield ""
    yield f"| operator | {' | '.join(_COLUMNS)} |"
    yield f"|---|{'---|' * len(_COLUMNS)}"
    for name, row in document["operators"].items():
        yield f"| `{name}` | {' | '.join(cell(row, dtype) for dtype in _COLUMNS)} |"


def _rows(document: Document, dtype: str) -> dict[str, Any]:
    return {name: row for name, row in document["operators"].items() if dtype in row}


def _limit(document: Document, dtype: str) -> str:
    limit = document["limits"].get(dtype)
    return "all" if limit is None else f"at most {limit}"


def _versions(document: Document) -> str:
    return ", ".join(f"{name} {number}" for name, number in document["versions"].items())


def _text(reason: str) -> str:
    return reason.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
