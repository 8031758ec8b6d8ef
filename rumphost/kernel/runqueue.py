"""The run queue: which lwp has the virtual CPU next.

Priority is the higher of an lwp's class (threads 0, soft interrupts their level, hard interrupts
their IPL) and the IPL it has raised itself to, as a uniprocessor kernel would have it. FIFO
within one priority; a preempted lwp goes back to the front.
"""

from __future__ import annotations

from collections import deque

from .lwp import IPL_HIGH, Lwp


class RunQueue:
    """Runnable lwps by priority; all operations take constant time."""

    def __init__(self) -> None:
        self._queues: list[deque[Lwp]] = [deque() for _ in range(IPL_HIGH + 1)]
        self.top = -1

    def __len__(self) -> int:
        return sum(map(len, self._queues))

    def push(self, lwp: Lwp, *, front: bool = False) -> None:
        """Add a runnable lwp behind its equals, or before them."""
        self.put(lwp, max(lwp.base_priority, lwp.ipl), front=front)

    def put(self, lwp: Lwp, priority: int, *, front: bool = False) -> None:
        """Add a runnable lwp whose priority is known."""
        lwp.priority = priority
        queue = self._queues[priority]
        if front:
            queue.appendleft(lwp)
        else:
            queue.append(lwp)
        if priority > self.top:
            self.top = priority

    def peek(self) -> Lwp | None:
        """Return the lwp that runs next, without taking it."""
        return self._queues[self.top][0] if self.top >= 0 else None

    def pop(self) -> Lwp:
        """Take the lwp that runs next; the queue must not be empty."""
        lwp = self._queues[self.top].popleft()
        self._settle()
        return lwp

    def remove(self, lwp: Lwp) -> None:
        """Take out an lwp that is on the queue."""
        self._queues[lwp.priority].remove(lwp)
        self._settle()

    def equals(self, priority: int) -> deque[Lwp]:
        """Return the queue of one priority, for the scheduler that shakes it."""
        return self._queues[priority]

    def _settle(self) -> None:
        while self.top >= 0 and not self._queues[self.top]:
            self.top -= 1
