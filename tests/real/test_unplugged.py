"""Surprise removal: QEMU takes the device away from a host in full traffic.

``device_del`` has Linux take the function from whatever driver has it. The kernel module lets it go
at once, and the host finds out. vfio-pci asks the host, and waits until that has closed the device.
That the kernel's log has no warning ``tools/vm`` checks.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from hardware import EDU, Monitor, eventually
from hosts import PATIENCE_S, PLUGGED_CARD, attached

from rumphost.classes.ifnet import Interface
from rumphost.classes.station import Station
from rumphost.errors import RumphostError
from rumphost.host import Host, open_host
from rumphost.machine.sysfs import SysfsFunction, bind, functions, unbind

DRIVERS = {"kmod": "rumphost", "vfio": "vfio-pci"}
CARD = SysfsFunction(PLUGGED_CARD)
MODULE = Path(__file__).resolve().parents[2] / "kmod" / "rumphost.ko"
PINGS = 8


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


def plug(monitor: Monitor) -> None:
    monitor.execute("device_add", driver="e1000", id="card", bus="rp2", netdev="n12")
    eventually(lambda: CARD.exists)


@pytest.mark.parametrize(("kind", "seed"), [("kmod", 1), ("kmod", 2), ("kmod", 3), ("vfio", 4)])
def test_unplugged_in_full_traffic(kind, seed, monitor):
    """The driver is detached, or ends alone; the host reports it, and lives on."""
    bind(CARD, DRIVERS[kind])
    trio.run(unplugged, kind, seed, monitor)
    eventually(lambda: not CARD.exists)
    monitor.wait_for("DEVICE_DELETED")
    plug(monitor)


async def unplugged(kind: str, seed: int, monitor: Monitor) -> None:
    dice = random.Random(seed)
    async with open_host(f"{kind}:{CARD.name}:memory=8") as host:
        interface = host.interface(await attached(host, "if_i8254x"))
        await interface.up()
        await interface.wait_link()
        async with Station(interface) as station, trio.open_nursery() as nursery:
            lease = await station.dhcp()
            for _ in range(PINGS):
                nursery.start_soon(ping, station, lease.router)
            await busy(interface)
            await trio.sleep(dice.uniform(0, 0.1))
            await trio.to_thread.run_sync(lambda: monitor.execute("device_del", id="card"))
            with trio.fail_after(PATIENCE_S):
                while host.devices and not host.panics:
                    await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        await check(host, kind)


async def ping(station: Station, router: str) -> None:
    while True:
        try:
            await station.ping(router, count=100, size=1000, interval_s=0, timeout_s=1)
        except RumphostError:  # the interface is gone
            await trio.sleep_forever()


async def busy(interface: Interface) -> None:
    """Wait until packets go both ways."""
    with trio.fail_after(PATIENCE_S):
        while min(interface.counters.ipackets, interface.counters.opackets) < 5 * PINGS:
            await trio.sleep(0.01)


async def check(host: Host, kind: str) -> None:
    assert "02:00.0: unplugged" in host.console.text
    for panic in host.panics:
        assert panic.driver == "iex0"
    if not host.panics:
        assert not host.interfaces
        with pytest.raises(RumphostError, match="iex0"):
            host.device("iex0")
    host.panics.clear()
    if kind == "kmod":  # vfio-pci waits for the end of the host
        with trio.fail_after(PATIENCE_S):
            while CARD.exists:
                await trio.sleep(0.01)
        assert rmmod().returncode != 0, "the module went while a file was open"


def rmmod() -> subprocess.CompletedProcess[str]:
    command = ["busybox", "rmmod", "rumphost"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_module_unloads():
    """After all that, and with a function still bound to it, which it lets go."""
    for function in functions():
        if function.driver == "rumphost":
            unbind(function)
    bind(SysfsFunction(EDU), "rumphost")
    done = rmmod()
    assert done.returncode == 0, done.stderr
    assert not Path("/sys/module/rumphost").exists()
    assert not Path(f"/dev/rumphost/{EDU}").exists()
    subprocess.run(["busybox", "insmod", MODULE], check=True)
    bind(SysfsFunction(EDU), "rumphost")
