"""MDIC, the PHY's registers, autonegotiation, and the link as the MAC shows it."""

from __future__ import annotations

import pytest
from python_driver import LINK_NS, Nic

READY, IE, ERROR = 1 << 28, 1 << 29, 1 << 30
BMCR, BMSR, ANLPAR, GTSR, PSSR = 0, 1, 5, 10, 17
LSC, MDAC = 1 << 2, 1 << 9


def mdic(nic: Nic, number: int, value: int | None = None, *, phy: int = 1, flags: int = 0) -> int:
    operation = 2 << 26 if value is None else 1 << 26 | value
    nic.write("MDIC", operation | phy << 21 | number << 16 | flags)
    assert not nic.read("MDIC") & READY
    nic.advance(26_000)
    result = nic.read("MDIC")
    assert result & READY
    return result & ~READY if phy != 1 else result & 0xFFFF


def test_identity(nic: Nic) -> None:
    assert mdic(nic, 2) == 0x0141
    assert mdic(nic, 3) == 0x0C20
    assert mdic(nic, BMSR) == 0x7949
    assert mdic(nic, 2, phy=0) & ERROR


def test_autonegotiation_brings_the_link_up_and_says_so(nic: Nic) -> None:
    nic.write("CTRL", 0x241)
    nic.write("IMS", LSC)
    assert not nic.read("STATUS") & 2
    nic.advance(LINK_NS)
    assert nic.line.asserted
    assert nic.read("ICR") == LSC
    assert nic.read("STATUS") & 0xC3 == 0x83
    assert mdic(nic, BMSR) == 0x7969
    assert mdic(nic, BMSR) == 0x796D
    assert mdic(nic, ANLPAR) == 0x45E1
    assert mdic(nic, GTSR) & 0x0800
    assert mdic(nic, PSSR) == 0xAC00


def test_slu_clear_keeps_the_macs_link_down(nic: Nic) -> None:
    nic.advance(LINK_NS)
    assert not nic.read("STATUS") & 2
    nic.write("CTRL", 0x241)
    assert nic.read("STATUS") & 2


@pytest.mark.parametrize(
    ("partner", "advertised", "status"),
    [(100, 0x01E1, 0x43), (10, 0x01E1, 0x03), (1000, 0x00A1, 0x42), (1000, 0x0021, 0x02)],
)
def test_the_best_common_mode_wins(partner: int, advertised: int, status: int) -> None:
    nic = Nic(speed=partner)
    nic.write("CTRL", 0x241)
    mdic(nic, 4, advertised)
    if partner == 1000:
        mdic(nic, 9, 0)
    mdic(nic, BMCR, 0x1200)
    nic.advance(LINK_NS)
    assert nic.read("STATUS") & 0xC3 == status


def test_forced_mode_and_power_down(nic: Nic) -> None:
    nic.write("CTRL", 0x241)
    mdic(nic, BMCR, 0x2100)
    nic.advance(LINK_NS)
    assert nic.read("STATUS") & 0xC3 == 0x43
    mdic(nic, BMCR, 0x2900)
    nic.advance(LINK_NS)
    assert not nic.read("STATUS") & 2


def test_a_pulled_cable_latches_link_down(nic: Nic) -> None:
    nic.up(ims=LSC)
    mdic(nic, BMSR)
    nic.model.wire.set_link(False)
    assert nic.read("ICR") == LSC
    nic.model.wire.set_link(True)
    nic.advance(LINK_NS)
    assert nic.read("ICR") == LSC
    assert not mdic(nic, BMSR) & 4
    assert mdic(nic, BMSR) & 4


def test_mdio_interrupt(nic: Nic) -> None:
    mdic(nic, 2, flags=IE)
    assert nic.read("ICR") & MDAC


def test_phy_reset_returns_to_autonegotiation(nic: Nic) -> None:
    nic.up()
    mdic(nic, BMCR, 0x2100)
    nic.write("CTRL", 1 << 31 | 0x241)
    assert mdic(nic, BMCR) == 0x1140
    assert not nic.read("STATUS") & 2
    nic.advance(LINK_NS)
    assert nic.read("STATUS") & 2


def test_mac_reset_keeps_the_phys_link(nic: Nic) -> None:
    nic.up(ims=LSC)
    nic.write("CTRL", 1 << 26)
    assert not nic.read("STATUS") & 2
    assert nic.read("CTRL") == 0x201
    assert [nic.read(name) for name in ("IMS", "RCTL", "TDT", "RDT", "RDLEN")] == [0] * 5
    nic.write("CTRL", 0x241)
    assert nic.read("STATUS") & 2
