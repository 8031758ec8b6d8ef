"""The ``sim:`` machine: device models in Python on one PCI bus, in this process.

Used by ``host.py`` and by tests of models. The machine is the board: it puts models into slots,
assigns BARs as firmware would, wires the INTx pins, owns the DMA memory and, on a real clock, runs
what is due. What a function does is the model's affair (``rumphost/models``), which this module
knows only as ``SimFunction``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import trio

from rumphost.errors import MachineError, UsageError

from .base import Machine
from .clock import Clock, VirtualClock
from .dma import ModelMemory
from .events import Event, EventQueue
from .interrupt import InterruptLine
from .pci import PciAddress, PciFunction
from .timer import Timer

DMA_ADDRESS = 0x0400_0000
"""Where DMA memory begins on the bus: never equal to a process address, so that mixing up the two
shows at once, and low enough for a device with 28 address bits."""
DMA_SIZE = 64 << 20
DOORBELL = 0xFEE0_0000
"""Where a function writes its MSI and MSI-X messages, as on a PC."""

MEMORY_WINDOW = (0xE000_0000, 0xF000_0000)
IO_WINDOW = (0xC000, 0x1_0000)
SLOTS = 32
FIRST_SLOT = 3
INTX_IRQS = (11, 10, 9, 5)


class SharedLine(InterruptLine):
    """One INTx wire of the board: asserted while at least one function pulls it."""

    def __init__(self, name: str, irq: int) -> None:
        super().__init__(name, level=True)
        self.irq = irq
        self._pulling: set[object] = set()

    def pull(self, source: object) -> None:
        """``source`` asserts its pin."""
        self._pulling.add(source)
        self.assert_()  # noqa: PT009, UP005 - a wire's level

    def let_go(self, source: object) -> None:
        """``source`` lowers its pin."""
        self._pulling.discard(source)
        if not self._pulling:
            self.deassert()


class Doorbell:
    """The interrupt controller's address: a message's data names the line it is for."""

    def __init__(self) -> None:
        self._lines: dict[int, InterruptLine] = {}

    def allocate(self, lines: list[InterruptLine]) -> int:
        """Return the data of the first of ``lines``, aligned for MSI; the others follow it."""
        step = 1 << (len(lines) - 1).bit_length()
        base = 0x20
        while any(base + number in self._lines for number in range(len(lines))):
            base += step
        base += -base % step
        if base + len(lines) > 0x1_0000:
            raise MachineError("no message vectors are left on the simulated board")
        self._lines.update(enumerate(lines, base))
        return base

    def release(self, lines: list[InterruptLine]) -> None:
        """Undo ``allocate``."""
        self._lines = {data: line for data, line in self._lines.items() if line not in lines}

    def write(self, data: int) -> bool:
        """Deliver a message; return whether anybody waits for it."""
        line = self._lines.get(data)
        if line is not None:
            line.fire()
        return line is not None


class SimFunction(PciFunction):
    """What the board needs of a function that is plugged into it."""

    @abstractmethod
    def plugged(self, machine: SimMachine, address: PciAddress, lines: list[SharedLine]) -> None:
        """The function is in its slot: place the BARs, take the wire of its pin, power on.

        ``lines`` are the wires at the slot's pins A to D.
        """

    @abstractmethod
    def unplugged(self) -> None:
        """The function left its slot: reads give all ones, interrupts and events are off."""


class SimEventQueue(EventQueue):
    """An event queue that tells when an event became the earliest."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.on_earlier: Callable[[int], None] | None = None

    def at(self, at_ns: int, action: Callable[[], Any]) -> Event:
        event = super().at(at_ns, action)
        if self.on_earlier is not None and self._heap[0][2] is event:
            self.on_earlier(at_ns)
        return event


class Window:
    """A range of bus addresses from which BARs are given out, aligned to their size."""

    def __init__(self, start: int, end: int) -> None:
        self._start = start
        self._end = end
        self._taken: dict[int, int] = {}

    def take(self, size: int) -> int:
        """Return the lowest free address for ``size`` bytes (a power of two), or raise."""
        address = self._start + size - 1 & ~(size - 1)
        for taken, taken_size in sorted(self._taken.items()):
            if address + size <= taken:
                break
            address = max(address, taken + taken_size + size - 1 & ~(size - 1))
        if address + size > self._end:
            raise MachineError(f"no room on the simulated bus for a BAR of {size:#x} bytes")
        self._taken[address] = size
        return address

    def release(self, address: int) -> None:
        """Give back what ``take`` returned."""
        del self._taken[address]


FunctionT = TypeVar("FunctionT", bound=SimFunction)


class SimMachine(Machine):
    """A board with one PCI bus.

    ``clock``: a ``VirtualClock`` unless given; who drives the machine then moves time with
    ``events.advance_to``. With a ``RealClock``, ``serve`` runs the events.
    ``models`` are plugged in order. ``dma_size`` and ``dma_address`` are in bytes.
    """

    dma: ModelMemory

    def __init__(
        self,
        clock: Clock | None = None,
        models: Iterable[SimFunction] = (),
        *,
        name: str = "sim",
        dma_size: int = DMA_SIZE,
        dma_address: int = DMA_ADDRESS,
    ) -> None:
        super().__init__(name, clock or VirtualClock())
        self._queue = SimEventQueue(self.clock)
        self.events = self._queue
        self.dma = ModelMemory(dma_size, bus_address=dma_address)
        self.lines = [
            SharedLine(f"int{letter}", irq) for letter, irq in zip("abcd", INTX_IRQS, strict=True)
        ]
        self.doorbell = Doorbell()
        self.memory_window = Window(*MEMORY_WINDOW)
        self.io_window = Window(*IO_WINDOW)
        for model in models:
            self.plug(model)

    def plug(self, model: FunctionT, device: int | None = None, function: int = 0) -> FunctionT:
        """Put ``model`` into a slot (the first free one unless ``device`` says) and return it."""
        taken = {(other.address.device, other.address.function) for other in self.functions}
        if device is None:
            used = {slot for slot, _ in taken}
            free = [*range(FIRST_SLOT, SLOTS), *range(FIRST_SLOT)]
            device = next((slot for slot in free if slot not in used), None)
            if device is None:
                raise UsageError("every slot of the simulated bus is taken")
        if not (0 <= device < SLOTS and 0 <= function < 8):
            raise UsageError(f"a PCI bus has no device {device} function {function}")
        if (device, function) in taken:
            raise UsageError(f"slot {device} function {function} of the simulated bus is taken")
        wires = [self.lines[(device + pin) % 4] for pin in range(4)]
        model.plugged(self, PciAddress(0, device, function), wires)
        self.functions.append(model)
        self.functions.sort(key=lambda other: other.address)
        return model

    def unplug(self, model: SimFunction) -> None:
        """Pull ``model`` out of its slot without asking anybody, as a user's hand would."""
        self.functions.remove(model)
        model.unplugged()

    async def open(self) -> None:
        if not self.dma.chunks:
            raise MachineError(f"{self.name}: a simulated machine is used once; make another")

    async def close(self) -> None:
        for function in list(self.functions):
            assert isinstance(function, SimFunction)
            self.unplug(function)
        self.dma.close()

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        if self.clock.virtual:
            await super().serve(task_status)
            return
        timer = Timer()
        try:
            self._queue.on_earlier = lambda at_ns: timer.set(at_ns - self.clock.now_ns())
            task_status.started()
            while True:
                if self.events.run_due():
                    self.on_outside_event()
                at_ns = self.events.next_ns()
                timer.set(None if at_ns is None else at_ns - self.clock.now_ns())
                await timer.wait()
        finally:
            self._queue.on_earlier = None
            timer.close()

    def poll(self) -> None:
        self.events.run_due()
