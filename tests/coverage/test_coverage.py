"""Which lines of a driver ran, over runs, machines and crashes; the reports of it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from rumphost.build import Builder
from rumphost.build.instrumentation import Instrumentation
from rumphost.coverage import CoverageData, CoverageReport, check_tools, write_report
from rumphost.errors import DriverPanic, HostLacks, RumphostError, UsageError
from rumphost.host import open_host, run
from rumphost.sources import drivers_dir

FAULTY = Path(__file__).parents[1] / "drivers" / "faulty"


def attach(directory: Path, driver: str, machine: str = "sim:teach", times: int = 1) -> None:
    """Attach and detach a driver, counting."""

    async def main() -> None:
        async with open_host(machine, coverage=directory) as host:
            for _ in range(times):
                (device,) = await host.attach(driver)
                await host.detach(device)

    run(main)


def hits(report: CoverageReport, name: str, function: str) -> dict[int, int]:
    """How often each line of a source ran, as Cobertura's file says, from a function on."""
    source = next(path for path in (drivers_dir(), FAULTY) if (path / name).exists()) / name
    first = next(
        number
        for number, line in enumerate(source.read_text().splitlines(), 1)
        if line.startswith(f"{function}(")
    )
    counted = {
        int(line.get("number", 0)): int(line.get("hits", 0))
        for one in Xml.parse(report.cobertura).getroot().iter("class")
        if one.get("filename", "").endswith(name)
        for line in one.find("lines").iter("line")
    }
    return {number: count for number, count in sorted(counted.items()) if number >= first}


def first_of(found: dict[int, int]) -> int:
    return next(iter(found.values()))


def reported(directory: Path, **options: bool) -> CoverageReport:
    report = write_report(directory, **options)
    assert report is not None
    return report


def test_runs_and_machines_add_up(tmp_path):
    attach(tmp_path / "a", "teach")
    first = reported(tmp_path / "a")
    assert first_of(hits(first, "teach.c", "teach_attach")) == 1
    assert first_of(hits(first, "teach.c", "teach_reset_work")) == 0
    attach(tmp_path / "a", "teach", "sim:edu,teach")
    attach(tmp_path / "a", "teach", times=3)
    second = reported(tmp_path / "a")
    assert first_of(hits(second, "teach.c", "teach_attach")) == 5
    assert second.stale == ()


def test_the_reports(tmp_path):
    attach(tmp_path, "teach")
    report = reported(tmp_path)
    by_name = {Path(one.path).name: one for one in report.files}
    assert set(by_name) == {"teach.c", "teach_sysctl.c", "teachvar.h", "pci_irq.h"}
    teach = by_name["teach.c"]
    assert 0 < teach.lines_run < teach.lines
    assert 0 < teach.branches_run < teach.branches
    assert report.total.lines == sum(one.lines for one in report.files)
    table = (tmp_path / "coverage.txt").read_text().splitlines()
    assert table[0].split() == ["file", "lines", "branches"]
    assert table[-1].startswith("total ")
    share = f"{teach.lines_run} of {teach.lines}"
    assert any(line.startswith(teach.path) and share in line for line in table)
    page = report.html.read_text()
    assert "teach_sysctl.c" in page
    root = Xml.parse(report.cobertura).getroot()
    assert root.get("lines-valid") == str(report.total.lines)
    assert int(root.get("branches-covered", 0)) == report.total.branches_run


def test_a_driver_that_crashes_is_counted_up_to_there(tmp_path):
    with pytest.raises(DriverPanic, match="NULL pointer"):
        attach(tmp_path, str(FAULTY / "nullderef.c"))
    report = reported(tmp_path)
    assert first_of(hits(report, "nullderef.c", "nullderef_fill")) == 1
    assert first_of(hits(report, "nullderef.c", "nullderef_attach")) == 1


def test_a_source_that_was_changed_since_is_left_out(tmp_path):
    for path in FAULTY.glob("*"):
        text = path.read_text().replace("../../../drivers/", f"{drivers_dir()}/")
        (tmp_path / path.name).write_text(text)
    source = tmp_path / "leakmem.c"
    counts = tmp_path / "counts"

    async def main() -> None:
        async with open_host("sim:teach", coverage=counts) as host:
            await host.attach(str(source))

    run(main)
    assert reported(counts).stale == ()
    source.write_text("\n" + source.read_text())
    assert write_report(counts) is None
    run(main)
    report = reported(counts)
    assert report.stale == ()
    assert any(one.path.endswith("leakmem.c") for one in report.files)


def test_the_shim_is_left_out_unless_asked_for(tmp_path):
    async def main() -> None:
        builder = Builder(instrumentation=Instrumentation(coverage=True, shim=True))
        async with open_host("sim:teach", coverage=tmp_path, builder=builder) as host:
            await host.attach("teach")

    run(main)
    assert not any("hypercalls" in one.path for one in reported(tmp_path).files)
    files = reported(tmp_path, shim=True).files
    assert any(one.path.endswith("hypercalls/pci.c") and one.lines_run for one in files)


def test_directories_are_merged(tmp_path):
    attach(tmp_path / "a", "teach")
    attach(tmp_path / "b", "teach")
    attach(tmp_path / "b", "edu", "sim:edu")
    data = CoverageData(tmp_path / "a")
    data.merge(tmp_path / "b")
    report = reported(tmp_path / "a")
    assert first_of(hits(report, "teach.c", "teach_attach")) == 2
    assert first_of(hits(report, "edu.c", "edu_attach")) == 1
    shutil.rmtree(tmp_path / "b")
    with pytest.raises(UsageError, match="there are no counters of coverage in it"):
        data.merge(tmp_path / "b")


def test_counters_that_are_spoilt_are_told(tmp_path):
    attach(tmp_path, "edu", "sim:edu")
    (path,) = (tmp_path / "data").glob("edu-*.gcda")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RumphostError, match=r"edu-.*\.gcda: .*: remove "):
        attach(tmp_path, "edu", "sim:edu")


def test_nothing_counted(tmp_path):
    CoverageData(tmp_path)
    assert write_report(tmp_path) is None


def test_what_the_host_lacks(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(HostLacks, match=r"cannot keep coverage in .*: Not a directory"):
        CoverageData(tmp_path / "file" / "below")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(
        HostLacks, match=r"coverage takes gcovr: pip install 'rumphost\[coverage\]'"
    ):
        check_tools()
