"""Lines that a CI service shows beside the source."""

from pathlib import Path

from rumphost.build.annotations import annotation_lines
from rumphost.build.compiler import Diagnostic
from rumphost.build.linker import MissingSymbol
from rumphost.build.report import DriverReport, Report

WARNING = Diagnostic("/repo/a,b.c", 3, "warning", "100% odd\nreally")
DRIVERS = (
    DriverReport("good", "linked", 1, 1, warnings=(WARNING, WARNING)),
    DriverReport("bad", "failed", 1, 0, errors=(Diagnostic("/repo/b.c", 7, "error", "no"),)),
    DriverReport("gone", "failed", 0, 0, (Diagnostic("", 0, "error", "where"),), defined_at="f:4"),
    DriverReport(
        "lame",
        "unlinked",
        1,
        1,
        missing=(MissingSymbol("x", "p(9)", "/usr/c.c:9"), MissingSymbol("y", "", "")),
        sources=("/repo/lame.c",),
    ),
)
REPORT = Report("pci", "dev/pci", "gcc", 0, DRIVERS, ())


def test_errors_come_first_each_once_with_paths_of_the_repository() -> None:
    assert annotation_lines(REPORT, Path("/repo")) == [
        "::error file=b.c,line=7,title=bad does not build::no",
        "::error file=f,line=4,title=gone does not build::where",
        "::error file=/usr/c.c,line=9,title=lame does not link::nothing defines x of p(9)",
        "::error file=lame.c,title=lame does not link::nothing defines y",
        "::warning file=a%2Cb.c,line=3,title=warning::100%25 odd%0Areally",
    ]


def test_only_what_is_asked_for_is_shown() -> None:
    lines = annotation_lines(REPORT, Path("/repo"), lambda driver: driver.name == "bad")
    assert lines == ["::error file=b.c,line=7,title=bad does not build::no"]
