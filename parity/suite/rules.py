"""The classes of operators that give a row its tolerance (docs/numerics.md).

Expressions in text are NumPy over the row's arguments, in float64, and what each field says.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exact:
    """Nothing rounds: bits are equal, with NaN, infinities and the signs of zeros.

    Attributes:
        zeros: whether the signs of zeros count. IEEE 754 leaves open which of two zeros an extremum
            returns.
    """

    zeros: bool = True


@dataclass(frozen=True, slots=True)
class Ulps:
    """An elementwise function: each result is within a budget of units of the last place.

    Budgets are measured for each row, dtype, device and runtime; they stand in the file of budgets
    beside the rows.

    Attributes:
        budget: where none was measured yet.
        gradient: the same for its gradients, whose rounded intermediate values count too.
    """

    budget: float = 4.0
    gradient: float = 16.0


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of products: the error in units of ``u S``, with ``S = sum |terms|``.

    Attributes:
        terms: what gives S of the outputs; by default the operator itself on the absolute values of
            its arguments, which is right for everything that is linear in each argument with
            positive weights. Of a transform it is over the absolute values.
        count: how many terms one result has; by default what the operator makes of ones.
        accumulator: the type that sums are carried in, where it is wider than the result's.
        normwise: whether algorithms (Winograd) spread one element's error over all of them.
        padded: the argument among whose numbers, and whose cotangents, algorithms put zeros. What
            such a zero makes of an infinite factor is NaN, or nothing where it is left out.
        transform: over how many of a result's last axes a fast Fourier transform does; a number
            that isn't finite makes all of them anything, for which of them it reaches depends on
            the algorithm.
    """

    terms: str = ""
    count: str = ""
    accumulator: str = ""
    normwise: bool = False
    padded: str = ""
    transform: int = 0


@dataclass(frozen=True, slots=True)
class Conditioned:
    """Everything else: as far as the rounding of its arguments carries a result.

    Attributes:
        factor: how many times that far.
        gradient: the same for gradients.
        matrices: whether an algorithm (a singular value decomposition) spreads the error of each
            element over its matrix, the last two axes.
    """

    factor: float = 16.0
    gradient: float = 24.0
    matrices: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Positions and other choices: they may differ only inside a margin.

    Attributes:
        values: what the choice picked, as an expression over the arguments and ``y``, one side's
            result (a tuple where there are several): equal values make two choices equal. Without
            it, results may differ only where rounding errors of the arguments flip them.
        choices: which results are choices, by position; the others are exact.
    """

    values: str = ""
    choices: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Factorisation:
    """A factorisation: what it rebuilds, and that its factors are orthogonal; not the factors.

    Attributes:
        rebuild: the matrix that the factors of one side give, over the arguments and ``y``, the
            tuple of its results.
        of: the matrix that it should be; an argument or an expression.
        orthogonal: matrices with orthonormal columns, as expressions over the same; one, or more
            separated by semicolons.
        values: results that are judged as numbers, norm-wise, by position (singular values).
    """

    rebuild: str
    of: str
    orthogonal: str = ""
    values: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """Random numbers: streams never match, distributions have to.

    Each place along a result's first axis is a draw of its own. A hundred draws of some thousand
    numbers together tell most wrong distributions.

    Attributes:
        cdf: the distribution function over ``x`` and the arguments, if there is one: then each side
            is judged against it too, all its numbers together.
    """

    cdf: str = ""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Steps of an optimiser or a schedule: the first axis of each result is time.

    What rounding does to a step carries over to the next ones, which the noise of the arguments
    shows.

    Attributes:
        factor: how many times the noise of the arguments.
    """

    factor: float = 32.0


Rule = Exact | Ulps | Sum | Conditioned | Decision | Factorisation | Distribution | Trajectory
