"""What came of building many drivers: per driver, per file, as data that can be kept and merged.

Made by :mod:`rumphost.build.survey`; read by the command line, :mod:`rumphost.build.junit`,
``annotations``, ``baseline`` and ``coverage``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rumphost.build.compiler import Diagnostic
from rumphost.build.linker import MissingSymbol
from rumphost.errors import UsageError

FORMAT = "rumphost-build-1"
_SHOWN = 6

State = Literal["linked", "unlinked", "failed"]
"""``unlinked``: all of it compiled, and something is missing; ``failed``: it did not compile."""
Role = Literal["driver", "host", "unused"]
"""``host``: it is of what the host itself provides; ``unused``: no driver of the bus has it."""


@dataclass(frozen=True)
class DriverReport:
    """One driver; ``image`` is where it was linked to."""

    name: str
    state: State
    files: int
    compiled: int
    errors: tuple[Diagnostic, ...] = ()
    missing: tuple[MissingSymbol, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    sources: tuple[str, ...] = ()
    image: str = ""
    defined_at: str = ""
    """``file:line`` of its device statement."""
    seconds: float = 0.0
    """How long its compilers ran, those of shared files included; 0 when all was kept."""

    @property
    def missing_by_page(self) -> dict[str, list[str]]:
        """The missing symbols by manual page, the page with most of them first."""
        found: dict[str, list[str]] = {}
        for one in self.missing:
            found.setdefault(one.page or "?", []).append(one.name)
        return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))

    @property
    def problem(self) -> str:
        """What keeps it from being linked, in one line; "" when nothing does."""
        if self.errors:
            more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
            return f"{self.errors[0]}{more}"
        pages = self.missing_by_page.items()
        return "; ".join(f"{page}: {_some(names)}" for page, names in pages)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return " ".join(names[:_SHOWN]) + more


@dataclass(frozen=True)
class FileReport:
    """One source of the bus's directory; ``path`` is relative to the tree."""

    path: str
    is_compiled: bool
    role: Role
    drivers: tuple[str, ...] = ()
    error: str = ""
    note: str = ""
    """Why no driver of the bus has it."""

    @property
    def lacks_header(self) -> bool:
        """Whether it did not compile for want of a header that the tree does not have."""
        return not self.is_compiled and self.error.endswith(": No such file or directory")


@dataclass(frozen=True)
class Report:
    """All of it; ``directory`` is that whose files are accounted for, ``shards`` which parts."""

    bus: str
    directory: str
    compiler: str
    total_files: int
    drivers: tuple[DriverReport, ...]
    files: tuple[FileReport, ...]
    shards: tuple[str, ...] = ()
    seconds: float = 0.0

    def count(self, state: State) -> int:
        """Return how many drivers are in a state."""
        return sum(one.state == state for one in self.drivers)

    @property
    def is_good(self) -> bool:
        """Whether every driver was linked."""
        return all(one.state == "linked" for one in self.drivers)

    def summary(self) -> list[str]:
        """Return the sums, a sentence a line."""
        states = (
            f"{self.count('linked')} linked, {self.count('unlinked')} compiled but not linked, "
            f"{self.count('failed')} did not compile"
        )
        warnings = len({note for one in self.drivers for note in one.warnings})
        lines = [
            f"{len(self.drivers)} drivers of {self.bus or 'those named'}: {states}; "
            f"{warnings} warnings; {self.seconds:.1f} s"
        ]
        if self.total_files:
            compiled = sum(one.is_compiled for one in self.files)
            roles = Counter(one.role for one in self.files)
            lacking = sum(one.lacks_header for one in self.files)
            why = f" ({lacking} for want of a header that the tree lacks)" if lacking else ""
            lines.append(
                f"{len(self.files)} of {self.total_files} files of {self.directory} accounted for: "
                f"{compiled} compiled unmodified, {len(self.files) - compiled} not{why}; "
                f"{roles['driver']} in drivers, {roles['host']} provided by the host, "
                f"{roles['unused']} in no driver of the bus"
            )
        return lines

    def to_json(self) -> str:
        """Return it as a JSON document."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str = "report") -> Report:
        """Read what ``to_json`` wrote; raises UsageError."""
        try:
            data = json.loads(text)
            if data.pop("format") != FORMAT:
                raise ValueError("another format")
            drivers = tuple(_driver(one) for one in data.pop("drivers"))
            files = tuple(
                FileReport(**{**one, "drivers": tuple(one["drivers"])}) for one in data.pop("files")
            )
            shards = tuple(data.pop("shards"))
            return cls(drivers=drivers, files=files, shards=shards, **data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{name}: is no report of `rumphost build --report': {error}"
            ) from error

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read a report's file."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: cannot be read: {error}") from error


def _driver(data: dict[str, Any]) -> DriverReport:
    return DriverReport(
        **{
            **data,
            "errors": tuple(Diagnostic(**one) for one in data["errors"]),
            "warnings": tuple(Diagnostic(**one) for one in data["warnings"]),
            "missing": tuple(MissingSymbol(**one) for one in data["missing"]),
            "sources": tuple(data["sources"]),
        }
    )


def merge(reports: Sequence[Report]) -> Report:
    """Return one report of the shards' reports; raises UsageError when they do not fit."""
    if not reports:
        raise UsageError("no report named")
    first = reports[0]
    drivers: dict[str, DriverReport] = {}
    files: dict[str, FileReport] = {}
    for report in reports:
        if (report.bus, report.directory) != (first.bus, first.directory):
            raise UsageError(
                f"reports of different things: {first.bus} of {first.directory}, "
                f"{report.bus} of {report.directory}"
            )
        for driver in report.drivers:
            drivers[driver.name] = driver
        for file in report.files:
            known = files.get(file.path)
            files[file.path] = file if known is None else _same_file(known, file)
    return Report(
        bus=first.bus,
        directory=first.directory,
        compiler=first.compiler,
        total_files=max(report.total_files for report in reports),
        drivers=tuple(drivers[name] for name in sorted(drivers)),
        files=tuple(files[path] for path in sorted(files)),
        shards=_joined(shard for report in reports for shard in report.shards),
        seconds=sum(report.seconds for report in reports),
    )


def _joined(shards: Iterable[str]) -> tuple[str, ...]:
    """Return the parts that reports are of, or () when together they are all."""
    found = sorted(set(shards))
    counts = {shard.partition("/")[2] for shard in found}
    complete = len(counts) == 1 and len(found) == int(next(iter(counts)) or 0)
    return () if complete else tuple(found)


def _same_file(one: FileReport, two: FileReport) -> FileReport:
    """A file that two shards have drivers of."""
    worse = two if one.is_compiled else one
    used = one if one.role == "driver" else two
    return FileReport(
        path=one.path,
        is_compiled=one.is_compiled and two.is_compiled,
        role=used.role,
        drivers=tuple(sorted({*one.drivers, *two.drivers})),
        error=worse.error,
        note=used.note,
    )
