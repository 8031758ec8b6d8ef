"""The receiver: filters, packet buffer, descriptor ring, interrupt delays (sections 3.2 and 13.4).

A frame passes the address and VLAN filters, goes into the packet buffer and from there to the host
as soon as there are descriptors for it. The receiver reads descriptors ahead, many at a time.
"""

from __future__ import annotations

import zlib
from collections import deque
from struct import Struct
from typing import TYPE_CHECKING

from rumphost.machine.dma import DmaError

from .flow import FLOW_CONTROL_TYPE, FlowControl
from .offload import IXSM, check_received, ones_sum
from .table import (
    CTRL_VME,
    INT_RXDMT0,
    INT_RXO,
    INT_RXT0,
    INT_SRPD,
    RAH_AS,
    RAH_AV,
    RCTL_BAM,
    RCTL_BSEX,
    RCTL_CFI,
    RCTL_CFIEN,
    RCTL_EN,
    RCTL_LPE,
    RCTL_MPE,
    RCTL_SBP,
    RCTL_SECRC,
    RCTL_UPE,
    RCTL_VFE,
    RXCSUM_PCSS,
    TIMER_FLUSH,
)

if TYPE_CHECKING:
    from .model import I82540em

DESCRIPTOR = 16
READ_AHEAD = 32
ADDRESSES = Struct("<Q8x")
WRITE_BACK = Struct("<HHBBH")
DD, EOP, VP = 0x01, 0x02, 0x08
CRC_ERROR = 0x01
LEAST, LONGEST, LONGEST_TAGGED, JUMBO = 60, 1514, 1518, 16380
BROADCAST = b"\xff" * 6
DELAY_UNIT_NS = 1024
MTA = [f"MTA[{n}]" for n in range(128)]
VFTA = [f"VFTA[{n}]" for n in range(128)]


class Receiver:
    """The receive unit of one controller."""

    def __init__(self, model: I82540em) -> None:
        self._model = model
        self._values = model.values
        self._flow = FlowControl(model)
        self._delay = model.timer(self._expire)
        self._absolute = model.timer(self._expire)
        self._fifo: deque[bytes] = deque()
        self._ahead: deque[int] = deque()
        self._exact: set[bytes] | None = None
        self._buffer_size = 2048
        self._rctl = self._base = self._count = self._head = self._tail = 0
        self._buffered = 0
        self._halted = False

    def reset(self) -> None:
        self._delay.cancel()
        self._absolute.cancel()
        self._flow.reset()
        self._fifo.clear()
        self._ahead.clear()
        self._exact = None
        self._buffer_size = 2048
        self._rctl = self._base = self._count = self._head = self._tail = 0
        self._buffered = 0
        self._halted = False

    # Registers

    def write_rctl(self, value: int) -> None:
        if value & RCTL_EN and not self._rctl & RCTL_EN:
            self._ahead.clear()
        self._rctl = value
        size = 2048 >> (value >> 16 & 3)
        self._buffer_size = size * 16 & 0x7FFF if value & RCTL_BSEX else size
        if not self._buffer_size:
            self._model.note("RCTL: BSEX with BSIZE 0 is reserved")
            self._buffer_size = 2048
        self._drain()

    def write_base(self, _value: int) -> None:
        self._base = self._values["RDBAH"] << 32 | self._values["RDBAL"]
        self._ahead.clear()

    def write_length(self, value: int) -> None:
        self._count = value // DESCRIPTOR
        self._ahead.clear()

    def read_head(self) -> int:
        return self._head

    def write_head(self, value: int) -> None:
        self._head = value & 0xFFFF
        self._ahead.clear()

    def read_tail(self) -> int:
        return self._tail

    def write_tail(self, value: int) -> None:
        value &= 0xFFFF
        if value >= max(self._count, 1):
            self._model.note(f"RDT: {value} is outside of a ring of {self._count} descriptors")
            return
        self._tail = value
        if self._fifo:
            self._drain()

    def write_rdtr(self, value: int) -> None:
        """FPD ends a running delay at once; it reads as 0."""
        self._values["RDTR"] = value & 0xFFFF
        if value & TIMER_FLUSH and self._delay.pending:
            self._expire()

    def write_address(self, _index: int, _value: int) -> None:
        self._exact = None

    # Frames

    def receive(self, frame: bytes) -> None:
        """Take a frame off the wire."""
        rctl = self._rctl
        if not rctl & RCTL_EN:
            return
        statistics = self._model.statistics
        if len(frame) < LEAST:
            frame = frame.ljust(LEAST, b"\0")
        statistics.seen(len(frame))
        kind = frame[12] << 8 | frame[13]
        if kind == FLOW_CONTROL_TYPE and self._flow.take(frame, rctl):
            return
        tagged = kind == self._values["VET"]
        if len(frame) > LONGEST and self._too_long(len(frame), tagged, rctl):
            statistics.add("ROC")
            return
        if not self._passes(frame, tagged, rctl):
            return
        if self._fifo or not self._store(frame):
            self._hold(frame)
            return
        statistics.received(frame)

    def receive_damaged(self, frame: bytes) -> None:
        """Take a frame whose FCS is wrong: it is counted, and kept only with RCTL.SBP."""
        if self._rctl & RCTL_EN:
            self._model.statistics.add("CRCERRS")
            if self._rctl & RCTL_SBP:
                self._store(frame.ljust(LEAST, b"\0"), CRC_ERROR)

    def _too_long(self, size: int, tagged: bool, rctl: int) -> bool:
        if rctl & RCTL_LPE:
            return size > JUMBO
        return size > (LONGEST_TAGGED if tagged else LONGEST)

    def _passes(self, frame: bytes, tagged: bool, rctl: int) -> bool:
        """Apply the address filters (13.4.22) and the VLAN filter."""
        if tagged and rctl & RCTL_VFE and not self._passes_vlan(frame, rctl):
            return False
        if self._exact is None:
            self._exact = self._exact_addresses()
        destination = frame[:6]
        if destination in self._exact:
            return True
        if not destination[0] & 1:
            return bool(rctl & RCTL_UPE)
        if rctl & RCTL_MPE or (destination == BROADCAST and rctl & RCTL_BAM):
            return True
        shift = 4 - (0, 1, 2, 4)[rctl >> 12 & 3]
        hashed = (destination[5] << 8 | destination[4]) >> shift & 0xFFF
        return bool(self._values[MTA[hashed >> 5]] >> (hashed & 31) & 1)

    def _passes_vlan(self, frame: bytes, rctl: int) -> bool:
        tag = frame[14] << 8 | frame[15]
        if rctl & RCTL_CFIEN and bool(tag & 0x1000) != bool(rctl & RCTL_CFI):
            return False
        return bool(self._values[VFTA[tag >> 5 & 0x7F]] >> (tag & 31) & 1)

    def _exact_addresses(self) -> set[bytes]:
        found = set()
        for index in range(16):
            high = self._values[f"RAH[{index}]"]
            if high & RAH_AV and not high & RAH_AS:
                low = self._values[f"RAL[{index}]"]
                found.add((low | (high & 0xFFFF) << 32).to_bytes(6, "little"))
        return found

    # Packet buffer

    def _hold(self, frame: bytes) -> None:
        """Keep a frame for which there is no descriptor, or lose it."""
        statistics = self._model.statistics
        room = (self._values["PBA"] & 0xFFFF) * 1024
        if self._halted or self._buffered + len(frame) > room:
            statistics.add("MPC")
            self._model.interrupts.set(INT_RXO)
            return
        statistics.add("RNBC")
        self._fifo.append(frame)
        self._buffered += len(frame)
        self._flow.follow(self._buffered)

    def _drain(self) -> None:
        """Move frames from the packet buffer to the host."""
        while self._fifo and self._store(self._fifo[0]):
            frame = self._fifo.popleft()
            self._buffered -= len(frame)
            self._model.statistics.received(frame)
        self._flow.follow(self._buffered)

    # Descriptors

    def _store(self, frame: bytes, errors: int = 0) -> bool:
        """Write a frame to the host; False while there are too few descriptors."""
        rctl, values = self._rctl, self._values
        if not self._count or self._halted or not rctl & RCTL_EN:
            return False
        special = status = 0
        rxcsum = values["RXCSUM"]
        data = frame
        if values["CTRL"] & CTRL_VME and frame[12] << 8 | frame[13] == values["VET"]:
            special, status = frame[14] << 8 | frame[15], VP
            data = frame[:12] + frame[16:]
        if not rctl & RCTL_SECRC:
            data += zlib.crc32(frame).to_bytes(4, "little")
        free = (self._tail - self._head) % self._count
        needed = -(-len(data) // self._buffer_size)
        if needed > free:
            return False
        if rxcsum & ~RXCSUM_PCSS and not errors:
            checked, errors = check_received(frame, rxcsum)
            status |= checked
        else:
            status |= IXSM
        checksum = ones_sum(frame[rxcsum & RXCSUM_PCSS :])
        checksum = checksum >> 8 | (checksum & 0xFF) << 8
        try:
            self._write_out(data, needed, free, (checksum, status | DD | EOP, errors, special))
        except DmaError:
            self._halted = True
            self._model.note("the receiver stops until it is reset: its DMA failed")
            return True
        self._announce(len(frame), free, free - needed)
        return True

    def _write_out(
        self, data: bytes, needed: int, free: int, last: tuple[int, int, int, int]
    ) -> None:
        dma_write, size = self._model.dma_write, self._buffer_size
        if needed == 1:
            address = self._next_buffer(free)
            dma_write(address, data)
            self._write_back(len(data), last)
            return
        for number in range(needed):
            piece = data[number * size : (number + 1) * size]
            dma_write(self._next_buffer(free - number), piece)
            self._write_back(len(piece), last if number == needed - 1 else (0, DD, 0, 0))

    def _next_buffer(self, free: int) -> int:
        if not self._ahead:
            count = min(free, self._count - self._head, READ_AHEAD)
            data = self._model.dma_read(self._base + self._head * DESCRIPTOR, count * DESCRIPTOR)
            self._ahead.extend([address for (address,) in ADDRESSES.iter_unpack(data)])
        return self._ahead.popleft()

    def _write_back(self, length: int, fields: tuple[int, int, int, int]) -> None:
        head = self._head
        self._model.dma_write(self._base + head * DESCRIPTOR + 8, WRITE_BACK.pack(length, *fields))
        head += 1
        self._head = head if head < self._count else 0

    # Interrupts

    def _announce(self, size: int, before: int, after: int) -> None:
        """Interrupt at once or after RDTR, and say when descriptors run low."""
        values, interrupts = self._values, self._model.interrupts
        threshold = self._count >> 1 + (self._rctl >> 8 & 3)
        if before > threshold >= after:
            interrupts.set(INT_RXDMT0)
        delay = values["RDTR"] & 0xFFFF
        if not delay:
            interrupts.set(INT_RXT0)
        elif size + 4 <= values["RSRPD"]:
            self._expire()
            interrupts.set(INT_SRPD)
        else:
            if values["RADV"] and not self._absolute.pending:
                self._absolute.start(values["RADV"] * DELAY_UNIT_NS)
            self._delay.start(delay * DELAY_UNIT_NS)

    def _expire(self) -> None:
        self._delay.cancel()
        self._absolute.cancel()
        self._model.interrupts.set(INT_RXT0)
