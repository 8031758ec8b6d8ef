"""The memory guard: puts into words what happened to memory of kmem(9), malloc(9) and pool(9).

With ``Checks.guard`` the arena ends every allocation at a page that nobody may touch, keeps what
was released out of reach, and remembers who did either. A stray access then faults, and the
scheduler asks here what it was; bytes that no page can protect are looked at when memory is
released and when its device detaches. Without the guard a wrong release is still told, with less
to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from rumphost.errors import DriverPanic, Frame, MemoryViolation, Place
from rumphost.sources import hypercalls_dir

from .blame import blamed, from_call
from .callout import Callouts
from .console import Level
from .hypercall import hypercall
from .kmem import Kmem
from .lwp import Exit, Lwp, Owner
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

BOUNDS = 1  # RUMPHOST_GUARD_*
TWICE = 2
WRITTEN = 3
_PAGES = ("kmem", "malloc", "pool", "mbuf", "bus_dma")
_ACCESS = {1: "a store", 0: "a load"}


class Guarded(Protocol):
    """An allocation: see ``boundary/guard.py``."""

    @property
    def address(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def owner(self) -> int: ...
    @property
    def released(self) -> bool: ...
    @property
    def what(self) -> int: ...
    @property
    def where(self) -> int: ...
    @property
    def allocated_at(self) -> tuple[int, ...]: ...
    @property
    def released_at(self) -> tuple[int, ...]: ...


class Watch(Protocol):
    """The guard's books."""

    def find(self, address: int) -> Guarded | None:
        """Return the allocation that an address belongs to, or did last."""

    def reported(self) -> Guarded | None:
        """Return what was found since this was last called."""

    def sweep(self, owner: int) -> Sequence[Guarded]:
        """Look at all that is or was an owner's."""


class Guard(Service):
    """Explains what the guard of the arena has found.

    The host gives it ``watch``, ``frames``, and ``softc_of``, the name of the device whose softc is
    at an address.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.watch: Watch | None = None
        self.frames: Callable[[list[int]], list[Frame]] = lambda places: list(map(Frame, places))
        self.softc_of: Callable[[int], str] = lambda _address: ""
        kernel.scheduler.explain = self.explain
        if kernel.checks.guard:
            kernel.service(Kmem).on_seen.append(self.poll)
        if kernel.checks.guard or kernel.checks.locks:
            kernel.service(Kmem).on_release.append(kernel.service(Callouts).check_release)

    @hypercall
    def kmem_misuse(self, lwp: Lwp, page: str, message: str, address: int) -> None:
        found = self.watch.find(address) if self.watch is not None else None
        if found is None:
            raise MemoryViolation(f"{page}: {message}")
        if found.released and found.address == address:
            message = message.partition(",")[0] + ", which was released before"
        raise self._violation(f"{page}: {message}", found)

    def explain(self, lwp: Lwp, number: int) -> DriverPanic | None:
        """Say what an lwp did that ended by FAULT or GUARD (``Scheduler.explain``)."""
        if self.watch is None:
            return None
        if number == Exit.GUARD:
            found = self.watch.reported()
            return self.damage(found) if found is not None else None
        if number == Exit.FAULT and self._kernel.checks.guard:
            return self.stray(lwp.fiber.fault_address, lwp.fiber.fault_write)
        return None

    def stray(self, address: int, write: int) -> MemoryViolation | None:
        """Say what an access was to that could not be made; None: it is not the guard's doing."""
        found = self.watch.find(address) if self.watch is not None else None
        if found is None:
            return None
        access = _ACCESS.get(write, "an access")
        return self._violation(f"{self._page(found)}: {access} {where_in(found, address)}", found)

    def refuse(self, address: int, write: bool) -> MemoryViolation:
        """Say what the kernel itself does not access on a driver's behalf."""
        error = self.stray(address, int(write))
        return error or MemoryViolation(f"kmem(9): address {address:#x} is no memory in use")

    def damage(self, found: Guarded) -> MemoryViolation:
        """Say what was found out late: at a release, or by looking."""
        page = self._page(found)
        if found.what == TWICE:
            return self._violation(f"{page}: memory is released a second time", found)
        if found.what == WRITTEN:
            return self._violation(
                f"{page}: a device has written {where_in(found, found.where)}", found
            )
        where = where_in(found, found.where)
        return self._violation(f"{page}: somebody has written {where}", found)

    def poll(self, lwp: Lwp) -> None:
        """Raise what was found of the lwp's driver since; that of another one is a warning."""
        found = self.watch.reported() if self.watch is not None else None
        if found is None:
            return
        error = self.damage(found)
        if lwp.owner is not None and lwp.owner.number == found.owner:
            raise error
        self._kernel.console.write_line(str(error), Level.ERROR)

    def settle(self, owner: Owner) -> MemoryViolation | None:
        """Look at a device's memory once more, as it detaches; returns what is wrong."""
        if self.watch is None or not self._kernel.checks.guard:
            return None
        last = self.watch.reported()
        found = [one for one in (last, *self.watch.sweep(owner.number)) if one is not None]
        if not found:
            return None
        error = self.damage(found[0])
        error.driver = owner.xname
        return error

    def _violation(self, message: str, found: Guarded) -> MemoryViolation:
        words, places = history(found, self.frames)
        if softc := self.softc_of(found.address):
            words = f", the softc of {softc}"
        return MemoryViolation(message + words, places=places)

    def _page(self, found: Guarded) -> str:
        """Return the page of the function that the driver called for the memory."""
        shim = str(hypercalls_dir())
        name = "kmem"
        for frame in self.frames(list(found.allocated_at)):
            if not frame.file.startswith(shim):
                break
            stem = PurePath(frame.file).stem
            name = stem if stem in _PAGES else name
        return f"{name}(9)"


def history(
    found: Guarded, frames_of: Callable[[list[int]], list[Frame]]
) -> tuple[str, list[Place]]:
    """Return who allocated and released it: in words, and with all of their frames."""
    words = ""
    places = []
    for what, addresses in (
        ("allocated", found.allocated_at), ("released", found.released_at),
    ):  # fmt: skip
        frames = frames_of(list(addresses)) if addresses else []
        if frames:
            places.append(Place(what, tuple(from_call(frames))))
            words += f", {what} in {blamed(frames)}"
    return words, places


def where_in(found: Guarded, address: int) -> str:
    """Say where an address is in an allocation, or next to it."""
    end = found.address + found.size
    if address < found.address:
        return f"{in_bytes(found.address - address)} before the start of {in_bytes(found.size)}"
    if address >= end:
        past = f"{in_bytes(address - end)} past" if address > end else "just past"
        return f"{past} the end of {in_bytes(found.size)}"
    after = " after their release" if found.released else ""
    return f"at byte {address - found.address} of {in_bytes(found.size)}{after}"


def in_bytes(count: int) -> str:
    """Return a number of bytes in words."""
    return f"{count} byte" if count == 1 else f"{count} bytes"
