"""Checkpoints of every format, by their path."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from converters.checkpoints.distributed import DISTRIBUTED
from converters.checkpoints.huggingface import SHARDED
from converters.checkpoints.keras_file import KERAS, KERAS_H5, KERAS_SHARDS
from converters.checkpoints.safetensors_file import SAFETENSORS
from converters.checkpoints.store import Checkpoint, Format
from converters.checkpoints.tensor_info import TensorInfo
from converters.checkpoints.tensorflow_files import SAVED_MODEL, TENSORFLOW
from converters.checkpoints.torch_file import TORCH
from converters.errors import CheckpointError, OutputError

FORMATS: tuple[Format, ...] = (
    SAFETENSORS,
    DISTRIBUTED,
    TORCH,
    KERAS_SHARDS,
    KERAS,
    KERAS_H5,
    SAVED_MODEL,
    SHARDED,
    TENSORFLOW,
)


@contextmanager
def open_checkpoint(path: str | Path, *, root: str = "") -> Iterator[Checkpoint]:
    """Open a checkpoint of any format for reading.

    Args:
        path: the file or folder.
        root: only the tensors whose names begin with this and a dot or slash, without it: for
            example "state_dict" of a Lightning checkpoint.

    Raises:
        CheckpointError: there is nothing, of no known format, or it is damaged or unsafe.
    """
    path = Path(path)
    with _kind(path).open(path) as checkpoint:
        yield _below(checkpoint, root, path) if root else checkpoint


def list_checkpoint(path: str | Path, *, root: str = "") -> dict[str, TensorInfo]:
    """What a checkpoint holds: names, types and shapes, if possible without loading a framework.

    Args:
        path: the file or folder.
        root: as for :func:`open_checkpoint`.

    Raises:
        CheckpointError: as for :func:`open_checkpoint`.
    """
    path = Path(path)
    listed = _kind(path).listing(path)
    if listed is None:
        with open_checkpoint(path, root=root) as checkpoint:
            return dict(checkpoint.tensors)
    names = _names_below(listed, root, path) if root else {name: name for name in listed}
    return {short: listed[name] for short, name in names.items()}


def _kind(path: Path) -> Format:
    if not (path.exists() or path.with_name(path.name + ".index").exists()):
        raise CheckpointError(f"{path} doesn't exist. Check the path.")
    found = next((f for f in FORMATS if f.recognises(path)), None)
    if found is None:
        raise CheckpointError(
            f"{path} is no checkpoint of a known format. Known are "
            f"{', '.join(f.name for f in FORMATS)}."
        )
    return found


def _names_below(tensors: Collection[str], root: str, path: Path) -> dict[str, str]:
    """The names below a root, by what they are called there."""
    names = {n[len(root) + 1 :]: n for n in tensors if n.startswith((f"{root}.", f"{root}/"))}
    if not names:
        first = sorted({name.split(".")[0].split("/")[0] for name in tensors})
        raise CheckpointError(
            f"{path} holds nothing below {root!r}; its names begin with {', '.join(first[:10])}."
        )
    return names


def _below(checkpoint: Checkpoint, root: str, path: Path) -> Checkpoint:
    names = _names_below(checkpoint.tensors, root, path)
    tensors = {short: checkpoint.tensors[name] for short, name in names.items()}
    return Checkpoint(
        tensors,
        lambda short: checkpoint.read(names[short]),
        checkpoint.metadata,
        lambda short: checkpoint.place(names[short]),
        checkpoint.files,
    )


def format_for(target: Path, template: Path | None) -> Format:
    """What a target's suffix stands for.

    Raises:
        OutputError: nothing, or it needs a template that isn't given, or the other way round.
    """
    name = target.name
    if template is not None and (template / "saved_model.pb").is_file():
        return SAVED_MODEL
    kind = next((f for f in FORMATS if f.suffixes and name.endswith(f.suffixes)), None)
    if kind is None and not target.suffix:
        kind = SHARDED
    if kind is None:
        suffixes = ", ".join(s for f in FORMATS for s in f.suffixes)
        raise OutputError(
            f"{target.suffix} is no checkpoint's suffix. Write {suffixes}, or name a folder "
            "without a suffix."
        )
    if kind.template == "needed" and template is None:
        raise OutputError(
            f"{kind.name} holds more than tensors. Pass one of the same model as a template."
        )
    if kind.template == "refused" and template is not None:
        raise OutputError(f"{kind.name} holds only tensors. Leave the template out.")
    return kind
