"""A thousand times attach and detach: no memory, file descriptor, lwp or page is left behind."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest
import trio

from rumphost.host import Host

CYCLES = 1000
PAGE = resource.getpagesize()
SLACK = 1 << 20
MAPPINGS_SLACK = 8
"""What Python's own allocator may still take after the first cycles: bytes, and mappings."""
QUARANTINE = 16 << 20


def slack(host: Host) -> int:
    """Return by how much the process may grow: the memory guard goes round the whole arena, and
    the address sanitizer keeps what is released for a while."""
    arena = sum(chunk.size for chunk in host.machine.dma.chunks)
    sanitized = QUARANTINE if host.builder.instrumentation.sanitize else 0
    return SLACK + sanitized + (2 * arena if host.kernel.checks.guard else 0)


def resident() -> int:
    """Return this process's resident memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def holdings(host: Host) -> dict[str, int]:
    """Return how many there are of all that can leak."""
    kernel = host.kernel
    return {
        "bytes of the arena": host.boundary.bytes_in_use,
        "allocations": len(host.boundary.allocations()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "lwps": len(kernel.scheduler.lwps),
        "devices": len(host.devices),
        "interfaces": len(host.interfaces),
        "sysctl nodes": len(host.sysctls),
        "counters": len(host.counts()),
        "tasks": trio.lowlevel.current_statistics().tasks_living,
    }


def mappings() -> int:
    """Return how many mappings this process has: stacks and images are some."""
    return len(Path("/proc/self/maps").read_text().splitlines())


async def cycle(host: Host, times: int, *, up: bool = False) -> None:
    for _ in range(times):
        await host.attach()
        if up:
            for interface in host.interfaces:
                await interface.up()
                await interface.send(bytes(60))
        await host.detach_all()


DRIVERS = {"sim:teach": "teach", "sim:edu": "edu", "sim:i82540em": "if_i8254x"}


@pytest.mark.machine(*DRIVERS)
async def test_a_thousand_cycles(host, machine):
    driver = DRIVERS[machine]
    await host.attach(driver)
    await host.detach_all()
    await cycle(host, 50)
    host.console.lines.clear()
    before, mappings_before, resident_before = holdings(host), mappings(), resident()
    await cycle(host, CYCLES - 51)
    host.console.lines.clear()
    assert holdings(host) == before
    assert mappings() - mappings_before < MAPPINGS_SLACK
    assert resident() - resident_before < slack(host)


@pytest.mark.machine("sim:i82540em,teach,edu")
async def test_interfaces_that_are_used(host):
    """Up, a frame, and away again with a full ring."""
    await host.attach("if_i8254x", "teach", "edu")
    await host.detach_all()
    await cycle(host, 10, up=True)
    host.console.lines.clear()
    before, mappings_before, resident_before = holdings(host), mappings(), resident()
    await cycle(host, 100, up=True)
    host.console.lines.clear()
    assert holdings(host) == before
    assert mappings() - mappings_before < MAPPINGS_SLACK
    assert resident() - resident_before < slack(host)


@pytest.mark.machine("qemu:e1000,edu")
async def test_in_qemu(host):
    await host.attach("if_i8254x", "edu")
    await host.detach_all()
    await cycle(host, 5)
    before = holdings(host)
    await cycle(host, 20)
    assert holdings(host) == before
