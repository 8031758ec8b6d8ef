"""DMA memory of a function: the arena from the kernel module, and memory of the process itself."""

from __future__ import annotations

import ctypes
import errno
import mmap

from rumphost.machine.dma import DmaChunk, DmaError, DmaMemory

from .node import Node

MIB = 2**20
PIECE = 4 * MIB
"""The largest chunk that is to be had without an IOMMU."""


class KmodMemory(DmaMemory):
    """``size`` bytes (whole MiB) in as few chunks as possible, less where there is less."""

    def __init__(self, node: Node, size: int, *, confined: bool) -> None:
        self.chunks = []
        self._node = node
        self._confined = confined
        self._maps: list[mmap.mmap] = []
        self._handles: dict[int, int] = {}
        self._segment = node.uapi.struct("dma_segment")
        left, piece = size, size if confined else min(size, PIECE)
        while left >= MIB:
            piece = min(piece, left)
            try:
                self._add(piece)
            except OSError as error:
                if error.errno != errno.ENOMEM or piece <= MIB:
                    break
                piece //= 2
            else:
                left -= piece
        if not self.chunks:
            node.demand("DMA memory", "DMA_ALLOC", "dma_alloc", size=MIB)

    def _add(self, size: int) -> None:
        given = self._node.request("DMA_ALLOC", "dma_alloc", size=size)
        memory = mmap.mmap(self._node.fd, size, offset=given.mmap_offset)
        anchor = ctypes.c_char.from_buffer(memory)
        self._maps.append(memory)
        self.chunks.append(DmaChunk(ctypes.addressof(anchor), size, given.bus_address))
        del anchor

    def read(self, bus_address: int, size: int) -> bytes:
        return ctypes.string_at(self._locate(bus_address, size), size)

    def write(self, bus_address: int, data: bytes) -> None:
        ctypes.memmove(self._locate(bus_address, len(data)), data, len(data))

    def map(self, address: int, size: int) -> int | None:
        """Pin memory of the process for the device. Without an IOMMU it might be out of reach."""
        if not self._confined:
            return None
        segment = self._segment()
        try:
            given = self._node.request(
                "DMA_MAP",
                "dma_map",
                address=address,
                size=size,
                segments=ctypes.addressof(segment),
                max_segments=1,
            )
        except OSError:
            return None
        self._handles[segment.bus_address] = given.handle
        return int(segment.bus_address)

    def unmap(self, bus_address: int, size: int) -> None:
        handle = self._handles.pop(bus_address, None)
        if handle is not None:
            try:
                self._node.request("DMA_FREE", "dma_handle", handle=handle)
            except OSError as error:
                if error.errno != errno.ENODEV:  # else it was freed when the function went
                    raise

    def close(self) -> None:
        self.chunks = []
        for memory in self._maps:
            memory.close()
        self._maps.clear()

    def _locate(self, bus_address: int, size: int) -> int:
        for chunk in self.chunks:
            offset = bus_address - chunk.bus_address
            if offset >= 0 and offset + size <= chunk.size:
                return chunk.address + offset
        raise DmaError(f"bus address {bus_address:#x}, {size} bytes: not DMA memory")
