"""Configuration space in words: header, base address registers, capabilities.

Called by ``rumphost pci``.  Follows the PCI Local Bus Specification 3.0, chapter 6, and its
capability and extended capability registers; see pci(9).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rumphost.kernel.pci_names import class_name, product_name, vendor_name
from rumphost.machine import PciFunction

_COMMAND = (
    "I/O", "memory", "bus master", "special cycles", "write and invalidate", "palette snoop",
    "parity response", "", "SERR#", "fast back-to-back", "INTx off",
)  # fmt: skip
_STATUS = (
    "", "", "", "INTx", "capabilities", "66 MHz", "", "fast back-to-back", "parity error",
    "", "", "target abort signalled", "target abort", "master abort", "system error",
    "parity error detected",
)  # fmt: skip
_CAPABILITIES = {
    0x01: "power management",
    0x02: "AGP",
    0x03: "vital product data",
    0x04: "slot identification",
    0x05: "MSI",
    0x06: "hot swap",
    0x07: "PCI-X",
    0x08: "HyperTransport",
    0x09: "vendor specific",
    0x0A: "debug port",
    0x0C: "hot plug",
    0x0D: "bridge subsystem",
    0x0F: "secure device",
    0x10: "PCI Express",
    0x11: "MSI-X",
    0x12: "SATA",
    0x13: "advanced features",
}
_EXTENDED = {
    0x0001: "advanced error reporting",
    0x0002: "virtual channel",
    0x0003: "device serial number",
    0x0004: "power budgeting",
    0x000B: "vendor specific",
    0x000D: "access control services",
    0x000E: "alternative routing",
    0x000F: "address translation",
    0x0010: "single root I/O virtualization",
    0x0015: "resizable BAR",
    0x0018: "latency tolerance",
    0x0019: "secondary PCI Express",
    0x001E: "L1 substates",
    0x001F: "precision time",
}
_EXPRESS_TYPES = {
    0: "endpoint",
    1: "legacy endpoint",
    4: "root port",
    5: "upstream port",
    6: "downstream port",
    7: "bridge to PCI",
    9: "integrated endpoint",
}
_CAPABILITY_POINTER = 0x34
_HAS_CAPABILITIES = 0x10
_EXTENDED_START = 0x100
_SPACE = 0x1000
_STEPS = 48
_EXTENDED_STEPS = 960


@dataclass(frozen=True)
class Field:
    """One register: where it is, what it holds, what that is called and what it means."""

    offset: int
    width: int
    value: int
    name: str
    words: str = ""

    def __str__(self) -> str:
        text = f"{self.offset:#05x}: {self.name}: {self.value:#0{2 + 2 * self.width}x}"
        return f"{text} ({self.words})" if self.words else text


def size_of(function: PciFunction) -> int:
    """Return how large the configuration space is: 4096 bytes with PCI Express, else 256."""
    first = function.config_read(_EXTENDED_START, 4)
    return 256 if first in (0, 0xFFFF_FFFF) else _SPACE


def decode(function: PciFunction) -> list[Field]:
    """Return every register of the header and of each capability, in order."""
    parts = (_header, _bars, _capabilities, _extended)
    found = [field for part in parts for field in part(function)]
    return sorted(found, key=lambda field: field.offset)


def _field(function: PciFunction, offset: int, width: int, name: str, words: str = "") -> Field:
    return Field(offset, width, function.config_read(offset, width), name, words)


def _bits(value: int, names: tuple[str, ...]) -> str:
    return ", ".join(name for bit, name in enumerate(names) if name and value >> bit & 1)


def _header(function: PciFunction) -> Iterator[Field]:
    read = function.config_read
    identity, subsystem = read(0x00, 4), read(0x2C, 4)
    yield _field(function, 0x00, 2, "vendor", vendor_name(identity & 0xFFFF))
    yield _field(function, 0x02, 2, "product", product_name(identity))
    yield _field(function, 0x04, 2, "command", _bits(read(0x04, 2), _COMMAND))
    yield _field(function, 0x06, 2, "status", _bits(read(0x06, 2), _STATUS))
    yield _field(function, 0x08, 4, "class and revision", class_name(read(0x08, 4)).strip(" ()"))
    yield _field(function, 0x0C, 1, "cache line size", f"{4 * read(0x0C, 1)} bytes")
    yield _field(function, 0x0D, 1, "latency timer")
    many = "several functions" if read(0x0E, 1) & 0x80 else "one function"
    kind = {0: "device", 1: "bridge", 2: "cardbus bridge"}.get(read(0x0E, 1) & 0x7F, "unknown")
    yield _field(function, 0x0E, 1, "header type", f"{kind}, {many}")
    yield _field(function, 0x2C, 2, "subsystem vendor", vendor_name(subsystem & 0xFFFF))
    yield _field(function, 0x2E, 2, "subsystem")
    yield _field(function, 0x30, 4, "expansion ROM", "enabled" if read(0x30, 4) & 1 else "disabled")
    yield _field(function, 0x3C, 1, "interrupt line")
    pin = read(0x3D, 1)
    yield _field(function, 0x3D, 1, "interrupt pin", f"INT{' ABCD'[pin]}" if 1 <= pin <= 4 else "")


def _bars(function: PciFunction) -> Iterator[Field]:
    for index in sorted(function.bars):
        offset = 0x10 + 4 * index
        yield _field(function, offset, 4, f"BAR {index}", describe_bar(function, index))


def describe_bar(function: PciFunction, index: int) -> str:
    """Return what kind of BAR it is, how large, and where the machine put it."""
    bar = function.bars[index]
    kind = "I/O" if bar.is_io else f"{64 if bar.is_64bit else 32}-bit memory"
    prefetchable = ", prefetchable" if bar.prefetchable else ""
    return f"{kind}{prefetchable}, {bar.size:#x} bytes at {bar.address:#x}"


def _capabilities(function: PciFunction) -> Iterator[Field]:
    if not function.config_read(0x06, 2) & _HAS_CAPABILITIES:
        return
    offset = function.config_read(_CAPABILITY_POINTER, 1) & ~3
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < _STEPS:
        seen.add(offset)
        identity = function.config_read(offset, 1)
        name = _CAPABILITIES.get(identity, f"number {identity:#04x}")
        words = _capability_words(function, identity, offset)
        yield _field(function, offset, 2, f"capability {name}", words)
        offset = function.config_read(offset + 1, 1) & ~3


def _capability_words(function: PciFunction, identity: int, offset: int) -> str:
    read = function.config_read
    if identity == 0x01:
        return f"version {read(offset + 2, 2) & 7}, state D{read(offset + 4, 2) & 3}"
    if identity == 0x05:
        control = read(offset + 2, 2)
        width = "64-bit" if control & 0x80 else "32-bit"
        state = "on" if control & 1 else "off"
        return f"{1 << (control >> 1 & 7)} vectors, {width}, {state}"
    if identity == 0x11:
        control, table, pending = read(offset + 2, 2), read(offset + 4, 4), read(offset + 8, 4)
        return (
            f"{(control & 0x7FF) + 1} vectors, {'on' if control & 0x8000 else 'off'}, "
            f"table at BAR {table & 7} + {table & ~7:#x}, "
            f"pending at BAR {pending & 7} + {pending & ~7:#x}"
        )
    if identity == 0x10:
        control = read(offset + 2, 2)
        kind = _EXPRESS_TYPES.get(control >> 4 & 15, "unknown")
        link = read(offset + 0x12, 2)
        lanes = f", {link >> 4 & 63} lanes" if link >> 4 & 63 else ""
        return f"version {control & 15}, {kind}{lanes}"
    if identity == 0x09:
        return f"{read(offset + 2, 1)} bytes"
    return ""


def _extended(function: PciFunction) -> Iterator[Field]:
    if size_of(function) <= _EXTENDED_START:
        return
    offset = _EXTENDED_START
    seen: set[int] = set()
    while offset >= _EXTENDED_START and offset not in seen and len(seen) < _EXTENDED_STEPS:
        seen.add(offset)
        header = function.config_read(offset, 4)
        name = _EXTENDED.get(header & 0xFFFF, f"number {header & 0xFFFF:#06x}")
        words = f"version {header >> 16 & 15}"
        if header & 0xFFFF == 3:
            high, low = function.config_read(offset + 8, 4), function.config_read(offset + 4, 4)
            words += f", {high << 32 | low:016x}"
        yield Field(offset, 4, header, f"extended capability {name}", words)
        offset = header >> 20 & ~3
