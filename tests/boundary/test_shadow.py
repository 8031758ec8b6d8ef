"""The address sanitizer's shadow of the arena, without a driver."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rumphost.boundary import Boundary
from rumphost.build.instrumentation import SHADOW

ARENA = 32 << 20
QUARANTINE = 8 << 20


@pytest.fixture
def boundary() -> Iterator[Boundary]:
    boundary = Boundary()
    memory = boundary.ffi.new("char[]", ARENA)
    boundary.start_arena([(int(boundary.ffi.cast("uintptr_t", memory)), ARENA, 0)])
    yield boundary
    boundary.close()


def start(boundary: Boundary) -> None:
    assert boundary.lib.rumphost_shadow_start(SHADOW) == 0
    boundary.shadow._offset = SHADOW


def is_bad(boundary: Boundary, address: int) -> bool:
    return boundary.shadow._is_bad(address)


@pytest.mark.parametrize("size", [1, 7, 8, 16, 60, 2048, 4096, 5000])
def test_an_allocation_has_bounds(boundary, size):
    start(boundary)
    first, second = boundary.memory.allocate(size), boundary.memory.allocate(size)
    for address in (first, second):
        assert not any(is_bad(boundary, address + n) for n in (0, size // 2, size - 1))
        assert all(is_bad(boundary, address + n) for n in (-1, size, size + 8, size + 15))
    assert abs(second - first) >= size + 16
    found = boundary.shadow.explain(first + size, 1)
    assert (found.kind, found.memory.address, found.memory.size) == ("memory", first, size)


def test_what_is_released_is_not_used_again_at_once(boundary):
    start(boundary)
    first = boundary.memory.allocate(64)
    boundary.memory.release(first)
    assert is_bad(boundary, first)
    assert boundary.shadow.explain(first, 4).memory.released
    assert boundary.lib.rumphost_arena_find(first) == 0
    assert boundary.lib.rumphost_arena_find(boundary.memory.allocate(64)) == 1
    boundary.memory.release(first)  # a second time: the shim has told
    assert boundary.bytes_in_use == 64


def test_the_quarantine_has_an_end(boundary):
    start(boundary)
    first = boundary.memory.allocate(1000)
    boundary.memory.release(first)
    seen = set()
    for _ in range(2 * QUARANTINE // 1000):
        address = boundary.memory.allocate(1000)
        seen.add(address)
        boundary.memory.release(address)
    assert first in seen
    assert boundary.bytes_in_use == 0


def test_memory_in_quarantine_is_given_back_when_there_is_no_other(boundary):
    start(boundary)
    large = boundary.memory.allocate(QUARANTINE - 4096)
    boundary.memory.release(large)
    boundary.memory.release(boundary.memory.allocate(4096 - 64))
    whole = boundary.memory.allocate(ARENA - QUARANTINE // 2)
    assert not is_bad(boundary, whole + ARENA - QUARANTINE // 2 - 1)


def test_what_was_there_before_has_its_place(boundary):
    before = boundary.memory.allocate(100)
    start(boundary)
    assert not is_bad(boundary, before + 99)
    assert is_bad(boundary, before + 100)
    assert [one.size for one in boundary.allocations()] == [100]
    boundary.memory.release(before)
    assert is_bad(boundary, before)
    assert boundary.allocations() == []


def test_it_starts_anew_with_each_host(boundary):
    start(boundary)
    address = boundary.memory.allocate(64)
    boundary.memory.release(address)
    boundary.shadow.stop()
    start(boundary)
    assert boundary.lib.rumphost_shadow_start(SHADOW) == 0
    assert boundary.lib.rumphost_shadow_start(SHADOW * 2) != 0


def test_no_room_for_it_is_said():
    """With a limit on addresses, as of ``ulimit -v``."""
    script = (
        "import rumphost\n"
        "from rumphost.build import Builder\n"
        "from rumphost.build.instrumentation import Instrumentation\n"
        "async def main():\n"
        "    builder = Builder(instrumentation=Instrumentation(('address',)))\n"
        "    async with rumphost.open_host('sim:edu', builder=builder) as host:\n"
        "        await host.attach('edu')\n"
        "rumphost.run(main)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
    )
    assert "HostLacks: the address sanitizer has no room for its shadow" in done.stderr
    assert "ulimit -v" in done.stderr
