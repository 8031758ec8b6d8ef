"""DMA memory: one chunk, at an address of its own on the bus."""

from __future__ import annotations

import ctypes

import pytest

from rumphost.machine.dma import DmaError, MappedMemory


def test_both_sides_see_the_same_bytes() -> None:
    memory = MappedMemory(8192, bus_address=0x10000)
    (chunk,) = memory.chunks
    memory.write(0x10010, b"device")
    assert ctypes.string_at(chunk.address + 0x10, 6) == b"device"
    ctypes.memmove(chunk.address, b"driver", 6)
    assert memory.read(0x10000, 6) == b"driver"
    memory.close()
    assert memory.chunks == []


@pytest.mark.parametrize(("address", "size"), [(0xFFFF, 1), (0x11FFF, 2), (0x12000, 1), (0, 4)])
def test_outside_is_an_error(address: int, size: int) -> None:
    memory = MappedMemory(8192, bus_address=0x10000)
    with pytest.raises(DmaError, match=f"{address:#x}, {size} bytes"):
        memory.read(address, size)
    with pytest.raises(DmaError, match="not DMA memory"):
        memory.write(address, bytes(size))
    memory.close()
