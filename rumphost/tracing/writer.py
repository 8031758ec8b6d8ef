"""Writes a trace into a file, by the file's name: text, JSON lines or a timeline.

Events are kept as they come and written some thousands at a time, so that a driver under trace
waits little. An error of the file is told once, and ends the writing, not the run.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from rumphost.trace import Trace, TraceEvent

from .filter import Filter
from .text import TextFormat, json_line
from .timeline import Timeline

BATCH = 1024


def format_of(path: Path) -> tuple[Callable[[TraceEvent], str], str, str]:
    """Return how to write events into a file of that name, and what begins and ends it.

    ``.jsonl`` is JSON lines, ``.json`` and ``.perfetto`` a timeline; all else is text.
    """
    if path.suffix == ".jsonl":
        return json_line, "", ""
    if path.suffix in (".json", ".perfetto"):
        timeline = Timeline()
        return timeline, timeline.head, timeline.tail
    return TextFormat(), "", ""


class TraceWriter:
    """A sink that writes into ``file``, which is the caller's until ``close``.

    ``on_error`` hears of the first ``OSError``. ``live``: write each event at once.
    """

    def __init__(
        self,
        file: TextIO,
        format_: Callable[[TraceEvent], str],
        *,
        head: str = "",
        tail: str = "",
        filter_: Filter | None = None,
        live: bool = False,
        on_error: Callable[[OSError], None] = lambda _error: None,
    ) -> None:
        self.written = 0
        self._file = file
        self._format = format_
        self._tail = tail
        self._filter = filter_ or Filter()
        self._batch = 1 if live else BATCH
        self._on_error = on_error
        self._failed = False
        self._kept: list[TraceEvent] = []
        self._put(head)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        filter_: Filter | None = None,
        on_error: Callable[[OSError], None] = lambda _error: None,
    ) -> TraceWriter:
        """Make the file; raises ``OSError`` when that fails."""
        format_, head, tail = format_of(path)
        file = path.open("w", encoding="utf-8", errors="backslashreplace")
        return cls(file, format_, head=head, tail=tail, filter_=filter_, on_error=on_error)

    def attach(self, trace: Trace) -> None:
        """Become a sink of a trace, for what the filter wants."""
        trace.add_sink(self, self._filter.wants if self._filter else None)

    def __call__(self, event: TraceEvent) -> None:
        self._kept.append(event)
        if len(self._kept) >= self._batch:
            self.flush()

    def flush(self) -> None:
        """Hand what has been kept to the file."""
        kept, self._kept = self._kept, []
        if self._failed:
            return
        if self._filter:
            accepts = self._filter.accepts
            kept = [event for event in kept if accepts(event)]
        self.written += len(kept)
        self._put("".join([self._format(event) for event in kept]))

    def close(self) -> None:
        """Write the rest and close the file."""
        self.flush()
        self._put(self._tail)
        try:
            self._file.close()
        except OSError as error:
            self._fail(error)

    def _put(self, text: str) -> None:
        if self._failed or not text:
            return
        try:
            self._file.write(text)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            self._on_error(error)
