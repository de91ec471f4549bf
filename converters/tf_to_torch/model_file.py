"""A file or folder as a source, with what it takes to open it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converters.errors import CaptureError

if TYPE_CHECKING:
    from converters.tf_to_torch.source import TensorFlowSource


class ModelFile:
    """A model in a file; it is read once, however often it is captured and run.

    Attributes:
        path: where it is.
        signature: which of a SavedModel's; None for the only or the usual one.
        custom_objects: classes and functions by name, which a Keras file needs and doesn't bring.
    """

    def __init__(
        self,
        path: str | Path,
        signature: str | None = None,
        custom_objects: Mapping[str, Any] | None = None,
    ) -> None:
        """Opens nothing yet."""
        self.path, self.signature = Path(path), signature
        self.custom_objects = dict(custom_objects or {})
        self._source: TensorFlowSource | None = None
        self._model: Any = None

    def __str__(self) -> str:
        """The path."""
        return str(self.path)

    def opened(
        self, examples: Mapping[str, Any] | None, *, training: bool = False
    ) -> TensorFlowSource:
        """The source.

        Args:
            examples: what the model is called with, for one that doesn't say what it takes.
            training: a Keras model as it trains.

        Raises:
            CaptureError: it is no model, or what to take of it isn't said.
            CheckpointError: it is damaged, or holds code.
        """
        from converters.tf_to_torch.files import KERAS, load_keras, open_graph
        from converters.tf_to_torch.keras_source import keras_source

        if self.path.suffix in KERAS and not self.path.is_dir():
            if self._model is None:
                self._model = load_keras(self.path, self.custom_objects)
            return keras_source(self._model, examples, training=training)
        require_keras(training=training)
        if self._source is None:
            self._source = open_graph(self.path, self.signature)
        return self._source


def require_keras(*, training: bool) -> None:
    """Refuse to take something else than a Keras model as it trains.

    Raises:
        CaptureError: that was asked for.
    """
    if training:
        raise CaptureError(
            "only a Keras model says how it trains: convert this one without training=True "
            "(--training)."
        )
