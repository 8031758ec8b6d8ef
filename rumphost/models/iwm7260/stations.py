"""The firmware's stations: whom it talks to, at which rates, with which keys.

A station number is the host's choice (0 to 15). Keys are those that the radio decrypts with; what
it encrypts with comes with each frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..air.ccmp import CcmpKey
from . import layouts
from .commands import Refused

if TYPE_CHECKING:
    from .firmware import Firmware

MOST = 16
SUCCESS, OVERLOAD, NO_SUCH_STATION = 1, 2, 8
MODIFY_KEY = 1

KEY_CIPHER = 7
KEY_CCM = 2
KEY_ID_SHIFT = 8
KEY_NOT_VALID = 1 << 11
KEY_MULTICAST = 1 << 14


@dataclass
class Station:
    """One station; ``rates`` is its table of rate words, fastest first, empty until LQ_CMD."""

    number: int
    mac: int
    address: bytes
    queues: int
    rates: tuple[int, ...] = ()
    keys: dict[int, CcmpKey] = field(default_factory=dict)
    group_keys: dict[int, CcmpKey] = field(default_factory=dict)


class Stations:
    """Stations by number."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware
        self.reset()

    def reset(self) -> None:
        self.table: dict[int, Station] = {}

    def by_address(self, address: bytes) -> Station | None:
        """Return the station with an address."""
        return next((one for one in self.table.values() if one.address == address), None)

    # Commands

    def add_command(self, record: SimpleNamespace, _rest: bytes) -> bytes:
        number = record.sta_id
        if number >= MOST:
            return layouts.STATUS.pack(status=OVERLOAD)
        if record.modify:
            station = self.table.get(number)
            if station is None:
                return layouts.STATUS.pack(status=NO_SUCH_STATION)
            if record.mask & MODIFY_KEY and hasattr(record, "key_flags"):
                self._set_key(station, record.key_flags, record.key)
            return layouts.STATUS.pack(status=SUCCESS)
        mac = record.mac & 0xFF
        self.table[number] = Station(number, mac, record.addr, record.queues)
        return layouts.STATUS.pack(status=SUCCESS)

    def remove_command(self, record: SimpleNamespace, _rest: bytes) -> bytes:
        found = self.table.pop(record.sta_id, None)
        return layouts.STATUS.pack(status=SUCCESS if found is not None else NO_SUCH_STATION)

    def key_command(self, record: SimpleNamespace, _rest: bytes) -> bytes:
        station = self.table.get(record.sta_id)
        if station is None:
            return layouts.STATUS.pack(status=NO_SUCH_STATION)
        self._set_key(station, record.key_flags, record.key)
        return layouts.STATUS.pack(status=SUCCESS)

    def quality_command(self, record: SimpleNamespace, _rest: bytes) -> None:
        station = self.table.get(record.sta_id)
        if station is None:
            raise Refused(f"LQ_CMD: no station {record.sta_id}")
        station.rates = record.rates

    def _set_key(self, station: Station, flags: int, key: bytes) -> None:
        number = flags >> KEY_ID_SHIFT & 3
        table = station.group_keys if flags & KEY_MULTICAST else station.keys
        if flags & KEY_NOT_VALID:
            table.pop(number, None)
        elif flags & KEY_CIPHER == KEY_CCM:
            table[number] = CcmpKey(key)
        else:
            raise Refused(f"a key with cipher {flags & KEY_CIPHER}: the model has CCMP only")
