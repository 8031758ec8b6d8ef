"""Records any machine: a machine around another that writes down all that its devices say.

``rumphost run --record FILE`` puts it around the machine that was asked for. Drivers then reach no
register by themselves, and every DMA load and sync passes through here. See ``format`` for what is
kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import trio

from rumphost.machine.base import Machine
from rumphost.machine.events import EventQueue
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.pci import PciFunction, VectorKind
from rumphost.machine.region import Region

from .format import VECTOR_KINDS, Kind, Log, pack_changes
from .snapshots import Changes, Snapshots

EXTENDED = 0x100


class Scribe:
    """Writes entries with the time; knows whether the driver is in the midst of one."""

    def __init__(self, log: Log, now_ns: Callable[[], int]) -> None:
        self._log = log
        self._now_ns = now_ns
        self.depth = 0
        self.timing = False
        self.over = False
        self.progress: Callable[[], int] = lambda: 0
        self._runs = 0
        self.lines: dict[int, RecordingLine] = {}
        self.places = Snapshots(self._synced)

    def add(self, kind: Kind, *numbers: int, data: bytes | None = None) -> None:
        """Write an entry, unless the recording is over."""
        if self.over:
            return
        self._log.add(kind, self._now_ns(), *numbers, data=data)
        self._runs = self.progress()

    def add_by_itself(self, kind: Kind, *numbers: int) -> None:
        """Write an entry of what is not the driver's doing, and how far lwps had come."""
        self.add(kind, *numbers, self.progress() - self._runs)

    def host_works(self) -> None:
        """A user of the host has given the kernel something to do; a time-out does not count."""
        if not self.timing and self._log.last is not Kind.HOST:
            self.add_by_itself(Kind.HOST)

    def line(self, inner: InterruptLine) -> RecordingLine:
        """Return our line for one of the machine's; a new one is numbered."""
        line = self.lines.get(id(inner))
        if line is None:
            line = self.lines[id(inner)] = RecordingLine(inner, len(self.lines), self)
        return line

    def _synced(
        self, number: int, offset: int, length: int, operations: int, changes: Changes
    ) -> None:
        data = pack_changes(changes)
        self.add(Kind.SYNC, number, offset, length, operations, data=data)


class RecordingLine(InterruptLine):
    """Stands before one of the machine's lines; ``asserted`` is what it said when last asked."""

    def __init__(self, inner: InterruptLine, number: int, scribe: Scribe) -> None:
        super().__init__(inner.name, level=inner.level)
        self.number = number
        self._inner = inner  # which also keeps its id() from being another's
        self._scribe = scribe
        self._connecting = False

    def connect(self, action: Callable[[InterruptLine], None]) -> None:
        self._connecting = True
        self._inner.connect(self._hear)
        self._connecting = False
        self.asserted = self._inner.asserted
        self._scribe.add(Kind.CONNECT, self.number, self.asserted)
        super().connect(action)

    def disconnect(self) -> None:
        super().disconnect()
        self._inner.disconnect()

    def unmask(self) -> None:
        self._scribe.depth += 1
        self._inner.unmask()
        self._scribe.depth -= 1
        self.asserted = self._inner.asserted
        self._scribe.add(Kind.UNMASK, self.number, self.asserted)

    def _hear(self, inner: InterruptLine) -> None:
        if self._connecting:
            return
        self.asserted = inner.asserted
        inside = self._scribe.depth > 0
        self._scribe.add_by_itself(Kind.INTERRUPT, self.number, self.asserted, inside)
        self._notify()


class RecordingRegion(Region):
    """Registers; every access is written down after it was made."""

    def __init__(self, inner: Region, number: int, scribe: Scribe) -> None:
        self.name = inner.name
        self.size = inner.size
        self.is_io = inner.is_io
        self.prefetchable = inner.prefetchable
        self.inner = inner
        self._number = number
        self._scribe = scribe

    def read(self, offset: int, width: int) -> int:
        scribe = self._scribe
        scribe.depth += 1
        value = self.inner.read(offset, width)
        scribe.depth -= 1
        scribe.add(Kind.READ, self._number, offset, width, value)
        return value

    def write(self, offset: int, width: int, value: int) -> None:
        scribe = self._scribe
        scribe.depth += 1
        self.inner.write(offset, width, value)
        scribe.depth -= 1
        place = scribe.places.place_of(value) if width >= 4 else None
        if place is None:
            scribe.add(Kind.WRITE, self._number, offset, width, value)
        else:
            scribe.add(Kind.WRITE_ADDRESS, self._number, offset, width, value, *place)

    def read_multi(self, offset: int, width: int, count: int) -> list[int]:
        self._scribe.depth += 1
        values = self.inner.read_multi(offset, width, count)
        self._scribe.depth -= 1
        data = _joined(values, width)
        self._scribe.add(Kind.READ_MULTI, self._number, offset, width, data=data)
        return values

    def write_multi(self, offset: int, width: int, values: list[int]) -> None:
        self._scribe.depth += 1
        self.inner.write_multi(offset, width, values)
        self._scribe.depth -= 1
        data = _joined(values, width)
        self._scribe.add(Kind.WRITE_MULTI, self._number, offset, width, data=data)

    def describe(self, offset: int, value: int | None = None) -> str:
        return self.inner.describe(offset, value)


def _joined(values: list[int], width: int) -> bytes:
    return b"".join([value.to_bytes(width, "little") for value in values])


class RecordingFunction(PciFunction):
    """One function. Of configuration space only what changes by itself is written down."""

    def __init__(self, inner: PciFunction, number: int, first_region: int, scribe: Scribe) -> None:
        self.address = inner.address
        self.bars = inner.bars
        self._inner = inner
        self._number = number
        self._scribe = scribe
        self._regions = {
            index: RecordingRegion(inner.map_bar(index), first_region + n, scribe)
            for n, index in enumerate(sorted(inner.bars))
        }
        self._config = self._snapshot()

    def __getattr__(self, name: str) -> Any:
        """What else the function has, such as a model's wire."""
        return getattr(self._inner, name)

    def _snapshot(self) -> bytearray:
        config = bytearray()
        for offset in range(0, EXTENDED, 4):
            config += self._inner.config_read(offset, 4).to_bytes(4, "little")
        if self._inner.config_read(EXTENDED, 4) not in (0, 0xFFFF_FFFF):
            for offset in range(EXTENDED, 4096, 4):
                config += self._inner.config_read(offset, 4).to_bytes(4, "little")
        return config

    @property
    def header(self) -> dict[str, Any]:
        """What the recording's header says of the function."""
        return {
            "address": [self.address.bus, self.address.device, self.address.function],
            "config": self._config.hex(),
            "vectors": {kind: self._inner.vector_count(_kind(kind)) for kind in VECTOR_KINDS},
            "bars": [
                {
                    "index": index, "size": bar.size, "is_io": bar.is_io, "address": bar.address,
                    "is_64bit": bar.is_64bit, "prefetchable": bar.prefetchable,
                    "name": self._regions[index].name,
                }
                for index, bar in sorted(self.bars.items())
            ],
        }  # fmt: skip

    def config_read(self, offset: int, width: int) -> int:
        value = self._inner.config_read(offset, width)
        known = int.from_bytes(self._config[offset : offset + width], "little")
        if offset + width <= len(self._config) and value != known:
            self._note(offset & ~3)
        return value

    def _note(self, offset: int) -> None:
        """Write down that 32 bits have changed by themselves."""
        value = self._inner.config_read(offset, 4)
        self._config[offset : offset + 4] = value.to_bytes(4, "little")
        self._scribe.add(Kind.CONFIG_CHANGE, self._number, offset, value)

    def config_write(self, offset: int, width: int, value: int) -> None:
        self._scribe.depth += 1
        self._inner.config_write(offset, width, value)
        self._scribe.depth -= 1
        at = offset & ~3
        after = self._inner.config_read(at, 4)
        if at + 4 <= len(self._config):
            self._config[at : at + 4] = after.to_bytes(4, "little")
        self._scribe.add(Kind.CONFIG_WRITE, self._number, offset, width, value, after)

    def map_bar(self, index: int) -> Region:
        return self._regions[index] if index in self._regions else self._inner.map_bar(index)

    def vector_count(self, kind: VectorKind) -> int:
        return self._inner.vector_count(kind)

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        numbers = (self._number, VECTOR_KINDS.index(kind), count)
        try:
            inner = self._inner.allocate_vectors(kind, count)
        except Exception:
            self._scribe.add(Kind.VECTORS, *numbers, 0)
            raise
        lines = [self._scribe.line(line) for line in inner]
        self._scribe.add(Kind.VECTORS, *numbers, 1 + lines[0].number)
        self._changed()
        return [*lines]

    def release_vectors(self, kind: VectorKind) -> None:
        self._inner.release_vectors(kind)
        self._scribe.add(Kind.RELEASE, self._number, VECTOR_KINDS.index(kind))
        self._changed()

    def reset(self) -> None:
        self._inner.reset()
        self._scribe.add(Kind.RESET, self._number)
        self._changed()

    def _changed(self) -> None:
        """Vectors and resets change configuration space by themselves."""
        for offset in range(0, EXTENDED, 4):
            value = self._inner.config_read(offset, 4)
            if value != int.from_bytes(self._config[offset : offset + 4], "little"):
                self._note(offset)


def _kind(name: str) -> VectorKind:
    kinds: dict[str, VectorKind] = {"intx": "intx", "msi": "msi", "msix": "msix"}
    return kinds[name]


class RecordingEvents(EventQueue):
    """The kernel's time-outs, which are written down, over the machine's own, which are not."""

    def __init__(self, inner: EventQueue, scribe: Scribe) -> None:
        super().__init__(inner.clock)
        self._inner = inner
        self._scribe = scribe

    def next_ns(self) -> int | None:
        found = [at_ns for at_ns in (super().next_ns(), self._inner.next_ns()) if at_ns is not None]
        return min(found, default=None)

    def _run_first(self) -> int:
        own, others = super().next_ns(), self._inner.next_ns()
        self._scribe.timing = True
        try:
            if others is not None and (own is None or others <= own):
                return self._inner._run_first()
            self._scribe.add_by_itself(Kind.EVENT)
            return super()._run_first()
        finally:
            self._scribe.timing = False


class RecordingMachine(Machine):
    """Records ``inner`` into the file ``path`` from opening to closing.

    A machine with other interfaces of its own has them here too. ``size`` is the file's, in bytes.
    """

    traps = ("registers", "dma")

    def __init__(self, inner: Machine, path: Path) -> None:
        super().__init__(inner.name, inner.clock)
        self.inner = inner
        self._log = Log(path)
        self._scribe = Scribe(self._log, inner.clock.now_ns)
        self.events = RecordingEvents(inner.events, self._scribe)
        self.dma_watcher = self
        self._scribe.progress = lambda: self.progress()
        inner.on_outside_event = lambda: self.on_outside_event()
        inner.bring_in = lambda action: self.bring_in(action)
        inner.on_note = lambda address, text: self.on_note(address, text)
        inner.on_dma_fault = lambda address, error: self.on_dma_fault(address, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @property
    def size(self) -> int:
        return self._log.size

    @property
    def entries(self) -> int:
        """How many entries there are so far."""
        return self._log.entries

    async def open(self) -> None:
        await self.inner.open()
        self.dma = self.inner.dma
        functions: list[RecordingFunction] = []
        first = 0
        for number, function in enumerate(self.inner.functions):
            functions.append(RecordingFunction(function, number, first, self._scribe))
            first += len(function.bars)
        self._log.head({
            "machine": self.name,
            "virtual": self.clock.virtual,
            "functions": [function.header for function in functions],
            "dma": [
                {"bus_address": chunk.bus_address, "size": chunk.size} for chunk in self.dma.chunks
            ],
        })  # fmt: skip
        self.functions = [*functions]

    async def close(self) -> None:
        try:
            await self.inner.close()
        finally:
            self._log.close()

    # -- DmaWatcher

    def loaded(self, number: int, segments: Sequence[tuple[int, int]]) -> None:
        if self.inner.dma_watcher is not None:
            self.inner.dma_watcher.loaded(number, segments)
        self._scribe.places.loaded(number, segments)

    def unloaded(self, number: int) -> None:
        if self.inner.dma_watcher is not None:
            self.inner.dma_watcher.unloaded(number)
        self._scribe.places.unloaded(number)

    def synced(
        self, number: int, offset: int, parts: Sequence[tuple[int, int]], operations: int
    ) -> None:
        if self.inner.dma_watcher is not None:
            self.inner.dma_watcher.synced(number, offset, parts, operations)
        self._scribe.places.synced(number, offset, parts, operations)

    # -- what a machine that knows more tells

    def device_wrote(self, bus_address: int, data: bytes) -> None:
        """A machine whose devices' DMA writes can be noticed tells of one."""
        place = self._scribe.places.place_of(bus_address)
        if place is not None:
            self._scribe.add(Kind.DMA, *place, data=data)

    def end(self, message: str) -> None:
        """The driver is in an endless loop: nothing more is recorded than what to say of it."""
        self._scribe.add(Kind.ENDLESS, data=message.encode())
        self._scribe.over = True

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await self.inner.serve(task_status)

    def flush(self) -> None:
        self._scribe.depth += 1
        self.inner.flush()
        self._scribe.depth -= 1
        self._scribe.add(Kind.FLUSH)

    def poll(self) -> None:
        self.inner.poll()

    def rests(self) -> None:
        self.inner.rests()

    def host_works(self) -> None:
        if self.functions:
            self._scribe.host_works()
