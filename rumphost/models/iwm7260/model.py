"""The Intel Wireless 7260 as a PCI function: puts its parts together; resets, clock, radio switch.

Plugged into ``SimMachine`` as ``iwm7260``. ``model.air`` has the access points, and ``model.wire``
is the Ethernet behind them. ``faults`` are words that make the card misbehave: ``no-ready`` (it
never says that it is), ``no-clock`` (the MAC clock never runs), ``no-dma`` (firmware is never
loaded), ``no-alive`` (it never starts), ``mute`` (it answers no command).
"""

from __future__ import annotations

from typing import Any, ClassVar

from rumphost.machine.pci import PciAddress
from rumphost.machine.sim import SharedLine, SimMachine

from ..air import Air
from ..air.description import default_access_points, parse_access_points
from ..base import Identity, PciModel
from ..options import Option, flag, mac_address
from ..registers import RegisterBlock
from .agenda import Agenda
from .commands import ASSERT_HOST
from .firmware import Firmware
from .interrupts import Interrupts
from .receive import Receiver
from .table import (
    GP_CLOCK_READY,
    GP_INIT_DONE,
    GP_RADIO_ALLOWED,
    IF_NIC_READY,
    INT_RF_KILL,
    REGISTER_SPACE,
    REGISTERS,
    RESET_FORCE_NMI,
    RESET_MASTER_DISABLED,
    RESET_NEVO,
    RESET_SOFTWARE,
    RESET_STOP_MASTER,
)
from .transmit import Transmitter
from .windows import Windows

CLOCK_NS = 20_000
KEPT_BY_SOFTWARE_RESET = ("HW_IF_CONFIG", "DRAM_INT_TBL", "INT_COALESCING", "INT_MODE")
"""Registers of the host's side: drivers reset the card and go on with the same table of causes."""
MAC = bytes.fromhex("001517726000")
"""The address of the card in slot 0; each following slot's is one more."""


class Iwm7260(PciModel):
    """One card. ``mac``: six bytes, or None for one made from the slot. ``rfkill``: radio off.

    ``air``: an ``Air`` to share with other cards, or None for one of its own with
    ``access_points`` on it (None: one open network, one with WPA2, one on 5 GHz).
    """

    IDENTITY = Identity(0x8086, 0x08B1, 0x028000, 0x83, 0x8086, 0x4070)
    OPTIONS: ClassVar[dict[str, Option]] = {
        "mac": Option(mac_address, "MAC address in the NVM"),
        "rfkill": Option(flag, "the radio switch is off (default on)"),
        "access_points": Option(
            parse_access_points, "SSID@CHANNEL[@DBM][/PASSPHRASE], several with + between them"
        ),
    }

    def __init__(
        self,
        *,
        mac: bytes | None = None,
        rfkill: bool = False,
        air: Air | None = None,
        access_points: list[Any] | None = None,
    ) -> None:
        super().__init__()
        self._given_mac = mac
        self.mac = mac or MAC
        if air is None:
            air = Air(default_access_points() if access_points is None else access_points)
        self.air = air
        self.wire = air.distribution
        self.faults: set[str] = set()
        self.radio_allowed = not rfkill
        self.agenda = Agenda(lambda: self.machine.events)
        self.after = self.agenda.after
        self.block = RegisterBlock(REGISTERS, self._stray)
        self.values = self.block.values
        self.interrupts = Interrupts(self)
        self.windows = Windows(self)
        self.receive = Receiver(self)
        self.transmit = Transmitter(self)
        self.firmware = Firmware(self)
        self._clock_at_ns: int | None = None
        self._held = True
        self.block.bind(self)
        self.add_bar(0, self.block, REGISTER_SPACE, is_64bit=True)
        self.add_power_management()
        self.add_msi()
        self.add_express()

    # The board

    def plugged(self, machine: SimMachine, address: PciAddress, lines: list[SharedLine]) -> None:
        if self._given_mac is None:
            number = int.from_bytes(MAC, "big") + address.device
            self.mac = number.to_bytes(6, "big")
        super().plugged(machine, address, lines)
        self.firmware = Firmware(self)
        self.air.attach(machine.events)
        self.air.join(self.firmware.radio)

    def device_unplugged(self) -> None:
        self._stop_everything()
        self.air.leave(self.firmware.radio)

    def reset_device(self) -> None:
        self._stop_everything()
        self.windows.memory.clear()

    def _stop_everything(self) -> None:
        self.agenda.clear()
        self.firmware.stop()
        self.block.reset()
        self.windows.reset()
        self.receive.reset()
        self.transmit.reset()
        self.interrupts.reset()
        self._clock_at_ns = None
        self._held = True

    def now_ns(self) -> int:
        return self.machine.events.now_ns()

    def system_time(self) -> int:
        """The card's clock in µs, 32 bits of it."""
        return self.now_ns() // 1000 & 0xFFFF_FFFF

    @property
    def clock_ready(self) -> bool:
        """Whether the MAC clock runs: what lies behind the windows can be used."""
        return self._clock_at_ns is not None and self._clock_at_ns <= self.now_ns()

    def set_rfkill(self, on: bool) -> None:
        """Turn the radio switch: ``on`` means no radio."""
        if self.radio_allowed == on:
            self.radio_allowed = not on
            self.interrupts.cause(INT_RF_KILL)
            self.firmware.retune()

    def non_maskable_interrupt(self) -> None:
        """The host has kicked the firmware, which then tells where it was."""
        self.firmware.fail(ASSERT_HOST)

    # Actions of registers

    def host_interface_written(self, value: int) -> None:
        """The card is ready for the host as soon as the host says so."""
        if "no-ready" in self.faults:
            self.values["HW_IF_CONFIG"] = value & ~IF_NIC_READY

    def read_gp_control(self) -> int:
        value = self.values["GP_CNTRL"]
        value |= GP_RADIO_ALLOWED if self.radio_allowed else 0
        return value | (GP_CLOCK_READY if self.clock_ready else 0)

    def gp_control_written(self, value: int) -> None:
        if not value & GP_INIT_DONE:
            self._clock_at_ns = None
        elif self._clock_at_ns is None and "no-clock" not in self.faults:
            self._clock_at_ns = self.now_ns() + CLOCK_NS

    def reset_written(self, value: int) -> None:
        if value & RESET_SOFTWARE:
            kept = {name: self.values[name] for name in KEPT_BY_SOFTWARE_RESET}
            entry = self.interrupts.entry
            self._stop_everything()
            self.values.update(kept, RESET=value & ~RESET_SOFTWARE)
            self.interrupts.entry = entry
            return
        if value & RESET_STOP_MASTER:
            self.values["RESET"] |= RESET_MASTER_DISABLED
        if value & RESET_NEVO:
            self._hold_processor()
        elif self._held:
            self._held = False
            self.firmware.start()
        if value & RESET_FORCE_NMI:
            self.non_maskable_interrupt()

    def _hold_processor(self) -> None:
        self._held = True
        if self.firmware.running:
            self.firmware.stop()
        self.transmit.sections.clear()

    def driver_bits_set(self, value: int) -> None:
        self.values["UCODE_DRV_GP1"] |= value

    def driver_bits_cleared(self, value: int) -> None:
        self.values["UCODE_DRV_GP1"] &= ~value

    def _stray(self, offset: int, width: int, value: int | None) -> int:
        what = "read" if value is None else f"write of {value:#x}"
        self.note(f"{what} at {offset:#x}, where no register is")
        return 0
