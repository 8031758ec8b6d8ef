"""DMA faults as Linux's log tells of them."""

from __future__ import annotations

import pytest

from rumphost.machine.iommu import DmaFault, parse


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "3,339,5140900,-;DMAR: [DMA Write NO_PASID] Request device [00:04.0] fault addr"
            " 0x100000 [fault reason 0x05] PTE Write access is not set",
            DmaFault("00:04.0", 0x100000, write=True),
        ),
        (
            "DMAR: [DMA Read] Request device [00:02.0] fault addr fffff000 [fault reason 06] PTE"
            " Read access is not set",
            DmaFault("00:02.0", 0xFFFFF000, write=False),
        ),
        (
            "rumphost 0000:03:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000c"
            " address=0xfd000 flags=0x0020]",
            DmaFault("0000:03:00.0", 0xFD000, write=True),
        ),
        (
            "AMD-Vi: Event logged [IO_PAGE_FAULT device=03:00.0 domain=0x000c address=0xfd000"
            " flags=0x0000]",
            DmaFault("03:00.0", 0xFD000, write=False),
        ),
        ("DMAR: DRHD: handling fault status reg 2", None),
        ("e1000 0000:00:05.0: Reset adapter", None),
        ("", None),
    ],
)
def test_lines(line, fault):
    assert parse(line) == fault


def test_what_people_are_told():
    assert str(DmaFault("00:04.0", 0x1000, write=True)) == (
        "the IOMMU stopped its write to bus address 0x1000, which no DMA map has"
    )
    assert "its read of bus address 0x1000" in str(DmaFault("00:04.0", 0x1000, write=False))
