"""The flow handler's transmit side: the service channel, the rings, and the scheduler's switches.

The service channel copies a piece of firmware into the card's memory. A ring's descriptor (TFD) has
128 bytes and lists up to 20 buffers; the host tells by WRPTR how far it has filled a ring. A ring
runs when the scheduler has its queue active, its FIFO is on in TXFACT, and the FIFO's DMA channel
is enabled. FIFO 7 leads to the firmware's commands, the others to the radio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rumphost.machine.dma import DmaError

from . import windows
from .image import FLAG_DW_BYTE_COUNTS
from .table import (
    CHANNELS,
    DMA_ENABLE,
    DMA_INTERRUPT_HOST,
    QUEUES,
    SERVICE_CHANNEL,
    ring_register,
)

if TYPE_CHECKING:
    from .model import Iwm7260

COMMAND_FIFO = 7
RING = 256
TFD = 128
MOST_BUFFERS = 20
BYTE_COUNTS = 2 * (RING + 64)
FCS_AND_DELIMITER, CCM_MIC = 8, 8
SECURITY_AT, SECURITY_CCM = 21, 2
"""Where a TX command says how its frame is encrypted, its header included."""
FETCH_NS = 2_000
LOAD_BYTES_PER_US = 200
STATUS_ACTIVE = 1 << 3


class Transmitter:
    """``sections`` are what the service channel has loaded since the last reset, in order."""

    def __init__(self, model: Iwm7260) -> None:
        self._model = model
        self._values = model.values
        self.reset()

    def reset(self) -> None:
        """All channels are idle."""
        self._fetched = [0] * QUEUES
        self._written = [0] * QUEUES
        self._waiting: set[int] = set()
        self.sections: list[tuple[int, int]] = []

    def sent(self, queue: int, index: int) -> None:
        """The descriptor's frame has left: the scheduler's read pointer passes it."""
        self._model.windows.peripheral[windows.queue_read_pointer(queue)] = (index + 1) % RING

    # Actions of registers

    def pointer_written(self, value: int) -> None:
        queue, index = value >> 8 & 31, value & 0xFF
        self._written[queue] = index
        self._model.windows.peripheral[windows.queue_write_pointer(queue)] = index
        if not self._active(queue):
            self._fetched[queue] = index
        elif queue not in self._waiting:
            self._waiting.add(queue)
            self._model.after(FETCH_NS, lambda: self._fetch(queue))

    def channel_written(self, channel: int, value: int) -> None:
        if channel == SERVICE_CHANNEL and value & DMA_ENABLE:
            self._load(value)

    def read_status(self) -> int:
        """A channel that is not enabled is idle."""
        idle = [
            channel
            for channel in range(CHANNELS)
            if not self._values[f"TX_CONFIG[{channel}]"] & DMA_ENABLE
        ]
        return sum(1 << 16 + channel for channel in idle)

    # The service channel

    def _load(self, config: int) -> None:
        low = self._values[f"TFDIB_CTRL0[{SERVICE_CHANNEL}]"]
        high = self._values[f"TFDIB_CTRL1[{SERVICE_CHANNEL}]"]
        size, target = high & 0x0FFF_FFFF, self._values["SRVC_SRAM_ADDR"]
        try:
            data = self._model.dma_read(high >> 28 << 32 | low, size)
        except DmaError:
            return
        if "no-dma" in self._model.faults:
            return

        def loaded() -> None:
            self._model.windows.memory.write(target, data)
            self.sections.append((target, size))
            self._values[f"TX_CONFIG[{SERVICE_CHANNEL}]"] &= ~DMA_ENABLE
            if config & DMA_INTERRUPT_HOST:
                self._model.interrupts.firmware_loaded()

        self._model.after(1000 * (size // LOAD_BYTES_PER_US + 1), loaded)

    # The rings

    def _fifo(self, queue: int) -> int:
        return self._model.windows.peripheral.get(windows.queue_status(queue), 0) & 7

    def _active(self, queue: int) -> bool:
        peripheral = self._model.windows.peripheral
        if not peripheral.get(windows.queue_status(queue), 0) & STATUS_ACTIVE:
            return False
        fifo = self._fifo(queue)
        on = peripheral.get(windows.SCD_TXFACT, 0) & 1 << fifo
        return bool(on and self._values[f"TX_CONFIG[{fifo}]"] & DMA_ENABLE)

    def _fetch(self, queue: int) -> None:
        self._waiting.discard(queue)
        firmware = self._model.firmware
        while self._fetched[queue] != self._written[queue] and self._active(queue):
            index = self._fetched[queue]
            self._fetched[queue] = (index + 1) % RING
            try:
                data = self._gather(queue, index)
            except DmaError:
                continue
            if data is None or not firmware.running:
                self._model.note(f"queue {queue} index {index}: nothing runs that would take it")
            elif self._fifo(queue) == COMMAND_FIFO:
                self.sent(queue, index)
                firmware.command(queue, index, data)
            else:
                self._check_count(queue, index, data)
                firmware.radio.enqueue(queue, index, data)

    def _gather(self, queue: int, index: int) -> bytes | None:
        """Return what a descriptor's buffers hold."""
        model = self._model
        ring = self._values[ring_register(queue)] << 8
        tfd = model.dma_read(ring + TFD * index, TFD)
        count = tfd[3] & 31
        if not 0 < count <= MOST_BUFFERS:
            model.note(f"queue {queue} index {index}: a descriptor of {count} buffers")
            return None
        parts = []
        for at in range(4, 4 + 6 * count, 6):
            low = int.from_bytes(tfd[at : at + 4], "little")
            rest = int.from_bytes(tfd[at + 4 : at + 6], "little")
            parts.append(model.dma_read((rest & 15) << 32 | low, rest >> 4))
        return b"".join(parts)

    def _check_count(self, queue: int, index: int, data: bytes) -> None:
        """Compare the scheduler's byte count with the frame; a driver may leave it out (zero)."""
        table = self._model.windows.peripheral.get(windows.SCD_DRAM_BASE, 0) << 10
        if not table:
            return
        address = table + BYTE_COUNTS * queue + 2 * index
        try:
            count = int.from_bytes(self._model.dma_read(address, 2), "little") & 0xFFF
        except DmaError:
            return
        if not count:
            return
        size = int.from_bytes(data[4:6], "little") + FCS_AND_DELIMITER
        if data[SECURITY_AT] & 7 == SECURITY_CCM:
            size += CCM_MIC
        if self._model.firmware.flags & FLAG_DW_BYTE_COUNTS:
            size = -(-size // 4)
        if count != size:
            self._model.note(f"queue {queue} index {index}: byte count {count}, not {size}")
