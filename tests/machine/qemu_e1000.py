"""Drives QEMU's e1000 by hand, just enough to send and receive frames, for tests of the machine.

Register offsets and bits are those of Intel's manual of the 8254x family.
"""

from __future__ import annotations

import struct

import trio

from rumphost.machine import InterruptLine, Machine, Region

CTRL, STATUS, EERD, ICR, ICS, IMS, IMC, RCTL, TCTL = (
    0x00, 0x08, 0x14, 0xC0, 0xC8, 0xD0, 0xD8, 0x100, 0x400,
)  # fmt: skip
RDBAL, RDLEN, RDH, RDT = 0x2800, 0x2808, 0x2810, 0x2818
TDBAL, TDLEN, TDH, TDT = 0x3800, 0x3808, 0x3810, 0x3818
RING = 8
DONE = 1


def read_eeprom(registers: Region, word: int) -> int:
    """Return a word of the EEPROM, by EERD."""
    registers.write(EERD, 4, word << 8 | 1)
    while not (value := registers.read(EERD, 4)) & 0x10:
        pass
    return value >> 16


def station_address(registers: Region) -> bytes:
    """Return the Ethernet address that the EEPROM holds."""
    return struct.pack("<3H", *(read_eeprom(registers, word) for word in range(3)))


class E1000:
    """One e1000 with a ring each way; everything is in DMA memory from ``base`` on."""

    def __init__(self, machine: Machine, base: int = 0x100_0000) -> None:
        (function,) = machine.functions
        self.registers = function.map_bar(0)
        self.address = station_address(self.registers)
        self._dma = machine.dma
        self._tx, self._rx, self._buffers = base, base + 0x1000, base + 0x2000
        self._sent = self._received = 0
        self._interrupted = trio.Event()
        function.config_write(4, 2, 7)
        (line,) = function.allocate_vectors("intx", 1)
        line.connect(self._on_interrupt)
        self._start()

    def send(self, frame: bytes) -> None:
        """Put a frame into the transmit ring."""
        slot = self._sent % RING
        buffer = self._buffers + slot * 2048
        self._dma.write(buffer, frame)
        # End of packet, insert the check sequence, report status.
        descriptor = struct.pack("<QHBBBBH", buffer, len(frame), 0, 0x0B, 0, 0, 0)
        self._dma.write(self._tx + 16 * slot, descriptor)
        self._sent += 1
        self.registers.write(TDT, 4, self._sent % RING)

    async def receive(self) -> bytes:
        """Return the next frame, without its check sequence."""
        place = self._rx + 16 * (self._received % RING)
        while True:
            buffer, length, _, status = struct.unpack("<QHHB", self._dma.read(place, 13))
            if status & DONE:
                break
            self.registers.read(ICR, 4)
            interrupted = self._interrupted = trio.Event()
            if not self._dma.read(place + 12, 1)[0] & DONE:
                await interrupted.wait()
        self._received += 1
        return self._dma.read(buffer, length - 4)

    def _start(self) -> None:
        write = self.registers.write
        for slot in range(RING):
            buffer = self._buffers + (RING + slot) * 2048
            self._dma.write(self._rx + 16 * slot, struct.pack("<QQ", buffer, 0))
        for ring, base in ((TDBAL, self._tx), (RDBAL, self._rx)):
            write(ring, 4, base)
            write(ring + 4, 4, 0)
        for offset, value in (
            (TDLEN, 16 * RING), (TDH, 0), (TDT, 0), (TCTL, 2),
            (RDLEN, 16 * RING), (RDH, 0), (RDT, RING - 1),
            (CTRL, 0x40), (RCTL, 0x801A), (IMS, 0x84),
        ):  # fmt: skip
            write(offset, 4, value)

    def _on_interrupt(self, line: InterruptLine) -> None:
        self._interrupted.set()
