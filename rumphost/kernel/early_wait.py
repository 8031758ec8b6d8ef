"""Takes interrupts in before trio wakes a task for them. Used by ``cpu.py`` on the real clock.

When trio has nothing left to run it waits for its file descriptors. An instrument of trio's waits
first, for the machine's descriptor and trio's own epoll descriptor, so that an interrupt reaches
its handler without a turn of trio's loop; anything else goes to trio at once. Waking a task costs
as much as all the rest of the way to the handler. Little is run here, for it is run with cold
caches.
"""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable
from pathlib import Path

import trio

_FDS = Path("/proc/self/fd")
_FD_INFO = Path("/proc/self/fdinfo")
_SEARCHES = 100  # for trio's descriptor, which has ours only once a task waits for it
_IN_A_ROW = 64  # then trio has a turn, though more may have come


class EarlyWait(trio.abc.Instrument):
    """``take_in`` is called when ``fd`` is readable; ``error`` is what it raised, if it did.

    ``on_error`` is called then, to wake whoever raises it again.

    Some trio task must wait for ``fd`` too: by that trio's own descriptor is recognised, and it
    serves ``fd`` where this finds none.
    """

    def __init__(self, fd: int, take_in: Callable[[], None], on_error: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._fd = fd
        self._take_in = take_in
        self._on_error = on_error
        self._poll: select.poll | None = None
        self._searches = _SEARCHES
        self._scheduled = False
        self._token = trio.lowlevel.current_trio_token()

    def before_io_wait(self, timeout: float) -> None:
        """Called by trio when it is about to wait; ``timeout`` in seconds."""
        if timeout <= 0 or self.error is not None:
            return
        if self._poll is None:
            self._poll = self._find()
        if self._poll is not None and self._wait(self._poll, time.monotonic() + timeout):
            # Trio is set on a wait of its own already: this ends it.
            self._token.run_sync_soon(_nothing, idempotent=True)

    def _wait(self, poll: select.poll, stop_s: float) -> bool:
        """Wait and take in; False where trio's own wait is to go on: it ends by itself."""
        self._scheduled = False
        for _ in range(_IN_A_ROW):
            ready = poll.poll(max(stop_s - time.monotonic(), 0) * 1000)
            for fd, what in ready:
                if fd == self._fd and what & select.POLLIN:
                    break
            else:
                return not ready
            try:
                self._take_in()
            except BaseException as error:
                self.error = error
                self._on_error()
            if self._scheduled:
                break
        return True

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """Called by trio when a task can run."""
        self._scheduled = True

    def _find(self) -> select.poll | None:
        """Find trio's epoll descriptor: the one that has ours among its own."""
        if self._searches == 0:
            return None
        self._searches -= 1
        for number in _epoll_descriptors():
            if self._fd in _waited_for(number):
                poll = select.poll()
                poll.register(self._fd, select.POLLIN)
                poll.register(number, select.POLLIN)
                return poll
        return None


def _epoll_descriptors() -> list[int]:
    """Return this process's; none where there is no procfs."""
    found = []
    with contextlib.suppress(OSError):
        for entry in _FDS.iterdir():
            with contextlib.suppress(OSError):  # the one that lists them is closed by now
                if entry.readlink().name == "anon_inode:[eventpoll]":
                    found.append(int(entry.name))
    return found


def _waited_for(epoll: int) -> list[int]:
    """Return the descriptors that an epoll descriptor has."""
    try:
        lines = (_FD_INFO / str(epoll)).read_text().splitlines()
    except OSError:
        return []
    return [int(line.split()[1]) for line in lines if line.startswith("tfd:")]


def _nothing() -> None:
    pass
