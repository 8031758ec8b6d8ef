"""bus_dma(9), strict: the state of each byte of a load, and the bytes of both its sides.

Used by ``bus_dma_strict.py`` and ``bus_dma_gate.py``. A state is a byte of flags; tables for
``bytes.translate`` change and test many of them at once, and make masks of them (0 or 255).
"""

from __future__ import annotations

from .bus_dma_map import Ranges, parts_of
from .bus_dma_windows import StrictLoad
from .memory import Memory

# Flags of a byte of a load.
READABLE = 1  # by the device: PREWRITE was, POSTWRITE was not yet
WRITABLE = 2  # by the device: PREREAD was, POSTREAD was not yet
FILLED = 4  # by a PREWRITE, sometime
AWAITED = 8  # by a PREREAD, sometime
WRITTEN = 16  # by the device, since the last POSTREAD
EARLY_READ = 32  # by the device, of shared memory that is the driver's at the moment
EARLY_WRITE = 64


_SET = [bytes(byte | flag for byte in range(256)) for flag in range(128)]
_CLEAR = [bytes(byte & ~flag for byte in range(256)) for flag in range(128)]
LACKS = [bytes(0 if byte & flag else 255 for byte in range(256)) for flag in range(128)]
WHERE = bytes([0]) + bytes([255]) * 255
ON_WRITE = bytes(WRITTEN | (0 if byte & WRITABLE else EARLY_WRITE) for byte in range(256))
TAKEN = bytes(255 if byte & WRITTEN else 0 for byte in range(256))
TAKEN_UNSEEN = bytes(
    255 if byte & WRITTEN or (byte & WRITABLE and not byte & FILLED) else 0 for byte in range(256)
)
_HAS = [bytes(int(byte & flag != 0) for byte in range(256)) for flag in range(128)]


def change(state: bytearray, start: int, end: int, *, put: int = 0, drop: int = 0) -> None:
    """Set and clear flags of bytes."""
    state[start:end] = state[start:end].translate(_CLEAR[drop]).translate(_SET[put])


def first_without(state: bytes, flag: int) -> int:
    """Return the first byte that has none of the flags, or -1."""
    return state.translate(_HAS[flag]).find(0)


def first_with(state: bytes, flag: int) -> int:
    """Return the first byte that has one of the flags, or -1."""
    return state.translate(_HAS[flag]).find(1)


def differing(one: bytes, other: bytes | bytearray) -> list[int]:
    """Return the offsets at which two equally long byte strings differ."""
    if one == other:
        return []
    return [at for at, byte in enumerate(xor(one, other)) if byte]


def xor(one: bytes, other: bytes | bytearray) -> bytes:
    number = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    return number.to_bytes(len(one), "little")


def and_(one: bytes, other: bytes) -> bytes:
    number = int.from_bytes(one, "little") & int.from_bytes(other, "little")
    return number.to_bytes(len(one), "little")


def or_(one: bytes, other: bytes) -> bytes:
    number = int.from_bytes(one, "little") | int.from_bytes(other, "little")
    return number.to_bytes(len(one), "little")


def mixed(one: bytes, other: bytes, mask: bytes) -> bytes:
    """Return ``one``, with bytes of ``other`` where the mask is 255."""
    return xor(one, and_(xor(one, other), mask))


class Sides:
    """Reads and writes what is loaded, as the driver has it and as the device has it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def driver(self, load: StrictLoad, offset: int, length: int) -> bytes:
        return self._get(load.pieces, offset, length)

    def device(self, load: StrictLoad, offset: int, length: int) -> bytes:
        return self._get(load.sides, offset, length)

    def to_driver(self, load: StrictLoad, offset: int, data: bytes) -> None:
        self._put(load.pieces, offset, data)

    def to_device(self, load: StrictLoad, offset: int, data: bytes) -> None:
        self._put(load.sides, offset, data)

    def _get(self, pieces: Ranges, offset: int, length: int) -> bytes:
        parts = [self._memory.read(at, size) for at, _, size in parts_of(pieces, offset, length)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _put(self, pieces: Ranges, offset: int, data: bytes) -> None:
        for address, at, size in parts_of(pieces, offset, len(data)):
            self._memory.write(address, data[at - offset : at - offset + size])
