"""A trace as a timeline that opens in Perfetto's and Chrome's viewers (Trace Event Format, JSON).

Each lwp has a track, on which it is shown while it has the CPU, and on which its crossings are
marked. Interrupts are shown from their assertion to their delivery, locks while they are held,
sleeping lwps with what they wait for.
"""

from __future__ import annotations

import json
from typing import Any

from rumphost.trace import TraceEvent

_ENCODE = json.JSONEncoder(ensure_ascii=False, default=str, separators=(",", ":")).encode
_TAKEN = frozenset({"mutex.enter", "rwlock.enter"})
_GIVEN = frozenset({"mutex.exit", "rwlock.exit"})
_SWITCHES = frozenset({"lwp.run", "lwp.wake", "lwp.create", "lwp.preempt"})
MACHINE = 1_000_000
"""The track of what no lwp did."""


def title_of(event: TraceEvent) -> str:
    """Return what a mark is called: a register access by its register."""
    register = event.fields.get("register")
    if register is not None:
        verb = event.name.partition(".")[2]
        return f"{verb} {str(register).partition('.')[0]}"
    return event.name


class Timeline:
    """Turns events into records of the format; ``head`` and ``tail`` go around them."""

    head = '{"displayTimeUnit":"ns","traceEvents":[\n'
    tail = '{"ph":"M","name":"process_name","pid":1,"args":{"name":"rumphost"}}\n]}\n'

    def __init__(self) -> None:
        self._named: dict[int, str] = {}
        self._running: tuple[int, int] | None = None
        self._asleep: dict[int, tuple[int, str]] = {}
        self._taken: dict[tuple[int, str], int] = {}
        self._pending: dict[str, int] = {}

    def __call__(self, event: TraceEvent) -> str:
        """Return the records of one event, a line each."""
        records = self._records(event)
        return "".join([_ENCODE(record) + ",\n" for record in records])

    def _records(self, event: TraceEvent) -> list[dict[str, Any]]:
        track = event.lid or MACHINE
        records: list[dict[str, Any]] = []
        if self._named.get(track) != event.lwp:
            self._named[track] = event.lwp
            name = f"{event.lwp} [{event.lid}]" if event.lid else "machine"
            records.append({
                "ph": "M", "name": "thread_name", "pid": 1, "tid": track, "args": {"name": name},
            })  # fmt: skip
        self._follow_cpu(event, track, records)
        self._follow_pairs(event, track, records)
        if event.name not in _SWITCHES:
            records.append({
                "ph": "i", "s": "t", "name": title_of(event), "cat": event.name.partition(".")[0],
                "pid": 1, "tid": track, "ts": event.time_ns / 1000, "args": event.fields,
            })  # fmt: skip
        return records

    def _follow_cpu(self, event: TraceEvent, track: int, records: list[dict[str, Any]]) -> None:
        """An lwp has the CPU from its run to another's, or to its own sleep or end."""
        name, now_ns = event.name, event.time_ns
        ends = name in ("lwp.sleep", "lwp.exit", "lwp.panic", "lwp.preempt")
        if self._running is not None and (name == "lwp.run" or ends):
            who, since_ns = self._running
            records.append(_slice("running", "lwp", who, since_ns, now_ns, {}))
            self._running = None
        if name == "lwp.run":
            self._running = (track, now_ns)
        elif name == "lwp.sleep":
            self._asleep[track] = (now_ns, str(event.fields.get("wmesg", "")))
        elif name == "lwp.wake" and track in self._asleep:
            since_ns, wmesg = self._asleep.pop(track)
            records.append(_slice(f"asleep: {wmesg}", "lwp", track, since_ns, now_ns, {}))

    def _follow_pairs(self, event: TraceEvent, track: int, records: list[dict[str, Any]]) -> None:
        name, now_ns = event.name, event.time_ns
        if name in _TAKEN or name in _GIVEN:
            lock = str(event.fields.get("mutex", event.fields.get("rwlock", "")))
            if name in _TAKEN:
                self._taken[track, lock] = now_ns
            elif (track, lock) in self._taken:
                since_ns = self._taken.pop((track, lock))
                page = name.partition(".")[0]
                records.append(_slice(f"{page} {lock}", "lock", track, since_ns, now_ns, {}))
        elif name == "interrupt.pending":
            self._pending[str(event.fields["source"])] = now_ns
        elif name == "pci_intr.deliver":
            line = str(event.fields["line"])
            since_ns = self._pending.pop(line, now_ns)
            records.append(_slice(f"pending: {line}", "interrupt", track, since_ns, now_ns, {}))


def _slice(
    name: str, category: str, track: int, start_ns: int, end_ns: int, arguments: dict[str, Any]
) -> dict[str, Any]:
    return {
        "ph": "X", "name": name, "cat": category, "pid": 1, "tid": track,
        "ts": start_ns / 1000, "dur": (end_ns - start_ns) / 1000, "args": arguments,
    }  # fmt: skip
