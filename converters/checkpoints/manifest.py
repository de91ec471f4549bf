"""What a conversion did with every tensor, so that it can be proven again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from converters.checkpoints.formats import open_checkpoint
from converters.checkpoints.mapping import Move
from converters.checkpoints.raw import bytes_of
from converters.checkpoints.rule import Rule
from converters.checkpoints.store import Checkpoint
from converters.checkpoints.streams import whole
from converters.errors import CheckpointError


class Entry(BaseModel):
    """One rule applied.

    Attributes:
        rule: with the names that its patterns stood for.
        reverse: whether it went from the rule's target to its source.
        before: SHA-256 of each tensor that was read, by name; ``after``: of each that was written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Rule
    reverse: bool = False
    before: dict[str, str]
    after: dict[str, str]

    @classmethod
    def of(
        cls,
        move: Move,
        given: Sequence[np.ndarray],
        results: Iterable[np.ndarray],
        *,
        reverse: bool,
    ) -> Entry:
        """Of a move that was just made."""
        taken, made = (move.target, move.source) if reverse else (move.source, move.target)
        return cls(
            rule=move.rule.model_copy(update={"source": move.source, "target": move.target}),
            reverse=reverse,
            before={n: hash_of(a) for n, a in zip(taken, given, strict=True)},
            after={n: hash_of(a) for n, a in zip(made, results, strict=True)},
        )

    def problems(self, before: Checkpoint, after: Checkpoint) -> Iterator[str]:
        """What is not as it was: a sentence for each tensor."""
        lost = [n for n in self.before if n not in before.tensors]
        lost += [n for n in self.after if n not in after.tensors]
        if lost:
            yield from (f"{name} is missing" for name in lost)
            return
        given = [before.read(name) for name in self.before]
        for name, array, known in zip(self.before, given, self.before.values(), strict=True):
            if hash_of(array) != known:
                yield f"{name} of the source has changed"
        made = self.rule.backward(given) if self.reverse else self.rule.forward(given)
        for (name, known), array in zip(self.after.items(), made, strict=True):
            if hash_of(after.read(name)) != known:
                yield f"{name} has changed"
            elif hash_of(array) != known:
                yield f"{name} is not what its rule makes of the source"


class Manifest(BaseModel):
    """What a manifest file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    tensors: tuple[Entry, ...]

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            CheckpointError: it is damaged, or of another version.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise CheckpointError(f"{path} can't be read: {error.strerror}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            raise CheckpointError(
                f"{path} is no manifest of version 1: {'.'.join(map(str, first['loc']))}: "
                f"{first['msg']}."
            ) from error


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


def hash_of(array: np.ndarray) -> str:
    """SHA-256 of type, shape and numbers."""
    digest = sha256(f"{array.dtype.name}{list(array.shape)}".encode())
    digest.update(bytes_of(whole(array)))
    return digest.hexdigest()
