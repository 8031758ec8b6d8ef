"""DMA: allocated and mapped memory, limits, accounting, the mirror, and the IOMMU's borders."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
from pathlib import Path

import pytest
from hardware import CONFINED, EDU, EDU_BITS, EDU_BUFFER, attribute, needs_iommu, refused

PAGE = mmap.PAGESIZE
CAP_IPC_LOCK, CAP_SYS_RAWIO = 14, 17


@pytest.fixture
def ready(edu):
    """edu with DMA allowed."""
    edu.request("DMA_MASK", "dma_mask", bits=EDU_BITS)
    edu.master()
    return edu


def aligned(size: int) -> tuple[mmap.mmap, int]:
    """Return anonymous memory and its address."""
    memory = mmap.mmap(-1, size)
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory))


class TestAllocated:
    def test_there_and_back(self, ready):
        given, memory = ready.allocate(4 * PAGE)
        assert given.bus_address % PAGE == 0
        assert given.bus_address + 4 * PAGE <= 1 << EDU_BITS
        assert memory[:] == bytes(4 * PAGE)
        memory[0:64] = bytes(range(64))
        ready.edu_copy(given.bus_address, EDU_BUFFER, 64)
        ready.edu_copy(EDU_BUFFER, given.bus_address + 3 * PAGE, 64)
        assert memory[3 * PAGE : 3 * PAGE + 64] == bytes(range(64))
        ready.request("DMA_SYNC", "dma_sync", handle=given.handle, whom=1)

    def test_a_large_one(self, ready):
        size = 8 << 20 if CONFINED else 4 << 20
        given, memory = ready.allocate(size)
        memory[size - 5 : size] = b"hello"
        ready.edu_copy(given.bus_address + size - 5, EDU_BUFFER, 5)
        ready.edu_copy(EDU_BUFFER, given.bus_address, 5)
        assert memory[:5] == b"hello"
        assert attribute(EDU, "dma_bytes") == str(size)
        assert [(one.size, one.handle, one.kind) for one in ready.mirror()] == [
            (size, given.handle, 0)
        ]
        ready.free(given.handle)
        assert memory[:5] == b"hello"  # the process has its pages still
        assert attribute(EDU, "dma_bytes") == "0"
        assert ready.mirror() == []

    def test_parts_may_be_mapped(self, ready):
        given, memory = ready.allocate(4 * PAGE)
        memory[2 * PAGE] = 77
        assert ready.map(given.mmap_offset + 2 * PAGE, PAGE)[0] == 77
        for offset, size in ((4 * PAGE, PAGE), (0, 5 * PAGE), (3 * PAGE, 2 * PAGE)):
            with refused(errno.EINVAL):
                ready.map(given.mmap_offset + offset, size)

    def test_wrong_sizes(self, ready):
        for size in (0, 1, PAGE + 1, (1 << 30) + PAGE, 1 << 63, (1 << 64) - PAGE):
            with refused(errno.EINVAL):
                ready.request("DMA_ALLOC", "dma_alloc", size=size)
        with refused(errno.EINVAL):
            ready.request("DMA_ALLOC", "dma_alloc", size=PAGE, pad=1)
        for handle in (0, 5, 0xFFFFFFFF):
            with refused(errno.EINVAL):
                ready.free(handle)
            with refused(errno.EINVAL):
                ready.request("DMA_SYNC", "dma_sync", handle=handle)

    def test_the_mask_comes_first(self, ready):
        for bits in (0, 19, 65):
            with refused(errno.EINVAL):
                ready.request("DMA_MASK", "dma_mask", bits=bits)
        given, _ = ready.allocate(PAGE)
        with refused(errno.EBUSY):
            ready.request("DMA_MASK", "dma_mask", bits=32)
        ready.free(given.handle)
        ready.request("DMA_MASK", "dma_mask", bits=28)
        given, _ = ready.allocate(1 << 20)
        assert given.bus_address + (1 << 20) <= 1 << 28


class TestMapped:
    def test_there_and_back(self, ready):
        memory, address = aligned(2 * PAGE)
        memory[100:110] = b"0123456789"
        handle, segments = ready.map_memory(address + 100, 10)
        assert segments[0][0] % PAGE == 100
        assert segments[0][1] == 10
        ready.edu_copy(segments[0][0], EDU_BUFFER, 10)
        memory[100:110] = bytes(10)
        ready.edu_copy(EDU_BUFFER, segments[0][0], 10)
        ready.request("DMA_SYNC", "dma_sync", handle=handle, whom=1)
        assert memory[100:110] == b"0123456789"
        (entry,) = ready.mirror()
        assert (entry.address, entry.size, entry.kind, entry.segments) == (address + 100, 10, 1, 1)
        ready.free(handle)
        assert ready.mirror() == []
        assert attribute(EDU, "dma_bytes") == "0"

    def test_the_limits_of_segments(self, ready):
        _memory, address = aligned(8 * PAGE)
        handle, segments = ready.map_memory(
            address + 256, 6 * PAGE, 100, max_segment_size=1536, boundary=PAGE
        )
        assert sum(length for _, length in segments) == 6 * PAGE
        for bus_address, length in segments:
            assert length <= 1536
            assert bus_address // PAGE == (bus_address + length - 1) // PAGE
        ready.free(handle)
        with refused(errno.EFBIG):
            ready.map_memory(address, 6 * PAGE, 5, max_segment_size=PAGE)
        assert ready.mirror() == []

    def test_directions(self, ready):
        """Memory that the process may not write can be for the device to read, no more."""
        memory = mmap.mmap(-1, PAGE)
        memory[:5] = b"hello"
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.mprotect(ctypes.c_void_p(address), PAGE, mmap.PROT_READ) == 0
        for direction in (0, 2):
            with refused(errno.EFAULT):
                ready.map_memory(address, 5, direction=direction)
        handle, segments = ready.map_memory(address, 5, direction=1)
        ready.edu_copy(segments[0][0], EDU_BUFFER, 5)
        ready.free(handle)

    def test_wrong_ones(self, ready):
        _memory, address = aligned(PAGE)
        for wrong in (
            {"size": 0},
            {"size": 1 << 40},
            {"address": (1 << 64) - 10, "size": 100},
            {"direction": 3},
            {"boundary": 3000},
            {"count": 0},
            {"count": 1 << 20},
        ):
            arguments = {"address": address, "size": 8, "count": 1, **wrong}
            segments = (ready.uapi.struct("dma_segment") * 1)()
            with refused(errno.EINVAL):
                ready.request(
                    "DMA_MAP",
                    "dma_map",
                    segments=ctypes.addressof(segments),
                    max_segments=arguments.pop("count"),
                    **arguments,
                )
        for place in (0, PAGE, ctypes.addressof(ctypes.c_char.from_buffer(ready.bar(0)))):
            with refused(errno.EFAULT):  # nothing, and registers
                ready.map_memory(place, 8)
        with refused(errno.EFAULT):
            ready.request(
                "DMA_MAP", "dma_map", address=address, size=8, segments=64, max_segments=1
            )
        assert ready.mirror() == []
        assert attribute(EDU, "dma_bytes") == "0"


class TestLimits:
    def in_child(self, edu_function, test) -> None:
        """Run ``test(hardware)`` in a child without privileges beyond the open file."""
        from hardware import Hardware

        from rumphost.machine.kmod.node import Node

        child = os.fork()
        if child == 0:
            status = 1
            try:
                hardware = Hardware(Node(edu_function))
                libc = ctypes.CDLL(None)
                resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))
                assert libc.setuid(65534) == 0
                test(hardware)
                status = 0
            except BaseException as error:
                os.write(2, f"{type(error).__name__}: {error}\n".encode())
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0

    @needs_iommu
    def test_locked_memory(self, edu_function):
        def test(edu):
            first, _ = edu.allocate(512 << 10)
            with refused(errno.ENOMEM):
                edu.allocate(1 << 20)
            memory, address = aligned(1 << 20)
            with refused(errno.ENOMEM):
                edu.map_memory(address, len(memory), 300)
            edu.free(first.handle)
            handle, _ = edu.map_memory(address, len(memory), 300)
            edu.free(handle)
            locked = [
                line
                for line in Path("/proc/self/status").read_text().splitlines()
                if "VmLck" in line
            ]
            assert locked[0].split()[1] == "0"

        self.in_child(edu_function, test)
        assert attribute(EDU, "dma_bytes") == "0"

    @pytest.mark.skipif(CONFINED, reason="this virtual machine has an IOMMU")
    def test_without_an_iommu_it_takes_a_capability(self, edu_function):
        def test(edu):
            assert edu.info.flags & edu.uapi.constant("INFO_UNSAFE")
            with refused(errno.EACCES):
                edu.master()
            with refused(errno.EACCES):
                edu.allocate(PAGE)
            with refused(errno.EACCES):
                edu.interrupts("MSI")

        self.in_child(edu_function, test)

    @pytest.mark.skipif(CONFINED, reason="this virtual machine has an IOMMU")
    def test_the_taint(self, ready):
        assert int(Path("/proc/sys/kernel/tainted").read_text()) & 1 << 6


@needs_iommu
class TestBorders:
    def test_the_device_stays_out_of_other_memory(self, ready, kernel_log):
        """A stray DMA changes nothing, and the kernel's log tells of it."""
        given, memory = ready.allocate(2 * PAGE)
        memory[:4] = b"good"
        ready.edu_copy(given.bus_address, EDU_BUFFER, 4)
        for stray in (0x100000, given.bus_address - PAGE, given.bus_address + 2 * PAGE):
            ready.edu_copy(EDU_BUFFER, stray, 4)
        kernel_log.expect(rf"DMAR: \[DMA Write .*device \[{EDU[5:]}\] fault addr")
        kernel_log.expect("DMAR: DRHD: handling fault")
        assert memory[4:] == bytes(2 * PAGE - 4)

    def test_freed_memory_is_out_of_reach_at_once(self, ready, kernel_log):
        given, memory = ready.allocate(PAGE)
        memory[:4] = b"good"
        ready.edu_copy(given.bus_address, EDU_BUFFER, 4)
        memory[:4] = b"kept"
        ready.free(given.handle)
        ready.edu_copy(EDU_BUFFER, given.bus_address, 4)
        assert memory[:4] == b"kept"
        kernel_log.expect("DMAR: .*fault")
