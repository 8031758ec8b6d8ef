"""Lock order and the memory guard have nothing to say of our own drivers, whatever these do."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from rumphost.checks import Checks
from rumphost.host import open_host, run
from rumphost.machine.sim import SimMachine
from rumphost.models.air import AccessPoint
from rumphost.models.iwm7260 import ImageBuilder, Iwm7260

CHECKS = pytest.mark.checks("locks", "guard")


@CHECKS
@pytest.mark.driver("teach")
@pytest.mark.machine("sim:teach", "sim:teach:msi=off:msix=off")
async def test_teach(host, device):
    for length in (1, 100, 4096):
        await host.set_sysctl("hw.teach0.copy", length)
    await host.suspend(device)
    await host.resume(device)
    await host.set_sysctl("hw.teach0.copy", 64)
    await host.detach(device)
    assert host.findings == []


@CHECKS
@pytest.mark.driver("edu")
@pytest.mark.machine("sim:edu", "qemu:edu")
async def test_edu(host, device):
    await host.set_sysctl("hw.edu0.factorial", 5)
    assert await host.sysctl("hw.edu0.factorial") == 120
    await host.detach(device)
    assert host.findings == []


@CHECKS
@pytest.mark.driver("if_i8254x")
@pytest.mark.machine("sim:i82540em", "qemu:e1000")
async def test_i8254x(host, device, station):
    with trio.fail_after(30):
        lease = await station.dhcp()
        for size in (56, 1400):
            await station.ping(lease.router, size=size)
    interface = host.interface(device)
    await interface.set_promiscuous(True)
    await interface.down()
    await host.suspend(device)
    await host.resume(device)
    await interface.up()
    await host.detach(device)
    assert host.findings == []


def test_iws(tmp_path: Path):
    async def main() -> None:
        ImageBuilder().write(tmp_path)
        machine = SimMachine(models=[Iwm7260(access_points=[AccessPoint("open", channel=1)])])
        checks = Checks.of(["locks", "guard"])
        async with open_host(machine, firmware=[tmp_path], checks=checks) as host:
            (device,) = await host.attach("iws")
            for _ in range(2):
                await host.set_sysctl("hw.iws0.scan", 1)
                assert "open" in str(await host.sysctl("hw.iws0.networks"))
                await host.suspend(device)
                await host.resume(device)
            await host.detach(device)
            assert host.findings == []
            assert host.panics == []

    run(main)
