"""The counters of coverage in an image (``hypercalls/instrument/coverage.c``)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

_LENGTH = struct.Struct("<I")


def read_counters(ffi: Any, symbol: Callable[[str], int]) -> dict[str, bytes]:
    """Return gcov's data of each object, by the stem of the name that the compiler gave it.

    Nothing of an image without counters. No lwp may run meanwhile; it may have crashed.
    """
    try:
        read = ffi.cast("uint64_t (*)(char *, uint64_t)", symbol("rumphost_coverage_read"))
    except KeyError:
        return {}
    size = read(ffi.NULL, 0)
    buffer = ffi.new("char[]", size)
    read(buffer, size)
    data = bytes(ffi.buffer(buffer, size))
    found = {}
    at = 0
    while at < len(data):
        name, at = _chunk(data, at)
        content, at = _chunk(data, at)
        found[PurePath(name.decode()).stem] = content
    return found


def _chunk(data: bytes, at: int) -> tuple[bytes, int]:
    start = at + _LENGTH.size
    end = start + int(_LENGTH.unpack_from(data, at)[0])
    return data[start:end], end
