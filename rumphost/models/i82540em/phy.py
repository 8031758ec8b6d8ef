"""The PHY, a Marvell 88E1011 at MDIO address 1, and MDIC, the way to it.

Registers follow IEEE 802.3 clause 22 and, from 16 upward, the PHY's own. The identifier is
0x01410c20, the only one that drivers accept with this controller. The link partner is a switch that
negotiates up to ``partner_speed``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .table import INT_MDAC

if TYPE_CHECKING:
    from .model import I82540em

ADDRESS = 1
BMCR, BMSR, ID1, ID2, ANAR, ANLPAR, ANER, ANNP = range(8)
GTCR, GTSR, EXTSR = 9, 10, 15
PSCR, PSSR, IER, ISR = 16, 17, 18, 19
REGISTERS = 32

BMCR_RESET, BMCR_LOOPBACK, BMCR_AUTONEG = 0x8000, 0x4000, 0x1000
BMCR_POWER_DOWN, BMCR_ISOLATE, BMCR_RESTART, BMCR_DUPLEX = 0x0800, 0x0400, 0x0200, 0x0100
BMSR_ABILITIES, BMSR_COMPLETE, BMSR_LINK = 0x7949, 0x0020, 0x0004
ANLPAR_ACKNOWLEDGE = 0x4000
ISR_LINK_CHANGED, ISR_COMPLETE = 0x0400, 0x0800

RESET_VALUES = {
    BMCR: BMCR_AUTONEG | BMCR_DUPLEX | 0x0040,
    ID1: 0x0141,
    ID2: 0x0C20,
    ANAR: 0x0DE1,
    ANNP: 0x2001,
    GTCR: 0x0300,
    EXTSR: 0x3000,
    PSCR: 0x0360,
    20: 0x0D60,
}
READ_ONLY = {BMSR, ID1, ID2, ANLPAR, ANER, GTSR, EXTSR, PSSR, ISR}
SELF_CLEARING = BMCR_RESET | BMCR_RESTART

# Bits of (ANAR & ANLPAR), best first, as (mask, Mb/s, full duplex).
COMMON = ((0x0100, 100, True), (0x0080, 100, False), (0x0040, 10, True), (0x0020, 10, False))


@dataclass(frozen=True)
class LinkState:
    """A link as the PHY resolved it; ``speed`` in Mb/s."""

    speed: int
    full_duplex: bool


class Phy:
    """The PHY of one controller; ``link`` is None while there is none.

    ``autoneg_ns`` is how long autonegotiation takes.
    """

    def __init__(self, model: I82540em, *, autoneg_ns: int, partner_speed: int) -> None:
        self._model = model
        self._autoneg_ns = autoneg_ns
        self.partner_speed = partner_speed
        self.link: LinkState | None = None
        self._timer = model.timer(self._resolve)
        self._registers = [0] * REGISTERS

    def reset(self) -> None:
        """Bring every register to its reset value and negotiate."""
        self._registers = [RESET_VALUES.get(number, 0) for number in range(REGISTERS)]
        self._latched_down = True
        self.negotiate()

    @property
    def loopback(self) -> bool:
        return bool(self._registers[BMCR] & BMCR_LOOPBACK)

    def negotiate(self) -> None:
        """Drop the link and, if the cable is good, bring it up after the time that this takes."""
        self._timer.cancel()
        self._set_link(None)
        self._registers[ANER] = 0
        self._registers[ANLPAR] = self._registers[GTSR] = 0
        control = self._registers[BMCR]
        if control & (BMCR_POWER_DOWN | BMCR_ISOLATE) or not self._model.wire.up:
            return
        if control & BMCR_LOOPBACK:
            self._resolve()
        else:
            self._timer.start(self._autoneg_ns)

    def read(self, number: int) -> int:
        """Read a register as MDIO does."""
        if number == BMSR:
            up = self.link is not None and not self._latched_down
            self._latched_down = self.link is None
            done = self.link is not None and self._registers[BMCR] & BMCR_AUTONEG
            return BMSR_ABILITIES | (BMSR_LINK if up else 0) | (BMSR_COMPLETE if done else 0)
        if number == PSSR:
            return self._status()
        value = self._registers[number]
        if number == ISR:
            self._registers[ISR] = 0
        return value

    def write(self, number: int, value: int) -> None:
        """Write a register as MDIO does."""
        if number in READ_ONLY:
            return
        if number != BMCR:
            self._registers[number] = value
            return
        if value & BMCR_RESET:
            self.reset()
            return
        changed = (self._registers[BMCR] ^ value) & ~SELF_CLEARING
        self._registers[BMCR] = value & ~SELF_CLEARING
        if changed or value & BMCR_RESTART:
            self.negotiate()

    def _resolve(self) -> None:
        """Autonegotiation, or forced link-up, has finished."""
        control = self._registers[BMCR]
        if not control & BMCR_AUTONEG:
            speed = {0x0000: 10, 0x2000: 100, 0x0040: 1000, 0x2040: 1000}[control & 0x2040]
            matches = speed <= self.partner_speed or control & BMCR_LOOPBACK
            self._set_link(LinkState(speed, bool(control & BMCR_DUPLEX)) if matches else None)
            return
        registers = self._registers
        abilities = 0x01E1 if self.partner_speed >= 100 else 0x0061
        registers[ANLPAR] = ANLPAR_ACKNOWLEDGE | 0x0400 | abilities
        registers[ANER] = 0x0003
        gigabit = registers[GTCR] & 0x0300 if self.partner_speed >= 1000 else 0
        registers[GTSR] = 0x7C00 if self.partner_speed >= 1000 else 0
        registers[ISR] |= ISR_COMPLETE
        if gigabit:
            self._set_link(LinkState(1000, bool(gigabit & 0x0200)))
            return
        common = registers[ANAR] & registers[ANLPAR]
        best = next((entry for entry in COMMON if common & entry[0]), None)
        self._set_link(LinkState(best[1], best[2]) if best else None)

    def _set_link(self, link: LinkState | None) -> None:
        if link is None:
            self._latched_down = True
        if link != self.link:
            self.link = link
            self._registers[ISR] |= ISR_LINK_CHANGED
            self._model.update_link()

    def _status(self) -> int:
        if self.link is None:
            return 0
        speed = {10: 0, 100: 1, 1000: 2}[self.link.speed]
        return speed << 14 | self.link.full_duplex << 13 | 0x0C00


MDIC_READY, MDIC_INTERRUPT, MDIC_ERROR = 1 << 28, 1 << 29, 1 << 30
OP_WRITE, OP_READ = 1, 2
MDIC_NS = 25_600
"""64 bit times of a 2.5 MHz management clock."""
POLLS = 8


class Mdio:
    """MDIC (section 13.4.8): one access at a time to the PHY's registers."""

    def __init__(self, model: I82540em, phy: Phy) -> None:
        self._model = model
        self._phy = phy
        self._interrupt = model.timer(lambda: model.interrupts.set(INT_MDAC))
        self.reset()

    def reset(self) -> None:
        self._interrupt.cancel()
        self._value = MDIC_READY
        self._ready_ns = 0
        self._polls = 0

    def write_mdic(self, value: int) -> None:
        operation, address, number = value >> 26 & 3, value >> 21 & 31, value >> 16 & 31
        result = value & 0x2FFF_FFFF
        if address != ADDRESS or operation not in (OP_READ, OP_WRITE):
            result |= MDIC_ERROR
        elif operation == OP_WRITE:
            self._phy.write(number, value & 0xFFFF)
        else:
            result = result & ~0xFFFF | self._phy.read(number)
        self._value = result
        self._ready_ns = self._model.now_ns() + MDIC_NS
        self._polls = POLLS
        if value & MDIC_INTERRUPT:
            self._interrupt.start(MDIC_NS)

    def read_mdic(self) -> int:
        """READY comes with time, or after some polls by a driver that does not delay(9)."""
        self._polls -= 1
        if self._polls <= 0 or self._model.now_ns() >= self._ready_ns:
            return self._value | MDIC_READY
        return self._value & ~(0xFFFF | MDIC_ERROR)
