"""bus_dma(9), strict: the device sees memory only between the right syncs, and so does the driver.

Used by ``bus_dma.py`` with ``Checks.dma``. A load gets pages of its own for the device's side
(``bus_dma_windows.py``), and sync copies: ``PREWRITE`` what the device shall read, ``POSTREAD``
what it has written. From a PRE operation until the POST operation of the same direction the bytes
are the device's. What breaks that is reported with the place of the load and the place where it
showed.

What is seen depends on the machine. On ``sim:`` every access of the device is looked at as it is
made (``bus_dma_gate.py``). On others both sides are compared at syncs and at unloading: what a
device wrote where it may not shows then, what it read does not.

DMA-safe memory (bus_dmamem_alloc) is there to be shared: of a ring, each side writes its own bytes
at any time. The syncs are asked for as of any other memory, but there it is no fault to give bytes
anew (``PREWRITE``) that were given already, nor one of the device to come between a POST and the
PRE that gives the bytes back. What is wrong with it is reported, and then passed on to the other
side as on most machines, so that the driver goes on. ``BUS_DMA_COHERENT`` is a hint (bus_dma(9)),
no promise, and saves no sync; with it a driver may also write to bytes that the device may write
to, if it gives them anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from .bus_dma_bytes import (
    AWAITED,
    EARLY_READ,
    EARLY_WRITE,
    FILLED,
    LACKS,
    ON_WRITE,
    READABLE,
    TAKEN,
    TAKEN_UNSEEN,
    WHERE,
    WRITABLE,
    WRITTEN,
    Sides,
    and_,
    change,
    differing,
    first_with,
    first_without,
    mixed,
    or_,
    xor,
)
from .bus_dma_gate import Gate
from .bus_dma_map import (
    COHERENT,
    POSTREAD,
    POSTWRITE,
    PREREAD,
    PREWRITE,
    READ,
    WRITE,
    DmaMap,
    Load,
    Ranges,
    SafeMemory,
    Wish,
    describe_operations,
    parts_of,
)
from .bus_dma_reach import chunk_of
from .bus_dma_report import FLAGS, SHOWN, DmaReport, kind_of, sites_of, where_in
from .bus_dma_windows import PAGE, ArenaPages, StrictLoad, Windows
from .lwp import Lwp, Owner

if TYPE_CHECKING:
    from .kernel import Kernel

_UNFETCHED = 64
"""How many loads are remembered whose contents the driver never fetched."""


class StrictDma:
    """A ``Reach`` that checks; it takes the device's accesses over where the machine lets it.

    ``safe_of`` returns the DMA-safe memory that an address lies in.
    """

    def __init__(
        self, kernel: Kernel, report: DmaReport, safe_of: Callable[[int], SafeMemory | None]
    ) -> None:
        self._memory = kernel.memory
        self._dma = kernel.machine.dma
        self._report = report
        self._safe_of = safe_of
        self._unfetched: deque[StrictLoad] = deque()
        self._bytes = Sides(kernel.memory)
        # A recording knows addresses in registers by their value, and registers have 32 bits.
        self._windows = Windows(kernel.memory, wide=kernel.machine.dma_watcher is None)
        gate = Gate(kernel, report, self._windows, self._bytes)
        if self._dma.intercept(gate):
            kernel.machine.on_dma_fault = gate.faulted
        else:
            self._windows = ArenaPages(kernel.memory, self._dma)
            self._windows.on_reuse = self._look_back

    # -- Reach

    def load(self, dmamap: DmaMap, wish: Wish) -> Ranges | None:
        like: Ranges = []
        coherent = bool(wish.flags & COHERENT)
        safe = None
        for address, length in wish.pieces:
            chunk = chunk_of(self._dma, address, length)
            safe = self._safe_of(address)
            coherent |= safe is not None and safe.coherent
            on_bus = address - chunk.address + chunk.bus_address if chunk is not None else address
            like.append((on_bus, safe.alignment if safe is not None else PAGE))
        load = StrictLoad(
            wish.pieces,
            wish.size,
            dmamap=dmamap,
            image=wish.lwp.image,
            owner=wish.lwp.owner,
            flags=wish.flags,
            site=wish.site,
            path=_path(wish),
            coherent=coherent,
            safe=safe is not None,
        )
        ranges = self._windows.open(load, wish, like)
        if ranges is None:
            return None
        load.state = bytearray(load.size)
        load.given = bytearray(self._bytes.driver(load, 0, load.size))
        load.seen = bytearray(self._bytes.device(load, 0, load.size))
        dmamap.load = load
        return ranges

    def undo(self, dmamap: DmaMap) -> None:
        if isinstance(dmamap.load, StrictLoad):
            self._close(dmamap.load)
            dmamap.load = None

    def unload(self, lwp: Lwp | None, dmamap: DmaMap, site: int) -> None:
        load = dmamap.load
        if not isinstance(load, StrictLoad):
            return
        load.unloaded_at = site
        try:
            if lwp is not None:
                self._last_look(load, site)
        finally:
            self.undo(dmamap)

    def sync(
        self, lwp: Lwp, dmamap: DmaMap, offset: int, length: int, operations: int, site: int
    ) -> None:
        load = dmamap.load
        if not isinstance(load, StrictLoad) or length == 0:
            return
        end = offset + length
        driver = self._bytes.driver(load, offset, length)
        device = self._bytes.device(load, offset, length)
        self._check_direction(load, offset, end, operations, site)
        self._check_driver(load, offset, driver, operations, site)
        self._check_device(load, offset, device, operations, site)
        if operations & (PREREAD | PREWRITE):
            self._give(load, offset, driver, device, operations)
        else:
            self._check_surroundings(load, site)
            self._take(load, offset, driver, device, operations)
        load.synced[operations] = site

    def device_side(self, load: Load, offset: int, length: int) -> Ranges:
        assert isinstance(load, StrictLoad)
        return [(address, size) for address, _, size in parts_of(load.sides, offset, length)]

    # -- what else the drivers' kernel knows

    def used(self, lwp: Lwp, address: int, length: int) -> None:
        """A driver hands memory on: it must not be what a device's writes never got to."""
        for load in list(self._unfetched):
            at = 0
            for piece, size in load.pieces:
                first, end = max(piece, address), min(piece + size, address + length)
                stale = load.given[at + first - piece : at + end - piece] if first < end else b""
                written = load.state[at + first - piece : at + end - piece] if first < end else b""
                at += size
                missed = first_with(bytes(written), WRITTEN)
                if missed < 0 or self._memory.read(first, end - first) != stale:
                    continue
                self._unfetched.remove(load)
                self._report.finding(
                    load.owner,
                    "used",
                    "memory is used that was unloaded without POSTREAD after the device had"
                    f" written to it, first at offset {at - size + first - piece + missed:#x}",
                    self._report.doing(lwp.owner),
                    [("loaded", load.path), ("unloaded", load.unloaded_at)],
                )
                return

    def settle(self, owner: Owner) -> None:
        """A device goes: look for the last time at what was loaded for it."""
        for load in self._windows.settle(owner):
            what = self._late_write(load)
            if what:
                self._report.finding(owner, "late", what, load.site, sites_of(load))
        self._unfetched = deque(load for load in self._unfetched if load.owner is not owner)

    # -- what syncs and unloading look at

    def _check_direction(
        self, load: StrictLoad, offset: int, end: int, operations: int, site: int
    ) -> None:
        """The operations have to be those that the load was for, and a POST of what a PRE gave."""
        said = describe_operations(operations)
        for flag, other, wrong, way in (
            (READ, WRITE, PREWRITE | POSTWRITE, "BUS_DMA_READ"),
            (WRITE, READ, PREREAD | POSTREAD, "BUS_DMA_WRITE"),
        ):
            if load.flags & flag and not load.flags & other and operations & wrong:
                what = f"{said} of a map that is loaded with {way}: the wrong direction"
                self._report.tell(load, FLAGS, what, site)
        state = bytes(load.state[offset:end])
        for operation, flag, before in (
            (POSTREAD, AWAITED, "PREREAD"), (POSTWRITE, FILLED, "PREWRITE"),
        ):  # fmt: skip
            if operations & operation and first_with(state, flag) < 0:
                what = (
                    f"{describe_operations(operation)} of {end - offset} bytes at offset"
                    f" {offset:#x} of {load.size}, of which no {before} ever gave the device any"
                )
                self._report.tell(load, "post", what, site)

    def _check_driver(
        self, load: StrictLoad, offset: int, driver: bytes, operations: int, site: int
    ) -> None:
        """The driver may not have written to what is the device's."""
        if load.coherent and operations & PREWRITE:
            return
        owned = WRITABLE if load.shared and operations & PREWRITE else READABLE | WRITABLE
        given = bytes(load.given[offset : offset + len(driver)])
        if driver == given:
            return
        state = load.state
        changed = [at for at in differing(driver, given) if state[offset + at] & owned]
        if not changed:
            return
        first = changed[0]
        held = state[offset + first]
        how = [
            name for flag, name in ((WRITABLE, "PREREAD"), (READABLE, "PREWRITE")) if held & flag
        ]
        was, now = given[first : first + SHOWN].hex(), driver[first : first + SHOWN].hex()
        what = (
            f"the driver has written to bytes that the device owned ({'|'.join(how)}):"
            f" {len(changed)} from offset {offset + first:#x} of {load.size} on, {was} is now {now}"
        )
        self._report.tell(load, "owned", what, site)

    def _check_device(
        self, load: StrictLoad, offset: int, device: bytes, operations: int, site: int
    ) -> None:
        """The device may have written only where it may; on machines that do not ask before."""
        end = offset + len(device)
        state = bytes(load.state[offset:end])
        if not self._windows.exact and device != load.seen[offset:end]:
            changed = xor(device, load.seen[offset:end]).translate(WHERE)
            state = or_(state, and_(changed, state.translate(ON_WRITE)))
            load.state[offset:end] = state
            load.seen[offset:end] = device
        # An access between a POST and the next PRE is an early one, if that PRE comes.
        if operations & PREREAD and load.shared and first_without(state, AWAITED) < 0:
            change(load.state, offset, end, drop=EARLY_WRITE)
        if operations & PREWRITE and load.shared:
            change(load.state, offset, end, drop=EARLY_READ)
        state = bytes(load.state[offset:end])
        told = load.told if not operations else ()
        if not load.shared or operations & (PREREAD | POSTREAD) or not operations:
            at = first_with(state, EARLY_WRITE) if kind_of("write", load) not in told else -1
            if at >= 0:
                how = "a POSTREAD has taken back" if state[at] & AWAITED else "no PREREAD gives it"
                what = f"the device has written at offset {offset + at:#x} of {load.size}, which"
                self._report.tell(load, "write", f"{what} {how}", site)
                change(load.state, offset, end, drop=EARLY_WRITE)
        if operations & POSTWRITE or not operations:
            at = first_with(state, EARLY_READ) if kind_of("read", load) not in told else -1
            if at >= 0:
                what = (
                    f"the device has read at offset {offset + at:#x} of {load.size}, which a"
                    " POSTWRITE has taken back and no PREWRITE has given again"
                )
                self._report.tell(load, "read", what, site)
                change(load.state, offset, end, drop=EARLY_READ)

    def _check_surroundings(self, load: StrictLoad, site: int) -> None:
        """Nobody may have written around the device's side."""
        if not isinstance(self._windows, ArenaPages):
            return
        stray = self._windows.stray(load)
        if stray is not None:
            offset, window = stray
            text = f"the device has written {where_in(offset, window.size)} loaded bytes"
            raise self._report.violation(text, [*sites_of(load), ("found", site)])

    def _last_look(self, load: StrictLoad, site: int) -> None:
        """Check a load that the driver gives up."""
        driver = self._bytes.driver(load, 0, load.size)
        self._check_device(load, 0, self._bytes.device(load, 0, load.size), 0, site)
        if not load.shared:
            self._check_driver(load, 0, driver, 0, site)
        self._check_surroundings(load, site)
        at = first_with(bytes(load.state), WRITTEN)
        if at < 0 or load.fetched:
            return
        if load.safe:
            what = (
                f"unloaded without any POSTREAD, though the device has written at offset {at:#x}"
                f" of {load.size}"
            )
            self._report.tell(load, "unfetched", what, site)
        else:
            load.given[:] = driver
            if len(self._unfetched) == _UNFETCHED:
                oldest = self._unfetched.popleft()
                oldest.state, oldest.given = bytearray(), bytearray()
            self._unfetched.append(load)

    def _look_back(self, load: StrictLoad) -> None:
        """Nobody may have written where something was loaded, whose addresses are used again."""
        what = self._late_write(load)
        if what and load.owner is not None:
            self._report.accuse(load.owner, load.image, what, sites_of(load))

    def _late_write(self, load: StrictLoad) -> str:
        """Say what was written where something was loaded, if that shows only afterwards."""
        stray = self._windows.stray(load) if isinstance(self._windows, ArenaPages) else None
        if stray is None:
            return ""
        offset, window = stray
        return (
            f"the device has written {where_in(offset, window.size)} bytes that were loaded, after"
            " they were unloaded"
        )

    # -- moving bytes

    def _give(
        self, load: StrictLoad, offset: int, driver: bytes, device: bytes, operations: int
    ) -> None:
        end = offset + len(driver)
        if operations & PREWRITE:
            given, state = load.given[offset:end], bytes(load.state[offset:end])
            data = bytearray(driver)
            # What the device wrote since the driver looked, and the driver did not change, stays.
            kept = [
                at
                for at, flags in enumerate(state)
                if flags & WRITTEN and not flags & WRITABLE and driver[at] == given[at]
            ] if load.shared and first_with(state, WRITTEN) >= 0 else []  # fmt: skip
            change(load.state, offset, end, put=READABLE | FILLED, drop=WRITTEN)
            for at in kept:
                data[at] = device[at]
                load.state[offset + at] |= WRITTEN
            self._bytes.to_device(load, offset, bytes(data))
            load.seen[offset:end] = data
        elif load.safe and not self._windows.exact:
            self._fill_unseen(load, offset, driver, device)
        if operations & PREREAD:
            change(load.state, offset, end, put=WRITABLE | AWAITED)
        load.given[offset:end] = driver

    def _fill_unseen(self, load: StrictLoad, offset: int, driver: bytes, device: bytes) -> None:
        """Where it will not be known what the device wrote, its other bytes must be the driver's.

        So it is on most machines. Where memory bounces they would be lost, and are in buffers.
        """
        end = offset + len(driver)
        changed = xor(driver, load.given[offset:end]).translate(WHERE)
        fresh = bytes(load.state[offset:end]).translate(LACKS[FILLED | AWAITED])
        data = mixed(device, driver, or_(changed, fresh))
        self._bytes.to_device(load, offset, data)
        load.seen[offset:end] = data

    def _take(
        self, load: StrictLoad, offset: int, driver: bytes, device: bytes, operations: int
    ) -> None:
        end = offset + len(driver)
        if operations & POSTREAD:
            load.fetched = True
            state = bytes(load.state[offset:end])
            data = self._merge(load, driver, device, state)
            if data != driver:
                self._bytes.to_driver(load, offset, data)
            load.given[offset:end] = data
            change(load.state, offset, end, drop=WRITABLE | WRITTEN)
        else:
            load.given[offset:end] = driver
        if operations & POSTWRITE:
            change(load.state, offset, end, drop=READABLE)

    def _merge(self, load: StrictLoad, driver: bytes, device: bytes, state: bytes) -> bytes:
        """Return what the driver gets: what the device wrote, and its own bytes elsewhere.

        Where it cannot be known what was written, bytes of a buffer that no PREWRITE ever filled
        count as such.
        """
        known = self._windows.exact or load.safe
        taken = state.translate(TAKEN if known else TAKEN_UNSEEN)
        return mixed(driver, device, taken)

    def _close(self, load: StrictLoad) -> None:
        load.live = False
        load.seen = bytearray()
        if not any(load is other for other in self._unfetched):
            load.state, load.given = bytearray(), bytearray()
        self._windows.close(load)


def _path(wish: Wish) -> tuple[int, ...]:
    """Return the place of a load, and what called it."""
    places = wish.lwp.fiber.places()
    return tuple(places[places.index(wish.site) :]) if wish.site in places else (wish.site,)
