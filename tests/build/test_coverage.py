"""Which missing symbol is worth most."""

import pytest

from rumphost.build import Builder
from rumphost.build.coverage import by_page, by_symbol, implemented, plan
from rumphost.build.linker import MissingSymbol
from rumphost.build.report import DriverReport, Report

PAGES = {"buf": "buf(9)", "biodone": "buf(9)", "hook": "hook(9)", "tty": "tty(9)", "odd": ""}


def driver(name: str, *missing: str) -> DriverReport:
    symbols = tuple(MissingSymbol(one, PAGES[one], "") for one in missing)
    return DriverReport(name, "unlinked" if missing else "linked", 1, 1, missing=symbols)


REPORT = Report(
    "pci",
    "dev/pci",
    "gcc",
    0,
    (
        driver("a", "hook"),
        driver("b", "hook"),
        driver("c", "buf", "biodone"),
        driver("d", "buf", "biodone", "hook"),
        driver("e", "odd", "tty"),
        driver("f"),
    ),
    (),
)


def test_symbols_that_unlock_drivers_come_first() -> None:
    found = by_symbol(REPORT)
    assert [one.name for one in found] == ["hook", "biodone", "buf", "odd", "tty"]
    assert (found[0].unlocks, found[0].needed_by) == (("a", "b"), ("a", "b", "d"))
    assert found[0].weight == pytest.approx(2 + 1 / 3)
    assert (found[1].page, found[1].unlocks) == ("buf(9)", ())


def test_pages_take_their_symbols_together() -> None:
    found = by_page(REPORT)
    assert [(one.name, one.unlocks) for one in found] == [
        ("hook(9)", ("a", "b")),
        ("buf(9)", ("c",)),
        ("?", ()),
        ("tty(9)", ()),
    ]
    assert found[1].symbols == ("biodone", "buf")


def test_a_plan_ends_with_every_driver() -> None:
    steps = plan(REPORT)
    assert [(step.page, step.links) for step in steps] == [
        ("hook(9)", ("a", "b")),
        ("buf(9)", ("c", "d")),
        ("?", ()),
        ("tty(9)", ("e",)),
    ]


@pytest.mark.usefixtures("cache")
def test_the_shim_tells_what_it_implements() -> None:
    found = {name: page for page, name in implemented(Builder())}
    assert found["callout_reset"] == "callout(9)"
    assert found["pci_intr_establish"] == "pci_intr(9)"
    assert not any(name.startswith("rumphost_") for name in found)
