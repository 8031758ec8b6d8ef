"""Time events: the host asks for the radio on its network's channel for a while.

Used around authentication and association, before a quota exists. Times are in units of 1024 µs,
``apply_time`` in µs of the card's clock (0: at once).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from . import layouts
from .commands import TIME_EVENT_NOTICE, Refused
from .contexts import ADD, REMOVE

if TYPE_CHECKING:
    from .firmware import Firmware

TU_NS = 1_024_000
NOTIFY_START, NOTIFY_END = 1, 2
SOONEST_NS = 500_000
SUCCESS = 1


class TimeEvents:
    """``running`` maps MAC contexts to the event that they have the radio for."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware
        self._next = 1
        self.reset()

    def reset(self) -> None:
        self.running: dict[int, SimpleNamespace] = {}
        self._planned: set[int] = set()

    def channel(self) -> int | None:
        """Return the channel that an event has the radio on."""
        for mac in self.running:
            return self._firmware.contexts.channel_of(mac, needs_quota=False)
        return None

    def command(self, record: SimpleNamespace, _rest: bytes) -> bytes:
        mac = record.id_and_color & 0xFF
        if record.action == REMOVE:
            self._remove(mac)
            return self._response(record, 0)
        if record.action != ADD:
            raise Refused(f"TIME_EVENT with action {record.action}")
        if mac not in self._firmware.contexts.macs:
            raise Refused(f"TIME_EVENT: no MAC context {mac}")
        record.unique_id, self._next = self._next, self._next + 1
        record.mac = mac
        if self._firmware.contexts.channel_of(mac, needs_quota=False) is None:
            self._notify(record, NOTIFY_START, 0)
        else:
            self._planned.add(record.unique_id)
            self._firmware.after(self._wait_ns(record), lambda: self._start(record))
        return self._response(record, record.unique_id)

    def _wait_ns(self, record: SimpleNamespace) -> int:
        late = record.apply_time - self._firmware.model.system_time() & 0xFFFF_FFFF
        ahead_us = late if record.apply_time and late < 1 << 31 else 0
        return max(SOONEST_NS, int(ahead_us) * 1000)

    def _response(self, record: SimpleNamespace, unique: int) -> bytes:
        return layouts.TIME_EVENT_RESPONSE.pack(
            status=SUCCESS, id=record.id, unique_id=unique, id_and_color=record.id_and_color
        )

    def _start(self, record: SimpleNamespace) -> None:
        if record.unique_id not in self._planned:
            return
        self.running[record.mac] = record
        self._firmware.retune()
        self._notify(record, NOTIFY_START, SUCCESS)
        self._firmware.after(record.duration * TU_NS, lambda: self._end(record))

    def _end(self, record: SimpleNamespace) -> None:
        if record.unique_id not in self._planned:
            return
        self._planned.discard(record.unique_id)
        if self.running.get(record.mac) is record:
            del self.running[record.mac]
        self._notify(record, NOTIFY_END, SUCCESS)
        self._firmware.retune()

    def _remove(self, mac: int) -> None:
        event = self.running.pop(mac, None)
        if event is not None:
            self._planned.discard(event.unique_id)

    def _notify(self, record: SimpleNamespace, action: int, status: int) -> None:
        if not record.notify & action and status:
            return
        payload = layouts.TIME_EVENT_NOTICE.pack(
            timestamp=self._firmware.model.system_time(),
            session_id=record.unique_id,
            unique_id=record.unique_id,
            id_and_color=record.id_and_color,
            action=action,
            status=status,
        )
        self._firmware.notify(TIME_EVENT_NOTICE, payload)
