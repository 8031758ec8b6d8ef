"""The teaching device: swaps the case of letters, small and predictable.

Used by ``drivers/teach`` and by tests of the kernel services. It is a device of this project and
exists nowhere else. Vendor id ``0x7eac`` and device id ``0x0001`` are the project's own choice (no
entry in the public list of PCI ids); class 0xff0000 (unassigned class), revision 1, subsystem
7eac:0001.

What it does
------------
The driver gives it bytes, either through a FIFO register (programmed I/O) or as a DMA buffer, and
rings the doorbell. After a known time the bytes come back with the case of every ASCII letter
swapped ("Hello" -> "hELLO", every other byte unchanged) and the device interrupts. It can also only
add up a DMA buffer, and it has a periodic timer.

PCI
---
- BAR 0: memory, 32-bit, 4096 bytes: the registers below.
- BAR 1: I/O, 128 bytes: the same registers at the same offsets.
- BAR 2: memory, 64-bit (BARs 2 and 3), 4096 bytes: MSI-X table at 0, pending bits at 0x800.
- INTx (pin A), MSI (1 vector, 64-bit addresses), and MSI-X with 2 vectors: vector 0 serves DONE and
  TIMER, vector 1 serves ERROR.
- Power management and PCI Express (endpoint, function-level reset) capabilities. DMA
  addresses are 64-bit; a transfer may start at any address.

Registers (BAR 0 and BAR 1; little-endian, 32 bits; accesses of 4 bytes, DATA also of 1)
---------------------------------------------------------------------------------------------

====== ========== ====== ========== ===============================================================
offset name       access reset      meaning
====== ========== ====== ========== ===============================================================
0x00   ID         ro     0x7eac0001 bits 31:16 MAGIC 0x7eac, bits 7:0 REVISION 1
0x04   CTRL       rw     0          bit 0 ENABLE: doorbell works only when set;
                                    bit 1 RST: writing 1 resets the whole device at once (every
                                    register to its reset value, FIFO emptied, command dropped,
                                    interrupt lowered); reads as 0
0x08   STATUS     ro     0          bit 0 BUSY: a command runs; bit 1 FAILED: the last command
                                    failed (see ERROR); bit 2 RX_READY: DATA has a swapped byte to
                                    read; bit 3 TX_FULL: DATA takes no further byte
0x0c   ISR        w1c    0          bit 0 DONE: a command completed; bit 1 ERROR: a command failed;
                                    bit 2 TIMER: the timer expired; write 1 to clear a bit
0x10   IMR        rw     0          interrupt mask, same bits as ISR; 1 = may interrupt. INTx is
                                    asserted while (ISR & IMR) != 0; MSI(-X) sends one message
                                    whenever a bit of (ISR & IMR) goes from 0 to 1
0x14   LATENCY    rw     10000      time in ns from doorbell to completion, fixed part
0x18   BYTE_TIME  rw     8          time in ns per byte that is added to LATENCY
0x1c   SRC_LO     rw     0          bus address of the DMA source, bits 31:0
0x20   SRC_HI     rw     0          … bits 63:32
0x24   DST_LO     rw     0          bus address of the DMA destination, bits 31:0
0x28   DST_HI     rw     0          … bits 63:32 (may be the source itself)
0x2c   LENGTH     rw     0          bits 16:0, bytes of the DMA command, 1 … 65536
0x30   DOORBELL   wo     -          1 SWAP_DMA: read LENGTH bytes at SRC, write them swapped to DST;
                                    2 SWAP_FIFO: swap the bytes that were written to DATA so far;
                                    3 SUM_DMA: only read LENGTH bytes at SRC, see SUM; reads as 0
0x34   RESULT     ro     0          number of bytes that the last command processed (0: failed)
0x38   ERROR      ro     0          why the last command failed: 0 NONE, 1 BAD_COMMAND (unknown
                                    doorbell value), 2 BAD_LENGTH (0, above 65536, or FIFO empty),
                                    3 BUS (the DMA failed: address, or bus mastering off),
                                    4 NOT_ENABLED, 5 WAS_BUSY (doorbell while BUSY: the running
                                    command goes on, the new one is refused at once)
0x3c   COUNT      rc     0          commands completed well since it was read last; reading clears
0x40   DATA       rw     -          FIFO of 64 bytes each way, bits 7:0. Write: append one byte to
                                    the input (dropped while TX_FULL). Read: take the oldest
                                    swapped byte (0 when RX_READY is clear). A new SWAP_FIFO first
                                    empties what was left unread of the last
0x44   LEVEL      ro     0          bits 7:0 IN: bytes in the input; bits 15:8 OUT: bytes to read
0x48   SCRATCH    rw     0          no meaning, for register tests
0x4c   PERIOD     rw     0          timer period in ns, 0: off. Writing starts a new period; it need
                                    not be ENABLEd. At each expiry TICKS counts, ISR.TIMER is set
0x50   TICKS      rc     0          timer expirations since it was read last; reading clears
0x54   SUM        ro     0          sum of the source bytes of the last command that completed well,
                                    modulo 2**32
====== ========== ====== ========== ===============================================================

Rules
-----
- A command takes ``LATENCY + BYTE_TIME * length`` ns. DMA is read and written at completion, not
  before. Then, in this order: RESULT, SUM, ERROR, COUNT and STATUS change, BUSY clears, ISR.DONE or
  ISR.ERROR is set.
- BAD_COMMAND, BAD_LENGTH, NOT_ENABLED are found at the doorbell: RESULT = 0, FAILED and ISR.ERROR
  are set at once, no time passes. WAS_BUSY sets only ERROR and ISR.ERROR and leaves FAILED and
  RESULT to the running command, which sets ERROR anew when it completes.
- A command that starts clears FAILED and ERROR. Writing a parameter register while BUSY does not
  affect the running command (parameters are latched at the doorbell).
- Clearing ENABLE while BUSY lets the running command complete.
- Offsets not listed read 0xffffffff and ignore writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rumphost.machine.dma import DmaError

from .base import Identity, PciModel
from .options import Option, flag
from .registers import Register, RegisterBlock, RegisterTable, bits

VENDOR = 0x7EAC
DEVICE = 0x0001
FIFO_SIZE = 64
LONGEST = 0x1_0000
ENABLE, RST = 1, 2
BUSY, FAILED, RX_READY, TX_FULL = 1, 2, 4, 8
ISR_DONE, ISR_ERROR, ISR_TIMER = 1, 2, 4
ISR_ALL = ISR_DONE | ISR_ERROR | ISR_TIMER
NONE, BAD_COMMAND, BAD_LENGTH, BUS, NOT_ENABLED, WAS_BUSY = range(6)
VECTORS = {ISR_DONE: 0, ISR_TIMER: 0, ISR_ERROR: 1}

CAUSES = bits(DONE=0, ERROR=1, TIMER=2)
REGISTERS = RegisterTable(
    [
        Register("ID", 0x00, "ro", VENDOR << 16 | 1, fields=bits(MAGIC=(31, 16), REVISION=(7, 0))),
        Register("CTRL", 0x04, on_write="write_ctrl", writable=3, fields=bits(ENABLE=0, RST=1)),
        Register(
            "STATUS",
            0x08,
            "ro",
            on_read="read_status",
            fields=bits(BUSY=0, FAILED=1, RX_READY=2, TX_FULL=3),
        ),
        Register("ISR", 0x0C, "w1c", on_write="update_interrupt", fields=CAUSES),
        Register("IMR", 0x10, writable=ISR_ALL, on_write="update_interrupt", fields=CAUSES),
        Register("LATENCY", 0x14, reset=10_000),
        Register("BYTE_TIME", 0x18, reset=8),
        Register("SRC_LO", 0x1C),
        Register("SRC_HI", 0x20),
        Register("DST_LO", 0x24),
        Register("DST_HI", 0x28),
        Register("LENGTH", 0x2C, writable=0x1FFFF),
        Register("DOORBELL", 0x30, "wo", on_write="ring"),
        Register("RESULT", 0x34, "ro"),
        Register("ERROR", 0x38, "ro"),
        Register("COUNT", 0x3C, "rc"),
        Register("DATA", 0x40, "wo", on_read="read_data", on_write="write_data"),
        Register("LEVEL", 0x44, "ro", on_read="read_level", fields=bits(IN=(7, 0), OUT=(15, 8))),
        Register("SCRATCH", 0x48),
        Register("PERIOD", 0x4C, on_write="write_period"),
        Register("TICKS", 0x50, "rc"),
        Register("SUM", 0x54, "ro"),
    ]
)


class TeachModel(PciModel):
    """One teaching device; ``msi`` and ``msix`` say which of the two it has."""

    IDENTITY = Identity(VENDOR, DEVICE, 0xFF0000, 1, VENDOR, DEVICE)
    OPTIONS: ClassVar[dict[str, Option]] = {
        "msi": Option(flag, "has the MSI capability (default on)"),
        "msix": Option(flag, "has the MSI-X capability (default on)"),
    }

    def __init__(self, *, msi: bool = True, msix: bool = True) -> None:
        super().__init__(config_size=4096)
        self._block = RegisterBlock(REGISTERS, self._stray)
        self._block.bind(self)
        self._values = self._block.values
        self._input = bytearray()
        self._output = bytearray()
        self._status = 0
        self._seen = 0
        self._work: Callable[[], int] | None = None
        self.add_bar(0, self._block, 4096)
        self.add_bar(1, self._block, 128, is_io=True)
        self.add_power_management()
        if msi:
            self.add_msi()
        if msix:
            self.add_msix(2, bar=2)
        self.add_express()
        self._command_timer = self.timer(self._complete)
        self._period_timer = self.timer(self._tick)

    def reset_device(self) -> None:
        self._block.reset()
        self._command_timer.cancel()
        self._period_timer.cancel()
        self._input.clear()
        self._output.clear()
        self._status = 0
        self._work = None
        self.update_interrupt(0)

    # Register actions

    def write_ctrl(self, value: int) -> None:
        if value & RST:
            self.reset_device()

    def read_status(self) -> int:
        ready = RX_READY if self._output else 0
        full = TX_FULL if len(self._input) >= FIFO_SIZE else 0
        return self._status | ready | full

    def read_data(self) -> int:
        return self._output.pop(0) if self._output else 0

    def write_data(self, value: int) -> None:
        if len(self._input) < FIFO_SIZE:
            self._input.append(value & 0xFF)

    def read_level(self) -> int:
        return len(self._output) << 8 | len(self._input)

    def write_period(self, value: int) -> None:
        self._period_timer.cancel()
        if value:
            self._period_timer.start(value)

    def ring(self, command: int) -> None:
        """Start a command, or refuse it."""
        if self._status & BUSY:
            self._values["ERROR"] = WAS_BUSY
            self._set_cause(ISR_ERROR)
            return
        start = {1: self._start_swap, 2: self._start_fifo, 3: self._start_sum}.get(command)
        if not self._values["CTRL"] & ENABLE:
            self._fail(NOT_ENABLED)
        elif start is None:
            self._fail(BAD_COMMAND)
        else:
            start()

    def update_interrupt(self, _value: int) -> None:
        """Follow ISR and IMR with the interrupt."""
        active = self._values["ISR"] & self._values["IMR"]
        risen = active & ~self._seen
        self._seen = active
        for vector in (0, 1):
            causes = sum(cause for cause, number in VECTORS.items() if number == vector)
            if risen & causes:
                self.raise_interrupt(vector)
            elif not active & causes:
                self.lower_interrupt(vector)

    # Commands

    def _start_swap(self) -> None:
        source, length = self._address("SRC"), self._values["LENGTH"]
        destination = self._address("DST")

        def work() -> int:
            data = self.dma_read(source, length)
            self.dma_write(destination, data.swapcase())
            return sum(data)

        self._start(length, work)

    def _start_sum(self) -> None:
        source, length = self._address("SRC"), self._values["LENGTH"]
        self._start(length, lambda: sum(self.dma_read(source, length)))

    def _start_fifo(self) -> None:
        data = bytes(self._input)

        def work() -> int:
            self._output[:] = data.swapcase()
            return sum(data)

        self._input.clear()
        self._output.clear()
        self._start(len(data), work)

    def _start(self, length: int, work: Callable[[], int]) -> None:
        if not 1 <= length <= LONGEST:
            self._fail(BAD_LENGTH)
            return
        self._values["ERROR"] = NONE
        self._status = BUSY
        self._work = work
        self._length = length
        self._command_timer.start(self._values["LATENCY"] + self._values["BYTE_TIME"] * length)

    def _complete(self) -> None:
        assert self._work is not None
        values, work, self._work = self._values, self._work, None
        try:
            total = work()
        except DmaError:
            self._fail(BUS)
            return
        values["RESULT"] = self._length
        values["SUM"] = total & 0xFFFF_FFFF
        values["ERROR"] = NONE
        values["COUNT"] = values["COUNT"] + 1 & 0xFFFF_FFFF
        self._status = 0
        self._set_cause(ISR_DONE)

    def _fail(self, error: int) -> None:
        self._values["RESULT"] = 0
        self._values["ERROR"] = error
        self._status = FAILED
        self._set_cause(ISR_ERROR)

    def _tick(self) -> None:
        self._values["TICKS"] = self._values["TICKS"] + 1 & 0xFFFF_FFFF
        self._period_timer.start(self._values["PERIOD"])
        self._set_cause(ISR_TIMER)

    def _set_cause(self, cause: int) -> None:
        self._values["ISR"] |= cause
        self.update_interrupt(0)

    def _address(self, name: str) -> int:
        return self._values[f"{name}_HI"] << 32 | self._values[f"{name}_LO"]

    def _stray(self, offset: int, _width: int, value: int | None) -> int:
        self.note(f"{'read of' if value is None else 'write to'} offset {offset:#x}: no register")
        return 0xFFFF_FFFF_FFFF_FFFF
