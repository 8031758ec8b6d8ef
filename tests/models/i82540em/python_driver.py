"""A small driver in Python for the 82540EM, for the tests of the model."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from rumphost.machine.config_space import COMMAND, COMMAND_MASTER
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.sim import SimMachine
from rumphost.models import I82540em
from rumphost.models.i82540em.table import REGISTERS

MAC = bytes.fromhex("525400123456")
PEER = bytes.fromhex("020000000001")
BROADCAST = b"\xff" * 6
EOP, IFCS, RS, DEXT, VLE, IDE = 1 << 24, 1 << 25, 1 << 27, 1 << 29, 1 << 30, 1 << 31
LINK_NS = 200_000_000


def frame(
    size: int = 60, *, to: bytes = MAC, kind: int = 0x88B5, fill: int = 0x5A, tag: int | None = None
) -> bytes:
    """Return an Ethernet frame of ``size`` bytes, with a VLAN tag if one is given."""
    head = to + PEER + (b"" if tag is None else struct.pack(">HH", 0x8100, tag))
    head += struct.pack(">H", kind)
    return head + bytes([fill]) * (size - len(head))


@dataclass
class Received:
    """A receive descriptor that was written back, and its buffer."""

    data: bytes
    checksum: int
    status: int
    errors: int
    special: int


class Nic:
    """The controller on a board, its rings, and the network at the other end."""

    RX_BUFFER = 2048

    def __init__(self, *, kind: str = "intx", **options: Any) -> None:
        self.model = I82540em(**options)
        self.machine = SimMachine(models=[self.model])
        self.memory = self.machine.dma
        self.region = self.model.map_bar(0)
        self.sent: list[tuple[int, bytes]] = []
        self.fired: list[int] = []
        self.model.wire.on_frame = lambda data: self.sent.append((self.now_ns(), data))
        command = self.model.config_read(COMMAND, 2)
        self.model.config_write(COMMAND, 2, command | COMMAND_MASTER)
        (self.line,) = self.model.allocate_vectors(kind, 1)  # type: ignore[arg-type]
        self.line.connect(self._interrupted)
        self._free = self.memory.chunks[0].bus_address
        self.rx_next = self.tx_next = 0

    def now_ns(self) -> int:
        return self.machine.clock.now_ns()

    def advance(self, ns: int) -> None:
        self.machine.events.advance_to(self.now_ns() + ns)

    def allocate(self, size: int, data: bytes = b"") -> int:
        address = self._free
        self._free += size + 255 & ~255
        self.memory.write(address, data.ljust(size, b"\0"))
        return address

    def read(self, name: str, index: int = 0) -> int:
        return self.region.read(self._offset(name, index), 4)

    def write(self, name: str, value: int, index: int = 0) -> None:
        self.region.write(self._offset(name, index), 4, value)

    def up(self, *, rx: int = 8, tx: int = 8, rctl: int = 0, ims: int = 0) -> None:
        """Set up rings, bring the link up, and enable everything."""
        self.write("CTRL", 0x40 | 0x40000241)
        self.write("VET", 0x8100)
        self.rx_count, self.tx_count = rx, tx
        self.rx_ring, self.tx_ring = self.allocate(rx * 16), self.allocate(tx * 16)
        self.rx_buffers = [self.allocate(self.RX_BUFFER) for _ in range(rx)]
        for index in range(rx):
            self.give(index)
        for unit, ring, count in (("R", self.rx_ring, rx), ("T", self.tx_ring, tx)):
            self.write(f"{unit}DBAL", ring)
            self.write(f"{unit}DLEN", count * 16)
        self.write("RDT", rx - 1)
        self.write("RCTL", 0x0400_8002 | rctl)
        self.write("TCTL", 0x0003_F0FA)
        self.advance(LINK_NS)
        self.read("ICR")
        self.write("IMS", ims)
        self.fired.clear()

    def give(self, index: int) -> None:
        """Write a fresh receive descriptor."""
        self.memory.write(self.rx_ring + index * 16, struct.pack("<QQ", self.rx_buffers[index], 0))

    def deliver(self, *frames: bytes) -> None:
        """Let frames arrive, and wait until they have."""
        for data in frames:
            self.model.wire.deliver(data)
        self.advance(1000 + sum(10 * len(data) + 500 for data in frames))

    def take(self, *, refill: bool = True) -> list[Received]:
        """Collect what the receiver has written back, in order."""
        found = []
        while True:
            at = self.rx_ring + self.rx_next * 16
            _, size, checksum, status, errors, special = struct.unpack(
                "<QHHBBH", self.memory.read(at, 16)
            )
            if not status & 1:
                return found
            data = self.memory.read(self.rx_buffers[self.rx_next], size)
            found.append(Received(data, checksum, status, errors, special))
            self.give(self.rx_next)
            if refill:
                self.write("RDT", self.rx_next)
            self.rx_next = (self.rx_next + 1) % self.rx_count

    def put(self, first: int, low: int, high: int = 0) -> int:
        """Write the next transmit descriptor; return its index."""
        index = self.tx_next
        self.memory.write(self.tx_ring + index * 16, struct.pack("<QII", first, low, high))
        self.tx_next = (index + 1) % self.tx_count
        return index

    def send(self, data: bytes, flags: int = EOP | IFCS | RS, high: int = 0) -> int:
        """Send with one legacy descriptor; return its index."""
        index = self.put(self.allocate(len(data), data), len(data) | flags, high)
        self.write("TDT", self.tx_next)
        return index

    def done(self, index: int) -> bool:
        return bool(self.memory.read(self.tx_ring + index * 16 + 12, 1)[0] & 1)

    def frames(self) -> list[bytes]:
        """Return what has been sent since the last call, once the wire is idle."""
        self.advance(10_000_000)
        found = [data for _, data in self.sent]
        self.sent.clear()
        return found

    def _offset(self, name: str, index: int) -> int:
        register = REGISTERS[name]
        return register.offset + index * (register.stride or register.width)

    def _interrupted(self, _line: InterruptLine) -> None:
        self.fired.append(self.now_ns())
