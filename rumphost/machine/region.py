"""A range of device registers: one memory or I/O BAR of a function, or a part of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol


class Namer(Protocol):
    """Names registers, as ``Region.describe`` does."""

    def __call__(self, offset: int, value: int | None = None, /) -> str: ...


class Region(ABC):
    """Registers of ``size`` bytes; offsets are in bytes, widths 1, 2, 4 or 8 bytes.

    ``address`` is the address in this process where the registers are mapped for direct loads and
    stores, or None where every access goes through ``read`` and ``write``. Bounds and alignment
    are the caller's duty (``kernel/bus_space.py`` checks them and names the culprit).
    """

    name: str
    size: int
    is_io: bool = False
    prefetchable: bool = False
    address: int | None = None
    namer: Namer | None = None
    """Who knows the registers' names, on a machine that does not."""

    @abstractmethod
    def read(self, offset: int, width: int) -> int:
        """Return the register's value, unsigned."""

    @abstractmethod
    def write(self, offset: int, width: int, value: int) -> None:
        """Write ``value`` (unsigned, fits the width). May be posted: see ``Machine.flush``."""

    def describe(self, offset: int, value: int | None = None) -> str:
        """Name the register, with a value also its fields (``CTRL.RST|SLU``), or the offset."""
        return f"{offset:#x}" if self.namer is None else self.namer(offset, value)

    def read_multi(self, offset: int, width: int, count: int) -> list[int]:
        """Read one register ``count`` times, as a FIFO is read."""
        return [self.read(offset, width) for _ in range(count)]

    def write_multi(self, offset: int, width: int, values: list[int]) -> None:
        """Write all ``values`` to one register, in order."""
        for value in values:
            self.write(offset, width, value)
