"""What the command line prints: facts on stdout, everything else on stderr.

On a terminal with colour, tables and progress; into a pipe as plain lines, or as one JSON object a
line with ``--format json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from rumphost.errors import DriverError, RumphostError
from rumphost.kernel.console import Level, Line

ProgressCallback = Callable[[int, int, str], None]

_LEVEL_STYLES = {Level.ERROR: "red", Level.DEBUG: "dim", Level.VERBOSE: "dim"}


class Output:
    """One command's output; ``json`` says which of the two formats."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self._out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._err = Console(file=sys.stderr, highlight=False, soft_wrap=True)

    def fact(self, text: str, event: str, **fields: Any) -> None:
        """Print one fact: ``text`` for people, or a record of ``event`` and ``fields``."""
        if self.json:
            sys.stdout.write(json.dumps({"event": event, **fields}, default=str) + "\n")
            sys.stdout.flush()
        else:
            self._out.print(escape(text))

    def rows(self, event: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Print a table: ruled on a terminal, tab-separated in a pipe, records as JSON."""
        if self.json:
            for row in rows:
                self.fact("", event, **dict(zip(columns, row, strict=True)))
        elif self._out.is_terminal:
            table = Table(box=None, header_style="bold", pad_edge=False)
            for column in columns:
                table.add_column(column, overflow="fold")
            for row in rows:
                table.add_row(*(escape(_cell(cell)) for cell in row))
            self._out.print(table)
        else:
            for row in rows:
                self._out.print(escape("\t".join(_cell(cell) for cell in row)))

    def note(self, text: str, style: str = "") -> None:
        """Print a remark on stderr, unless quiet."""
        if not self.quiet:
            self._err.print(escape(text), style=style or None)

    def kernel_line(self, line: Line) -> None:
        """Print a line of the kernel's message buffer on stderr, as dmesg does."""
        if self.quiet:
            return
        stamp = f"\\[{line.time_ns / 1e9:12.6f}] "
        style = _LEVEL_STYLES.get(line.level)
        self._err.print(f"[green]{stamp}[/green]{escape(line.text)}", style=style)

    def error(self, error: BaseException) -> None:
        """Print an error on stderr: its sentence, and a driver's C backtrace."""
        if isinstance(error, DriverError):
            who = f"{error.driver}: " if error.driver else ""
            self._err.print(f"[red]rumphost: {escape(who + error.message)}[/red]")
            for number, frame in enumerate(error.backtrace):
                self._err.print(escape(f"  #{number} {frame}"))
        else:
            self._err.print(f"[red]rumphost: {escape(str(error))}[/red]")
        if self.json:
            record: dict[str, Any] = {"message": str(error)}
            if isinstance(error, DriverError):
                record = {
                    "message": error.message,
                    "driver": error.driver,
                    "backtrace": [str(frame) for frame in error.backtrace],
                }
            status = error.exit_status if isinstance(error, RumphostError) else 1
            self.fact("", "error", exit_status=status, **record)

    @contextmanager
    def progress(self) -> Iterator[ProgressCallback]:
        """Yield a callback (done, total, what) that shows progress on a terminal."""
        if self.quiet or not self._err.is_terminal:
            yield lambda _done, _total, _what: None
            return
        columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._err, transient=True) as progress:
            task = progress.add_task("building", total=None)

            def show(done: int, total: int, what: str) -> None:
                progress.update(task, completed=done, total=total, description=what[-28:])

            yield show


def _cell(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
