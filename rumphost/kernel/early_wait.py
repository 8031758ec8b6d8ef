"""Takes interrupts in before trio wakes a task for them. Used by ``cpu.py`` on the real clock.

When trio has nothing left to run it waits for its file descriptors. An instrument of trio's waits
first, for the machine's descriptor and trio's own epoll descriptor, so that an interrupt reaches
its handler without a turn of trio's loop; anything else goes to trio at once. Waking a task costs
as much as all the rest of the way to the handler. Little is run here, for it is run with cold
caches.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from pathlib import Path

import trio

_FDS = Path("/proc/self/fd")
_FD_INFO = Path("/proc/self/fdinfo")


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
        self._scheduled = False
        self._token = trio.lowlevel.current_trio_token()

    def before_io_wait(self, timeout: float) -> None:
        """Called by trio when it is about to wait; ``timeout`` in seconds."""
        if timeout <= 0 or self.error is not None:
            return
        if self._poll is None and not self._find():
            return
        assert self._poll is not None
        self._scheduled = False
        stop_s = time.monotonic() + timeout
        while (left_s := stop_s - time.monotonic()) > 0:
            for fd, _ in self._poll.poll(min(left_s * 1000, 1 << 30)):
                if fd == self._fd:
                    break
            else:
                return
            try:
                self._take_in()
            except BaseException as error:
                self.error = error
                self._on_error()
            if self._scheduled:
                # Trio is set on its wait already: this ends it.
                self._token.run_sync_soon(_nothing, idempotent=True)
                return

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """Called by trio when a task can run."""
        self._scheduled = True

    def _find(self) -> bool:
        """Find trio's epoll descriptor: the one that has ours among its own."""
        for entry in _FDS.iterdir():
            try:
                if entry.readlink().name != "anon_inode:[eventpoll]":
                    continue
                lines = (_FD_INFO / entry.name).read_text().splitlines()
            except OSError:
                continue
            waited_for = [int(line.split()[1]) for line in lines if line.startswith("tfd:")]
            if self._fd in waited_for:
                self._poll = select.poll()
                self._poll.register(self._fd, select.POLLIN)
                self._poll.register(int(entry.name), select.POLLIN)
                return True
        return False


def _nothing() -> None:
    pass
