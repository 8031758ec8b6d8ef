"""bus_dma(9): the addresses at which a device reaches the driver's memory.

Called by the shim's ``bus_dma.c``, which itself loads memory of the arena. What comes here is the
book-keeping of maps and DMA-safe memory, and every load that is not a mere look-up: memory outside
the arena, memory that the tag's address limits exclude, and all loads when the fast path is off.
Such memory is mapped for the device by the machine, or it bounces: the device gets memory of the
arena, and sync copies.

``strict`` bounces everything, so that a device sees only what was synchronised, and a driver only
what it synchronised back.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from rumphost.errors import Misuse
from rumphost.machine import DmaChunk, DmaWatcher

from .errno import EFBIG, EINVAL, ENOMEM
from .hypercall import hypercall
from .kernel import Kernel
from .leak import Leak
from .lwp import Lwp, Owner
from .service import Service
from .sleep import Labels

PREREAD = 0x01
POSTREAD = 0x02
PREWRITE = 0x04
POSTWRITE = 0x08
_OPERATIONS = {
    PREREAD: "PREREAD",
    POSTREAD: "POSTREAD",
    PREWRITE: "PREWRITE",
    POSTWRITE: "POSTWRITE",
}

Ranges = list[tuple[int, int]]
"""Pairs of address and length in bytes."""


def describe_operations(operations: int) -> str:
    """Return ``PREREAD|PREWRITE``."""
    return "|".join(name for bit, name in _OPERATIONS.items() if operations & bit)


def segments_of(ranges: Iterable[tuple[int, int]], maximum: int, boundary: int) -> Ranges:
    """Join and cut bus addresses: no segment is longer than ``maximum`` or crosses ``boundary``.

    ``boundary`` 0 is none. Neighbours become one segment where the limits allow it.
    """
    segments: Ranges = []
    for address, length in ranges:
        while length > 0:
            part = min(length, boundary - address % boundary) if boundary else length
            last, size = segments[-1] if segments else (0, 0)
            crosses = bool(boundary) and address % boundary == 0
            if size and last + size == address and size < maximum and not crosses:
                part = min(part, maximum - size)
                segments[-1] = (last, size + part)
            else:
                part = min(part, maximum)
                segments.append((address, part))
            address += part
            length -= part
    return segments


@dataclass
class Load:
    """What was loaded: ``pieces`` of the driver's memory and how the device gets at them."""

    pieces: Ranges
    size: int
    bounce: int = 0
    mapped: Ranges = field(default_factory=list)


@dataclass(eq=False)
class DmaMap:
    """A bus_dmamap_t at ``address``; ``load`` is None unless it was loaded here."""

    address: int
    size: int
    segments: int
    maximum_segment: int
    boundary: int
    flags: int
    site: int
    owner: Owner | None
    number: int = 0
    load: Load | None = None

    def __str__(self) -> str:
        return f"the map at {self.address:#x} for {self.size:#x} bytes"


@dataclass(eq=False)
class SafeMemory:
    """DMA-safe memory: an allocation of the arena, and the aligned part that is in use."""

    allocation: int
    address: int
    bus_address: int
    size: int
    site: int
    owner: Owner | None
    mapped: int = 0


class BusDma(Service):
    """The maps and DMA-safe memory of all drivers."""

    def __init__(self, kernel: Kernel, *, strict: bool = False) -> None:
        self.strict = strict
        self._kernel = kernel
        self._memory = kernel.memory
        self._dma = kernel.machine.dma
        self._watcher = kernel.machine.dma_watcher
        self._created = 0
        self._trace = kernel.trace
        self._labels = Labels()
        self._maps: dict[int, DmaMap] = {}
        self._safe: dict[int, SafeMemory] = {}

    # -- what the host and debuggers call

    @property
    def maps(self) -> list[DmaMap]:
        """All maps, oldest first."""
        return list(self._maps.values())

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return the maps and the DMA-safe memory of a device."""
        maps = [
            Leak("bus_dma(9)", f"{dmamap} was not destroyed", dmamap.site)
            for dmamap in self._maps.values()
            if dmamap.owner is owner
        ]
        memory = [
            Leak("bus_dma(9)", f"{safe.size:#x} bytes of bus_dmamem_alloc not freed", safe.site)
            for safe in self._safe.values()
            if safe.owner is owner
        ]
        return maps + memory

    def release(self, owner: Owner) -> None:
        """Free the maps and the DMA-safe memory of a device."""
        for dmamap in [m for m in self._maps.values() if m.owner is owner]:
            self._unload(dmamap)
            self._unlink(dmamap.address)
            del self._maps[dmamap.address]
            self._labels.forget(dmamap.address)
            self._memory.release(dmamap.address)
        for safe in [s for s in self._safe.values() if s.owner is owner]:
            del self._safe[safe.bus_address]
            self._memory.release(safe.allocation)

    # -- maps

    @hypercall
    def bus_dmamap_create(
        self,
        lwp: Lwp,
        dmamap: int,
        size: int,
        segments: int,
        maximum_segment: int,
        boundary: int,
        flags: int,
        site: int,
    ) -> None:
        self._created += 1
        self._maps[dmamap] = DmaMap(
            dmamap,
            size,
            segments,
            maximum_segment,
            boundary,
            flags,
            site,
            lwp.owner,
            self._created,
        )
        if self._trace.on:
            self._trace.emit(
                "bus_dma.create", lwp, map=self._labels.of(dmamap), size=size, segments=segments
            )

    @hypercall
    def bus_dmamap_destroy(self, lwp: Lwp, dmamap: int) -> None:
        self._unload(self._map(dmamap, "bus_dmamap_destroy"))
        del self._maps[dmamap]
        if self._trace.on:
            self._trace.emit("bus_dma.destroy", lwp, map=self._labels.of(dmamap))
        self._labels.forget(dmamap)

    @hypercall
    def bus_dmamap_load(
        self,
        lwp: Lwp,
        dmamap: int,
        segments: int,
        pieces: int,
        count: int,
        limits: int,
        flags: int,
        raw: int,
    ) -> int:
        found = self._map(dmamap, "bus_dmamap_load")
        words = struct.unpack(f"<{2 * count}Q", self._memory.read(pieces, 16 * count))
        lowest, highest, maximum = struct.unpack("<3Q", self._memory.read(limits, 24))
        wanted = [piece for piece in zip(words[::2], words[1::2], strict=True) if piece[1]]
        if raw:
            located = self._locate_raw(wanted)
            if located is None:
                return -EINVAL
            wanted = located
        load = Load(wanted, sum(length for _, length in wanted))
        ranges = self._reach(load, lowest, highest)
        if ranges is None:
            return -ENOMEM
        result = segments_of(ranges, maximum, found.boundary)
        if len(result) > found.segments:
            self._undo(load)
            return -EFBIG
        found.load = load
        flat = [word for segment in result for word in segment]
        self._memory.write(segments, struct.pack(f"<{len(flat)}Q", *flat))
        if self._watcher is not None:
            self._watcher.loaded(found.number, result)
        if self._trace.on:
            how = "bounce" if load.bounce else "mapped" if load.mapped else "direct"
            self._trace.emit(
                "bus_dma.load",
                lwp,
                map=self._labels.of(dmamap),
                size=load.size,
                segments=len(result),
                how=how,
            )
        return len(result)

    @hypercall
    def bus_dmamap_unload(self, lwp: Lwp, dmamap: int) -> None:
        found = self._map(dmamap, "bus_dmamap_unload")
        if self._trace.on:
            self._trace.emit("bus_dma.unload", lwp, map=self._labels.of(dmamap))
        self._unload(found)

    @hypercall
    def bus_dmamap_sync(
        self, lwp: Lwp, dmamap: int, offset: int, length: int, operations: int
    ) -> None:
        found = self._map(dmamap, "bus_dmamap_sync")
        if self._trace.on:
            self._trace.emit(
                "bus_dma.sync",
                lwp,
                map=self._labels.of(dmamap),
                offset=offset,
                length=length,
                operations=describe_operations(operations),
            )
        load = found.load
        if load is None:
            return
        if self._watcher is not None:
            self._tell(self._watcher, found.number, load, offset, length, operations)
        if not load.bounce:
            return
        # Before a read, the bytes that the device will not write have to be there too. A strict
        # check does without, lest it hide a PREWRITE that is missing.
        if operations & PREWRITE or (operations & PREREAD and not self.strict):
            for address, at, size in _parts(load.pieces, offset, length):
                self._memory.write(load.bounce + at, self._memory.read(address, size))
        if operations & POSTREAD:
            for address, at, size in _parts(load.pieces, offset, length):
                self._memory.write(address, self._memory.read(load.bounce + at, size))

    def _tell(
        self,
        watcher: DmaWatcher,
        number: int,
        load: Load,
        offset: int,
        length: int,
        operations: int,
    ) -> None:
        """Tell of a sync. A bounce buffer is told of as it will be, or was, seen by the device."""
        if operations & (PREREAD | PREWRITE) and load.bounce:
            return
        parts = [
            (load.bounce + at if load.bounce else address, size)
            for address, at, size in _parts(load.pieces, offset, length)
        ]
        watcher.synced(number, offset, parts, operations)

    # -- DMA-safe memory

    @hypercall
    def bus_dmamem_alloc(
        self, lwp: Lwp, allocation: int, address: int, bus_address: int, size: int, site: int
    ) -> None:
        self._safe[bus_address] = SafeMemory(
            allocation, address, bus_address, size, site, lwp.owner
        )
        if self._trace.on:
            self._trace.emit("bus_dma.alloc", lwp, bus_address=bus_address, size=size)

    @hypercall
    def bus_dmamem_free(self, lwp: Lwp, bus_address: int, site: int) -> int:
        safe = self._safe.pop(bus_address, None)
        if safe is None:
            raise Misuse(f"bus_dma(9): bus_dmamem_free of {bus_address:#x}: not allocated")
        if safe.mapped:
            what = "bus_dmamem_free of memory that is mapped"
            self._kernel.findings.finding(lwp, "bus_dma(9)", what, site)
        if self._trace.on:
            self._trace.emit("bus_dma.free", lwp, bus_address=bus_address)
        return safe.allocation

    @hypercall
    def bus_dmamem_map(self, lwp: Lwp, bus_address: int, size: int) -> int:
        for safe in self._safe.values():
            offset = bus_address - safe.bus_address
            if 0 <= offset < safe.size and size <= safe.size - offset:
                safe.mapped += 1
                return safe.address + offset
        return 0

    @hypercall
    def bus_dmamem_unmap(self, lwp: Lwp, address: int, size: int) -> None:
        for safe in self._safe.values():
            if 0 <= address - safe.address < safe.size and safe.mapped:
                safe.mapped -= 1
                return
        raise Misuse(f"bus_dma(9): bus_dmamem_unmap of {address:#x}: not mapped")

    # -- the inner parts

    def _map(self, address: int, what: str) -> DmaMap:
        found = self._maps.get(address)
        if found is None:
            raise Misuse(f"bus_dma(9): {what}: there is no map at {address:#x}")
        return found

    def _chunk(self, address: int, length: int) -> DmaChunk | None:
        for chunk in self._dma.chunks:
            offset = address - chunk.address
            if offset >= 0 and offset + length <= chunk.size:
                return chunk
        return None

    def _locate_raw(self, pieces: Ranges) -> Ranges | None:
        """Return where in the process bus addresses are; None: some are no DMA memory."""
        found: Ranges = []
        for bus_address, length in pieces:
            for chunk in self._dma.chunks:
                offset = bus_address - chunk.bus_address
                if offset >= 0 and offset + length <= chunk.size:
                    found.append((chunk.address + offset, length))
                    break
            else:
                return None
        return found

    def _reach(self, load: Load, lowest: int, highest: int) -> Ranges | None:
        """Make memory reachable within the limits; return its bus addresses, or None."""
        ranges = None if self.strict else self._map_pieces(load)
        if ranges is not None and _within(ranges, lowest, highest):
            return ranges
        self._undo(load)
        return self._bounce(load, lowest, highest)

    def _map_pieces(self, load: Load) -> Ranges | None:
        ranges: Ranges = []
        for address, length in load.pieces:
            chunk = self._chunk(address, length)
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

    def _bounce(self, load: Load, lowest: int, highest: int) -> Ranges | None:
        try:
            buffer = self._memory.allocate(load.size)
        except MemoryError:
            return None
        load.bounce = buffer
        chunk = self._chunk(buffer, load.size)
        if chunk is not None:
            ranges = [(buffer - chunk.address + chunk.bus_address, load.size)]
            if _within(ranges, lowest, highest):
                return ranges
        self._undo(load)
        return None

    def _undo(self, load: Load) -> None:
        for bus_address, length in load.mapped:
            self._dma.unmap(bus_address, length)
        load.mapped.clear()
        if load.bounce:
            self._memory.release(load.bounce)
            load.bounce = 0

    def _unload(self, dmamap: DmaMap) -> None:
        if dmamap.load is not None:
            if self._watcher is not None:
                self._watcher.unloaded(dmamap.number)
            self._undo(dmamap.load)
            dmamap.load = None

    def _unlink(self, address: int) -> None:
        """Take a map out of the image's list, whose links are a map's first two words."""
        following = self._memory.read_uint(address, 8)
        link = self._memory.read_uint(address + 8, 8)
        self._memory.write_uint(link, 8, following)
        if following:
            self._memory.write_uint(following + 8, 8, link)


def _within(ranges: Ranges, lowest: int, highest: int) -> bool:
    return all(lowest <= start and start + size - 1 <= highest for start, size in ranges)


def _parts(pieces: Ranges, offset: int, length: int) -> Iterable[tuple[int, int, int]]:
    """Yield address, offset and size of each part of ``pieces`` that lies in the range."""
    at = 0
    for address, size in pieces:
        first, end = max(at, offset), min(at + size, offset + length)
        if first < end:
            yield address + first - at, first, end - first
        at += size
