"""DMA memory: what both the device and the driver can reach."""

from __future__ import annotations

import ctypes
import mmap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class DmaError(Exception):
    """A device touched an address that is not its DMA memory."""


@dataclass(frozen=True)
class DmaChunk:
    """``size`` bytes at ``address`` in this process that the device sees at ``bus_address``."""

    address: int
    size: int
    bus_address: int


class DmaWatcher(Protocol):
    """Hears of DMA maps, each known by a number: the how manieth one was created."""

    def loaded(self, number: int, segments: Sequence[tuple[int, int]]) -> None:
        """A map was loaded: bus addresses and lengths in bytes."""

    def unloaded(self, number: int) -> None:
        """A map was unloaded."""

    def synced(
        self, number: int, offset: int, parts: Sequence[tuple[int, int]], operations: int
    ) -> None:
        """``bus_dmamap_sync`` from ``offset`` of the map on: addresses in this process of what the
        device reaches, and sizes. ``operations`` as in bus_dma(9). Nothing was copied yet."""


class DmaGate(Protocol):
    """Stands between devices and memory, as an IOMMU does; both raise ``DmaError``."""

    def read(self, bus_address: int, size: int) -> bytes:
        """Return what a device sees."""

    def write(self, bus_address: int, data: bytes) -> None:
        """Take what a device writes."""


class DmaMemory(ABC):
    """The arena from which all kernel-side memory of a host is handed out.

    The machine owns the memory and keeps it mapped until the machine is closed.
    """

    chunks: list[DmaChunk]

    @abstractmethod
    def read(self, bus_address: int, size: int) -> bytes:
        """Return ``size`` bytes as the device sees them, or raise ``DmaError``."""

    @abstractmethod
    def write(self, bus_address: int, data: bytes) -> None:
        """Write as the device would, or raise ``DmaError``."""

    def map(self, address: int, size: int) -> int | None:
        """Make memory outside the arena reachable; return its bus address, or None: bounce."""
        return None

    def unmap(self, bus_address: int, size: int) -> None:
        """Undo ``map``."""

    def intercept(self, gate: DmaGate) -> bool:
        """Have ``gate`` answer devices from now on; False: their accesses do not come this way."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Release the memory; no address in it may be used afterwards."""


class MappedMemory(DmaMemory):
    """One chunk of shared memory at a fixed bus address, over a file descriptor or anonymous."""

    def __init__(self, size: int, *, bus_address: int = 0, fd: int = -1) -> None:
        self._map = mmap.mmap(fd, size)
        self._view = memoryview(self._map)
        anchor = ctypes.c_char.from_buffer(self._map)
        address = ctypes.addressof(anchor)
        del anchor
        self._size = size
        self._bus_address = bus_address
        self.chunks = [DmaChunk(address, size, bus_address)]

    def _offset(self, bus_address: int, size: int) -> int:
        offset = bus_address - self._bus_address
        if offset < 0 or offset + size > self._size:
            raise DmaError(f"bus address {bus_address:#x}, {size} bytes: not DMA memory")
        return offset

    def read(self, bus_address: int, size: int) -> bytes:
        offset = self._offset(bus_address, size)
        return self._view[offset : offset + size].tobytes()

    def write(self, bus_address: int, data: bytes) -> None:
        offset = self._offset(bus_address, len(data))
        self._view[offset : offset + len(data)] = data

    def close(self) -> None:
        self.chunks = []
        self._view.release()
        self._map.close()


class ModelMemory(MappedMemory):
    """Memory of devices that are Python: each access of theirs calls ``read`` or ``write``."""

    def intercept(self, gate: DmaGate) -> bool:
        self.read = gate.read  # type: ignore[method-assign]
        self.write = gate.write  # type: ignore[method-assign]
        return True
