"""The JSON Schema of a report, for those who read reports without this package.

``python -m parity.report.schema docs/report.schema.json`` writes it again.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from parity.report.json import adapter
from parity.results import SCHEMA_VERSION, Report

_NUMBER = {
    "description": "A float. NaN and the infinities are strings, for JSON has no numbers for them.",
    "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``report.json``."""
    whole = adapter(Report).json_schema(mode="validation")
    kinds = {name: _described(_with_numbers(kind)) for name, kind in whole["$defs"].items()}
    report = kinds.pop("Report")
    report["properties"]["schema_version"] |= {"minimum": 1, "maximum": SCHEMA_VERSION}
    report["required"] = sorted({*report["required"], "schema_version"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **report,
        "title": "Parity report",
        "$defs": {**kinds, "Number": _NUMBER},
    }


def text() -> str:
    """The schema as it stands in docs/report.schema.json."""
    return json.dumps(schema(), indent=1, sort_keys=True) + "\n"


def _described(kind: dict[str, Any]) -> dict[str, Any]:
    """A class's docstring, with what it says about an attribute at the attribute."""
    summary, _, attributes = kind.get("description", "").partition("Attributes:")
    properties = {name: dict(item) for name, item in kind.get("properties", {}).items()}
    for names, text in re.findall(r"^ {4}(\w[\w, ]*): ((?:.|\n {5,})*)", attributes, re.MULTILINE):
        for name in names.split(", "):
            if name in properties:
                properties[name]["description"] = " ".join(text.split())
    described = {**kind, "description": " ".join(summary.split())}
    return {**described, "properties": properties} if properties else described


def _with_numbers(node: Any) -> Any:
    if isinstance(node, dict):
        if node.get("type") == "number":
            rest = {key: value for key, value in node.items() if key not in ("type", "title")}
            return {**rest, "$ref": "#/$defs/Number"}
        return {key: _with_numbers(item) for key, item in node.items() if not _is_title(key, item)}
    return [_with_numbers(item) for item in node] if isinstance(node, list) else node


def _is_title(key: str, item: object) -> bool:
    return key == "title" and isinstance(item, str)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
