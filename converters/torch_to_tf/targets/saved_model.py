"""A SavedModel folder."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from converters.torch_to_tf.targets.traced import Traced

PROVENANCE_FILE = "assets.extra/provenance.json"


def write(traced: Traced, path: Path) -> None:
    """Write a SavedModel into an empty folder."""
    tf.saved_model.save(traced.module, str(path), signatures=traced.serving())
    extra = path / PROVENANCE_FILE
    extra.parent.mkdir(exist_ok=True)
    extra.write_text(traced.record())
