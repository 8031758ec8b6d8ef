"""The ``replay:`` machine: a recording plays the devices, on a virtual clock.

``replay:FILE`` in ``rumphost run -m`` and ``open_host``; ``replay:FILE:tolerate=polls+order`` does
not mind what ``player.Tolerance`` lists.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rumphost.errors import MachineError, UsageError
from rumphost.machine.base import Machine
from rumphost.machine.clock import VirtualClock
from rumphost.machine.dma import DmaChunk, DmaError, DmaMemory, MappedMemory
from rumphost.machine.events import EventQueue
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.pci import Bar, PciAddress, PciFunction, VectorKind
from rumphost.machine.region import Region

from .format import VECTOR_KINDS, Entry, Kind, read
from .player import LATE_NS, SLACK_NS, Player, Tolerance, changed_bytes
from .snapshots import POSTREAD

_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}


class ReplayMemory(DmaMemory):
    """Memory at the bus addresses that the recorded machine had it at."""

    def __init__(self, chunks: Sequence[dict[str, int]]) -> None:
        self._parts = [
            MappedMemory(chunk["size"], bus_address=chunk["bus_address"]) for chunk in chunks
        ]
        self.chunks = [chunk for part in self._parts for chunk in part.chunks]

    def _part(self, bus_address: int) -> MappedMemory:
        for part in self._parts:
            (chunk,) = part.chunks
            if 0 <= bus_address - chunk.bus_address < chunk.size:
                return part
        raise DmaError(f"bus address {bus_address:#x}: not DMA memory")

    def read(self, bus_address: int, size: int) -> bytes:
        return self._part(bus_address).read(bus_address, size)

    def write(self, bus_address: int, data: bytes) -> None:
        self._part(bus_address).write(bus_address, data)

    def close(self) -> None:
        self.chunks: list[DmaChunk] = []
        while self._parts:
            self._parts.pop().close()


class ReplayLine(InterruptLine):
    """An interrupt line that the recording moves."""

    def __init__(self, name: str, number: int, player: Player, *, level: bool) -> None:
        super().__init__(name, level=level)
        self.number = number
        self._player = player

    def connect(self, action: Any) -> None:
        entry = self._player.act(Kind.CONNECT, self.number)
        self.asserted = entry is not None and bool(entry.numbers[1])
        super().connect(action)

    def unmask(self) -> None:
        self.asserted = self._player.unmask(self.number)

    def come(self, asserted: int) -> None:
        """An interrupt came."""
        self.asserted = bool(asserted)
        self._notify()


class ReplayRegion(Region):
    """Registers that answer as they did."""

    def __init__(self, bar: dict[str, Any], number: int, player: Player) -> None:
        self.name = bar["name"]
        self.size = bar["size"]
        self.is_io = bar["is_io"]
        self.prefetchable = bar["prefetchable"]
        self._number = number
        self._player = player

    def read(self, offset: int, width: int) -> int:
        entry = self._player.act(Kind.READ, self._number, offset, width)
        return (1 << 8 * width) - 1 if entry is None else entry.numbers[3]

    def write(self, offset: int, width: int, value: int) -> None:
        self._player.act(Kind.WRITE, self._number, offset, width, value)

    def read_multi(self, offset: int, width: int, count: int) -> list[int]:
        blank = bytes(width * count)
        entry = self._player.act(Kind.READ_MULTI, self._number, offset, width, data=blank)
        data = b"\xff" * len(blank) if entry is None else entry.data
        return list(struct.unpack(f"<{count}{_FORMATS[width]}", data))

    def write_multi(self, offset: int, width: int, values: list[int]) -> None:
        data = struct.pack(f"<{len(values)}{_FORMATS[width]}", *values)
        self._player.act(Kind.WRITE_MULTI, self._number, offset, width, data=data)


class ReplayFunction(PciFunction):
    """One function; configuration space is a table that the recording changes."""

    def __init__(self, header: dict[str, Any], number: int, machine: ReplayMachine) -> None:
        self.address = PciAddress(*header["address"])
        self.bars = {
            bar["index"]: Bar(
                bar["index"], bar["size"], bar["is_io"], bar["is_64bit"], bar["prefetchable"],
                bar["address"],
            )
            for bar in header["bars"]
        }  # fmt: skip
        self.config = bytearray.fromhex(header["config"])
        self._vectors: dict[str, int] = header["vectors"]
        self._number = number
        self._machine = machine
        self._player = machine.player
        self._regions: dict[int, Region] = {}
        for bar in header["bars"]:
            region = ReplayRegion(bar, len(machine.regions), machine.player)
            self._regions[bar["index"]] = region
            machine.regions.append(region)

    def config_read(self, offset: int, width: int) -> int:
        if offset < 0 or offset + width > len(self.config):
            return (1 << 8 * width) - 1
        return int.from_bytes(self.config[offset : offset + width], "little")

    def config_write(self, offset: int, width: int, value: int) -> None:
        entry = self._player.act(Kind.CONFIG_WRITE, self._number, offset, width, value)
        if entry is not None:
            self.change(offset & ~3, entry.numbers[4])

    def change(self, offset: int, value: int) -> None:
        """Set 32 bits of configuration space, if it is so large."""
        if offset + 4 <= len(self.config):
            self.config[offset : offset + 4] = value.to_bytes(4, "little")

    def map_bar(self, index: int) -> Region:
        if index not in self._regions:
            raise MachineError(f"{self.address} has no BAR {index}")
        return self._regions[index]

    def vector_count(self, kind: VectorKind) -> int:
        return self._vectors[kind]

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        entry = self._player.act(Kind.VECTORS, self._number, VECTOR_KINDS.index(kind), count)
        if entry is None or not entry.numbers[3]:
            raise MachineError(f"{self.address}: no {kind} vectors")
        first = entry.numbers[3] - 1
        level = kind == "intx"
        return [self._machine.line(number, level) for number in range(first, first + count)]

    def release_vectors(self, kind: VectorKind) -> None:
        self._player.act(Kind.RELEASE, self._number, VECTOR_KINDS.index(kind))

    def reset(self) -> None:
        self._player.act(Kind.RESET, self._number)


class ReplayEvents(EventQueue):
    """The kernel's time-outs and what comes by itself in the recording, in the recorded order."""

    def __init__(self, clock: VirtualClock, player: Player) -> None:
        super().__init__(clock)
        self.clock: VirtualClock = clock
        self.running = False
        self._player = player

    def next_ns(self) -> int | None:
        return self._choose()[0]

    def run_due(self) -> int:
        """As ever; what comes from the recording moves the clock, and more may be due then."""
        count = 0
        while ran := super().run_due():
            count += ran
        return count

    def advance_to(self, time_ns: int) -> int:
        return super().advance_to(time_ns) + self.run_due()

    def _choose(self) -> tuple[int | None, Entry | None]:
        """Return when something is next, and the recording's entry of it.

        What is recorded next comes as soon as nobody in the kernel has anything else to do, and
        the clock with it: users of the host do not wait here for as long as they did when it was
        recorded, and what they did to the kernel is recorded too.
        """
        own = super().next_ns()
        player = self._player
        while (entry := player.upcoming()) is not None and entry.kind is Kind.EVENT:
            if own is not None and own <= entry.time_ns + SLACK_NS:
                if not player.reached:
                    return max(self.now_ns(), own, entry.time_ns), entry
                return self.now_ns(), entry
            player.skip()
        if entry is None:
            return own, None
        time_ns = entry.time_ns
        if player.by_itself() is not None:
            if own is None or own + SLACK_NS >= time_ns:
                return (self.now_ns() if player.reached else max(self.now_ns(), time_ns)), entry
            return own, None
        if player.waits_for_host and (own is None or own > time_ns + LATE_NS):
            return max(self.now_ns(), time_ns + LATE_NS), entry
        if own is not None and own <= time_ns <= own + SLACK_NS:
            return time_ns, None
        return own, None

    def _run_first(self) -> int:
        self.running = True
        try:
            return self._run(self._choose()[1])
        finally:
            self.running = False

    def _run(self, entry: Entry | None) -> int:
        if entry is None:
            return super()._run_first()
        if entry.kind is Kind.EVENT:
            self.clock.advance_to(max(entry.time_ns, super().next_ns() or 0))
            self._player.event()
            return super()._run_first()
        if self._player.waits_for_host:
            self._player.skip()
        else:
            self._player.let_come()
        return 1


class ReplayMachine(Machine):
    """Plays the recording in the file ``path``; raises ``UsageError`` unless it is a whole one."""

    traps = ("registers", "dma")
    clock: VirtualClock
    dma: ReplayMemory

    def __init__(self, path: Path, tolerance: Tolerance | None = None) -> None:
        recording = read(path)
        super().__init__(recording.header["machine"], VirtualClock())
        self.path = path
        self.player = Player(
            recording, self.clock, tolerance or Tolerance(), lambda entry: self.describe(entry)
        )
        self.player.on_itself = self._come
        self.player.progress = lambda: self.progress()
        self._queue = ReplayEvents(self.clock, self.player)
        self.events = self._queue
        self.regions: list[Region] = []
        self.dma_watcher = self
        self._header = recording.header
        self._lines: dict[int, ReplayLine] = {}

    @classmethod
    def from_text(cls, text: str) -> ReplayMachine:
        """Make the machine of ``FILE`` or ``FILE:tolerate=polls+order``; raises ``UsageError``."""
        path, _, options = text.partition(":tolerate=")
        if not path:
            raise UsageError("replay: needs a file: say replay:FILE, made by --record FILE")
        wanted = set(options.split("+")) - {""}
        unknown = wanted - {"polls", "order"}
        if unknown:
            raise UsageError(f"replay: tolerates polls and order, not {' '.join(sorted(unknown))}")
        return cls(Path(path), Tolerance(polls="polls" in wanted, order="order" in wanted))

    async def open(self) -> None:
        if self.regions:
            raise MachineError("a recording is played once: open another machine on it")
        self.dma = ReplayMemory(self._header["dma"])
        self.functions = [
            ReplayFunction(function, number, self)
            for number, function in enumerate(self._header["functions"])
        ]

    async def close(self) -> None:
        self.functions = []
        self.player.off = True
        if hasattr(self, "dma"):
            self.dma.close()

    def flush(self) -> None:
        self.player.flush()

    def turn_ends(self) -> bool:
        """At once let come what came when lwps were as far; users of the host get their turn.

        What came a while later comes after that turn: whoever waits for a second from now on, as
        a ping does, would begin to when the clock has moved there, and be late.
        """
        if not self.player.turn_ends():
            return False
        entry = self.player.upcoming()
        assert entry is not None
        if entry.kind is Kind.HOST or entry.time_ns > self.clock.now_ns() + LATE_NS:
            return True
        self._queue.run_due()
        return False

    def host_works(self) -> None:
        if not self._queue.running:
            self.player.host_works()

    def remaining(self) -> str | None:
        """Return in words what the driver has not done that was recorded; None: nothing."""
        return self.player.remaining()

    def line(self, number: int, level: bool) -> InterruptLine:
        """Return the line of that number in the recording."""
        if number not in self._lines:
            self._lines[number] = ReplayLine(f"line {number}", number, self.player, level=level)
        return self._lines[number]

    # -- DmaWatcher

    def loaded(self, number: int, segments: Sequence[tuple[int, int]]) -> None:
        self.player.loaded.loaded(number, segments)

    def unloaded(self, number: int) -> None:
        self.player.loaded.unloaded(number)

    def synced(
        self, number: int, offset: int, parts: Sequence[tuple[int, int]], operations: int
    ) -> None:
        if not operations & POSTREAD:
            return
        length = sum(size for _, size in parts)
        entry = self.player.act(Kind.SYNC, number, offset, length, operations)
        if entry is None:
            return
        for at, data in changed_bytes(entry):
            _scatter(parts, at, data)

    # -- the inner parts

    def _come(self, entry: Entry) -> None:
        if entry.kind is Kind.INTERRUPT:
            line = self._lines.get(entry.numbers[0])
            if line is not None:
                line.come(entry.numbers[1])
            return
        if entry.kind is Kind.DMA:
            number, place = entry.numbers
            for address, data in self.player.loaded.parts_of(number, place, entry.data):
                self.dma.write(address, data)
            return
        number, offset, value = entry.numbers
        if number < len(self.functions):
            function = self.functions[number]
            assert isinstance(function, ReplayFunction)
            function.change(offset, value)

    def describe(self, entry: Entry) -> str:
        """Put an entry into words."""
        numbers = entry.numbers
        if entry.kind in (Kind.READ, Kind.READ_MULTI, Kind.WRITE, Kind.WRITE_ADDRESS,
                          Kind.WRITE_MULTI):  # fmt: skip
            return self._describe_access(entry)
        if entry.kind is Kind.SYNC:
            number, offset, length, _ = numbers
            return f"a sync POSTREAD of {length} bytes at {offset:#x} of DMA map {number}"
        if entry.kind is Kind.CONNECT:
            return "the establishing of an interrupt handler"
        if entry.kind is Kind.ENDLESS:
            return "an endless loop"
        where = self._header["functions"][numbers[0]]["address"] if numbers else ()
        function = str(PciAddress(*where)) if where else ""
        if entry.kind is Kind.CONFIG_WRITE:
            _, offset, width, value = numbers[:4]
            return (
                f"a write of {value:#x} ({width} bytes) to configuration {offset:#x} of {function}"
            )
        if entry.kind in (Kind.VECTORS, Kind.RELEASE):
            verb = "allocation" if entry.kind is Kind.VECTORS else "release"
            return f"the {verb} of {VECTOR_KINDS[numbers[1]]} vectors of {function}"
        return f"{entry.kind.name.lower()} of {function}"

    def _describe_access(self, entry: Entry) -> str:
        number, offset, width = entry.numbers[:3]
        region = self.regions[number]
        if entry.kind is Kind.READ:
            return f"a read of {region.describe(offset)} ({region.name}, {width} bytes)"
        if entry.kind in (Kind.READ_MULTI, Kind.WRITE_MULTI):
            verb = "reads of" if entry.kind is Kind.READ_MULTI else "writes to"
            count = len(entry.data) // width
            return f"{count} {verb} {region.describe(offset)} ({region.name}, {width} bytes each)"
        value = entry.numbers[3]
        named = region.describe(offset, value)
        return f"a write of {value:#x} to {named} ({region.name}, {width} bytes)"


def _scatter(parts: Sequence[tuple[int, int]], at: int, data: bytes) -> None:
    """Write ``data`` from offset ``at`` of what the parts are together."""
    for address, size in parts:
        if at < size and data:
            now = data[: size - at]
            ctypes.memmove(address + at, now, len(now))
            data = data[len(now) :]
            at = 0
        else:
            at -= size
