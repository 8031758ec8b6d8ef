"""What a machine is: functions on a bus, interrupt lines, DMA memory and a clock."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType

import trio

from .clock import Clock
from .dma import DmaError, DmaMemory, DmaWatcher
from .events import EventQueue
from .pci import PciAddress, PciFunction


def _call(action: Callable[[], object]) -> None:
    action()


class Machine(ABC):
    """An async context manager; between entry and exit its functions may be used.

    ``on_outside_event`` is set by the host: a machine calls it (from a trio task of its own, never
    from a driver's stack) when something has come from outside, after it has put the action on
    ``events`` or asserted a line. ``on_note`` takes what a machine noticed that a driver should
    not do (DMA to nowhere, an access to no register), with the function it is about, and
    ``on_dma_fault`` the error of an access by DMA that nothing answered. ``on_blocked`` is told
    what an IOMMU kept a function from, ``on_removed`` of a function that was unplugged.
    ``bring_in`` too: it calls what it is given, and then lets the kernel run in the same task. A
    machine brings in interrupts so, since it is quicker than waking the kernel's own task.
    ``progress`` counts what the kernel has done, in whatever unit: equal runs count alike.
    """

    name: str
    clock: Clock
    events: EventQueue
    dma: DmaMemory
    functions: list[PciFunction]
    dma_watcher: DmaWatcher | None = None
    """Who wants to know what drivers load and synchronise (``kernel/bus_dma.py`` calls it)."""
    traps: tuple[str, ...] = ()
    """What drivers may not do by themselves on this machine, see ``Host.trap``."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.events = EventQueue(clock)
        self.functions = []
        self.on_outside_event: Callable[[], None] = lambda: None
        self.bring_in: Callable[[Callable[[], object]], None] = _call
        self.progress: Callable[[], int] = lambda: 0
        self.on_note: Callable[[PciAddress, str], None] = lambda _address, _text: None
        self.on_dma_fault: Callable[[PciAddress, DmaError], None] = lambda _address, _error: None
        self.on_blocked: Callable[[PciAddress, str], None] = lambda _address, _text: None
        self.on_removed: Callable[[PciFunction], None] = lambda _function: None

    @abstractmethod
    async def open(self) -> None:
        """Acquire the hardware; raises ``MachineError`` or ``HostLacks`` with one sentence."""

    @abstractmethod
    async def close(self) -> None:
        """Release everything; safe after a failed ``open`` and when called twice."""

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bring in what comes from outside until cancelled; runs as one trio task of the host."""
        task_status.started()
        fd = self.outside_fd()
        if fd is None:
            await trio.sleep_forever()
        with contextlib.suppress(trio.ClosedResourceError):
            while True:
                await trio.lowlevel.wait_readable(fd)
                self.bring_in(self.take_in)

    def outside_fd(self) -> int | None:
        """Return the descriptor that is readable when ``take_in`` has something to do, if any."""
        return None

    def take_in(self) -> None:
        """Take in what has come from outside, without blocking."""

    def flush(self) -> None:
        """Wait until every posted register write has reached its device."""

    def poll(self) -> None:
        """Look for outside events now, without blocking: called while an lwp busy-waits."""

    def turn_ends(self) -> bool:
        """On a virtual clock: tell whether the kernel shall look for what is due even now."""
        return False

    def rests(self) -> None:
        """The kernel has nothing to do until something happens; called before each such wait."""

    def host_works(self) -> None:
        """Somebody gives the kernel work, from outside; called between the kernel's turns."""

    async def __aenter__(self) -> Machine:
        try:
            await self.open()
        except BaseException:
            with trio.CancelScope(shield=True):
                await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with trio.CancelScope(shield=True):
            await self.close()
