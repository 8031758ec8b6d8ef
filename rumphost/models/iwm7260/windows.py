"""The two windows of the 7260 into itself: peripheral registers, and the firmware's memory.

The host writes an address into PRPH_RADDR, PRPH_WADDR, MEM_RADDR or MEM_WADDR and then reads or
writes data; memory addresses advance by themselves. Behind the windows the clock has to run: what
a sleeping card answers is a constant that drivers know as such.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Iwm7260

ASLEEP = 0xA5A5_A5A2
PAGE = 4096

APMG_CLK_CTRL = 0x3000
APMG_CLK_EN = 0x3004
APMG_CLK_DIS = 0x3008
APMG_RTC_INT_STATUS = 0x301C
SYSTEM_TIME = 0x0206C
SET_NMI = 0x01C30
SCD_SRAM_BASE = 0x02C00
SCD_DRAM_BASE = 0x02C08
SCD_TXFACT = 0x02C10
SCD_QUEUECHAIN_SEL = 0x02CE8
SCD_CHAINEXT_EN = 0x02E44
SCD_AGGR_SEL = 0x02E48

SCHEDULER_MEMORY = 0x0080_A000
"""Where the scheduler's own memory lies in the card's data memory."""


def queue_write_pointer(queue: int) -> int:
    return SCD_SRAM_BASE + (0x18 + 4 * queue if queue < 20 else 0x284 + 4 * (queue - 20))


def queue_read_pointer(queue: int) -> int:
    return SCD_SRAM_BASE + (0x68 + 4 * queue if queue < 20 else 0x2B4 + 4 * (queue - 20))


def queue_status(queue: int) -> int:
    return SCD_SRAM_BASE + (0x10C + 4 * queue if queue < 20 else 0x384 + 4 * (queue - 20))


class DeviceMemory:
    """The firmware's memory: 24-bit addresses, zero until something is written."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def clear(self) -> None:
        self._pages.clear()

    def read(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes."""
        data = bytearray()
        while size:
            page, at = divmod(address & 0xFF_FFFF, PAGE)
            count = min(size, PAGE - at)
            stored = self._pages.get(page)
            data += stored[at : at + count] if stored is not None else bytes(count)
            address, size = address + count, size - count
        return bytes(data)

    def write(self, address: int, data: bytes) -> None:
        """Store ``data``."""
        done = 0
        while done < len(data):
            page, at = divmod(address + done & 0xFF_FFFF, PAGE)
            count = min(len(data) - done, PAGE - at)
            stored = self._pages.setdefault(page, bytearray(PAGE))
            stored[at : at + count] = data[done : done + count]
            done += count


class Windows:
    """Peripheral registers by their 20-bit address; those without a meaning here just store."""

    def __init__(self, model: Iwm7260) -> None:
        self._model = model
        self._values = model.values
        self.memory = DeviceMemory()
        self.peripheral: dict[int, int] = {}
        self._reads: dict[int, Callable[[], int]] = {SYSTEM_TIME: model.system_time}
        self._writes: dict[int, Callable[[int], None]] = {
            APMG_CLK_EN: self._clocks_enabled,
            APMG_CLK_DIS: self._clocks_disabled,
            APMG_RTC_INT_STATUS: self._rtc_acknowledged,
            SET_NMI: lambda _value: model.non_maskable_interrupt(),
        }

    def reset(self) -> None:
        """Peripheral registers go back; memory keeps its contents."""
        self.peripheral = {SCD_SRAM_BASE: SCHEDULER_MEMORY}

    def read_memory(self) -> int:
        if not self._awake("memory read"):
            return ASLEEP
        address = self._values["MEM_RADDR"]
        self._values["MEM_RADDR"] = address + 4 & 0xFFFF_FFFF
        return int.from_bytes(self.memory.read(address, 4), "little")

    def memory_written(self, value: int) -> None:
        if self._awake("memory write"):
            address = self._values["MEM_WADDR"]
            self._values["MEM_WADDR"] = address + 4 & 0xFFFF_FFFF
            self.memory.write(address, value.to_bytes(4, "little"))

    def read_peripheral(self) -> int:
        if not self._awake("peripheral read"):
            return ASLEEP
        address = self._values["PRPH_RADDR"] & 0xF_FFFF
        read = self._reads.get(address)
        return read() if read is not None else self.peripheral.get(address, 0)

    def peripheral_written(self, value: int) -> None:
        if not self._awake("peripheral write"):
            return
        address = self._values["PRPH_WADDR"] & 0xF_FFFF
        write = self._writes.get(address)
        if write is not None:
            write(value)
        else:
            self.peripheral[address] = value

    def _awake(self, what: str) -> bool:
        if not self._model.clock_ready:
            self._model.note(f"{what} while the MAC clock is not running")
        return self._model.clock_ready

    def _clocks_enabled(self, value: int) -> None:
        self.peripheral[APMG_CLK_CTRL] = self.peripheral.get(APMG_CLK_CTRL, 0) | value

    def _clocks_disabled(self, value: int) -> None:
        self.peripheral[APMG_CLK_CTRL] = self.peripheral.get(APMG_CLK_CTRL, 0) & ~value

    def _rtc_acknowledged(self, value: int) -> None:
        kept = self.peripheral.get(APMG_RTC_INT_STATUS, 0)
        self.peripheral[APMG_RTC_INT_STATUS] = kept & ~value
