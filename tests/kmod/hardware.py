"""The virtual machine's devices as the tests of the module see them, and QEMU's monitor."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import mmap
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rumphost.machine.kmod.node import Node

# Where tests/vm puts them.
EDU, NETWORK, KERNEL_NETWORK = "0000:00:04.0", "0000:00:05.0", "0000:00:06.0"
MSIX, SMALL = "0000:00:07.0", "0000:00:08.0"
PORT = "0000:00:09.0"

EDU_ID, EDU_LIVE, EDU_STATUS, EDU_RAISE, EDU_ACK = 0x00, 0x04, 0x24, 0x60, 0x64
EDU_SOURCE, EDU_DESTINATION, EDU_COUNT, EDU_COMMAND = 0x80, 0x88, 0x90, 0x98
EDU_BUFFER = 0x40000
COMMAND, COMMAND_MASTER = 0x04, 0x04
CONFINED = "intel_iommu=on" in Path("/proc/cmdline").read_text()
needs_iommu = pytest.mark.skipif(not CONFINED, reason="this virtual machine has no IOMMU")
EDU_BITS = 28 if CONFINED else 32
"""How much edu addresses; without an IOMMU tests/vm has it reach all memory."""
PATIENCE_S = 20.0


class Failed:
    """``with refused(errno.EINVAL):`` what is inside fails with that error."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        names = [errno.errorcode[number] for number in self._numbers]
        assert isinstance(error, OSError), f"it was not refused ({', '.join(names)} expected)"
        got = errno.errorcode.get(error.errno or 0, "nothing")
        assert error.errno in self._numbers, f"{got}, expected {', '.join(names)}"
        return True


refused = Failed


def eventually(condition: Callable[[], Any]) -> None:
    """Wait for what another process or the kernel does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        os.sched_yield()


class Hardware:
    """An open function: requests, registers and DMA memory, as plainly as can be."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.name = node.function.name
        self.uapi = node.uapi
        self.request = node.request
        self.info = node.request("GET_INFO", "info")
        self._maps: list[mmap.mmap] = []
        self._bars: dict[int, mmap.mmap] = {}

    # -- registers

    def map(self, offset: int, size: int, **options: int) -> mmap.mmap:
        memory = mmap.mmap(self.node.fd, size, offset=offset, **options)
        self._maps.append(memory)
        return memory

    def bar(self, index: int) -> mmap.mmap:
        if index not in self._bars:
            self._bars[index] = self.map(self.info.bars[index].mmap_offset, mmap.PAGESIZE)
        return self._bars[index]

    def read(self, offset: int, width: int = 4, bar: int = 0) -> int:
        return int(_type(width).from_buffer(self.bar(bar), offset).value)

    def write(self, offset: int, value: int, width: int = 4, bar: int = 0) -> None:
        _type(width).from_buffer(self.bar(bar), offset).value = value

    def access(self, *accesses: tuple[int, int, int, int, int]) -> list[int]:
        """Make (bar, width, op, offset, value) accesses by one request."""
        step = self.uapi.struct("access")
        array = (step * len(accesses))(
            *((bar, width, op, 0, offset, value) for bar, width, op, offset, value in accesses)
        )
        self.node.access(array)
        return [one.value for one in array]

    # -- configuration space

    def config(self, offset: int, width: int) -> int:
        return int(self.request("CONFIG_READ", "config", offset=offset, width=width).value)

    def set_config(self, offset: int, width: int, value: int) -> None:
        self.request("CONFIG_WRITE", "config", offset=offset, width=width, value=value)

    # -- interrupts

    def interrupts(self, kind: str, count: int = 1) -> list[int]:
        """Switch them on, each with an eventfd; returns these."""
        number = self.uapi.constant(f"IRQ_{kind}")
        self.request("IRQ_SETUP", "irq_setup", kind=number, count=count)
        fds = [os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK) for _ in range(count)]
        for vector, fd in enumerate(fds):
            self.request("IRQ_EVENTFD", "irq_eventfd", vector=vector, fd=fd)
        return fds

    def unmask(self) -> None:
        self.request("IRQ_UNMASK", "irq_vector")

    def events(self) -> list[Any]:
        """Read what there is."""
        event = self.uapi.struct("event")
        data = os.read(self.node.fd, 64 * ctypes.sizeof(event))
        return list((event * (len(data) // ctypes.sizeof(event))).from_buffer_copy(data))

    # -- DMA

    def master(self, on: bool = True) -> None:
        self.request("SET_MASTER", "master", on=int(on))

    def allocate(self, size: int) -> tuple[Any, mmap.mmap]:
        given = self.request("DMA_ALLOC", "dma_alloc", size=size)
        return given, self.map(given.mmap_offset, size)

    def map_memory(self, address: int, size: int, count: int = 1, **limits: int) -> Any:
        """Map memory of the process; returns (handle, segments)."""
        segments = (self.uapi.struct("dma_segment") * count)()
        given = self.request(
            "DMA_MAP",
            "dma_map",
            address=address,
            size=size,
            segments=ctypes.addressof(segments),
            max_segments=count,
            **limits,
        )
        return given.handle, [(one.bus_address, one.length) for one in segments[: given.count]]

    def free(self, handle: int) -> None:
        self.request("DMA_FREE", "dma_handle", handle=handle)

    def mirror(self) -> list[Any]:
        """Return the kernel's list of DMA memory."""
        entries = (self.uapi.struct("dma_entry") * 100)()
        found = self.request(
            "DMA_LIST", "dma_list", entries=ctypes.addressof(entries), capacity=100
        )
        return list(entries[: found.count])

    def edu_copy(self, source: int, destination: int, size: int) -> None:
        """Have edu copy, and wait."""
        self.write(EDU_SOURCE, source, 8)
        self.write(EDU_DESTINATION, destination, 8)
        self.write(EDU_COUNT, size, 8)
        self.write(EDU_COMMAND, 1 if destination == EDU_BUFFER else 3, 8)
        eventually(lambda: not self.read(EDU_COMMAND, 8) & 1)

    def close(self) -> None:
        self._bars.clear()
        for memory in self._maps:
            memory.close()
        self._maps.clear()
        self.node.close()


def _type(width: int) -> Any:
    return {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}[width]


def attribute(name: str, which: str) -> str:
    """Return what the module says of a function in sysfs: holder or dma_bytes."""
    return Path(f"/sys/class/misc/rumphost-{name}/{which}").read_text().strip()


def command_register(name: str) -> int:
    """Return a function's command register, past the module."""
    with open(f"/sys/bus/pci/devices/{name}/config", "rb") as config:
        return int.from_bytes(config.read(6)[4:], "little")


class Monitor:
    """QEMU's monitor, from inside."""

    def __init__(self) -> None:
        self._file = os.fdopen(os.open("/run/ports/qmp", os.O_RDWR), "r+b", buffering=0)
        with contextlib.suppress(AssertionError):  # said already by one that came before
            self.execute("qmp_capabilities")

    def wait_for(self, event: str) -> None:
        while json.loads(self._line()).get("event") != event:
            pass

    def execute(self, command: str, **arguments: object) -> Any:
        request = {"execute": command, "arguments": arguments}
        self._file.write(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(self._line())
            if "return" in answer:
                return answer["return"]
            assert "error" not in answer, answer

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._file.read(1) or b""
        return line

    def close(self) -> None:
        self._file.close()
