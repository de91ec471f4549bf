"""Writing so that nothing is ever half-written and nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from converters.errors import ConversionError, OutputError

_FRAMEWORK_WORDS = {
    errno.ENOSPC: ("No space left", "RESOURCE_EXHAUSTED"),
    errno.EFBIG: ("File too large",),
}


@contextlib.contextmanager
def replaced_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A folder to write into, which takes the place of ``path`` when the block ends well.

    Raises:
        OutputError: ``path`` exists and ``force`` is not set, or the disk refuses. ``path`` is
            untouched then.
    """
    with _beside(path, force=force) as work:
        result = work / "result"
        result.mkdir()
        yield result
        _swap(result, path, work / "before")


@contextlib.contextmanager
def replaced_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A file to write, which takes the place of ``path`` when the block ends without an error.

    Raises:
        OutputError: as for :func:`replaced_folder`.
    """
    with _beside(path, force=force) as work:
        result = work / path.name
        yield result
        _swap(result, path, work / "before")


@contextlib.contextmanager
def replaced_checkpoint(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A path to write a file, a folder, or a file with companions at.

    When the block ends without an error, all of it takes its place; the file that was named comes
    last, so that it never names companions that aren't there. The folder it lies in until then is
    kept if the program is interrupted or killed, and given again the next time, with what it holds.

    Raises:
        OutputError: as for :func:`replaced_folder`.
    """
    with _kept_beside(path, force=force) as work:
        (work / "result").mkdir(exist_ok=True)
        result = work / "result" / path.name
        yield result
        journal_beside(result).unlink(
            missing_ok=True
        )  # from here on there is nothing to go on with
        made = sorted((work / "result").iterdir(), key=lambda item: item == result)
        for item in made:
            place = path.with_name(item.name)
            if item != result and place.exists() and not force:
                raise OutputError(f"{place} exists already. Choose another name, or pass --force.")
        for item in made:
            _swap(item, path.with_name(item.name), work / f"before-{item.name}")


def _swap(result: Path, path: Path, before: Path) -> None:
    if path.exists():
        path.rename(before)
        try:
            result.rename(path)
        except OSError:
            before.rename(path)
            raise
    else:
        result.rename(path)


def journal_beside(result: Path) -> Path:
    """Where it is kept what of a checkpoint is done."""
    return result.parent.with_name("journal")


@contextlib.contextmanager
def _beside(path: Path, *, force: bool) -> Iterator[Path]:
    work = None
    with _explained(path, force=force):
        try:
            path.absolute().parent.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.absolute().parent))
            yield work
        finally:
            if work is not None:
                shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _kept_beside(path: Path, *, force: bool) -> Iterator[Path]:
    """One that stays when the program is interrupted; one process at a time has it."""
    with _explained(path, force=force):
        work = path.absolute().parent / f".{path.name}.partial"
        work.mkdir(parents=True, exist_ok=True)
        with (work / "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OutputError(
                    f"another process is writing {path}. Wait for it, or choose another path."
                ) from error
            for before in work.glob("before-*"):  # killed while the old file made way
                place = path.with_name(before.name.removeprefix("before-"))
                if not place.exists():
                    before.rename(place)
            try:
                yield work
            except Exception:
                shutil.rmtree(work, ignore_errors=True)
                raise
            shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def _explained(path: Path, *, force: bool) -> Iterator[None]:
    """Refuse to replace what is there, and say what the system refuses."""
    if (path.exists() or path.is_symlink()) and not force:
        raise OutputError(
            f"{path} exists already. Choose another path, or pass --force to replace it."
        )
    try:
        yield
    except OSError as error:
        raise OutputError(_reason(path, error)) from error
    except ConversionError:
        raise
    except Exception as error:
        below = error.__context__  # writers fail again when they close what they couldn't write
        if isinstance(below, OSError) and below.errno in (*_FRAMEWORK_WORDS, errno.EDQUOT):
            raise OutputError(_reason(path, below)) from error
        for (
            code,
            words,
        ) in _FRAMEWORK_WORDS.items():  # TensorFlow's writers raise errors of their own
            if any(word in str(error) for word in words):
                raise OutputError(_reason(path, OSError(code, os.strerror(code)))) from error
        raise


def _reason(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{path} can't be written: the disk is full. Free some space or choose another disk."
    return (
        f"{path} can't be written: {error.strerror or error}. Choose a path that you may write to."
    )
