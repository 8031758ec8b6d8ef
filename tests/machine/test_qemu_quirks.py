"""Where QEMU's device models answer otherwise than the chips that they model."""

from __future__ import annotations

import shutil

import pytest

from rumphost.machine.qemu import QemuMachine

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed"
)
COMMAND = 0x04
RESET, RESET_16BIT, RDP = 0x18, 0x14, 0x10
ADDRESS = bytes.fromhex("525400abcdef")


@pytest.mark.parametrize("bar", [0, 1])
async def test_an_address_prom_is_read_by_bytes_in_either_mode(bar):
    async with QemuMachine.from_text("pcnet:mac=52-54-00-ab-cd-ef", None) as machine:
        (function,) = machine.functions
        function.config_write(COMMAND, 2, 3)
        chip = function.map_bar(bar)
        assert bytes(chip.read(n, 1) for n in range(6)) == ADDRESS
        chip.read(RESET, 4)
        chip.read(RESET_16BIT, 2)
        chip.write(RDP, 4, 0)  # 32-bit mode from now on
        assert bytes(chip.read(n, 1) for n in range(6)) == ADDRESS
        assert chip.read(2, 2).to_bytes(2, "little") == ADDRESS[2:4]
        assert chip.read(0, 4).to_bytes(4, "little") == ADDRESS[:4]
