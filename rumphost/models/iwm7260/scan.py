"""Scanning: the firmware visits channels, listens, probes where it may, and reports the end.

The request lists channels with how long to stay (units of 1024 µs), and has the probe request to
send on active channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..air import frames as f
from . import layouts
from .commands import SCAN_COMPLETE, Refused
from .layouts import SCAN_CHANNEL
from .radio import rate_of

if TYPE_CHECKING:
    from .firmware import Firmware

TU_NS = 1_024_000
SWITCH_NS = 2_000_000
OK, ERROR = 1, 2
COMPLETE_OK, COMPLETE_ABORTED = 1, 2
ACTIVE = 1 << 0
RESULTS = 0x24
SSID_SIZE = 34


@dataclass
class _Visit:
    channel: int
    active: bool
    dwell_ns: int
    ssids: tuple[bytes, ...]


class Scan:
    """``running`` from the request to the notice of its end; ``channel`` is where it listens."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware
        self.reset()

    def reset(self) -> None:
        self.running = False
        self.channel: int | None = None
        self._visits: list[_Visit] = []
        self._done: list[_Visit] = []
        self._probe = b""
        self._rate = 2
        self._scan_number = 0

    # Commands

    def request_command(self, record: SimpleNamespace, rest: bytes) -> bytes:
        if self.running or not self._firmware.model.radio_allowed:
            return layouts.STATUS.pack(status=ERROR)
        at = record.probe_len
        size = layouts.SCAN_REQUEST.size + at + SCAN_CHANNEL.size * record.channels
        if record.len != size or len(rest) != size - layouts.SCAN_REQUEST.size:
            raise Refused(f"SCAN_REQUEST of {record.len} bytes where its parts make {size}")
        if record.sta_id not in self._firmware.stations.table:
            raise Refused(f"SCAN_REQUEST: no station {record.sta_id}")
        self._probe = rest[:at]
        self._rate = rate_of(record.rate_n_flags)
        ssids = [getattr(record, f"ssid{index}") for index in range(20)]
        direct = [ssid[2 : 2 + ssid[1]] for ssid in ssids if ssid[1]]
        self._visits = [
            self._visit(SCAN_CHANNEL.unpack(rest[start:]), direct)
            for start in range(at, len(rest), SCAN_CHANNEL.size)
        ]
        self._done = []
        self.running = True
        self._scan_number += 1
        self._firmware.after(0, self._next)
        return layouts.STATUS.pack(status=OK)

    def abort_command(self, _record: SimpleNamespace, _rest: bytes) -> bytes:
        if self.running:
            self._visits = []
            self._finish(COMPLETE_ABORTED)
        return layouts.STATUS.pack(status=1)

    def _visit(self, channel: SimpleNamespace, direct: list[bytes]) -> _Visit:
        active = bool(channel.type & ACTIVE)
        dwell = channel.active_dwell if active else channel.passive_dwell
        chosen = tuple(ssid for bit, ssid in enumerate(direct, 1) if channel.type & 1 << bit)
        return _Visit(channel.channel, active, dwell * TU_NS, chosen)

    # On the way

    def _next(self) -> None:
        if not self.running:
            return
        if not self._visits:
            self._finish(COMPLETE_OK)
            return
        visit = self._visits.pop(0)
        self._done.append(visit)
        self.channel = None
        number = self._scan_number
        self._firmware.after(SWITCH_NS, lambda: self._listen(visit, number))

    def _listen(self, visit: _Visit, number: int) -> None:
        if not self.running or number != self._scan_number:
            return
        self.channel = visit.channel
        self._firmware.retune()
        if visit.active and self._probe:
            for frame in self._probes(visit):
                self._firmware.radio.radiate(frame, self._rate)
        self._firmware.after(visit.dwell_ns, self._next)

    def _probes(self, visit: _Visit) -> list[bytes]:
        """Return the requests to send: the host's own, and one for each SSID of the channel."""
        head = self._probe[:24]
        first = self._probe if len(self._probe) > 24 else head + bytes([f.ELEMENT_SSID, 0])
        return [first, *(head + bytes([0, len(ssid)]) + ssid for ssid in visit.ssids)]

    def _finish(self, status: int) -> None:
        self.running, self.channel = False, None
        now_us = self._firmware.model.now_ns() // 1000
        results = b"".join(
            layouts.SCAN_RESULT.pack(
                channel=visit.channel,
                band=int(visit.channel <= 14),
                duration=visit.dwell_ns // 1000,
            )
            for visit in self._done[:RESULTS]
        )
        payload = layouts.SCAN_COMPLETE.pack(
            count=len(self._done),
            status=status,
            last_channel=self._done[-1].channel if self._done else 0,
            tsf_low=now_us & 0xFFFF_FFFF,
            tsf_high=now_us >> 32,
        )
        self._firmware.notify(
            SCAN_COMPLETE, payload + results.ljust(RESULTS * layouts.SCAN_RESULT.size, b"\0")
        )
        self._firmware.retune()
