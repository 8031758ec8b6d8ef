"""bus_space(9) and bus_dma(9) through the real boundary, with a small C program as the driver."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rumphost.boundary import Boundary, Image, Interface
from rumphost.errors import DriverPanic, Misuse
from rumphost.kernel.bus_dma import BusDma
from rumphost.kernel.bus_dma_map import POSTREAD, PREWRITE
from rumphost.kernel.bus_space import BusSpace
from rumphost.kernel.kernel import Kernel
from rumphost.kernel.panic import Panic
from rumphost.machine import Bar, Machine, MappedMemory, PciFunction, Region, VirtualClock
from rumphost.sources import hypercalls_dir

TRAPPED = 0xE000_0000
MAPPED = 0xE100_0000
PORTS = 0xC000
BUS = 0x0400_0000
SLOW_DMA = 2
SOURCES = ("start.c", "bus_space.c", "bus_dma.c", "bus_dmamem.c")


class Registers(Region):
    """Plain bytes, which may be mapped into the process."""

    def __init__(self, name: str, size: int, *, mapped: bool = False) -> None:
        self.name, self.size = name, size
        self.data = (ctypes.c_char * size)()
        self.address = ctypes.addressof(self.data) if mapped else None
        self.accesses = 0

    def read(self, offset: int, width: int) -> int:
        self.accesses += 1
        return int.from_bytes(self.data[offset : offset + width], "little")

    def write(self, offset: int, width: int, value: int) -> None:
        self.accesses += 1
        self.data[offset : offset + width] = value.to_bytes(width, "little")


class Function(PciFunction):
    """One memory BAR that is trapped, one that is mapped, and ports."""

    def __init__(self) -> None:
        self.bars = {
            0: Bar(0, 0x1000, False, False, False, TRAPPED),
            1: Bar(1, 0x1000, False, False, False, MAPPED),
            2: Bar(2, 0x40, True, False, False, PORTS),
        }
        self.regions = {
            index: Registers(f"00:03.0 bar {index}", bar.size, mapped=index == 1)
            for index, bar in self.bars.items()
        }

    def map_bar(self, index: int) -> Region:
        return self.regions[index]

    def _none(self, *args: object) -> Any:
        raise NotImplementedError

    config_read = config_write = vector_count = _none
    allocate_vectors = release_vectors = reset = _none


class SmallMachine(Machine):
    """DMA memory and one function."""

    def __init__(self) -> None:
        super().__init__("small", VirtualClock())
        self.dma = MappedMemory(8 << 20, bus_address=BUS)
        self.functions = [Function()]

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        self.dma.close()


@dataclass
class Host:
    """Everything that ``host.py`` puts together, as far as these pages need it."""

    machine: SmallMachine
    boundary: Boundary
    image: Image
    kernel: Kernel
    panics: list[DriverPanic] = field(default_factory=list)

    def __call__(self, name: str, *args: int, owner: Any = None) -> int:
        """Run a function of the program on an lwp; returns its result or raises what ended it."""
        results: list[int] = []
        self.kernel.scheduler.spawn(
            name, self.image.symbol(name), args, image=self.image, owner=owner,
            on_exit=results.append,
        )  # fmt: skip
        while self.kernel.scheduler.run_some().more:
            pass
        if self.panics:
            raise self.panics.pop()
        return results[0]


@dataclass(frozen=True)
class Device:
    number: int = 5
    xname: str = "foo0"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("bus")
    hypercalls = hypercalls_dir()
    stubs = work / "stubs.c"
    stubs.write_text(Interface.read(hypercalls / "hypercall.h").stubs_source())
    output = work / "bus.so"
    subprocess.run(
        ["cc", "-D_KERNEL", "-std=gnu99", "-ffreestanding", "-nostdinc", "-nostdlib", "-fPIC",
         "-shared", "-fvisibility=hidden", "-fno-omit-frame-pointer", "-fno-strict-aliasing",
         "-fno-optimize-sibling-calls", "-O2", "-g", "-Wall", "-Wextra", "-Werror",
         "-Wmissing-prototypes", "-Wl,-z,defs",
         f"-I{hypercalls}", f"-I{hypercalls}/include", f"-I{hypercalls}/include/builtin",
         "-o", str(output), str(stubs), str(Path(__file__).parent / "bus_program.c"),
         *(str(hypercalls / source) for source in SOURCES)],
        check=True,
    )  # fmt: skip
    return output


@pytest.fixture
def host(program: Path):
    machine = SmallMachine()
    boundary = Boundary()
    boundary.start_arena((c.address, c.size, c.bus_address) for c in machine.dma.chunks)
    kernel = Kernel(machine, boundary, boundary.memory, boundary.interface.table())
    for service in (Panic(), BusSpace(kernel), BusDma(kernel)):
        kernel.register(service)
    host = Host(machine, boundary, boundary.load(program), kernel)
    kernel.scheduler.on_panic = lambda _lwp, panic: host.panics.append(panic)
    yield host
    boundary.close()
    machine.dma.close()


@pytest.fixture(params=[TRAPPED, MAPPED], ids=["trapped", "mapped"])
def address(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.mark.parametrize("name", ["single", "streams", "many"])
def test_all_widths_and_kinds_of_access(host, name, address):
    assert host(name, address) == 0
    function = host.machine.functions[0]
    assert (function.regions[0].accesses > 0) == (address == TRAPPED)
    assert function.regions[1].accesses == 0


def test_mapped_registers_are_trapped_when_asked_for(host):
    host.kernel.service(BusSpace).direct = False
    assert host("many", MAPPED) == 0
    assert host.machine.functions[0].regions[1].accesses > 0


def test_parts_of_a_mapping(host, address):
    assert host("parts", address, 0x1000) == 0
    with pytest.raises(Misuse, match="bus_space_subregion: 0x100 bytes at 0x100"):
        host("parts", address, 0x180)


def test_ports_are_a_space_of_their_own(host):
    assert host("ports", PORTS) == 0


def test_bus_space_alloc_and_free(host):
    assert host("reserve") == 0


def test_an_access_outside_names_region_and_function(host):
    with pytest.raises(Misuse, match=r"00:03\.0 bar 0: beyond") as caught:
        host("touch", TRAPPED, 0x1000, 4)
    assert "touch" in [frame.function for frame in caught.value.backtrace]


def test_an_access_that_is_not_aligned(host):
    with pytest.raises(Misuse, match=r"offset 0x3 of .*: not aligned"):
        host("touch", TRAPPED, 3, 2)


def test_the_address_of_linear_space(host):
    region = host.machine.functions[0].regions[1]
    assert host("vaddr", MAPPED) == region.address
    with pytest.raises(Misuse, match="bus_space_vaddr"):
        host("vaddr", TRAPPED)


@pytest.mark.parametrize("slow", [0, SLOW_DMA], ids=["shim", "host"])
@pytest.mark.parametrize("name", ["map_direct", "split", "tags", "chain", "vectors", "raw"])
def test_loads(host, name, slow):
    host.boundary.cpu.slow = slow
    assert host(name) == 0
    assert host.boundary.bytes_in_use == 0
    assert host.kernel.service(BusDma).maps == []


@pytest.mark.parametrize(
    ("size", "alignment", "boundary", "count"),
    [
        (1, 0, 0, 1),
        (0x1000, 0x1000, 0, 1),
        (0x4000, 0x10000, 0, 1),
        (0x30000, 0x40000, 0, 1),
        (0x3000, 0, 0x10000, 1),
        (0x3000, 0, 0x1000, 4),
    ],
)
def test_dma_safe_memory(host, size, alignment, boundary, count):
    assert host("safe", size, alignment, boundary, count) == 0
    assert host.boundary.bytes_in_use == 0


def test_the_device_sees_memory_of_the_arena_itself(host):
    address = host.boundary.memory.allocate(0x1000)
    host.boundary.memory.write(address, b"shared")
    (chunk,) = host.machine.dma.chunks
    assert host.machine.dma.read(address - chunk.address + BUS, 6) == b"shared"


def test_static_memory_bounces(host):
    bus_address = host("load_static", 0x3000)
    assert BUS <= bus_address < BUS + (8 << 20)
    for offset in (0, 0x2FFF):
        host("sync_static", 0x55, offset, PREWRITE)
        assert host.machine.dma.read(bus_address + offset, 1) == b"\x55"
        host.machine.dma.write(bus_address + offset, b"\xaa")
        host("sync_static", 0, offset, POSTREAD)
        assert host("static_byte", offset) == 0xAA
    host("unload_static")
    assert host.boundary.bytes_in_use == 0


def test_loading_a_bad_address_is_the_drivers_fault(host):
    with pytest.raises(DriverPanic, match="bad memory access") as caught:
        host("load_at", 0x1000)
    assert "bus_dmamap_load" in [frame.function for frame in caught.value.backtrace]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (1, "bus_dmamap_sync: the map is not loaded"),
        (2, "bus_dmamap_load: the map is loaded already"),
        (3, "bus_dmamap_sync: offset or length beyond"),
        (4, "bus_dmamap_sync: PRE and POST operations"),
        (5, "bus_dmatag_destroy: not a tag of bus_dmatag_subregion"),
    ],
)
def test_misuse(host, how, words):
    with pytest.raises(Misuse, match=words) as caught:
        host("wrong", how)
    assert "wrong" in [frame.function for frame in caught.value.backtrace]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (0, "bus_dmamap_unload of a map that is not loaded"),
        (6, "bus_dmamap_destroy of a map that is loaded"),
    ],
)
def test_what_does_no_harm_is_a_finding(host, how, words):
    assert host("wrong", how) == 0
    (found,) = host.kernel.findings.all
    assert found.page == "bus_dma(9)"
    assert found.what.startswith(f"{words}, created in ")
    (frame,) = host.boundary.symbolizer.frames([found.site])
    assert frame.function == "wrong"
    assert f"warning: bus_dma(9): {words}" in host.kernel.console.text


def test_a_chain_whose_header_lies_is_misuse(host):
    with pytest.raises(Misuse, match=r"m_pkthdr\.len is not the length of the chain"):
        host("broken_chain")


def test_leaks_are_listed_with_their_place_and_released(host):
    device = Device()
    assert host("leave", owner=device) == 0
    spaces, dma = host.kernel.service(BusSpace), host.kernel.service(BusDma)
    assert len(spaces.leaks(device)) == 1
    leaks = dma.leaks(device)
    assert len(leaks) == 3
    frames = host.boundary.symbolizer.frames([leak.site for leak in leaks], exact_first=False)
    assert {frame.function for frame in frames} == {"leave"}
    assert host.boundary.allocations(device.number) == []
    spaces.release(device)
    dma.release(device)
    assert host.boundary.bytes_in_use == 0
    assert host("map_direct") == 0


def test_memory_that_runs_out_is_an_error(host):
    host.boundary.cpu.fault_injection = 1
    assert host("load_static", 0x100) != 0
    assert host.kernel.service(BusDma).maps == []
