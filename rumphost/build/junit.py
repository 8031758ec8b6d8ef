"""A report in the JUnit XML format, which CI services show as tests.

Called by ``rumphost build --junit``.  A driver is a test case, and so is a file of the bus's
directory; what a baseline knows to fail is a skipped one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from xml.etree import ElementTree as Xml

from rumphost.build.report import DriverReport, FileReport, Report

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report, known: Collection[str] = ()) -> str:
    """Return the report as JUnit XML; ``known`` are drivers and files that fail as expected."""
    root = Xml.Element("testsuites", name="rumphost build")
    bus = report.bus or "drivers"
    cases = [_driver_case(one, f"rumphost.{bus}", known) for one in report.drivers]
    _suite(root, f"drivers of {bus}", cases)
    if report.files:
        area = report.directory.replace("/", ".")
        _suite(
            root,
            f"files of {report.directory}",
            [_file_case(one, f"rumphost.{area}", known) for one in report.files],
        )
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: Xml.Element, name: str, cases: Sequence[Xml.Element]) -> None:
    suite = Xml.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        errors="0",
        time=f"{sum(float(case.get('time', 0)) for case in cases):.3f}",
    )
    suite.extend(cases)


def _driver_case(driver: DriverReport, area: str, known: Collection[str]) -> Xml.Element:
    case = Xml.Element("testcase", classname=area, name=driver.name, time=f"{driver.seconds:.3f}")
    if driver.state != "linked":
        details: list[object] = [*driver.errors, *driver.missing]
        kind = "compile" if driver.state == "failed" else "link"
        _complain(case, kind, driver.problem, details, driver.name in known)
    if driver.warnings:
        text = "\n".join(f"warning: {one}" for one in driver.warnings)
        Xml.SubElement(case, "system-out").text = _plain(text)
    return case


def _file_case(file: FileReport, area: str, known: Collection[str]) -> Xml.Element:
    case = Xml.Element("testcase", classname=area, name=file.path.rpartition("/")[2], time="0")
    if not file.is_compiled:
        _complain(case, "compile", file.error, [], file.path in known)
    return case


def _complain(
    case: Xml.Element, kind: str, message: str, details: Iterable[object], is_known: bool
) -> None:
    if is_known:
        Xml.SubElement(case, "skipped", message=_plain(f"known to the baseline: {message}"))
        return
    failure = Xml.SubElement(case, "failure", type=kind, message=_plain(message))
    failure.text = _plain("\n".join(map(str, details)))


def _plain(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _FORBIDDEN.sub("?", text)
