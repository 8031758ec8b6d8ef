"""QEMU's ``edu`` device, for which many tutorials and drivers exist.

Used by ``drivers/`` and tests; the interface is that of QEMU's documentation, "EDU device"
(docs/specs/edu.rst): 1234:11e8, BAR 0 of 1 MiB memory, INTx and one MSI vector.

====== ==== ================================================================================
offset      meaning
====== ==== ================================================================================
0x00   ro   identification 0xRRrr00ed, here 0x010000ed
0x04   rw   liveness check: reads back the bitwise inverse of what was written
0x08   rw   factorial: write a number, wait until STATUS.COMPUTING is clear, read its factorial
            modulo 2**32
0x20   rw   status: bit 0 COMPUTING (ro), bit 7 IRQFACT: interrupt when the factorial is done
0x24   ro   interrupt status
0x60   wo   interrupt raise: the value is put into the interrupt status
0x64   wo   interrupt acknowledge: the value is taken out of the interrupt status
0x80   rw   DMA source address (8 bytes)
0x88   rw   DMA destination address (8 bytes)
0x90   rw   DMA transfer count (8 bytes)
0x98   rw   DMA command: bit 0 START, bit 1 from the device's buffer to memory (else into the
            buffer), bit 2 interrupt (status 0x100) when done; START reads as 1 while it runs
====== ==== ================================================================================

Below 0x80 accesses of 4 bytes are accepted, from 0x80 of 4 and 8 bytes; others read all ones. The
4096-byte DMA buffer appears at 0x40000 as a DMA address only. The factorial's interrupt status is
1. A DMA takes 100 ms, as in QEMU, unless ``dma_ns`` says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rumphost.machine.dma import DmaError

from .base import Identity, PciModel
from .options import Option, flag, number
from .registers import Register, RegisterBlock, RegisterTable, bits

COMPUTING, IRQFACT = 0x01, 0x80
FACT_IRQ, DMA_IRQ = 0x001, 0x100
DMA_START, DMA_TO_MEMORY, DMA_INTERRUPT = 1, 2, 4
BUFFER_AT, BUFFER_SIZE = 0x40000, 4096
FACTOR_NS = 10
DMA_NS = 100_000_000

REGISTERS = RegisterTable(
    [
        Register("ID", 0x00, "ro", 0x010000ED),
        Register("LIVENESS", 0x04, on_read="read_liveness"),
        Register("FACTORIAL", 0x08, "wo", on_read="read_factorial", on_write="compute"),
        Register(
            "STATUS",
            0x20,
            writable=IRQFACT,
            on_read="read_status",
            fields=bits(COMPUTING=0, IRQFACT=7),
        ),
        Register("IRQ_STATUS", 0x24, "ro", fields=bits(FACTORIAL=0, DMA=8)),
        Register("IRQ_RAISE", 0x60, "wo", on_write="raise_cause"),
        Register("IRQ_ACK", 0x64, "wo", on_write="acknowledge"),
        Register("DMA_SRC", 0x80, width=8, writable=-1),
        Register("DMA_DST", 0x88, width=8, writable=-1),
        Register("DMA_COUNT", 0x90, width=8, writable=-1),
        Register(
            "DMA_CMD",
            0x98,
            width=8,
            writable=7,
            on_write="start_dma",
            fields=bits(START=0, TO_MEMORY=1, INTERRUPT=2),
        ),
    ]
)


class _Bar:
    """Lets only accesses of the documented widths through."""

    def __init__(self, block: RegisterBlock, note: Callable[[str], None]) -> None:
        self._block = block
        self._note = note
        self.describe = block.describe

    def read(self, offset: int, width: int) -> int:
        if self._accepts(offset, width):
            return self._block.read(offset, width)
        return (1 << 8 * width) - 1

    def write(self, offset: int, width: int, value: int) -> None:
        if self._accepts(offset, width):
            self._block.write(offset, width, value)

    def _accepts(self, offset: int, width: int) -> bool:
        if width == 4 or (width == 8 and offset >= 0x80):
            return True
        self._note(f"access of {width} bytes at {offset:#x}: the device does not accept it")
        return False


class EduModel(PciModel):
    """One edu device; ``dma_mask`` is the highest address that its DMA reaches (28 bits)."""

    IDENTITY = Identity(0x1234, 0x11E8, 0x00FF00, 0x10, 0x1AF4, 0x1100)
    OPTIONS: ClassVar[dict[str, Option]] = {
        "msi": Option(flag, "has the MSI capability (default on)"),
        "dma_mask": Option(number, "the highest address of its DMA (default 0xfffffff)"),
        "dma_ns": Option(number, "how long a DMA takes, in ns (default 100000000)"),
    }

    def __init__(
        self, *, msi: bool = True, dma_mask: int = 0x0FFF_FFFF, dma_ns: int = DMA_NS
    ) -> None:
        super().__init__()
        self._block = RegisterBlock(REGISTERS, self._stray)
        self._block.bind(self)
        self._values = self._block.values
        self._buffer = bytearray(BUFFER_SIZE)
        self._mask = dma_mask
        self._dma_ns = dma_ns
        self._factorial = 0
        self._request = (0, 0, 0, 0)
        self.add_bar(0, _Bar(self._block, self.note), 1 << 20)
        if msi:
            self.add_msi()
        self._factorial_timer = self.timer(self._computed)
        self._dma_timer = self.timer(self._transfer)

    def reset_device(self) -> None:
        self._block.reset()
        self._buffer[:] = bytes(BUFFER_SIZE)
        self._factorial = 0
        self.lower_interrupt()

    # Register actions

    def read_liveness(self) -> int:
        return ~self._values["LIVENESS"] & 0xFFFF_FFFF

    def read_factorial(self) -> int:
        return self._factorial

    def read_status(self) -> int:
        return self._values["STATUS"] | (COMPUTING if self._factorial_timer.pending else 0)

    def compute(self, value: int) -> None:
        """Begin a factorial; a number that comes while one is computed is lost."""
        if self._factorial_timer.pending:
            self.note(f"factorial of {value} asked for while the device computes another")
            return
        self._factorial = value
        self._factorial_timer.start(1000 + FACTOR_NS * min(value, 1000))

    def raise_cause(self, value: int) -> None:
        self._values["IRQ_STATUS"] |= value
        if self._values["IRQ_STATUS"]:
            self.raise_interrupt()

    def acknowledge(self, value: int) -> None:
        self._values["IRQ_STATUS"] &= ~value
        if not self._values["IRQ_STATUS"]:
            self.lower_interrupt()

    def start_dma(self, value: int) -> None:
        values = self._values
        if self._dma_timer.pending:
            values["DMA_CMD"] = self._request[3]
            self.note("DMA command written while a DMA runs")
        elif value & DMA_START:
            self._request = (values["DMA_SRC"], values["DMA_DST"], values["DMA_COUNT"], value)
            self._dma_timer.start(self._dma_ns)

    # Inside

    def _computed(self) -> None:
        number_, result = self._factorial, 1
        for factor in range(2, min(number_, 34) + 1):
            result = result * factor & 0xFFFF_FFFF
        self._factorial = result
        if self._values["STATUS"] & IRQFACT:
            self.raise_cause(FACT_IRQ)

    def _transfer(self) -> None:
        source, target, count, command = self._request
        to_memory = command & DMA_TO_MEMORY
        inside = (source if to_memory else target) - BUFFER_AT
        if inside >= 0 and inside + count <= BUFFER_SIZE:
            try:
                if to_memory:
                    data = bytes(self._buffer[inside : inside + count])
                    self.dma_write(self._reach(target), data)
                else:
                    data = self.dma_read(self._reach(source), count)
                    self._buffer[inside : inside + count] = data
            except DmaError:
                if not to_memory:
                    self._buffer[inside : inside + count] = b"\xff" * count
        else:
            self.note(f"DMA of {count} bytes at {inside + BUFFER_AT:#x}: outside of the buffer")
        self._values["DMA_CMD"] &= ~DMA_START
        if command & DMA_INTERRUPT:
            self.raise_cause(DMA_IRQ)

    def _reach(self, address: int) -> int:
        if address & ~self._mask:
            self.note(f"DMA address {address:#x} is cut to {address & self._mask:#x}")
        return address & self._mask

    def _stray(self, offset: int, width: int, value: int | None) -> int:
        self.note(f"{'read of' if value is None else 'write to'} offset {offset:#x}: no register")
        return (1 << 8 * width) - 1
