"""What a region of the qemu: machine sends, and when: on a channel that only takes notes."""

from __future__ import annotations

import pytest

from rumphost.machine.pci import Bar, PciAddress
from rumphost.machine.qemu.region import QemuRegion

BASE = 0xC000


class Notes:
    """A channel that keeps what it is given; reads are answered from ``values`` or 0."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.values: dict[int, int] = {}

    def read(self, verb: bytes, address: int) -> int:
        self.sent.append(f"{verb.decode()} {address - BASE:#x}")
        return self.values.get(address - BASE, 0)

    def read_many(self, verb: bytes, address: int, count: int) -> list[int]:
        return [self.read(verb, address) for _ in range(count)]

    def post(self, verb: bytes, address: int, value: int) -> None:
        self.sent.append(f"{verb.decode()} {address - BASE:#x} {value:#x}")

    def flush(self) -> None:
        self.sent.append("flush")


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def region(notes: Notes) -> QemuRegion:
    bar = Bar(0, 0x100, is_io=True, is_64bit=False, prefetchable=False, address=BASE)
    region = QemuRegion(notes, PciAddress(0, 1, 0), bar)  # type: ignore[arg-type]
    region.decoded = True
    return region


def test_writes_are_posted(region, notes):
    region.write(4, 2, 1)
    region.write(4, 2, 2)
    assert notes.sent == ["outw 0x4 0x1", "outw 0x4 0x2"]


def test_an_acknowledgement_is_waited_for(region, notes):
    """Read the causes, write them back: the device has it before the driver looks for work."""
    notes.values[8] = 5
    region.write(8, 4, region.read(8, 4))
    assert notes.sent == ["inl 0x8", "outl 0x8 0x5", "flush"]


def test_also_with_other_writes_between(region, notes):
    region.read(0x10, 4)
    region.write(0x14, 4, 0)
    region.write(0x10, 4, 1)
    region.write(0x10, 4, 2)  # one for one
    assert notes.sent[1:] == ["outl 0x14 0x0", "outl 0x10 0x1", "flush", "outl 0x10 0x2"]


def test_nobody_answers_where_nothing_is_decoded(region, notes):
    region.decoded = False
    assert region.read(0, 2) == 0xFFFF
    assert region.read_multi(0, 4, 2) == [0xFFFF_FFFF] * 2
    region.write(0, 1, 1)
    assert notes.sent == []


def test_eight_bytes_are_two_times_four(region, notes):
    notes.values = {0: 0x1111, 4: 0x2222}
    assert region.read(0, 8) == 0x2222_0000_1111
    region.write(8, 8, 0x3_0000_0004)
    assert notes.sent == ["inl 0x0", "inl 0x4", "outl 0x8 0x4", "outl 0xc 0x3"]
