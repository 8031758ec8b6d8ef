"""The transmitter: descriptor ring, checksums, segmentation, interrupt delays (3.3 to 3.5, 13.4).

It reads many descriptors at once. A packet leaves when its last descriptor has been read; while the
wire is behind by more than the packet buffer holds, or the link is down, or the far end asked for a
pause, the transmitter waits.
"""

from __future__ import annotations

import zlib
from struct import Struct
from typing import TYPE_CHECKING

from rumphost.machine.dma import DmaError

from .offload import Context, add_sums, decode_context, insert_sum, segment
from .table import CTRL_VME, INT_TXD_LOW, INT_TXDW, INT_TXQE, TCTL_EN, TCTL_PSP, TIMER_FLUSH

if TYPE_CHECKING:
    from .model import I82540em

DESCRIPTOR = 16
READ_AHEAD = 64
DESCRIPTORS = Struct("<QII")
EOP, IFCS, IC, TSE = 1 << 24, 1 << 25, 1 << 26, 1 << 26
RS, RPS, DEXT, VLE, IDE = 1 << 27, 1 << 28, 1 << 29, 1 << 30, 1 << 31
TYPE_CONTEXT, TYPE_DATA = 0, 1
DD = 1
IXSM, TXSM = 0x100, 0x200
LEAST, LONGEST = 60, 16288
DELAY_UNIT_NS = 1024
LOW_UNIT = 8


class Transmitter:
    """The transmit unit of one controller."""

    def __init__(self, model: I82540em) -> None:
        self._model = model
        self._values = model.values
        self._resume = model.timer(self.run)
        self._delay = model.timer(self._expire)
        self._absolute = model.timer(self._expire)
        self.reset()

    def reset(self) -> None:
        for timer in (self._resume, self._delay, self._absolute):
            timer.cancel()
        self._enabled = False
        self._base = self._count = self._head = self._tail = 0
        self._parts: list[bytes] = []
        self._options = self._first_low = 0
        self._context = Context()
        self._paused_until_ns = 0
        self._causes = 0
        self._halted = False
        self._running = False

    # Registers

    def write_tctl(self, value: int) -> None:
        self._enabled = bool(value & TCTL_EN)
        self.run()

    def write_base(self, _value: int) -> None:
        self._base = self._values["TDBAH"] << 32 | self._values["TDBAL"]

    def write_length(self, value: int) -> None:
        self._count = value // DESCRIPTOR

    def read_head(self) -> int:
        return self._head

    def write_head(self, value: int) -> None:
        self._head = value & 0xFFFF

    def read_tail(self) -> int:
        return self._tail

    def write_tail(self, value: int) -> None:
        value &= 0xFFFF
        if value >= max(self._count, 1):
            self._model.note(f"TDT: {value} is outside of a ring of {self._count} descriptors")
            return
        self._tail = value
        self.run()

    def write_tidv(self, value: int) -> None:
        """FPD ends a running delay at once; it reads as 0."""
        self._values["TIDV"] = value & 0xFFFF
        if value & TIMER_FLUSH and self._delay.pending:
            self._expire()

    # Running

    @property
    def paused(self) -> bool:
        """Whether a PAUSE frame holds the transmitter."""
        return self._model.now_ns() < self._paused_until_ns

    def pause(self, duration_ns: int) -> None:
        """Stop for a time after the packet under way; 0: go on."""
        self._paused_until_ns = self._model.now_ns() + duration_ns
        if duration_ns:
            self._resume.start(duration_ns)
        else:
            self.run()

    def run(self) -> None:
        """Send what the ring holds, as far as it is possible now."""
        if self._running or self._head == self._tail or not self._count:
            return
        self._running = True
        before = (self._tail - self._head) % self._count
        try:
            while self._head != self._tail and self._may_send():
                self._send_batch()
        except DmaError:
            self._halted = True
            self._model.note("the transmitter stops until it is reset: its DMA failed")
        finally:
            self._running = False
        self._announce(before)

    def _may_send(self) -> bool:
        model = self._model
        if not self._enabled or self._halted or not (model.link_up or model.loopback):
            return False
        wait_ns = 0
        if self._paused_until_ns:
            wait_ns = self._paused_until_ns - model.now_ns()
        if model.wire.bits_per_second:
            wait_ns = max(wait_ns, model.wire.backlog_ns() - model.transmit_buffer_ns)
        if wait_ns > 0:
            self._resume.start(wait_ns)
            return False
        return True

    def _send_batch(self) -> None:
        """Read descriptors up to the tail or the ring's end; stop when the wire falls behind."""
        model, count = self._model, self._count
        head = self._head
        end = self._tail if self._tail > head else count
        size = min(end - head, READ_AHEAD) * DESCRIPTOR
        paced = model.wire.bits_per_second
        data = model.dma_read(self._base + head * DESCRIPTOR, size)
        for first, low, high in DESCRIPTORS.iter_unpack(data):
            ended = self._take(first, low, high)
            if low & (RS | RPS):
                model.dma_write(self._base + head * DESCRIPTOR + 12, bytes((high & 0xFF | DD,)))
                self._report(low)
            head += 1
            if head == count:
                head = 0
            self._head = head
            if ended and paced and not self._may_send():
                return

    def _take(self, first: int, low: int, high: int) -> bool:
        """Take one descriptor; return whether it ended a packet."""
        if low & DEXT:
            kind, length = low >> 20 & 0xF, low & 0xFFFFF
            if kind == TYPE_CONTEXT:
                self._context = decode_context(first, low, high)
                return False
            if kind != TYPE_DATA:
                self._model.note(f"transmit descriptor {self._head}: type {kind} does not exist")
                return False
        else:
            length = low & 0xFFFF
        if not self._parts:
            self._options = high if low & DEXT else 0
            self._first_low = low
        self._parts.append(self._model.dma_read(first, length) if length else b"")
        if not low & EOP:
            return False
        packet = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = []
        self._finish(packet, low, high)
        return True

    def _finish(self, packet: bytes, low: int, high: int) -> None:
        """The whole packet is there: do what its descriptors ask for, and send it."""
        if not low & DEXT:
            if low & IC:
                frame = bytearray(packet)
                start, at = high >> 8 & 0xFF, low >> 16 & 0xFF
                if not insert_sum(frame, start, at, 0, never_zero=False):
                    self._model.note(f"legacy checksum at {at} of {len(packet)} bytes")
                packet = bytes(frame)
            self._emit(packet, low, high)
            return
        ip, transport = bool(self._options & IXSM), bool(self._options & TXSM)
        if self._first_low & TSE:
            self._segment(packet, low, high)
        elif ip or transport:
            frame = bytearray(packet)
            if not add_sums(frame, self._context, ip=ip, transport=transport):
                self._model.note(f"checksum context does not fit {len(packet)} bytes")
            self._emit(bytes(frame), low, high)
        else:
            self._emit(packet, low, high)

    def _segment(self, packet: bytes, low: int, high: int) -> None:
        context, statistics = self._context, self._model.statistics
        ip, transport = bool(self._options & IXSM), bool(self._options & TXSM)
        whole = context.header_length + context.payload_length
        if len(packet) != whole or not context.segment_size:
            self._model.note(f"segmentation: {len(packet)} bytes, the context says {whole}")
            statistics.add("TSCTFC")
            return
        statistics.add("TSCTC")
        for frame in segment(packet, context, ip=ip, transport=transport):
            self._emit(bytes(frame), low, high)

    def _emit(self, frame: bytes, low: int, high: int) -> None:
        """Insert the VLAN tag, pad, and put the frame on the wire."""
        model, values = self._model, self._values
        if len(frame) < 14 or len(frame) > LONGEST:
            model.note(f"transmit descriptor {self._head}: a packet of {len(frame)} bytes")
            return
        if not low & IFCS:
            if zlib.crc32(frame[:-4]).to_bytes(4, "little") != frame[-4:]:
                model.note("a frame was sent without IFCS and with a wrong FCS")
                return
            frame = frame[:-4]
        if low & VLE and values["CTRL"] & CTRL_VME:
            tag = values["VET"] << 16 | high >> 16
            frame = frame[:12] + tag.to_bytes(4, "big") + frame[12:]
        if len(frame) < LEAST:
            if not values["TCTL"] & TCTL_PSP:
                model.note(f"a frame of {len(frame)} bytes was sent without TCTL.PSP")
                return
            frame = frame.ljust(LEAST, b"\0")
        model.statistics.sent(frame)
        if model.loopback:
            model.receiver.receive(frame)
        else:
            model.wire.send(frame)

    # Interrupts

    def _report(self, low: int) -> None:
        """A descriptor was written back: interrupt at once, or after TIDV where IDE asks for it."""
        values = self._values
        delay = values["TIDV"] & 0xFFFF
        if not low & IDE or not delay:
            self._causes |= INT_TXDW
            return
        self._delay.start(delay * DELAY_UNIT_NS)
        if values["TADV"] and not self._absolute.pending:
            self._absolute.start(values["TADV"] * DELAY_UNIT_NS)

    def _announce(self, before: int) -> None:
        """Tell the host what the run has brought."""
        after = (self._tail - self._head) % self._count
        if after != before:
            if not after:
                self._causes |= INT_TXQE
            threshold = (self._values["TXDCTL"] >> 25) * LOW_UNIT
            if before > threshold >= after and threshold:
                self._causes |= INT_TXD_LOW
        if self._causes:
            causes, self._causes = self._causes, 0
            if causes & INT_TXDW:
                self._delay.cancel()
                self._absolute.cancel()
            self._model.interrupts.set(causes)

    def _expire(self) -> None:
        self._delay.cancel()
        self._absolute.cancel()
        self._model.interrupts.set(INT_TXDW)
