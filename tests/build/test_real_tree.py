"""The drivers of a NetBSD tree, if RUMPHOST_SYS names one: each accounted for, most compiled."""

import os
from pathlib import Path

import pytest

from rumphost.build import Builder
from rumphost.build.report import Report
from rumphost.build.survey import Survey
from rumphost.build.tree import Sources

TREE = os.environ.get("RUMPHOST_SYS", "")
NOT_COMPILED = 7
"""How many files of dev/pci may be broken in the tree itself: in 7.99.4 two are."""
pytestmark = [
    pytest.mark.skipif(not TREE, reason="RUMPHOST_SYS names no NetBSD tree"),
    pytest.mark.xdist_group("real tree"),
]


@pytest.fixture(scope="module")
def report() -> Report:
    return Survey(Builder(Path(TREE))).of_bus("pci")


def test_every_file_of_the_bus_is_accounted_for(report: Report) -> None:
    root = Sources.find(Path(TREE)).root
    assert root is not None
    there = {f"dev/pci/{path.name}" for path in root.glob("dev/pci/*.c")}
    assert {one.path for one in report.files} == there
    assert report.total_files == len(there)


def test_nearly_every_file_compiles_unmodified(report: Report) -> None:
    broken = [one for one in report.files if not one.is_compiled and not one.lacks_header]
    assert len(broken) <= NOT_COMPILED, [one.error for one in broken]


def test_every_driver_is_told_and_each_that_fails_says_why(report: Report) -> None:
    names = {one.name for one in report.drivers}
    assert {"wm", "fxp", "pcn", "ne", "rtk"} <= names
    states = {one.name: one.state for one in report.drivers}
    assert [states[name] for name in ("wm", "fxp", "pcn", "ne", "rtk")] == ["linked"] * 5
    for one in report.drivers:
        assert (one.state == "linked") == (one.problem == ""), one.name
        assert (one.state == "unlinked") == bool(one.missing), one.name


def test_what_the_shim_lacks_is_in_a_manual_page(report: Report) -> None:
    missing = {symbol.name: symbol.page for one in report.drivers for symbol in one.missing}
    unknown = sorted(name for name, page in missing.items() if not page)
    assert len(unknown) < len(missing) / 2, unknown
