"""Sums of a trace: hot registers, interrupt latencies, lock hold times, time per lwp, events.

A ``Summary`` is a sink that keeps sums only, so it may run as long as one likes. ``tables`` gives
them as rows, ``lines`` as text, and ``picture.draw`` as a picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rumphost.trace import Trace, TraceEvent

from .filter import Filter

HOT = 20
_TAKEN = {"mutex.enter": "mutex", "rwlock.enter": "rwlock"}
_GIVEN = {"mutex.exit": "mutex", "rwlock.exit": "rwlock"}
_MANY = ("_multi", "_region")


def duration(ns: float) -> str:
    """Write a time with three digits in whatever unit fits."""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


@dataclass
class Times:
    """Durations in ns: how many, how long, and a histogram by powers of two."""

    count: int = 0
    total: int = 0
    longest: int = 0
    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, ns: int) -> None:
        self.count += 1
        self.total += ns
        self.longest = max(self.longest, ns)
        self.buckets[ns.bit_length()] += 1

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    def histogram(self) -> list[tuple[int, int]]:
        """Return pairs of upper limit in ns (not in it) and count, none left out in between."""
        if not self.buckets:
            return []
        low, high = min(self.buckets), max(self.buckets)
        return [(1 << bits, self.buckets[bits]) for bits in range(low, high + 1)]


@dataclass
class Table:
    """A title, headings and rows; numbers stay numbers, times are in ns."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def lines(self) -> Iterator[str]:
        """Yield it as text; columns called ``…_ns`` as times."""
        names = [heading.removesuffix("_ns") for heading in self.headings]
        timed = [heading.endswith("_ns") for heading in self.headings]
        cells = [
            [
                duration(cell) if is_time else str(cell)
                for cell, is_time in zip(row, timed, strict=True)
            ]
            for row in self.rows
        ]
        widths = [max(len(row[n]) for row in [names, *cells]) for n in range(len(names))]
        numeric = [
            is_time or all(isinstance(row[n], int | float) for row in self.rows)
            for n, is_time in enumerate(timed)
        ]
        yield self.title
        for row in [names, *cells]:
            aligned = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, numeric, strict=True)
            ]
            yield "  " + "  ".join(aligned).rstrip()


class Summary:
    """Sums over a trace; a sink."""

    def __init__(self, filter_: Filter | None = None) -> None:
        self._filter = filter_ or Filter()
        self.events: Counter[str] = Counter()
        self.registers: dict[tuple[str, str], list[int]] = {}
        self.latencies: dict[str, Times] = {}
        self.locks: dict[str, Times] = {}
        self.lwps: dict[str, Times] = {}
        self.sleeps: dict[tuple[str, str], Times] = {}
        self._pending: dict[str, int] = {}
        self._taken: dict[tuple[int, str], int] = {}
        self._running: tuple[str, int] | None = None
        self._asleep: dict[int, tuple[str, int]] = {}
        self._handlers = {
            "interrupt.pending": self._interrupt_pending,
            "pci_intr.deliver": self._interrupt_delivered,
            "lwp.run": self._run,
            "lwp.sleep": self._sleep,
            "lwp.wake": self._wake,
            "lwp.exit": self._stop,
            "lwp.preempt": self._stop,
            "lwp.panic": self._stop,
        }

    def attach(self, trace: Trace) -> None:
        """Become a sink of a trace."""
        trace.add_sink(self, self._filter.wants if self._filter else None)

    def __call__(self, event: TraceEvent) -> None:
        if self._filter and not self._filter.accepts(event):
            return
        name = event.name
        self.events[name] += 1
        if name.startswith("bus_space.") and "register" in event.fields:
            self._access(event)
        elif name in _TAKEN:
            self._taken[event.lid, self._lock(event, _TAKEN[name])] = event.time_ns
        elif name in _GIVEN:
            lock = self._lock(event, _GIVEN[name])
            since_ns = self._taken.pop((event.lid, lock), None)
            if since_ns is not None:
                self.locks.setdefault(lock, Times()).add(event.time_ns - since_ns)
        else:
            handler = self._handlers.get(name)
            if handler is not None:
                handler(event)

    # -- what is summed

    def _access(self, event: TraceEvent) -> None:
        register = str(event.fields["register"]).partition(".")[0]
        counts = self.registers.setdefault((event.fields["region"], register), [0, 0])
        amount = event.fields["count"] if event.name.endswith(_MANY) else 1
        counts[".write" in event.name] += amount

    def _lock(self, event: TraceEvent, page: str) -> str:
        return f"{page} {event.fields.get(page, '')}"

    def _interrupt_pending(self, event: TraceEvent) -> None:
        self._pending[event.fields["source"]] = event.time_ns

    def _interrupt_delivered(self, event: TraceEvent) -> None:
        since_ns = self._pending.pop(event.fields["line"], None)
        if since_ns is not None:
            self.latencies.setdefault(event.fields["line"], Times()).add(event.time_ns - since_ns)

    def _run(self, event: TraceEvent) -> None:
        self._stop(event)
        self._running = (event.lwp, event.time_ns)

    def _stop(self, event: TraceEvent) -> None:
        if self._running is not None:
            name, since_ns = self._running
            self.lwps.setdefault(name, Times()).add(event.time_ns - since_ns)
            self._running = None

    def _sleep(self, event: TraceEvent) -> None:
        self._stop(event)
        self._asleep[event.lid] = (str(event.fields.get("wmesg", "")), event.time_ns)

    def _wake(self, event: TraceEvent) -> None:
        wmesg, since_ns = self._asleep.pop(event.lid, ("", event.time_ns))
        self.sleeps.setdefault((event.lwp, wmesg), Times()).add(event.time_ns - since_ns)

    # -- what is shown

    def tables(self) -> list[Table]:
        """Return the tables that have rows."""
        found = [
            self._register_table(),
            *self._latency_tables(),
            Table(
                "lock hold times",
                ("lock", "taken", "mean_ns", "longest_ns", "total_ns"),
                [(lock, *_row(times)) for lock, times in _by_total(self.locks)],
            ),
            Table(
                "time per lwp",
                ("lwp", "runs", "mean_ns", "longest_ns", "total_ns"),
                [(lwp, *_row(times)) for lwp, times in _by_total(self.lwps)],
            ),
            Table(
                "sleeps",
                ("lwp", "on", "times", "mean_ns", "longest_ns", "total_ns"),
                [(*who, *_row(times)) for who, times in _by_total(self.sleeps)],
            ),
            Table("events", ("event", "count"), list(self.events.most_common())),
        ]
        return [table for table in found if table.rows]

    def _register_table(self) -> Table:
        hot = sorted(self.registers.items(), key=lambda item: -sum(item[1]))
        rows = [(*where, *counts) for where, counts in hot[:HOT]]
        left = len(hot) - len(rows)
        more = f", {left} more not shown" if left else ""
        return Table(f"hot registers{more}", ("region", "register", "reads", "writes"), rows)

    def _latency_tables(self) -> list[Table]:
        rows = [
            (line, below_ns, count, "#" * round(40 * count / times.count))
            for line, times in self.latencies.items()
            for below_ns, count in times.histogram()
        ]
        sums = [(line, *_row(times)) for line, times in _by_total(self.latencies)]
        headings = ("line", "count", "mean_ns", "longest_ns", "total_ns")
        return [
            Table("interrupt latency, from assertion to delivery", headings, sums),
            Table("interrupt latency histogram", ("line", "below_ns", "count", ""), rows),
        ]

    def lines(self) -> Iterator[str]:
        """Yield all tables as text."""
        for number, table in enumerate(self.tables()):
            if number:
                yield ""
            yield from table.lines()


def _row(times: Times) -> tuple[int, float, int, int]:
    return times.count, times.mean, times.longest, times.total


def _by_total(all_times: dict[Any, Times]) -> list[tuple[Any, Times]]:
    return sorted(all_times.items(), key=lambda item: (-item[1].total, -item[1].count))
