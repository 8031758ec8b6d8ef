"""What is known to fail, kept in a file: so that CI fails only on what got worse.

Called by ``rumphost build --baseline``.  The file is JSON, sorted, one line a driver or file, to be
kept under version control; it holds no path of a computer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rumphost.build.report import DriverReport, Report
from rumphost.build.store import write_atomically
from rumphost.errors import UsageError

FORMAT = "rumphost-baseline-1"
_ORDER = {"linked": 0, "unlinked": 1, "failed": 2}
_VERSION = re.compile(r"\d+")


@dataclass(frozen=True)
class Change:
    """One thing that is not as the baseline has it; ``name`` is a driver's or a file's path."""

    name: str
    text: str
    is_worse: bool

    def __str__(self) -> str:
        return f"{'worse' if self.is_worse else 'better'}: {self.text}"


@dataclass
class Baseline:
    """What was, by name."""

    compiler: str = ""
    drivers: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bool] = field(default_factory=dict)
    """Whether each compiled."""

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline; raises UsageError, also when there is none."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise ValueError("another format")
            drivers = {name: dict(one) for name, one in data["drivers"].items()}
            for one in drivers.values():
                _ORDER[one["state"]], int(one["warnings"]), list(one.get("missing", ()))
            return cls(str(data["compiler"]), drivers, dict(data["files"]))
        except FileNotFoundError as error:
            raise UsageError(f"{path} does not exist: make it with --update-baseline") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path} is no baseline of rumphost: {error}") from error

    def write(self, path: Path) -> None:
        """Write it so that a difference between two is a difference in few lines."""
        parts = [
            f'"format": {json.dumps(FORMAT)}',
            f'"compiler": {json.dumps(self.compiler)}',
            f'"drivers": {_lines(self.drivers)}',
            f'"files": {_lines(self.files)}',
        ]
        try:
            write_atomically(path, "{\n" + ",\n".join(parts) + "\n}\n")
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from error

    def update(self, report: Report) -> None:
        """Take what the report says; a whole one also removes what it does not know."""
        if report.bus and not report.shards:
            self.drivers.clear()
            self.files.clear()
        self.compiler = report.compiler
        for driver in report.drivers:
            self.drivers[driver.name] = _kept(driver)
        for file in report.files:
            self.files[file.path] = file.is_compiled

    def compare(self, report: Report) -> list[Change]:
        """Return what got worse, and then what got better."""
        same_compiler = _major(self.compiler) == _major(report.compiler)
        found: list[Change] = []
        for driver in report.drivers:
            found += self._driver_changes(driver, same_compiler)
        for file in report.files:
            was = self.files.get(file.path, True)
            if was != file.is_compiled:
                why = f": {file.error}" if file.error else ""
                verb = "compiles now" if file.is_compiled else f"does not compile any more{why}"
                found.append(Change(file.path, f"{file.path} {verb}", is_worse=was))
        if report.bus and not report.shards:
            for name in sorted(self.drivers.keys() - {one.name for one in report.drivers}):
                found.append(Change(name, f"{name} is gone", is_worse=True))
        return sorted(found, key=lambda one: not one.is_worse)

    def _driver_changes(self, driver: DriverReport, same_compiler: bool) -> Iterable[Change]:
        name, state = driver.name, driver.state
        was = self.drivers.get(name)
        if was is None:
            if state != "linked":
                text = f"{name} is new and does not build: {driver.problem}"
                yield Change(name, text, is_worse=True)
            return
        before = was["state"]
        if before != state:
            worse = _ORDER[state] > _ORDER[before]
            why = f": {driver.problem}" if worse else ""
            yield Change(name, f"{name} was {before} and is {state}{why}", is_worse=worse)
        elif lost := sorted({one.name for one in driver.missing} - set(was.get("missing", ()))):
            yield Change(name, f"{name} misses more: {' '.join(lost)}", is_worse=True)
        warnings, known = len(set(driver.warnings)), int(was["warnings"])
        if same_compiler and warnings > known and state == before:
            text = f"{name} has {warnings} warnings instead of {known}"
            yield Change(name, text, is_worse=True)


def _kept(driver: DriverReport) -> dict[str, Any]:
    kept: dict[str, Any] = {"state": driver.state, "warnings": len(set(driver.warnings))}
    if driver.missing:
        kept["missing"] = sorted(one.name for one in driver.missing)
    return kept


def _lines(items: dict[str, Any]) -> str:
    rows = [f"{json.dumps(name)}: {json.dumps(items[name])}" for name in sorted(items)]
    return "{\n " + ",\n ".join(rows) + "\n}" if rows else "{}"


def _major(compiler: str) -> str:
    """Return the compiler's name and major version: another one has other warnings."""
    match = _VERSION.search(compiler.rpartition(")")[2])
    return f"{compiler.split(' ')[0]} {match[0] if match else ''}"
