"""What becomes of a machine's word that an IOMMU stopped a device; real ones are in tests/real."""

from __future__ import annotations

import pytest

from rumphost.machine import PciAddress

TEXT = "the IOMMU stopped its write to bus address 0x1000, which no DMA map has"

pytestmark = [pytest.mark.driver("teach"), pytest.mark.machine("sim:teach")]


async def test_a_finding_about_the_driver(host, device):
    for _ in range(2):  # once is enough
        host.machine.on_blocked(device.function.address, TEXT)
    (finding,) = host.findings
    assert str(finding) == f"teach0: bus_dma(9): {TEXT}"
    assert f"teach0: warning: bus_dma(9): {TEXT}" in host.console.text
    assert not host.panics


async def test_a_function_without_a_driver(host):
    host.machine.on_blocked(PciAddress(0, 9, 0), TEXT)
    assert str(host.findings[0]) == f"bus_dma(9): 00:09.0: {TEXT}"
