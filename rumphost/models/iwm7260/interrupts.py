"""Interrupt causes of the 7260: the plain cause register, and the table in host memory (ICT).

A cause is latched in INT. While a latched cause is enabled in INT_MASK, the line (or message) is
raised; with the table switched on, the enabled causes are first written into its next entry, and a
driver then reads no register at all. Receive interrupts are held back until INT_COALESCING (in
units of 32 µs) has passed since the last one; INT_PERIODIC asks for one more interrupt after 8 ms,
which finds what a driver may have missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rumphost.machine.dma import DmaError

from .table import (
    FH_RX_CHANNEL0,
    FH_TX_SERVICE,
    ICT_ENABLE,
    ICT_ENTRIES,
    INT_FH_RX,
    INT_FH_TX,
    INT_RX_PERIODIC,
)

if TYPE_CHECKING:
    from .model import Iwm7260

COALESCING_UNIT_NS = 32_000
PERIODIC_NS = 8_000_000


class Interrupts:
    """Latched causes, their mask, and how the host is told; ``entry`` is the next of the table."""

    def __init__(self, model: Iwm7260) -> None:
        self._model = model
        self._values = model.values
        self._coalescing = model.timer(self._receive_due)
        self._periodic = model.timer(self._periodic_due)
        self.reset()

    def reset(self) -> None:
        """Nothing is pending; the table is off."""
        self._told = 0
        self.entry = 0
        self._last_receive_ns = -(10**9)
        self._coalescing.cancel()
        self._periodic.cancel()
        self._model.lower_interrupt()

    def cause(self, bits: int) -> None:
        """Latch causes."""
        self._values["INT"] |= bits
        self._tell()

    def firmware_loaded(self) -> None:
        """The service channel has done what it was told to."""
        self._values["FH_INT_STATUS"] |= FH_TX_SERVICE
        self.cause(INT_FH_TX)

    def received(self) -> None:
        """A receive buffer was closed."""
        self._values["FH_INT_STATUS"] |= FH_RX_CHANNEL0
        if self._coalescing.pending:
            return
        wait_ns = self._values["INT_COALESCING"] * COALESCING_UNIT_NS
        left_ns = self._last_receive_ns + wait_ns - self._model.now_ns()
        if left_ns <= 0:
            self._receive_due()
        else:
            self._coalescing.start(left_ns)

    # Actions of registers

    def acknowledged(self, bits: int) -> None:
        """A 1 cleared latched causes."""
        self._told &= ~bits
        if not self._values["INT"] & self._values["INT_MASK"]:
            self._model.lower_interrupt()

    def mask_written(self, _mask: int) -> None:
        self._tell(again=True)

    def table_written(self, value: int) -> None:
        """The table moved: it is filled from its first entry again."""
        self.entry = 0
        self._told = 0

    def periodic_written(self, value: int) -> None:
        if value:
            self._periodic.start(PERIODIC_NS)
        else:
            self._periodic.cancel()

    # Inside

    def _receive_due(self) -> None:
        self._last_receive_ns = self._model.now_ns()
        self.cause(INT_FH_RX)

    def _periodic_due(self) -> None:
        self.cause(INT_RX_PERIODIC)

    def _tell(self, *, again: bool = False) -> None:
        """Raise what is latched and enabled; ``again``: also what the host was told of before."""
        pending = self._values["INT"] & self._values["INT_MASK"]
        if not pending:
            self._model.lower_interrupt()
            return
        new = pending & ~self._told
        if self._values["DRAM_INT_TBL"] & ICT_ENABLE:
            self._told |= new
            if new:
                self._write_entry(new)
        if new or again:
            self._model.raise_interrupt()

    def _write_entry(self, causes: int) -> None:
        entry = causes & 0xFF | causes >> 16 & 0xFF00
        base = (self._values["DRAM_INT_TBL"] & 0x07FF_FFFF) << 12
        try:
            self._model.dma_write(base + 4 * self.entry, entry.to_bytes(4, "little"))
        except DmaError:
            return
        self.entry = (self.entry + 1) % ICT_ENTRIES
