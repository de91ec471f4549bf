"""Where the operator suite's time goes: frameworks against drawing, oracle and judging.

    python tests/benchmarks/bench_suite.py [FOLDER]

Reads the data of a run of ``parity ops`` (``reports/ops`` by default), prints the split for each
family, and ends with 1 if the suite's own part is larger than the frameworks'.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from parity.suite.files import read_suite

OWN = ("drawing", "oracle", "judging")


def main(folder: Path) -> int:
    """Print the split."""
    data = read_suite(folder)
    families: dict[str, Counter[str]] = {}
    for tally in data.tallies:
        families.setdefault(tally.family, Counter()).update(tally.seconds)
    whole: Counter[str] = Counter()
    print(f"{'family':<16}{'frameworks':>12}" + "".join(f"{part:>10}" for part in OWN) + "   own")
    for family, seconds in sorted(families.items()):
        whole.update(seconds)
        print(line(family, seconds))
    print(line("all", whole))
    return int(sum(whole[part] for part in OWN) > whole["frameworks"])


def line(name: str, seconds: Counter[str]) -> str:
    """One line of the table."""
    own = sum(seconds[part] for part in OWN)
    share = own / seconds["frameworks"] if seconds["frameworks"] else float("inf")
    parts = "".join(f"{seconds[part]:>10.3g}" for part in OWN)
    return f"{name:<16}{seconds['frameworks']:>12.3g}{parts}{share:>7.2g}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "reports/ops")))
