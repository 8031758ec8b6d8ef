"""Reports of coverage: HTML pages, Cobertura's XML and a table, all made by gcovr.

Called by the command line and by the pytest plugin.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rumphost.build import Builder
from rumphost.errors import HostLacks, RumphostError, UsageError
from rumphost.sources import cache_dir, hypercalls_dir

from .data import Counted, counted


@dataclass(frozen=True)
class FileCoverage:
    """How many lines and branches a source has, and how many of them have run."""

    path: str
    lines: int
    lines_run: int
    branches: int
    branches_run: int


@dataclass(frozen=True)
class CoverageReport:
    """What was written, and in short what it says; ``stale`` sources changed since they ran."""

    html: Path
    cobertura: Path
    files: tuple[FileCoverage, ...]
    stale: tuple[Path, ...]

    @property
    def total(self) -> FileCoverage:
        """The sums."""
        return FileCoverage(
            "total",
            sum(one.lines for one in self.files),
            sum(one.lines_run for one in self.files),
            sum(one.branches for one in self.files),
            sum(one.branches_run for one in self.files),
        )

    def rows(self) -> list[tuple[str, str, str]]:
        """Return a table: path, lines, branches."""
        found = [*self.files, self.total] if len(self.files) > 1 else [*self.files]
        return [
            (one.path, share(one.lines_run, one.lines), share(one.branches_run, one.branches))
            for one in found
        ]

    def table(self) -> list[str]:
        """Return the rows as lines of text, below a heading."""
        rows = [("file", "lines", "branches"), *self.rows()]
        widths = [max(len(row[n]) for row in rows) for n in range(3)]
        return [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]


def share(part: int, whole: int) -> str:
    """Return ``12 of 34, 35 %``."""
    return f"{part} of {whole}, {100 * part / whole:.0f} %" if whole else "none"


def check_tools() -> None:
    """Raise HostLacks when reports cannot be made here; before anything is run for them."""
    if importlib.util.find_spec("gcovr") is None:
        raise HostLacks("coverage takes gcovr: pip install 'rumphost[coverage]'")


def write_report(directory: Path, *, shim: bool = False) -> CoverageReport | None:
    """Write ``html/``, ``coverage.xml`` and ``coverage.txt`` into a directory of counters.

    ``shim``: with rumphost's own C that was counted.  Returns None when nothing was.
    """
    check_tools()
    wanted = [one for one in counted(directory) if _is_wanted(one, shim)]
    current = [one for one in wanted if one.is_current]
    stale = {one.source for one in wanted} - {one.source for one in current}
    if not current:
        return None
    with tempfile.TemporaryDirectory(prefix="rumphost-coverage-") as work:
        for one in current:
            for suffix in (".gcno", ".gcda"):
                os.symlink(
                    one.stem.resolve().with_suffix(suffix), Path(work) / f"{one.stem.name}{suffix}"
                )
        summary = Path(work) / "summary.json"
        _run_gcovr(directory.resolve(), Path(work), summary, _root(current), shim)
        files = tuple(_file(one) for one in json.loads(summary.read_text())["files"])
    report = CoverageReport(
        directory / "html" / "index.html", directory / "coverage.xml", files, tuple(sorted(stale))
    )
    (directory / "coverage.txt").write_text("\n".join([*report.table(), ""]), encoding="utf-8")
    return report


def _is_wanted(one: Counted, shim: bool) -> bool:
    """Tell whether a source is a driver's, or one of ``shim`` that somebody has written."""
    return (shim and not one.source.is_relative_to(cache_dir())) or not one.is_shim


def _run_gcovr(directory: Path, work: Path, summary: Path, root: Path, shim: bool) -> None:
    pages = directory / "html"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir()
    command = [
        sys.executable, "-m", "gcovr", "--gcov-executable", _gcov(), "--root", str(root),
        "--filter", f"{re.escape(str(root))}/", "--html-details", str(pages / "index.html"),
        "--html-title", "Drivers: lines and branches that have run",
        "--cobertura", str(directory / "coverage.xml"), "--json-summary", str(summary),
        "--exclude-unreachable-branches", "--merge-mode-functions=separate",
        str(work),
    ]  # fmt: skip
    if not shim:
        command[-1:-1] = ["--exclude", f"{re.escape(str(hypercalls_dir()))}/"]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, cwd=work
    )
    if done.returncode != 0 or not summary.is_file():
        raise RumphostError(f"gcovr failed: {done.stderr.strip() or done.returncode}")


def _gcov() -> str:
    """Return the gcov of the compiler in force, which alone knows its files."""
    command = Builder().compiler().command
    done = subprocess.run(
        [*command, "-print-prog-name=gcov"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "gcov"


def _root(current: Sequence[Counted]) -> Path:
    """Return the directory that names in the report begin at; what is elsewhere is not in it."""
    common = Path(os.path.commonpath([one.source.parent for one in current]))
    if common == Path(common.anchor):
        names = ", ".join(sorted({str(one.source.parent) for one in current}))
        raise UsageError(f"{names} have no directory in common: keep coverage of each by itself")
    here = Path.cwd()
    return here if common.is_relative_to(here) else common


def _file(record: dict[str, int | str]) -> FileCoverage:
    names = ("line_total", "line_covered", "branch_total", "branch_covered")
    return FileCoverage(str(record["filename"]), *(int(record[name]) for name in names))
