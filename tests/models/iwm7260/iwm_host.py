"""A small driver in Python for the 7260, for the tests of the model: boots it, sends commands."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from rumphost.machine.config_space import COMMAND, COMMAND_MASTER
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.sim import SimMachine
from rumphost.models.iwm7260 import ImageBuilder, Iwm7260, commands, layouts
from rumphost.models.iwm7260.image import INIT, RUNTIME, TLV_INIT, TLV_RUNTIME
from rumphost.models.iwm7260.table import REGISTERS

COMMAND_QUEUE, COMMAND_FIFO = 9, 7
RING = 256
MS = 1_000_000
ALL = 0xFFFF_FFFF
STATION, AUX = 0, 3


@dataclass
class Packet:
    """What the card has put into a receive buffer."""

    code: int
    flags: int
    index: int
    queue: int
    data: bytes


class IwmHost:
    """The card on a board, with rings set up as a driver does; ``packets`` are all so far."""

    def __init__(self, *, table: bool = True, kind: str = "intx", **options: Any) -> None:
        self.model = Iwm7260(**options)
        self.machine = SimMachine(models=[self.model])
        self.memory = self.machine.dma
        self.region = self.model.map_bar(0)
        command = self.model.config_read(COMMAND, 2)
        self.model.config_write(COMMAND, 2, command | COMMAND_MASTER)
        (self.line,) = self.model.allocate_vectors(kind, 1)  # type: ignore[arg-type]
        self.line.connect(self._interrupted)
        self.use_table = table
        self.packets: list[Packet] = []
        self.causes: list[int] = []
        self.interrupts = 0
        self.rx_next = self.entry = 0
        self._free = self.memory.chunks[0].bus_address
        self.buffers = [self.allocate(4096) for _ in range(RING)]
        self.rx_ring = self.allocate(RING * 4)
        self.rx_status = self.allocate(16)
        self.tx_rings = [self.allocate(RING * 128) for _ in range(10)]
        self.tx_next = [0] * 10
        self.table_address = self.allocate(4096, align=4096)
        self.bounce = self.allocate(64 << 10)

    # The bus

    def allocate(self, size: int, data: bytes = b"", *, align: int = 256) -> int:
        address = self._free + align - 1 & -align
        self._free = address + size
        self.memory.write(address, data.ljust(size, b"\0"))
        return address

    def now_ns(self) -> int:
        return self.machine.clock.now_ns()

    def advance(self, ns: int) -> None:
        self.machine.events.advance_to(self.now_ns() + ns)

    def _offset(self, name: str, index: int) -> int:
        register = REGISTERS[name]
        return register.offset + index * (register.stride or register.width)

    def read(self, name: str, index: int = 0) -> int:
        register = REGISTERS[name]
        return self.region.read(self._offset(name, index), register.width)

    def write(self, name: str, value: int, index: int = 0) -> None:
        self.region.write(self._offset(name, index), REGISTERS[name].width, value)

    def read_peripheral(self, address: int) -> int:
        self.write("PRPH_RADDR", address & 0xF_FFFF | 3 << 24)
        return self.read("PRPH_RDAT")

    def write_peripheral(self, address: int, value: int) -> None:
        self.write("PRPH_WADDR", address & 0xF_FFFF | 3 << 24)
        self.write("PRPH_WDAT", value)

    # Starting

    def wake(self) -> None:
        """Reset the card and start its clock."""
        self.write("RESET", 0x81)
        self.advance(10_000)
        self.write("GP_CNTRL", 4)
        self.advance(25_000)
        assert self.read("GP_CNTRL") & 1

    def set_up_rings(self) -> None:
        self.tx_next = [0] * 10
        self.rx_next = 0
        words = struct.pack(f"<{RING}I", *(address >> 8 for address in self.buffers))
        self.memory.write(self.rx_ring, words)
        self.memory.write(self.rx_status, bytes(16))
        self.write("RX_RING_ADDR", self.rx_ring >> 8)
        self.write("RX_STATUS_ADDR", self.rx_status >> 4)
        self.write("RX_CONFIG", 0x8080_1004)
        self.write("RX_WPTR", 8)
        for queue, ring in enumerate(self.tx_rings):
            self.write("CBBC_0", ring >> 8, queue)

    def load(self, address: int, data: bytes) -> None:
        """Load one section by the service channel."""
        self.memory.write(self.bounce, data)
        self.write("TX_CONFIG", 0, 9)
        self.write("SRVC_SRAM_ADDR", address)
        self.write("TFDIB_CTRL0", self.bounce, 9)
        self.write("TFDIB_CTRL1", len(data), 9)
        self.write("TX_BUF_STS", 1 << 20 | 1 << 12 | 3, 9)
        self.write("TX_CONFIG", 0x8010_0000, 9)
        self.advance(MS)

    def sections(self, kind: int, image: ImageBuilder | None = None) -> list[tuple[int, bytes]]:
        """Return the sections of an image file, as a driver finds them."""
        data = (image or ImageBuilder()).build()
        wanted = TLV_INIT if kind == INIT else TLV_RUNTIME
        found = []
        at = 88
        while at + 8 <= len(data):
            record, size = struct.unpack_from("<II", data, at)
            if record == wanted:
                body = data[at + 8 : at + 8 + size]
                found.append((int.from_bytes(body[:4], "little"), body[4:]))
            at += 8 + size + -size % 4
        return found

    def boot(self, kind: int, image: ImageBuilder | None = None) -> layouts.SimpleNamespace | None:
        """Start an image; return what ALIVE says, None if it never comes."""
        self.wake()
        self.set_up_rings()
        self.packets.clear()
        self.write("INT", ALL)
        self.write("INT_MASK", 0xBA00_008B)
        for address, data in self.sections(kind, image):
            self.load(address, data)
        self.write("RESET", 0)
        self.advance(20 * MS)
        alive = self.take(commands.MVM_ALIVE)
        if not alive:
            return None
        self.after_alive()
        return layouts.ALIVE.unpack(alive[0].data)

    def after_alive(self) -> None:
        if self.use_table:
            self.memory.write(self.table_address, bytes(4096))
            self.entry = 0
            self.write("DRAM_INT_TBL", 1 << 31 | 1 << 27 | self.table_address >> 12)
        for queue in (0, 1, 2, 3, COMMAND_QUEUE):
            fifo = COMMAND_FIFO if queue == COMMAND_QUEUE else queue
            self.write("WRPTR", queue << 8)
            self.write_peripheral(0xA02C68 + 4 * queue, 0)
            self.write_peripheral(0xA02D0C + 4 * queue, 1 << 3 | fifo | 0x017F_0010)
        self.write_peripheral(0xA02C10, 0xFF)
        for channel in range(8):
            self.write("TX_CONFIG", 0x8000_0008, channel)

    # Commands and packets

    def put(self, queue: int, *buffers: bytes) -> int:
        """Fill the next descriptor of a ring and tell the card; return its index."""
        index = self.tx_next[queue]
        tfd = bytearray(128)
        tfd[3] = len(buffers)
        for number, data in enumerate(buffers):
            address = self.allocate(len(data), data, align=16)
            struct.pack_into("<IH", tfd, 4 + 6 * number, address, len(data) << 4)
        self.memory.write(self.tx_rings[queue] + 128 * index, bytes(tfd))
        self.tx_next[queue] = (index + 1) % RING
        self.write("WRPTR", queue << 8 | self.tx_next[queue])
        return index

    def command(self, code: int, data: bytes = b"", *, wait_ns: int = 5 * MS) -> bytes | None:
        """Send a command; return the response's contents, None if there is none."""
        index = self.tx_next[COMMAND_QUEUE]
        self.put(COMMAND_QUEUE, bytes([code, 0, index, COMMAND_QUEUE]) + data)
        self.advance(wait_ns)
        for packet in self.packets:
            if (packet.code, packet.index, packet.queue) == (code, index, COMMAND_QUEUE):
                self.packets.remove(packet)
                return packet.data
        return None

    def take(self, code: int) -> list[Packet]:
        """Return the packets of one kind and forget them."""
        found = [packet for packet in self.packets if packet.code == code]
        self.packets = [packet for packet in self.packets if packet.code != code]
        return found

    def _interrupted(self, _line: InterruptLine) -> None:
        """Handle it at the same instant, but not within the card's own doings."""
        self.machine.events.after(0, self._handle)

    def _handle(self) -> None:
        self.interrupts += 1
        self.write("INT_MASK", 0)
        causes = self._read_table() if self.model.values["DRAM_INT_TBL"] else self.read("INT")
        self.causes.append(causes)
        self.write("INT", causes)
        self.write("FH_INT_STATUS", ALL)
        self._receive()
        self.write("INT_MASK", 0xBA00_008B)

    def _read_table(self) -> int:
        causes = 0
        while word := int.from_bytes(
            self.memory.read(self.table_address + 4 * self.entry, 4), "little"
        ):
            causes |= word & 0xFF | (word & 0xFF00) << 16
            self.memory.write(self.table_address + 4 * self.entry, bytes(4))
            self.entry = (self.entry + 1) % 1024
        return causes

    def _receive(self) -> None:
        closed = int.from_bytes(self.memory.read(self.rx_status, 2), "little") & 0xFFF
        while self.rx_next != closed:
            head = self.memory.read(self.buffers[self.rx_next], 8)
            size = int.from_bytes(head[:4], "little") & 0x3FFF
            data = self.memory.read(self.buffers[self.rx_next] + 8, size - 4)
            self.packets.append(Packet(head[4], head[5], head[6], head[7], data))
            self.rx_next = (self.rx_next + 1) % RING
        self.write("RX_WPTR", (closed - 1) % RING & ~7)

    # What every driver does next

    def calibrate(self) -> list[bytes]:
        """Boot the initial image and return its calibration results."""
        assert self.boot(INIT) is not None
        self.command(commands.PHY_CONFIGURATION, struct.pack("<III", 0x330000, 0xFFFF, 0x7FFF))
        self.advance(50 * MS)
        assert len(self.take(commands.INIT_COMPLETE)) == 1
        return [packet.data for packet in self.take(commands.CALIBRATION_RESULT)]

    def run(self, image: ImageBuilder | None = None) -> None:
        """Bring the runtime image up to where it scans."""
        results = self.calibrate()
        assert self.boot(RUNTIME, image) is not None
        for result in results:
            assert self.command(commands.PHY_DB, result) is not None
        answer = self.command(commands.PHY_CONFIGURATION, struct.pack("<III", 0x330000, 0, 0))
        assert answer is not None
        assert self.add_station(AUX, mac=4) == 1

    def add_station(self, number: int, *, mac: int = 0, address: bytes = bytes(6)) -> int:
        body = layouts.ADD_STATION_V6.pack(sta_id=number, mac=mac, addr=address, queues=15)
        answer = self.command(commands.ADD_STA, body)
        assert answer is not None
        return int.from_bytes(answer, "little")

    def scan(self, channels: list[tuple[int, bool]], ssid: bytes = b"") -> list[Packet]:
        """Scan; return the packets that came until its end."""
        probe = b"\x40\0\0\0" + b"\xff" * 6 + self.model.mac + b"\xff" * 6 + b"\0\0"
        probe += bytes([0, len(ssid)]) + ssid
        visits = b"".join(
            layouts.SCAN_CHANNEL.pack(
                type=int(active), channel=channel, iterations=1, active_dwell=36, passive_dwell=120
            )
            for channel, active in channels
        )
        size = layouts.SCAN_REQUEST.size + len(probe) + len(visits)
        head = struct.pack("<HBB", size, 0, len(channels)) + bytes(24)
        tx = layouts.TX_COMMAND.pack(len=len(probe), sta_id=AUX, rate_n_flags=10 | 1 << 9 | 1 << 14)
        request = (head + tx).ljust(layouts.SCAN_REQUEST.size, b"\0") + probe + visits
        self.packets.clear()
        assert self.command(commands.SCAN_REQUEST, request) == b"\1\0\0\0"
        for _ in range(100):
            if any(packet.code == commands.SCAN_COMPLETE for packet in self.packets):
                return self.packets
            self.advance(50 * MS)
        raise AssertionError("the scan does not end")
