"""From an eventfd to the driver's interrupt handler, on the real clock."""

from __future__ import annotations

import struct
from bisect import bisect_right
from statistics import median

import trio
from bench_machine import BenchMachine, InterruptingFunction
from figures import Sample

import rumphost
from rumphost.host import open_host

GAP_NS = 500_000
RING = 1024
"""So many interrupts lockbench remembers."""


def test_eventfd_to_handler(compare, native, lockbench):
    count = compare.turns(1000, 20)

    async def latency() -> float:
        function = InterruptingFunction()
        machine = BenchMachine(function)
        async with open_host(machine) as host:
            await host.attach(lockbench)
            counter, now_ns = native.counter()
            ended = native.signals(function.line.fd, count, GAP_NS)
            signalled = await trio.to_thread.run_sync(ended)
            with trio.fail_after(5):
                while not function.words.seen or function.words.seen[-1] < signalled[-1]:
                    await trio.lowlevel.checkpoint()
            later, later_ns = native.counter()
            ring = await host.sysctl("hw.lockbench0.entered")
        scale = (later_ns - now_ns) / (later - counter)
        entered = [
            now_ns + (one - counter) * scale
            for one in struct.unpack(f"{RING}Q", ring)[: len(function.words.seen)]
        ]
        return median(
            (seen - signalled[bisect_right(signalled, seen) - 1]) / 1e9 for seen in entered
        )

    def sample() -> Sample:
        measured = rumphost.run(latency, clock="real")
        return Sample(measured, median(native.poll(count, GAP_NS)))

    compare(
        "eventfd to the driver's interrupt handler",
        sample,
        baseline="a poll(2) loop in C",
        at_most=5,
        rounds=5,
    )
