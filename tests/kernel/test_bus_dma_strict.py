"""bus_dma(9), strict: who sees which bytes when, and what is told of it."""

from __future__ import annotations

import struct

import pytest
from fakes import FakeOwner, Rig

from rumphost.checks import Checks
from rumphost.errors import DmaViolation
from rumphost.kernel.bus_dma import BusDma
from rumphost.kernel.bus_dma_gate import DmaFault
from rumphost.kernel.bus_dma_map import (
    COHERENT,
    POSTREAD,
    POSTWRITE,
    PREREAD,
    PREWRITE,
    READ,
    DmaMap,
    Wish,
)
from rumphost.kernel.bus_dma_windows import PAGE, ArenaPages, StrictLoad, Windows
from rumphost.machine import DmaChunk, DmaGate

BUS = 0x0400_0000
SIZE = 0x100000
LOAD, SYNC, UNLOAD = 0xA0, 0xB0, 0xC0
PATTERN = b"\xdb"


class FakeDma:
    """All memory of the rig is the arena; ``asks``: the device's accesses come by."""

    def __init__(self, rig: Rig, asks: bool) -> None:
        self.chunks = [DmaChunk(rig.memory.base, SIZE, BUS)]
        self.asks = asks
        self.rig = rig

    def intercept(self, gate: DmaGate) -> bool:
        self.gate = gate
        return self.asks

    def read(self, bus_address: int, size: int) -> bytes:
        if self.asks:
            return self.gate.read(bus_address, size)
        return self.rig.memory.read(bus_address - BUS + self.rig.memory.base, size)

    def write(self, bus_address: int, data: bytes) -> None:
        if self.asks:
            self.gate.write(bus_address, data)
        else:
            self.rig.memory.write(bus_address - BUS + self.rig.memory.base, data)


class Driver:
    """A driver with one map over a buffer of 64 bytes, and its device."""

    def __init__(self, rig: Rig, asks: bool, *, safe: int | None = None) -> None:
        self.rig = rig
        self.owner = FakeOwner()
        self.dma = FakeDma(rig, asks)
        rig.machine.dma = self.dma  # type: ignore[assignment]
        object.__setattr__(rig.kernel, "checks", Checks(dma=True))
        self.service = BusDma(rig.kernel)
        rig.kernel.register(self.service)
        self.buffer = rig.memory.allocate(64)
        if safe is not None:
            self.call("bus_dmamem_alloc", self.buffer, self.buffer,
                      self.buffer - rig.memory.base + BUS, 64, PAGE, 1)  # fmt: skip
            self.call("bus_dmamem_map", self.buffer - rig.memory.base + BUS, 64, safe)
        self.set(bytes(range(64)))
        self.map = rig.memory.allocate(64)
        self.call("bus_dmamap_create", self.map, 0x10000, 8, 0x10000, 0, 0, 1)

    def call(self, *request: int | str) -> int:
        def script():
            return (yield request)

        return self.rig.run_script(script, owner=self.owner)

    def load(self, flags: int = 0, highest: int = 0xFFFF_FFFF) -> int:
        """Load the buffer; returns its bus address."""
        memory = self.rig.memory
        piece, limits, out = (memory.allocate(size) for size in (16, 24, 16))
        memory.write(piece, struct.pack("<2Q", self.buffer, 64))
        memory.write(limits, struct.pack("<3Q", 0, highest, 0x10000))
        assert self.call("bus_dmamap_load", self.map, out, piece, 1, limits, flags, 0, LOAD) == 1
        self.at, length = struct.unpack("<2Q", memory.read(out, 16))
        assert length == 64
        return self.at

    def sync(self, operations: int, offset: int = 0, length: int = 64) -> None:
        self.call("bus_dmamap_sync", self.map, offset, length, operations, SYNC)

    def unload(self) -> None:
        self.call("bus_dmamap_unload", self.map, UNLOAD)

    def set(self, data: bytes, offset: int = 0) -> None:
        self.rig.memory.write(self.buffer + offset, data)

    def get(self, offset: int = 0, size: int = 64) -> bytes:
        return self.rig.memory.read(self.buffer + offset, size)

    @property
    def found(self) -> list[str]:
        return [found.what for found in self.rig.kernel.findings.all]


@pytest.fixture(params=[True, False], ids=["asked", "compared"])
def driver(rig: Rig, request: pytest.FixtureRequest) -> Driver:
    return Driver(rig, request.param)


@pytest.fixture
def asked(rig: Rig) -> Driver:
    return Driver(rig, True)


@pytest.fixture
def compared(rig: Rig) -> Driver:
    return Driver(rig, False)


def test_a_buffer_there_and_back(driver):
    at = driver.load()
    assert at % PAGE == driver.buffer % PAGE
    driver.sync(PREREAD | PREWRITE)
    assert driver.dma.read(at, 64) == bytes(range(64))
    driver.dma.write(at + 8, b"answer")
    assert driver.get(8, 6) == bytes(range(8, 14))
    driver.sync(POSTREAD | POSTWRITE)
    assert driver.get() == bytes(range(8)) + b"answer" + bytes(range(14, 64))
    driver.unload()
    assert driver.found == []


def test_the_device_sees_only_what_was_synchronised(compared):
    at = compared.load()
    assert compared.dma.read(at, 64) == PATTERN * 64
    compared.sync(PREREAD)
    assert compared.dma.read(at, 64) == PATTERN * 64
    compared.sync(PREWRITE, 4, 8)
    assert compared.dma.read(at, 64) == PATTERN * 4 + bytes(range(4, 12)) + PATTERN * 52


def test_what_was_not_fetched_is_not_seen(driver):
    at = driver.load()
    driver.sync(PREREAD)
    driver.dma.write(at, b"x" * 64)
    driver.sync(POSTREAD, 0, 4)
    assert driver.get() == b"xxxx" + bytes(range(4, 64))


def test_a_short_packet_where_writes_are_seen_leaves_the_rest_alone(asked):
    at = asked.load()
    asked.sync(PREREAD)
    asked.dma.write(at, b"abc")
    asked.sync(POSTREAD)
    assert asked.get() == b"abc" + bytes(range(3, 64))


def test_a_short_packet_where_memory_bounces_does_not(compared):
    at = compared.load()
    compared.sync(PREREAD)
    compared.dma.write(at, b"abc")
    compared.sync(POSTREAD)
    assert compared.get() == b"abc" + PATTERN * 61


def test_every_load_has_an_address_of_its_own(driver):
    seen = set()
    for _ in range(8):
        seen.add(driver.load())
        driver.unload()
    assert len(seen) == 8
    assert len({at // PAGE for at in seen}) == 8


def test_a_device_with_few_address_bits(asked):
    assert asked.load(highest=0xFF_FFFF) <= 0xFF_FFFF


def test_a_device_with_many_address_bits(asked):
    assert asked.load(highest=(1 << 64) - 1) >= 1 << 32


def test_a_late_access_names_load_and_unload(asked):
    at = asked.load()
    asked.sync(PREREAD)
    asked.unload()
    with pytest.raises(DmaFault, match="unloaded") as raised:
        asked.dma.write(at + 4, b"late")
    assert raised.value.sites == [("loaded", (LOAD,)), ("unloaded", UNLOAD)]
    assert raised.value.harms
    assert "at offset 0x4 of 64 bytes" in str(raised.value)


def test_a_late_write_is_found_when_the_device_goes(compared):
    at = compared.load()
    compared.sync(PREREAD)
    compared.unload()
    compared.dma.write(at + 4, b"late")
    compared.call("bus_dmamap_destroy", compared.map, UNLOAD)
    compared.service.release(compared.owner)
    (found,) = compared.found
    assert "at offset 0x4 of 64 bytes that were loaded, after they were unloaded" in found


def test_a_late_write_is_found_when_the_address_comes_again(compared):
    at = compared.load()
    compared.unload()
    compared.dma.write(at, b"late")

    def go_on() -> None:
        for _ in range(SIZE // PAGE):
            compared.load()
            compared.unload()

    with pytest.raises(DmaViolation, match="after they were unloaded"):
        go_on()


@pytest.mark.parametrize(
    ("offset", "size", "words"),
    [
        (-4, 4, "of which 4 are before the start of 64"),
        (60, 8, "of which 4 are beyond the end of 64"),
        (64, 8, "of which 8 are beyond the end of 64"),
        (2 * PAGE, 4, "where nothing is loaded"),
    ],
)
def test_an_access_outside(asked, offset, size, words):
    at = asked.load()
    asked.sync(PREREAD | PREWRITE)
    with pytest.raises(DmaFault, match=words):
        asked.dma.write(at + offset, bytes(size))
    with pytest.raises(DmaFault, match=words) as raised:
        asked.dma.read(at + offset, size)
    assert not raised.value.harms


@pytest.mark.parametrize(
    ("offset", "words"), [(-1, "1 bytes before 64 loaded"), (66, "2 bytes beyond the end of 64")]
)
def test_a_write_around_is_found_at_the_next_post(compared, offset, words):
    at = compared.load()
    compared.sync(PREREAD)
    compared.dma.write(at + offset, b"!")
    with pytest.raises(DmaViolation, match=words):
        compared.sync(POSTREAD)


def test_a_write_before_preread(asked):
    asked.dma.write(asked.load(), b"x")
    (found,) = asked.found
    assert "the device writes 1 bytes at offset 0x0 of 64, which no PREREAD gives it" in found


def test_a_write_after_postread(driver):
    at = driver.load()
    driver.sync(PREREAD)
    driver.sync(POSTREAD)
    driver.dma.write(at + 3, b"x")
    driver.unload()
    (found,) = driver.found
    assert "which a POSTREAD has taken back" in found


def test_a_read_after_postwrite(asked):
    at = asked.load()
    asked.sync(PREWRITE)
    asked.sync(POSTWRITE)
    asked.dma.read(at, 4)
    (found,) = asked.found
    assert "which a POSTWRITE has taken back (byte 0x0); this time it is what" in found


def test_a_fault_is_told_once(asked):
    for _ in range(3):
        at = asked.load()
        asked.dma.read(at, 64)
        asked.dma.read(at, 32)
        asked.unload()
    assert len(asked.found) == 1


def test_a_write_to_what_the_device_owns(driver):
    driver.load()
    driver.sync(PREREAD)
    driver.set(b"\xff", 9)
    driver.sync(POSTREAD, 0, 8)
    assert driver.found == []
    driver.sync(PREREAD)
    (found,) = driver.found
    assert "the device owned (PREREAD): 1 from offset 0x9 of 64 on, 09" in found


def test_the_wrong_direction_by_the_loads_flags(driver):
    driver.load(READ)
    driver.sync(PREWRITE)
    assert "PREWRITE of a map that is loaded with BUS_DMA_READ" in driver.found[0]


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("flags", [0, COHERENT])
class TestSharedMemory:
    """Memory of bus_dmamem_alloc."""

    def test_a_part_is_given_anew(self, rig, asks, flags):
        driver = Driver(rig, asks, safe=flags)
        at = driver.load()
        driver.sync(PREWRITE)
        driver.set(b"new", 16)
        driver.sync(PREWRITE, 16, 3)
        assert driver.dma.read(at + 16, 3) == b"new"
        assert driver.found == []

    def test_what_the_device_may_write_too(self, rig, asks, flags):
        driver = Driver(rig, asks, safe=flags)
        at = driver.load()
        driver.sync(PREREAD | PREWRITE)
        driver.set(b"new", 16)
        driver.sync(PREREAD | PREWRITE, 16, 3)
        assert driver.dma.read(at + 16, 3) == b"new"
        assert [("the device owned" in one) for one in driver.found] == ([] if flags else [True])

    def test_the_device_comes_while_the_driver_looks(self, rig, asks, flags):
        driver = Driver(rig, asks, safe=flags)
        at = driver.load()
        driver.sync(PREREAD | PREWRITE)
        driver.sync(POSTREAD | POSTWRITE)
        driver.dma.read(at, 8)
        driver.dma.write(at, b"done")
        driver.set(b"more", 4)
        driver.sync(PREREAD | PREWRITE)
        driver.sync(POSTREAD | POSTWRITE)
        assert driver.get(0, 8) == b"donemore"
        driver.unload()
        assert driver.found == []

    def test_the_driver_never_gives_it_back(self, rig, asks, flags):
        driver = Driver(rig, asks, safe=flags)
        at = driver.load()
        driver.sync(PREREAD)
        driver.sync(POSTREAD)
        driver.dma.write(at, b"done")
        driver.sync(POSTREAD)
        (found,) = driver.found
        assert "the device has written at offset 0x0 of 64, which a POSTREAD has taken" in found
        assert driver.get(0, 4) == b"done"

    def test_bytes_that_the_device_did_not_write_stay(self, rig, asks, flags):
        driver = Driver(rig, asks, safe=flags)
        at = driver.load()
        driver.sync(PREREAD)
        driver.dma.write(at, b"ab")
        driver.sync(POSTREAD)
        assert driver.get() == b"ab" + bytes(range(2, 64))
        driver.set(bytes(64))
        driver.sync(PREREAD)
        driver.dma.write(at + 1, b"c")
        driver.sync(POSTREAD)
        assert driver.get() == b"\0c" + bytes(62)
        assert driver.found == []


def test_memory_that_goes_up_without_having_been_fetched(driver):
    at = driver.load()
    driver.sync(PREREAD)
    driver.dma.write(at, b"frame")
    driver.unload()
    assert driver.found == []  # it may be thrown away
    driver.call("bus_dma_used", driver.buffer + 2, 8)
    (found,) = driver.found
    assert "memory is used that was unloaded without POSTREAD" in found
    assert "first at offset 0x2" in found


def test_memory_that_holds_something_else_meanwhile(driver):
    at = driver.load()
    driver.sync(PREREAD)
    driver.dma.write(at, b"frame")
    driver.unload()
    driver.set(b"something else")
    driver.call("bus_dma_used", driver.buffer, 14)
    assert driver.found == []


def test_the_books_are_empty_in_the_end(driver):
    before = None
    for _ in range(3):
        driver.load()
        driver.sync(PREREAD)
        driver.unload()
        taken = set(driver.rig.memory.allocated.values())
        assert before in (None, taken)
        before = taken


class TestWindows:
    def wish(self, rig: Rig, lowest: int, highest: int) -> Wish:
        return Wish(None, [(0x1000, 0x100)], lowest, highest, 0, LOAD)  # type: ignore[arg-type]

    def open(self, windows: Windows, wish: Wish, like: int = 0, alignment: int = PAGE):
        load = StrictLoad(
            wish.pieces, wish.size, dmamap=DmaMap(1, 1, 1, 1, 0, 0, 1, None), image=None,
            owner=None, flags=0, site=LOAD, path=(LOAD,), coherent=False, safe=False,
        )  # fmt: skip
        ranges = windows.open(load, wish, [(like, alignment)])
        return load, ranges

    def test_addresses_are_used_again_last_of_all(self, rig):
        windows = Windows(rig.memory)
        wish = self.wish(rig, 0x10_0000, 0x10_FFFF)  # room for eight
        reused = []
        windows.on_reuse = reused.append
        loads = []
        for _ in range(8):
            load, ranges = self.open(windows, wish)
            assert ranges is not None
            loads.append((load, ranges[0][0]))
            load.live = False
            windows.close(load)
        assert len({at for _, at in loads}) == 8
        assert reused == []
        _, again = self.open(windows, wish)
        assert again == [(loads[0][1], 0x100)]
        assert reused == [loads[0][0]]

    def test_what_is_loaded_stays(self, rig):
        windows = Windows(rig.memory)
        wish = self.wish(rig, 0x10_0000, 0x10_3FFF)
        taken = []
        while True:
            _, ranges = self.open(windows, wish)
            if ranges is None:
                break
            taken.append(ranges[0][0])
        assert taken == [0x10_0000, 0x10_2000]

    def test_alignment_is_kept(self, rig):
        windows = Windows(rig.memory)
        wish = self.wish(rig, 0, 0xFFFF_FFFF)
        for like, alignment in ((0x1_0000, 0x1_0000), (0x123, PAGE), (0x4_1000, 0x2000)):
            _, ranges = self.open(windows, wish, like, alignment)
            assert ranges is not None
            assert ranges[0][0] % alignment == like % alignment

    def test_an_arena_too_small(self, rig):
        dma = FakeDma(rig, False)
        dma.chunks = [DmaChunk(rig.memory.base, 2 * PAGE, BUS)]
        windows = ArenaPages(rig.memory, dma)  # type: ignore[arg-type]
        _, ranges = self.open(windows, self.wish(rig, 0, 0xFFFF_FFFF))
        assert ranges is None

    def test_an_arena_in_pieces(self, rig):
        """As a kernel module gives it: no piece is large enough for all."""
        dma = FakeDma(rig, False)
        middle = rig.memory.base + 32 * PAGE
        dma.chunks = [
            DmaChunk(rig.memory.base, 32 * PAGE, BUS),
            DmaChunk(middle, 32 * PAGE, 0x100_0000),
        ]
        real = rig.memory.allocate

        def allocate(size: int) -> int:
            """Never across two pieces."""
            if size > 32 * PAGE:
                raise MemoryError
            if (
                rig.memory.base + rig.memory._next
                < middle
                < rig.memory.base + rig.memory._next + size
            ):
                rig.memory._next = middle - rig.memory.base
            return real(size)

        rig.memory.allocate = allocate
        windows = ArenaPages(rig.memory, dma)  # type: ignore[arg-type]
        wish = self.wish(rig, 0, 0xFFFF_FFFF)
        taken = []
        while True:
            load, ranges = self.open(windows, wish)
            if ranges is None:
                break
            taken.append(ranges[0][0])
            assert rig.memory.read(load.bounce, 0x100) == PATTERN * 0x100
        assert len(taken) == len(set(taken)) >= 12
        assert {bus_address >= 0x400_0000 for bus_address in taken} == {True, False}
