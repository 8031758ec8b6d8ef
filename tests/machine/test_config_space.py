"""Configuration space: masks, capabilities, sealing."""

from __future__ import annotations

from rumphost.machine.config_space import CAP_MSI, CAP_PM, CAPABILITY_POINTER, STATUS, ConfigSpace


def test_masks() -> None:
    space = ConfigSpace()
    space.define(0x10, 4, 0x8, writable=0xFFFF_0000)
    space.write(0x10, 4, 0xFFFF_FFFF)
    assert space.read(0x10, 4) == 0xFFFF_0008
    space.write(0x12, 1, 0x34)
    assert space.read(0x10, 4) == 0xFF34_0008
    space.define(0x06, 2, 0xFFFF, clear=0xF900)
    space.write(0x06, 2, 0x8000)
    assert space.read(0x06, 2) == 0x7FFF


def test_nobody_answers_beyond_the_end() -> None:
    space = ConfigSpace(256)
    space.write(0x100, 4, 1)
    assert space.read(0x100, 4) == space.read(0xFE, 4) == 0xFFFF_FFFF
    assert ConfigSpace(4096).read(0x100, 4) == 0


def test_capabilities_are_chained() -> None:
    space = ConfigSpace()
    assert space.find_capability(CAP_PM) == 0
    first, second = space.add_capability(CAP_PM, 8), space.add_capability(CAP_MSI, 14)
    assert [space.read(CAPABILITY_POINTER, 1), first, second] == [0x40, 0x40, 0x48]
    assert space.read(first, 2) == 0x4801
    assert space.read(second, 2) == CAP_MSI
    assert space.find_capability(CAP_MSI) == second
    assert space.read(STATUS, 2) & 0x10


def test_reset_returns_to_the_sealed_values() -> None:
    space = ConfigSpace()
    space.define(0x04, 2, 0, writable=0xFFFF)
    space.seal()
    space.change(0x04, 2, put=0x7)
    space.change(0x04, 2, drop=0x2)
    assert space.read(0x04, 2) == 5
    space.reset()
    assert space.read(0x04, 2) == 0
