"""``.pt2`` files, read without running anything that stands in them.

``torch.export.load`` trusts its file: it unpickles what ``weights_only`` refuses, evaluates size
expressions and guards as Python, and takes any attribute below ``torch`` for an operator. So the
archive is looked through first, and whatever is not plain data is refused by name.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from converters.errors import CaptureError

_MEMBERS = re.compile(
    r"[^/]+/(?:"
    r"models/[^/]+\.json|data/weights/[^/]+|data/constants/(?:tensor_\d+|[^/]+_config\.json)"
    r"|data/sample_inputs/[^/]+\.pt|archive_format|archive_version|byteorder|version"
    r"|\.data/(?:version|serialization_id)|\.format_version|\.storage_alignment|extra/.*)"
)
_TARGET = re.compile(r"(?:torch\.ops\.[\w.]+|_operator\.\w+|math\.\w+|torch\.sym_\w+|#.+)")
_ON_FILES = re.compile(r"\.(?:from_file|save)\b")
_CALLS = frozenset(
    [
        "Integer",
        "Rational",
        "Float",
        "Add",
        "Mul",
        "Pow",
        "Max",
        "Min",
        "Mod",
        "PythonMod",
        "FloorDiv",
        "CleanDiv",
        "ModularIndexing",
        "Where",
        "Piecewise",
        "ExprCondPair",
        "CeilDiv",
        "CeilToInt",
        "FloorToInt",
        "TruncToInt",
        "RoundToInt",
        "RoundDecimal",
        "TruncToFloat",
        "ToFloat",
        "IntTrueDiv",
        "FloatTrueDiv",
        "FloatPow",
        "PowByNatural",
        "LShift",
        "RShift",
        "Identity",
        "IsNonOverlappingAndDenseIndicator",
        "BitwiseFn_bitwise_and",
        "BitwiseFn_bitwise_or",
        "Abs",
        "And",
        "Or",
        "Not",
        "Eq",
        "Ne",
        "Equality",
        "Unequality",
        "Lt",
        "Le",
        "Gt",
        "Ge",
        "StrictLessThan",
        "LessThan",
        "StrictGreaterThan",
        "GreaterThan",
        "OpaqueUnaryFn_sqrt",
        "OpaqueUnaryFn_log2",
    ]
)
_POWERS = frozenset(["Pow", "PowByNatural", "FloatPow", "LShift"])
_METHODS = frozenset(["size", "stride", "storage_offset", "dim", "numel"])
_LARGEST_EXPONENT = 64


def load_pt2(path: Path) -> ExportedProgram:
    """Read an exported program.

    Raises:
        CaptureError: the file is missing, is not a ``.pt2`` archive, is damaged, or holds something
            that would have to be run to be read.
    """
    if not path.is_file():
        raise CaptureError(f"{path} does not exist or is not a file.")
    if not _is_archive(path):
        raise CaptureError(
            f"{path} is neither a .pt2 archive nor a TorchScript file. Write one with "
            "torch.export.save(torch.export.export(...), path). If it is a checkpoint, pass the "
            "module that it belongs to, and the file as weights."
        )
    try:
        _look_through(path)
        with _weights_only():
            return torch.export.load(path)
    except CaptureError:
        raise
    except Exception as error:
        raise CaptureError(
            f"{path} can't be read as a .pt2 archive: {_first_line(error)} "
            "Write it again with torch.export.save, using a PyTorch not newer than the one here."
        ) from error


def _is_archive(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/models/" in name for name in archive.namelist())


def _look_through(path: Path) -> None:
    """Refuse an archive that holds more than data.

    Raises:
        CaptureError: it does; the message says what.
    """
    with zipfile.ZipFile(path) as archive:
        require_unique_members(path, archive)
        for name in archive.namelist():
            if not _MEMBERS.fullmatch(name):
                raise refusal(path, f"the member {name!r}, which is compiled code or a pickle")
            if "/models/" in name:
                for reason in _suspicious(json.loads(archive.read(name))):
                    raise refusal(path, reason)


def require_unique_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive with two members of one name: two readers may see either.

    Raises:
        CaptureError: it is one. PyTorch's reader doesn't tell upper from lower case.
    """
    names = [name.lower() for name in archive.namelist()]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise refusal(path, f"two members called {twins[0]!r}")


def refusal(path: Path, reason: str, loader: str = "torch.export.load") -> CaptureError:
    """The error for a file that holds more than data."""
    return CaptureError(
        f"{path} is refused, because it holds {reason}. Reading or running it could do more than "
        f"compute. If you trust where it comes from, load it with {loader} and pass what you get."
    )


def _suspicious(document: Any) -> Iterator[str]:
    """What of a serialized program isn't data."""
    if isinstance(document, list):
        for item in document:
            yield from _suspicious(item)
    if not isinstance(document, dict):
        return
    for key, value in document.items():
        if key == "target" and isinstance(value, str) and "inputs" in document:
            if not _TARGET.fullmatch(value) or _ON_FILES.search(value):
                yield f"a call of {value!r}, which is no operator that computes"
        elif key == "expr_str" or key == "guards_code":
            for text in value if isinstance(value, list) else [value]:
                if not _is_arithmetic(text):
                    yield f"the expression {text!r}, which is more than arithmetic of sizes"
        else:
            yield from _suspicious(value)


def _is_arithmetic(text: object) -> bool:
    """Whether a text is an expression of numbers, sizes and the functions that sizes take.

    >>> _is_arithmetic("Add(Mul(Integer(2), Symbol('s77', positive=True)), Integer(-1))")
    True
    >>> _is_arithmetic("__import__('os').system('true')"), _is_arithmetic("9**9**9")
    (False, False)
    """
    try:
        return _is_harmless(ast.parse(str(text).strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _is_harmless(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=int() | float() | bool()) | ast.Name():
            return not (isinstance(node, ast.Name) and "__" in node.id)
        case ast.UnaryOp(operand=operand):
            return _is_harmless(operand)
        case ast.BinOp(left=left, op=op, right=right):
            small = not isinstance(op, ast.Pow | ast.LShift) or _is_small(right)
            return small and _is_harmless(left) and _is_harmless(right)
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts):
            return all(map(_is_harmless, parts))
        case ast.Compare(left=left, comparators=parts):
            return all(map(_is_harmless, (left, *parts)))
        case ast.Subscript(value=value, slice=place):
            named = isinstance(place, ast.Constant) and isinstance(place.value, str)
            return _is_harmless(value) and (named or _is_harmless(place))
        case ast.Call(func=ast.Name(id="Symbol"), args=[ast.Constant(value=str(name))]):
            flags = [keyword.value for keyword in node.keywords]
            return name.isidentifier() and all(isinstance(f, ast.Constant) for f in flags)
        case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]):
            small = name not in _POWERS or (len(parts) == 2 and _is_small(parts[1]))
            return name in _CALLS and small and all(map(_is_harmless, parts))
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=parts, keywords=[]):
            return name in _METHODS and all(map(_is_harmless, (value, *parts)))
    return False


def _is_small(node: ast.expr) -> bool:
    """Whether an exponent is a small number: a tower of powers would take for ever."""
    match node:
        case ast.Call(func=ast.Name(id="Integer"), args=[ast.Constant() as number]):
            return _is_small(number)
        case ast.Constant(value=int(number)):
            return abs(number) <= _LARGEST_EXPONENT
    return False


@contextlib.contextmanager
def _weights_only() -> Iterator[None]:
    """PyTorch's own switch against its fallback to a full unpickling."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _first_line(error: BaseException) -> str:
    text = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
    return text if text.endswith((".", "!", "?")) else f"{text}."
