"""bus_dma(9), strict: how a violation is told, with the places that had their part in it.

Used by ``bus_dma.py`` and ``bus_dma_strict.py``. What would damage a real machine's memory ends the
driver (``DmaViolation``); what is against the rules and did no harm this time is a finding, once
for each set of places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rumphost.errors import DmaViolation, Frame, Place
from rumphost.sources import hypercalls_dir

from .bus_dma_map import describe_operations
from .bus_dma_windows import StrictLoad
from .crash import accuse
from .lwp import Owner

if TYPE_CHECKING:
    from .kernel import Kernel

Site = int | tuple[int, ...]
"""A code address, or those of a whole backtrace, innermost first; 0 or none: nowhere."""
Sites = Sequence[tuple[str, Site]]
"""What happened, and where."""
PAGE = "bus_dma(9)"
FLAGS = "flags"
"""The kind of a fault that lies in the load, wherever it shows."""
SHOWN = 8
"""How many bytes a report shows."""


class DmaReport:
    """Tells of violations; ``frames`` puts code addresses into words and is the host's."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._told: set[tuple[object, ...]] = set()
        self.frames: Callable[[list[int]], list[Frame]] = lambda sites: list(map(Frame, sites))

    def finding(
        self, owner: Owner | None, kind: str, what: str, site: int, sites: Sites = ()
    ) -> None:
        """Report ``what``, unless this ``kind`` of a fault was reported with ``site`` and the first
        of ``sites`` before."""
        place = 0 if kind.startswith(FLAGS) else site
        key = (owner and owner.number, kind, place, *map(_innermost, sites[:1]))
        if key in self._told:
            return
        self._told.add(key)
        text, _ = self._in_words(what, sites)
        name = owner.xname if owner is not None else ""
        self._kernel.findings.tell(name, PAGE, text, site)

    def tell(self, load: StrictLoad, kind: str, what: str, site: int = 0) -> None:
        """Report what showed at ``site``, or else what the device did, once for each place that
        maps are loaded at: where the driver was then is the place where it showed."""
        kind = kind_of(kind, load)
        load.told.add(kind)
        if not site:
            key = (load.owner and load.owner.number, kind, load.site)
            if key in self._told:
                return
            self._told.add(key)
            site = self.doing(load.owner)
        self.finding(load.owner, kind, what, site, sites_of(load))

    def violation(self, what: str, sites: Sites = ()) -> DmaViolation:
        """Return the error to raise."""
        text, places = self._in_words(what, sites)
        return DmaViolation(f"{PAGE}: {text}", places=places)

    def accuse(self, owner: Owner, image: object, what: str, sites: Sites) -> None:
        """End a driver for what its device did: here, if it runs just now, or else soon.

        Raises ``DmaViolation`` if an lwp of the driver has led to this.
        """
        error = self.violation(what, sites)
        running = self._kernel.scheduler.current
        if running is not None and running.owner is owner:
            raise error
        self._kernel.scheduler.post(lambda: accuse(self._kernel, owner, image, error))

    def doing(self, owner: Owner | None) -> int:
        """Return where in its code a driver is that has made its device do something; 0: it did
        so by itself."""
        running = self._kernel.scheduler.current
        if running is None or owner is None or running.owner is not owner:
            return 0
        frames = self._frames(tuple(running.fiber.places()))
        return frames[0].address if frames else 0

    def _in_words(self, what: str, sites: Sites) -> tuple[str, list[Place]]:
        places = []
        for happened, site in sites:
            frames = self._frames(site)
            if frames:
                places.append(Place(happened, tuple(frames)))
                what += f", {happened} in {frames[0]}"
                if len(frames) > 1:
                    what += f" (from {frames[1].function}:{frames[1].line})"
        return what, places

    def _frames(self, site: Site) -> list[Frame]:
        """Return the driver's frames of a place, without the shim's."""
        addresses = list(site) if isinstance(site, tuple) else [site] if site else []
        shim = str(hypercalls_dir())
        frames = self.frames(addresses) if addresses else []
        return [frame for frame in frames if not frame.file.startswith(shim)]


def where_in(offset: int, size: int) -> str:
    """Return where an offset is with regard to ``size`` bytes."""
    if offset < 0:
        return f"{-offset} bytes before {size}"
    if offset >= size:
        return f"{offset - size} bytes beyond the end of {size}"
    return f"at offset {offset:#x} of {size}"


def kind_of(kind: str, load: StrictLoad) -> str:
    """Tell a fault from the same one of other maps that are loaded at the same place."""
    return f"{kind} {load.size}"


def _innermost(site: tuple[str, Site]) -> int:
    """Return one address for a place, however it was reached."""
    return site[1][0] if isinstance(site[1], tuple) else site[1]


def sites_of(load: StrictLoad) -> list[tuple[str, Site]]:
    """Return the places that a load has to do with."""
    synced: list[tuple[str, Site]] = [
        (f"last {describe_operations(operations)}", site)
        for operations, site in load.synced.items()
    ]
    return [("loaded", load.path), *synced, ("unloaded", load.unloaded_at)]
