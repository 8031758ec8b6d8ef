"""A benchmark's figures beside those of its baseline, and the table of them all.

pytest-benchmark times what its timer says has passed. Here that is the time of one turn of what is
measured, without all that leads up to it: ``Stopwatch`` is the timer, ``Comparison`` feeds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

ROUNDS = 7


@dataclass(frozen=True)
class Sample:
    """One round: the same quantity of what is measured and of its baseline."""

    measured: float
    baseline: float
    seconds: float | None = None
    """Time of one turn, where the quantity is no time."""


@dataclass(frozen=True)
class Figures:
    """A line of the table; ``ratio`` is what the target speaks of."""

    name: str
    unit: str
    measured: float
    baseline: float
    baseline_name: str
    ratio: float
    target: str
    met: bool | None

    def row(self) -> list[str]:
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return [
            self.name, text(self.measured, self.unit), text(self.baseline, self.unit),
            self.baseline_name, f"{self.ratio:.3g}", self.target, met,
        ]  # fmt: skip


HEADINGS = ["benchmark", "measured", "baseline", "of", "ratio", "target", "met"]


def text(value: float, unit: str) -> str:
    """Write a quantity with three digits; ``s`` in whatever part of it fits."""
    if unit == "s":
        for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")):
            if value * factor >= 1 or name == "ns":
                return f"{value * factor:.3g} {name}"
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def table(rows: list[list[str]]) -> list[str]:
    """Return the table's lines."""
    rows = [HEADINGS, *rows]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADINGS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


class Stopwatch:
    """Stands still but while a comparison lets it run."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        return self._seconds

    def add(self, seconds: float) -> None:
        self._seconds += seconds


class Comparison:
    """The ``compare`` fixture. ``quick``: only see that it works."""

    def __init__(self, benchmark: Any, stopwatch: Stopwatch) -> None:
        self.quick: bool = benchmark.disabled
        self._benchmark = benchmark
        self._stopwatch = stopwatch

    def turns(self, full: int, quick: int) -> int:
        """Return how many turns to take."""
        return quick if self.quick else full

    def __call__(
        self,
        name: str,
        run: Callable[[], Sample],
        *,
        baseline: str,
        unit: str = "s",
        at_most: float | None = None,
        at_least: float | None = None,
        faster: float | None = None,
        below: float | None = None,
        rounds: int = ROUNDS,
    ) -> None:
        """Run rounds, and note the medians.

        The target is one of: the ratio to the baseline ``at_most`` or ``at_least``, so many times
        ``faster`` than the baseline, or the quantity itself ``below`` a limit.
        """
        samples: list[Sample] = []

        def once() -> None:
            sample = run()
            samples.append(sample)
            self._stopwatch.add(sample.measured if sample.seconds is None else sample.seconds)

        self._benchmark.pedantic(once, rounds=rounds, warmup_rounds=0 if self.quick else 1)
        samples = samples[1:] or samples
        measured = median(sample.measured for sample in samples)
        base = median(sample.baseline for sample in samples)
        ratio = median(sample.measured / sample.baseline for sample in samples)
        target, met = "", None
        if at_most is not None:
            target, met = f"<= {at_most:g}", ratio <= at_most
        elif at_least is not None:
            target, met = f">= {at_least:g}", ratio >= at_least
        elif faster is not None:
            target, met = f"<= 1/{faster:g}", ratio <= 1 / faster
        elif below is not None:
            target, met = f"< {text(below, unit)}", measured < below
        figures = Figures(name, unit, measured, base, baseline, ratio, target, met)
        self._benchmark.extra_info.update(asdict(figures), row=figures.row())
