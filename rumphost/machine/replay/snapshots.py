"""What a device has written into memory, found by comparing at the driver's own DMA syncs.

Used by ``recording.py`` as the machine's ``DmaWatcher``. Before the device may write, a driver says
``PREREAD``, and before it looks, ``POSTREAD``; what differs in between is what the device said.
Of a ring, which both sides write, only bytes that changed are kept, lest the driver's own (the
addresses in its descriptors) are. Of a buffer that only the device writes, all is kept up to the
last byte that changed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence

PREREAD, POSTREAD, PREWRITE, POSTWRITE = 1, 2, 4, 8
GAP = 8
BLOCK = 64
PAGE_SHIFT = 12

Changes = list[tuple[int, bytes]]


def changes_of_ring(old: bytes, new: bytes) -> Changes:
    """Return offsets with the bytes that differ; those less than ``GAP`` apart are together."""
    changes: Changes = []
    start = last = -1
    for block in range(0, len(new), BLOCK):
        if old[block : block + BLOCK] == new[block : block + BLOCK]:
            continue
        for at in range(block, min(block + BLOCK, len(new))):
            if old[at] == new[at]:
                continue
            if start >= 0 and at - last > GAP:
                changes.append((start, new[start : last + 1]))
                start = -1
            if start < 0:
                start = at
            last = at
    if start >= 0:
        changes.append((start, new[start : last + 1]))
    return changes


def changes_of_buffer(old: bytes, new: bytes) -> Changes:
    """Return what lies before and at the last byte that differs, and some more."""
    if old == new:
        return []
    end = len(new)
    while end > 0 and old[max(end - BLOCK, 0) : end] == new[max(end - BLOCK, 0) : end]:
        end -= BLOCK
    return [(0, new[:end])]


class Map:
    """What is known of one DMA map: is it of a ring, and what it held at the last sync."""

    def __init__(self) -> None:
        self.is_read = False
        self.is_ring = False
        self.held: dict[int, bytes] = {}
        """Contents by the offset of a sync."""

    def before(self, offset: int, size: int) -> bytes | None:
        """Return what these bytes held, if that is known."""
        held = self.held.get(offset)
        if held is not None and len(held) == size:
            return held
        for start, data in self.held.items():
            if start <= offset and offset + size <= start + len(data):
                return data[offset - start : offset - start + size]
        return None

    def keep(self, offset: int, data: bytes) -> None:
        """These bytes hold ``data`` now."""
        if len(self.held.get(offset, b"")) == len(data):
            self.held[offset] = data
            return
        for start, held in self.held.items():
            if start <= offset and offset + len(data) <= start + len(held):
                at = offset - start
                self.held[start] = held[:at] + data + held[at + len(data) :]
                return
        end = offset + len(data)
        for start, held in list(self.held.items()):
            if start < end and offset < start + len(held):
                del self.held[start]
        self.held[offset] = data


class LoadedMaps:
    """Where on the bus maps are loaded."""

    def __init__(self) -> None:
        self._segments: dict[int, Sequence[tuple[int, int]]] = {}
        self._pages: dict[int, set[int]] = {}

    def loaded(self, number: int, segments: Sequence[tuple[int, int]]) -> None:
        self.unloaded(number)
        self._segments[number] = segments
        for page in _pages_of(segments):
            self._pages.setdefault(page, set()).add(number)

    def unloaded(self, number: int) -> None:
        for page in _pages_of(self._segments.pop(number, ())):
            self._pages[page].discard(number)

    def place_of(self, value: int) -> tuple[int, int] | None:
        """Return which map is loaded at a bus address, and where in it; None: none is."""
        for number in sorted(self._pages.get(value >> PAGE_SHIFT, ())):
            place = 0
            for address, length in self._segments[number]:
                if address <= value < address + length:
                    return number, place + value - address
                place += length
        return None

    def parts_of(self, number: int, place: int, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the bus addresses at which bytes of a map lie, with them; none if none do."""
        for address, length in self._segments.get(number, ()):
            if place < length and data:
                yield address + place, data[: length - place]
                data = data[length - place :]
                place = 0
            else:
                place -= length


def _pages_of(segments: Sequence[tuple[int, int]]) -> set[int]:
    return {
        page
        for address, length in segments
        for page in range(address >> PAGE_SHIFT, (address + max(length, 1) - 1 >> PAGE_SHIFT) + 1)
    }


class Snapshots:
    """``DmaWatcher`` that finds what changed; ``on_sync`` gets map, offset, length, operations."""

    def __init__(self, on_sync: Callable[[int, int, int, int, Changes], None]) -> None:
        self._maps: dict[int, Map] = {}
        self._loaded = LoadedMaps()
        self._on_sync = on_sync
        self.place_of = self._loaded.place_of

    def loaded(self, number: int, segments: Sequence[tuple[int, int]]) -> None:
        self._maps.setdefault(number, Map()).held.clear()
        self._loaded.loaded(number, segments)

    def unloaded(self, number: int) -> None:
        self._maps.setdefault(number, Map()).held.clear()
        self._loaded.unloaded(number)

    def synced(
        self, number: int, offset: int, parts: Sequence[tuple[int, int]], operations: int
    ) -> None:
        dmamap = self._maps.setdefault(number, Map())
        reads = bool(operations & (PREREAD | POSTREAD))
        dmamap.is_read |= reads
        dmamap.is_ring |= reads and bool(operations & (PREWRITE | POSTWRITE))
        if not dmamap.is_read:
            return
        dmamap.is_ring |= bool(operations & (PREWRITE | POSTWRITE))
        data = b"".join([ctypes.string_at(address, size) for address, size in parts])
        if operations & POSTREAD:
            old = dmamap.before(offset, len(data))
            if old is None:
                changes = [(0, data)] if data else []
            elif dmamap.is_ring:
                changes = changes_of_ring(old, data)
            else:
                changes = changes_of_buffer(old, data)
            self._on_sync(number, offset, len(data), operations, changes)
        dmamap.keep(offset, data)
