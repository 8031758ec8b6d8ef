"""The 82540EM as a PCI function: puts its parts together, and keeps link, reset and status.

Plugged into ``SimMachine`` as ``i82540em`` (or ``e1000``); ``model.wire`` is its network cable.
"""

from __future__ import annotations

from typing import ClassVar

from rumphost.machine.pci import PciAddress
from rumphost.machine.sim import SharedLine, SimMachine

from ..base import Identity, PciModel
from ..options import Option, flag, mac_address, number
from ..registers import RegisterBlock
from ..wire import GIGABIT, Wire
from .eeprom import Eeprom, contents
from .interrupts import Interrupts
from .phy import Mdio, Phy
from .receive import Receiver
from .statistics import Statistics
from .table import (
    CTRL_EXT_EE_RST,
    CTRL_FD,
    CTRL_FRCDPX,
    CTRL_FRCSPD,
    CTRL_PHY_RST,
    CTRL_RST,
    CTRL_SLU,
    INT_LSC,
    RAH_AV,
    RCTL_LBM,
    REGISTERS,
    STATUS_LU,
    STATUS_SPEED_SHIFT,
    STATUS_TXOFF,
)
from .transmit import Transmitter

REGISTER_SPACE = 128 << 10
BUFFER_MEMORY = (0x1_0000, 0x2_0000)
IO_SPACE = 64
PACKET_BUFFER_KIB = 64
SPEEDS = (10, 100, 1000, 1000)
FIRST_MAC = 0x5254_0012_3456
FIRST_DEVICE = 3


class IoWindow:
    """The I/O BAR (section 13.3.1): IOADDR at 0 chooses the register that IODATA at 4 is."""

    def __init__(self, block: RegisterBlock) -> None:
        self._block = block
        self.address = 0

    def read(self, offset: int, width: int) -> int:
        if offset < 4:
            return self.address >> 8 * offset & (1 << 8 * width) - 1
        if offset < 8:
            return self._block.read(self.address + offset - 4, width)
        return 0

    def write(self, offset: int, width: int, value: int) -> None:
        if offset == 0:
            self.address = value & 0x1_FFFF
        elif 4 <= offset < 8:
            self._block.write(self.address + offset - 4, width, value)

    def describe(self, offset: int, value: int | None = None) -> str:
        if 4 <= offset < 8:
            return f"IODATA({self._block.describe(self.address, value)})"
        return "IOADDR" if value is None else f"IOADDR.{self._block.describe(value)}"


class I82540em(PciModel):
    """One controller with its EEPROM, PHY and cable.

    ``mac``: six bytes, or None for 52:54:00:12:34:56 in the first slot and one more in each
    following. ``autoneg_ms``: how long autonegotiation takes. ``speed``: the most that the far end
    can do, in Mb/s. ``bits_per_second``: see ``Wire``.
    """

    IDENTITY = Identity(0x8086, 0x100E, 0x020000, 0x02, 0x8086, 0x001E)
    OPTIONS: ClassVar[dict[str, Option]] = {
        "mac": Option(mac_address, "MAC address in the EEPROM"),
        "msi": Option(flag, "has the MSI capability (default on)"),
        "autoneg_ms": Option(number, "how long autonegotiation takes (default 200)"),
        "speed": Option(number, "the far end's highest speed: 10, 100 or 1000 (default) Mb/s"),
        "bits_per_second": Option(number, "speed of the cable; 0: no limit"),
        "latency_ns": Option(number, "how long a frame travels (default 0)"),
    }

    def __init__(
        self,
        *,
        mac: bytes | None = None,
        msi: bool = True,
        autoneg_ms: int = 200,
        speed: int = 1000,
        bits_per_second: int | None = None,
        latency_ns: int = 0,
    ) -> None:
        super().__init__()
        self._given_mac = mac
        self.mac = mac or bytes(6)
        self.wire = Wire(bits_per_second=bits_per_second, latency_ns=latency_ns)
        self._memory = bytearray(BUFFER_MEMORY[1] - BUFFER_MEMORY[0])
        self.block = RegisterBlock(REGISTERS, self._stray)
        self.values = self.block.values
        self.statistics = Statistics(self.values)
        self.interrupts = Interrupts(self)
        self.eeprom = Eeprom(self, self.values)
        self.phy = Phy(self, autoneg_ns=autoneg_ms * 1_000_000, partner_speed=speed)
        self.mdio = Mdio(self, self.phy)
        self.receiver = Receiver(self)
        self.transmitter = Transmitter(self)
        self.link_up = False
        self._window = IoWindow(self.block)
        self.block.bind(self)
        self.add_bar(0, self.block, REGISTER_SPACE)
        self.add_bar(2, self._window, IO_SPACE, is_io=True)
        self.add_power_management()
        if msi:
            self.add_msi()

    # PciModel

    def plugged(self, machine: SimMachine, address: PciAddress, lines: list[SharedLine]) -> None:
        if self.eeprom.words[0] == 0xFFFF:
            default = FIRST_MAC + (address.device - FIRST_DEVICE) * 8 + address.function
            self.eeprom.words[:] = contents(self._given_mac or default.to_bytes(6, "big"))
        self.wire.attach(self, machine.events)
        super().plugged(machine, address, lines)

    def device_unplugged(self) -> None:
        self.wire.detach()

    def reset_device(self) -> None:
        """Power-on: everything, PHY and EEPROM logic included."""
        self._reset_mac()
        self._window.address = 0
        self.mdio.reset()
        self.phy.reset()

    def now_ns(self) -> int:
        """Return the machine's time."""
        return self.machine.events.now_ns()

    # Station

    def receive(self, frame: bytes) -> None:
        """Take a frame off the wire; without a link nothing arrives."""
        if self.link_up and self.awake:
            self.receiver.receive(frame)

    def receive_damaged(self, frame: bytes) -> None:
        """Take a frame that the cable has spoilt (wrong FCS)."""
        if self.link_up and self.awake:
            self.receiver.receive_damaged(frame)

    def link_changed(self, up: bool) -> None:
        """The cable was plugged or pulled."""
        self.phy.negotiate()

    # Link

    def update_link(self) -> None:
        """Follow the PHY's link and CTRL.SLU; a change is told by LSC."""
        up = self.phy.link is not None and bool(self.values["CTRL"] & CTRL_SLU)
        if up:
            self.wire.set_speed(self.speed * 1_000_000)
        if up != self.link_up:
            self.link_up = up
            self.interrupts.set(INT_LSC)
            self.transmitter.run()

    @property
    def speed(self) -> int:
        """The link's speed in Mb/s, forced or as the PHY resolved it."""
        control = self.values["CTRL"]
        if control & CTRL_FRCSPD or self.phy.link is None:
            return SPEEDS[control >> 8 & 3]
        return self.phy.link.speed

    @property
    def loopback(self) -> bool:
        """Whether what is sent comes back: in the MAC, or in the PHY."""
        return self.values["RCTL"] & RCTL_LBM == RCTL_LBM or self.phy.loopback

    @property
    def transmit_buffer_ns(self) -> int:
        """How long the wire needs for what the transmitter's part of the packet buffer holds."""
        kib = max(PACKET_BUFFER_KIB - (self.values["PBA"] & 0xFFFF), 1)
        return kib * 1024 * 8 * GIGABIT // max(self.wire.bits_per_second, 1)

    # Register actions

    def write_ctrl(self, value: int) -> None:
        if value & CTRL_RST:
            self._reset_mac()
        self.values["CTRL"] &= ~(CTRL_RST | CTRL_PHY_RST)
        if value & CTRL_PHY_RST:
            self.phy.reset()
        self.update_link()

    def write_ctrl_ext(self, value: int) -> None:
        if value & CTRL_EXT_EE_RST:
            self.values["CTRL_EXT"] &= ~CTRL_EXT_EE_RST
            self._load_eeprom()

    def read_status(self) -> int:
        control = self.values["CTRL"]
        link = self.phy.link
        full = bool(control & CTRL_FD)
        if not control & CTRL_FRCDPX and link is not None:
            full = link.full_duplex
        speed = {10: 0, 100: 1, 1000: 2}[self.speed]
        status = int(full) | speed << STATUS_SPEED_SHIFT | speed << STATUS_SPEED_SHIFT + 2
        if self.link_up:
            status |= STATUS_LU
        return status | (STATUS_TXOFF if self.transmitter.paused else 0)

    # Inside

    def _reset_mac(self) -> None:
        """CTRL.RST (section 14.3): all but PHY, PCI configuration and the link itself."""
        self.block.reset()
        self.statistics.reset()
        self.interrupts.reset()
        self.eeprom.reset()
        self.receiver.reset()
        self.transmitter.reset()
        self._load_eeprom()
        self.link_up = False

    def _load_eeprom(self) -> None:
        words = self.eeprom.words
        self.mac = b"".join(word.to_bytes(2, "little") for word in words[:3])
        self.values["RAL[0]"] = words[0] | words[1] << 16
        self.values["RAH[0]"] = words[2] | RAH_AV
        self.receiver.write_address(0, 0)

    def _stray(self, offset: int, width: int, value: int | None) -> int:
        """Packet buffer memory, and offsets where no register is."""
        start, end = BUFFER_MEMORY
        if start <= offset and offset + width <= end:
            at = offset - start
            if value is not None:
                self._memory[at : at + width] = value.to_bytes(width, "little")
            return int.from_bytes(self._memory[at : at + width], "little")
        self.note(f"{'read of' if value is None else 'write to'} offset {offset:#x}: no register")
        return 0
