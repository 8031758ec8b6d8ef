"""A whole host with the 8254x driver on real hardware, whose end is sudden."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import trio
from hardware import COMMAND_MASTER, Monitor, attribute, command_register, eventually

from rumphost.classes.station import Station
from rumphost.host import open_host
from rumphost.machine.sysfs import SysfsFunction, bind

CARD, PLUGGED = "0000:00:05.0", "0000:01:00.0"
TRAFFIC = """
import sys, trio
from rumphost.host import open_host
from rumphost.classes.station import Station

async def main():
    async with open_host("kmod:0000:00:05.0") as host:
        (device,) = await host.attach("if_i8254x")
        interface = host.interface(device)
        await interface.up()
        await interface.wait_link()
        async with Station(interface) as station:
            lease = await station.dhcp()
            print("running", flush=True)
            while True:
                await station.ping(lease.router, count=100, size=1000, interval_s=0)

trio.run(main)
"""


@pytest.fixture
def card():
    function = SysfsFunction(CARD)
    bind(function, "rumphost")
    return function


@pytest.mark.usefixtures("card")
def test_killed_in_full_traffic():
    """The device is quiet, the memory is back, and the next host attaches."""
    with subprocess.Popen([sys.executable, "-c", TRAFFIC], stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"running\n"
        assert command_register(CARD) & COMMAND_MASTER
        host.send_signal(signal.SIGKILL)
        host.wait()
    eventually(lambda: not attribute(CARD, "holder"))
    assert not command_register(CARD) & COMMAND_MASTER
    assert attribute(CARD, "dma_bytes") == "0"
    trio.run(ping)


async def ping():
    async with open_host(f"kmod:{CARD}") as host:
        (device,) = await host.attach("if_i8254x")
        interface = host.interface(device)
        await interface.up()
        await interface.wait_link()
        async with Station(interface) as station:
            lease = await station.dhcp()
            assert (await station.ping(lease.router, count=3, interval_s=0)).received == 3
        await host.detach(device)


def test_unplugged_while_busy():
    """The driver is detached by force, or ends alone; the host and the kernel live on."""
    bind(SysfsFunction(PLUGGED), "rumphost")
    trio.run(unplug)


async def unplug():
    monitor = Monitor()
    async with open_host(f"kmod:{PLUGGED}:dma_bits=28") as host:
        await host.attach("edu")
        await host.set_sysctl("hw.edu0.factorial", 5)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_busy, host)
            await trio.sleep(0.2)
            await trio.to_thread.run_sync(lambda: monitor.execute("device_del", id="plugged"))
            with trio.fail_after(60):
                while host.devices and not host.panics:
                    await trio.sleep(0.05)
            nursery.cancel_scope.cancel()
        assert "01:00.0: unplugged" in host.console.text
        assert not os.path.exists(f"/sys/bus/pci/devices/{PLUGGED}")
        host.panics.clear()
    monitor.wait_for("DEVICE_DELETED")
    monitor.execute("device_add", driver="edu", id="plugged", bus="rp")
    monitor.close()
    eventually(lambda: os.path.exists(f"/sys/bus/pci/devices/{PLUGGED}"))


async def keep_busy(host):
    while True:
        try:
            await host.set_sysctl("hw.edu0.dma", 4000)
        except Exception:  # the device is gone
            await trio.sleep_forever()
