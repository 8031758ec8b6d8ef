"""What the tests of drivers share: machines with a choice of network, and an attached 82540EM."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
from far_end import FarEnd, WireEnd, cabled, socket_end

from rumphost.classes.ifnet import Interface
from rumphost.classes.network import Network
from rumphost.classes.station import Station
from rumphost.host import Host
from rumphost.kernel.autoconf import Device
from rumphost.machine import Machine
from rumphost.machine.qemu import QemuMachine
from rumphost.machine.sim import SimMachine


@pytest.fixture
def netdev() -> str:
    """What QEMU connects its network devices to; ``dgram`` where a test holds the far end."""
    return "user"


@pytest.fixture
def qemu_options() -> dict[str, Any]:
    """Further arguments of ``QemuMachine``."""
    return {}


@pytest.fixture
def machine(
    request: pytest.FixtureRequest, netdev: str, qemu_options: dict[str, Any]
) -> Machine | str:
    """The machine that a test runs on, QEMU's with what the test asks for."""
    kind, _, names = request.param.partition(":")
    if kind in ("kmod", "vfio"):
        if set(qemu_options) - {"message_interrupts"}:
            pytest.skip("needs a QEMU of its own")
        name = str(request.param)
        if netdev == "dgram":
            name = cabled(name)
        return name if qemu_options.get("message_interrupts", True) else f"{name}:msi=off"
    if kind != "qemu":
        return str(request.param)
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not installed")
    return QemuMachine.from_text(names, netdev, **qemu_options)


@pytest.fixture
async def interface(host: Host, device: Device) -> Interface:
    """The device's network interface, up and with a link."""
    interface = host.interface(device)
    await interface.up()
    with trio.fail_after(10):
        await interface.wait_link()
    return interface


@pytest.fixture
async def far_end(host: Host, nursery: trio.Nursery) -> AsyncIterator[FarEnd]:
    """The far end of the first device's cable; on ``qemu:`` the netdev must be ``dgram``."""
    if isinstance(host.machine, SimMachine):
        yield WireEnd(host)
        return
    end = socket_end(host)
    scope = trio.CancelScope()
    nursery.start_soon(end.serve, scope)
    yield end
    scope.cancel()
    end.close()


@pytest.fixture
async def station(host: Host, interface: Interface) -> AsyncIterator[Station]:
    """An IPv4 host on the interface; on ``sim:`` there is a network for it."""
    for function in host.machine.functions:
        wire = getattr(function, "wire", None)
        if wire is not None:
            Network(events=host.machine.events).plug(wire)
    async with Station(interface) as station:
        yield station
