"""One PCI function of vfio-pci, which itself looks after BARs and guarded configuration bits."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from typing import Any

from rumphost.errors import MachineError
from rumphost.machine.eventfds import EventfdLine, EventfdSet
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.pci import Bar, PciFunction, VectorKind
from rumphost.machine.region import Region

from . import device as vfio
from .device import RegionInfo, VfioDevice

COMMAND, COMMAND_IO, COMMAND_MEMORY, COMMAND_MASTER = 0x04, 1, 2, 4
BAR0 = 0x10
INTERRUPT_LINE = 0x3C
LIMITS = {"intx": 1, "msi": 32, "msix": 64}
_INDEX = {"intx": vfio.IRQ_INTX, "msi": vfio.IRQ_MSI, "msix": vfio.IRQ_MSIX}
_TYPES: dict[int, Any] = {
    1: ctypes.c_uint8,
    2: ctypes.c_uint16,
    4: ctypes.c_uint32,
    8: ctypes.c_uint64,
}


class VfioRegion(Region):
    """Mapped if vfio allows to map all of it, else read and written through the device's file."""

    def __init__(self, name: str, fd: int, bar: Bar, info: RegionInfo) -> None:
        self.name = name
        self.size = bar.size
        self.is_io = bar.is_io
        self.prefetchable = bar.prefetchable
        self._fd, self._offset = fd, info.offset
        self._map: mmap.mmap | None = None
        if info.flags & vfio.REGION_MMAP and not bar.is_io:
            size = -(-bar.size // mmap.PAGESIZE) * mmap.PAGESIZE
            with contextlib.suppress(OSError):  # there may be a hole for the MSI-X table
                self._map = mmap.mmap(fd, size, offset=info.offset)
        if self._map is not None:
            anchor = ctypes.c_char.from_buffer(self._map)
            self.address = ctypes.addressof(anchor)
            del anchor

    def read(self, offset: int, width: int) -> int:
        if self.address is not None:
            return int(_TYPES[width].from_address(self.address + offset).value)
        return int.from_bytes(os.pread(self._fd, width, self._offset + offset), "little")

    def write(self, offset: int, width: int, value: int) -> None:
        if self.address is not None:
            _TYPES[width].from_address(self.address + offset).value = value
        else:
            os.pwrite(self._fd, value.to_bytes(width, "little"), self._offset + offset)

    def close(self) -> None:
        if self._map is not None:
            self.address = None
            self._map.close()
            self._map = None


class VfioFunction(PciFunction):
    """``events`` hears of interrupts; ``messages`` off: no MSI and MSI-X."""

    def __init__(self, device: VfioDevice, events: EventfdSet, *, messages: bool = True) -> None:
        self._messages = messages
        self.address = device.function.address
        self.device = device
        self.gone = False
        self._events = events
        self._config = device.region(vfio.CONFIG_REGION)
        command = self.config_read(COMMAND, 2) | COMMAND_MEMORY | COMMAND_IO
        self.config_write(COMMAND, 2, command & ~COMMAND_MASTER)
        self._infos = {index: device.region(index) for index in range(6)}
        self.bars = {index: self._bar(index) for index, info in self._infos.items() if info.size}
        self._regions: dict[int, VfioRegion] = {}
        self._lines: dict[str, list[EventfdLine]] = {}

    def config_read(self, offset: int, width: int) -> int:
        if offset + width > self._config.size or self.gone:
            return (1 << 8 * width) - 1
        data = os.pread(self.device.fd, width, self._config.offset + offset)
        return int.from_bytes(data, "little")

    def config_write(self, offset: int, width: int, value: int) -> None:
        if offset + width <= self._config.size and not self.gone:
            data = value.to_bytes(width, "little")
            os.pwrite(self.device.fd, data, self._config.offset + offset)

    def map_bar(self, index: int) -> Region:
        if index not in self.bars:
            raise MachineError(f"{self.address} has no BAR {index}")
        if index not in self._regions:
            name = f"{self.device.function.name} bar {index}"
            bar, info = self.bars[index], self._infos[index]
            self._regions[index] = VfioRegion(name, self.device.fd, bar, info)
        return self._regions[index]

    def vector_count(self, kind: VectorKind) -> int:
        if kind != "intx" and not self._messages:
            return 0
        return min(self.device.vectors(_INDEX[kind]), LIMITS[kind])

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        if kind in self._lines:
            if kind == "intx" and count == 1:
                return list(self._lines[kind])
            raise MachineError(f"{self.address}: {kind} vectors are in use already")
        if not 1 <= count <= self.vector_count(kind):
            raise MachineError(
                f"{self.address}: {count} {kind} vectors: there are {self.vector_count(kind)}"
            )
        for other in list(self._lines):  # one kind at a time
            self.release_vectors(other)  # type: ignore[arg-type]
        name = f"{self.address} {kind}"
        if kind == "intx":
            name = f"irq {self.config_read(INTERRUPT_LINE, 1)}"
        lines = [
            EventfdLine(f"{name} {n}" if kind != "intx" else name, level=False, unmask=self._unmask)
            for n in range(count)
        ]
        for line in lines:
            line.level = kind == "intx"
            self._events.add(line.fd, line.take)
        self._lines[kind] = lines
        try:
            fds = [line.fd for line in lines]
            self.device.set_irqs(_INDEX[kind], vfio.SET_TRIGGER, 0, fds)
        except OSError as error:
            self._forget(kind)
            raise MachineError(f"{self.address}: {kind}: {error.strerror}") from error
        return list(lines)

    def release_vectors(self, kind: VectorKind) -> None:
        if kind in self._lines:
            if not self.gone:
                self.device.set_irqs(_INDEX[kind], vfio.SET_TRIGGER, 0)
            self._forget(kind)

    def _forget(self, kind: str) -> None:
        for line in self._lines.pop(kind):
            self._events.discard(line.fd)
            line.close()

    def _unmask(self) -> None:
        if not self.gone and "intx" in self._lines:
            self.device.set_irqs(vfio.IRQ_INTX, vfio.SET_UNMASK, 1)

    def reset(self) -> None:
        """Quiet the function, and reset it where it can be reset."""
        if self.gone:
            return
        for kind in list(self._lines):
            self.release_vectors(kind)  # type: ignore[arg-type]
        self.config_write(COMMAND, 2, self.config_read(COMMAND, 2) & ~COMMAND_MASTER)
        if self.device.can_reset:
            with contextlib.suppress(OSError):
                self.device.reset()

    def close(self) -> None:
        for kind in list(self._lines):
            self._forget(kind)
        for region in self._regions.values():
            region.close()
        self._regions.clear()
        self.device.close()

    def _bar(self, index: int) -> Bar:
        low = self.config_read(BAR0 + 4 * index, 4)
        is_io = bool(low & 1)
        is_64bit = not is_io and low & 6 == 4
        address = low & (~3 if is_io else ~15)
        if is_64bit:
            address |= self.config_read(BAR0 + 4 * index + 4, 4) << 32
        prefetchable = not is_io and bool(low & 8)
        return Bar(index, self._infos[index].size, is_io, is_64bit, prefetchable, address)
