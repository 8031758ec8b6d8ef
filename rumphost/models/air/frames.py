"""IEEE 802.11 frames: the MAC header, management frames, and data to and from Ethernet.

Management frames are made and read with scapy; data frames, of which there are many, by hand.
Frames carry no FCS. Rates are in units of 500 kb/s as in a rates element.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scapy.layers.dot11 import (
    Dot11,
    Dot11AssoResp,
    Dot11Auth,
    Dot11Beacon,
    Dot11Deauth,
    Dot11Disas,
    Dot11Elt,
    Dot11ProbeResp,
    Dot11ReassoResp,
)
from scapy.packet import Packet

BROADCAST = b"\xff" * 6
MANAGEMENT, CONTROL, DATA = 0, 1, 2
TO_DS, FROM_DS, RETRY, POWER_SAVE = 0x0100, 0x0200, 0x0800, 0x1000
MORE_DATA, PROTECTED = 0x2000, 0x4000

ASSOC_REQUEST, ASSOC_RESPONSE, REASSOC_REQUEST, REASSOC_RESPONSE = 0, 1, 2, 3
PROBE_REQUEST, PROBE_RESPONSE, BEACON, DISASSOC, AUTH, DEAUTH = 4, 5, 8, 10, 11, 12
NULL_DATA, QOS_DATA, QOS_NULL = 4, 8, 12
PS_POLL = 10

ELEMENT_SSID, ELEMENT_RATES, ELEMENT_DS, ELEMENT_TIM, ELEMENT_ERP = 0, 1, 3, 5, 42
ELEMENT_RSN, ELEMENT_MORE_RATES = 48, 50

CCK_RATES = (2, 4, 11, 22)
OFDM_RATES = (12, 18, 24, 36, 48, 72, 96, 108)
SNAP = bytes.fromhex("aaaa03000000")
EAPOL = 0x888E


def text(address: bytes) -> str:
    """Return an address as ``52:54:00:12:34:56``."""
    return address.hex(":")


def address(text: str | bytes) -> bytes:
    """Return an address's six bytes."""
    return text if isinstance(text, bytes) else bytes.fromhex(text.replace(":", ""))


def frequency(channel: int) -> int:
    """Return a channel's frequency in MHz."""
    if channel == 14:
        return 2484
    return 2407 + 5 * channel if channel < 14 else 5000 + 5 * channel


def airtime_ns(size: int, rate: int) -> int:
    """Return how long ``size`` bytes and the FCS take, with preamble (long) and header."""
    bits = 8 * (size + 4)
    if rate in CCK_RATES:
        return 192_000 + bits * 2_000 // rate
    return 20_000 + 4_000 * -(-(22 + bits) // (2 * rate))


@dataclass(slots=True)
class Header:
    """A MAC header; addresses that the frame has not are empty."""

    control: int
    addr1: bytes
    addr2: bytes
    addr3: bytes
    sequence: int
    priority: int
    size: int

    @classmethod
    def parse(cls, frame: bytes) -> Header:
        """Read a header; raises ``ValueError`` for a frame that is too short."""
        if len(frame) < 10:
            raise ValueError("a frame of less than 10 bytes")
        control = frame[0] | frame[1] << 8
        if control >> 2 & 3 == CONTROL:
            return cls(control, frame[4:10], frame[10:16], b"", 0, 0, 16)
        if len(frame) < 24:
            raise ValueError("a frame of less than 24 bytes")
        size, priority = 24, 0
        if control & (TO_DS | FROM_DS) == TO_DS | FROM_DS:
            size += 6
        if control & 0x8C == 0x88:
            priority = frame[size] & 15
            size += 2
        sequence = frame[22] | frame[23] << 8
        return cls(control, frame[4:10], frame[10:16], frame[16:22], sequence, priority, size)

    @property
    def kind(self) -> int:
        """MANAGEMENT, CONTROL or DATA."""
        return self.control >> 2 & 3

    @property
    def subtype(self) -> int:
        return self.control >> 4 & 15

    @property
    def has_qos(self) -> bool:
        return self.control & 0x8C == 0x88

    @property
    def group(self) -> bool:
        """Whether the receiver is a group address."""
        return bool(self.addr1[0] & 1)


def with_sequence(frame: bytes, number: int) -> bytes:
    """Return the frame with a sequence number; the fragment number stays."""
    value = number << 4 & 0xFFF0 | frame[22] & 15
    return frame[:22] + value.to_bytes(2, "little") + frame[24:]


# Data


def from_ethernet(frame: bytes, bssid: bytes, *, to_ds: bool = False) -> bytes:
    """Return an Ethernet frame as a data frame of (or to) the network ``bssid``."""
    target, source, kind = frame[:6], frame[6:12], frame[12:14]
    if to_ds:
        head = b"\x08\x01\0\0" + bssid + source + target + b"\0\0"
    else:
        head = b"\x08\x02\0\0" + target + bssid + source + b"\0\0"
    if int.from_bytes(kind, "big") < 0x600:
        return head + frame[14 : 14 + int.from_bytes(kind, "big")]
    return head + SNAP + kind + frame[14:]


def to_ethernet(frame: bytes) -> bytes | None:
    """Return a data frame as an Ethernet frame; None if it carries no data."""
    header = Header.parse(frame)
    body = frame[header.size :]
    if header.kind != DATA or header.subtype & NULL_DATA or len(body) < 8:
        return None
    if header.control & TO_DS:
        target, source = header.addr3, header.addr2
    else:
        target, source = header.addr1, header.addr3
    if body[:6] == SNAP:
        return target + source + body[6:]
    return target + source + len(body).to_bytes(2, "big") + body


# Management


def parse(frame: bytes) -> Packet:
    """Return a management frame for scapy to take apart."""
    return Dot11(frame)


def elements(packet: Packet) -> dict[int, bytes]:
    """Return the information elements of a frame, the first of each number."""
    found: dict[int, bytes] = {}
    element = packet.getlayer(Dot11Elt)
    while element is not None and isinstance(element, Dot11Elt):
        raw = bytes(element)
        found.setdefault(int(element.ID), raw[2 : 2 + int(raw[1])])
        element = element.payload.getlayer(Dot11Elt)
    return found


def element(number: int, data: bytes) -> Packet:
    """Return one information element."""
    return Dot11Elt(ID=number, len=len(data), info=data)


def chain(parts: Iterable[Packet]) -> bytes:
    """Return elements as bytes."""
    return b"".join(bytes(part) for part in parts)


def _management(subtype: int, target: bytes, source: bytes, bssid: bytes) -> Packet:
    return Dot11(
        type=MANAGEMENT, subtype=subtype, addr1=text(target), addr2=text(source), addr3=text(bssid)
    )


def beacon(bssid: bytes, timestamp: int, interval: int, capabilities: int, body: bytes) -> bytes:
    """Return a beacon; ``body`` are its elements."""
    head = _management(BEACON, BROADCAST, bssid, bssid)
    return _timed(head, Dot11Beacon(), timestamp, interval, capabilities) + body


def probe_response(
    target: bytes, bssid: bytes, timestamp: int, interval: int, capabilities: int, body: bytes
) -> bytes:
    """Return an answer to a probe request."""
    head = _management(PROBE_RESPONSE, target, bssid, bssid)
    return _timed(head, Dot11ProbeResp(), timestamp, interval, capabilities) + body


def _timed(head: Packet, kind: Packet, timestamp: int, interval: int, capabilities: int) -> bytes:
    kind.timestamp, kind.beacon_interval = timestamp, interval
    fixed = bytes(head / kind)
    return fixed[:34] + capabilities.to_bytes(2, "little")


def authentication(
    target: bytes, bssid: bytes, algorithm: int, sequence: int, status: int
) -> bytes:
    """Return an authentication frame of an access point."""
    body = Dot11Auth(algo=algorithm, seqnum=sequence, status=status)
    return bytes(_management(AUTH, target, bssid, bssid) / body)


def association_response(
    target: bytes,
    bssid: bytes,
    capabilities: int,
    status: int,
    aid: int,
    body: bytes,
    *,
    again: bool,
) -> bytes:
    """Return an answer to a request for association, or for association ``again``."""
    subtype = REASSOC_RESPONSE if again else ASSOC_RESPONSE
    kind = Dot11ReassoResp if again else Dot11AssoResp
    head = bytes(_management(subtype, target, bssid, bssid) / kind(status=status))
    fixed = capabilities.to_bytes(2, "little") + head[26:28] + (aid | 0xC000).to_bytes(2, "little")
    return head[:24] + fixed + body


def deauthentication(target: bytes, bssid: bytes, reason: int, *, subtype: int = DEAUTH) -> bytes:
    """Return a deauthentication, or with another ``subtype`` a disassociation."""
    kind = Dot11Deauth if subtype == DEAUTH else Dot11Disas
    return bytes(_management(subtype, target, bssid, bssid) / kind(reason=reason))
