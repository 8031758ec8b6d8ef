"""What a driver's registers and interrupts cost on kmod: and vfio:, beside bare loops in C.

All of it is emulated, clock and processors included: the ratios tell something, the times do not.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import trio
from hardware import COMMAND, COMMAND_MASTER, EDU, Hardware
from hosts import EDUBENCH, attached

from rumphost.host import open_host
from rumphost.machine.eventfds import EventfdSet
from rumphost.machine.kmod.node import Node
from rumphost.machine.sysfs import SysfsFunction, bound
from rumphost.machine.vfio import device as vfio
from rumphost.machine.vfio.device import VfioDevice
from rumphost.machine.vfio.function import VfioFunction

READS, REQUESTS, INTERRUPTS, ROUNDS = 500_000, 2_000, 100, 3
FUNCTION = SysfsFunction(EDU)
HERE = Path(__file__).parent
_U64 = ctypes.c_uint64
Row = tuple[str, float, float, float, float]


class Loops:
    """``loops.c``, compiled here and now."""

    def __init__(self, directory: Path) -> None:
        library = directory / "loops.so"
        flags = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared")
        command = [os.environ.get("CC", "cc"), *flags, "-o", library, HERE / "loops.c"]
        subprocess.run(command, check=True)
        self._library = ctypes.CDLL(str(library))
        self._library.loops_counter.restype = _U64
        start, start_ns = self._library.loops_counter(), time.monotonic_ns()
        time.sleep(0.2)
        ticks = self._library.loops_counter() - start
        self.ns_per_tick = (time.monotonic_ns() - start_ns) / ticks

    def reads(self, registers: int, count: int) -> None:
        self._library.loops_reads(ctypes.c_void_p(registers), _U64(count))

    def requests(self, fd: int, request: int, argument: Any, count: int) -> None:
        made = self._library.loops_requests(
            fd, ctypes.c_ulong(request), ctypes.byref(argument), _U64(count)
        )
        assert made == count

    def preads(self, fd: int, offset: int, count: int) -> None:
        assert self._library.loops_preads(fd, _U64(offset), _U64(count)) == count

    def interrupts(
        self, registers: int, eventfd: int, fd: int, unmask: int, argument: Any, count: int
    ) -> float:
        """Return the median of ns until ``poll`` told of it, of the best round."""
        took = (_U64 * count)()
        medians = []
        for _ in range(ROUNDS):
            came = self._library.loops_interrupts(
                ctypes.c_void_p(registers), eventfd, fd, ctypes.c_ulong(unmask),
                ctypes.byref(argument), _U64(count), took,
            )  # fmt: skip
            assert came == count
            medians.append(median(took))
        return min(medians) * self.ns_per_tick


def timed(work: Callable[[int], object], count: int) -> float:
    """Return the ns of one turn, of the best of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        work(count)
        times.append((time.perf_counter_ns() - start) / count)
    return min(times)


@dataclass
class Bare:
    """What C measured on one kernel driver, in ns."""

    read: float
    trapped: float
    line: float
    message: float


def best(one: Bare, other: Bare) -> Bare:
    """Return the better of what was measured twice."""
    return Bare(*map(min, astuple(one), astuple(other)))


def bare_kmod(loops: Loops) -> Bare:
    edu = Hardware(Node(FUNCTION))
    registers = ctypes.addressof(ctypes.c_char.from_buffer(edu.bar(0)))
    access = edu.uapi.struct("access")(0, 4, 0, 0, 0, 0)
    batch = edu.uapi.struct("batch")(accesses=ctypes.addressof(access), count=1)
    request, unmask = edu.uapi.request("ACCESS"), edu.uapi.request("IRQ_UNMASK")
    vector = edu.uapi.struct("irq_vector")()
    fd = edu.node.fd
    read = timed(lambda count: loops.reads(registers, count), READS)
    trapped = timed(lambda count: loops.requests(fd, request, batch, count), REQUESTS)
    (eventfd,) = edu.interrupts("INTX")
    line = loops.interrupts(registers, eventfd, fd, unmask, vector, INTERRUPTS)
    edu.request("IRQ_SETUP", "irq_setup")
    edu.master()
    (eventfd,) = edu.interrupts("MSI")
    message = loops.interrupts(registers, eventfd, fd, 0, vector, INTERRUPTS)
    edu.close()
    return Bare(read, trapped, line, message)


def bare_vfio(loops: Loops) -> Bare:
    device = VfioDevice(FUNCTION)
    function = VfioFunction(device, EventfdSet())
    region = function.map_bar(0)
    assert region.address is not None
    registers = region.address
    offset = device.region(0).offset
    unmask = ctypes.create_string_buffer(
        struct.pack("=5I", 20, vfio.SET_UNMASK | vfio.SET_NONE, vfio.IRQ_INTX, 0, 1)
    )
    read = timed(lambda count: loops.reads(registers, count), READS)
    trapped = timed(lambda count: loops.preads(device.fd, offset, count), REQUESTS)
    (line,) = function.allocate_vectors("intx", 1)
    ask = vfio.DEVICE_SET_IRQS
    intx = loops.interrupts(registers, line.fd, device.fd, ask, unmask, INTERRUPTS)
    function.config_write(COMMAND, 2, function.config_read(COMMAND, 2) | COMMAND_MASTER)
    (line,) = function.allocate_vectors("msi", 1)
    message = loops.interrupts(registers, line.fd, device.fd, 0, unmask, INTERRUPTS)
    function.close()
    return Bare(read, trapped, intx, message)


async def hosted(kind: str, options: str, ns_per_tick: float) -> tuple[float, float]:
    """Return the ns of a driver's register read, and of an interrupt's way to its handler."""
    async with open_host(f"{kind}:{EDU}{options}", watchdog_s=60) as host:
        await attached(host, EDUBENCH)
        reads = []
        for _ in range(ROUNDS):
            start = time.perf_counter_ns()
            await host.set_sysctl("hw.edubench0.reads", READS)
            reads.append((time.perf_counter_ns() - start) / READS)
        medians = []
        for _ in range(ROUNDS):
            await host.set_sysctl("hw.edubench0.interrupts", INTERRUPTS)
            ring = await host.sysctl("hw.edubench0.took")
            assert isinstance(ring, bytes)
            medians.append(median(struct.unpack(f"={len(ring) // 8}Q", ring)[:INTERRUPTS]))
        return min(reads), min(medians) * ns_per_tick


@contextmanager
def driven(kind: str) -> Iterator[None]:
    with bound(FUNCTION, {"kmod": "rumphost", "vfio": "vfio-pci"}[kind]):
        yield


def test_figures(tmp_path, capsys):
    loops = Loops(tmp_path)
    bare: dict[str, Bare] = {}
    read: dict[str, float] = {}
    line: dict[str, float] = {}
    message: dict[str, float] = {}
    for kind, measure in (("kmod", bare_kmod), ("vfio", bare_vfio)):
        with driven(kind):
            bare[kind] = best(measure(loops), measure(loops))
            _, line[kind] = trio.run(hosted, kind, ":msi=off", loops.ns_per_tick)
            read[kind], message[kind] = trio.run(hosted, kind, "", loops.ns_per_tick)
    k, v = bare["kmod"], bare["vfio"]
    rows: list[Row] = [
        ("register read, mapped", read["kmod"], read["vfio"], k.read, v.read),
        ("INTx to the handler", line["kmod"], line["vfio"], k.line, v.line),
        ("MSI to the handler", message["kmod"], message["vfio"], k.message, v.message),
    ]
    with capsys.disabled():
        print("\n" + table(rows, k.trapped, v.trapped))
    assert read["kmod"] < 10 * k.read  # it is mapped
    for one in (line, message):
        assert one["kmod"] < 2 * one["vfio"]


def table(rows: list[Row], kmod_request: float, vfio_request: float) -> str:
    """Return the figures in µs, each host's beside the bare loop's on the same kernel driver."""
    head = ("µs", "kmod:", "vfio:", "C, kmod", "C, vfio", "kmod:/C", "vfio:/C", "kmod:/vfio:")
    lines = ["{:24}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>12}".format(*head)]
    for name, kmod, vfio_, c_kmod, c_vfio in rows:
        times = "".join(f"{one / 1e3:9.3g}" for one in (kmod, vfio_, c_kmod, c_vfio))
        ratios = f"{kmod / c_kmod:9.2f}{vfio_ / c_vfio:9.2f}{kmod / vfio_:12.2f}"
        lines.append(f"{name:24}{times}{ratios}")
    bare = f"{kmod_request / 1e3:9.3g}{vfio_request / 1e3:9.3g}"
    lines.append(f"{'register read, request':24}{'':18}{bare}")
    return "\n".join(lines)
