"""The user's own lowerings, registered by a module that the command line names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from parity.cli.failures import UnusableError
from parity.cli.sources import one_line


def load_plugins(texts: Sequence[str]) -> None:
    """Import each module: ``my_lowerings.py`` or ``package.module``, the working folder first.

    Nothing is imported that was not named: an installed package can't add a lowering by itself.

    Raises:
        UnusableError: there is no such module, or importing it fails.
    """
    for text in texts:
        try:
            _imported(text)
        except Exception as error:
            raise UnusableError(
                f"--plugin {text} can't be imported: {one_line(error)} Name a Python file, or a "
                "module of the working folder or of an installed package; --debug shows where it "
                "failed."
            ) from error


def _imported(text: str) -> None:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    path = Path(text)
    if path.suffix != ".py":
        importlib.import_module(text)
        return
    if not path.is_file():
        raise FileNotFoundError(f"{text} does not exist or is not a file")
    known = sys.modules.get(path.stem)
    if known is not None and _is_from(known, path):
        return  # the module that made the model may have imported it
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if known is None:
        sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if sys.modules.get(path.stem) is module:
            del sys.modules[path.stem]
        raise


def _is_from(module: object, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve() == path.resolve()
