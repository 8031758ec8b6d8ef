"""The 7260's radio: scans, frames with their rates and retries, filters, keys, beacons."""

from __future__ import annotations

import struct

import pytest
from iwm_host import MS, STATION, IwmHost

from rumphost.models.air import AccessPoint
from rumphost.models.air import frames as f
from rumphost.models.air.ccmp import CcmpKey
from rumphost.models.iwm7260 import ImageBuilder, commands, layouts
from rumphost.models.iwm7260.image import DEFAULT_FLAGS, FLAG_RX_ENERGY

MAC = bytes.fromhex("0c8bfd0a0b0c")
PEER = bytes.fromhex("525400000001")
NONE = 0xFFFF_FFFF
KEY = bytes(range(16))


class Joined(IwmHost):
    """The card on the channel of its one access point, with a station for it."""

    def __init__(self, point: AccessPoint, *, image: ImageBuilder | None = None) -> None:
        super().__init__(mac=MAC, access_points=[point])
        self.point = point
        self.run(image)
        band = int(point.home_channel <= 14)
        self.must(commands.PHY_CONTEXT, layouts.PHY_CONTEXT.pack(
            action=1, band=band, channel=point.home_channel))  # fmt: skip
        self.set_mac(1)
        self.must(commands.BINDING_CONTEXT, layouts.BINDING.pack(action=1, macs=[0, NONE, NONE]))
        self.must(
            commands.TIME_QUOTA, layouts.TIME_QUOTA.pack(entries=[0, 128, 0] + [NONE, 0, 0] * 3)
        )
        assert self.add_station(STATION, address=point.address) == 1
        rates = [0x4000 | code for code in (3, 1, 11, 9)] + [0x4000 | 13] * 12
        self.must(commands.LQ_CMD, layouts.LINK_QUALITY.pack(sta_id=STATION, rates=rates))

    def must(self, code: int, data: bytes) -> bytes:
        answer = self.command(code, data)
        assert answer is not None, list(self.model.notes)
        return answer

    def set_mac(self, action: int, *, associated: int = 0, filters: int = 4) -> None:
        self.must(commands.MAC_CONTEXT, layouts.MAC_CONTEXT.pack(
            action=action, mac_type=5, node_addr=MAC, bssid_addr=self.point.address,
            filter=filters, is_assoc=associated, interval=100))  # fmt: skip

    def send(self, frame: bytes, **members: int | bytes) -> int:
        """Send a frame with a TX command; return its index."""
        header = f.Header.parse(frame)
        members = {"tx_flags": 1 << 3 | 1 << 4 | 1 << 13, "data_retry_limit": 3} | members
        command = layouts.TX_COMMAND.pack(len=len(frame), sta_id=STATION, **members)
        index = self.tx_next[0]
        head = bytes([commands.TX_CMD, 0, index, 0]) + command + frame[: header.size]
        self.put(0, head[:16], head[16:], frame[header.size :])
        return index

    def join(self) -> None:
        """Authenticate and associate as a driver would."""
        base = self.point.address + MAC + self.point.address + b"\0\0"
        manage = {"tx_flags": 1 << 3 | 1 << 13, "rate_n_flags": 10 | 1 << 9}
        self.send(b"\xb0\0\0\0" + base + struct.pack("<HHH", 0, 1, 0), **manage)
        self.advance(20 * MS)
        rates = bytes([1, 8, 2, 4, 11, 22, 12, 24, 48, 108])
        body = struct.pack("<HH", 0x21, 10) + bytes([0, len(self.point.ssid)]) + self.point.ssid
        self.send(b"\0\0\0\0" + base + body + rates, **manage)
        self.advance(20 * MS)
        assert self.point.bss.stations[MAC].associated

    def data(self, payload: bytes) -> bytes:
        ethernet = PEER + MAC + b"\x88\xb5" + payload
        return f.from_ethernet(ethernet, self.point.address, to_ds=True)

    def frames(self) -> list[bytes]:
        """Return the frames that came up, without their status words."""
        self.advance(20 * MS)
        found = self.take(commands.RX_MPDU)
        return [one.data[4 : 4 + int.from_bytes(one.data[:2], "little")] for one in found]


@pytest.fixture
def joined() -> Joined:
    host = Joined(AccessPoint("net", channel=6, signal_dbm=-61))
    host.join()
    host.frames()
    host.packets.clear()
    return host


def ssids(packets) -> list[bytes]:
    found = [packet.data[4:] for packet in packets if packet.code == commands.RX_MPDU]
    return [f.elements(f.parse(frame[: len(frame) - 4]))[0] for frame in found]


def test_a_passive_scan_hears_beacons():
    points = [AccessPoint("a", channel=1), AccessPoint("b", channel=36, signal_dbm=-70)]
    host = IwmHost(access_points=points)
    host.run()
    packets = host.scan([(1, False), (6, False), (36, False)])
    assert set(ssids(packets)) == {b"a", b"b"}
    radio = [layouts.RX_PHY.unpack(one.data) for one in packets if one.code == commands.RX_PHY]
    assert {(one.channel, one.phy[1] & 0xFF) for one in radio} == {(1, 50), (36, 70)}
    assert {one.rate for one in radio} == {10, 13}
    done = layouts.SCAN_COMPLETE.unpack(packets[-1].data)
    assert (done.count, done.status, done.last_channel) == (3, 1, 36)


def test_an_active_scan_probes_for_a_name():
    points = [AccessPoint("a", channel=1, hidden=True), AccessPoint("b", channel=1)]
    host = IwmHost(access_points=points)
    host.run()
    assert points[0].bss.counts["probed"] == 0
    assert b"a" in ssids(host.scan([(1, True)], b"a"))
    assert points[0].bss.counts["probed"] == 1
    assert points[1].bss.counts["probed"] == 0


def test_a_scan_can_be_aborted():
    host = IwmHost(access_points=[])
    host.run()
    with pytest.raises(AssertionError, match="does not end"):
        host.scan([(1, False)] * 60)
    assert host.command(commands.SCAN_ABORT) is not None
    (end,) = host.take(commands.SCAN_COMPLETE)
    assert layouts.SCAN_COMPLETE.unpack(end.data).status == 2


def test_without_energy_the_signal_comes_as_gain_and_strength():
    image = ImageBuilder(flags=DEFAULT_FLAGS & ~FLAG_RX_ENERGY)
    host = IwmHost(access_points=[AccessPoint("a", channel=1, signal_dbm=-72)])
    host.run(image)
    packets = host.scan([(1, False)])
    found = next(one for one in packets if one.code == commands.RX_PHY)
    words = layouts.RX_PHY.unpack(found.data).phy
    assert (words[2] & 0xFF) - 50 - (words[1] & 0x7F) == -72


def test_frames_to_and_from_the_network(joined):
    arrived = []
    joined.model.wire.on_frame = arrived.append
    index = joined.send(joined.data(b"hello"))
    joined.advance(5 * MS)
    assert arrived == [PEER + MAC + b"\x88\xb5hello"]
    (answer,) = joined.take(commands.TX_CMD)
    response = layouts.TX_RESPONSE.unpack(answer.data)
    assert (answer.index, answer.queue, response.status, response.failure_frame) == (index, 0, 1, 0)
    assert response.initial_rate & 0xFF == 3
    joined.model.wire.deliver(MAC + PEER + b"\x88\xb5back")
    (frame,) = joined.frames()
    assert f.to_ethernet(frame) == MAC + PEER + b"\x88\xb5back"


def test_a_padded_header_is_unpadded(joined):
    arrived = []
    joined.model.wire.on_frame = arrived.append
    plain = joined.data(b"padded")
    quality = plain[:1] + plain[1:24]
    frame = bytes([plain[0] | 0x80]) + quality[1:] + b"\0\0" + plain[24:]
    command = layouts.TX_COMMAND.pack(
        len=len(frame), tx_flags=1 << 3 | 1 << 4 | 1 << 20, data_retry_limit=3
    )
    head = bytes([commands.TX_CMD, 0, joined.tx_next[0], 0])
    joined.put(0, head + command + frame[:26] + b"\xee\xee", frame[26:])
    joined.advance(5 * MS)
    assert arrived == [PEER + MAC + b"\x88\xb5padded"]


def test_lost_frames_are_repeated_at_lower_rates(joined):
    heard = []
    joined.model.air.on_transmit.append(
        lambda frame, how: heard.append((how.rate, bool(frame[1] & 8))) if frame[0] == 8 else None
    )
    joined.model.air.loss = lambda frame, _radio: frame[0] == 8
    joined.send(joined.data(b"lost"))
    joined.advance(20 * MS)
    assert heard == [(108, False), (96, True), (72, True), (48, True)]
    (answer,) = joined.take(commands.TX_CMD)
    response = layouts.TX_RESPONSE.unpack(answer.data)
    assert (response.status, response.failure_frame) == (0x83, 4)


def test_frames_of_unknown_stations_fail(joined):
    frame = joined.data(b"x")
    command = layouts.TX_COMMAND.pack(len=len(frame), sta_id=9)
    head = bytes([commands.TX_CMD, 0, joined.tx_next[0], 0])
    joined.put(0, head + command + frame[:24], frame[24:])
    joined.advance(5 * MS)
    (answer,) = joined.take(commands.TX_CMD)
    assert layouts.TX_RESPONSE.unpack(answer.data).status == 0x8B


def test_what_is_for_others_is_filtered(joined):
    air = joined.model.air
    stranger = bytes.fromhex("020000000099")

    def hear(target: bytes, sender: bytes) -> list[bytes]:
        frame = b"\x08\x02\0\0" + target + sender + PEER + b"\0\0" + f.SNAP + b"\x88\xb5data"
        air.transmit(joined.point, frame, channel=6, rate=12, signal_dbm=-60)
        return joined.frames()

    assert len(hear(MAC, joined.point.address)) == 1
    assert hear(stranger, joined.point.address) == []
    assert len(hear(f.BROADCAST, joined.point.address)) == 1
    assert hear(f.BROADCAST, stranger) == []
    joined.set_mac(2, filters=1)
    assert len(hear(stranger, stranger)) == 1


def test_keys_in_the_card(joined):
    body = layouts.STATION_KEY.pack(sta_id=STATION, key_flags=2, key=KEY)
    assert joined.must(commands.ADD_STA_KEY, body) == b"\1\0\0\0"
    frame = f.from_ethernet(MAC + PEER + b"\x88\xb5secret", joined.point.address)
    sealed = CcmpKey(KEY).protect(frame)
    joined.model.air.transmit(joined.point, sealed, channel=6, rate=12, signal_dbm=-60)
    joined.advance(5 * MS)
    (packet,) = joined.take(commands.RX_MPDU)
    size = int.from_bytes(packet.data[:2], "little")
    assert packet.data[4 + 32 : 4 + size - 8] == f.SNAP + b"\x88\xb5secret"
    status = int.from_bytes(packet.data[4 + size :], "little")
    assert status & 0xF40 == 0xA40
    spoilt = sealed[:-1] + bytes([sealed[-1] ^ 1])
    joined.model.air.transmit(joined.point, spoilt, channel=6, rate=12, signal_dbm=-60)
    joined.advance(5 * MS)
    (packet,) = joined.take(commands.RX_MPDU)
    assert not int.from_bytes(packet.data[-4:], "little") & 0x40


def test_the_card_encrypts(joined):
    heard = []
    joined.model.air.on_transmit.append(lambda frame, _how: heard.append(frame))
    plain = joined.data(b"secret")
    head = plain[:1] + bytes([plain[1] | 0x40]) + plain[2:24]
    counter = bytes([1, 0, 0, 0x20, 0, 0, 0, 0])
    joined.send(head + counter + plain[24:], sec_ctl=2, key=KEY)
    joined.advance(5 * MS)
    sent = next(frame for frame in heard if frame[0] == 8)
    assert CcmpKey(KEY).decrypt(sent) == plain[24:]


def test_the_beacon_filter_lets_changes_through(joined):
    joined.set_mac(2, associated=1, filters=4 | 1 << 6)
    joined.advance(1000 * MS)
    assert len(joined.frames()) >= 9
    body = layouts.BEACON_FILTER.pack(enable=1, energy_delta=5, escape_timer=50)
    joined.must(commands.BEACON_FILTER, body)
    joined.frames()
    joined.advance(1000 * MS)
    assert len(joined.frames()) == 1
    joined.advance(1000 * MS)
    assert joined.frames() == []
    joined.point.signal_dbm = -75
    joined.advance(500 * MS)
    assert len(joined.frames()) == 1
    joined.advance(6000 * MS)
    assert len(joined.frames()) == 1


def test_missing_beacons_are_reported(joined):
    joined.set_mac(2, associated=1)
    joined.advance(500 * MS)
    joined.point.miss_beacons(4)
    joined.advance(600 * MS)
    assert joined.take(commands.MISSED_BEACONS) == []
    joined.point.miss_beacons(7)
    joined.advance(1200 * MS)
    reports = [
        layouts.MISSED_BEACONS.unpack(one.data) for one in joined.take(commands.MISSED_BEACONS)
    ]
    assert [one.since_last_rx for one in reports] == [5, 6, 7]


def test_the_switch_stops_the_radio(joined):
    joined.model.set_rfkill(True)
    assert joined.model.firmware.radio.channel is None
    joined.send(joined.data(b"x"))
    joined.advance(50 * MS)
    assert joined.take(commands.TX_CMD) == []
    joined.model.set_rfkill(False)
    joined.advance(50 * MS)
    assert len(joined.take(commands.TX_CMD)) == 1


def test_flushing_gives_frames_back(joined):
    joined.model.set_rfkill(True)
    joined.send(joined.data(b"x"))
    joined.advance(5 * MS)
    joined.must(commands.TXPATH_FLUSH, layouts.FLUSH.pack(queues=1, control=2))
    (answer,) = joined.take(commands.TX_CMD)
    assert layouts.TX_RESPONSE.unpack(answer.data).status == 0x8E


def test_byte_counts_are_compared(joined):
    table = joined.allocate(640 * 10, align=1024)
    joined.write_peripheral(0xA02C08, table >> 10)
    frame = joined.data(b"counted")
    right = -(-(len(frame) + 8) // 4)
    for count in (0, right, right + 1):
        joined.memory.write(table + 2 * joined.tx_next[0], (0x3000 | count).to_bytes(2, "little"))
        index = joined.send(frame)
        joined.advance(5 * MS)
    assert list(joined.model.notes) == [
        f"queue 0 index {index}: byte count {right + 1}, not {right}"
    ]
    assert len(joined.take(commands.TX_CMD)) == 3
