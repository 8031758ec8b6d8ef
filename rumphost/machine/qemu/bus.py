"""PCI bus 0 of QEMU's board: configuration space, enumeration and BAR assignment.

No firmware has run, so this does what a PC's firmware does before an operating system starts:
place the configuration window, size and place the BARs, switch on decoding, note the interrupt
line. Bus mastering is left to the driver.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rumphost.errors import MachineError, Unsupported
from rumphost.machine.pci import Bar, PciAddress

from .channel import QtestChannel

ECAM_BASE = 0xB0000000
MEMORY_WINDOW = range(0xC0000000, 0xFEC00000)
IO_WINDOW = range(0xC000, 0x10000)
PAGE = 4096

VENDOR = 0x00
COMMAND = 0x04
COMMAND_IO = 0x1
COMMAND_MEMORY = 0x2
COMMAND_MASTER = 0x4
COMMAND_INTX_DISABLE = 0x400
HEADER_TYPE = 0x0E
BAR0 = 0x10
INTERRUPT_LINE = 0x3C
INTERRUPT_PIN = 0x3D

_PCIEXBAR = 0x60
_READ = {1: b"readb", 2: b"readw", 4: b"readl"}
_WRITE = {1: b"writeb", 2: b"writew", 4: b"writel"}


def open_config_window(channel: QtestChannel) -> None:
    """Have the host bridge show configuration space as memory (PCI Express ECAM)."""
    for offset, value in ((_PCIEXBAR + 4, 0), (_PCIEXBAR, ECAM_BASE | 1)):
        channel.post(b"outl", 0xCF8, 0x80000000 | offset)
        channel.post(b"outl", 0xCFC, value)


@dataclass
class ConfigSpace:
    """Configuration space of one function, 4096 bytes; what it lacks reads as all ones."""

    channel: QtestChannel
    address: PciAddress

    def __post_init__(self) -> None:
        slot = self.address.device << 3 | self.address.function
        self._base = ECAM_BASE + (self.address.bus << 20) + (slot << 12)

    def read(self, offset: int, width: int) -> int:
        return self.channel.read(_READ[width], self._base + offset)

    def write(self, offset: int, width: int, value: int) -> None:
        """Write; posted, as everything on the channel is."""
        self.channel.post(_WRITE[width], self._base + offset, value)


def scan(channel: QtestChannel) -> Iterator[ConfigSpace]:
    """Yield every function on bus 0, in order of address."""
    for slot in range(32):
        for number in range(8):
            config = ConfigSpace(channel, PciAddress(0, slot, number))
            if config.read(VENDOR, 2) == 0xFFFF:
                if number == 0:
                    break
                continue
            yield config
            if number == 0 and not config.read(HEADER_TYPE, 1) & 0x80:
                break


def size_bars(config: ConfigSpace) -> list[Bar]:
    """Return the BARs that a function implements, at address 0; leaves them unassigned."""
    if config.read(HEADER_TYPE, 1) & 0x7F:
        raise Unsupported(f"pci(4): the bridge at {config.address}: only bus 0 is enumerated")
    masks = []
    for index in range(6):
        offset = BAR0 + 4 * index
        config.write(offset, 4, 0xFFFFFFFF)
        masks.append(config.read(offset, 4))
        config.write(offset, 4, 0)
    bars = []
    indices = iter(range(6))
    for index in indices:
        bar = _decode(index, masks)
        if bar is not None:
            bars.append(bar)
            if bar.is_64bit:
                next(indices, None)
    return bars


def _decode(index: int, masks: list[int]) -> Bar | None:
    mask = masks[index]
    if mask & 1:
        size = -(mask & 0xFFFC | 0xFFFF0000) & 0xFFFFFFFF
        return Bar(index, size, True, False, False, 0) if mask & 0xFFFC else None
    is_64bit = mask & 0x6 == 0x4
    wide = mask & 0xFFFFFFF0
    bits = 32
    if is_64bit:
        wide |= masks[index + 1] << 32
        bits = 64
    if not wide:
        return None
    return Bar(index, -wide & (1 << bits) - 1, False, is_64bit, bool(mask & 0x8), 0)


@dataclass
class AddressAllocator:
    """Hands out bus addresses, upwards, each aligned to its size."""

    memory: int = field(default=MEMORY_WINDOW.start)
    io: int = field(default=IO_WINDOW.start)

    def place(self, bar: Bar) -> Bar:
        """Return ``bar`` with its address; memory BARs never share a page."""
        window = IO_WINDOW if bar.is_io else MEMORY_WINDOW
        alignment = bar.size if bar.is_io else max(bar.size, PAGE)
        start = self.io if bar.is_io else self.memory
        start = (start + alignment - 1) // alignment * alignment
        if start + bar.size > window.stop:
            kind = "I/O" if bar.is_io else "memory"
            raise MachineError(f"no room for a BAR of {bar.size:#x} bytes in PCI {kind} space")
        if bar.is_io:
            self.io = start + bar.size
        else:
            self.memory = start + bar.size
        return Bar(bar.index, bar.size, bar.is_io, bar.is_64bit, bar.prefetchable, start)


def write_bars(config: ConfigSpace, bars: list[Bar]) -> None:
    """Put the BARs' addresses into the function and switch on decoding for them."""
    command = 0
    for bar in bars:
        config.write(BAR0 + 4 * bar.index, 4, bar.address & 0xFFFFFFFF)
        if bar.is_64bit:
            config.write(BAR0 + 4 * bar.index + 4, 4, bar.address >> 32)
        command |= COMMAND_IO if bar.is_io else COMMAND_MEMORY
    config.write(COMMAND, 2, command)


def assign_bars(config: ConfigSpace, allocator: AddressAllocator) -> list[Bar]:
    """Size, place and switch on the BARs of a function; return them."""
    bars = [allocator.place(bar) for bar in size_bars(config)]
    write_bars(config, bars)
    return bars
