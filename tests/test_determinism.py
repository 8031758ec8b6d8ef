"""The same seed gives the same trace, byte for byte; another seed another schedule."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import trio

import rumphost
from rumphost.classes.network import Network
from rumphost.classes.station import Station

MACHINE = "sim:i82540em,teach,edu"


async def scenario(seed: int | None) -> list[str]:
    """Run three drivers side by side through what they can do; return the trace as lines."""
    async with rumphost.open_host(MACHINE, seed=seed) as host:
        with host.trace.recording() as events:
            Network(events=host.machine.events).plug(host.machine.functions[0].wire)
            await host.attach("if_i8254x", "teach", "edu")
            interface = host.interface("iex0")
            await interface.up()
            await interface.wait_link()
            async with Station(interface) as station, trio.open_nursery() as nursery:
                nursery.start_soon(host.set_sysctl, "hw.edu0.factorial", 12)
                lease = await station.dhcp()
                nursery.start_soon(host.set_sysctl, "hw.teach0.copy", 4096)
                assert (await station.ping(lease.router, count=3)).received == 3
                await station.udp_echo(lease.router, bytes(1400))
            device = host.device("teach0")
            await host.suspend(device)
            await host.resume(device)
            await host.set_sysctl("hw.teach0.text", "Determined")
            assert await host.sysctl("hw.teach0.text") == "dETERMINED"
            await host.detach_all()
    return [str(event) for event in events]


def trace(seed: int | None) -> list[str]:
    lines: list[str] = rumphost.run(scenario, seed)
    return lines


def order(lines: list[str]) -> list[str]:
    """Return who did what in which order, without the time."""
    return [line.split(maxsplit=1)[1] for line in lines]


def assert_same(one: list[str], other: list[str]) -> None:
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        assert left == right, f"line {number} of {len(one)}"
    assert len(one) == len(other)


@pytest.mark.parametrize("seed", [None, 0, 1, 20261])
def test_the_same_seed_gives_the_same_trace(seed):
    first = trace(seed)
    assert len(first) > 500
    assert_same(trace(seed), first)


def test_other_seeds_give_other_schedules():
    schedules = {tuple(order(trace(seed))) for seed in (None, 1, 2, 3, 4)}
    assert len(schedules) == 5


async def traffic(seed: int | None) -> list[str]:
    """One driver, frames in both directions at once: only interrupts and threads compete."""
    async with rumphost.open_host("sim:i82540em", seed=seed) as host:
        (device,) = await host.attach("if_i8254x")
        interface = host.interface(device)
        await interface.up()
        await interface.wait_link()
        wire = host.machine.functions[0].wire
        with host.trace.recording() as events, interface.frames() as frames:
            for _ in range(200):
                wire.deliver(interface.ifnet.address + bytes(54))
            await interface.send_all([b"\xff" * 6 + bytes(100)] * 200)
            await trio.sleep(0.1)
            assert len(frames) == interface.counters.opackets == 200
    return [str(event) for event in events]


def test_a_seed_lets_interrupts_come_at_any_time():
    """They find the driver's threads in the midst of their work, which plain order never does."""
    runs = [rumphost.run(traffic, seed) for seed in (None, 1, 2, 3)]
    assert len({tuple(order(run)) for run in runs}) == 4
    for seed, run in zip((None, 1, 2, 3), runs, strict=True):
        assert_same(rumphost.run(traffic, seed), run)


def test_the_same_trace_from_two_processes(tmp_path):
    """Neither hash seeds nor where things are in memory make a difference."""
    traces = []
    for number in (1, 2):
        file = tmp_path / f"trace{number}"
        command = [sys.executable, "-m", "rumphost", "run", "if_i8254x"]
        command += ["-m", "sim:i82540em", "--seed", "7", "--trace", str(file)]
        environment = os.environ | {"PYTHONHASHSEED": str(number)}
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=60)
        traces.append(file.read_bytes())
    assert traces[0].count(b"\n") > 100
    assert traces[0] == traces[1]
