"""The address sanitizer's shadow (``hypercalls/host/shadow.c``): what an address is, or was.

Made by ``Boundary``; the kernel's half, which puts it into words, is ``kernel/sanitizers.py``.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rumphost.errors import HostLacks

from .guard import Guarded, guarded
from .library import Library
from .memory import ProcessMemory

_GRANULE = 8
_FRAME_MAGIC = 0x41B58AB3  # the compiler's, in the lowest word of a frame with bounds
_FRAME_SEARCH = 64 * 1024
_NEAR = 256
_GLOBAL_WORDS = 8
# Why memory is out of bounds, as the shadow says; further ones are in host.h.
_GLOBAL, _SCOPE, _ALLOCA = 0xF9, 0xF8, (0xCA, 0xCB)  # hypercalls/instrument/asan.c
_FRAME_START = 0xF1  # the compiler's


@dataclass(frozen=True)
class Variable:
    """A variable: ``function`` is the name or code address of a local's, ``source`` a global's."""

    name: str
    address: int
    size: int
    function: int = 0
    source: str = ""


@dataclass(frozen=True)
class Forbidden:
    """Why the byte at ``where`` may not be touched.

    ``kind``: memory, stack, scope, alloca, gone, global or unknown.
    """

    kind: str
    where: int
    memory: Guarded | None = None
    variable: Variable | None = None


class Shadow:
    """The shadow, from the first image on that has the address sanitizer."""

    def __init__(self, library: Library) -> None:
        self._lib, self._ffi = library.lib, library.ffi
        self._memory = ProcessMemory(library)
        self._found = library.ffi.new("struct rumphost_guarded *")
        self._offset = 0
        self._tables: dict[int, int] = {}  # of globals: where each is, and where its length is

    def start(self, symbol: Callable[[str], int]) -> None:
        """Keep the shadow for an image that has just been loaded; nothing if it needs none.

        Raises ``HostLacks`` where there is no room for it.
        """
        try:
            offset = self._memory.read_uint(symbol("rumphost_shadow_offset"), 8)
        except KeyError:
            return
        error = self._lib.rumphost_shadow_start(offset)
        if error:
            limits = " (is there a limit: ulimit -v, vm.overcommit_memory?)"
            raise HostLacks(
                "the address sanitizer has no room for its shadow, 16 TiB of addresses: "
                f"{os.strerror(error)}{limits if error == errno.ENOMEM else ''}"
            )
        self._offset = offset
        self._tables[symbol("rumphost_asan_modules")] = symbol("rumphost_asan_count")
        self._ffi.cast("void (*)(void)", symbol("rumphost_asan_start"))()

    def forget(self, symbol: Callable[[str], int]) -> None:
        """An image is about to be unloaded."""
        with suppress(KeyError):
            del self._tables[symbol("rumphost_asan_modules")]

    def stop(self) -> None:
        """Unmap it; no image that needs it may be loaded any more."""
        self._lib.rumphost_shadow_stop()
        self._tables.clear()

    def explain(self, address: int, size: int) -> Forbidden:
        """Return why an access was refused."""
        where = next((at for at in range(address, address + size) if self._is_bad(at)), address)
        code = self._code(where)
        if code in (self._lib.RUMPHOST_SHADOW_FREE, self._lib.RUMPHOST_SHADOW_RELEASED):
            found = self._lib.rumphost_shadow_find(where, _NEAR, self._found)
            return Forbidden("memory", where, guarded(self._found) if found else None)
        if code == _GLOBAL:
            return Forbidden("global", where, variable=self._global(where))
        if code == self._lib.RUMPHOST_SHADOW_GONE:
            return Forbidden("gone", where)
        if code in _ALLOCA:
            return Forbidden("alloca", where)
        if code & 0xF0 == 0xF0:
            kind = "scope" if code == _SCOPE else "stack"
            return Forbidden(kind, where, variable=self._local(where))
        return Forbidden("unknown", where)

    def _byte(self, address: int) -> int:
        return self._memory.read_uint(self._offset + address // _GRANULE, 1)

    def _is_bad(self, address: int) -> bool:
        byte = self._byte(address)
        return byte != 0 and (byte >= 0x80 or address % _GRANULE >= byte)

    def _code(self, address: int) -> int:
        """Return why a byte is out of bounds; in a granule allowed in part, the next one says."""
        byte = self._byte(address)
        return byte if byte >= 0x80 else self._byte(address + _GRANULE)

    def _global(self, address: int) -> Variable | None:
        near = (
            one
            for one in self._globals()
            if one.address - _NEAR < address < one.address + one.size + _NEAR
        )
        return min(near, key=lambda one: _distance(one, address), default=None)

    def _globals(self) -> Iterator[Variable]:
        for table, length in self._tables.items():
            for n in range(self._memory.read_uint(length, 8)):
                first = self._memory.read_uint(table + 16 * n, 8)
                for k in range(self._memory.read_uint(table + 16 * n + 8, 8)):
                    raw = self._memory.read(first + 8 * _GLOBAL_WORDS * k, 8 * _GLOBAL_WORDS)
                    address, size, _, name, source, *_ = struct.unpack(f"{_GLOBAL_WORDS}Q", raw)
                    yield Variable(
                        self._memory.c_string(name), address, size,
                        source=self._memory.c_string(source),
                    )  # fmt: skip

    def _local(self, address: int) -> Variable | None:
        """Find the frame of the compiler's below an address, and the nearest variable in it."""
        base = address & -_GRANULE
        for at in range(base, base - _FRAME_SEARCH, -_GRANULE):
            if self._byte(at) != _FRAME_START:
                continue
            if self._memory.read_uint(at, 8) == _FRAME_MAGIC:
                text = self._memory.c_string(self._memory.read_uint(at + 8, 8))
                function = self._memory.read_uint(at + 16, 8)
                variables = list(_variables(text, at, function))
                return min(variables, key=lambda one: _distance(one, address), default=None)
        return None


def _variables(text: str, base: int, function: int) -> Iterator[Variable]:
    """Read the compiler's list: how many, then offset, size, length of the name, name[:line]."""
    count, _, rest = text.partition(" ")
    for _ in range(int(count)):
        offset, size, length, rest = rest.split(" ", 3)
        name, rest = rest[: int(length)], rest[int(length) + 1 :]
        yield Variable(name.partition(":")[0], base + int(offset), int(size), function)


def _distance(one: Any, address: int) -> int:
    """Return how far an address is outside of a variable."""
    past = int(address) - int(one.address + one.size) + 1
    return max(int(one.address) - address, past, 0)
