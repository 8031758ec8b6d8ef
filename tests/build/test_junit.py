"""JUnit XML: what CI services count as tests."""

from xml.etree import ElementTree as Xml

from rumphost.build.compiler import Diagnostic
from rumphost.build.junit import junit
from rumphost.build.linker import MissingSymbol
from rumphost.build.report import DriverReport, FileReport, Report

NOTE = Diagnostic("/s/a.c", 3, "warning", "odd \x1b[0m <&> \ufffe")
DRIVERS = (
    DriverReport("good", "linked", 1, 1, warnings=(NOTE,), seconds=1.25),
    DriverReport("lame", "unlinked", 1, 1, missing=(MissingSymbol("x", "p(9)", "/s/a.c:3"),)),
    DriverReport("bad", "failed", 1, 0, errors=(Diagnostic("/s/b.c", 7, "error", 'no "b"'),)),
)
FILES = (FileReport("dev/pci/a.c", True, "driver"), FileReport("dev/pci/b.c", False, "driver"))


def parsed(known: set[str], bus: str = "pci") -> Xml.Element:
    files = FILES if bus else ()
    return Xml.fromstring(
        junit(Report(bus, "dev/pci" if bus else "", "gcc", 2, DRIVERS, files), known)
    )


def test_drivers_and_files_are_test_cases() -> None:
    drivers, files = parsed(set())
    assert (drivers.get("tests"), drivers.get("failures"), drivers.get("time")) == (
        "3", "2", "1.250",
    )  # fmt: skip
    assert (files.get("tests"), files.get("failures")) == ("2", "1")
    good, lame, bad = drivers
    assert (good.get("classname"), good.get("name"), good.find("failure")) == (
        "rumphost.pci", "good", None,
    )  # fmt: skip
    assert good.findtext("system-out") == "warning: /s/a.c:3: odd ?[0m <&> ?"
    failure = lame.find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("link", "p(9): x")
    assert failure.text == "x of p(9), used at /s/a.c:3"
    failure = bad.find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("compile", '/s/b.c:7: no "b"')


def test_what_the_baseline_knows_is_skipped() -> None:
    drivers, files = parsed({"bad", "dev/pci/b.c"})
    assert (drivers.get("failures"), drivers.get("skipped")) == ("1", "1")
    assert (files.get("failures"), files.get("skipped")) == ("0", "1")
    skipped = drivers[2].find("skipped")
    assert skipped is not None
    assert "known to the baseline" in str(skipped.get("message"))


def test_named_drivers_have_no_files() -> None:
    [drivers] = parsed(set(), bus="")
    assert drivers.get("name") == "drivers of drivers"
