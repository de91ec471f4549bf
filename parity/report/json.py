"""A report as JSON, and back, exactly.

NaN and the infinities are the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``; every other
float is the shortest decimal that reads back as the same float. docs/report_format.md describes the
format.
"""

from __future__ import annotations

import dataclasses
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from parity.report.errors import ReportError
from parity.results import SCHEMA_VERSION, Report

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")

_SHOWN = 4
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def encode(value: object) -> bytes:
    """A frozen dataclass as UTF-8 JSON.

    Args:
        value: a :class:`~parity.results.Report`, or another dataclass of plain values.

    Raises:
        ReportError: a text in it is not Unicode.
    """
    from pydantic_core import PydanticSerializationError

    try:
        return adapter(type(value)).dump_json((value,))[1:-1] + b"\n"
    except PydanticSerializationError as error:
        raise ReportError(
            f"The report can't be written: {error}. Rename what isn't valid Unicode text "
            "(a file or module name), or pass the report through parity.report.readable first."
        ) from error


def decode(data: bytes, kind: type[T], where: str, *, version: int = SCHEMA_VERSION) -> T:
    """JSON as a dataclass.

    Args:
        data: UTF-8 JSON.
        kind: the dataclass.
        where: the file's name, for messages.
        version: the newest ``schema_version`` that can be read.

    Raises:
        ReportError: damaged, of a newer version, or not of this kind.
    """
    from pydantic import ValidationError
    from pydantic_core import from_json

    try:
        document = from_json(data)
    except ValueError as error:
        raise ReportError(
            f"{where} is damaged: it isn't JSON ({error}). "
            "Write it again, or restore it from version control."
        ) from error
    _check_version(document, where, version)
    try:
        return adapter(kind).validate_json(b"[" + data + b"]")[0]
    except ValidationError as error:
        raise ReportError(
            f"{where} is not a {kind.__name__.lower()} of format {version}: {_problems(error)}. "
            "Write it again with this version, or remove what doesn't belong."
        ) from error


def read_json(path: Path) -> Report:
    """Read a report.

    Args:
        path: a ``report.json``.

    Raises:
        ReportError: missing, damaged, of a newer version, or not a report.
    """
    return decode(read_bytes(path), Report, str(path))


def read_bytes(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ReportError: it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReportError(
            f"{path} can't be read: {error.strerror or error}. "
            "Give the path of a file that you may read."
        ) from error


def readable(value: T) -> T:
    r"""The same value with lone surrogates written as escapes, so that it can be stored as UTF-8.

    File names that aren't Unicode reach Python as lone surrogates.

    >>> readable(("caf\udce9", 1))
    ('caf\\udce9', 1)
    """
    return cast("T", _readable(value))


def _readable(value: object) -> object:
    if isinstance(value, str) and type(value) is str:
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, tuple):
        return tuple(_readable(item) for item in value)
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _readable(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value


def adapter(kind: type[T]) -> TypeAdapter[tuple[T]]:
    """What validates and writes a dataclass, wrapped in a tuple of one.

    Pydantic takes settings from a dataclass itself or from a container around it; the container
    keeps the dataclasses free of any framework.
    """
    from pydantic import ConfigDict, TypeAdapter

    if kind not in _ADAPTERS:
        config = ConfigDict(ser_json_inf_nan="strings", extra="forbid")
        container: Any = types.GenericAlias(tuple, (kind,))
        _ADAPTERS[kind] = TypeAdapter(container, config=config)
    return cast("TypeAdapter[tuple[T]]", _ADAPTERS[kind])


def _check_version(document: object, where: str, version: int) -> None:
    found = document.get("schema_version") if isinstance(document, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise ReportError(
            f"{where} has no schema_version, so it isn't a file of this tool. "
            "Give the path of a report.json or of a baseline."
        )
    if found > version:
        raise ReportError(
            f"{where} has format {found}, and this version reads formats up to {version}. "
            "Upgrade torch-tf-parity, or write the file again with this version."
        )


def _problems(error: ValidationError) -> str:
    problems = error.errors(include_url=False)
    shown = [
        _problem(problem["loc"][1:], problem["type"], problem["msg"])
        for problem in problems[:_SHOWN]
    ]
    if len(problems) > _SHOWN:
        shown.append(f"and {len(problems) - _SHOWN} more")
    return "; ".join(shown)


def _problem(place: tuple[int | str, ...], kind: str, message: str) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(
        "."
    )
    if kind == "unexpected_keyword_argument":
        return f"unknown field {path}"
    if kind == "missing":
        return f"missing field {path}"
    return f"{path or 'the document'}: {message[:1].lower()}{message[1:]}"
