"""A machine around a simulated one that says some things otherwise: what an input has.

Between the model and the kernel, and below a recorder, which so writes down what the driver saw.
Made by ``execute.py``, one for each execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import trio

from rumphost.errors import EndlessLoop
from rumphost.machine import (
    DmaGate,
    DmaMemory,
    InterruptLine,
    Machine,
    PciFunction,
    Region,
    VectorKind,
)
from rumphost.machine.sim import SimMachine

from .mutation import (
    DmaMutation,
    Input,
    ReadMutation,
    RegisterKey,
    SpuriousInterrupt,
)
from .profile import Profile

_ACCESSES_OF_HANDLER = 50
"""Fewer than so many for each interrupt that was handled: the line is to blame, not the driver."""


class Tampering:
    """Applies an input to one execution, and takes its profile.

    ``limit``: register accesses and DMA syncs without a rest after which the driver is said to be
    in an endless loop; ``on_limit`` is called just before.
    """

    def __init__(self, mutations: Input, limit: int) -> None:
        self.profile = Profile()
        self._limit = limit
        self._busy = self._handled = 0
        self.on_limit: Callable[[str], None] = lambda _message: None
        self.lines: list[TamperedLine] = []
        self._reads: dict[RegisterKey, list[ReadMutation]] = {}
        self._writes: dict[tuple[int, int], list[DmaMutation]] = {}
        self._spurious: set[int] = set()
        self._late: dict[int, int] = {}
        for one in mutations:
            if isinstance(one, ReadMutation):
                self._reads.setdefault(one.key, []).append(one)
            elif isinstance(one, DmaMutation):
                self._writes.setdefault((one.size, one.number), []).append(one)
            elif isinstance(one, SpuriousInterrupt):
                self._spurious.add(one.access)
            else:
                self._late[one.number] = one.delay_ns

    def access(self) -> None:
        """The driver is about to access a register; raises ``EndlessLoop``."""
        number = self.profile.accesses
        self.profile.accesses = number + 1
        if number in self._spurious:
            for line in self.lines:
                line.come_for_nothing()
        self.busy()

    def busy(self) -> None:
        """The driver does something with its device; raises ``EndlessLoop``."""
        self._busy += 1
        self.profile.longest = max(self.profile.longest, self._busy)
        if self._busy > self._limit:
            self._endless()

    def _endless(self) -> None:
        if self._handled * _ACCESSES_OF_HANDLER > self._busy:
            message = f"pci_intr(9): interrupt storm: {self._handled} in a row"
        else:
            message = f"endless loop: {self._limit} accesses to the device, and no end in sight"
        self.rest()  # others may still clean up
        self.on_limit(message)
        raise EndlessLoop(message)

    def handled(self) -> None:
        """The handlers of an interrupt have run."""
        self._handled += 1

    def rest(self) -> None:
        """All of the driver sleeps."""
        self._busy = self._handled = 0

    def read(self, key: RegisterKey, value: int) -> int:
        """A register was read; returns what the driver gets."""
        number = self.profile.read(key, value)
        for one in self._reads.get(key, ()):
            if one.first <= number < one.first + one.count:
                value = one.put(value)
        return value

    def write(self, data: bytes) -> bytes:
        """The device writes into memory; returns what it writes."""
        number = self.profile.write(data)
        for one in self._writes.get((len(data), number), ()):
            changed = bytes.fromhex(one.data)[: max(len(data) - one.offset, 0)]
            data = data[: one.offset] + changed + data[one.offset + len(changed) :]
        return data

    def interrupt(self) -> int | None:
        """An interrupt comes; returns how many ns late, 0 for never, None: now."""
        number = self.profile.interrupts
        self.profile.interrupts = number + 1
        return self._late.get(number)


class TamperedRegion(Region):
    """Registers of which some reads are changed."""

    def __init__(self, inner: Region, number: int, tampering: Tampering) -> None:
        self.name = inner.name
        self.size = inner.size
        self.is_io = inner.is_io
        self.prefetchable = inner.prefetchable
        self._inner = inner
        self._number = number
        self._tampering = tampering

    def read(self, offset: int, width: int) -> int:
        self._tampering.access()
        return self._tampering.read((self._number, offset, width), self._inner.read(offset, width))

    def write(self, offset: int, width: int, value: int) -> None:
        self._tampering.access()
        self._inner.write(offset, width, value)

    def describe(self, offset: int, value: int | None = None) -> str:
        return self._inner.describe(offset, value)


class TamperedLine(InterruptLine):
    """An interrupt line on which interrupts get lost, come late, or for nothing."""

    def __init__(self, inner: InterruptLine, machine: TamperedMachine) -> None:
        super().__init__(inner.name, level=inner.level)
        self._inner = inner
        self._machine = machine

    def connect(self, action: Callable[[InterruptLine], None]) -> None:
        super().connect(action)
        self._machine.tampering.lines.append(self)
        self._inner.connect(self._hear)

    def disconnect(self) -> None:
        if self in self._machine.tampering.lines:
            self._machine.tampering.lines.remove(self)
        super().disconnect()
        self._inner.disconnect()

    def unmask(self) -> None:
        self._machine.tampering.handled()
        self._inner.unmask()
        self.asserted = self.asserted and self._inner.asserted

    def come_for_nothing(self) -> None:
        """Interrupt, though the device did not."""
        self._notify()

    def _hear(self, _inner: InterruptLine) -> None:
        delay_ns = self._machine.tampering.interrupt()
        self.asserted = False
        if delay_ns is None:
            self._deliver()
        elif delay_ns:
            self._machine.events.after(delay_ns, self._deliver)

    def _deliver(self) -> None:
        self.asserted = self._inner.asserted
        if self.asserted or not self.level:
            self._notify()


class TamperedFunction(PciFunction):
    """A function; its configuration space is as it is."""

    def __init__(self, inner: PciFunction, first_region: int, machine: TamperedMachine) -> None:
        self.address = inner.address
        self.bars = inner.bars
        self._inner = inner
        self._machine = machine
        self._regions = {
            index: TamperedRegion(inner.map_bar(index), first_region + n, machine.tampering)
            for n, index in enumerate(sorted(inner.bars))
        }

    def __getattr__(self, name: str) -> Any:
        """What else the model has, such as a wire."""
        return getattr(self._inner, name)

    @property
    def regions(self) -> Iterable[Region]:
        """The registers, in the order of their numbers."""
        return self._regions.values()

    def config_read(self, offset: int, width: int) -> int:
        return self._inner.config_read(offset, width)

    def config_write(self, offset: int, width: int, value: int) -> None:
        self._inner.config_write(offset, width, value)

    def map_bar(self, index: int) -> Region:
        return self._regions[index] if index in self._regions else self._inner.map_bar(index)

    def vector_count(self, kind: VectorKind) -> int:
        return self._inner.vector_count(kind)

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        return [self._machine.line(line) for line in self._inner.allocate_vectors(kind, count)]

    def release_vectors(self, kind: VectorKind) -> None:
        self._inner.release_vectors(kind)

    def reset(self) -> None:
        self._inner.reset()


class TamperedMemory(DmaMemory):
    """DMA memory as models see it: of some writes, bytes are changed."""

    def __init__(self, inner: DmaMemory, tampering: Tampering) -> None:
        self.chunks = inner.chunks
        self._inner = inner
        self._tampering = tampering
        self.on_write: Callable[[int, bytes], None] = lambda _bus_address, _data: None

    def read(self, bus_address: int, size: int) -> bytes:
        return self._inner.read(bus_address, size)

    def write(self, bus_address: int, data: bytes) -> None:
        written = self._tampering.write(bytes(data))
        self._inner.write(bus_address, written)
        self.on_write(bus_address, written)

    def map(self, address: int, size: int) -> int | None:
        return self._inner.map(address, size)

    def unmap(self, bus_address: int, size: int) -> None:
        self._inner.unmap(bus_address, size)

    def intercept(self, gate: DmaGate) -> bool:
        return self._inner.intercept(gate)

    def close(self) -> None:
        self.chunks = []
        self._inner.close()


class TamperedMachine(Machine):
    """``inner`` with an input applied to it."""

    traps = ("registers", "dma")

    def __init__(self, inner: SimMachine, tampering: Tampering) -> None:
        super().__init__(inner.name, inner.clock)
        self.inner = inner
        self.tampering = tampering
        self.events = inner.events
        self.dma_watcher = self
        self.dma = self.memory = TamperedMemory(inner.dma, tampering)
        inner.dma = self.dma  # type: ignore[assignment]
        self._lines: dict[int, TamperedLine] = {}
        inner.on_outside_event = lambda: self.on_outside_event()
        inner.bring_in = lambda action: self.bring_in(action)
        inner.on_note = lambda address, text: self.on_note(address, text)
        inner.on_dma_fault = lambda address, error: self.on_dma_fault(address, error)

    def line(self, inner: InterruptLine) -> TamperedLine:
        """Return our line for one of the board's."""
        if id(inner) not in self._lines:
            self._lines[id(inner)] = TamperedLine(inner, self)
        return self._lines[id(inner)]

    def register_names(self) -> dict[RegisterKey, str]:
        """Return the names of the registers that were read."""
        regions = [
            region
            for function in self.functions
            if isinstance(function, TamperedFunction)
            for region in function.regions
        ]
        return {key: regions[key[0]].describe(key[1]) for key in self.tampering.profile.reads}

    async def open(self) -> None:
        await self.inner.open()
        first = 0
        functions: list[PciFunction] = []
        for function in self.inner.functions:
            functions.append(TamperedFunction(function, first, self))
            first += len(function.bars)
        self.functions = functions

    async def close(self) -> None:
        await self.inner.close()

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await self.inner.serve(task_status)

    def poll(self) -> None:
        self.inner.poll()

    def rests(self) -> None:
        self.tampering.rest()

    # -- DmaWatcher

    def loaded(self, number: int, segments: Sequence[tuple[int, int]]) -> None:
        """Nothing to do."""

    def unloaded(self, number: int) -> None:
        """Nothing to do."""

    def synced(
        self, number: int, offset: int, parts: Sequence[tuple[int, int]], operations: int
    ) -> None:
        self.tampering.busy()
