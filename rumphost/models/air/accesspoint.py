"""An access point: beacons, answers probes, lets stations in, and bridges their frames.

Put on the air with ``Air.add``. It beacons at multiples of its interval, and only while a card
listens on its channel. A test may change its members at any time, and call ``deauthenticate``,
``miss_beacons``, ``switch_channel``.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rumphost.machine.events import Event, EventQueue

from . import frames as f
from .air import Reception
from .bss import Bss

if TYPE_CHECKING:
    from .air import Air

TU_NS = 1_024_000
SHORT_GAP_NS = 10_000
MOST_TRIES = 7
QUEUE = 256


@dataclass
class _Outgoing:
    frame: bytes
    rate: int
    sent: Callable[[bool], None] | None = None


class AccessPoint:
    """``ssid`` is text or bytes, ``channel`` 1 to 14 or a 5 GHz number, ``interval`` in TU.

    ``passphrase`` makes it WPA2-PSK with CCMP, without one it is open. ``signal_dbm`` is how strong
    it is at the card. ``hidden`` leaves the SSID out of beacons. ``rates`` in units of 500 kb/s.
    ``bss`` has its stations, and counts of what it met.
    """

    def __init__(
        self,
        ssid: str | bytes,
        *,
        channel: int = 6,
        bssid: str | bytes | None = None,
        passphrase: str | None = None,
        interval: int = 100,
        dtim_period: int = 1,
        signal_dbm: int = -50,
        hidden: bool = False,
        rates: Sequence[int] | None = None,
    ) -> None:
        self.ssid = ssid.encode() if isinstance(ssid, str) else ssid
        self.channel: int | None = channel
        self.home_channel = channel
        self.passphrase = passphrase
        self.interval = interval
        self.dtim_period = dtim_period
        self.signal_dbm = signal_dbm
        self.hidden = hidden
        self.address = self._make_address(bssid)
        all_rates = f.OFDM_RATES if channel > 14 else f.CCK_RATES + f.OFDM_RATES
        self.rates = tuple(rates) if rates is not None else all_rates
        self.beacons = 0
        self.bss = Bss(self)
        self.air: Air | None = None
        self._skip = 0
        self._beacon: Event | None = None
        self._queue: deque[_Outgoing] = deque()
        self._busy = False
        self._sequence = 0

    def __repr__(self) -> str:
        return f"<AccessPoint {self.ssid!r} on channel {self.home_channel}>"

    def _make_address(self, bssid: str | bytes | None) -> bytes:
        if bssid is not None:
            return f.address(bssid)
        seed = hashlib.sha256(self.ssid + bytes([self.home_channel & 0xFF])).digest()
        return b"\x02" + seed[:5]

    # What a test does

    def deauthenticate(self, station: bytes | None = None, *, reason: int = 2) -> None:
        """Throw a station out, or all of them."""
        for one in list(self.bss.stations) if station is None else [station]:
            self.bss.expel(one, reason)

    def miss_beacons(self, count: int) -> None:
        """Leave out the next ``count`` beacons."""
        self._skip += count

    def switch_channel(self, channel: int) -> None:
        """Go to another channel without announcing it."""
        self.home_channel = channel
        self.channel = channel if self.air is not None else None
        self.wake()

    # The air

    @property
    def events(self) -> EventQueue:
        assert self.air is not None
        assert self.air.events is not None, "the air has no machine: plug in a model first"
        return self.air.events

    @property
    def timestamp(self) -> int:
        """The network's clock (TSF) in µs."""
        return self.air.now_ns() // 1000 if self.air is not None else 0

    def enter(self, air: Air) -> None:
        """``Air.add`` calls this."""
        self.air, self.channel = air, self.home_channel
        self.wake()

    def leave(self) -> None:
        """``Air.remove`` calls this: nothing of it is left, its stations are not told."""
        self.air, self.channel = None, None
        if self._beacon is not None:
            self._beacon.cancel()
            self._beacon = None
        self._queue.clear()
        self.bss.clear()

    def wake(self) -> None:
        """Someone may listen now who did not before."""
        if self.air is None or self.air.events is None or self.channel is None:
            return
        if self._beacon is None and self.air.listened_to(self.channel):
            step = self.interval * TU_NS
            at_ns = (self.events.now_ns() // step + 1) * step
            self._beacon = self.events.at(at_ns, self._send_beacon)

    def _send_beacon(self) -> None:
        self._beacon = None
        if self.air is None or self.channel is None or not self.air.listened_to(self.channel):
            return
        if self._skip:
            self._skip -= 1
        else:
            self.beacons += 1
            frame = f.with_sequence(self.bss.beacon(self.beacons), self._next_sequence())
            self._radiate(frame, self.bss.basic_rate)
        self.wake()

    def send(self, frame: bytes, rate: int, sent: Callable[[bool], None] | None = None) -> None:
        """Queue a frame; ``sent`` is told whether it was acknowledged."""
        if self.air is None or len(self._queue) >= QUEUE:
            self.bss.counts["dropped"] += 1
            return
        frame = f.with_sequence(frame, self._next_sequence())
        self._queue.append(_Outgoing(frame, rate, sent))
        if not self._busy:
            self._busy = True
            self._transmit(1)

    def _transmit(self, attempt: int) -> None:
        if not self._queue:
            self._busy = False
            return
        frame = self._queue[0]
        wait_ns = SHORT_GAP_NS + f.airtime_ns(len(frame.frame), frame.rate)
        self.events.after(wait_ns, lambda: self._transmitted(frame, attempt))

    def _transmitted(self, frame: _Outgoing, attempt: int) -> None:
        if not self._queue or self._queue[0] is not frame:
            self._busy = False
            return
        data = frame.frame
        if attempt > 1:
            data = data[:1] + bytes([data[1] | f.RETRY >> 8]) + data[2:]
        acknowledged = self._radiate(data, frame.rate)
        if not acknowledged and not data[4] & 1 and attempt < MOST_TRIES:
            self._transmit(attempt + 1)
            return
        if self._queue and self._queue[0] is frame:
            self._queue.popleft()
        if frame.sent is not None:
            frame.sent(acknowledged)
        self._transmit(1)

    def _radiate(self, frame: bytes, rate: int) -> bool:
        if self.air is None or self.channel is None:
            return False
        return self.air.transmit(
            self, frame, channel=self.channel, rate=rate, signal_dbm=self.signal_dbm
        )

    def _next_sequence(self) -> int:
        self._sequence = self._sequence + 1 & 0xFFF
        return self._sequence

    def hear(self, frame: bytes, reception: Reception) -> None:
        """A frame of somebody else's."""
        self.bss.receive(frame)

    def distribute(self, frame: bytes) -> None:
        """An Ethernet frame from the network behind."""
        self.bss.distribute(frame)
