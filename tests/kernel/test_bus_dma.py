"""bus_dma(9): the general algorithm, bouncing, and the books."""

from __future__ import annotations

import struct

import pytest
from fakes import FakeOwner, Rig

from rumphost.errors import Misuse
from rumphost.kernel.bus_dma import BusDma
from rumphost.kernel.bus_dma_map import POSTREAD, POSTWRITE, PREREAD, PREWRITE, segments_of
from rumphost.kernel.errno import EFBIG, EINVAL, ENOMEM
from rumphost.machine import DmaChunk

pytestmark = pytest.mark.usefixtures("service")

BUS = 0x0400_0000
SIZE = 0x100000
STATIC = 0x80_0000
"""Where memory outside the arena is."""
ALL = (0, 0xFFFF_FFFF)
SITE = 0xABC


class FakeDma:
    """The arena is all memory that the rig allocates; ``mappable`` is what the machine can map."""

    def __init__(self, rig: Rig) -> None:
        self.chunks = [DmaChunk(rig.memory.base, SIZE, BUS)]
        self.mappable = False
        self.mapped: list[tuple[int, int]] = []

    def map(self, address: int, size: int) -> int | None:
        if not self.mappable:
            return None
        self.mapped.append((address + 0x4000_0000, size))
        return address + 0x4000_0000

    def unmap(self, bus_address: int, size: int) -> None:
        self.mapped.remove((bus_address, size))


@pytest.fixture
def dma(rig: Rig) -> FakeDma:
    return FakeDma(rig)


@pytest.fixture
def service(rig: Rig, dma: FakeDma) -> BusDma:
    rig.machine.dma = dma
    service = BusDma(rig.kernel)
    rig.kernel.register(service)
    return service


def call(rig: Rig, *request, **options):
    def script():
        return (yield request)

    return rig.run_script(script, **options)


def create(rig: Rig, size: int = 0x10000, segments: int = 8, boundary: int = 0, **options) -> int:
    dmamap = rig.memory.allocate(64)
    call(rig, "bus_dmamap_create", dmamap, size, segments, size, boundary, 0, SITE, **options)
    return dmamap


def load(
    rig: Rig,
    dmamap: int,
    pieces,
    *,
    limits=ALL,
    maximum: int = 0x10000,
    raw: int = 0,
    flags: int = 0,
):
    """Return the list of segments, or the errno."""
    flat = [word for piece in pieces for word in piece]
    array = rig.memory.allocate(8 * len(flat))
    rig.memory.write(array, struct.pack(f"<{len(flat)}Q", *flat))
    words = rig.memory.allocate(24)
    rig.memory.write(words, struct.pack("<3Q", *limits, maximum))
    out = rig.memory.allocate(16 * 64)
    count = call(rig, "bus_dmamap_load", dmamap, out, array, len(pieces), words, flags, raw, SITE)
    if count >> 63:
        return (1 << 64) - count
    found = struct.unpack(f"<{2 * count}Q", rig.memory.read(out, 16 * count))
    return list(zip(found[::2], found[1::2], strict=True))


def process_address(rig: Rig, bus_address: int) -> int:
    return bus_address - BUS + rig.memory.base


@pytest.mark.parametrize(
    ("ranges", "maximum", "boundary", "segments"),
    [
        ([(0x1000, 0x100)], 0x1000, 0, [(0x1000, 0x100)]),
        ([(0x1000, 0x100), (0x1100, 0x80)], 0x1000, 0, [(0x1000, 0x180)]),
        ([(0x1000, 0x100), (0x1101, 0x80)], 0x1000, 0, [(0x1000, 0x100), (0x1101, 0x80)]),
        ([(0x1000, 0x900)], 0x400, 0, [(0x1000, 0x400), (0x1400, 0x400), (0x1800, 0x100)]),
        ([(0x1F00, 0x300)], 0x1000, 0x1000, [(0x1F00, 0x100), (0x2000, 0x200)]),
        ([(0x1F00, 0x100), (0x2000, 8)], 0x1000, 0x1000, [(0x1F00, 0x100), (0x2000, 8)]),
        ([(0x1000, 0x300), (0x1300, 0x300)], 0x400, 0, [(0x1000, 0x400), (0x1400, 0x200)]),
        ([], 0x1000, 0, []),
    ],
)
def test_segments_honour_maximum_and_boundary(ranges, maximum, boundary, segments):
    assert segments_of(ranges, maximum, boundary) == segments


def test_memory_of_the_arena_is_loaded_as_it_is(rig):
    buffer = rig.memory.allocate(0x300)
    segments = load(rig, create(rig), [(buffer, 0x300)])
    assert segments == [(buffer - rig.memory.base + BUS, 0x300)]


def test_too_many_segments_are_efbig(rig, service):
    buffer = rig.memory.allocate(0x1000)
    dmamap = create(rig, segments=2)
    assert load(rig, dmamap, [(buffer, 0x1000)], maximum=0x400) == EFBIG
    assert service.maps[0].load is None
    assert len(load(rig, dmamap, [(buffer, 0x800)], maximum=0x400)) == 2


def test_static_memory_bounces_and_sync_copies(rig):
    rig.memory.write(STATIC, b"question")
    dmamap = create(rig)
    ((bus_address, length),) = load(rig, dmamap, [(STATIC, 8)])
    bounce = process_address(rig, bus_address)
    assert length == 8
    assert rig.memory.read(bounce, 8) == bytes(8)

    call(rig, "bus_dmamap_sync", dmamap, 2, 4, PREWRITE, SITE)
    assert rig.memory.read(bounce, 8) == b"\0\0esti\0\0"
    rig.memory.write(bounce, b"answered")
    call(rig, "bus_dmamap_sync", dmamap, 0, 8, POSTWRITE, SITE)
    assert rig.memory.read(STATIC, 8) == b"question"
    call(rig, "bus_dmamap_sync", dmamap, 0, 3, POSTREAD, SITE)
    assert rig.memory.read(STATIC, 8) == b"ansstion"

    taken = len(rig.memory.allocated)
    call(rig, "bus_dmamap_unload", dmamap, SITE)
    assert bounce not in rig.memory.allocated
    assert len(rig.memory.allocated) == taken  # the bounce buffer went, the script's lwp came


def test_several_pieces_bounce_into_one_buffer(rig):
    inside = rig.memory.allocate(16)
    rig.memory.write(inside, b"in the arena....")
    rig.memory.write(STATIC, b"outside")
    dmamap = create(rig)
    ((bus_address, length),) = load(rig, dmamap, [(inside, 12), (STATIC, 7)])
    assert length == 19
    call(rig, "bus_dmamap_sync", dmamap, 0, 19, PREWRITE, SITE)
    bounce = process_address(rig, bus_address)
    assert rig.memory.read(bounce, 19) == b"in the arenaoutside"
    rig.memory.write(bounce, b"x" * 19)
    call(rig, "bus_dmamap_sync", dmamap, 10, 4, POSTREAD, SITE)
    assert rig.memory.read(inside, 12) == b"in the arexx"
    assert rig.memory.read(STATIC, 7) == b"xxtside"


def test_bytes_that_the_device_does_not_write_survive_a_read(rig):
    rig.memory.write(STATIC, b"before")
    dmamap = create(rig)
    ((bus_address, _),) = load(rig, dmamap, [(STATIC, 6)])
    call(rig, "bus_dmamap_sync", dmamap, 0, 6, PREREAD, SITE)
    rig.memory.write(process_address(rig, bus_address), b"AF")
    call(rig, "bus_dmamap_sync", dmamap, 0, 6, POSTREAD, SITE)
    assert rig.memory.read(STATIC, 6) == b"AFfore"


def test_a_machine_that_can_map_spares_the_bounce(rig, dma):
    dma.mappable = True
    dmamap = create(rig)
    assert load(rig, dmamap, [(STATIC, 0x100)]) == [(STATIC + 0x4000_0000, 0x100)]
    assert dma.mapped
    call(rig, "bus_dmamap_unload", dmamap, SITE)
    assert not dma.mapped


def test_memory_beyond_the_tags_limits_bounces_or_is_enomem(rig, service, dma):
    dma.mappable = True
    dmamap = create(rig)
    ((bus_address, _),) = load(rig, dmamap, [(STATIC, 0x100)], limits=(0, 0x0FFF_FFFF))
    assert BUS <= bus_address < BUS + SIZE
    assert not dma.mapped
    call(rig, "bus_dmamap_unload", dmamap, SITE)
    before = dict(rig.memory.allocated)
    assert load(rig, dmamap, [(STATIC, 0x100)], limits=(0, 0xFF_FFFF)) == ENOMEM
    assert service.maps[0].load is None
    assert len(rig.memory.allocated) == len(before) + 4  # arguments and an lwp, no bounce buffer


def test_no_memory_for_a_bounce_buffer_is_enomem(rig, monkeypatch):
    dmamap = create(rig)
    real = rig.memory.allocate

    def allocate(size: int) -> int:
        if size == 0x4321:
            raise MemoryError
        return real(size)

    monkeypatch.setattr(rig.memory, "allocate", allocate)
    assert load(rig, dmamap, [(STATIC, 0x4321)]) == ENOMEM


def test_raw_loads_take_bus_addresses(rig):
    dmamap = create(rig)
    assert load(rig, dmamap, [(BUS + 0x100, 8)], raw=1) == [(BUS + 0x100, 8)]
    call(rig, "bus_dmamap_unload", dmamap, SITE)
    assert load(rig, dmamap, [(0x10, 8)], raw=1) == EINVAL


def test_a_loaded_map_is_unloaded_when_it_is_destroyed(rig, service):
    dmamap = create(rig)
    load(rig, dmamap, [(STATIC, 8)])
    (booked,) = service.maps
    assert booked.load is not None
    call(rig, "bus_dmamap_destroy", dmamap, SITE)
    assert booked.load is None
    assert service.maps == []


def test_a_map_that_is_none_is_misuse(rig):
    dmamap = create(rig)
    call(rig, "bus_dmamap_destroy", dmamap, SITE)
    assert rig.kernel.console.text == ""
    with pytest.raises(Misuse, match="bus_dmamap_destroy: there is no map at"):
        call(rig, "bus_dmamap_destroy", dmamap, SITE)
    with pytest.raises(Misuse, match="bus_dmamap_sync: there is no map at"):
        call(rig, "bus_dmamap_sync", dmamap, 0, 1, PREREAD, SITE)


def allocate_safe(rig: Rig, size: int = 0x1000, **options) -> int:
    """Return the bus address, after an offset of 0x100 in the allocation."""
    allocation = rig.memory.allocate(size + 0x100)
    address = allocation + 0x100
    bus_address = address - rig.memory.base + BUS
    call(rig, "bus_dmamem_alloc", allocation, address, bus_address, size, 0x1000, SITE, **options)
    return bus_address


def test_dma_safe_memory_is_mapped_in_whole_or_in_part(rig):
    bus_address = allocate_safe(rig)
    address = process_address(rig, bus_address)
    assert call(rig, "bus_dmamem_map", bus_address, 0x1000, 0) == address
    assert call(rig, "bus_dmamem_map", bus_address + 0x800, 0x800, 0) == address + 0x800
    assert call(rig, "bus_dmamem_map", bus_address + 0x800, 0x801, 0) == 0
    assert call(rig, "bus_dmamem_map", 0x1234, 1, 0) == 0
    call(rig, "bus_dmamem_unmap", address, 0x1000)
    call(rig, "bus_dmamem_unmap", address + 0x800, 0x800)
    with pytest.raises(Misuse, match="bus_dmamem_unmap"):
        call(rig, "bus_dmamem_unmap", address, 0x1000)
    assert call(rig, "bus_dmamem_free", bus_address, SITE) == address - 0x100
    with pytest.raises(Misuse, match="bus_dmamem_free"):
        call(rig, "bus_dmamem_free", bus_address, SITE)


def test_freeing_what_is_mapped_warns(rig):
    bus_address = allocate_safe(rig)
    call(rig, "bus_dmamem_map", bus_address, 0x1000, 0)
    call(rig, "bus_dmamem_free", bus_address, SITE)
    assert "bus_dmamem_free of memory that is mapped" in rig.kernel.console.text


def test_what_a_device_left_is_listed_and_released(rig, service):
    owner = FakeOwner()
    first, second = create(rig, owner=owner), create(rig, owner=owner)
    head = rig.memory.allocate(8)  # the image's list: head -> second -> first
    for place, following, link in ((second, first, head), (first, 0, second)):
        rig.memory.write_uint(place, 8, following)
        rig.memory.write_uint(place + 8, 8, link)
    rig.memory.write_uint(head, 8, second)
    create(rig, owner=FakeOwner(2, "bar0"))
    allocate_safe(rig, owner=owner)

    leaks = service.leaks(owner)
    assert [leak.site for leak in leaks] == [SITE] * 3
    assert "was not destroyed" in str(leaks[0])
    assert "0x1000 bytes of bus_dmamem_alloc not freed" in str(leaks[2])
    service.release(owner)
    assert service.leaks(owner) == []
    assert rig.memory.read_uint(head, 8) == 0
    assert {first, second}.isdisjoint(rig.memory.allocated)
    assert len(service.maps) == 1


def test_the_trace_tells_how_it_was_loaded(rig):
    dmamap = create(rig)

    def run():
        load(rig, dmamap, [(STATIC, 8)])
        call(rig, "bus_dmamap_sync", dmamap, 0, 8, PREREAD | PREWRITE, SITE)

    events = [event for event in rig.trace_of(run) if event.name.startswith("bus_dma.")]
    assert [event.name for event in events] == ["bus_dma.load", "bus_dma.sync"]
    assert events[0].fields["how"] == "bounce"
    assert events[1].fields["operations"] == "PREREAD|PREWRITE"
