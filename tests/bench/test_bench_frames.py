"""Frames per second through the 8254x driver, in both directions, small and large."""

from __future__ import annotations

import shutil
import time

import pytest
import trio
from figures import Sample

import rumphost
from rumphost.classes.ifnet import Interface
from rumphost.host import Host, open_host
from rumphost.machine.qemu import QemuMachine

SENDER = bytes.fromhex("5255c0000202")
SIZES = [60, 1514]
CASES = [("sim", "tx"), ("sim", "rx"), ("qemu", "tx"), ("qemu", "rx")]
LIMIT_S = 60
WINDOW = 1024
"""Frames under way to the driver at once: without a limit its queue overflows, as in NetBSD."""


def frame(to: bytes, sender: bytes, size: int) -> bytes:
    return (to + sender + b"\x88\xb5").ljust(size, b"\x5a")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("kind", "direction"), CASES)
def test_frames(compare, native, kind, direction, size):
    if kind == "qemu" and shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not installed")
    count = compare.turns(20_000, 200)
    name = f"8254x driver on {kind}:, {direction} of {size} bytes"
    work = {
        ("sim", "tx"): sim_tx,
        ("sim", "rx"): sim_rx,
        ("qemu", "tx"): qemu_tx,
        ("qemu", "rx"): qemu_rx,
    }[kind, direction]

    def sample() -> Sample:
        seconds = rumphost.run(session, clock="virtual" if kind == "sim" else "real")
        return Sample(1 / seconds, 1 / native.frame(size, count * 5), seconds)

    async def session() -> float:
        machine = QemuMachine.from_text("e1000", "dgram") if kind == "qemu" else "sim:i82540em"
        async with open_host(machine) as host:
            (device, *_) = await host.attach("if_i8254x")
            interface = host.interface(device)
            await interface.up()
            with trio.fail_after(LIMIT_S):
                await interface.wait_link()
                return await work(host, interface, native, size, count) / count

    compare(name, sample, baseline="a datagram socket", unit="frames/s", rounds=3)


async def sim_tx(host: Host, interface: Interface, _native, size: int, count: int) -> float:
    one = frame(SENDER, interface.ifnet.address, size)
    done = trio.Event()
    came = 0

    def arrived(_frame: bytes) -> None:
        nonlocal came
        came += 1
        if came == count:
            done.set()

    host.machine.functions[0].wire.on_frame = arrived
    start = time.perf_counter()
    await interface.send_all([one] * count)
    await done.wait()
    return time.perf_counter() - start


async def sim_rx(host: Host, interface: Interface, _native, size: int, count: int) -> float:
    one = frame(interface.ifnet.address, SENDER, size)
    wire = host.machine.functions[0].wire
    with interface.frames(limit=count) as frames:
        start = time.perf_counter()
        for _ in range(count):
            wire.deliver(one)
        await take(frames, count)
        return time.perf_counter() - start


async def qemu_tx(host: Host, interface: Interface, native, size: int, count: int) -> float:
    one = frame(SENDER, interface.ifnet.address, size)
    fd = host.machine.frame_socket.fileno()
    start = time.perf_counter()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(interface.send_all, [one] * count)
        came = await trio.to_thread.run_sync(native.receive, fd, count)
    seconds = time.perf_counter() - start
    assert came == count
    return seconds


async def qemu_rx(host: Host, interface: Interface, native, size: int, count: int) -> float:
    one = frame(interface.ifnet.address, SENDER, size)
    fd = host.machine.frame_socket.fileno()
    with interface.frames(limit=WINDOW) as frames:
        native.send(fd, one, 1)()
        await take(frames, 1)  # QEMU's receiver waits for a second after it was switched on
        start = time.perf_counter()
        for begin in range(0, count, WINDOW):
            burst = min(WINDOW, count - begin)
            joined = native.send(fd, one, burst)
            await take(frames, burst)
            joined()
        return time.perf_counter() - start


async def take(frames, count: int) -> None:
    came = 0
    while came < count:
        came += len(await frames.batch())
    assert not frames.dropped
