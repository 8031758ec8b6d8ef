"""bus_space(9): what is mapped, what is refused, and what reaches the machine."""

from __future__ import annotations

import struct

import pytest
from fakes import FakeOwner, Rig

from rumphost.errors import Misuse
from rumphost.kernel.bus_space import BusSpace
from rumphost.kernel.errno import EAGAIN, EINVAL, ENOENT, EOPNOTSUPP
from rumphost.machine import Bar, PciFunction, Region

pytestmark = pytest.mark.usefixtures("service")

MEMORY, IO = 0, 1
BAR = 0xE000_0000
PORTS = 0xC000
MAPPED = 0xE100_0000
LINEAR = 2


class Registers(Region):
    """Plain bytes; every access is noted."""

    def __init__(self, name: str, size: int, *, is_io: bool = False) -> None:
        self.name = name
        self.size = size
        self.is_io = is_io
        self.data = bytearray(size)
        self.accesses: list[tuple[str, int, int]] = []

    def read(self, offset: int, width: int) -> int:
        self.accesses.append(("read", offset, width))
        return int.from_bytes(self.data[offset : offset + width], "little")

    def write(self, offset: int, width: int, value: int) -> None:
        self.accesses.append(("write", offset, width))
        self.data[offset : offset + width] = value.to_bytes(width, "little")

    def describe(self, offset: int, value: int | None = None) -> str:
        return "CTRL" if offset == 0 else f"{offset:#x}"


class Function(PciFunction):
    """Three BARs: memory, ports, and memory that is mapped into the process."""

    def __init__(self) -> None:
        self.bars = {
            0: Bar(0, 0x1000, False, False, False, BAR),
            1: Bar(1, 0x40, True, False, False, PORTS),
            2: Bar(2, 0x1000, False, False, False, MAPPED),
        }
        self.regions = {
            index: Registers(f"00:03.0 bar {index}", bar.size, is_io=bar.is_io)
            for index, bar in self.bars.items()
        }
        self.regions[2].address = 0x7F00_0000_0000

    def map_bar(self, index: int) -> Region:
        return self.regions[index]

    def _none(self, *args: object) -> object:
        raise NotImplementedError

    config_read = config_write = vector_count = _none
    allocate_vectors = release_vectors = reset = _none


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def service(rig: Rig, function: Function) -> BusSpace:
    rig.machine.functions.append(function)
    service = BusSpace(rig.kernel)
    rig.kernel.register(service)
    return service


def map_at(rig: Rig, space: int, address: int, size: int, flags: int = 0, **options):
    """Return the error and the handle."""
    place = rig.memory.allocate(8)

    def script():
        return (yield ("bus_space_map", space, address, size, flags, place))

    return rig.run_script(script, **options), rig.memory.read_uint(place, 8)


def call(rig: Rig, *request):
    def script():
        return (yield request)

    return rig.run_script(script)


@pytest.fixture
def handle(rig: Rig) -> int:
    error, handle = map_at(rig, MEMORY, BAR, 0x1000)
    assert error == 0
    return handle


def test_a_trapped_handle_is_negative(handle):
    assert handle >> 63 == 1


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_each_width_is_read_and_written(rig, function, handle, width):
    value = 0x8877_6655_4433_2211 & (1 << 8 * width) - 1
    call(rig, "bus_space_write", handle, 8 * width, width, value)
    assert call(rig, "bus_space_read", handle, 8 * width, width) == value
    assert function.regions[0].accesses == [("write", 8 * width, width), ("read", 8 * width, width)]


def test_a_value_wider_than_the_register_is_cut(rig, function, handle):
    call(rig, "bus_space_write", handle, 0, 1, 0x1FF)
    assert function.regions[0].data[:2] == b"\xff\0"


def test_multi_reads_one_register_region_successive_ones(rig, function, handle):
    function.regions[0].data[0:8] = bytes(range(8))
    items = rig.memory.allocate(16)
    call(rig, "bus_space_read_multi", handle, 2, 2, items, 3)
    assert rig.memory.read(items, 6) == b"\2\3" * 3
    call(rig, "bus_space_read_region", handle, 2, 2, items, 3)
    assert rig.memory.read(items, 6) == b"\2\3\4\5\6\7"


def test_multi_writes_one_register_region_successive_ones(rig, function, handle):
    items = rig.memory.allocate(16)
    rig.memory.write(items, struct.pack("<3I", 1, 2, 3))
    call(rig, "bus_space_write_multi", handle, 0x20, 4, items, 3)
    call(rig, "bus_space_write_region", handle, 0x40, 4, items, 3)
    region = function.regions[0]
    assert region.data[0x20:0x28] == struct.pack("<2I", 3, 0)
    assert region.data[0x40:0x4C] == struct.pack("<3I", 1, 2, 3)
    assert region.accesses[:3] == [("write", 0x20, 4)] * 3


def test_ports_and_memory_are_different_spaces(rig):
    assert map_at(rig, IO, PORTS, 0x40)[0] == 0
    assert map_at(rig, MEMORY, PORTS, 0x40)[0] == ENOENT
    assert map_at(rig, IO, BAR, 0x40)[0] == ENOENT


def test_what_cannot_be_mapped(rig):
    assert map_at(rig, MEMORY, BAR, 0)[0] == EINVAL
    assert map_at(rig, MEMORY, BAR + 0x800, 0x1000)[0] == ENOENT
    assert map_at(rig, MEMORY, BAR, 0x1000, LINEAR)[0] == EOPNOTSUPP


def test_a_range_is_mapped_once_at_a_time(rig):
    error, handle = map_at(rig, MEMORY, BAR, 0x800)
    assert error == 0
    assert map_at(rig, MEMORY, BAR + 0x400, 0x800)[0] == EAGAIN
    assert map_at(rig, MEMORY, BAR + 0x800, 0x800)[0] == 0
    call(rig, "bus_space_unmap", MEMORY, handle, 0x800)
    assert map_at(rig, MEMORY, BAR + 0x400, 0x400)[0] == 0


def test_a_part_of_a_bar_starts_at_its_own_zero(rig, function):
    _, handle = map_at(rig, MEMORY, BAR + 0x100, 0x10)
    call(rig, "bus_space_write", handle, 4, 4, 7)
    assert function.regions[0].accesses == [("write", 0x104, 4)]
    with pytest.raises(Misuse, match=r"read of 4 bytes at offset 0x110 of 00:03\.0 bar 0: beyond"):
        call(rig, "bus_space_read", handle, 0x10, 4)


@pytest.mark.parametrize(
    ("offset", "width", "words"),
    [
        (0x1000, 4, "offset 0x1000 of 00:03.0 bar 0: beyond the 0x1000 bytes"),
        (0xFFE, 4, "offset 0xffe of 00:03.0 bar 0: beyond"),
        ((1 << 64) - 4, 4, "offset -0x4 of 00:03.0 bar 0: beyond"),
        (2, 4, "read of 4 bytes at offset 0x2 of 00:03.0 bar 0: not aligned"),
        (0xFF0, 8, ""),
    ],
)
def test_an_access_stays_inside_and_aligned(rig, handle, offset, width, words):
    if not words:
        call(rig, "bus_space_read", handle, offset, width)
        return
    with pytest.raises(Misuse) as caught:
        call(rig, "bus_space_read", handle, offset, width)
    assert words in caught.value.message


def test_a_region_access_is_checked_as_a_whole(rig, handle):
    items = rig.memory.allocate(64)
    with pytest.raises(Misuse, match="read of 16 bytes at offset 0xff8"):
        call(rig, "bus_space_read_region", handle, 0xFF8, 4, items, 4)


def test_a_subregion_is_an_offset_and_stays_inside(rig, function, handle):
    call(rig, "bus_space_subregion", handle, 0x800, 0x800)
    call(rig, "bus_space_write", handle + 0x800, 4, 4, 1)
    assert function.regions[0].accesses == [("write", 0x804, 4)]
    call(rig, "bus_space_subregion", handle + 0x800, 0x400, 0x400)
    with pytest.raises(Misuse, match=r"0x401 bytes at 0xc00 of 00:03\.0 bar 0"):
        call(rig, "bus_space_subregion", handle + 0x800, 0x400, 0x401)


def test_an_access_after_unmap_names_what_was_mapped(rig, handle):
    call(rig, "bus_space_unmap", MEMORY, handle, 0x1000)
    with pytest.raises(Misuse, match=r"00:03\.0 bar 0 \(0x1000 bytes at .*\) is not mapped any"):
        call(rig, "bus_space_read", handle, 0, 4)
    with pytest.raises(Misuse, match="not mapped any more"):
        call(rig, "bus_space_unmap", MEMORY, handle, 0x1000)


def test_unmap_takes_the_same_size_space_and_start(rig, handle):
    with pytest.raises(Misuse, match="of 0x800 bytes of memory space"):
        call(rig, "bus_space_unmap", MEMORY, handle, 0x800)
    with pytest.raises(Misuse, match="of I/O space"):
        call(rig, "bus_space_unmap", IO, handle, 0x1000)
    with pytest.raises(Misuse, match=r"at 0x10 inside 00:03\.0 bar 0"):
        call(rig, "bus_space_unmap", MEMORY, handle + 0x10, 0x1000)


def test_a_handle_out_of_nowhere_is_misuse(rig):
    with pytest.raises(Misuse, match="handle 0x12 is of no mapping"):
        call(rig, "bus_space_read", 0x12, 0, 4)


def test_a_mapped_region_is_handed_out_as_it_is(rig, function, service):
    error, handle = map_at(rig, MEMORY, MAPPED + 0x100, 0x100, LINEAR)
    assert (error, handle) == (0, function.regions[2].address + 0x100)
    call(rig, "bus_space_subregion", handle, 0x80, 0x80)
    with pytest.raises(Misuse, match="bus_space_subregion"):
        call(rig, "bus_space_subregion", handle, 0x80, 0x81)
    call(rig, "bus_space_unmap", MEMORY, handle, 0x100)
    assert service.mappings == []


def test_a_mapped_region_is_trapped_when_every_access_is_wanted(rig, function, service):
    service.direct = False
    error, handle = map_at(rig, MEMORY, MAPPED, 0x100)
    assert error == 0
    call(rig, "bus_space_write", handle, 0, 4, 1)
    assert function.regions[2].accesses == [("write", 0, 4)]


def test_the_read_barrier_flushes_posted_writes(rig, handle):
    flushes = []
    rig.machine.flush = lambda: flushes.append(1)
    call(rig, "bus_space_barrier", handle, 0, 4, 2)
    assert not flushes
    call(rig, "bus_space_barrier", handle, 0, 4, 1)
    assert flushes
    with pytest.raises(Misuse, match="barrier"):
        call(rig, "bus_space_barrier", handle, 0xFFD, 4, 1)


def allocate(rig, first, last, size, alignment=1, boundary=0, flags=0):
    wanted = rig.memory.allocate(40)
    rig.memory.write(wanted, struct.pack("<5Q", first, last, size, alignment, boundary))
    address, handle = rig.memory.allocate(8), rig.memory.allocate(8)

    def script():
        return (yield ("bus_space_alloc", MEMORY, wanted, flags, address, handle))

    error = rig.run_script(script)
    return error, rig.memory.read_uint(address, 8), rig.memory.read_uint(handle, 8)


def test_alloc_finds_addresses_at_which_nobody_answers(rig):
    error, address, handle = allocate(rig, BAR - 0x10, BAR + 0x3FFF, 0x100, 0x80)
    assert (error, address) == (0, BAR + 0x1000)
    assert call(rig, "bus_space_read", handle, 0, 4) == 0xFFFF_FFFF
    assert allocate(rig, BAR, BAR + 0x3FFF, 0x100)[1] == BAR + 0x1100
    call(rig, "bus_space_unmap", MEMORY, handle, 0x100)
    assert allocate(rig, BAR, BAR + 0x3FFF, 0x100)[1] == BAR + 0x1000


def test_alloc_honours_alignment_boundary_and_range(rig):
    assert allocate(rig, 0x1010, 0x1FFF, 0x40, 0x100)[:2] == (0, 0x1100)
    assert allocate(rig, 0x2FF0, 0x3FFF, 0x40, 0x10, 0x1000)[:2] == (0, 0x3000)
    assert allocate(rig, 0x5000, 0x503F, 0x41)[0] == EAGAIN
    assert allocate(rig, 0x5000, 0x5FFF, 0)[0] == EINVAL
    assert allocate(rig, 0x5000, 0x5FFF, 0x40, flags=LINEAR)[0] == EOPNOTSUPP


def test_what_a_device_left_mapped_is_listed_and_released(rig, service):
    owner = FakeOwner()
    assert map_at(rig, MEMORY, BAR, 0x1000, owner=owner)[0] == 0
    assert map_at(rig, IO, PORTS, 0x40, owner=FakeOwner(2, "bar0"))[0] == 0
    (leak,) = service.leaks(owner)
    assert str(leak) == (
        "bus_space(9): 00:03.0 bar 0 (0x1000 bytes at memory 0xe0000000) is still mapped"
    )
    service.release(owner)
    assert service.leaks(owner) == []
    assert len(service.mappings) == 1
    assert map_at(rig, MEMORY, BAR, 0x1000)[0] == 0


def test_the_trace_names_region_and_register(rig, handle):
    def run():
        call(rig, "bus_space_write", handle, 0, 4, 5)
        call(rig, "bus_space_read", handle, 8, 2)

    events = [event for event in rig.trace_of(run) if event.name.startswith("bus_space.")]
    assert [event.name for event in events] == ["bus_space.write", "bus_space.read"]
    assert events[0].fields == {
        "region": "00:03.0 bar 0", "offset": 0, "register": "CTRL", "width": 4, "value": 5,
    }  # fmt: skip
    assert events[1].fields["register"] == "0x8"


def test_mapping_again_and_again_leaves_nothing_behind(rig, service):
    for _ in range(200):
        error, handle = map_at(rig, MEMORY, BAR, 0x1000)
        assert error == 0
        call(rig, "bus_space_unmap", MEMORY, handle, 0x1000)
    assert service.mappings == []
    assert len(service._gone) <= 64
