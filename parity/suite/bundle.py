"""What one framework gave, as files: judged elsewhere, where that framework isn't installed.

A bundle is a folder with ``bundle.json`` and ``arrays.safetensors``. It holds numbers and names,
never code: rows are looked up by their names in the package that is installed where it is judged.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from converters import DType
from parity.errors import CheckError
from parity.noise import Noise
from parity.report.json import adapter
from parity.results import Environment
from parity.sides import Arrays
from parity.suite.case import Arguments, OperatorCase
from parity.suite.run import Question
from parity.suite.subjects import Outcome, Way
from parity.suite.tolerances import Scales

SCHEMA_VERSION = 1
DOCUMENT, ARRAYS = "bundle.json", "arrays.safetensors"


class BundleError(CheckError):
    """A bundle that was changed, is truncated, of a newer version or of other rows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One call that was recorded.

    Attributes:
        family, row, dtype: what was called.
        digest: of the row's calls and rule (:func:`digest_of`).
        arguments: of the call.
        way: which gradients were taken.
        seed: of everything that was drawn.
        question: with the oracle's answer; None where the oracle's framework wasn't there.
        outcomes: by runtime.
    """

    family: str
    row: str
    dtype: str
    digest: str
    arguments: Arguments
    way: Way
    seed: int
    question: Question | None
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Calls that were recorded together.

    Attributes:
        framework: ``torch`` or ``tensorflow``.
        device: where they ran.
        package: of the rows.
        environment: where the numbers were made, with every switch that changes them.
        created: when.
        entries: the calls.
    """

    framework: str
    device: str
    package: str
    environment: Environment
    created: str
    entries: tuple[Entry, ...]


def digest_of(case: OperatorCase) -> str:
    """What a recorded call depends on of its row: calls, oracle and rule."""
    parts = (case.name, case.torch, case.tensorflow, case.keras, case.oracle, repr(case.rule))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def write_bundle(bundle: Bundle, folder: Path, *, force: bool = False) -> None:
    """Write a bundle, whole or not at all.

    Args:
        bundle: what was recorded.
        folder: where to.
        force: replace what is there.

    Raises:
        OutputError: something is there and ``force`` is not set, or the disk refuses.
    """
    from safetensors.numpy import save

    from converters import replaced_folder

    store = _Store()
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "framework": bundle.framework,
        "device": bundle.device,
        "package": bundle.package,
        "created": bundle.created,
        "environment": adapter(Environment).dump_python((bundle.environment,), mode="json")[0],
        "entries": [_entry_out(entry, store) for entry in bundle.entries],
    }
    arrays = save(store.arrays)
    document["arrays_sha256"] = hashlib.sha256(arrays).hexdigest()
    document["sha256"] = _sha(document)
    with replaced_folder(folder, force=force) as work:
        (work / ARRAYS).write_bytes(arrays)
        (work / DOCUMENT).write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle.

    Raises:
        BundleError: it isn't one, was changed, is truncated, or of a newer version.
    """
    from safetensors.numpy import load

    try:
        text = (folder / DOCUMENT).read_text(encoding="utf-8")
        data = (folder / ARRAYS).read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(
            f"{folder} is no bundle: {error}. A bundle is a folder that parity record wrote."
        ) from error
    try:
        document = json.loads(text)
        version = document["schema_version"]
        if version > SCHEMA_VERSION:
            raise BundleError(
                f"{folder} is a bundle of version {version}, and this version of torch-tf-parity "
                f"reads up to {SCHEMA_VERSION}. Upgrade it, or record the bundle again."
            )
        claimed, arrays_claimed = document["sha256"], document["arrays_sha256"]
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{folder}/{DOCUMENT} is damaged: {error!r}. Record the bundle again."
        ) from error
    for name, right, found in (
        (ARRAYS, arrays_claimed, hashlib.sha256(data).hexdigest()),
        (DOCUMENT, claimed, _sha(document)),
    ):
        if right != found:
            raise BundleError(
                f"{folder}/{name} was changed or is truncated: its content doesn't have the hash "
                "that was recorded. Copy the bundle again, or record it again."
            )
    try:
        store = _Store(load(data))
        return Bundle(
            document["framework"],
            document["device"],
            document["package"],
            adapter(Environment).validate_python((document["environment"],))[0],
            document["created"],
            tuple(_entry_in(entry, store) for entry in document["entries"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{folder} is not a bundle of version {SCHEMA_VERSION}: {error!r}. Record it again."
        ) from error


def now() -> str:
    """The time, as bundles and reports write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sha(document: Mapping[str, Any]) -> str:
    content = {name: part for name, part in document.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass
class _Store:
    """Arrays by number, as bytes: safetensors has no names for some types of NumPy's."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def out(self, array: np.ndarray) -> dict[str, Any]:
        array = np.asarray(array)
        key = str(len(self.arrays))
        self.arrays[key] = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
        return {"array": key, "dtype": DType(array.dtype.name).value, "shape": list(array.shape)}

    def back(self, place: Mapping[str, Any]) -> np.ndarray:
        data = self.arrays[place["array"]].tobytes()
        array = np.frombuffer(data, DType(place["dtype"]).numpy).reshape(place["shape"])
        return array.copy()


def _entry_out(entry: Entry, store: _Store) -> dict[str, Any]:
    question = entry.question
    return {
        "family": entry.family,
        "row": entry.row,
        "dtype": entry.dtype,
        "digest": entry.digest,
        "arguments": {n: _value_out(a, store) for n, a in entry.arguments.items()},
        "wanted": list(entry.way.wanted),
        "directions": _arrays_out(entry.way.directions, store),
        "seed": entry.seed,
        "question": None if question is None else _question_out(question, store),
        "outcomes": {n: _outcome_out(o, store) for n, o in entry.outcomes.items()},
    }


def _entry_in(document: Mapping[str, Any], store: _Store) -> Entry:
    arguments = {n: _value_in(a, store) for n, a in document["arguments"].items()}
    way = Way(tuple(document["wanted"]), _arrays_in(document["directions"], store))
    seed, dtype, asked = document["seed"], document["dtype"], document["question"]
    question = None
    if asked is not None:
        noise = {n: _noise_in(d, store) for n, d in asked["noise"].items()}
        sums = _arrays_in(asked["sums"], store)
        question = Question(
            arguments, dtype, way,
            _outcome_in(asked["truth"], store),
            _arrays_in(asked["flushed"], store),
            Scales(noise, sums, _number_in(asked["count"]), _number_in(asked["gain"])),
            seed,
        )  # fmt: skip
    outcomes = {n: _outcome_in(o, store) for n, o in document["outcomes"].items()}
    names = (document["family"], document["row"], dtype, document["digest"])
    return Entry(*names, arguments, way, seed, question, outcomes)


def _question_out(question: Question, store: _Store) -> dict[str, Any]:
    scales = question.scales
    return {
        "truth": _outcome_out(question.truth, store),
        "flushed": _arrays_out(question.flushed, store),
        "noise": {
            name: {
                "field": store.out(noise.field),
                "moved": None if noise.moved is None else store.out(noise.moved),
            }
            for name, noise in scales.noise.items()
        },
        "sums": _arrays_out(scales.sums, store),
        "count": _number_out(scales.count),
        "gain": _number_out(scales.gain),
    }


def _noise_in(document: Mapping[str, Any], store: _Store) -> Noise:
    moved = document["moved"]
    return Noise(store.back(document["field"]), None if moved is None else store.back(moved))


def _outcome_out(outcome: Outcome, store: _Store) -> dict[str, Any]:
    return {
        "results": _arrays_out(outcome.results, store),
        "error": outcome.error,
        "message": outcome.message,
        "seconds": _number_out(outcome.seconds),
    }


def _outcome_in(document: Mapping[str, Any], store: _Store) -> Outcome:
    results = _arrays_in(document["results"], store)
    return Outcome(results, document["error"], document["message"], _number_in(document["seconds"]))


def _arrays_out(arrays: Mapping[str, np.ndarray], store: _Store) -> dict[str, Any]:
    return {name: store.out(array) for name, array in arrays.items()}


def _arrays_in(document: Mapping[str, Any], store: _Store) -> Arrays:
    return {name: store.back(place) for name, place in document.items()}


def _value_out(value: object, store: _Store) -> Any:
    if isinstance(value, np.ndarray):
        return store.out(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (tuple, list)):
        return {"tuple": [_value_out(item, store) for item in value]}
    if isinstance(value, bool) or value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, float):
        return _number_out(value)
    if isinstance(value, complex):
        return {"complex": [_number_out(value.real), _number_out(value.imag)]}
    raise BundleError(f"an argument of type {type(value).__name__} can't be recorded.")


def _value_in(document: Any, store: _Store) -> object:
    if not isinstance(document, dict):
        return document
    if "array" in document:
        return store.back(document)
    if "tuple" in document:
        return tuple(_value_in(item, store) for item in document["tuple"])
    if "complex" in document:
        return complex(*(_number_in(part) for part in document["complex"]))
    return _number_in(document)


def _number_out(number: float) -> Any:
    return {"float": float(number).hex()} if math.isfinite(number) else {"float": str(number)}


def _number_in(document: Any) -> float:
    text = document["float"]
    return float.fromhex(text) if "x" in text else float(text)


def by_row(entries: Iterable[Entry]) -> dict[tuple[str, str, str], list[Entry]]:
    """Entries by family, row and type."""
    found: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault((entry.family, entry.row, entry.dtype), []).append(entry)
    return found
