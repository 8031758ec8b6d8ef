"""The trace: every crossing between driver, kernel and machine as a typed event.

Services emit events; whoever wants them adds a sink. With no sink ``Trace.on`` is false, and the
emitters do nothing more than look at it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Sink = Callable[["TraceEvent"], None]


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One event: machine time in ns, the lwp's number and name (0, "" for the machine), fields."""

    time_ns: int
    lid: int
    lwp: str
    name: str
    fields: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        seconds, ns = divmod(self.time_ns, 1_000_000_000)
        fields = " ".join(f"{key}={_show(value)}" for key, value in self.fields.items())
        return f"{seconds:5d}.{ns:09d} {self.lid:4d} {self.lwp:<16} {self.name} {fields}".rstrip()

    def as_json(self) -> str:
        record = {"time_ns": self.time_ns, "lid": self.lid, "lwp": self.lwp, "event": self.name}
        return json.dumps(record | self.fields, default=str)


def _show(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value)
    return hex(value) if abs(value) > 9 else str(value)


class Trace:
    """Passes events to its sinks, in order."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self.on = False
        self._now_ns = now_ns
        self._sinks: list[Sink] = []

    def add_sink(self, sink: Sink) -> None:
        self._sinks.append(sink)
        self.on = True

    def remove_sink(self, sink: Sink) -> None:
        self._sinks.remove(sink)
        self.on = bool(self._sinks)

    @contextmanager
    def recording(self) -> Iterator[list[TraceEvent]]:
        """Collect what is emitted inside the ``with`` block in a list."""
        events: list[TraceEvent] = []
        self.add_sink(events.append)
        try:
            yield events
        finally:
            self.remove_sink(events.append)

    def emit(self, name: str, lwp: Any = None, **fields: Any) -> None:
        """Emit ``page.event``; ``lwp`` is the kernel's lwp record, or None for the machine."""
        lid, lwp_name = (lwp.lid, lwp.name) if lwp is not None else (0, "")
        event = TraceEvent(self._now_ns(), lid, lwp_name, name, fields)
        for sink in self._sinks:
            sink(event)
