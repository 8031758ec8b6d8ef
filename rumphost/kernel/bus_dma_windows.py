"""bus_dma(9), strict: where on the bus loaded memory is, and what lies around and behind it.

Used by ``bus_dma_strict.py``. Every load gets pages of its own for the device's side, at bus
addresses of its own, between pages that belong to nobody. There are two kinds:

- ``Windows``, where the device's accesses come through here (``sim:``): any bus addresses; every
  access is looked up.
- ``ArenaPages``, where they do not: a part of the arena, whose bus addresses are what they are.
  What lies around a buffer, and what is unloaded, holds a pattern that is compared later.

Either way addresses are given out in turn, so that what was unloaded stays unused, and is
remembered, until all others have been used.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rumphost.machine import DmaChunk, DmaMemory

from .bus_dma_map import DmaMap, Load, Ranges, Wish
from .bus_dma_reach import chunk_of
from .lwp import Owner
from .memory import Memory

PAGE = 4096
PATTERN = 0xDB
"""What memory of the device's holds that nobody has written."""
LOW_WINDOWS = 0x0010_0000
WINDOWS = 0x1000_0000
WINDOWS_END = 0xE000_0000
HIGH_WINDOWS = 1 << 32
REMEMBERED = 8192
"""How many unloaded maps a fault can name."""
SHARE = 2
"""One part in so many of the arena is set aside for ``ArenaPages``."""


@dataclass
class StrictLoad(Load):
    """A load with pages of its own; ``sides`` are those of each piece, in the process.

    ``path`` leads to ``site``, the place that loaded it, which comes first.
    ``state`` has flags for each byte (``bus_dma_strict.py``), ``given`` what the driver's memory
    held at the last sync, ``seen`` what the device's did.
    """

    dmamap: DmaMap = field(kw_only=True)
    image: Any = field(kw_only=True)
    owner: Owner | None = field(kw_only=True)
    flags: int = field(kw_only=True)
    site: int = field(kw_only=True)
    path: tuple[int, ...] = field(kw_only=True)
    coherent: bool = field(kw_only=True)
    safe: bool = field(kw_only=True)
    sides: Ranges = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    state: bytearray = field(default_factory=bytearray)
    given: bytearray = field(default_factory=bytearray)
    seen: bytearray = field(default_factory=bytearray)
    synced: dict[int, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    unloaded_at: int = 0
    live: bool = True
    fetched: bool = False

    @property
    def shared(self) -> bool:
        """Both sides may be at it at any time."""
        return self.safe or self.coherent


@dataclass(eq=False)
class Window:
    """The bus addresses of one piece of a load, which begins ``at`` bytes into it."""

    bus_address: int
    size: int
    at: int
    load: StrictLoad

    @property
    def end(self) -> int:
        return self.bus_address + self.size

    @property
    def pages(self) -> range:
        return range(self.bus_address // PAGE, (self.end - 1) // PAGE + 1)

    @property
    def room(self) -> tuple[int, int]:
        """Where its pages begin and end, with those around it that are nobody's."""
        return (self.pages.start - 1) * PAGE, (self.pages.stop + 1) * PAGE


class Windows:
    """Bus addresses out of thin air, for machines that ask before a device's access.

    ``wide``: addresses may need more than 32 bits. ``on_reuse`` is told of an unloaded load when
    its addresses are forgotten.
    """

    exact = True

    def __init__(self, memory: Memory, *, wide: bool = True) -> None:
        self._memory = memory
        self._wide = wide
        self._pages: dict[int, Window] = {}
        self._next: dict[tuple[int, int], int] = {}
        self._unloaded: OrderedDict[int, StrictLoad] = OrderedDict()
        self.on_reuse: Callable[[StrictLoad], None] = lambda _load: None

    def open(self, load: StrictLoad, wish: Wish, like: Ranges) -> Ranges | None:
        """Give a load its addresses; None: there are none, or no memory.

        ``like``: an address and an alignment for each piece, whose address on the bus has to be
        aligned as that one is.
        """
        at = 0
        for (_, size), (address, alignment) in zip(load.pieces, like, strict=True):
            bus_address = self._take(address % alignment, size, alignment, self._range(wish))
            if bus_address is None:
                self._forget(load)
                return None
            window = Window(bus_address, size, at, load)
            load.windows.append(window)
            self._pages.update(dict.fromkeys(window.pages, window))
            at += size
        if not self._back(load):
            self._forget(load)
            return None
        return [(window.bus_address, window.size) for window in load.windows]

    def close(self, load: StrictLoad) -> None:
        """Take the memory behind the addresses away; they stay known."""
        self._unback(load)
        self._unloaded[id(load)] = load
        if len(self._unloaded) > REMEMBERED:
            self._reuse(next(iter(self._unloaded.values())))

    def find(self, bus_address: int) -> Window | None:
        """Return what is, or was last, loaded in the page of an address or in one next to it."""
        page = bus_address // PAGE
        return self._pages.get(page) or self._pages.get(page - 1) or self._pages.get(page + 1)

    def settle(self, owner: Owner) -> list[StrictLoad]:
        """Forget what a device had loaded, and return it."""
        loads = [one for one in self._unloaded.values() if one.owner is owner]
        for load in loads:
            del self._unloaded[id(load)]
            self._forget(load)
        return loads

    def _range(self, wish: Wish) -> tuple[int, int]:
        """Return where addresses for such a device begin and end.

        One that can, gets addresses that need 64 bits, so that a driver that cuts them is found.
        """
        highest = wish.highest + 1
        if self._wide and highest > 2 * HIGH_WINDOWS:
            first, end = HIGH_WINDOWS, min(highest, 1 << 40)
        elif highest >= WINDOWS_END:
            first, end = WINDOWS, WINDOWS_END
        else:
            first, end = LOW_WINDOWS, highest
        return max(first, wish.lowest), end

    def _back(self, load: StrictLoad) -> bool:
        """Give a load the memory behind its addresses."""
        try:
            load.bounce = self._memory.allocate(load.size)
        except MemoryError:
            return False
        self._memory.write(load.bounce, bytes([PATTERN]) * load.size)
        load.sides += [(load.bounce + window.at, window.size) for window in load.windows]
        return True

    def _unback(self, load: StrictLoad) -> None:
        self._memory.release(load.bounce)
        load.bounce = 0

    def _take(self, offset: int, size: int, alignment: int, bounds: tuple[int, int]) -> int | None:
        """Return an address congruent to ``offset``; used ones come again only after all others."""
        lowest, end = bounds
        start = max(self._next.get(bounds, lowest), lowest)
        for first in (start, lowest):
            address = first + (offset - first) % alignment
            while address + size <= end:
                blocked = self._blocked(address, size)
                if blocked is None:
                    self._next[bounds] = _beyond(address + size)
                    return address
                address = blocked + (offset - blocked) % alignment
        return None

    def _blocked(self, address: int, size: int) -> int | None:
        """Return where to go on if something loaded is in the way; what is unloaded gives way."""
        pages = range(address // PAGE - 1, (address + size - 1) // PAGE + 2)
        found = [self._pages[page] for page in pages if page in self._pages]
        for window in found:
            if window.load.live:
                return _beyond(window.end)
        for window in found:
            self._reuse(window.load)
        return None

    def _reuse(self, load: StrictLoad) -> None:
        if self._unloaded.pop(id(load), None) is not None:
            self._forget(load)
            self.on_reuse(load)

    def _forget(self, load: StrictLoad) -> None:
        for window in load.windows:
            for page in window.pages:
                if self._pages.get(page) is window:
                    del self._pages[page]


class ArenaPages(Windows):
    """Addresses of a part of the arena, for machines whose devices reach it by themselves.

    That part is taken when it is first needed and kept, so that what drivers have can be counted.
    """

    exact = False

    def __init__(self, memory: Memory, dma: DmaMemory) -> None:
        super().__init__(memory)
        self._dma = dma
        self._left = sum(chunk.size for chunk in dma.chunks) // SHARE
        self._regions: list[DmaChunk] = []

    def stray(self, load: StrictLoad) -> tuple[int, Window] | None:
        """Return where the pattern around a load, or in its place once unloaded, has changed.

        That is an offset into a window (negative: before it); the pattern is put back.
        """
        for window in load.windows:
            first, end = window.room
            held = self._memory.read(self._address(first), end - first)
            start, stop = window.bus_address - first, window.end - first
            around = [(0, start), (stop, end - first)] if load.live else [(0, end - first)]
            for part, upto in around:
                left = held[part:upto]
                if left != bytes([PATTERN]) * len(left):
                    left = left.lstrip(bytes([PATTERN]))
                    self._fill(first + part, upto - part)
                    return upto - len(left) - start, window
        return None

    def _range(self, wish: Wish) -> tuple[int, int]:
        return wish.lowest, wish.highest + 1

    def _take(self, offset: int, size: int, alignment: int, bounds: tuple[int, int]) -> int | None:
        for region in self._regions:
            within = (
                max(bounds[0], region.bus_address + PAGE),
                min(bounds[1], region.bus_address + region.size - PAGE),
            )
            address = super()._take(offset, size, alignment, within)
            if address is not None:
                return address
        if self._set_aside(size + alignment + 2 * PAGE):
            return self._take(offset, size, alignment, bounds)
        return None

    def _set_aside(self, least: int) -> bool:
        """Take as much of the arena as there is in one piece; False: too little."""
        size = self._left // PAGE * PAGE
        while size >= max(least, 4 * PAGE):
            try:
                address = self._memory.allocate(size + PAGE)
            except MemoryError:
                size = size // 2 // PAGE * PAGE
                continue
            chunk = chunk_of(self._dma, address, size + PAGE)
            if chunk is None:
                self._memory.release(address)
                return False
            first = (address - chunk.address + chunk.bus_address + PAGE - 1) // PAGE * PAGE
            self._regions.append(DmaChunk(first - chunk.bus_address + chunk.address, size, first))
            self._fill(first, size)
            self._left -= size
            return True
        return False

    def _back(self, load: StrictLoad) -> bool:
        for window in load.windows:
            first, end = window.room
            self._fill(first, end - first)
            load.sides.append((self._address(window.bus_address), window.size))
        load.bounce = load.sides[0][0] if load.sides else 0
        return True

    def _unback(self, load: StrictLoad) -> None:
        for window in load.windows:
            self._fill(window.bus_address, window.size)
        load.bounce = 0

    def _address(self, bus_address: int) -> int:
        """Return where in the process a bus address is."""
        for region in self._regions:
            if 0 <= bus_address - region.bus_address < region.size:
                return bus_address - region.bus_address + region.address
        raise AssertionError("no address that was given out")

    def _fill(self, bus_address: int, size: int) -> None:
        self._memory.write(self._address(bus_address), bytes([PATTERN]) * size)


def _beyond(end: int) -> int:
    """Return where the next window may begin: a page that is nobody's lies between."""
    return (end + PAGE - 1) // PAGE * PAGE + PAGE
