"""The memory guard: each fault of a driver that commits them is found, with who had the memory."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from rumphost.errors import MemoryViolation

FAULTY = Path(__file__).parent / "faulty"
LINE = r"at \S*badmemory\.c:\d+"
GET = rf"allocated in badmemory_get {LINE}"
PUT = rf"released in badmemory_put {LINE}"
COMMIT = rf"badmemory_commit {LINE}"

pytestmark = [pytest.mark.machine("sim:teach"), pytest.mark.checks("guard")]


@pytest.fixture
async def commit(host) -> Callable[[int], Awaitable[object]]:
    """Attaches the driver; commits a fault."""
    await host.attach(str(FAULTY / "badmemory.c"))
    return partial(host.set_sysctl, "hw.badmemory0.fault")


FAULTS = [
    (1, rf"kmem\(9\): a store just past the end of 64 bytes, {GET}", "stores"),
    (2, rf"kmem\(9\): somebody has written 1 byte past the end of 60 bytes, {GET}, {PUT}",
     "badmemory_put"),
    (3, rf"kmem\(9\): somebody has written 1 byte before the start of 64 bytes, {GET}, {PUT}",
     "badmemory_put"),
    (4, rf"kmem\(9\): a load 4 bytes before the start of 8192 bytes, {GET}", "loads"),
    (5, rf"kmem\(9\): a load at byte 7 of 100 bytes after their release, {GET}, {PUT}", "loads"),
    (6, rf"kmem\(9\): a store at byte 99 of 100 bytes after their release, {GET}, {PUT}", "stores"),
    (7, rf"kmem\(9\): kmem_free of 0x[0-9a-f]+, which was released before, {GET}, {PUT}",
     "badmemory_put"),
    (8, rf"kmem\(9\): kmem_free of 0x[0-9a-f]+ with size 101, but 100 bytes were allocated, {GET}",
     "badmemory_put"),
    (9, r"malloc\(9\): a load at byte 0 of 200 bytes after their release, "
        rf"allocated in {COMMIT}, released in {COMMIT}", "loads"),
    (10, r"pool\(9\): pool_put of 0x[0-9a-f]+, which was released before, "
         rf"allocated in {COMMIT}, released in {COMMIT}", "badmemory_commit"),
    (11, r"mbuf\(9\): a store at byte \d+ of \d+ bytes after their release, "
         rf"allocated in {COMMIT}, released in {COMMIT}", "stores"),
    (14, rf"kmem\(9\): a load at byte 0 of 16 bytes after their release, {GET}, {PUT}",
     "badmemory_commit"),
    (15, r"pool\(9\): a load at byte 0 of 80 bytes after their release, "
         rf"allocated in {COMMIT}, released in {COMMIT}", "loads"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "words", "function"), FAULTS)
async def test_a_fault(host, commit, fault, words, function):
    with pytest.raises(MemoryViolation) as raised:
        await commit(fault)
    error = raised.value
    assert re.fullmatch(words, error.message)
    assert error.driver == "badmemory0"
    assert function in [frame.function for frame in error.backtrace]
    assert [place.what for place in error.places] == re.findall(r"(allocated|released) in", words)
    for place in error.places:
        assert any(frame.file.endswith("badmemory.c") for frame in place.backtrace)
    assert host.devices == []


async def test_what_nobody_frees_is_looked_at_when_the_driver_goes(host, commit):
    await commit(12)
    (device,) = host.devices
    with pytest.raises(MemoryViolation) as raised:
        await host.detach(device)
    assert re.fullmatch(
        rf"kmem\(9\): somebody has written just past the end of 60 bytes, {GET}",
        raised.value.message,
    )
    assert raised.value.driver == "badmemory0"
    assert host.leaks(device) == []


async def test_a_thread_sleeps_on_memory_that_was_freed(host, commit):
    """The kernel itself would write there when the time is over."""
    await commit(16)
    panic = await host.panic()
    assert re.fullmatch(
        rf"kmem\(9\): a store at byte \d+ of \d+ bytes after their release, {GET}, {PUT}",
        panic.message,
    )
    assert "badmemory_thread" in [frame.function for frame in panic.backtrace]


async def test_a_device_writes_to_memory_that_was_freed(host, commit):
    """The device's access cannot be caught, but what it left is seen."""
    if host.kernel.checks.dma:
        pytest.skip("strict DMA lets no device write there")
    (device,) = host.devices
    await commit(13)
    (chunk,) = host.machine.dma.chunks
    freed = host.boundary.guard.find(chunk.address)
    address = chunk.address
    while freed is None or not (freed.released and freed.size == 4096):
        address += 4096
        freed = host.boundary.guard.find(address)
    host.machine.dma.write(freed.address - chunk.address + chunk.bus_address + 9, b"late")
    with pytest.raises(MemoryViolation) as raised:
        await host.detach(device)
    assert re.fullmatch(
        r"kmem\(9\): a device has written at byte 9 of 4096 bytes after their release, "
        rf"{GET}, {PUT}",
        raised.value.message,
    )


@pytest.mark.checks("guard", "locks")
async def test_a_driver_without_faults(host, commit):
    """What it has released is out of reach, but comes back clean, however often that is."""
    (device,) = host.devices
    await commit(0)
    await host.detach(device)
    assert host.findings == []
    assert host.leaks(device) == []


@pytest.mark.checks
async def test_without_the_guard(host, commit):
    """What the arena itself knows is told all the same."""
    if host.kernel.checks.guard:
        pytest.skip("the command line asks for it")
    for fault in (1, 2, 3, 5, 6):
        await commit(fault)
    with pytest.raises(MemoryViolation) as raised:
        await commit(8)
    assert re.fullmatch(
        r"kmem\(9\): kmem_free of 0x[0-9a-f]+ with size 101, but 100 bytes were allocated,"
        rf" {GET}", raised.value.message,
    )  # fmt: skip
