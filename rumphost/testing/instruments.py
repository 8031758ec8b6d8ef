"""The pytest plugin's options for what the compiler puts into drivers.

``--sanitize`` and ``@pytest.mark.sanitize`` build them with sanitizers, and fail a test whose
driver does what C leaves undefined. ``--driver-coverage`` counts lines and branches over all
tests, and writes the report at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rumphost.build import Builder
from rumphost.build.instrumentation import SANITIZERS, Instrumentation
from rumphost.coverage import check_tools, write_report
from rumphost.errors import RumphostError, SanitizerError


def add_options(group: Any) -> None:
    """Declare the options."""
    group.addoption(
        "--sanitize", default="", metavar=",".join(SANITIZERS), help="build drivers with these"
    )
    group.addoption(
        "--sanitize-recover", action="store_true", help="a driver goes on when it is caught"
    )
    group.addoption(
        "--driver-coverage", type=Path, metavar="DIR",
        help="add to DIR which lines and branches of the drivers run, and write a report there",
    )  # fmt: skip
    group.addoption("--driver-coverage-shim", action="store_true", help="... rumphost's own C, too")


def configure(config: pytest.Config) -> None:
    """Declare the marker, and see to the report; raises ``pytest.UsageError``."""
    config.addinivalue_line("markers", "sanitize(*names): build the drivers with these sanitizers")
    try:
        Instrumentation.sanitizers(config.getoption("--sanitize"))
        if config.getoption("--driver-coverage") is not None:
            check_tools()
    except RumphostError as error:
        raise pytest.UsageError(str(error)) from None
    if config.getoption("--driver-coverage") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_CoverageSummary(config), "rumphost-coverage")


def chosen(config: pytest.Config) -> Instrumentation:
    """Return what the command line asks for."""
    return Instrumentation(
        Instrumentation.sanitizers(config.getoption("--sanitize")),
        recover=config.getoption("--sanitize-recover"),
        coverage=config.getoption("--driver-coverage") is not None,
        shim=config.getoption("--driver-coverage-shim"),
    )


def instrumented(builder: Builder, request: pytest.FixtureRequest) -> Builder:
    """Return a builder that puts in what the command line and the test ask for besides."""
    marker = request.node.get_closest_marker("sanitize")
    marked = Instrumentation(marker.args if marker is not None else ())
    return builder.instrumented(builder.instrumentation | chosen(request.config) | marked)


def raise_first(errors: Iterable[SanitizerError]) -> None:
    """Raise the first, with all others in its notes."""
    found = list(errors)
    for other in found[1:]:
        found[0].add_note(str(other))
    if found:
        raise found[0]


class _CoverageSummary:
    """Writes the report of coverage when all tests are done, and shows its table."""

    def __init__(self, config: pytest.Config) -> None:
        self._directory: Path = config.getoption("--driver-coverage")
        self._with_shim: bool = config.getoption("--driver-coverage-shim")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("coverage of drivers")
        try:
            report = write_report(self._directory, shim=self._with_shim)
        except RumphostError as error:
            terminalreporter.write_line(str(error), red=True)
            return
        if report is None:
            terminalreporter.write_line("nothing has been counted")
            return
        for line in report.table():
            terminalreporter.write_line(line)
        for path in report.stale:
            terminalreporter.write_line(f"{path} was changed since: what ran before is left out")
        terminalreporter.write_line(f"{report.html}, {report.cobertura}")
