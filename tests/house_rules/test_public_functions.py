"""Every public function is documented; those that need no framework have an example that runs."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import converters
import parity

ROOT = Path(__file__).resolve().parents[2]


def public_functions() -> list[tuple[Path, ast.FunctionDef]]:
    found = []
    for package in ("converters", "parity", "cases"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text())
            found += [
                (path.relative_to(ROOT), node)
                for node in tree.body
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
            ]
    return found


def test_every_public_function_has_a_docstring():
    missing = [
        f"{path}:{node.name}" for path, node in public_functions() if not ast.get_docstring(node)
    ]
    assert missing == []


def test_every_public_function_is_fully_annotated():
    bare = [
        f"{path}:{node.name}"
        for path, node in public_functions()
        if node.returns is None
        or any(
            a.annotation is None
            for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        )
    ]
    assert bare == []


@pytest.mark.parametrize("package", [converters, parity])
def test_what_a_package_exports_is_documented(package: object):
    missing = [name for name in package.__all__ if not inspect.getdoc(getattr(package, name))]
    assert missing == []
