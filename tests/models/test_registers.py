"""Registers as data: access kinds, widths, arrays, aliases, names."""

from __future__ import annotations

import pytest

from rumphost.models.registers import Register, RegisterBlock, RegisterTable, bits


class Device:
    def __init__(self) -> None:
        self.seen: list[object] = []

    def written(self, value: int) -> None:
        self.seen.append(value)

    def word_written(self, index: int, value: int) -> None:
        self.seen.append((index, value))

    def now(self) -> int:
        return 0x1234_5678


TABLE = RegisterTable(
    [
        Register("CTRL", 0x00, reset=1, writable=0xFF, on_write="written", aliases=(0x80,)),
        Register("STATUS", 0x04, "ro", 0xABCD, fields=bits(UP=0, SPEED=(3, 2))),
        Register("ISR", 0x08, "w1c", 0xF),
        Register("COUNT", 0x0C, "rc", 7),
        Register("BELL", 0x10, "wo", on_write="written"),
        Register("CLOCK", 0x14, "ro", on_read="now"),
        Register("WIDE", 0x18, width=8),
        Register("WORD", 0x40, count=4, stride=8, on_write="word_written"),
    ]
)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def block(device: Device) -> RegisterBlock:
    block = RegisterBlock(TABLE, lambda _offset, _width, _value: 0x1_DEAD_BEEF)
    block.bind(device)
    return block


def test_rw_keeps_bits_that_cannot_be_written_and_calls_the_device(
    block: RegisterBlock, device: Device
) -> None:
    block.write(0, 4, 0x1FF)
    assert block.read(0, 4) == block.read(0x80, 4) == 0xFF
    assert device.seen == [0xFF]


def test_access_kinds(block: RegisterBlock, device: Device) -> None:
    block.write(0x04, 4, 0)
    assert block.read(0x04, 4) == 0xABCD
    block.write(0x08, 4, 0b0101)
    assert block.read(0x08, 4) == 0b1010
    assert [block.read(0x0C, 4), block.read(0x0C, 4)] == [7, 0]
    block.write(0x10, 4, 9)
    assert block.read(0x10, 4) == 0
    assert device.seen == [9]
    assert block.read(0x14, 4) == 0x1234_5678


def test_narrow_and_wide_accesses(block: RegisterBlock) -> None:
    assert block.read(0x16, 2) == 0x1234
    assert block.read(0x15, 1) == 0x56
    block.write(0x19, 1, 0xAB)
    block.write(0x1C, 4, 0x0102_0304)
    assert block.read(0x18, 8) == 0x0102_0304_0000_AB00
    assert block.read(0x00, 8) == 0xABCD_0000_0001


def test_arrays_tell_the_index(block: RegisterBlock, device: Device) -> None:
    block.write(0x50, 4, 5)
    assert device.seen == [(2, 5)]
    assert block.values["WORD[2]"] == 5


def test_offsets_without_register_go_to_stray(block: RegisterBlock) -> None:
    assert block.read(0x200, 4) == 0xDEAD_BEEF


def test_reset_brings_back_the_values(block: RegisterBlock) -> None:
    block.write(0, 4, 0)
    block.reset()
    assert block.read(0, 4) == 1


def test_names_for_the_trace() -> None:
    assert TABLE.describe(0x04, 0b1001) == "STATUS.UP|SPEED=0x2"
    assert TABLE.describe(0x05) == "STATUS+1"
    assert TABLE.describe(0x58) == "WORD[3]"
    assert TABLE.describe(0x300) == "0x300"


def test_registers_may_not_overlap() -> None:
    with pytest.raises(ValueError, match="B overlaps A at 0x2"):
        RegisterTable([Register("A", 0), Register("B", 2)])
