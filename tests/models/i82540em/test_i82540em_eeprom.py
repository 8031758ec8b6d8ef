"""The EEPROM through EERD and by hand through EECD."""

from __future__ import annotations

import pytest
from python_driver import MAC, Nic

from rumphost.models.i82540em.eeprom import WORDS

SK, CS, DI, DO, REQ, GNT = 1, 2, 4, 8, 0x40, 0x80


def eerd(nic: Nic, address: int) -> int:
    nic.write("EERD", address << 8 | 1)
    assert not nic.read("EERD") & 0x10
    nic.advance(20_000)
    value = nic.read("EERD")
    assert value & 0x10
    return value >> 16


class Microwire:
    """Bangs the bits."""

    def __init__(self, nic: Nic) -> None:
        self.nic = nic
        nic.write("EECD", REQ)
        assert nic.read("EECD") & GNT

    def send(self, value: int, count: int) -> None:
        for bit in reversed(range(count)):
            pins = REQ | CS | (DI if value >> bit & 1 else 0)
            for state in (pins, pins | SK, pins):
                self.nic.write("EECD", state)

    def receive(self) -> int:
        value = 0
        for _ in range(16):
            self.nic.write("EECD", REQ | CS | SK)
            value = value << 1 | bool(self.nic.read("EECD") & DO)
            self.nic.write("EECD", REQ | CS)
        return value

    def stop(self) -> None:
        self.nic.write("EECD", REQ)

    def read(self, address: int) -> int:
        self.send(0b110, 3)
        self.send(address, 6)
        value = self.receive()
        self.stop()
        return value


def test_both_ways_give_the_same_words_with_the_right_sum(nic: Nic) -> None:
    wire = Microwire(nic)
    by_hardware = [eerd(nic, address) for address in range(WORDS)]
    assert [wire.read(address) for address in range(WORDS)] == by_hardware
    assert sum(by_hardware) & 0xFFFF == 0xBABA
    assert b"".join(word.to_bytes(2, "little") for word in by_hardware[:3]) == MAC


def test_reading_goes_on_to_the_next_word(nic: Nic) -> None:
    wire = Microwire(nic)
    wire.send(0b110, 3)
    wire.send(0x3F, 6)
    assert [wire.receive(), wire.receive()] == [nic.model.eeprom.words[63], 0x5452]


def test_a_poll_without_delay_ends_too(nic: Nic) -> None:
    nic.write("EERD", 1)
    assert any(nic.read("EERD") & 0x10 for _ in range(20))


def test_writing_must_be_enabled_and_survives_reset(nic: Nic) -> None:
    wire = Microwire(nic)
    for command, data in ((0b101_000000, 0x1111), (0b100_110000, None), (0b101_000001, 0x2222)):
        wire.send(command, 9)
        if data is not None:
            wire.send(data, 16)
        wire.stop()
    assert "write-enable" in nic.model.notes[-1]
    nic.write("CTRL", 1 << 26)
    assert nic.read("RAL") == 0x2222_5452
    assert nic.read("RAH") == 0x8000_5634


def test_the_chip_is_deaf_without_a_grant(nic: Nic) -> None:
    nic.write("EECD", CS)
    assert not nic.read("EECD") & GNT
    assert "without REQ" in nic.model.notes[-1]


@pytest.mark.parametrize("mac", [None, bytes.fromhex("0200deadbeef")])
def test_each_card_has_a_mac_address_of_its_own(mac: bytes | None) -> None:
    nic = Nic(mac=mac)
    assert nic.model.mac == (mac or MAC)
    assert nic.read("RAL").to_bytes(4, "little") == nic.model.mac[:4]
