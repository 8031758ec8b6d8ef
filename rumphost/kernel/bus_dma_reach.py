"""bus_dma(9): memory that is no mere look-up is mapped for the device by the machine, or bounces.

To bounce, the device gets memory of the arena, and sync copies. Used by ``bus_dma.py``.
"""

from __future__ import annotations

from rumphost.machine import DmaChunk, DmaMemory

from .bus_dma_map import (
    POSTREAD,
    PREREAD,
    PREWRITE,
    DmaMap,
    Load,
    Ranges,
    Wish,
    parts_of,
    within,
)
from .lwp import Lwp
from .memory import Memory


def chunk_of(dma: DmaMemory, address: int, length: int) -> DmaChunk | None:
    """Return the chunk of the arena that holds all of it."""
    for chunk in dma.chunks:
        offset = address - chunk.address
        if offset >= 0 and offset + length <= chunk.size:
            return chunk
    return None


class Bounce:
    """The way that costs least: map if possible, copy if need be. Checks nothing."""

    def __init__(self, memory: Memory, dma: DmaMemory) -> None:
        self._memory = memory
        self._dma = dma

    def load(self, dmamap: DmaMap, wish: Wish) -> Ranges | None:
        dmamap.load = load = Load(wish.pieces, wish.size)
        ranges = self._map_pieces(load)
        if ranges is not None and within(ranges, wish.lowest, wish.highest):
            return ranges
        self._release(load)
        ranges = self._bounce(load, wish)
        if ranges is None:
            self.undo(dmamap)
        return ranges

    def undo(self, dmamap: DmaMap) -> None:
        if dmamap.load is not None:
            self._release(dmamap.load)
            dmamap.load = None

    def unload(self, lwp: Lwp | None, dmamap: DmaMap, site: int) -> None:
        self.undo(dmamap)

    def sync(
        self, lwp: Lwp, dmamap: DmaMap, offset: int, length: int, operations: int, site: int
    ) -> None:
        load = dmamap.load
        if load is None or not load.bounce:
            return
        # Before a read, the bytes that the device will not write have to be there too.
        if operations & (PREWRITE | PREREAD):
            for address, at, size in parts_of(load.pieces, offset, length):
                self._memory.write(load.bounce + at, self._memory.read(address, size))
        if operations & POSTREAD:
            for address, at, size in parts_of(load.pieces, offset, length):
                self._memory.write(address, self._memory.read(load.bounce + at, size))

    def device_side(self, load: Load, offset: int, length: int) -> Ranges:
        return [
            (load.bounce + at if load.bounce else address, size)
            for address, at, size in parts_of(load.pieces, offset, length)
        ]

    def _map_pieces(self, load: Load) -> Ranges | None:
        ranges: Ranges = []
        for address, length in load.pieces:
            chunk = chunk_of(self._dma, address, length)
            if chunk is not None:
                bus_address: int | None = address - chunk.address + chunk.bus_address
            else:
                bus_address = self._dma.map(address, length)
                if bus_address is not None:
                    load.mapped.append((bus_address, length))
            if bus_address is None:
                return None
            ranges.append((bus_address, length))
        return ranges

    def _bounce(self, load: Load, wish: Wish) -> Ranges | None:
        try:
            load.bounce = self._memory.allocate(load.size)
        except MemoryError:
            return None
        chunk = chunk_of(self._dma, load.bounce, load.size)
        if chunk is None:
            return None
        ranges = [(load.bounce - chunk.address + chunk.bus_address, load.size)]
        return ranges if within(ranges, wish.lowest, wish.highest) else None

    def _release(self, load: Load) -> None:
        for bus_address, length in load.mapped:
            self._dma.unmap(bus_address, length)
        load.mapped.clear()
        if load.bounce:
            self._memory.release(load.bounce)
            load.bounce = 0
