"""The ordered queue of timed events that the devices of a machine and the kernel share.

One queue for all, ordered by time and then by order of scheduling: what happens at one instant
happens in the same order in every run. Actions are plain Python functions that never block.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from .clock import Clock, VirtualClock


class Event:
    """A scheduled action; ``cancel`` may be called at any time, also after it ran."""

    __slots__ = ("action", "at_ns")

    def __init__(self, at_ns: int, action: Callable[[], Any]) -> None:
        self.at_ns = at_ns
        self.action: Callable[[], Any] | None = action

    @property
    def pending(self) -> bool:
        return self.action is not None

    def cancel(self) -> None:
        self.action = None


class EventQueue:
    """Timed events over one clock; whoever drives the machine calls ``run_due``."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._heap: list[tuple[int, int, Event]] = []
        self._sequence = 0

    def now_ns(self) -> int:
        return self.clock.now_ns()

    def at(self, at_ns: int, action: Callable[[], Any]) -> Event:
        """Run ``action`` once the clock has reached ``at_ns``."""
        event = Event(at_ns, action)
        self._sequence += 1
        heapq.heappush(self._heap, (at_ns, self._sequence, event))
        return event

    def after(self, delay_ns: int, action: Callable[[], Any]) -> Event:
        """Run ``action`` once ``delay_ns`` (0 or more) have passed."""
        return self.at(self.now_ns() + delay_ns, action)

    def next_ns(self) -> int | None:
        """Return the time of the earliest pending event, or None."""
        while self._heap and not self._heap[0][2].pending:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def run_due(self) -> int:
        """Run every event whose time has come, in order; return how many ran.

        What comes due on a real clock while this runs waits for the next call, so that a device
        that always has more to do does not keep the caller for ever.
        """
        count = 0
        if self.next_ns() is None:
            return 0
        now_ns = self.clock.now_ns()
        while (at_ns := self.next_ns()) is not None and at_ns <= now_ns:
            count += self._run_first()
        return count

    def advance_to(self, time_ns: int) -> int:
        """Virtual clock only: step to ``time_ns``, running what is due at its own instant."""
        assert isinstance(self.clock, VirtualClock)
        count = self.run_due()
        while (at_ns := self.next_ns()) is not None and at_ns <= time_ns:
            self.clock.advance_to(at_ns)
            count += self.run_due()
        self.clock.advance_to(time_ns)
        return count

    def _run_first(self) -> int:
        event = heapq.heappop(self._heap)[2]
        action, event.action = event.action, None
        assert action is not None
        action()
        return 1
