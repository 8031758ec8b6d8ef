"""Builds many drivers at once and accounts for each, and for each file of the bus's directory.

Called by ``rumphost build`` and ``rumphost coverage``.  A source that several drivers have is
compiled once, unless what they configure makes a difference to it.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from rumphost.build.builder import Builder, BuildFailure, Plan
from rumphost.build.compiler import Compiled, Compiler, Diagnostic, Job, Progress, run
from rumphost.build.config.lexer import ConfigError
from rumphost.build.listing import DriverInfo
from rumphost.build.names import is_path
from rumphost.build.report import DriverReport, FileReport, Report, Role
from rumphost.build.standalone import scan
from rumphost.errors import BuildError, HostLacks, UsageError
from rumphost.sources import drivers_dir

T = TypeVar("T")


@dataclass(frozen=True)
class Shard:
    """Part ``number`` (from 1) of ``count`` parts of the work."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``I/N``; raises UsageError."""
        number, _, count = text.partition("/")
        if number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count):
            return cls(int(number), int(count))
        raise UsageError(f"--shard {text}: say I/N, such as 1/4")

    def part(self, items: Sequence[T]) -> list[T]:
        """Return this part of the items."""
        return list(items[self.number - 1 :: self.count])

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


WHOLE = Shard(1, 1)


@dataclass
class _Work:
    """One driver on its way."""

    name: str
    place: str
    plan: Plan | None = None
    jobs: list[Job] = field(default_factory=list)
    results: list[Compiled] = field(default_factory=list)
    report: DriverReport | None = None


class Survey:
    """A build of many drivers with one builder; ``progress`` hears of each step."""

    def __init__(
        self, builder: Builder, *, progress: Progress | None = None, jobs: int | None = None
    ) -> None:
        self._builder = builder
        self._progress = progress
        self._jobs = max(1, jobs or os.cpu_count() or 1)
        self._done = 0
        self._total = 0

    def drivers(self, bus: str) -> list[DriverInfo]:
        """Return the drivers of a bus: the tree's own, or without a tree those of rumphost."""
        root = self._builder.sources.root
        found = [
            one
            for one in self._builder.drivers()
            if bus in one.bus and (root is None or one.defined_at.path.is_relative_to(root))
        ]
        if not found:
            buses = sorted({bus for one in self._builder.drivers() for bus in one.bus})
            raise UsageError(f"no driver attaches to `{bus}' (there is: {', '.join(buses)})")
        return found

    def of_bus(self, bus: str, shard: Shard = WHOLE) -> Report:
        """Build every driver of a bus, and compile every file of its directory."""
        start = time.monotonic()
        with self._builder.store.snapshot():
            infos = self.drivers(bus)
            works = [_Work(one.name, str(one.defined_at)) for one in infos]
            own = shard.part(works)
            for work in works:  # of all of them, to know which files no driver has
                self._plan(work, [work.name], frozenset([bus]))
            directory, files = self._directory(bus)
            rest = shard.part(sorted(files - _sources(works)))
            alone = self._alone_jobs(works, rest, frozenset([bus]))
            results = self._run(own, alone)
            base = directory.parent.parent if self._builder.sources.root else directory.parent
            accounts = _account(own, files, base)
            accounts += [self._account_alone(one, base) for one in results]
        self._builder.store.prune()
        return Report(
            bus=bus,
            directory=str(directory.relative_to(base)),
            compiler=self._compiler_name(),
            total_files=len(files),
            drivers=tuple(work.report for work in own if work.report is not None),
            files=tuple(sorted(accounts, key=lambda one: one.path)),
            shards=(str(shard),) if shard.count > 1 else (),
            seconds=time.monotonic() - start,
        )

    def of_names(self, names: Sequence[str]) -> Report:
        """Build each of the named drivers; raises UsageError for a name that is none.

        A C source that attaches nothing is of the driver that all the C sources make together.
        """
        start = time.monotonic()
        with self._builder.store.snapshot():
            works = []
            for group in _groups(names):
                work = _Work(" ".join(group), "")
                self._plan(work, group)
                works.append(work)
            self._run(works, [])
        self._builder.store.prune()
        return Report(
            bus="",
            directory="",
            compiler=self._compiler_name(),
            total_files=0,
            drivers=tuple(work.report for work in works if work.report is not None),
            files=(),
            seconds=time.monotonic() - start,
        )

    # -- planning --

    def _plan(self, work: _Work, names: Sequence[str], given: frozenset[str] = frozenset()) -> None:
        """Plan a driver; if it attaches to nothing that is there, the ``given`` bus counts too."""
        try:
            try:
                work.plan = self._builder.plan(names)
            except ConfigError:
                raise
            except BuildError:
                work.plan = self._builder.plan(names, given)
            work.jobs = self._builder.driver_jobs(work.plan)
        except ConfigError as error:
            note = Diagnostic(str(error.place.path), error.place.line, "error", error.message)
            work.report = _failed(work, note)
        except BuildError as error:
            work.report = _failed(work, Diagnostic("", 0, "error", str(error)))

    def _directory(self, bus: str) -> tuple[Path, set[Path]]:
        """Return the directory of a bus's drivers and the C sources in it."""
        root = self._builder.sources.root
        directory = drivers_dir() if root is None else root / "dev" / bus
        return directory, set(directory.glob("*.c"))

    def _alone_jobs(
        self, works: Iterable[_Work], files: Sequence[Path], given: frozenset[str]
    ) -> list[Job]:
        """Return jobs for files that no driver has, in a configuration of all the drivers."""
        if not files:
            return []
        names = [device for work in works if work.plan for device in work.plan.devices]
        if not names:
            return []
        plan = self._builder.plan(list(dict.fromkeys(names)), given)
        example = self._builder.driver_jobs(plan)[0]
        return [replace(example, source=path) for path in files]

    # -- building --

    def _run(self, works: Sequence[_Work], alone: Sequence[Job]) -> list[Compiled]:
        """Build the drivers into their reports; return what came of the files on their own."""
        shim = self._builder.shim_jobs()
        jobs = [*shim, *(job for work in works for job in work.jobs), *alone]
        self._total = len(jobs) + len(works)
        compiler = self._builder.compiler(self._jobs)
        results = compiler.compile(jobs, lambda one: self._step(one.job.source.name))
        shim_results = results[: len(shim)]
        if errors := [note for one in shim_results for note in one.errors]:
            raise BuildFailure("", errors, is_own=True)
        at = len(shim)
        for work in works:
            work.results = results[at : at + len(work.jobs)]
            at += len(work.jobs)
        one_at_a_time = self._builder.compiler(1)
        with ThreadPoolExecutor(self._jobs) as pool:
            waiting = {
                pool.submit(self._finish, one_at_a_time, work, shim_results): work for work in works
            }
            for future in as_completed(waiting):
                future.result()
                self._step(waiting[future].name)
        return results[at:]

    def _finish(self, compiler: Compiler, work: _Work, shim: Sequence[Compiled]) -> None:
        if work.plan is None or work.report is not None:
            return
        own = [one for one in work.results if not one.job.is_own]
        report = DriverReport(
            name=work.name,
            state="linked",
            files=len(own),
            compiled=sum(one.path is not None for one in own),
            sources=tuple(str(one.job.source) for one in own),
            defined_at=work.place,
            seconds=sum(one.seconds for one in own),
        )
        try:
            built = self._builder.finish(compiler, work.plan, [*shim, *work.results])
            sources = tuple(map(str, built.sources))
            work.report = replace(
                report, image=str(built.path), warnings=built.warnings, sources=sources,
                files=len(sources), compiled=len(sources),
            )  # fmt: skip
        except BuildFailure as failure:
            has_errors = bool(failure.errors)
            work.report = replace(
                report,
                state="failed" if has_errors else "unlinked",
                errors=failure.errors,
                missing=failure.missing,
                warnings=failure.warnings,
            )

    def _step(self, what: str) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total, what)

    # -- accounting --

    def _account_alone(self, result: Compiled, base: Path) -> FileReport:
        role: Role = "unused"
        note = "no file statement names it"
        path = result.job.source.relative_to(base)
        config = self._builder.plan_config()
        for source in config.sources:
            if source.path == str(path):
                names = set(source.condition.names()) if source.condition is not None else set()
                role = "host" if names and names <= config.provided else "unused"
                note = f"{source.place}: {'provided by the host' if role == 'host' else 'unused'}"
                break
        return FileReport(
            path=str(path),
            is_compiled=result.path is not None,
            role=role,
            error=str(result.errors[0]) if result.errors else "",
            note=note,
        )

    def _compiler_name(self) -> str:
        command = self._builder.compiler().command
        lines = run([*command, "--version"]).stdout.splitlines()
        if not lines:
            raise HostLacks(f"{command[0]} does not tell its version")
        return lines[0]


def _groups(names: Sequence[str]) -> list[list[str]]:
    """Return which names are one driver together."""
    paths = [name for name in names if is_path(name)]
    groups = [[name] for name in names]
    if all(scan(Path(path)).attachments for path in paths):
        return groups
    return [paths, *(group for group in groups if group[0] not in paths)]


def _failed(work: _Work, note: Diagnostic) -> DriverReport:
    return DriverReport(work.name, "failed", 0, 0, errors=(note,), defined_at=work.place)


def _sources(works: Iterable[_Work]) -> set[Path]:
    return {job.source for work in works for job in work.jobs}


def _account(works: Iterable[_Work], files: set[Path], base: Path) -> list[FileReport]:
    """Return what came of the files that drivers have."""
    drivers: dict[Path, list[str]] = defaultdict(list)
    errors: dict[Path, str] = {}
    for work in works:
        for one in work.results:
            if one.job.source in files:
                drivers[one.job.source].append(work.name)
                if one.path is None:
                    errors.setdefault(one.job.source, str(one.errors[0]))
    return [
        FileReport(
            path=str(path.relative_to(base)),
            is_compiled=path not in errors,
            role="driver",
            drivers=tuple(names),
            error=errors.get(path, ""),
        )
        for path, names in drivers.items()
    ]
