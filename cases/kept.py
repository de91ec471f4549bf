"""Results of a long run, each a small file, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


def kept(folder: Path, mark: str, kind: type[Result]) -> dict[str, Result]:
    """The results of an earlier run of the same code, by name.

    Args:
        folder: where they are.
        mark: of the code, as :func:`cases.sweep_results.fingerprint` makes it.
        kind: the dataclass of a result.
    """
    from pydantic import TypeAdapter

    made = TypeAdapter(kind)
    found = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("fingerprint", None) == mark:
            key = document.pop("key")
            found[key] = made.validate_python(document)
    return found


def keep(folder: Path, mark: str, key: str, result: Any) -> None:
    """Write one result, whole or not at all.

    Args:
        folder: where to.
        mark: of the code.
        key: the result's name.
        result: a dataclass of what JSON has, and of such.
    """
    from converters import replaced_file

    folder.mkdir(parents=True, exist_ok=True)
    document = {"fingerprint": mark, "key": key, **dataclasses.asdict(result)}
    with replaced_file(folder / f"{key.replace('/', '_')}.json", force=True) as work:
        work.write_text(json.dumps(document, indent=1), encoding="utf-8")
