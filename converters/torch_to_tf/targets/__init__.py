"""The formats that a converted model can be written in; the suffix of the path chooses.

Each module here writes one format with ``write(traced, path, **options)`` to a path that is moved
to its place afterwards. The options of a format are the keyword-only parameters of its ``write``.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converters.errors import OutputError
from converters.files import replaced_file, replaced_folder

if TYPE_CHECKING:
    from converters.torch_to_tf.targets.traced import Traced


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a converted model.

    Attributes:
        suffix: of the path; empty for a folder without one.
        words: what it is called in messages.
        module: the module of this package that writes it.
    """

    suffix: str
    words: str
    module: str

    @property
    def write(self) -> Callable[..., None]:
        """``write(traced, path, **options)``."""
        found = importlib.import_module(f"{__name__}.{self.module}")
        write: Callable[..., None] = found.write
        return write

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the options that it knows."""
        parameters = inspect.signature(self.write).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


FORMATS = (
    Format("", "a folder without a suffix (SavedModel)", "saved_model"),
    Format(".pb", "(frozen graph)", "frozen_graph"),
    Format(".tflite", "(TFLite)", "tflite"),
    Format(".keras", "(Keras 3)", "keras_model"),
)


def format_of(path: str | Path, options: Mapping[str, object] | None = None) -> Format:
    """The format that a path's suffix names.

    Args:
        path: where the model is to be written. A suffix begins with a letter: ``net-1.5`` has none.
        options: of the format; those that are None count as not given.

    Raises:
        OutputError: nothing is written with this suffix, or the format does not know an option.
    """
    suffix = Path(path).suffix.lower()
    if not re.fullmatch(r"\.[a-z]\w*", suffix):
        suffix = ""
    found = next((item for item in FORMATS if item.suffix == suffix), None)
    if found is None:
        known = ", ".join(f"{item.suffix} {item.words}".strip() for item in FORMATS)
        raise OutputError(
            f"{Path(path).suffix} can't be written from PyTorch. What can be written: {known}."
        )
    unknown = [n for n, v in (options or {}).items() if v is not None and n not in found.options]
    if unknown:
        takes = [item for item in FORMATS if unknown[0] in item.options]
        cure = f"It is for {', '.join(i.suffix for i in takes)}." if takes else "Leave it out."
        raise OutputError(f"{found.words} knows no option {unknown[0]}. {cure}")
    return found


class Saver:
    """Writes one converted model. Called as ``conversion.save(path, force=False, **options)``."""

    def __init__(self, traced: Traced) -> None:
        self.traced = traced

    def __call__(self, path: str | Path, *, force: bool = False, **options: Any) -> Path:
        """Write the model in the format that the path's suffix names.

        Args:
            path: the file or folder; it must not exist.
            force: replace what is there.
            options: of the format (docs/targets.md); None stands for "not given".

        Raises:
            OutputError: the suffix or an option is unknown, the path exists, the model can't be
                written in this format, or the disk refuses. What was there before is untouched.
        """
        path = Path(path)
        chosen = format_of(path, options)
        given = {name: value for name, value in options.items() if value is not None}
        replaced = replaced_file if chosen.suffix else replaced_folder
        with replaced(path, force=force) as work:
            chosen.write(self.traced, work, **given)
        return path
