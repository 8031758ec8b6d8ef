"""What ``rumphost build`` prints and writes of a report, on its own or against a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rumphost.build.annotations import annotation_lines
from rumphost.build.baseline import Change
from rumphost.build.builder import BuildFailure
from rumphost.build.junit import junit
from rumphost.build.report import DriverReport, Report
from rumphost.errors import HostLacks

from .output import Output


@dataclass(frozen=True)
class Outcome:
    """A report, and what is not as the baseline has it; None without a baseline."""

    report: Report
    changes: Sequence[Change] | None

    @property
    def worse(self) -> set[str]:
        """The drivers and files that got worse."""
        return {one.name for one in self.changes or () if one.is_worse}

    @property
    def is_good(self) -> bool:
        """Whether CI should pass."""
        return not self.worse if self.changes is not None else self.report.is_good

    @property
    def known(self) -> set[str]:
        """The drivers and files that fail as the baseline says."""
        if self.changes is None:
            return set()
        drivers = {one.name for one in self.report.drivers if one.state != "linked"}
        files = {one.path for one in self.report.files if not one.is_compiled}
        return (drivers | files) - self.worse

    def write(self, report_file: Path | None, junit_file: Path | None) -> None:
        """Write the files that were asked for."""
        if report_file is not None:
            _write(report_file, self.report.to_json())
        if junit_file is not None:
            _write(junit_file, junit(self.report, self.known))

    def print(self, output: Output) -> None:
        """Print drivers, files and sums; then what changed against the baseline."""
        if self.report.bus:
            self._print_survey(output)
        else:
            for driver in self.report.drivers:
                _print_driver(output, driver)
        for change in self.changes or ():
            worse = change.is_worse
            output.fact(str(change), "change", name=change.name, change=change.text, worse=worse)

    def annotate(self, output: Output, base: Path) -> None:
        """Print annotations: of everything, or with a baseline of what got worse."""

        def shown(driver: DriverReport) -> bool:
            return self.changes is None or driver.name in self.worse

        for line in annotation_lines(self.report, base, shown):
            output.fact(line, "annotation", line=line)

    def _print_survey(self, output: Output) -> None:
        report = self.report
        if output.json:
            for driver in report.drivers:
                output.fact("", "driver", **asdict(driver))
            for file in report.files:
                output.fact("", "file", **asdict(file))
        else:
            columns = ("driver", "state", "files", "warnings", "problem")
            output.rows("driver", columns, [_row(driver) for driver in report.drivers])
            for file in report.files:
                if not file.is_compiled:
                    output.fact(f"{file.path}: not compiled: {file.error}", "file")
        for line in report.summary():
            output.fact(line, "summary", summary=line)


def _row(driver: DriverReport) -> tuple[str, str, str, int, str]:
    problem = driver.problem
    if driver.state == "linked":
        left_out = [one.text for one in driver.warnings if one.text.startswith("left out: ")]
        problem = "; ".join(dict.fromkeys(left_out))
    warnings = len(set(driver.warnings))
    return driver.name, driver.state, f"{driver.compiled}/{driver.files}", warnings, problem


def _print_driver(output: Output, driver: DriverReport) -> None:
    for warning in dict.fromkeys(driver.warnings):
        output.note(str(warning), "yellow")
    if driver.state != "linked":
        output.error(BuildFailure(driver.name, driver.errors, driver.missing))
        return
    output.fact(
        f"{driver.name}: {driver.image} ({driver.files} files, {driver.seconds:.1f} s)",
        "built",
        driver=driver.name,
        path=driver.image,
        sources=list(driver.sources),
        warnings=[str(warning) for warning in driver.warnings],
        seconds=driver.seconds,
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HostLacks(f"{path} cannot be written: {error.strerror}") from error
