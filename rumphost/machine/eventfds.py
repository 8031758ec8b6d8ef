"""Interrupts that come as eventfds: the lines of ``kmod:`` and ``vfio:`` machines, and their wait.

The machine owns one ``EventfdSet``; its lines belong to the functions. ``EventfdMachine`` is what
both machines have in common.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable

import trio

from rumphost.errors import MachineError

from .base import Machine
from .clock import RealClock
from .interrupt import InterruptLine
from .iommu import FaultLog
from .sysfs import SysfsFunction


class EventfdLine(InterruptLine):
    """A vector with an eventfd. A level line is masked by the kernel until ``unmask`` calls."""

    def __init__(self, name: str, *, level: bool, unmask: Callable[[], None]) -> None:
        super().__init__(name, level=level)
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._unmask = unmask

    def take(self) -> bool:
        """Look at the eventfd; returns whether there was an interrupt."""
        if self.fd < 0:
            return False
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return False
        if self.level:
            self.asserted = False  # a new assertion, whatever was known before
            self.assert_()  # noqa: PT009, UP005
        else:
            self.fire()
        return True

    def unmask(self) -> None:
        """Let the line come again; where it is still asserted, it has come when this returns."""
        if self.level:
            self.deassert()
            self._unmask()
            self.take()

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class EventfdSet:
    """The eventfds of a machine, and other descriptors that call a function on any event."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._actions: dict[int, Callable[[], bool]] = {}

    def fileno(self) -> int:
        return self._epoll.fileno()

    def add(self, fd: int, action: Callable[[], bool], events: int = select.EPOLLIN) -> None:
        """Have ``poll`` call ``action``, which returns whether anything happened."""
        self._actions[fd] = action
        self._epoll.register(fd, events)

    def discard(self, fd: int) -> None:
        if self._actions.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def poll(self) -> bool:
        """Handle what has come, without waiting; returns whether anything had."""
        happened = False
        for fd, _ in self._epoll.poll(0):
            action = self._actions.get(fd)
            if action is not None:
                happened |= action()
        return happened

    def close(self) -> None:
        self._actions.clear()
        self._epoll.close()


class EventfdMachine(Machine):
    """A machine of real functions on the real clock.

    ``open`` sets ``_wait``, and puts whatever ``close`` has to undo on ``_resources``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, RealClock())
        self._resources = contextlib.ExitStack()
        self._wait: EventfdSet | None = None

    async def close(self) -> None:
        self.functions = []
        if self._wait is not None:
            trio.lowlevel.notify_closing(self._wait.fileno())
            self._wait = None
        self._resources.close()

    def _watch_faults(self, function: SysfsFunction) -> None:
        """Have ``on_blocked`` told of DMA that the IOMMU stops, where that can be known."""
        assert self._wait is not None
        try:
            log = FaultLog()
        except OSError:  # "rumphost doctor" tells of it
            return
        self._resources.callback(log.close)

        def look() -> bool:
            faults = log.take(function.name)
            for fault in faults:
                self.on_blocked(function.address, str(fault))
            return bool(faults)

        self._wait.add(log.fd, look)

    def outside_fd(self) -> int:
        if self._wait is None:
            raise MachineError("the machine is not open")
        return self._wait.fileno()

    def take_in(self) -> None:
        if self._wait is not None and self._wait.poll():
            self.on_outside_event()

    def flush(self) -> None:
        """Loads and stores are the processor's own: there is nothing to wait for."""
        self.poll()

    def poll(self) -> None:
        if self._wait is not None:
            self._wait.poll()
