"""What a part of the card still has to do, so that stopping the part stops all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rumphost.machine.events import Event, EventQueue


class Agenda:
    """Events of one part; ``queue`` returns the machine's, which a model has once plugged in."""

    def __init__(self, queue: Callable[[], EventQueue]) -> None:
        self._queue = queue
        self._events: dict[int, Event] = {}
        self._number = 0

    def after(self, delay_ns: int, action: Callable[[], Any]) -> None:
        """Run ``action`` ``delay_ns`` from now, unless ``clear`` comes first."""
        self._number += 1
        number = self._number

        def run() -> None:
            del self._events[number]
            action()

        self._events[number] = self._queue().after(delay_ns, run)

    def clear(self) -> None:
        """Forget everything."""
        for event in self._events.values():
            event.cancel()
        self._events.clear()
