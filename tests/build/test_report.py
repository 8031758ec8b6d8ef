"""Reports as data: written, read again, merged."""

from pathlib import Path

import pytest

from rumphost.build.compiler import Diagnostic
from rumphost.build.linker import MissingSymbol
from rumphost.build.report import DriverReport, FileReport, Report, merge
from rumphost.errors import UsageError

BAD = DriverReport(
    "bad",
    "failed",
    3,
    2,
    errors=(Diagnostic("/s/bad.c", 7, "error", "no"), Diagnostic("/s/bad.c", 9, "error", "nor")),
    warnings=(Diagnostic("/s/bad.c", 1, "warning", "odd"),),
    sources=("/s/bad.c",),
    defined_at="/s/files.pci:4",
)
LAME = DriverReport(
    "lame",
    "unlinked",
    1,
    1,
    missing=(
        MissingSymbol("buf_init", "buffercache(9)", "/s/lame.c:3"),
        MissingSymbol("foo", "", ""),
        MissingSymbol("biodone", "buffercache(9)", "/s/lame.c:5"),
    ),
)
GOOD = DriverReport("good", "linked", 2, 2, image="/c/good.so", seconds=1.5)


def report(*drivers: DriverReport, files: tuple[FileReport, ...] = (), shard: str = "") -> Report:
    shards = (shard,) if shard else ()
    return Report("pci", "dev/pci", "gcc (Debian) 12.2.0", 4, drivers, files, shards, 2.0)


def test_a_report_comes_back_as_it_was() -> None:
    file = FileReport("dev/pci/bad.c", False, "driver", ("bad",), "/s/bad.c:7: no")
    whole = report(BAD, LAME, GOOD, files=(file,), shard="1/2")
    assert Report.from_json(whole.to_json()) == whole


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "x"}', '{"format": 3'])
def test_what_is_no_report_is_wrong_usage(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"r\.json: is no report"):
        Report.read(path)
    with pytest.raises(UsageError, match="cannot be read"):
        Report.read(tmp_path / "none.json")


def test_the_problem_of_a_driver_in_one_line() -> None:
    assert BAD.problem == "/s/bad.c:7: no (and 1 more)"
    assert LAME.problem == "buffercache(9): buf_init biodone; ?: foo"
    assert GOOD.problem == ""


def test_the_sums() -> None:
    files = (
        FileReport("dev/pci/a.c", True, "driver"),
        FileReport("dev/pci/b.c", False, "host"),
        FileReport("dev/pci/c.c", True, "unused"),
    )
    assert report(BAD, LAME, GOOD, files=files).summary() == [
        "3 drivers of pci: 1 linked, 1 compiled but not linked, 1 did not compile; "
        "1 warnings; 2.0 s",
        "3 of 4 files of dev/pci accounted for: 2 compiled unmodified, 1 not; 1 in drivers, "
        "1 provided by the host, 1 in no driver of the bus",
    ]
    lacking = FileReport(
        "dev/pci/d.c", False, "driver", (), "d.c:1: x.h: No such file or directory"
    )
    assert (
        "1 compiled unmodified, 1 not (1 for want of a header that the tree lacks); "
        in (report(GOOD, files=(files[0], lacking)).summary()[1])
    )
    assert not report(GOOD, LAME).is_good
    assert report(GOOD).is_good


def test_a_file_in_two_shards_failed_when_it_failed_in_one() -> None:
    one = report(GOOD, files=(FileReport("dev/pci/a.c", True, "driver", ("good",)),), shard="1/2")
    two = report(
        BAD, files=(FileReport("dev/pci/a.c", False, "driver", ("bad",), "why"),), shard="2/2"
    )
    merged = merge([two, one])
    assert [driver.name for driver in merged.drivers] == ["bad", "good"]
    assert merged.files == (FileReport("dev/pci/a.c", False, "driver", ("bad", "good"), "why"),)
    assert merged.shards == ()


def test_reports_of_different_things_do_not_merge() -> None:
    with pytest.raises(UsageError, match="reports of different things: pci of dev/pci, usb of"):
        merge([report(GOOD), Report("usb", "dev/usb", "gcc", 0, (), ())])
    with pytest.raises(UsageError, match="no report named"):
        merge([])
