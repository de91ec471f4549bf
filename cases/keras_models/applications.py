"""Every architecture of ``keras.applications``, with seeded weights, at small sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cases.case import ModelCase
from cases.keras_models.seeding import images, seeded

CALIBRATION = 16
"""How many images the statistics come from."""

DEEP: dict[str, Any] = {"size": 64, "calibration": 64}
"""Of 16 small images a deep model's last layers see 16 pixels, fewer than can tell their channels
apart. What another image brings is then blown up until float32 holds no digit of it."""

DEEPEST: dict[str, Any] = {**DEEP, "settled": True}
"""What one layer has too much of, the gates behind it double. With statistics of other images,
results of EfficientNetB6 reached 16,112, and changing the input by a millionth changed them by 0.93
of that: float32 holds no digit of them, and noise as large as a result measures nothing. So these
rows keep the statistics of a batch that their own images are in."""


@dataclass(frozen=True, slots=True)
class Application:
    """One architecture.

    Attributes:
        name: the function of ``keras.applications`` that builds it.
        size: the side of the images.
        pixels: whether it takes numbers from 0 to 255, and scales them itself.
        calibration: how many images the statistics come from.
        settled: whether these are exactly those of a batch with the images that it is tried with.
    """

    name: str
    size: int = 32
    pixels: bool = False
    calibration: int = CALIBRATION
    settled: bool = False

    def build(self) -> tuple[object, object]:
        """The model, and two images."""
        import keras

        keras.utils.set_random_seed(0)
        model = getattr(keras.applications, self.name)(
            weights=None,
            input_shape=(self.size, self.size, 3),
            classes=10,
            classifier_activation=None,  # of random weights a softmax would often be saturated
        )
        batch, tried = self._images(self.calibration, seed=1), self._images(2)
        if self.settled:
            batch = np.concatenate([batch, tried, *self._others()])
        return seeded(model, batch, settled=self.settled), (tried,)

    def _others(self) -> tuple[np.ndarray]:
        return (self._images(1, seed=2),)

    def _images(self, count: int, *, seed: int = 0) -> np.ndarray:
        return images(count, self.size, seed=seed, high=255.0 if self.pixels else 1.0)

    def case(self) -> ModelCase:
        """The row as a model to convert; other sizes of batch are open."""
        return ModelCase(self.name, self.build, "applications", other_inputs=self._others)


APPLICATIONS = (
    *(Application(f"ConvNeXt{size}", pixels=True) for size in ("Tiny", "Small", "Base", "Large")),
    Application("ConvNeXtXLarge", pixels=True),
    *(Application(f"DenseNet{depth}") for depth in (121, 169, 201)),
    Application("EfficientNetB0", pixels=True),
    *(Application(f"EfficientNetB{scale}", pixels=True, **DEEP) for scale in range(1, 6)),
    *(Application(f"EfficientNetB{scale}", pixels=True, **DEEPEST) for scale in (6, 7)),
    Application("EfficientNetV2B0", pixels=True),
    *(
        Application(f"EfficientNetV2{scale}", pixels=True, **DEEP)
        for scale in ("B1", "B2", "B3", "S")
    ),
    *(Application(f"EfficientNetV2{scale}", pixels=True, **DEEPEST) for scale in ("M", "L")),
    Application("InceptionResNetV2", 75),
    Application("InceptionV3", 75),
    Application("MobileNet"),
    Application("MobileNetV2", 64),
    Application("MobileNetV3Large", 64, pixels=True),
    Application("MobileNetV3Small", 64, pixels=True),
    Application("NASNetLarge", 64),
    Application("NASNetMobile", 64),
    *(Application(f"ResNet{depth}", 64) for depth in (50, 101, 152)),
    *(Application(f"ResNet{depth}V2", 64) for depth in (50, 101, 152)),
    Application("VGG16"),
    Application("VGG19"),
    Application("Xception", 71),
)

CASES = tuple(application.case() for application in APPLICATIONS)
