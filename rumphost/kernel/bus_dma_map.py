"""bus_dma(9): what is known of a map and of DMA-safe memory, and the arithmetic of segments.

Used by ``bus_dma.py`` and by the two ways to make memory reachable, ``bus_dma_reach.py`` and
``bus_dma_strict.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from .lwp import Lwp, Owner

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

COHERENT = 0x004
"""BUS_DMA_COHERENT, and the two that say which way a map is used."""
READ = 0x100
WRITE = 0x200

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


def within(ranges: Ranges, lowest: int, highest: int) -> bool:
    """Tell whether all addresses lie in the limits."""
    return all(lowest <= start and start + size - 1 <= highest for start, size in ranges)


def parts_of(pieces: Ranges, offset: int, length: int) -> Iterable[tuple[int, int, int]]:
    """Yield address, offset and size of each part of ``pieces`` that lies in the range."""
    at = 0
    for address, size in pieces:
        first, end = max(at, offset), min(at + size, offset + length)
        if first < end:
            yield address + first - at, first, end - first
        at += size


@dataclass
class Load:
    """What was loaded: ``pieces`` of the driver's memory, ``size`` bytes, and the device's side.

    ``bounce`` is where in the process the device's side is, if it is memory of its own; ``mapped``
    what the machine had to map, by bus address.
    """

    pieces: Ranges
    size: int
    bounce: int = 0
    mapped: Ranges = field(default_factory=list)


@dataclass(eq=False)
class DmaMap:
    """A bus_dmamap_t at ``address``; ``load`` is None unless it was loaded here.

    ``site``, ``loaded_at`` and ``unloaded_at`` are code addresses, 0 for none.
    """

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
    loaded_at: int = 0
    unloaded_at: int = 0

    def __str__(self) -> str:
        return f"the map at {self.address:#x} for {self.size:#x} bytes"

    @property
    def places(self) -> tuple[tuple[str, int], ...]:
        """Where it was created, loaded and unloaded, as far as that is known."""
        known = (
            ("created", self.site), ("loaded", self.loaded_at), ("unloaded", self.unloaded_at),
        )  # fmt: skip
        return tuple(place for place in known if place[1])


@dataclass(eq=False)
class SafeMemory:
    """DMA-safe memory: an allocation of the arena, and the aligned part that is in use."""

    allocation: int
    address: int
    bus_address: int
    size: int
    alignment: int
    site: int
    owner: Owner | None
    mapped: int = 0
    coherent: bool = False


@dataclass(frozen=True)
class Wish:
    """What a driver wants loaded, and for bus addresses from ``lowest`` to ``highest``."""

    lwp: Lwp
    pieces: Ranges
    lowest: int
    highest: int
    flags: int
    site: int

    @property
    def size(self) -> int:
        return sum(length for _, length in self.pieces)


class Reach(Protocol):
    """A way to make memory reachable for a device."""

    def load(self, dmamap: DmaMap, wish: Wish) -> Ranges | None:
        """Set ``dmamap.load`` and return bus addresses, or None: there is no memory for it."""

    def undo(self, dmamap: DmaMap) -> None:
        """Take a load back that no driver has seen."""

    def unload(self, lwp: Lwp | None, dmamap: DmaMap, site: int) -> None:
        """The driver unloads a map, or (no lwp) is gone."""

    def sync(
        self, lwp: Lwp, dmamap: DmaMap, offset: int, length: int, operations: int, site: int
    ) -> None:
        """Synchronise what is loaded."""

    def device_side(self, load: Load, offset: int, length: int) -> Ranges:
        """Return where in the process the device's side of a part is."""
