"""A function for the driver of the benchmarks: plain words for registers, in three ways.

``mapped``: the driver reaches them by itself. Otherwise each access traps. An eventfd, rung by
another thread, interrupts, as those of ``kmod:`` and ``vfio:`` do.
"""

from __future__ import annotations

import time

import trio

from rumphost.kernel.cpu import trio_clock_is_virtual
from rumphost.machine import InterruptLine, Machine, RealClock, Region, VectorKind, VirtualClock
from rumphost.machine.eventfds import EventfdLine
from rumphost.machine.sim import SimMachine
from rumphost.models.base import Identity, PciModel

SIZE = 4096
CAUSE = 0x0C
"""Where lockbench reads why it was interrupted."""


class Words:
    """Registers that mean nothing; ``seen`` is when each interrupt handler looked for the cause."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def read(self, offset: int, width: int) -> int:
        if offset == CAUSE:
            self.seen.append(time.monotonic_ns())
            return 1
        return 0

    def write(self, offset: int, width: int, value: int) -> None:
        """Nothing happens."""

    def describe(self, offset: int, value: int | None = None) -> str:
        return f"{offset:#x}"


class MappedRegion(Region):
    """The same in memory."""

    def __init__(self, address: int) -> None:
        self.name = "mapped BAR0"
        self.size = SIZE
        self.address = address

    def read(self, offset: int, width: int) -> int:
        raise AssertionError("a mapped register was read by the host")

    def write(self, offset: int, width: int, value: int) -> None:
        raise AssertionError("a mapped register was written by the host")


class BenchFunction(PciModel):
    """Answers to lockbench; ``interrupts``: it is a teaching device, which has an interrupt."""

    IDENTITY = Identity(0x7EAC, 0x00BE, 0xFF0000)

    def __init__(self, *, mapped: bool = False) -> None:
        super().__init__()
        self.words = Words()
        self._mapped = mapped
        self.add_bar(0, self.words, SIZE)
        self.add_msi()

    def reset_device(self) -> None:
        """There is nothing to reset."""

    def map_bar(self, index: int) -> Region:
        if not self._mapped:
            return super().map_bar(index)
        chunk = self.machine.dma.chunks[0]
        return MappedRegion(chunk.address + chunk.size)


class InterruptingFunction(BenchFunction):
    """A function that lockbench takes for the teaching device, so that it wants interrupts."""

    IDENTITY = Identity(0x7EAC, 0x0001, 0xFF0000)

    def __init__(self) -> None:
        super().__init__()
        self.line = EventfdLine("bench", level=False, unmask=lambda: None)

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        return [self.line]

    def release_vectors(self, kind: VectorKind) -> None:
        """There is nothing to switch off."""


class BenchMachine(SimMachine):
    """A board with one function; its eventfd, if it has one, is listened to."""

    def __init__(self, function: BenchFunction) -> None:
        clock = VirtualClock() if trio_clock_is_virtual() else RealClock()
        super().__init__(clock, [function], name="bench")
        self.function = function
        # The last page of the arena's memory belongs to the mapped registers.
        chunk = self.dma.chunks[0]
        self.dma.chunks[0] = type(chunk)(chunk.address, chunk.size - SIZE, chunk.bus_address)

    async def close(self) -> None:
        await super().close()
        if isinstance(self.function, InterruptingFunction):
            self.function.line.close()

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        async with trio.open_nursery() as nursery:
            if self.outside_fd() is not None:
                nursery.start_soon(Machine.serve, self)
            await super().serve(task_status)

    def outside_fd(self) -> int | None:
        function = self.function
        return function.line.fd if isinstance(function, InterruptingFunction) else None

    def take_in(self) -> None:
        assert isinstance(self.function, InterruptingFunction)
        self.function.line.take()
