"""Folders of numbered ``.safetensors`` or ``.bin`` files with an index, as transformers writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ValidationError

from converters.checkpoints.safetensors_file import create_safetensors, open_safetensors
from converters.checkpoints.store import Checkpoint, Format, Output, Write, sharded
from converters.checkpoints.streams import Numbers
from converters.checkpoints.torch_file import open_torch
from converters.errors import CheckpointError

_INDEX = "model.safetensors.index.json"


class _Index(BaseModel):
    weight_map: dict[str, str]


def index_of(path: Path) -> Path | None:
    """The index file of a folder; None if it holds none."""
    if path.is_file() and path.name.endswith(".index.json"):
        return path
    found = sorted(path.glob("*.index.json")) if path.is_dir() else []
    if len(found) > 1:
        names = ", ".join(item.name for item in found)
        raise CheckpointError(f"{path} holds several indexes: {names}. Name one of them.")
    return found[0] if found else None


@contextmanager
def open_sharded(path: Path) -> Iterator[Checkpoint]:
    """Open a folder, or its index file.

    Raises:
        CheckpointError: the index is damaged, names a file outside the folder or one that is
            missing, or a tensor is not where the index says.
    """
    index = index_of(path)
    assert index is not None
    try:
        places = _Index.model_validate_json(index.read_bytes()).weight_map
    except (ValidationError, OSError) as error:
        raise CheckpointError(f"{index} is no index of a checkpoint: {error}.") from error
    files = {name: _inside(index, name) for name in sorted(set(places.values()))}
    with ExitStack() as stack:
        shards = {
            name: stack.enter_context(
                open_safetensors(file) if file.suffix == ".safetensors" else open_torch(file)
            )
            for name, file in files.items()
        }
        missing = [t for t, shard in places.items() if t not in shards[shard].tensors]
        unlisted = [t for s in shards.values() for t in s.tensors if t not in places]
        if missing or unlisted:
            which = [f"not in their files: {', '.join(missing)}"] if missing else []
            which += [f"not in the index: {', '.join(unlisted)}"] if unlisted else []
            raise CheckpointError(f"{index} doesn't fit its files; {'; '.join(which)}.")
        tensors = {name: shards[shard].tensors[name] for name, shard in places.items()}
        yield Checkpoint(
            tensors,
            lambda name: shards[places[name]].read(name),
            place=lambda name: shards[places[name]].place(name),
            files=(index, *files.values()),
        )


def _inside(index: Path, name: str) -> Path:
    """A file of the index's own folder."""
    if Path(name).name != name or name in (".", ".."):
        raise CheckpointError(
            f"{index} names the file {name!r}, which is outside its folder. It is damaged or meant "
            "to do harm."
        )
    path = index.parent / name
    if not path.is_file():
        raise CheckpointError(f"{path} is missing, but {index.name} names it. Fetch it as well.")
    return path


@contextmanager
def create_sharded(output: Output) -> Iterator[Write]:
    """Write a folder of safetensors files of limited size, and their index."""
    shards = sharded(output.tensors, output.shard)
    output.path.mkdir(exist_ok=True)
    names = [
        f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        for number in range(1, len(shards) + 1)
    ]
    places = {t: name for name, shard in zip(names, shards, strict=True) for t in shard}
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(
                create_safetensors(replace(output, path=output.path / name, tensors=shard))
            )
            for name, shard in zip(names, shards, strict=True)
        }

        def write(name: str, value: Numbers) -> None:
            writers[places[name]](name, value)

        yield write
    if not output.part:
        total = sum(info.bytes for info in output.tensors.values())
        index = {"metadata": {"total_size": total}, "weight_map": places}
        (output.path / _INDEX).write_text(json.dumps(index, indent=2) + "\n")


SHARDED = Format(
    "a Hugging Face folder",
    (),
    lambda path: index_of(path) is not None,
    open_sharded,
    create_sharded,
    template="refused",
    written="shared",
)
