"""The trace: every crossing between driver, kernel and machine as a typed event.

Services emit events; whoever wants them adds a sink (``rumphost/tracing`` has those that write
files). With no sink ``Trace.on`` is false, and the emitters do nothing more than look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class TraceEvent(NamedTuple):
    """One event: machine time in ns, the lwp's number and name (0, "" for the machine), fields.

    ``device`` is the one that the lwp works for, or "".
    """

    time_ns: int
    lid: int
    lwp: str
    name: str
    fields: dict[str, Any]
    device: str = ""

    def __str__(self) -> str:
        seconds, ns = divmod(self.time_ns, 1_000_000_000)
        fields = " ".join(f"{key}={_show(value)}" for key, value in self.fields.items())
        return f"{seconds:5d}.{ns:09d} {self.lid:4d} {self.lwp:<16} {self.name} {fields}".rstrip()


Sink = Callable[[TraceEvent], None]
Wants = Callable[[str], bool]
_new = tuple.__new__  # half as long as the constructor, for what happens most


def _show(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value)
    return hex(value) if abs(value) > 9 else str(value)


class Trace:
    """Passes events to its sinks, in order."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self.on = False
        self._now_ns = now_ns
        self._sinks: list[tuple[Sink, Wants | None]] = []
        self._by_name: dict[str, tuple[Sink, ...]] = {}

    def add_sink(self, sink: Sink, wants: Wants | None = None) -> None:
        """Pass events to ``sink``; of those names only that ``wants``, asked once each, affirms."""
        self._sinks.append((sink, wants))
        self._changed()

    def remove_sink(self, sink: Sink) -> None:
        """Undo ``add_sink``."""
        found = next(number for number, (one, _) in enumerate(self._sinks) if one == sink)
        del self._sinks[found]
        self._changed()

    def _changed(self) -> None:
        self.on = bool(self._sinks)
        self._by_name.clear()

    @contextmanager
    def recording(self) -> Iterator[list[TraceEvent]]:
        """Collect what is emitted inside the ``with`` block in a list."""
        events: list[TraceEvent] = []
        self.add_sink(events.append)
        try:
            yield events
        finally:
            self.remove_sink(events.append)

    def emit(self, name: str, lwp: Any = None, /, **fields: Any) -> None:
        """Emit ``page.event``; ``lwp`` is the kernel's lwp record, or None for the machine."""
        sinks = self._by_name.get(name)
        if not sinks:
            if sinks is not None:
                return
            sinks = self._sinks_of(name)
            if not sinks:
                return
        if lwp is None:
            event = _new(TraceEvent, (self._now_ns(), 0, "", name, fields, ""))
        else:
            owner = lwp.owner
            device = owner.xname if owner is not None else ""
            parts = (self._now_ns(), lwp.lid, lwp.name, name, fields, device)
            event = _new(TraceEvent, parts)
        for sink in sinks:
            sink(event)

    def is_heard(self, name: str) -> bool:
        """Tell whether any sink wants events of a name: for what is costly to put into words."""
        sinks = self._by_name.get(name)
        return bool(self._sinks_of(name) if sinks is None else sinks)

    def _sinks_of(self, name: str) -> tuple[Sink, ...]:
        found = tuple(sink for sink, wants in self._sinks if wants is None or wants(name))
        self._by_name[name] = found
        return found
