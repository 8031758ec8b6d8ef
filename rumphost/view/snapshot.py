"""Memory as it was: for a look at a driver that has crashed, when the host has taken all away."""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from rumphost.errors import UsageError

from .memory import SafeMemory, Unreadable
from .values import View, load


class Snapshot(SafeMemory):
    """Copies of some ranges (address, size), made now; all else is read as it is then."""

    def __init__(self, memory: SafeMemory, ranges: Iterable[tuple[int, int]]) -> None:
        self._memory = memory
        self._copies = []
        for start, size in sorted(ranges):
            with suppress(Unreadable):
                self._copies.append((start, memory.read(start, size)))
        self._starts = [start for start, _ in self._copies]

    def read(self, address: int, size: int) -> bytes:
        number = bisect_right(self._starts, address) - 1
        if number >= 0:
            start, data = self._copies[number]
            inside = address - start
            if inside + size <= len(data):
                return data[inside : inside + size]
        return self._memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        raise UsageError("this is how it was: it cannot be written to any more")

    def close(self) -> None:
        """Nothing to give back: the memory that it looks through belongs to the host."""


def frozen(view: Any, ranges: Iterable[tuple[int, int]]) -> Any:
    """Return a view like ``view`` over copies of these ranges of memory, made now."""
    assert isinstance(view, View)
    source = copy.copy(view._source)
    source.memory = Snapshot(source.memory, ranges)
    return load(source, view._type, view._address)
