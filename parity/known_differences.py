"""What is known about where PyTorch and TensorFlow differ, as values that can be run and judged by.

The entries themselves stand in ``cases/known_differences``. Nothing here imports a framework.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import ml_dtypes
import numpy as np

Arguments = Mapping[str, object]


class Kind(StrEnum):
    """What kind of difference it is."""

    SEMANTIC = "S"
    EDGE = "E"
    PRECISION = "P"
    GRADIENT = "G"
    TYPE = "T"
    NONDETERMINISM = "N"


KINDS = {
    Kind.SEMANTIC: "another default or convention",
    Kind.EDGE: "an edge value: NaN, infinity, a zero, a subnormal, nothing at all",
    Kind.PRECISION: "the same mathematics in another accuracy",
    Kind.GRADIENT: "another gradient",
    Kind.TYPE: "another type or shape, or none",
    Kind.NONDETERMINISM: "chance, order or device",
}


VERSIONS = ("torch 2.13", "tensorflow 2.21", "keras 3.15")
"""The releases that entries were seen with, unless they say otherwise."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KnownDifference:
    """One difference between the frameworks' own operators.

    Calls are texts, as in a row of the operator suite: an expression over the arguments, the lines
    of a function with ``return``, or ``package.module:function``. Conditions are NumPy expressions
    over the arguments, with :func:`tiny` beside ``np`` and ``math``.

    Attributes:
        name: unique among the entries, in words with dashes.
        kind: what kind of difference.
        torch: the call in PyTorch.
        tensorflow: the call in TensorFlow; empty where only Keras differs.
        keras: a call in Keras that does the same as TensorFlow's.
        example: arguments with which it is seen.
        gives: what PyTorch and what TensorFlow give with the example, as :func:`shown` writes it:
            numbers in four digits, or ``raises`` and the name of the error.
        without: arguments just outside the condition, with which both agree; None where there are
            no arguments that it could depend on.
        where: with which arguments it is seen; nothing else differs. Empty: with all.
        relation: what holds where it is seen, element by element or as a whole, over the arguments,
            ``pytorch``, ``tensorflow`` (both sides' result) and ``cotangent`` for gradients. Rows
            are judged by it; without one, an entry explains no result of a row.
        result: which result differs: ``output``, or ``gradient of x``.
        rows: the rows of the operator suite that it concerns.
        lowerings: the converted operators that differ in the same way, since nothing can be done.
        in_tensorflow: a call in TensorFlow or Keras with PyTorch's result.
        in_pytorch: a call in PyTorch with TensorFlow's result.
        rounding: how many units of the largest number's last place equal results may be apart.
        runtime: the runtime in which it is seen, if not in each: ``torch.compile`` of PyTorch,
            ``tf.function`` or ``XLA`` of TensorFlow, or ``eager``, TensorFlow and Keras uncompiled.
        device: the device on which it is seen, if not on each.
        releases: the releases with which alone it is seen, if not with each: ``tensorflow 2.19``.
        processor: what the processor's model or flags have to name, if it isn't seen on each:
            ``intel``, ``avx512_bf16``; after ``not``, what they must not.
        why: the cause, in a sentence.
        versions: the releases with which it was seen.
        evidence: ``run``: it is run and asserted by the tests. Otherwise the page that says so.
        reference: the row of the collection of differences that it was found by, or an issue.
    """

    name: str
    kind: Kind
    torch: str
    tensorflow: str = ""
    keras: str = ""
    example: Arguments
    gives: tuple[str, str]
    without: Arguments | None = None
    where: str = ""
    relation: str = ""
    result: str = "output"
    rows: tuple[str, ...] = ()
    lowerings: tuple[str, ...] = ()
    in_tensorflow: str = ""
    in_pytorch: str = ""
    rounding: float = 0
    runtime: str = ""
    device: str = ""
    releases: tuple[str, ...] = ()
    processor: str = ""
    why: str
    versions: tuple[str, ...] = VERSIONS
    evidence: str = "run"
    reference: str = ""

    def holds(self, arguments: Arguments) -> bool:
        """Whether it is seen with these arguments.

        Args:
            arguments: by name.
        """
        return not self.where or bool(np.all(_evaluated(self.where, arguments)))

    def concerns(self, versions: Mapping[str, str], processor: str) -> bool:
        """Whether it is seen with these releases on this processor.

        Args:
            versions: of the frameworks, by name.
            processor: its model and its flags.
        """
        named: dict[str, list[str]] = {}
        for release in self.releases:
            framework, _, version = release.partition(" ")
            named.setdefault(framework, []).append(version)
        word = self.processor.removeprefix("not ")
        if (word in processor.lower()) is not (word == self.processor):
            return False
        return all(
            any(f"{versions.get(framework, '')}.".startswith(f"{version}.") for version in several)
            for framework, several in named.items()
        )

    def explains(
        self,
        arguments: Arguments,
        pytorch: np.ndarray | str,
        tensorflow: np.ndarray | str,
        cotangent: np.ndarray | None = None,
    ) -> np.ndarray:
        """Which elements of two results it explains.

        Args:
            arguments: by name.
            pytorch: PyTorch's result, or the name of the error.
            tensorflow: TensorFlow's.
            cotangent: the direction of the output, for gradients.

        Returns:
            Bools of the results' shape, or one for them as a whole.
        """
        if isinstance(pytorch, str) or isinstance(tensorflow, str):
            sides = (pytorch, tensorflow)
            ends = [f"raises {side}" if isinstance(side, str) else "" for side in sides]
            known = [text if text.startswith("raises ") else "" for text in self.gives]
            return np.asarray(ends == known and self.holds(arguments))
        if not self.relation or not self.holds(arguments):
            return np.zeros((), bool)
        names = {"pytorch": pytorch, "tensorflow": tensorflow, "cotangent": cotangent}
        return np.asarray(_evaluated(self.relation, {**arguments, **names}), bool)


def tiny(array: np.ndarray) -> float:
    """The smallest normal number of an array's type; 0 for integers.

    >>> tiny(np.float32(1)) == 2.0**-126
    True
    """
    if array.dtype.kind in "biu":
        return 0.0
    return float(ml_dtypes.finfo(array.dtype).smallest_normal)  # type: ignore[no-untyped-call]


def eps(array: np.ndarray) -> float:
    """The distance of 1 to the next number of an array's type; 0 for integers.

    >>> eps(np.float32(1)) == 2.0**-23
    True
    """
    if array.dtype.kind in "biu":
        return 0.0
    return float(ml_dtypes.finfo(array.dtype).eps)  # type: ignore[no-untyped-call]


def _evaluated(text: str, names: Mapping[str, object]) -> Any:
    space = {"np": np, "math": math, "tiny": tiny, "eps": eps, **names}
    with np.errstate(all="ignore"):
        return eval(text, space)  # noqa: S307  # entries are code of this project


def known_differences(
    entries: Iterable[KnownDifference],
    row: str,
    arguments: Arguments,
    *,
    result: str = "output",
    runtime: str = "",
    device: str = "cpu",
) -> list[KnownDifference]:
    """The entries that may explain a result of a row of the suite.

    Refusals of other arguments than the row has only say something of its operator, and are left
    out; relations about such are refused where rows are collected.

    Args:
        entries: those to choose from.
        row: the row's name.
        arguments: of the call, by name.
        result: which of its results, ``output 0`` and the like included; ``gradient`` for any
            gradient.
        runtime: which one is judged, as entries name it; empty for entries about each.
        device: where it ran.
    """
    return [
        entry
        for entry in entries
        if row in entry.rows
        and (entry.relation or any(end.startswith("raises ") for end in entry.gives))
        and set(entry.example) <= set(arguments)
        and (result.startswith(entry.result) or entry.result.startswith(f"{result} of "))
        and entry.runtime in ("", runtime)
        and entry.device in ("", device)
        and entry.holds(arguments)
    ]


def shown(value: object, *, typed: bool = False) -> str:
    """A result as entries write it.

    Args:
        value: an array, a number, a text.
        typed: with the name of its type.

    >>> shown(np.array([1 / 3, -0.0, np.nan]))
    '[0.3333, -0, nan]'
    >>> shown(np.int64(3), typed=True)
    'int64 3'
    """
    array = np.asarray(value)
    text = _shown(array.tolist())
    return f"{array.dtype} {text}" if typed else text


def _shown(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in value)}]"
    if isinstance(value, bool) or not isinstance(value, (int, float, complex)):
        return str(value)
    if isinstance(value, complex):
        return f"{value.real:.4g}{value.imag:+.4g}j"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
