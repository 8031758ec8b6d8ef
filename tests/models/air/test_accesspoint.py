"""Access points and the air between them, with a test as the station."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.dot11 import Dot11, Dot11Beacon, Dot11Elt, RadioTap
from scapy.utils import rdpcap

from rumphost.machine import EventQueue, VirtualClock
from rumphost.models.air import AccessPoint, Air, Monitor, Reception, Supplicant
from rumphost.models.air import frames as f
from rumphost.models.air.ccmp import CcmpKey
from rumphost.models.air.description import default_access_points, parse_access_points
from rumphost.models.air.eapol import RSN_CCMP_PSK

OWN = bytes.fromhex("020000000001")
PEER = bytes.fromhex("525400000002")
MS = 1_000_000


class Listener:
    """A station by hand."""

    def __init__(self, air: Air, channel: int | None = 6, address: bytes = OWN) -> None:
        self.air = air
        self.channel = channel
        self.address = address
        self.heard: list[tuple[bytes, Reception]] = []
        if air.events is None:
            air.attach(EventQueue(VirtualClock()))
        air.join(self)
        air.retuned()

    def hear(self, frame: bytes, reception: Reception) -> None:
        self.heard.append((frame, reception))

    def advance(self, ms: float) -> None:
        assert self.air.events is not None
        self.air.events.advance_to(self.air.now_ns() + int(ms * MS))

    def say(self, frame: bytes) -> bool:
        assert self.channel is not None
        return self.air.transmit(self, frame, channel=self.channel, rate=2, signal_dbm=-50)

    def take(self, subtype: int | None = None, kind: int = f.MANAGEMENT) -> list[bytes]:
        found = [frame for frame, _ in self.heard]
        self.heard.clear()
        wanted = None if subtype is None else subtype << 4 | kind << 2
        return [frame for frame in found if wanted is None or frame[0] == wanted]

    def manage(self, subtype: int, point: AccessPoint, body: bytes) -> None:
        head = bytes([subtype << 4, 0, 0, 0]) + point.address + self.address + point.address
        self.say(head + b"\0\0" + body)

    def join(self, point: AccessPoint, *, rsn: bytes = b"", rates: bytes = b"\x02\x0c\x6c") -> int:
        """Authenticate and associate; return the status."""
        self.manage(f.AUTH, point, struct.pack("<HHH", 0, 1, 0))
        self.advance(5)
        assert self.take(f.AUTH)[0][28:30] == b"\0\0"
        body = struct.pack("<HH", 0x21, 10) + bytes([0, len(point.ssid)]) + point.ssid
        body += bytes([1, len(rates)]) + rates + rsn
        self.manage(f.ASSOC_REQUEST, point, body)
        self.advance(5)
        answer = next(frame for frame, _ in self.heard if frame[0] == f.ASSOC_RESPONSE << 4 | 0x10)
        return int.from_bytes(answer[26:28], "little")

    def data(self, point: AccessPoint, ethernet: bytes, *, flags: int = 0) -> bytes:
        frame = f.from_ethernet(ethernet, point.address, to_ds=True)
        return frame[:1] + bytes([frame[1] | flags]) + frame[2:]

    def frames(self) -> list[bytes]:
        return [
            ethernet
            for frame in self.take()
            if frame[0] == 8 and frame[4] in (0xFF, OWN[0]) and frame[1] == 2
            for ethernet in [f.to_ethernet(frame)]
            if ethernet is not None
        ]


@pytest.fixture
def make() -> Callable[..., tuple[AccessPoint, Listener]]:
    def start(ssid: str = "net", **options) -> tuple[AccessPoint, Listener]:
        point = AccessPoint(ssid, **{"channel": 6} | options)
        return point, Listener(Air([point]), point.home_channel)

    return start


def test_beacons_come_at_multiples_of_the_interval(make):
    point, station = make(interval=50, dtim_period=3, signal_dbm=-67)
    times = []
    station.air.on_transmit.append(lambda _frame, _how: times.append(station.air.now_ns()))
    station.advance(260)
    assert times == [51_200_000 * number for number in range(1, 6)]
    (frame, how), *_ = station.heard
    assert (how.signal_dbm, how.channel, how.rate) == (-67, 6, 2)
    packet = Dot11(frame)
    assert packet[Dot11Beacon].timestamp == 51_200
    assert packet[Dot11Beacon].beacon_interval == 50
    found = f.elements(packet)
    assert found[0] == b"net"
    assert found[3] == b"\x06"
    assert [f.elements(Dot11(one))[5][0] for one, _ in station.heard[:4]] == [2, 1, 0, 2]
    assert point.beacons == 5


def test_nobody_beacons_where_nobody_listens(make):
    point, station = make()
    station.channel = 11
    station.air.retuned()
    station.advance(1000)
    assert point.beacons <= 1
    station.channel = 6
    station.air.retuned()
    station.advance(1000)
    assert point.beacons >= 9


def test_beacons_may_be_missed_and_hidden(make):
    point, station = make(hidden=True)
    point.miss_beacons(3)
    station.advance(520)
    assert len(station.heard) == 2
    assert f.elements(Dot11(station.heard[0][0]))[0] == b""


@pytest.mark.parametrize(("wanted", "count"), [(b"", 1), (b"net", 1), (b"other", 0)])
def test_probes(make, wanted, count):
    point, station = make()
    station.manage(f.PROBE_REQUEST, point, bytes([0, len(wanted)]) + wanted)
    station.advance(5)
    assert len(station.take(f.PROBE_RESPONSE)) == count


def test_joining_an_open_network(make):
    point, station = make()
    assert station.join(point) == 0
    member = point.bss.stations[OWN]
    assert (member.aid, member.open, member.rate) == (1, True, 108)


@pytest.mark.parametrize(
    ("options", "join", "status"),
    [
        ({}, {"rates": b"\x7f"}, 18),
        ({"passphrase": "correct horse"}, {}, 40),
        ({"passphrase": "correct horse"}, {"rsn": b"\x30\x14" + RSN_CCMP_PSK}, 0),
    ],
    ids=["rates", "security", "good"],
)
def test_who_may_join(make, options, join, status):
    point, station = make(**options)
    assert station.join(point, **join) == status


def test_strangers_are_thrown_out(make):
    point, station = make()
    station.say(station.data(point, PEER + OWN + b"\x88\xb5x"))
    station.advance(5)
    assert station.take(f.DEAUTH)[0][24:26] == b"\x06\0"
    station.manage(f.AUTH, point, struct.pack("<HHH", 0, 1, 0))
    station.say(station.data(point, PEER + OWN + b"\x88\xb5x"))
    station.advance(5)
    assert station.take(f.DEAUTH)[0][24:26] == b"\x07\0"


def test_shared_key_authentication_is_refused(make):
    point, station = make()
    station.manage(f.AUTH, point, struct.pack("<HHH", 1, 1, 0))
    station.advance(5)
    assert station.take(f.AUTH)[0][28:30] == b"\x0d\0"


def test_data_both_ways(make):
    point, station = make()
    station.join(point)
    left = []
    station.air.distribution.on_frame = left.append
    station.take()
    assert station.say(station.data(point, PEER + OWN + b"\x88\xb5out"))
    assert left == [PEER + OWN + b"\x88\xb5out"]
    for target in (OWN, f.BROADCAST, PEER):
        station.air.distribution.deliver(target + PEER + b"\x88\xb5in")
    station.advance(5)
    assert station.frames() == [target + PEER + b"\x88\xb5in" for target in (OWN, f.BROADCAST)]


def test_two_stations_talk_to_one_another(make):
    point, station = make()
    other = Listener(station.air, address=PEER)
    station.join(point)
    other.join(point)
    other.take()
    station.say(station.data(point, PEER + OWN + b"\x88\xb5hello"))
    station.advance(5)
    found = [f.to_ethernet(frame) for frame in other.take() if frame[0] == 8]
    assert PEER + OWN + b"\x88\xb5hello" in found


def test_an_extended_network_has_one_ethernet(make):
    point, station = make()
    second = station.air.add(AccessPoint("net", channel=11))
    other = Listener(station.air, 11, PEER)
    station.join(point)
    other.join(second)
    other.take()
    station.say(station.data(point, PEER + OWN + b"\x88\xb5hello"))
    station.advance(5)
    assert any(f.to_ethernet(frame) for frame in other.take() if frame[0] == 8)


def test_a_sleeping_station_is_kept_its_frames(make):
    point, station = make()
    station.join(point)
    station.say(station.data(point, PEER + OWN + b"\x88\xb5zz", flags=0x10))
    station.take()
    for number in range(2):
        station.air.distribution.deliver(OWN + PEER + b"\x88\xb5" + bytes([number]))
    station.advance(110)
    beacons = station.take(f.BEACON)
    assert f.elements(Dot11(beacons[-1]))[5][3] == 1 << 1
    station.say(b"\xa4\x10\x01\xc0" + point.address + OWN)
    station.advance(5)
    assert station.frames() == [OWN + PEER + b"\x88\xb5\0"]
    station.say(station.data(point, PEER + OWN + b"\x88\xb5up"))
    station.advance(5)
    assert station.frames() == [OWN + PEER + b"\x88\xb5\1"]


def secure(make) -> tuple[AccessPoint, Listener, Supplicant, list[bytes]]:
    point, station = make(passphrase="correct horse")
    supplicant = Supplicant("correct horse", b"net", OWN, point.address)
    station.join(point, rsn=b"\x30\x14" + RSN_CCMP_PSK)
    for _ in range(2):
        station.advance(5)
        for ethernet in station.frames():
            answer = supplicant.receive(ethernet[14:])
            if answer is not None:
                station.say(station.data(point, point.address + OWN + b"\x88\x8e" + answer))
    left: list[bytes] = []
    station.air.distribution.on_frame = left.append
    return point, station, supplicant, left


def test_a_protected_network(make):
    point, station, supplicant, left = secure(make)
    assert supplicant.done
    assert point.bss.counts["handshakes"] == 1
    key = CcmpKey(supplicant.keys.temporal)
    frame = key.protect(station.data(point, PEER + OWN + b"\x88\xb5secret"))
    station.say(frame)
    assert left == [PEER + OWN + b"\x88\xb5secret"]
    station.say(frame)
    station.say(station.data(point, PEER + OWN + b"\x88\xb5plain"))
    station.say(frame[:-1] + b"\0")
    assert len(left) == 1
    counts = point.bss.counts
    assert (counts["replayed"], counts["unprotected"], counts["not authentic"]) == (1, 1, 1)
    station.take()
    station.air.distribution.deliver(f.BROADCAST + PEER + b"\x88\xb5all")
    station.advance(5)
    sealed = next(one for one in station.take() if one[0] == 8)
    opened = CcmpKey(supplicant.group_key[1]).open(sealed)
    assert f.to_ethernet(opened) == f.BROADCAST + PEER + b"\x88\xb5all"


def test_nobody_answers_the_handshake(make):
    point, station = make(passphrase="correct horse")
    station.join(point, rsn=b"\x30\x14" + RSN_CCMP_PSK)
    station.advance(5000)
    assert point.bss.counts["handshake failed"] == 1
    assert station.take(f.DEAUTH)[0][24:26] == b"\x0f\0"


def test_lost_frames_are_sent_again(make):
    point, station = make()
    station.join(point)
    station.take()
    lost = []
    station.air.loss = lambda frame, _radio: len(lost) < 3 and not lost.append(frame)
    station.air.distribution.deliver(OWN + PEER + b"\x88\xb5x")
    station.advance(20)
    (frame,) = [one for one in station.take() if one[0] == 8]
    assert frame[1] & 0x08
    station.air.loss = lambda _frame, _radio: True
    station.air.distribution.deliver(OWN + PEER + b"\x88\xb5y")
    station.advance(50)
    assert not station.take()


def test_delay_and_noise(make):
    _, station = make()
    station.air.delay_ns = 30 * MS
    station.air.noise_dbm = -80
    station.advance(110)
    assert not station.heard
    station.advance(30)
    assert station.heard[0][1].noise_dbm == -80


def test_a_network_that_goes_away(make):
    point, station = make()
    station.join(point)
    station.air.remove(point)
    station.take()
    station.advance(1000)
    assert not station.heard
    station.air.add(point)
    station.advance(300)
    assert station.heard
    point.switch_channel(1)
    station.take()
    station.advance(300)
    assert not station.heard


def test_throwing_stations_out(make):
    point, station = make()
    station.join(point)
    station.take()
    point.deauthenticate(reason=4)
    station.advance(5)
    assert station.take(f.DEAUTH)[0][24:26] == b"\x04\0"
    assert not point.bss.stations


def test_a_capture_that_others_read(make, tmp_path: Path):
    _, station = make(channel=36, signal_dbm=-71)
    path = tmp_path / "air.pcap"
    with Monitor(station.air, path, epoch_ns=10**18):
        station.advance(250)
    packets = rdpcap(str(path))
    assert len(packets) == 2
    assert packets[0].time == 10**9 + 0.1024
    assert packets[0][RadioTap].dBm_AntSignal == -71
    assert packets[0][RadioTap].ChannelFrequency == 5180
    assert packets[0][Dot11Elt].info == b"net"


def test_networks_as_text():
    points = parse_access_points("home@6/secret pass+cafe@11@-70")
    assert [(one.ssid, one.channel, one.signal_dbm) for one in points] == [
        (b"home", 6, -50), (b"cafe", 11, -70),
    ]  # fmt: skip
    assert points[0].passphrase == "secret pass"
    assert parse_access_points("") == []
    for text in ("home", "home@0", "home@6/short", "@6"):
        with pytest.raises(ValueError, match="SSID@CHANNEL"):
            parse_access_points(text)
    assert default_access_points()[0].ssid == b"rumphost"


def test_airtime():
    assert f.airtime_ns(96, 2) == 192_000 + 800_000
    assert f.airtime_ns(96, 108) == 20_000 + 4_000 * 4
