"""PCI configuration space as a table of bytes with write masks.

Used by ``models/base.py``; follows the PCI Local Bus Specification 3.0, chapter 6. Because a BAR is
only bits that can or cannot be written, sizing it with all ones needs no code of its own.
"""

from __future__ import annotations

COMMAND = 0x04
STATUS = 0x06
CLASS_REVISION = 0x08
HEADER_TYPE = 0x0E
BAR0 = 0x10
SUBSYSTEM = 0x2C
CAPABILITY_POINTER = 0x34
INTERRUPT_LINE = 0x3C
INTERRUPT_PIN = 0x3D

COMMAND_IO = 0x0001
COMMAND_MEMORY = 0x0002
COMMAND_MASTER = 0x0004
COMMAND_INTX_DISABLE = 0x0400

STATUS_INTX = 0x0008
STATUS_CAPABILITIES = 0x0010
STATUS_MASTER_ABORT = 0x2000

CAP_PM = 0x01
CAP_MSI = 0x05
CAP_EXPRESS = 0x10
CAP_MSIX = 0x11


class ConfigSpace:
    """``size`` bytes; what is not defined reads as zero and cannot be written."""

    def __init__(self, size: int = 256) -> None:
        self.size = size
        self._data = bytearray(size)
        self._writable = bytearray(size)
        self._clear = bytearray(size)
        self._reset = bytes(size)
        self._next_capability = 0x40

    def define(
        self, offset: int, width: int, value: int, *, writable: int = 0, clear: int = 0
    ) -> None:
        """Give ``width`` bytes a value, the mask of bits to write, and of bits to clear by a 1."""
        for array, bits in ((self._data, value), (self._writable, writable), (self._clear, clear)):
            array[offset : offset + width] = bits.to_bytes(width, "little")

    def read(self, offset: int, width: int) -> int:
        """Read as the bus does; beyond the end nobody answers, which reads as all ones."""
        if offset < 0 or offset + width > self.size:
            return (1 << 8 * width) - 1
        return int.from_bytes(self._data[offset : offset + width], "little")

    def write(self, offset: int, width: int, value: int) -> None:
        """Write as the bus does, through the masks."""
        if offset < 0 or offset + width > self.size:
            return
        for at, byte in enumerate(value.to_bytes(width, "little"), offset):
            writable = self._writable[at]
            kept = self._data[at] & ~writable & ~(byte & self._clear[at])
            self._data[at] = kept | byte & writable

    def store(self, offset: int, width: int, value: int) -> None:
        """Set a value from the device's side, past the masks."""
        self._data[offset : offset + width] = value.to_bytes(width, "little")

    def change(self, offset: int, width: int, *, put: int = 0, drop: int = 0) -> None:
        """Set the bits ``put`` and clear the bits ``drop`` from the device's side."""
        self.store(offset, width, self.read(offset, width) & ~drop | put)

    def add_capability(self, identity: int, size: int, *, at: int | None = None) -> int:
        """Append a capability of ``size`` bytes, header included; return its offset.

        Its body is zero until ``define`` says more.
        """
        offset = self._next_capability if at is None else at
        self._next_capability = max(self._next_capability, offset + size + 3 & ~3)
        self.define(offset, 2, identity)
        link = CAPABILITY_POINTER
        while following := self._data[link]:
            link = following + 1
        self.define(link, 1, offset)
        self.change(STATUS, 2, put=STATUS_CAPABILITIES)
        return offset

    def find_capability(self, identity: int) -> int:
        """Return the offset of a capability, or 0."""
        offset = self._data[CAPABILITY_POINTER]
        while offset and self._data[offset] != identity:
            offset = self._data[offset + 1]
        return offset

    def seal(self) -> None:
        """What the space holds now is what ``reset`` brings back."""
        self._reset = bytes(self._data)

    def reset(self, end: int | None = None) -> None:
        """Return to the sealed values, up to offset ``end`` if that is given."""
        self._data[:end] = self._reset[:end]
