"""The Ethernet cable of a model: where a TAP interface or an in-process network is plugged in.

Every Ethernet model has one as ``model.wire``. Who plays the network sets ``wire.on_frame`` to get
what the device sends, and calls ``wire.deliver(frame)`` to give it a frame. Frames carry no
preamble and no FCS. Nothing here blocks, and all calls come from the host's thread.

    model.wire.on_frame = tap.write          # device → outside
    model.wire.deliver(frame)                # outside → device
    model.wire.set_link(False)               # pull the cable

A frame takes its time: ``latency_ns`` plus, when ``bits_per_second`` is not 0, the time that its
bits need after the frame before it. On a virtual clock the default is 1 Gb/s, so that tests are
realistic; on a real clock it is 0, since the computer is slower than the cable anyway.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from rumphost.machine.events import EventQueue

GIGABIT = 1_000_000_000
OVERHEAD = 24
"""Preamble, start delimiter, FCS and the gap between frames, in bytes."""
LEAST_FRAME = 60


class Station(Protocol):
    """A device with a network connector."""

    def receive(self, frame: bytes) -> None:
        """Take a frame off the wire."""

    def link_changed(self, up: bool) -> None:
        """The far end began or ceased to answer."""


class _Lane:
    """One direction: frames come out in order, each at its time."""

    def __init__(self, wire: Wire, sink: Callable[[bytes], Any]) -> None:
        self._wire = wire
        self._sink = sink
        self._queue: deque[tuple[int, bytes]] = deque()
        self._armed = False
        self.busy_until_ns = 0

    def put(self, frame: bytes) -> None:
        events = self._wire.events
        now_ns = events.now_ns()
        done_ns = max(now_ns, self.busy_until_ns)
        if rate := self._wire.bits_per_second:
            octets = max(len(frame), LEAST_FRAME) + OVERHEAD
            done_ns += octets * 8 * GIGABIT // rate
        self.busy_until_ns = done_ns
        self._queue.append((done_ns + self._wire.latency_ns, frame))
        if not self._armed:
            self._armed = True
            events.at(self._queue[0][0], self._drain)

    def clear(self) -> None:
        self._queue.clear()
        self.busy_until_ns = 0

    def _drain(self) -> None:
        self._armed = False
        queue, events = self._queue, self._wire.events
        now_ns = events.now_ns()
        while queue and queue[0][0] <= now_ns:
            self._sink(queue.popleft()[1])
        if queue and not self._armed:
            self._armed = True
            events.at(queue[0][0], self._drain)


class Wire:
    """A cable with the device at one end; see the module's text.

    ``bits_per_second`` 0: no limit; None: 1 Gb/s if the machine's clock is virtual, else no limit.
    ``up`` says whether the far end answers; frames on a cable that is down are lost.
    """

    def __init__(self, *, bits_per_second: int | None = None, latency_ns: int = 0) -> None:
        self._wanted_rate = bits_per_second
        self.bits_per_second = bits_per_second or 0
        self.latency_ns = latency_ns
        self.up = True
        self.on_frame: Callable[[bytes], Any] | None = None
        self.events: EventQueue
        self._station: Station | None = None
        self._outward = _Lane(self, self._leave)
        self._inward = _Lane(self, self._arrive)

    def attach(self, station: Station, events: EventQueue) -> None:
        """Plug in the device; the model calls it when it is plugged into its machine."""
        self._station = station
        self.events = events
        if self._wanted_rate is None:
            self.bits_per_second = GIGABIT if events.clock.virtual else 0

    def detach(self) -> None:
        """Unplug the device; frames under way are lost."""
        self._station = None
        self._outward.clear()
        self._inward.clear()

    def send(self, frame: bytes) -> None:
        """Device → outside. Without delay and limit ``on_frame`` is called before this returns."""
        if not self.up:
            return
        if self.bits_per_second or self.latency_ns:
            self._outward.put(frame)
        elif self.on_frame is not None:
            self.on_frame(frame)

    def deliver(self, frame: bytes) -> None:
        """Outside → device; the device gets it from an event, never within this call."""
        if self.up and self._station is not None:
            self._inward.put(frame)

    def set_link(self, up: bool) -> None:
        """Let the far end answer or not."""
        if up != self.up:
            self.up = up
            if not up:
                self._outward.clear()
                self._inward.clear()
            if self._station is not None:
                self._station.link_changed(up)

    def set_speed(self, bits_per_second: int) -> None:
        """The device's end has agreed on a speed; a wire without a limit stays without one."""
        if self.bits_per_second:
            self.bits_per_second = min(self._wanted_rate or bits_per_second, bits_per_second)

    def backlog_ns(self) -> int:
        """Return how long the frames sent so far will still keep the cable busy."""
        return max(0, self._outward.busy_until_ns - self.events.now_ns())

    def _leave(self, frame: bytes) -> None:
        if self.on_frame is not None:
            self.on_frame(frame)

    def _arrive(self, frame: bytes) -> None:
        if self._station is not None:
            self._station.receive(frame)


def crossover(left: Wire, right: Wire) -> None:
    """Connect two devices: what one sends, the other receives."""
    left.on_frame = right.deliver
    right.on_frame = left.deliver
