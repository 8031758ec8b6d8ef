"""The guarded arena: where allocations lie, what is out of reach, and what is used again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rumphost.boundary import Boundary
from rumphost.boundary.guard import BOUNDS, TWICE, WRITTEN, Guarded
from rumphost.errors import MemoryViolation
from rumphost.machine import MappedMemory

PAGE = 4096
BUS = 0x100000


class Arena:
    """A guarded boundary and the memory behind it."""

    def __init__(self, pages: int) -> None:
        self.dma = MappedMemory(pages * PAGE, bus_address=BUS)
        self.boundary = Boundary(guarded=True)
        chunks = [(c.address, c.size, c.bus_address) for c in self.dma.chunks]
        ((self.address, self.size, self.bus_address),) = self.boundary.start_arena(chunks)
        self.lib = self.boundary.lib

    def allocate(self, size: int, alignment: int = 0) -> int:
        return int(self.boundary.ffi.cast(
            "uintptr_t", self.lib.rumphost_arena_allocate(size, alignment, 0x1234)
        ))  # fmt: skip

    def release(self, address: int) -> Guarded | None:
        self.boundary.memory.release(address)
        return self.boundary.guard.reported()

    def reachable(self, address: int, size: int = 1) -> bool:
        return bool(self.lib.rumphost_guard_reachable(address, size))

    def device(self, address: int) -> int:
        return address - self.address + self.bus_address

    def close(self) -> None:
        self.boundary.close()
        self.dma.close()


@pytest.fixture
def arena() -> Iterator[Arena]:
    arena = Arena(64)
    yield arena
    arena.close()


@pytest.mark.parametrize("size", [1, 15, 16, 100, 2048, 4095, 4096, 4097, 10_000])
@pytest.mark.parametrize("alignment", [0, 64, 4096, 16384])
def test_an_allocation_ends_at_a_page_out_of_reach(arena, size, alignment):
    address = arena.allocate(size, alignment)
    assert address % max(alignment, 16) == 0
    end = address + size
    boundary = -(-end // PAGE) * PAGE
    assert boundary - end < min(max(alignment, 16), PAGE)
    assert arena.reachable(address, size)
    assert not arena.reachable(boundary)
    assert arena.boundary.memory.read(address, size) == b"\xa5" * size
    arena.boundary.memory.write(address, b"x" * size)
    assert arena.release(address) is None
    assert not arena.reachable(address)


def test_what_is_around_it_is_found_at_the_release(arena):
    for offset in (-1, 20, 27):
        address = arena.allocate(20)
        arena.boundary.memory.write(address + offset, b"!")
        found = arena.release(address)
        assert (found.what, found.where - address, found.size) == (BOUNDS, offset, 20)
    address = arena.allocate(20)
    assert arena.release(address) is None
    assert arena.boundary.guard.reported() is None


def test_a_second_release_is_told(arena):
    address = arena.allocate(20)
    assert arena.release(address) is None
    assert arena.release(address).what == TWICE
    assert arena.boundary.bytes_in_use == 0


def test_released_memory_is_the_last_to_be_used_again(arena):
    seen = set()
    for _ in range(31):
        address = arena.allocate(100)
        assert address not in seen
        seen.add(address)
        arena.release(address)
    assert {arena.allocate(100) for _ in range(32)} >= seen
    assert arena.allocate(100) == 0  # 32 of them are all that fit, with their pages out of reach


def test_the_device_has_a_way_of_its_own(arena):
    address = arena.allocate(PAGE)
    arena.boundary.memory.write(address, b"out")
    assert arena.dma.read(arena.device(address), 3) == b"out"
    assert arena.release(address) is None
    arena.dma.write(arena.device(address) + 7, b"late")
    (found,) = arena.boundary.guard.sweep(0)
    assert (found.what, found.where - address, found.released) == (WRITTEN, 7, True)
    assert arena.boundary.guard.sweep(0) == []


def test_what_a_device_wrote_is_seen_when_the_memory_is_used_again(arena):
    address = arena.allocate(PAGE)
    arena.release(address)
    arena.dma.write(arena.device(address), b"late")
    for _ in range(31):
        arena.allocate(100)
    assert arena.boundary.guard.reported() is None
    arena.allocate(100)
    assert arena.boundary.guard.reported().what == WRITTEN


def test_the_kernel_reads_no_memory_that_is_out_of_reach(arena):
    memory = arena.boundary.memory
    address = arena.allocate(PAGE)
    with pytest.raises(MemoryViolation, match=f"{address + PAGE:#x}"):
        memory.read(address, PAGE + 1)
    arena.release(address)
    for access in (
        lambda: memory.read(address, 1),
        lambda: memory.write(address, b"x"),
        lambda: memory.read_uint(address, 8),
        lambda: memory.write_uint(address, 8, 1),
        lambda: memory.c_string(address),
    ):
        with pytest.raises(MemoryViolation):
            access()


def test_a_string_that_does_not_end(arena):
    memory = arena.boundary.memory
    address = arena.allocate(PAGE + 16)
    memory.write(address, b"x" * PAGE + b"end\0")
    assert memory.c_string(address).endswith("xxend")
    memory.write(address + PAGE, b"x" * 16)
    with pytest.raises(MemoryViolation, match=f"{address + PAGE + 16:#x}"):
        memory.c_string(address)


def test_which_allocation_an_address_belongs_to(arena):
    first, second = arena.allocate(2 * PAGE), arena.allocate(2 * PAGE)
    find = arena.boundary.guard.find
    assert find(first - PAGE) is None
    assert find(first + 5).address == first
    assert find(first + 2 * PAGE).address == first
    assert find(second - 1).address == second  # it is nearer to what follows
    arena.release(first)
    assert find(first + 5).released
    assert [one.size for one in arena.boundary.allocations()] == [2 * PAGE]


def test_another_arena_knows_nothing_of_it(arena):
    arena.boundary.memory.write(arena.allocate(20) + 20, b"!")
    arena.close()
    other = Arena(16)
    try:
        assert other.boundary.guard.sweep(0) == []
        assert other.boundary.allocations() == []
    finally:
        other.close()
