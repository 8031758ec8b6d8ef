"""Registers: mapped BARs and their limits, accesses by request, configuration space."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import mmap
import os
import signal
from pathlib import Path

import pytest
from hardware import (
    COMMAND,
    COMMAND_MASTER,
    EDU_ID,
    EDU_LIVE,
    MSIX,
    PORT,
    SMALL,
    Hardware,
    needs_iommu,
    refused,
)

from rumphost.machine.kmod.node import Node
from rumphost.machine.sysfs import SysfsFunction, bound

READ, WRITE = 0, 1


def opened(name: str):
    """A function that only these tests use, for the time of a test."""
    function = SysfsFunction(name)
    with bound(function, "rumphost"):
        hardware = Hardware(Node(function))
        try:
            yield hardware
        finally:
            hardware.close()


@pytest.fixture
def msix():
    """e1000e: its BAR 3 is the MSI-X table's."""
    yield from opened(MSIX)


@pytest.fixture
def small():
    """pci-testdev: a memory BAR of a page and an I/O BAR."""
    yield from opened(SMALL)


@pytest.fixture
def port():
    """An AHCI-less multi-port serial card: I/O ports only."""
    yield from opened(PORT)


def ports_of(hardware: Hardware) -> int:
    """Return the number of the first I/O BAR."""
    io = hardware.uapi.constant("BAR_IO")
    return next(n for n, bar in enumerate(hardware.info.bars) if bar.flags & io)


class TestMapping:
    def test_a_register(self, edu):
        assert edu.read(EDU_ID) == 0x010000ED
        edu.write(EDU_LIVE, 0x12345678)
        assert edu.read(EDU_LIVE) == 0xEDCBA987

    def test_the_whole_bar_and_no_page_more(self, edu):
        bar = edu.info.bars[0]
        assert bar.size == 1 << 20
        whole = edu.map(bar.mmap_offset, bar.size)
        assert ctypes.c_uint32.from_buffer(whole, EDU_ID).value == 0x010000ED
        with refused(errno.EINVAL):
            edu.map(bar.mmap_offset, bar.size + 1)
        with refused(errno.EINVAL):
            edu.map(bar.mmap_offset + bar.size, mmap.PAGESIZE)
        with refused(errno.EINVAL):
            edu.map(bar.mmap_offset + bar.size - mmap.PAGESIZE, 2 * mmap.PAGESIZE)

    def test_a_bar_that_is_not_there(self, edu):
        shift = edu.uapi.constant("MMAP_SHIFT")
        for index in (1, 5, 6, 15, 16, 17, 1 << 20):
            with refused(errno.EINVAL):
                edu.map(index << shift, mmap.PAGESIZE)

    def test_private_or_executable_mappings(self, edu):
        with refused(errno.EINVAL):
            edu.map(0, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE)
        with refused(errno.EINVAL):
            edu.map(0, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_EXEC)

    def test_write_combining_needs_a_prefetchable_bar(self, edu):
        with refused(errno.EINVAL):
            edu.map(1 << edu.uapi.constant("MMAP_WC_SHIFT"), mmap.PAGESIZE)

    def test_a_child_does_not_inherit_them(self, edu):
        assert edu.read(EDU_ID)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            try:
                edu.read(EDU_ID)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        assert os.WTERMSIG(status) == signal.SIGSEGV

    def test_the_msix_table(self, msix):
        table = msix.info.bars[3]
        assert table.flags & msix.uapi.constant("BAR_SPARSE")
        assert (table.no_mmap_offset, table.no_mmap_size) == (0, 4096)
        with refused(errno.EPERM):
            msix.map(table.mmap_offset, mmap.PAGESIZE)
        with refused(errno.EPERM):
            msix.map(table.mmap_offset, table.size)
        after = msix.map(table.mmap_offset + 4096, mmap.PAGESIZE)
        assert len(after) == 4096
        msix.access((3, 4, READ, 0, 0))
        with refused(errno.EPERM):
            msix.access((3, 4, WRITE, 0, 0xFEE00000))


class TestWriteCombining:
    """pci-testdev's BAR 2 is memory, and prefetchable."""

    def test_one_attribute_at_a_time(self, small):
        bar = small.info.bars[2]
        assert bar.flags & small.uapi.constant("BAR_PREFETCHABLE")
        wc = bar.mmap_offset + (1 << small.uapi.constant("MMAP_WC_SHIFT"))
        combining = mmap.mmap(small.node.fd, 8192, offset=wc)
        combining[0:5] = b"hello"  # which QEMU's device forgets
        second = mmap.mmap(small.node.fd, 4096, offset=wc + 4096)
        assert "write-combining" in memory_types(bar.address)
        with refused(errno.EBUSY):
            small.map(bar.mmap_offset, 4096)
        with refused(errno.EBUSY):
            small.access((2, 4, READ, 0, 0))
        combining.close()
        with refused(errno.EBUSY):
            small.map(bar.mmap_offset, 4096)
        second.close()
        assert "write-combining" not in memory_types(bar.address)
        small.map(bar.mmap_offset, 4096)
        small.access((2, 4, READ, 0, 0))
        with refused(errno.EBUSY):
            mmap.mmap(small.node.fd, 4096, offset=wc)


def memory_types(address: int) -> str:
    """Return the page-attribute table's lines about an address."""
    table = Path("/sys/kernel/debug/x86/pat_memtype_list").read_text()
    return "\n".join(line for line in table.splitlines() if f"{address:016x}" in line)


class TestAccess:
    def test_memory(self, edu):
        values = edu.access(
            (0, 4, READ, EDU_ID, 0), (0, 4, WRITE, EDU_LIVE, 1), (0, 4, READ, EDU_LIVE, 0)
        )
        assert values == [0x010000ED, 1, 0xFFFFFFFE]
        assert edu.access((0, 8, READ, 0x80, 0))

    def test_ports(self, port):
        """The scratch register of a 16550."""
        ports, scratch = ports_of(port), 7
        for value in (0x00, 0x5A, 0xFF):
            written, found = port.access(
                (ports, 1, WRITE, scratch, value), (ports, 1, READ, scratch, 0)
            )
            assert written == found == value
        assert port.access((ports, 2, READ, 6, 0), (ports, 4, READ, 4, 0))[0] >> 8 == 0xFF

    def test_the_limits_of_ports(self, port):
        ports = ports_of(port)
        assert port.info.bars[ports].size == 8
        with refused(errno.EINVAL):
            port.map(ports << port.uapi.constant("MMAP_SHIFT"), mmap.PAGESIZE)
        for width, offset in ((1, 8), (4, 8), (4, 6), (8, 0)):
            with refused(errno.EINVAL):
                port.access((ports, width, READ, offset, 0))

    def test_a_page_that_is_less_than_a_page(self, small):
        bar = small.info.bars[0]
        assert bar.size == 4096
        assert bar.flags & small.uapi.constant("BAR_MMAP")
        assert small.read(0) == small.access((0, 4, READ, 0, 0))[0]

    @pytest.mark.parametrize(
        "access",
        [
            (0, 4, READ, 1 << 20, 0),
            (0, 4, READ, (1 << 20) - 2, 0),
            (0, 4, READ, 2, 0),
            (0, 3, READ, 0, 0),
            (0, 0, READ, 0, 0),
            (0, 4, 2, 0, 0),
            (1, 4, READ, 0, 0),
            (6, 4, READ, 0, 0),
            (255, 4, READ, 0, 0),
            (0, 4, READ, 0xFFFFFFFC, 0),
            (0, 4, WRITE, EDU_LIVE, 1 << 32),
        ],
    )
    def test_wrong_ones(self, edu, access):
        with refused(errno.EINVAL):
            edu.access(access)

    def test_how_far_a_batch_came(self, edu):
        step = edu.uapi.struct("access")
        array = (step * 3)((0, 4, WRITE, 0, EDU_LIVE, 5), (0, 4, READ, 0, 1, 0), (0, 4, 0, 0, 0, 0))
        batch = edu.uapi.struct("batch")(accesses=ctypes.addressof(array), count=3)
        with refused(errno.EINVAL):
            fcntl.ioctl(edu.node.fd, edu.uapi.request("ACCESS"), batch)
        assert batch.done == 1
        assert edu.read(EDU_LIVE) == 0xFFFFFFFA
        for count in (0, edu.uapi.constant("ACCESS_MAX") + 1):
            with refused(errno.EINVAL):
                edu.request("ACCESS", "batch", accesses=ctypes.addressof(array), count=count)
        with refused(errno.EFAULT):
            edu.request("ACCESS", "batch", accesses=16, count=3)


class TestConfiguration:
    def test_identity(self, edu):
        assert edu.config(0, 4) == 0x11E81234
        assert (edu.config(0, 2), edu.config(2, 2), edu.config(3, 1)) == (0x1234, 0x11E8, 0x11)
        assert (edu.info.vendor, edu.info.device) == (0x1234, 0x11E8)

    def test_what_the_kernel_keeps(self, edu):
        before = [edu.config(offset, 4) for offset in range(0, 64, 4)]
        msi = edu.config(0x34, 1)
        for offset, width in ((0x10, 4), (0x24, 4), (0x30, 4), (0x3C, 1), (0x0, 4), (0x2C, 4)):
            with refused(errno.EPERM):
                edu.set_config(offset, width, 0)
        for offset in range(msi, msi + 14, 2):
            with refused(errno.EPERM):
                edu.set_config(offset, 2, 0)
        assert [edu.config(offset, 4) for offset in range(0, 64, 4)] == before

    def test_the_command_register(self, edu):
        before = edu.config(COMMAND, 2)
        assert before & 3
        assert not before & COMMAND_MASTER
        edu.set_config(COMMAND, 2, 0)
        assert edu.config(COMMAND, 2) == before & ~0x150
        edu.set_config(COMMAND, 2, 0x7FF)
        assert edu.config(COMMAND, 2) & 0x407 == before & 0x407
        assert edu.config(COMMAND, 2) & 0x100  # SERR#, of which QEMU lets us write
        edu.set_config(COMMAND, 4, before)  # with the status above it
        assert edu.read(EDU_ID) == 0x010000ED

    @needs_iommu
    def test_bus_mastering_has_a_request_of_its_own(self, edu):
        edu.master()
        assert edu.config(COMMAND, 2) & COMMAND_MASTER
        edu.set_config(COMMAND, 2, 0)
        assert edu.config(COMMAND, 2) & COMMAND_MASTER
        edu.master(False)
        assert not edu.config(COMMAND, 2) & COMMAND_MASTER

    @pytest.mark.parametrize(
        ("offset", "width"), [(0, 3), (0, 0), (0, 8), (1, 2), (2, 4), (4096, 4), (1 << 31, 4)]
    )
    def test_wrong_places(self, edu, offset, width):
        with refused(errno.EINVAL):
            edu.config(offset, width)
        with refused(errno.EINVAL):
            edu.set_config(offset, width, 0)
