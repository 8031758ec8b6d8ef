"""The registers of one BAR of a function in QEMU."""

from __future__ import annotations

from rumphost.machine.pci import Bar, PciAddress
from rumphost.machine.region import Region

from .channel import QtestChannel

_SUFFIX = {1: b"b", 2: b"w", 4: b"l"}


class QemuRegion(Region):
    """Writes are posted. While ``decoded`` is off nobody answers: reads give all ones, as on a PC.

    Device models refuse accesses of a width that they lack without saying so, and most lack
    8 bytes: such an access is made of two of 4 bytes, the lower first.

    A write to the register that was read last is not posted: it acknowledges interrupts, or starts
    what was waited for. A driver acknowledges and then looks for work in memory, and work that the
    device added in between would be acknowledged too, were the write still on its way.
    """

    def __init__(self, channel: QtestChannel, function: PciAddress, bar: Bar) -> None:
        self.name = f"{function} bar {bar.index}"
        self.size = bar.size
        self.is_io = bar.is_io
        self.prefetchable = bar.prefetchable
        self.decoded = False
        self._channel = channel
        self._base = bar.address
        self._read_last = -1
        verbs = (b"in", b"out") if bar.is_io else (b"read", b"write")
        self._read_verb = {width: verbs[0] + suffix for width, suffix in _SUFFIX.items()}
        self._write_verb = {width: verbs[1] + suffix for width, suffix in _SUFFIX.items()}

    def read(self, offset: int, width: int) -> int:
        if not self.decoded:
            return (1 << 8 * width) - 1
        if width == 8:
            return self.read(offset, 4) | self.read(offset + 4, 4) << 32
        self._read_last = offset
        return self._channel.read(self._read_verb[width], self._base + offset)

    def write(self, offset: int, width: int, value: int) -> None:
        if not self.decoded:
            return
        if width == 8:
            self.write(offset, 4, value & 0xFFFFFFFF)
            self.write(offset + 4, 4, value >> 32)
            return
        self._channel.post(self._write_verb[width], self._base + offset, value)
        if offset == self._read_last:
            self._read_last = -1
            self._channel.flush()

    def read_multi(self, offset: int, width: int, count: int) -> list[int]:
        if not self.decoded or width == 8:
            return super().read_multi(offset, width, count)
        return self._channel.read_many(self._read_verb[width], self._base + offset, count)
