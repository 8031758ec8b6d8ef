"""Time, as the machine and the kernel see it: whole nanoseconds since the machine started.

The virtual clock moves only when somebody moves it, so that a run is repeatable; the real clock
follows the computer's monotonic clock.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod


class Clock(ABC):
    """A source of time in ns since the machine started; never goes backwards."""

    virtual: bool

    @abstractmethod
    def now_ns(self) -> int:
        """Return the present time in ns."""


class VirtualClock(Clock):
    """A clock that stands still until ``advance_to`` moves it."""

    virtual = True

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        return self._now_ns

    def advance_to(self, time_ns: int) -> None:
        """Move to ``time_ns``; a time in the past leaves the clock where it is."""
        self._now_ns = max(self._now_ns, time_ns)


class RealClock(Clock):
    """The computer's monotonic clock, counted from the creation of this object."""

    virtual = False

    def __init__(self) -> None:
        self._start_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        return time.monotonic_ns() - self._start_ns
