"""The flow handler's receive channel: packets of the firmware into the host's buffers.

The ring has 2^n words, each a buffer's bus address shifted right by 8. The host owns what lies
behind RX_WPTR; a buffer takes one packet, and the status page then tells the index of the next one.
Packets wait while no buffer is free; beyond ``FIFO`` of them new ones are lost, as on the card.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rumphost.machine.dma import DmaError

from .table import RX_ENABLE, RX_IDLE, RX_INTERRUPT_HOST

if TYPE_CHECKING:
    from .model import Iwm7260

FIFO = 512
ALIGN = 64
END_OF_BUFFER = (0x5555_0000).to_bytes(4, "little")


class Receiver:
    """``packet`` is called by the firmware; ``lost`` counts packets that found no room."""

    def __init__(self, model: Iwm7260) -> None:
        self._model = model
        self._values = model.values
        self._queue: deque[bytes] = deque()
        self.reset()

    def reset(self) -> None:
        """The channel is idle and empty."""
        self._queue.clear()
        self._next = 0
        self._armed = False
        self._was_enabled = False
        self.lost = 0

    @property
    def enabled(self) -> bool:
        return bool(self._values["RX_CONFIG"] & RX_ENABLE)

    def packet(self, code: int, payload: bytes, *, queue: int, index: int, flags: int = 0) -> None:
        """Give the host a packet; ``queue`` has bit 7 set where no command was its reason."""
        if not self.enabled:
            if not self._was_enabled:
                self._model.note(f"packet {code:#04x}: the receive channel was never enabled")
            return
        if len(self._queue) >= FIFO:
            self.lost += 1
            return
        head = (len(payload) + 4).to_bytes(4, "little") + bytes([code, flags, index, queue])
        self._queue.append(head + payload)
        if not self._armed:
            self._armed = True
            self._model.after(0, self._fill)

    # Actions of registers

    def pointer_written(self, _value: int) -> None:
        if self._queue:
            self._fill()

    def read_pointer_written(self, value: int) -> None:
        self._next = value & self._mask

    def config_written(self, value: int) -> None:
        self._was_enabled |= self.enabled
        if not value & RX_ENABLE:
            self._queue.clear()
            self._next = 0

    def read_status(self) -> int:
        return 0 if self.enabled else RX_IDLE

    # Inside

    @property
    def _mask(self) -> int:
        return (1 << (self._values["RX_CONFIG"] >> 20 & 15)) - 1 if self.enabled else 0xFFF

    def _fill(self) -> None:
        self._armed = False
        if not self.enabled:
            return
        closed = False
        limit = self._values["RX_WPTR"] & self._mask
        try:
            while self._queue and self._next != limit:
                self._write(self._queue[0])
                self._queue.popleft()
                closed = True
            if closed:
                self._write_status()
        except DmaError:
            return
        if closed and self._values["RX_CONFIG"] & RX_INTERRUPT_HOST:
            self._model.interrupts.received()

    def _write(self, packet: bytes) -> None:
        ring = self._values["RX_RING_ADDR"] << 8
        word = int.from_bytes(self._model.dma_read(ring + 4 * self._next, 4), "little")
        size = 4096 << (self._values["RX_CONFIG"] >> 16 & 3)
        data = packet + bytes(-len(packet) % ALIGN)
        if len(data) + len(END_OF_BUFFER) <= size:
            data += END_OF_BUFFER
        self._model.dma_write(word << 8, data[:size])
        self._next = self._next + 1 & self._mask

    def _write_status(self) -> None:
        address = self._values["RX_STATUS_ADDR"] << 4
        index = self._next.to_bytes(2, "little")
        self._model.dma_write(address, index + b"\0\0" + index + b"\0\0")
        self._values["RX_RDPTR"] = self._next
