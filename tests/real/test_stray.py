"""A device that is told to reach for memory which is none of its own."""

from __future__ import annotations

import pytest
import trio
from hardware import EDU, EDU_BUFFER, EDU_COMMAND, EDU_COUNT, EDU_DESTINATION, EDU_SOURCE
from hosts import PATIENCE_S, attached

from rumphost.host import Host, open_host

STRAY = 0x0BAD0000


@pytest.mark.parametrize("kind", ["kmod", "vfio"])
def test_the_host_reports_it(kind, kernel_log):
    trio.run(stray, f"{kind}:{EDU}:bind=on" + (":dma_bits=28" if kind == "kmod" else ""))
    for line in (
        r"DMAR: DRHD: handling fault",
        rf"DMAR: \[DMA Write .*device \[{EDU[5:]}\] fault addr",
    ):
        kernel_log.expect(line)


async def stray(machine: str) -> None:
    """The IOMMU stops it, Linux writes that into its log, and there the host finds it."""
    async with open_host(machine) as host:
        await attached(host, "edu")
        await host.set_sysctl("hw.edu0.dma", 4000)
        assert not host.findings
        arena = [
            host.machine.dma.read(one.bus_address, one.size) for one in host.machine.dma.chunks
        ]
        await copy(host, STRAY)
        with trio.fail_after(PATIENCE_S):
            while not host.findings:
                await trio.sleep(0.01)
        (finding,) = host.findings
        assert (finding.device, finding.page) == ("edu0", "bus_dma(9)")
        told = f"the IOMMU stopped its write to bus address {STRAY:#x}"
        assert finding.what.startswith(told)
        assert f"edu0: warning: bus_dma(9): {told}" in host.console.text
        assert arena == [
            host.machine.dma.read(one.bus_address, one.size) for one in host.machine.dma.chunks
        ]
        await host.set_sysctl("hw.edu0.dma", 4000)  # it works on
        assert not host.panics


async def copy(host: Host, destination: int) -> None:
    """Have edu copy from its own buffer to a bus address."""
    registers = host.machine.functions[0].map_bar(0)
    for offset, value in (
        (EDU_SOURCE, EDU_BUFFER),
        (EDU_DESTINATION, destination),
        (EDU_COUNT, 64),
        (EDU_COMMAND, 3),
    ):
        registers.write(offset, 8, value)
    with trio.fail_after(PATIENCE_S):
        while registers.read(EDU_COMMAND, 8) & 1:
            await trio.sleep(0.01)
