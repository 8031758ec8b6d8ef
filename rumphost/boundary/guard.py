"""The memory guard's books (``hypercalls/host/guard.c``), and memory that asks it first.

Made by ``Boundary``. ``kernel/guard.py`` puts into words what is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from rumphost.errors import MemoryViolation

from .library import Library
from .memory import ProcessMemory

BOUNDS = 1  # RUMPHOST_GUARD_*
TWICE = 2
WRITTEN = 3
_PAGE = 4096
"""What is in reach is so by pages."""


@dataclass(frozen=True)
class Guarded:
    """An allocation, in use or ``released``, and code addresses, innermost first, of both.

    ``what`` is wrong with the byte at ``where``: BOUNDS, TWICE, WRITTEN, or nothing (0).
    """

    address: int
    size: int
    owner: int
    released: bool
    what: int
    where: int
    allocated_at: tuple[int, ...]
    released_at: tuple[int, ...]


class MemoryGuard:
    """What the guard knows. With the guard off it knows of what is in use where that came from."""

    def __init__(self, library: Library) -> None:
        self._lib = library.lib
        self._ffi = library.ffi
        self._found = library.ffi.new("struct rumphost_guarded *")

    def find(self, address: int) -> Guarded | None:
        """Return the allocation that an address belongs to, or did last."""
        if self._lib.rumphost_guard_find(address, self._found):
            return guarded(self._found)
        if self._lib.rumphost_shadow_find(address, 0, self._found):
            return guarded(self._found)
        return self._plain(address)

    def reported(self) -> Guarded | None:
        """Return what the guard has found since it was asked last."""
        return guarded(self._found) if self._lib.rumphost_guard_reported(self._found) else None

    def sweep(self, owner: int) -> list[Guarded]:
        """Look at all that is or was an owner's; each fault is found once."""
        found = []
        while self._lib.rumphost_guard_sweep(owner, self._found):
            found.append(guarded(self._found))
        return found

    def _plain(self, address: int) -> Guarded | None:
        everybody = 0xFFFF_FFFF
        count = self._lib.rumphost_arena_list(everybody, self._ffi.NULL, 0)
        all_of_it = self._ffi.new("struct rumphost_allocation[]", max(count, 1))
        self._lib.rumphost_arena_list(everybody, all_of_it, count)
        for n in range(count):
            one = all_of_it[n]
            if one.address <= address < one.address + one.size:
                sites = (one.site,) if one.site else ()
                return Guarded(one.address, one.size, one.owner, False, 0, address, sites, ())
        return None


def guarded(one: Any) -> Guarded:
    """Return what C has filled in."""
    return Guarded(
        one.address, one.size, one.owner, bool(one.released), one.what, one.where,
        _places(one.allocated_at), _places(one.released_at),
    )  # fmt: skip


def _places(words: Any) -> tuple[int, ...]:
    places = list(words)
    return tuple(places[: places.index(0)] if 0 in places else places)


class GuardedMemory(ProcessMemory):
    """Memory in which the kernel itself touches nothing that a driver could not.

    ``refuse`` makes the error for an address, and whether it was to be written to.
    """

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self._reachable = library.lib.rumphost_guard_reachable
        self.refuse: Callable[[int, bool], MemoryViolation] = lambda address, _write: (
            MemoryViolation(f"address {address:#x} is no memory in use")
        )

    def read(self, address: int, size: int) -> bytes:
        self._check(address, size, write=False)
        return super().read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self._check(address, len(data), write=True)
        super().write(address, data)

    def read_uint(self, address: int, width: int) -> int:
        self._check(address, width, write=False)
        return super().read_uint(address, width)

    def write_uint(self, address: int, width: int, value: int) -> None:
        self._check(address, width, write=True)
        super().write_uint(address, width, value)

    def c_string(self, address: int) -> str:
        start, end = address, address
        while end == start or b"\0" not in super().read(start, end - start):
            start, end = end, (end // _PAGE + 1) * _PAGE
            self._check(start, 1, write=False)
        return super().c_string(address)

    def _check(self, address: int, size: int, *, write: bool) -> None:
        if not self._reachable(address, size):
            self._refuse(address, size, write)

    def _refuse(self, address: int, size: int, write: bool) -> NoReturn:
        beyond = next(n for n in range(address, address + size) if not self._reachable(n, 1))
        raise self.refuse(beyond, write)
