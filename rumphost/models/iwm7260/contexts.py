"""What the host sets up in the firmware before the radio works: PHY, MAC, binding, quota.

A PHY context is a channel, a MAC context an address with a network; a binding puts a MAC onto a
PHY, and a quota gives a binding its share of time. Without a quota a binding has the radio only
while a time event of its MAC runs. Numbers carry an identity (low byte) and a colour.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from .commands import Refused

if TYPE_CHECKING:
    from .firmware import Firmware

ADD, MODIFY, REMOVE = 1, 2, 3
INVALID = 0xFFFF_FFFF
BAND_5GHZ, BAND_24GHZ = 0, 1
AUX_MAC = 4

FILTER_PROMISCUOUS = 1 << 0
FILTER_CONTROL_AND_MANAGEMENT = 1 << 1
FILTER_GROUP = 1 << 2
FILTER_NO_DECRYPTION = 1 << 3
FILTER_NO_GROUP_DECRYPTION = 1 << 4
FILTER_BEACONS = 1 << 6
FILTER_PROBE_REQUESTS = 1 << 12


class Contexts:
    """Contexts by identity, as the host's last command described them."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware
        self.reset()

    def reset(self) -> None:
        self.phys: dict[int, SimpleNamespace] = {}
        self.macs: dict[int, SimpleNamespace] = {}
        self.bindings: dict[int, SimpleNamespace] = {}
        self.quotas: dict[int, int] = {}

    @property
    def associated(self) -> SimpleNamespace | None:
        """Return the MAC context that is associated with a network."""
        return next((mac for mac in self.macs.values() if mac.is_assoc), None)

    def channel_of(self, mac: int, *, needs_quota: bool = True) -> int | None:
        """Return the channel that a MAC has, while it has the radio."""
        for identity, binding in self.bindings.items():
            if mac in binding.members and (not needs_quota or self.quotas.get(identity)):
                phy = self.phys.get(binding.phy & 0xFF)
                return None if phy is None else int(phy.channel)
        return None

    def scheduled_channel(self) -> int | None:
        """Return the channel of the binding that has time, if one has."""
        for mac in self.macs:
            channel = self.channel_of(mac)
            if channel is not None:
                return channel
        return None

    # Commands

    def phy_command(self, record: SimpleNamespace, _rest: bytes) -> None:
        if record.action != REMOVE and record.band not in (BAND_5GHZ, BAND_24GHZ):
            raise Refused(f"PHY_CONTEXT with band {record.band}")
        if record.action != REMOVE and (record.channel <= 14) != (record.band == BAND_24GHZ):
            raise Refused(f"PHY_CONTEXT: channel {record.channel} is not in band {record.band}")
        self._apply("PHY_CONTEXT", self.phys, record)

    def mac_command(self, record: SimpleNamespace, _rest: bytes) -> None:
        self._apply("MAC_CONTEXT", self.macs, record)
        self._firmware.beacons.association_changed()

    def binding_command(self, record: SimpleNamespace, _rest: bytes) -> None:
        record.members = [mac & 0xFF for mac in record.macs if mac != INVALID]
        if record.action != REMOVE:
            if record.phy & 0xFF not in self.phys:
                raise Refused(f"BINDING_CONTEXT: no PHY context {record.phy & 0xFF}")
            for mac in record.members:
                if mac not in self.macs:
                    raise Refused(f"BINDING_CONTEXT: no MAC context {mac}")
        self._apply("BINDING_CONTEXT", self.bindings, record)

    def quota_command(self, record: SimpleNamespace, _rest: bytes) -> None:
        quotas: dict[int, int] = {}
        for at in range(0, 12, 3):
            binding, quota, _longest = record.entries[at : at + 3]
            if binding == INVALID:
                continue
            if binding & 0xFF not in self.bindings:
                raise Refused(f"TIME_QUOTA: no binding {binding & 0xFF}")
            quotas[binding & 0xFF] = quota
        self.quotas = quotas

    def _apply(self, what: str, table: dict[int, SimpleNamespace], record: SimpleNamespace) -> None:
        identity = record.id_and_color & 0xFF
        if record.action == ADD:
            if identity in table:
                self._firmware.model.note(f"{what} {identity} is added a second time")
            table[identity] = record
        elif record.action == MODIFY:
            if identity not in table:
                raise Refused(f"{what} {identity} does not exist")
            table[identity] = record
        elif record.action == REMOVE:
            if table.pop(identity, None) is None:
                raise Refused(f"{what} {identity} does not exist")
        else:
            raise Refused(f"{what} with action {record.action}")
