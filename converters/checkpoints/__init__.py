"""Checkpoints of both frameworks, moved tensor by tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from converters.checkpoints.distributed import DISTRIBUTED
from converters.checkpoints.huggingface import SHARDED
from converters.checkpoints.keras_file import KERAS, KERAS_H5, KERAS_SHARDS
from converters.checkpoints.manifest import Entry, Manifest
from converters.checkpoints.mapping import Move, NameMap, Rule
from converters.checkpoints.pipeline import moved
from converters.checkpoints.safetensors_file import SAFETENSORS
from converters.checkpoints.store import Checkpoint, Format
from converters.checkpoints.streams import whole
from converters.checkpoints.tensor_info import TensorInfo
from converters.checkpoints.tensorflow_files import SAVED_MODEL, TENSORFLOW
from converters.checkpoints.torch_file import TORCH
from converters.errors import CheckpointError, OutputError
from converters.files import replaced_checkpoint
from converters.weights import WeightMap

__all__ = [
    "Checkpoint",
    "Copied",
    "NameMap",
    "Rule",
    "TensorInfo",
    "convert_checkpoint",
    "open_checkpoint",
    "verify_checkpoint",
]

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


@dataclass(frozen=True, slots=True)
class Copied:
    """What a conversion wrote.

    Attributes:
        path: of the new checkpoint.
        tensors: how many it holds; ``bytes``: of all their numbers.
    """

    path: Path
    tensors: int
    bytes: int


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
    if not (path.exists() or path.with_name(path.name + ".index").exists()):
        raise CheckpointError(f"{path} doesn't exist. Check the path.")
    found = next((f for f in FORMATS if f.recognises(path)), None)
    if found is None:
        raise CheckpointError(
            f"{path} is no checkpoint of a known format. Known are "
            f"{', '.join(f.name for f in FORMATS)}."
        )
    with found.open(path) as checkpoint:
        yield _below(checkpoint, root, path) if root else checkpoint


def _below(checkpoint: Checkpoint, root: str, path: Path) -> Checkpoint:
    names = {
        name[len(root) + 1 :]: name
        for name in checkpoint.tensors
        if name.startswith((f"{root}.", f"{root}/"))
    }
    if not names:
        first = sorted({name.split(".")[0].split("/")[0] for name in checkpoint.tensors})
        raise CheckpointError(
            f"{path} holds nothing below {root!r}; its names begin with {', '.join(first[:10])}."
        )
    tensors = {short: checkpoint.tensors[name] for short, name in names.items()}
    return Checkpoint(
        tensors,
        lambda short: checkpoint.read(names[short]),
        checkpoint.metadata,
        lambda short: checkpoint.place(names[short]),
    )


def convert_checkpoint(
    source: str | Path,
    target: str | Path,
    *,
    weights: WeightMap | NameMap | str | Path | None = None,
    reverse: bool = False,
    root: str = "",
    template: str | Path | None = None,
    manifest: str | Path | None = None,
    force: bool = False,
) -> Copied:
    """Move a checkpoint from one framework's files to another's.

    Args:
        source: the file or folder to read.
        target: what to write; the format follows the suffix, a path without one is a Hugging Face
            folder.
        weights: which tensor becomes which: the ``weights`` of a conversion, a mapping or its file.
            Without one every tensor keeps its name and layout.
        reverse: the source is on the mapping's target side.
        root: as for :func:`open_checkpoint`.
        template: a checkpoint of the same model in the target's format, which is copied and filled:
            needed where the format holds more than tensors (``.keras``, SavedModels).
        manifest: where to write every tensor's rule and hashes before and after.
        force: replace what is there.

    Returns:
        What was written. Nothing is left at ``target`` if anything fails.

    Raises:
        CheckpointError: the source is damaged or unsafe, or doesn't fit the mapping.
        OutputError: the target can't be written.
    """
    target = Path(target)
    kind = _format_for(target, template)
    with open_checkpoint(source, root=root) as checkpoint:
        names = _mapping(weights, checkpoint)
        moves = names.moves(checkpoint.tensors, reverse=reverse)
        announced = _announced(checkpoint, moves, reverse=reverse)
        entries: list[Entry] = []
        with (
            replaced_checkpoint(target, force=force) as path,
            kind.create(path, announced, Path(template) if template else None) as write,
        ):
            for move, given, results in moved(
                checkpoint, moves, reverse=reverse, read_all=manifest is not None
            ):
                made = move.source if reverse else move.target
                for name, value in zip(made, results, strict=True):
                    write(name, value)
                if manifest is not None:
                    entries.append(Entry.of(move, given, map(whole, results), reverse=reverse))
    if manifest is not None:
        with replaced_checkpoint(Path(manifest), force=True) as written:
            written.write_text(Manifest(tensors=tuple(entries)).model_dump_json(indent=1) + "\n")
    return Copied(target, len(announced), sum(info.bytes for info in announced.values()))


def verify_checkpoint(
    manifest: str | Path, source: str | Path, target: str | Path, *, root: str = ""
) -> int:
    """Prove a finished conversion again: both sides hold the numbers of the manifest.

    Every tensor of the target is made once more from the source by the rule that the manifest
    names.

    Returns:
        How many tensors of the target were compared.

    Raises:
        CheckpointError: the manifest is damaged, or a tensor is not what it was; all are listed.
    """
    record = Manifest.load(Path(manifest))
    with open_checkpoint(source, root=root) as before, open_checkpoint(target) as after:
        wrong = [problem for entry in record.tensors for problem in entry.problems(before, after)]
        more = sorted(after.tensors.keys() - {n for e in record.tensors for n in e.after})
    wrong += [f"{name} is not in the manifest" for name in more]
    if wrong:
        raise CheckpointError(f"{target} is not what {manifest} says: {'; '.join(wrong)}.")
    return sum(len(entry.after) for entry in record.tensors)


def _format_for(target: Path, template: str | Path | None) -> Format:
    name = target.name
    if template is not None and (Path(template) / "saved_model.pb").is_file():
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


def _mapping(weights: WeightMap | NameMap | str | Path | None, checkpoint: Checkpoint) -> NameMap:
    if weights is None:
        return NameMap.same(checkpoint.tensors)
    if isinstance(weights, WeightMap):
        return NameMap.of(weights)
    return weights if isinstance(weights, NameMap) else NameMap.load(Path(weights))


def _announced(
    checkpoint: Checkpoint, moves: Sequence[Move], *, reverse: bool
) -> dict[str, TensorInfo]:
    announced: dict[str, TensorInfo] = {}
    for move in moves:
        taken, made = (move.target, move.source) if reverse else (move.source, move.target)
        infos = [checkpoint.tensors[name] for name in taken]
        results = move.rule.source_infos(infos) if reverse else move.rule.target_infos(infos)
        for name, info in zip(made, results, strict=True):
            if name in announced:
                raise CheckpointError(f"two rules of the mapping write {name}. Mend the mapping.")
            announced[name] = info
    return announced
