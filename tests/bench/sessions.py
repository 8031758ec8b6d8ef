"""A host with the driver of the benchmarks on it, for the time of one round."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from bench_machine import BenchFunction, BenchMachine

import rumphost
from rumphost.host import Host, open_host
from rumphost.machine import Machine


def run(
    lockbench: str, work: Callable[[Host], Awaitable[float]], machine: str | BenchFunction
) -> float:
    """Attach lockbench on a machine, do ``work`` there, and return its result."""
    qemu = isinstance(machine, str) and machine.startswith("qemu")

    async def main() -> float:
        opened: Machine | str = machine if isinstance(machine, str) else BenchMachine(machine)
        async with open_host(opened) as host:
            await host.attach(lockbench)
            return await work(host)

    return rumphost.run(main, clock="real" if qemu else "virtual")


def loop(lockbench: str, node: str, count: int, machine: str | BenchFunction) -> float:
    """Return the seconds that one turn of a loop of lockbench takes."""

    async def work(host: Host) -> float:
        await host.set_sysctl(f"hw.lockbench0.{node}", max(count // 100, 1))
        start = time.perf_counter()
        await host.set_sysctl(f"hw.lockbench0.{node}", count)
        return (time.perf_counter() - start) / count

    return run(lockbench, work, machine)
