"""Rings, descriptor forms, checksums, segmentation, VLAN tags, loopback and pacing."""

from __future__ import annotations

import struct
import zlib

import pytest
from python_driver import DEXT, EOP, IFCS, LINK_NS, PEER, RS, VLE, Nic, frame
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from rumphost.machine.config_space import COMMAND, COMMAND_MEMORY

TXDW, TXQE, TXD_LOW = 1, 2, 1 << 15
DATA, TSE, IC = DEXT | 1 << 20, 1 << 26, 1 << 26
IXSM, TXSM = 0x100, 0x200


def test_a_frame_goes_out_and_is_reported(nic: Nic) -> None:
    nic.up(ims=TXDW)
    index = nic.send(frame(100, to=PEER))
    assert nic.done(index)
    assert nic.line.asserted
    assert nic.read("ICR") == TXDW | TXQE
    assert nic.frames() == [frame(100, to=PEER)]
    assert nic.read("TDH") == nic.read("TDT") == 1


def test_only_rs_is_reported(nic: Nic) -> None:
    nic.up()
    index = nic.send(frame(100), EOP | IFCS)
    assert not nic.done(index)
    assert nic.read("ICR") == TXQE


def test_the_ring_wraps_with_frames_of_many_pieces(nic: Nic) -> None:
    nic.up()
    sent = []
    for number in range(12):
        data = frame(200, fill=number)
        sent.append(data)
        pieces = [data[:14], data[14:100], data[100:]]
        for piece in pieces:
            last = EOP | RS if piece is pieces[-1] else 0
            nic.put(nic.allocate(len(piece), piece), len(piece) | IFCS | last)
        nic.write("TDT", nic.tx_next)
        nic.advance(10_000)
    assert nic.frames() == sent
    assert nic.read("TDH") == 36 % 8


def test_the_wire_paces_what_the_buffer_does_not_hold(nic: Nic) -> None:
    nic.up(tx=64)
    address = nic.allocate(1514, frame(1514))
    for _ in range(40):
        nic.put(address, 1514 | EOP | IFCS | RS)
    start = nic.now_ns()
    nic.write("TDT", nic.tx_next)
    assert 8 < nic.read("TDH") < 15
    nic.advance(20_000_000)
    assert nic.read("TDH") == 40
    step = (1514 + 24) * 8
    assert [at - start for at, _ in nic.sent] == [step * (n + 1) for n in range(40)]


def test_a_slow_link_is_slow() -> None:
    nic = Nic(speed=10)
    nic.up()
    start = nic.now_ns()
    nic.send(frame(1514))
    nic.frames()
    nic.send(frame(1514))
    nic.advance(10_000_000)
    assert nic.sent[0][0] - start - 10_000_000 == (1514 + 24) * 800


def test_transmission_waits_for_the_link(nic: Nic) -> None:
    nic.up()
    nic.model.wire.set_link(False)
    index = nic.send(frame())
    nic.advance(1_000_000)
    assert not nic.done(index)
    nic.model.wire.set_link(True)
    nic.advance(LINK_NS)
    assert nic.done(index)
    assert nic.frames() == [frame()]


def test_short_frames_are_padded_with_psp_only(nic: Nic) -> None:
    nic.up()
    nic.send(frame(20))
    assert nic.frames() == [frame(20).ljust(60, b"\0")]
    nic.write("TCTL", nic.read("TCTL") & ~8)
    nic.send(frame(20))
    assert nic.frames() == []
    assert "without TCTL.PSP" in nic.model.notes[-1]


def test_the_driver_may_bring_its_own_fcs(nic: Nic) -> None:
    nic.up()
    data = frame(64)
    nic.send(data + struct.pack("<I", zlib.crc32(data)), EOP | RS)
    nic.send(data + b"1234", EOP | RS)
    assert nic.frames() == [data]
    assert "wrong FCS" in nic.model.notes[-1]


def test_vlan_tag_insertion(nic: Nic) -> None:
    nic.up()
    nic.send(frame(96), EOP | IFCS | RS | VLE, 0x2005 << 16)
    assert nic.frames() == [frame(100, tag=0x2005)]
    nic.write("CTRL", 0x241)
    nic.send(frame(96), EOP | IFCS | RS | VLE, 0x2005 << 16)
    assert nic.frames() == [frame(96)]


def test_legacy_checksum_insertion(nic: Nic) -> None:
    nic.up()
    raw = frame(74)[:20] + bytes(2) + frame(74)[22:]
    nic.send(raw, EOP | IFCS | IC | 20 << 16, 14 << 8)
    (sent,) = nic.frames()
    assert sent[20:22] != bytes(2)
    assert sent[:20] + bytes(2) + sent[22:] == raw
    assert sum(struct.unpack(">30H", sent[14:])) % 0xFFFF == 0


def context(
    nic: Nic, *, tcp: bool, start: int = 34, header: int = 0, mss: int = 0, payload: int = 0
) -> None:
    at = start + (16 if tcp else 6)
    first = 14 | 24 << 8 | 33 << 16 | start << 32 | at << 40
    ipv4 = start == 34
    low = payload | DEXT | tcp << 24 | ipv4 << 25 | bool(mss) << 26
    nic.put(first, low, header << 8 | mss << 16)


def unsummed(packet: Packet, at: int, *, with_length: bool = True) -> bytes:
    """Return the packet as a driver gives it: IP sum 0, the pseudo header's sum in TCP's place."""
    raw = bytearray(bytes(packet))
    transport = 34 if packet.haslayer(IP) else 54
    addresses = raw[26:34] if packet.haslayer(IP) else raw[22:54]
    length = len(raw) - transport if with_length else 0
    total = sum(struct.unpack(f">{len(addresses) // 2}H", addresses)) + length
    total += TCP_NUMBER if packet.haslayer(TCP) else UDP_NUMBER
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    raw[at : at + 2] = struct.pack(">H", total)
    if packet.haslayer(IP):
        raw[24:26] = b"\0\0"
    return bytes(raw)


TCP_NUMBER, UDP_NUMBER = 6, 17
PACKETS = [
    (Ether(dst=PEER) / IP(dst="10.0.0.2", src="10.0.0.1") / TCP(sport=5) / Raw(b"abc" * 33), 34),
    (Ether(dst=PEER) / IP(dst="10.0.0.2", src="10.0.0.1") / UDP(dport=9) / Raw(b"x" * 77), 34),
    (Ether(dst=PEER) / IPv6(dst="fe80::2", src="fe80::1") / UDP(dport=9) / Raw(b"x" * 77), 54),
]


@pytest.mark.parametrize(("packet", "start"), PACKETS)
def test_checksums_by_context(nic: Nic, packet: Packet, start: int) -> None:
    nic.up()
    tcp = packet.haslayer(TCP)
    raw = unsummed(packet, start + (16 if tcp else 6))
    context(nic, tcp=bool(tcp), start=start)
    options = TXSM | (IXSM if start == 34 else 0)
    for piece, flags, high in ((raw[:50], 0, options), (raw[50:], EOP | RS, 0)):
        nic.put(nic.allocate(len(piece), piece), len(piece) | DATA | IFCS | flags, high)
    nic.write("TDT", nic.tx_next)
    assert nic.frames() == [bytes(packet)]


def test_segmentation(nic: Nic) -> None:
    nic.up()
    payload = bytes(number & 0xFF for number in range(3500))
    head = Ether(dst=PEER) / IP(dst="10.0.0.2", src="10.0.0.1", id=0xFFFF)
    whole = head / TCP(seq=2**32 - 1000, flags="PA") / Raw(payload)
    raw = unsummed(whole, 50, with_length=False)
    context(nic, tcp=True, header=54, mss=1460, payload=len(payload))
    last = len(raw) | DATA | IFCS | EOP | RS | TSE
    nic.put(nic.allocate(len(raw), raw), last, IXSM | TXSM)
    nic.write("TDT", nic.tx_next)
    sent = [Ether(data) for data in nic.frames()]
    assert [len(each[Raw]) for each in sent] == [1460, 1460, 580]
    assert b"".join(each[Raw].load for each in sent) == payload
    assert [each[TCP].seq for each in sent] == [2**32 - 1000, 460, 1920]
    assert [str(each[TCP].flags) for each in sent] == ["A", "A", "PA"]
    assert [each[IP].id for each in sent] == [0xFFFF, 0, 1]
    for each in sent:
        again = Ether(bytes(each))
        del again[IP].chksum, again[TCP].chksum, again[IP].len
        assert bytes(again) == bytes(each)
    assert nic.read("TSCTC") == 1


def test_loopback_comes_back(nic: Nic) -> None:
    nic.up(rctl=3 << 6)
    nic.send(frame(80))
    assert [each.data for each in nic.take()] == [frame(80)]
    assert nic.frames() == []


def test_low_descriptors(nic: Nic) -> None:
    nic.up(tx=32)
    nic.write("TXDCTL", 1 << 25)
    address = nic.allocate(60, frame())
    for _ in range(20):
        nic.put(address, 60 | EOP | IFCS)
    nic.write("TDT", nic.tx_next)
    nic.advance(1_000_000)
    assert nic.read("ICR") & TXD_LOW


def test_disabled_means_nothing_moves(nic: Nic) -> None:
    nic.up()
    nic.write("TCTL", 0)
    nic.send(frame())
    assert nic.frames() == []
    nic.write("TCTL", 0xA)
    assert nic.frames() == [frame()]


def test_without_bus_mastering_the_transmitter_stops(nic: Nic) -> None:
    nic.up()
    nic.model.config_write(COMMAND, 2, COMMAND_MEMORY)
    nic.send(frame())
    assert nic.frames() == []
    assert "transmitter stops" in nic.model.notes[-1]
