"""VFIO's interface, /dev/vfio: container, group, device and their requests.

The numbers and layouts are those of <linux/vfio.h>, a stable interface.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from pathlib import Path
from typing import ClassVar

from rumphost.errors import HostLacks, MachineError, UsageError
from rumphost.machine.sysfs import SysfsFunction

DRIVER = "vfio-pci"
DIRECTORY = Path("/dev/vfio")

_BASE = ord(";") << 8 | 100
GET_API_VERSION, CHECK_EXTENSION, SET_IOMMU = _BASE, _BASE + 1, _BASE + 2
GROUP_GET_STATUS, GROUP_SET_CONTAINER, GROUP_GET_DEVICE_FD = _BASE + 3, _BASE + 4, _BASE + 6
DEVICE_GET_INFO, DEVICE_GET_REGION_INFO = _BASE + 7, _BASE + 8
DEVICE_GET_IRQ_INFO, DEVICE_SET_IRQS, DEVICE_RESET = _BASE + 9, _BASE + 10, _BASE + 11
IOMMU_MAP_DMA = _BASE + 13

TYPE1V2 = 3
GROUP_VIABLE = 1
DEVICE_CAN_RESET = 1
REGION_WRITE, REGION_MMAP = 2, 4
CONFIG_REGION = 7
IRQ_INTX, IRQ_MSI, IRQ_MSIX, IRQ_ERR, IRQ_REQ = range(5)
SET_NONE, SET_EVENTFD = 1, 4
SET_MASK, SET_UNMASK, SET_TRIGGER = 8, 16, 32


class RegionInfo(ctypes.Structure):
    """struct vfio_region_info, without its capabilities."""

    _fields_: ClassVar = [
        ("argsz", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("index", ctypes.c_uint32),
        ("cap_offset", ctypes.c_uint32),
        ("size", ctypes.c_uint64),
        ("offset", ctypes.c_uint64),
    ]
    flags: int
    size: int
    offset: int


class VfioDevice:
    """An open function with its group and container; requests raise ``OSError``."""

    def __init__(self, function: SysfsFunction) -> None:
        self.function = function
        self._fds: list[int] = []
        _check(function)
        try:
            self.container = self._open(DIRECTORY / "vfio")
            self.group = self._open(DIRECTORY / function.iommu_group)
            self._join()
            name = bytearray(function.name.encode() + b"\0")
            self.fd: int = fcntl.ioctl(self.group, GROUP_GET_DEVICE_FD, name)
            self._fds.append(self.fd)
        except BaseException as error:
            self.close()
            if isinstance(error, OSError):
                raise MachineError(f"vfio: {function.name}: {error.strerror}") from error
            raise
        info = fcntl.ioctl(self.fd, DEVICE_GET_INFO, struct.pack("=5I", 20, 0, 0, 0, 0))
        _, flags, self.region_count, self.irq_count, _ = struct.unpack("=5I", info)
        self.can_reset = bool(flags & DEVICE_CAN_RESET)

    def region(self, index: int) -> RegionInfo:
        """Return where a region is in the device's file; size 0: not there."""
        info = RegionInfo(argsz=ctypes.sizeof(RegionInfo), index=index)
        try:
            fcntl.ioctl(self.fd, DEVICE_GET_REGION_INFO, info)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        return info

    def vectors(self, index: int) -> int:
        """Return how many vectors of a kind there are."""
        try:
            answer = fcntl.ioctl(self.fd, DEVICE_GET_IRQ_INFO, struct.pack("=4I", 16, 0, index, 0))
        except OSError:
            return 0
        return int(struct.unpack("=4I", answer)[3])

    def set_irqs(self, index: int, flags: int, start: int, fds: list[int] | None = None) -> None:
        """VFIO_DEVICE_SET_IRQS with eventfds, or without data; ``start`` is a vector or count."""
        if fds is None:
            what = struct.pack("=5I", 20, flags | SET_NONE, index, 0, start)
        else:
            count = len(fds)
            size = 20 + 4 * count
            what = struct.pack("=5I", size, flags | SET_EVENTFD, index, start, count)
            what += struct.pack(f"={count}i", *fds)
        fcntl.ioctl(self.fd, DEVICE_SET_IRQS, what)

    def map_dma(self, address: int, bus_address: int, size: int) -> None:
        """Let the device reach memory of this process, for reading and writing."""
        what = struct.pack("=2I3Q", 32, 3, address, bus_address, size)
        fcntl.ioctl(self.container, IOMMU_MAP_DMA, what)

    def reset(self) -> None:
        fcntl.ioctl(self.fd, DEVICE_RESET)

    def close(self) -> None:
        while self._fds:
            os.close(self._fds.pop())

    def _open(self, path: Path) -> int:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except PermissionError:
            raise HostLacks(f"no permission to open {path}: be root, or let it be yours") from None
        except FileNotFoundError:
            raise HostLacks(f"there is no {path}: load the kernel module vfio-pci") from None
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise MachineError(f"{self.function.name} is in use by another process") from None
            raise
        self._fds.append(fd)
        return fd

    def _join(self) -> None:
        status = fcntl.ioctl(self.group, GROUP_GET_STATUS, struct.pack("=2I", 8, 0))
        if not struct.unpack("=2I", status)[1] & GROUP_VIABLE:
            others = [
                one.describe()
                for one in self.function.group_members()
                if one.driver not in ("", DRIVER, "pci-stub", "pcieport")
            ]
            raise MachineError(
                f"the IOMMU group {self.function.iommu_group} of {self.function.name} is not"
                f" viable: bind these to vfio-pci, too: {', '.join(others)}"
            )
        fcntl.ioctl(self.group, GROUP_SET_CONTAINER, struct.pack("=i", self.container))
        if not fcntl.ioctl(self.container, CHECK_EXTENSION, TYPE1V2):
            raise HostLacks(
                "the kernel has no driver for IOMMUs of this kind: run modprobe vfio_iommu_type1"
            )
        try:
            fcntl.ioctl(self.container, SET_IOMMU, TYPE1V2)
        except PermissionError:
            raise HostLacks(
                "vfio: the IOMMU does not check interrupts: switch on interrupt remapping, or load"
                " vfio_iommu_type1 with allow_unsafe_interrupts=1 at your own risk"
            ) from None


def _check(function: SysfsFunction) -> None:
    if not function.exists:
        raise UsageError(f"there is no PCI function {function.name}")
    if not (function.root / "bus/pci/drivers" / DRIVER).exists():
        raise HostLacks("the kernel module vfio-pci is not loaded: run modprobe vfio-pci")
    if not function.iommu_group:
        raise HostLacks(
            f"{function.name} has no IOMMU: switch it on (intel_iommu=on, amd_iommu=on), or use"
            " the kmod: machine"
        )
    if function.driver != DRIVER:
        has = f"in use by the kernel driver {function.driver}" if function.driver else "not bound"
        raise MachineError(
            f"{function.name} is {has}: run rumphost bind --driver vfio-pci {function.name}"
        )
