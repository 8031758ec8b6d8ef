"""Which kernel functions there are, and which missing ones are worth most: symbol coverage.

Called by ``rumphost coverage``.  Works on the report of a survey; pure but for ``implemented``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from rumphost.build.builder import Builder
from rumphost.build.linker import MissingSymbol
from rumphost.build.pages import Pages
from rumphost.build.report import Report
from rumphost.build.symbols import read_symbols


@dataclass(frozen=True)
class Worth:
    """What one missing symbol, or one page of them, keeps from being linked."""

    name: str
    page: str
    unlocks: tuple[str, ...]
    """Drivers that would link if this alone were there."""
    needed_by: tuple[str, ...]
    weight: float
    """Sum over those drivers of its share in what each lacks."""
    symbols: tuple[str, ...]


def by_symbol(report: Report) -> list[Worth]:
    """Return the missing symbols in the order of worth."""
    return _worths(report, lambda one: one.name)


def by_page(report: Report) -> list[Worth]:
    """Return the manual pages with missing symbols in the order of worth."""
    return _worths(report, lambda one: one.page or "?")


def _worths(report: Report, key: Callable[[MissingSymbol], str]) -> list[Worth]:
    unlocks: dict[str, list[str]] = defaultdict(list)
    needed_by: dict[str, list[str]] = defaultdict(list)
    weights: dict[str, float] = defaultdict(float)
    symbols: dict[str, dict[str, None]] = defaultdict(dict)
    pages: dict[str, str] = {}
    for driver in report.drivers:
        groups: dict[str, list[str]] = defaultdict(list)
        for one in driver.missing:
            groups[key(one)].append(one.name)
            pages[key(one)] = one.page
        for name, members in groups.items():
            needed_by[name].append(driver.name)
            weights[name] += len(members) / len(driver.missing)
            symbols[name] |= dict.fromkeys(members)
            if len(groups) == 1:
                unlocks[name].append(driver.name)
    found = [
        Worth(
            name,
            pages[name],
            tuple(unlocks[name]),
            tuple(needed_by[name]),
            weights[name],
            tuple(sorted(symbols[name])),
        )
        for name in needed_by
    ]
    return sorted(found, key=lambda one: (-len(one.unlocks), -one.weight, one.name))


@dataclass(frozen=True)
class Step:
    """One step of a plan: which page to implement next, and what links once it is there."""

    page: str
    symbols: tuple[str, ...]
    links: tuple[str, ...]


def plan(report: Report) -> list[Step]:
    """Return an order of pages in which the drivers link soonest, greedily.

    Each step takes the page that brings most drivers for each symbol it costs; where no page
    alone brings one, the cheapest driver's pages come next.
    """
    left = {
        driver.name: {(one.page or "?", one.name) for one in driver.missing}
        for driver in report.drivers
        if driver.missing
    }
    steps = []
    while left:
        page = _next_page(left)
        symbols = {name for wanted in left.values() for at, name in wanted if at == page}
        for name in left:
            left[name] = {one for one in left[name] if one[0] != page}
        links = sorted(name for name, wanted in left.items() if not wanted)
        for name in links:
            del left[name]
        steps.append(Step(page, tuple(sorted(symbols)), tuple(links)))
    return steps


def _next_page(left: dict[str, set[tuple[str, str]]]) -> str:
    pages = {page for wanted in left.values() for page, _ in wanted}
    gains = {}
    for page in pages:
        cost = len({name for wanted in left.values() for at, name in wanted if at == page})
        done = sum(all(at == page for at, _ in wanted) for wanted in left.values())
        gains[page] = done / cost
    best = max(sorted(pages), key=lambda page: gains[page])
    if gains[best]:
        return best
    cheapest = min(sorted(left), key=lambda name: len(left[name]))
    return min(page for page, _ in left[cheapest])


def implemented(builder: Builder) -> list[tuple[str, str]]:
    """Return the kernel functions that the shim implements, each with its manual page."""
    compiler = builder.compiler()
    results = compiler.compile(builder.shim_jobs(), lambda _one: None)
    pages = Pages.read()
    names: set[str] = set()
    for one in results:
        if one.path is not None:
            names |= read_symbols(one.path).functions
    found = [(pages.of(name), name) for name in names if not name.startswith(("_", "rumphost_"))]
    return sorted(found, key=lambda item: (item[0] or "~", item[1]))
