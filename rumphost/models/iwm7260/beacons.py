"""Beacons of the network that the card is associated with: the filter, and those that are missing.

With the filter on, a beacon goes up to the host only when something in it or its strength has
changed, or after ``escape_timer`` beacons. When several in a row do not come, the host is told.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..air import frames as f
from ..air.air import Reception
from ..air.frames import Header
from . import layouts
from .commands import MISSED_BEACONS

if TYPE_CHECKING:
    from .firmware import Firmware

TU_NS = 1_024_000
FIRST_REPORT = 5
"""How many beacons in a row must be missing before the host is told."""
FIXED = 36


class Beacons:
    """``received`` and ``missed_in_all`` count since the last association."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware
        self.reset()

    def reset(self) -> None:
        self.filter: SimpleNamespace | None = None
        self.received = 0
        self.missed_in_all = 0
        self._missing = 0
        self._watch = 0
        self._mac: SimpleNamespace | None = None
        self._shown = b""
        self._shown_dbm = 0
        self._hidden = 0

    def filter_command(self, record: SimpleNamespace, _rest: bytes) -> None:
        self.filter = record if record.enable else None
        self._shown = b""

    def association_changed(self) -> None:
        """A MAC context has changed: watch its network's beacons, or no longer."""
        mac = self._firmware.contexts.associated
        was, self._mac = self._mac, mac
        if mac is None or not mac.interval:
            self._watch += 1
        elif was is None or was.bssid_addr != mac.bssid_addr:
            self.received = self.missed_in_all = self._missing = 0
            self._expect(mac.interval * 3 // 2)

    def heard(self, header: Header, frame: bytes, reception: Reception) -> bool:
        """A beacon was heard; return whether the host shall see it."""
        mac = self._mac
        if mac is None or header.addr2 != mac.bssid_addr:
            return mac is None or self._firmware.scan.running
        self.received += 1
        self._missing = 0
        self._expect(mac.interval * 3 // 2)
        return self.filter is None or self._firmware.scan.running or self._changed(frame, reception)

    def _changed(self, frame: bytes, reception: Reception) -> bool:
        assert self.filter is not None
        body = _lasting(frame)
        change = abs(reception.signal_dbm - self._shown_dbm)
        escape = self.filter.escape_timer and self._hidden >= self.filter.escape_timer
        if body == self._shown and change < max(1, self.filter.energy_delta) and not escape:
            self._hidden += 1
            return False
        self._shown, self._shown_dbm, self._hidden = body, reception.signal_dbm, 0
        return True

    def _expect(self, tu: int) -> None:
        self._watch += 1
        number = self._watch
        self._firmware.after(tu * TU_NS, lambda: self._missed(number))

    def _missed(self, number: int) -> None:
        mac = self._mac
        if number != self._watch or mac is None:
            return
        self._expect(mac.interval)
        if self._firmware.scan.running:
            return
        self._missing += 1
        self.missed_in_all += 1
        if self._missing >= FIRST_REPORT:
            payload = layouts.MISSED_BEACONS.pack(
                mac=mac.id_and_color,
                since_last_rx=self._missing,
                consecutive=self._missing,
                expected=self.received + self.missed_in_all,
                received=self.received,
            )
            self._firmware.notify(MISSED_BEACONS, payload)


def _lasting(frame: bytes) -> bytes:
    """Return what of a beacon does not change by itself: no timestamp, no traffic map."""
    parts = [frame[32:FIXED]]
    at = FIXED
    while at + 2 <= len(frame):
        end = at + 2 + frame[at + 1]
        if frame[at] != f.ELEMENT_TIM:
            parts.append(frame[at:end])
        at = end
    return b"".join(parts)
