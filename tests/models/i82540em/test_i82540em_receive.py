"""Rings, filters, VLAN tags, checksums, big frames, and running out of descriptors."""

from __future__ import annotations

import struct
import zlib

import pytest
from python_driver import BROADCAST, MAC, PEER, Nic, frame
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

DD, EOP, IXSM, VP, TCPCS, IPCS = 1, 2, 4, 8, 0x20, 0x40
TCPE, IPE = 0x20, 0x40
RXDMT0, RXO, RXT0 = 0x10, 0x40, 0x80
UPE, MPE, LPE, VFE, BSEX = 1 << 3, 1 << 4, 1 << 5, 1 << 18, 1 << 25
SECRC = 1 << 26
OTHER = bytes.fromhex("0200000000ff")


def test_a_frame_and_its_descriptor(nic: Nic) -> None:
    nic.up(ims=RXT0)
    nic.deliver(frame(100))
    (got,) = nic.take()
    assert got.data == frame(100)
    assert (got.status, got.errors, got.special) == (DD | EOP | IXSM, 0, 0)
    assert nic.line.asserted
    assert nic.read("ICR") == RXT0
    assert not nic.line.asserted
    assert nic.read("RDH") == 1


def test_the_ring_wraps(nic: Nic) -> None:
    nic.up()
    sizes = [60 + number for number in range(30)]
    got = []
    for size in sizes:
        nic.deliver(frame(size))
        got += nic.take()
    assert [len(each.data) for each in got] == sizes
    assert nic.read("RDH") == 30 % 8


def test_the_fcs_is_there_unless_it_is_stripped(nic: Nic) -> None:
    nic.up()
    nic.write("RCTL", nic.read("RCTL") & ~SECRC)
    nic.deliver(frame(64))
    (got,) = nic.take()
    assert got.data == frame(64) + struct.pack("<I", zlib.crc32(frame(64)))


def test_short_frames_arrive_padded(nic: Nic) -> None:
    nic.up()
    nic.deliver(frame(20))
    assert nic.take()[0].data == frame(20).ljust(60, b"\0")


def test_frames_span_descriptors_when_buffers_are_small(nic: Nic) -> None:
    nic.up(rctl=3 << 16)
    nic.deliver(frame(600))
    got = nic.take()
    assert [len(each.data) for each in got] == [256, 256, 88]
    assert [each.status & EOP for each in got] == [0, 0, EOP]
    assert b"".join(each.data for each in got) == frame(600)


def test_long_frames_need_lpe() -> None:
    nic = Nic()
    nic.RX_BUFFER = 16384
    nic.up(rctl=BSEX | 1 << 16)
    nic.deliver(frame(1514), frame(1515), frame(1518, tag=5))
    assert [len(each.data) for each in nic.take()] == [1514, 1514]
    assert nic.read("ROC") == 1
    nic.write("RCTL", nic.read("RCTL") | LPE)
    nic.deliver(frame(9000))
    assert len(nic.take()[0].data) == 9000


def accepts(nic: Nic, to: bytes) -> bool:
    nic.deliver(frame(to=to))
    return bool(nic.take())


def test_address_filters(nic: Nic) -> None:
    nic.up()
    assert accepts(nic, MAC)
    assert accepts(nic, BROADCAST)
    assert not accepts(nic, OTHER)
    nic.write("RCTL", nic.read("RCTL") & ~(1 << 15))
    assert not accepts(nic, BROADCAST)
    nic.write("RCTL", nic.read("RCTL") | UPE)
    assert accepts(nic, OTHER)
    nic.write("RCTL", nic.read("RCTL") & ~UPE)
    nic.write("RAL", int.from_bytes(OTHER[:4], "little"), 15)
    nic.write("RAH", 1 << 31 | int.from_bytes(OTHER[4:], "little"), 15)
    assert accepts(nic, OTHER)
    nic.write("RAH", 0, 15)
    assert not accepts(nic, OTHER)
    assert nic.read("TPR") == 7


@pytest.mark.parametrize(("offset", "shift"), [(0, 4), (1, 3), (2, 2), (3, 0)])
def test_multicast_hash(nic: Nic, offset: int, shift: int) -> None:
    group = bytes.fromhex("01005e7fa5c3")
    nic.up(rctl=offset << 12)
    assert not accepts(nic, group)
    hashed = (group[4] | group[5] << 8) >> shift & 0xFFF
    nic.write("MTA", 1 << (hashed & 31), hashed >> 5)
    assert accepts(nic, group)
    nic.write("MTA", 0, hashed >> 5)
    nic.write("RCTL", nic.read("RCTL") | MPE)
    assert accepts(nic, group)


def test_vlan_tags_are_filtered_and_stripped(nic: Nic) -> None:
    nic.up(rctl=VFE)
    nic.deliver(frame(tag=0x2005))
    assert nic.take() == []
    nic.write("VFTA", 1 << 5, 0)
    nic.deliver(frame(100, tag=0x2005))
    (got,) = nic.take()
    assert got.status & VP
    assert got.special == 0x2005
    assert got.data == frame(96)
    nic.write("CTRL", 0x241)
    nic.deliver(frame(100, tag=5))
    (got,) = nic.take()
    assert got.data == frame(100, tag=5)
    assert not got.status & VP


def checked(nic: Nic, packet: Ether, rxcsum: int = 0x300) -> tuple[int, int]:
    nic.write("RXCSUM", rxcsum)
    nic.deliver(bytes(packet))
    (got,) = nic.take()
    return got.status & (IXSM | TCPCS | IPCS), got.errors


def test_received_checksums(nic: Nic) -> None:
    nic.up()
    ether, ip = Ether(dst=MAC, src=PEER), IP(src="10.0.0.1", dst="10.0.0.2")
    data = Raw(b"odd number of bytes..")
    tcp, udp = TCP(sport=1, dport=2), UDP(sport=1, dport=2)
    assert checked(nic, ether / ip / tcp / data) == (IPCS | TCPCS, 0)
    assert checked(nic, ether / ip / udp / data, 0x200) == (TCPCS, 0)
    assert checked(nic, ether / ip / udp / data, 0x100) == (IPCS, 0)
    assert checked(nic, ether / ip / udp / data, 0) == (IXSM, 0)
    assert checked(nic, ether / Dot1Q(vlan=3) / ip / tcp) == (IPCS | TCPCS, 0)
    assert checked(nic, ether / IP(chksum=1) / ICMP()) == (IPCS, IPE)
    assert checked(nic, ether / ip / TCP(chksum=1) / data) == (IPCS | TCPCS, TCPE)
    assert checked(nic, ether / ip / UDP(chksum=0) / data) == (IPCS, 0)
    assert checked(nic, ether / IP(flags="MF") / UDP() / data) == (IPCS, 0)
    assert checked(nic, ether / IPv6() / udp / data) == (IXSM, 0)
    assert checked(nic, ether / IPv6() / udp / data, 0x700) == (TCPCS, 0)
    assert checked(nic, Ether(frame(60))) == (IXSM, 0)


def test_packet_checksum_starts_at_pcss(nic: Nic) -> None:
    nic.up()
    nic.write("RXCSUM", 14)
    nic.deliver(frame(60)[:14] + bytes(range(46)))
    total = sum(struct.unpack(">23H", bytes(range(46))))
    total = (total & 0xFFFF) + (total >> 16)
    assert struct.pack("<H", nic.take()[0].checksum) == struct.pack(">H", total)


def test_without_descriptors_frames_wait_and_then_are_lost(nic: Nic) -> None:
    nic.up(ims=RXO)
    big = frame(1514)
    nic.deliver(*[big] * 7)
    assert nic.read("RNBC") == 0
    nic.deliver(*[big] * 32)
    assert nic.read("RNBC") == 32
    assert nic.read("MPC") == 0
    nic.deliver(big)
    assert nic.read("MPC") == 1
    assert nic.read("MPC") == 0
    assert nic.line.asserted
    assert nic.read("ICR") & RXO
    got = nic.take(refill=True)
    while more := nic.take():
        got += more
    assert len(got) == 7 + 32
    assert nic.read("GPRC") == 39


def test_low_descriptors_are_announced_once(nic: Nic) -> None:
    nic.up(rx=16, ims=RXDMT0, rctl=1 << 8)
    nic.deliver(*[frame()] * 10)
    assert nic.read("ICR") & RXDMT0 == 0
    nic.deliver(frame())
    assert nic.read("ICR") & RXDMT0
    nic.deliver(frame())
    assert nic.read("ICR") & RXDMT0 == 0


def test_nothing_arrives_while_disabled_or_without_link(nic: Nic) -> None:
    nic.up()
    nic.write("RCTL", nic.read("RCTL") & ~2)
    nic.deliver(frame())
    nic.write("RCTL", nic.read("RCTL") | 2)
    nic.model.wire.set_link(False)
    nic.deliver(frame())
    assert nic.take() == []


def test_a_bad_buffer_address_stops_the_receiver_until_reset(nic: Nic) -> None:
    nic.up()
    nic.rx_buffers[0] = 0x1000
    nic.give(0)
    nic.deliver(frame(), frame())
    assert nic.take() == []
    assert "receiver stops" in nic.model.notes[-1]
    assert nic.read("MPC") == 1


def test_damaged_frames_are_counted_and_kept_only_with_sbp(nic: Nic) -> None:
    nic.up()
    nic.model.receive_damaged(frame())
    assert nic.take() == []
    nic.write("RCTL", nic.read("RCTL") | 1 << 2)
    nic.model.receive_damaged(frame(100))
    (got,) = nic.take()
    assert (got.data, got.errors) == (frame(100), 1)
    assert [nic.read("CRCERRS"), nic.read("GPRC")] == [2, 0]


def test_a_tail_outside_of_the_ring_is_noted(nic: Nic) -> None:
    nic.up()
    nic.write("RDT", 8)
    assert nic.read("RDT") == 7
    assert "outside of a ring of 8" in nic.model.notes[-1]
