"""What locks, threads and their hand-over cost a driver."""

from __future__ import annotations

import time
from pathlib import Path

import sessions
from bench_machine import BenchFunction
from figures import Sample

from rumphost.host import Host

PAGE = 4096


def test_uncontended_mutex(compare, native, lockbench):
    count = compare.turns(10_000_000, 10_000)
    compare(
        "uncontended mutex_enter and mutex_exit",
        lambda: Sample(
            sessions.loop(lockbench, "mutex", count, BenchFunction()), native.loop("cas", count)
        ),
        baseline="two compare-and-swap",
        at_most=3,
    )


def test_uncontended_spin_mutex(compare, native, lockbench):
    count = compare.turns(10_000_000, 10_000)
    compare(
        "the same of a spin mutex at IPL_VM",
        lambda: Sample(
            sessions.loop(lockbench, "spin", count, BenchFunction()), native.loop("cas", count)
        ),
        baseline="two compare-and-swap",
    )


def test_ping_pong(compare, native, lockbench):
    count = compare.turns(20_000, 200)
    compare(
        "ping-pong of two lwps over mutex and condvar",
        lambda: Sample(
            sessions.loop(lockbench, "pingpong", count, BenchFunction()),
            native.loop("pingpong", count),
        ),
        baseline="two pthreads",
        faster=3,
    )


def test_sleepers(compare, native, lockbench):
    count = compare.turns(1000, 50)
    compare(
        f"resident memory of one of {count} sleeping lwps",
        lambda: sleepers(lockbench, count, native.sleepers(count) / 1024),
        baseline="a sleeping pthread",
        unit="KiB",
        below=16,
        rounds=3,
    )


def sleepers(lockbench: str, count: int, baseline: float) -> Sample:
    grown = 0

    async def work(host: Host) -> float:
        nonlocal grown
        await host.set_sysctl("hw.lockbench0.sleepers", 1)
        before = resident()
        start = time.perf_counter()
        await host.set_sysctl("hw.lockbench0.sleepers", count)
        seconds = time.perf_counter() - start
        grown = resident() - before
        await host.set_sysctl("hw.lockbench0.sleepers", 0)
        return seconds / count

    seconds = sessions.run(lockbench, work, BenchFunction())
    return Sample(grown / 1024 / count, baseline, seconds)


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
