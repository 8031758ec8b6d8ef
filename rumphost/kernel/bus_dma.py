"""bus_dma(9): the addresses at which a device reaches the driver's memory.

Called by the shim's ``bus_dma.c``, which itself loads memory of the arena. What comes here is the
book-keeping of maps and DMA-safe memory, and every load that is not a mere look-up: memory outside
the arena, memory that the tag's address limits exclude, and all loads when the fast path is off.
Such memory is mapped for the device by the machine, or it bounces (``bus_dma_reach.py``).

With ``Checks.dma`` all memory bounces, so that a device sees only what was synchronised, and a
driver only what it synchronised back; ``bus_dma_strict.py`` says what is checked.
"""

from __future__ import annotations

import struct

from rumphost.errors import Misuse
from rumphost.machine import DmaWatcher

from .bus_dma_map import (
    COHERENT,
    PREREAD,
    PREWRITE,
    DmaMap,
    Load,
    Ranges,
    Reach,
    SafeMemory,
    Wish,
    describe_operations,
    segments_of,
)
from .bus_dma_reach import Bounce
from .bus_dma_report import PAGE, DmaReport
from .bus_dma_strict import StrictDma
from .errno import EFBIG, EINVAL, ENOMEM
from .hypercall import hypercall
from .kernel import Kernel
from .leak import Leak
from .lwp import Lwp, Owner
from .service import Service
from .sleep import Labels


class BusDma(Service):
    """The maps and DMA-safe memory of all drivers; ``report`` tells what is wrong with them."""

    def __init__(self, kernel: Kernel) -> None:
        self._memory = kernel.memory
        self._dma = kernel.machine.dma
        self.report = DmaReport(kernel)
        self._strict = StrictDma(kernel, self.report, self._safe_of) if kernel.checks.dma else None
        self._reach: Reach = self._strict or Bounce(self._memory, self._dma)
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
            Leak(PAGE, f"{dmamap} was not destroyed{self._loaded(dmamap)}", dmamap.site)
            for dmamap in self._maps.values()
            if dmamap.owner is owner
        ]
        memory = [
            Leak(PAGE, f"{safe.size:#x} bytes of bus_dmamem_alloc not freed", safe.site)
            for safe in self._safe.values()
            if safe.owner is owner
        ]
        return maps + memory

    def release(self, owner: Owner) -> None:
        """Free the maps and the DMA-safe memory of a device."""
        for dmamap in [m for m in self._maps.values() if m.owner is owner]:
            self._unload(None, dmamap, 0)
            self._unlink(dmamap.address)
            del self._maps[dmamap.address]
            self._labels.forget(dmamap.address)
            self._memory.release(dmamap.address)
        for safe in [s for s in self._safe.values() if s.owner is owner]:
            del self._safe[safe.bus_address]
            self._memory.release(safe.allocation)
        if self._strict is not None:
            self._strict.settle(owner)

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
    def bus_dmamap_destroy(self, lwp: Lwp, dmamap: int, site: int) -> None:
        self._unload(lwp, self._map(dmamap, "bus_dmamap_destroy"), site)
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
        site: int,
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
        wish = Wish(lwp, wanted, lowest, highest, flags, site)
        ranges = self._reach.load(found, wish)
        if ranges is None:
            return -ENOMEM
        result = segments_of(ranges, maximum, found.boundary)
        if len(result) > found.segments:
            self._reach.undo(found)
            return -EFBIG
        found.loaded_at, found.unloaded_at = site, 0
        flat = [word for segment in result for word in segment]
        self._memory.write(segments, struct.pack(f"<{len(flat)}Q", *flat))
        if self._watcher is not None:
            self._watcher.loaded(found.number, result)
        if self._trace.on and found.load is not None:
            load = found.load
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
    def bus_dmamap_unload(self, lwp: Lwp, dmamap: int, site: int) -> None:
        found = self._map(dmamap, "bus_dmamap_unload")
        if self._trace.on:
            self._trace.emit("bus_dma.unload", lwp, map=self._labels.of(dmamap))
        self._unload(lwp, found, site)

    @hypercall
    def bus_dmamap_sync(
        self, lwp: Lwp, dmamap: int, offset: int, length: int, operations: int, site: int
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
        self._reach.sync(lwp, found, offset, length, operations, site)

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
        watcher.synced(number, offset, self._reach.device_side(load, offset, length), operations)

    @hypercall
    def bus_dmamap_wrong(self, lwp: Lwp, dmamap: int, what: str, fatal: int, site: int) -> None:
        found = self._map(dmamap, what.partition(" ")[0].rstrip(":"))
        if fatal:
            raise self.report.violation(what, found.places)
        self.report.finding(lwp.owner, what, what, site, found.places)

    @hypercall
    def bus_dma_used(self, lwp: Lwp, address: int, length: int) -> None:
        if self._strict is not None:
            self._strict.used(lwp, address, length)

    # -- DMA-safe memory

    @hypercall
    def bus_dmamem_alloc(
        self,
        lwp: Lwp,
        allocation: int,
        address: int,
        bus_address: int,
        size: int,
        alignment: int,
        site: int,
    ) -> None:
        self._safe[bus_address] = SafeMemory(
            allocation, address, bus_address, size, alignment, site, lwp.owner
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
            self.report.finding(lwp.owner, what, what, site, [("allocated", safe.site)])
        loaded = self._loaded_in(safe)
        if loaded is not None:
            what = "bus_dmamem_free of memory that is loaded"
            sites = [("allocated", safe.site), ("loaded", loaded.loaded_at)]
            self.report.finding(lwp.owner, what, what, site, sites)
        if self._trace.on:
            self._trace.emit("bus_dma.free", lwp, bus_address=bus_address)
        return safe.allocation

    @hypercall
    def bus_dmamem_map(self, lwp: Lwp, bus_address: int, size: int, flags: int) -> int:
        for safe in self._safe.values():
            offset = bus_address - safe.bus_address
            if 0 <= offset < safe.size and size <= safe.size - offset:
                safe.mapped += 1
                safe.coherent |= bool(flags & COHERENT)
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

    def _safe_of(self, address: int) -> SafeMemory | None:
        """Return the DMA-safe memory that an address is in."""
        for safe in self._safe.values():
            if 0 <= address - safe.address < safe.size:
                return safe
        return None

    def _loaded_in(self, safe: SafeMemory) -> DmaMap | None:
        """Return a map in which some of this memory is loaded, if that is known."""
        for dmamap in self._maps.values():
            for address, length in dmamap.load.pieces if dmamap.load is not None else ():
                if address < safe.address + safe.size and safe.address < address + length:
                    return dmamap
        return None

    def _loaded(self, dmamap: DmaMap) -> str:
        if dmamap.load is None:
            return ""
        return f", loaded in {self.report.frames([dmamap.loaded_at])[0]}"

    def _unload(self, lwp: Lwp | None, dmamap: DmaMap, site: int) -> None:
        if dmamap.load is not None:
            if self._watcher is not None:
                self._watcher.unloaded(dmamap.number)
            dmamap.unloaded_at = site
            self._reach.unload(lwp, dmamap, site)

    def _unlink(self, address: int) -> None:
        """Take a map out of the image's list, whose links are a map's first two words."""
        following = self._memory.read_uint(address, 8)
        link = self._memory.read_uint(address + 8, 8)
        self._memory.write_uint(link, 8, following)
        if following:
            self._memory.write_uint(following + 8, 8, link)
