"""Reads and writes this process's memory without ever crashing it."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum

from rumphost.errors import HostLacks, RumphostError

NULL_PAGE = 4096
_FILE = "/proc/self/mem"
_LIMIT = 1 << 63


class Unreadable(RumphostError):
    """There is nothing at an address, or nothing any more; the message says which."""


class Place(Enum):
    """What the host knows of an address."""

    ELSEWHERE = "elsewhere"
    FREE = "free"
    ALLOCATED = "allocated"


class SafeMemory:
    """The process's memory through /proc/self/mem: a bad address is an ``Unreadable``.

    ``place_of`` says what an address is to the allocator: memory that a driver has freed is
    mapped as before, yet nobody should take it for what it was.
    """

    def __init__(self, place_of: Callable[[int], Place] = lambda _address: Place.ELSEWHERE) -> None:
        self._file = -1
        self._place_of = place_of

    def read(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes."""
        self._check(address)
        try:
            data = os.pread(self._open(), size, address)
        except OSError:
            data = b""
        if len(data) < size:
            raise Unreadable(f"{address + len(data):#x} is not mapped")
        return data

    def write(self, address: int, data: bytes) -> None:
        """Write, all or nothing as far as it is known before."""
        self.read(address, len(data))
        os.pwrite(self._open(), data, address)

    def string(self, address: int, most: int) -> bytes:
        """Return the bytes before the first NUL, or ``most`` of them."""
        found = b""
        while len(found) < most:
            start = address + len(found)
            piece = self.read(start, min(64 - start % 64, most - len(found)))
            text, end, _ = piece.partition(b"\0")
            found += text
            if end:
                break
        return found

    def close(self) -> None:
        """Give the file back; it is opened again for whoever reads on."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> int:
        if self._file < 0:
            try:
                self._file = os.open(_FILE, os.O_RDWR | os.O_CLOEXEC)
            except OSError as error:
                raise HostLacks(f"cannot read memory: {_FILE}: {error.strerror}") from error
        return self._file

    def _check(self, address: int) -> None:
        if 0 <= address < NULL_PAGE:
            raise Unreadable("a NULL pointer" if address == 0 else f"{address:#x}: a NULL pointer")
        if not 0 < address < _LIMIT:
            raise Unreadable(f"{address & (1 << 64) - 1:#x} is no address")
        if self._place_of(address) is Place.FREE:
            raise Unreadable(f"{address:#x} is memory that was freed")
