"""What the command line prints: facts on stdout, everything else on stderr.

On a terminal with colour, tables and progress; into a pipe as plain lines, or as one JSON object a
line with ``--format json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from rumphost.errors import DriverError, HostLacks, Place, RumphostError
from rumphost.kernel.console import Level, Line

ProgressCallback = Callable[[int, int, str], None]

_LEVEL_STYLES = {Level.ERROR: "red", Level.DEBUG: "dim", Level.VERBOSE: "dim"}


class OutputClosed(Exception):
    """Nobody reads what this command prints any more."""


class AlreadyTold(RumphostError):
    """Something failed and has been told of: what is left is the exit status."""

    def __init__(self, first: RumphostError) -> None:
        super().__init__(str(first))
        self.exit_status = first.exit_status


class Output:
    """One command's output; ``json`` says which of the two formats.

    An output that cannot be written raises ``OutputClosed`` or ``HostLacks``; a log that cannot is
    let go.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        # Without a stderr rich would take stdout.
        self._err = (
            Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
            if sys.stderr
            else None
        )

    def fact(self, text: str, event: str, **fields: Any) -> None:
        """Print one fact: ``text`` for people, or a record of ``event`` and ``fields``."""
        if self.json:
            text = json.dumps({"event": event, **fields}, default=str)
        self._print(text)

    def rows(self, event: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Print a table: ruled on a terminal, tab-separated in a pipe, records as JSON."""
        if self.json:
            for row in rows:
                self.fact("", event, **dict(zip(columns, row, strict=True)))
        elif sys.stdout is not None and sys.stdout.isatty():
            table = Table(box=None, header_style="bold", pad_edge=False)
            for column in columns:
                table.add_column(column, overflow="fold")
            for row in rows:
                table.add_row(*(escape(_cell(cell)) for cell in row))
            Console(highlight=False, emoji=False, soft_wrap=True).print(table)
        else:
            for row in rows:
                self._print("\t".join(_cell(cell) for cell in row))

    def note(self, text: str, style: str = "") -> None:
        """Print a remark on stderr, unless quiet."""
        if not self.quiet:
            self._log(escape(text), style)

    def kernel_line(self, line: Line) -> None:
        """Print a line of the kernel's message buffer on stderr, as dmesg does."""
        if not self.quiet:
            stamp = f"\\[{line.time_ns / 1e9:12.6f}]"
            style = _LEVEL_STYLES.get(line.level, "")
            self._log(f"[green]{stamp}[/green] {escape(line.text)}", style)

    def error(self, error: BaseException, exit_status: int | None = None) -> None:
        """Print an error on stderr: its sentence, and a driver's C backtrace; and as a record."""
        message, driver, frames = str(error), "", []
        places: tuple[Place, ...] = ()
        if isinstance(error, DriverError):
            message, driver = error.message.strip(), error.driver
            frames = [str(frame) for frame in error.backtrace]
            places = error.places
        who = f"{driver}: " if driver else ""
        self._log(f"rumphost: {escape(who + message)}", "red")
        for number, frame in enumerate(frames):
            self._log(escape(f"  #{number} {frame}"))
        for place in places:
            self._log(escape(str(place)))
        if self.json:
            if exit_status is None:
                exit_status = error.exit_status if isinstance(error, RumphostError) else 1
            record: dict[str, object] = {
                "message": message, "driver": driver, "backtrace": frames,
            }  # fmt: skip
            if places:
                record["places"] = [
                    {"what": one.what, "backtrace": [str(frame) for frame in one.backtrace]}
                    for one in places
                ]
            self.fact("", "error", exit_status=exit_status, **record)

    @contextmanager
    def progress(self) -> Iterator[ProgressCallback]:
        """Yield a callback (done, total, what) that shows progress on a terminal."""
        if self.quiet or self._err is None or not self._err.is_terminal:
            yield lambda _done, _total, _what: None
            return
        columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._err, transient=True) as progress:
            task = progress.add_task("building", total=None)

            def show(done: int, total: int, what: str) -> None:
                progress.update(task, completed=done, total=total, description=what[-28:])

            yield show

    def _print(self, text: str) -> None:
        if sys.stdout is None:
            return
        try:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosed from None
        except OSError as error:
            raise HostLacks(f"cannot write the output: {error.strerror}") from error

    def _log(self, markup: str, style: str = "") -> None:
        if self._err is None:
            return
        with suppress(OSError):
            if self._err.is_terminal:
                self._err.print(markup, style=style or None)
            else:
                self._err.print(markup)


def _cell(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
