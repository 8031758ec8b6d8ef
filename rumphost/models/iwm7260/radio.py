"""The radio of the 7260: frames of the host onto the air, and from the air to the host.

A frame comes as a TX command in front of it. It is sent at the rate that the command names, or
at those of its station's table, again until it is acknowledged or the limit is reached; then the
host gets the TX response. What is heard passes the MAC context's filter, is decrypted where the
host has given a key, and goes up as two packets: RX_PHY (signal, rate, time), then RX_MPDU.
"""

from __future__ import annotations

import struct
from collections import Counter, deque
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ..air import frames as f
from ..air.air import Reception
from ..air.ccmp import MIC, CcmpKey, NotAuthentic, key_number
from ..air.frames import Header
from . import commands as c
from . import contexts, image, layouts
from .layouts import TX_COMMAND

if TYPE_CHECKING:
    from .firmware import Firmware

PLCP = {10: 2, 20: 4, 55: 11, 110: 22, 13: 12, 15: 18, 5: 24, 7: 36, 9: 48, 11: 72, 1: 96, 3: 108}
"""Rate codes (PLCP) of rate words, and the rates in units of 500 kb/s."""
CODES = {rate: code for code, rate in PLCP.items()}
RATE_CCK = 1 << 9
RATE_HT, RATE_VHT = 1 << 8, 1 << 26

TX_ACK, TX_STATION_RATE, TX_SEQUENCE, TX_PADDED = 1 << 3, 1 << 4, 1 << 13, 1 << 20
TX_KEEP_SEQUENCE = 1 << 18
SECURITY_CIPHER, SECURITY_CCM = 7, 2
SUCCESS, FAIL_LONG_LIMIT, FAIL_RFKILL, FAIL_STATION = 0x01, 0x83, 0x86, 0x8B
FAIL_FLUSHED = 0x8E
STATUS_GOOD = 0x3
STATUS_STATION, STATUS_KEY, STATUS_KEY_GOOD, STATUS_ICV, STATUS_MIC = 4, 8, 0x10, 0x20, 0x40
STATUS_CCM, STATUS_DECRYPTED = 2 << 8, 1 << 11
PHY_24GHZ, PHY_CCK, PHY_ANTENNA_A = 1 << 0, 1 << 1, 1 << 4

CHANNEL_ACCESS_NS = 50_000
ACK_NS = 60_000
SIGNAL_AT_NETWORK_DBM = -50
NOISE_OFFSET = 107
RSSI_OFFSET, RSSI_GAIN = 50, 60


@dataclass
class Outgoing:
    """A frame of the host's under way."""

    queue: int
    index: int
    command: SimpleNamespace
    frame: bytes
    rates: tuple[int, ...]
    tries: int = 0


class Radio:
    """``counts`` tells what it met; ``channel`` is where it is, None while nobody has it."""

    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware
        self._model = firmware.model
        self.counts: Counter[str] = Counter()
        self.channel: int | None = None
        self._outgoing: deque[Outgoing] = deque()
        self._busy = False
        self._sequence = 0

    def reset(self, *, power_off: bool) -> None:
        """The firmware has stopped: nothing is sent or heard any more."""
        self._outgoing.clear()
        self._busy = False
        if power_off and self.channel is not None:
            self.channel = None
            self._model.air.retuned()

    @property
    def address(self) -> bytes:
        """The address of the MAC context, or the card's own."""
        mac = next(iter(self._firmware.contexts.macs.values()), None)
        return self._model.mac if mac is None else bytes(mac.node_addr)

    def tune(self) -> None:
        """Go where the radio is needed most: scan, time event, then the binding with a quota."""
        firmware = self._firmware
        channel = None
        if self._model.radio_allowed:
            channel = firmware.scan.channel
            if channel is None and not firmware.scan.running:
                channel = firmware.time_events.channel()
                if channel is None:
                    channel = firmware.contexts.scheduled_channel()
        if channel != self.channel:
            self.channel = channel
            self._model.air.retuned()
        self._pump()

    # Sending

    def enqueue(self, queue: int, index: int, data: bytes) -> None:
        """A frame has come down a ring: command header, TX command, frame."""
        try:
            command = TX_COMMAND.unpack(data[4:])
            frame = self._extract(command, data[4 + TX_COMMAND.size :])
        except (struct.error, ValueError) as error:
            self._model.note(f"queue {queue} index {index}: no frame: {error}")
            return
        if data[0] != c.TX_CMD:
            self._model.note(f"command {data[0]:#04x} in the frame queue {queue}")
            return
        outgoing = Outgoing(queue, index, command, frame, self._rates(command))
        if command.sta_id not in self._firmware.stations.table:
            self._model.note(f"a frame for station {command.sta_id}, which does not exist")
            self._finish(outgoing, FAIL_STATION)
            return
        self._outgoing.append(outgoing)
        self._pump()

    def flush_command(self, record: SimpleNamespace, _rest: bytes) -> None:
        """Give back what waits in some queues."""
        waiting, self._outgoing = self._outgoing, deque()
        for one in waiting:
            if record.queues & 1 << one.queue:
                self._finish(one, FAIL_FLUSHED)
            else:
                self._outgoing.append(one)

    def _extract(self, command: SimpleNamespace, data: bytes) -> bytes:
        header = Header.parse(data)
        start = header.size
        if command.tx_flags & TX_PADDED:
            start += -header.size % 4
        body = data[start : start + command.len - header.size]
        if len(body) != command.len - header.size:
            raise ValueError(f"{len(data)} bytes where the command says {command.len}")
        frame = data[: header.size] + body
        if command.tx_flags & TX_SEQUENCE and not command.tx_flags & TX_KEEP_SEQUENCE:
            self._sequence = self._sequence + 1 & 0xFFF
            frame = f.with_sequence(frame, self._sequence) if len(frame) >= 24 else frame
        if command.sec_ctl & SECURITY_CIPHER == SECURITY_CCM:
            frame = CcmpKey(command.key).seal(frame)
        return frame

    def _rates(self, command: SimpleNamespace) -> tuple[int, ...]:
        station = self._firmware.stations.table.get(command.sta_id)
        if not command.tx_flags & TX_STATION_RATE or station is None:
            return (command.rate_n_flags,)
        if not station.rates:
            self._model.note(f"a frame at the rates of station {station.number}: it has none")
            return (CODES[2] | RATE_CCK,)
        return station.rates[command.initial_rate_index :] or station.rates[-1:]

    def _pump(self) -> None:
        if self._busy or not self._outgoing or self.channel is None:
            return
        if self._firmware.scan.running:
            return
        self._busy = True
        self._attempt(self._outgoing.popleft())

    def _attempt(self, one: Outgoing) -> None:
        word = one.rates[min(one.tries, len(one.rates) - 1)]
        rate = rate_of(word)
        wait_ns = CHANNEL_ACCESS_NS + f.airtime_ns(len(one.frame), rate)
        self._firmware.after(wait_ns, lambda: self._attempted(one, rate))

    def _attempted(self, one: Outgoing, rate: int) -> None:
        one.tries += 1
        heard = self.radiate(one.frame, rate, again=one.tries > 1)
        wants_ack = bool(one.command.tx_flags & TX_ACK)
        if heard or not wants_ack:
            self._firmware.after(ACK_NS, lambda: self._done(one, SUCCESS))
        elif not self._model.radio_allowed:
            self._done(one, FAIL_RFKILL)
        elif one.tries > one.command.data_retry_limit:
            self._done(one, FAIL_LONG_LIMIT)
        else:
            self._attempt(one)

    def radiate(self, frame: bytes, rate: int, *, again: bool = False) -> bool:
        """Put a frame on the air; return whether it was acknowledged."""
        if self.channel is None or not self._model.radio_allowed:
            return False
        if again:
            frame = frame[:1] + bytes([frame[1] | f.RETRY >> 8]) + frame[2:]
        self.counts["sent"] += 1
        return self._model.air.transmit(
            self, frame, channel=self.channel, rate=rate, signal_dbm=SIGNAL_AT_NETWORK_DBM
        )

    def _done(self, one: Outgoing, status: int) -> None:
        self._finish(one, status)
        self._busy = False
        self._pump()

    def _finish(self, one: Outgoing, status: int) -> None:
        failures = max(0, one.tries - 1 if status == SUCCESS else one.tries)
        header = Header.parse(one.frame)
        payload = layouts.TX_RESPONSE.pack(
            frame_count=1,
            failure_frame=failures,
            initial_rate=one.rates[0],
            seq_ctl=header.sequence,
            byte_cnt=len(one.frame),
            ra_tid=one.command.sta_id << 4 | one.command.tid & 15,
            frame_ctrl=header.control,
            status=status,
            sequence=one.queue << 8 | one.index,
            ssn=(header.sequence >> 4) + 1 & 0xFFF,
        )
        self.counts["acknowledged" if status == SUCCESS else "failed"] += 1
        self._model.transmit.sent(one.queue, one.index)
        self._model.receive.packet(c.TX_CMD, payload, queue=one.queue, index=one.index)

    # Hearing

    def hear(self, frame: bytes, reception: Reception) -> None:
        """Somebody on the channel has sent a frame."""
        firmware = self._firmware
        if not firmware.running or len(frame) < 16:
            return
        header = Header.parse(frame)
        beacon = header.kind == f.MANAGEMENT and header.subtype == f.BEACON
        if beacon and not firmware.beacons.heard(header, frame, reception):
            return
        if not self._wanted(header, beacon=beacon):
            self.counts["filtered"] += 1
            return
        status = STATUS_GOOD
        if header.kind == f.DATA and header.control & f.PROTECTED:
            frame, status = self._decrypt(header, frame)
        self.counts["received"] += 1
        firmware.notify(c.RX_PHY, self._phy(frame, reception))
        firmware.notify(
            c.RX_MPDU,
            layouts.RX_MPDU.pack(byte_count=len(frame)) + frame + status.to_bytes(4, "little"),
        )

    def _wanted(self, header: Header, *, beacon: bool) -> bool:
        scan = self._firmware.scan
        if header.kind == f.CONTROL:
            return False
        if scan.running:
            return beacon or (header.kind == f.MANAGEMENT and header.subtype == f.PROBE_RESPONSE)
        mac = next(iter(self._firmware.contexts.macs.values()), None)
        if mac is None:
            return False
        if mac.filter & contexts.FILTER_PROMISCUOUS or header.addr1 == mac.node_addr:
            return True
        if not header.group or header.addr3 == mac.node_addr:
            return False
        if beacon:
            return bool(mac.filter & contexts.FILTER_BEACONS)
        if header.kind == f.MANAGEMENT and header.subtype == f.PROBE_REQUEST:
            return bool(mac.filter & contexts.FILTER_PROBE_REQUESTS)
        return bool(mac.filter & contexts.FILTER_GROUP) and self._is_network(mac, header.addr2)

    def _is_network(self, mac: SimpleNamespace, address: bytes) -> bool:
        return address == mac.bssid_addr or self._firmware.stations.by_address(address) is not None

    def _decrypt(self, header: Header, frame: bytes) -> tuple[bytes, int]:
        """Return the frame as the host gets it: with a key, its contents in the clear."""
        station = self._firmware.stations.by_address(header.addr2)
        if station is None:
            return frame, STATUS_GOOD | STATUS_CCM
        keys = station.group_keys if header.group else station.keys
        key = keys.get(key_number(frame))
        if key is None:
            return frame, STATUS_GOOD | STATUS_CCM | STATUS_STATION
        status = STATUS_GOOD | STATUS_CCM | STATUS_STATION | STATUS_KEY | STATUS_KEY_GOOD
        try:
            plain = key.decrypt(frame)
        except NotAuthentic:
            return frame, status | STATUS_DECRYPTED
        start = header.size + 8
        return frame[:start] + plain + frame[
            -MIC:
        ], status | STATUS_DECRYPTED | STATUS_MIC | STATUS_ICV

    def _phy(self, frame: bytes, reception: Reception) -> bytes:
        energy = -reception.signal_dbm & 0xFF
        if self._firmware.flags & image.FLAG_RX_ENERGY:
            signal = [0, energy | energy << 8, 0]
        else:
            rssi = reception.signal_dbm + RSSI_OFFSET + RSSI_GAIN
            signal = [0, RSSI_GAIN | RSSI_GAIN << 7, rssi | rssi << 16]
        cck = reception.rate in f.CCK_RATES
        flags = PHY_ANTENNA_A | (PHY_CCK if cck else 0)
        return layouts.RX_PHY.pack(
            non_cfg_count=8,
            system_timestamp=self._model.system_time(),
            timestamp=self._model.now_ns() // 1000,
            phy_flags=flags | (PHY_24GHZ if reception.channel <= 14 else 0),
            channel=reception.channel,
            phy=signal,
            rate=CODES.get(reception.rate, 0),
            rflags=RATE_CCK >> 8 if cck else 0,
            byte_count=len(frame),
            frame_time=f.airtime_ns(len(frame), reception.rate) // 1000 & 0xFFFF,
        )

    def statistics(self) -> bytes:
        """Return the statistics structure: what of it a model can know."""
        noise = self._model.air.noise_dbm + NOISE_OFFSET & 0xFF
        non_phy = [0] * 24
        non_phy[3] = self.counts["filtered"]
        non_phy[5] = self._firmware.beacons.received
        non_phy[6] = self._firmware.beacons.missed_in_all
        non_phy[9:12] = [noise, noise, 0]
        good = [0] * 20
        good[6] = self.counts["received"]
        return layouts.STATISTICS.pack(
            ofdm=good, non_phy=non_phy, tx=[self.counts["sent"]], temperature=[40]
        )


def rate_of(word: int) -> int:
    """Return a rate word's rate in units of 500 kb/s; 1 Mb/s for one that the model lacks."""
    if word & (RATE_HT | RATE_VHT):
        return 108
    return PLCP.get(word & 0xFF, 2)
