"""An access point's network: its elements, its stations, and the rules between them.

``accesspoint.py`` has the radio; this is what is said over it: probes, authentication, association,
the four-way handshake, power saving, and data between stations and the Ethernet behind.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import eapol
from . import frames as f
from .ccmp import CcmpKey, NotAuthentic, key_number, packet_number
from .frames import Header
from .handshake import Authenticator

if TYPE_CHECKING:
    from .accesspoint import AccessPoint

CAP_ESS, CAP_PRIVACY, CAP_SHORT_PREAMBLE, CAP_SHORT_SLOT = 0x01, 0x10, 0x20, 0x400
STATUS_OK, STATUS_REFUSED, STATUS_BAD_ALGORITHM, STATUS_BAD_RATES = 0, 1, 13, 18
STATUS_BAD_RSN = 40
REASON_NOT_AUTHENTICATED, REASON_NOT_ASSOCIATED, REASON_HANDSHAKE = 6, 7, 15
HANDSHAKE_TRIES = 4
HANDSHAKE_NS = 1_000_000_000
BUFFERED = 64


@dataclass
class Member:
    """A station of the network; ``open`` once its data may pass."""

    address: bytes
    aid: int = 0
    associated: bool = False
    open: bool = False
    rate: int = 2
    asleep: bool = False
    buffered: deque[bytes] = field(default_factory=deque)
    handshake: Authenticator | None = None
    tries: int = 0
    session: int = 0
    send_key: CcmpKey | None = None
    receive_key: CcmpKey | None = None


class Bss:
    """``stations`` by address. ``counts`` tells how many of what the network met."""

    def __init__(self, point: AccessPoint) -> None:
        self._point = point
        self.stations: dict[bytes, Member] = {}
        self.counts: Counter[str] = Counter()
        self._sessions = 0
        self._master = b""
        self._group_key = b""
        if point.passphrase is not None:
            self._master = eapol.pairwise_master_key(point.passphrase, point.ssid)
            self._group_key = hashlib.sha256(b"group" + self._master).digest()[:16]
        self._group = CcmpKey(self._group_key, number=1) if self._group_key else None

    def clear(self) -> None:
        """Forget all stations."""
        self.stations.clear()

    # Elements

    @property
    def basic_rate(self) -> int:
        return min(self._point.rates)

    @property
    def capabilities(self) -> int:
        privacy = CAP_PRIVACY if self._master else 0
        band = 0 if self._point.home_channel > 14 else CAP_SHORT_PREAMBLE | CAP_SHORT_SLOT
        return CAP_ESS | privacy | band

    def _basic(self, rate: int) -> bool:
        return rate in (2, 4, 11, 22) or (self._point.home_channel > 14 and rate in (12, 24, 48))

    def _rates(self) -> bytes:
        marked = bytes(rate | (0x80 if self._basic(rate) else 0) for rate in self._point.rates)
        parts = [f.element(f.ELEMENT_RATES, marked[:8])]
        if marked[8:]:
            parts.append(f.element(f.ELEMENT_MORE_RATES, marked[8:]))
        return f.chain(parts)

    def _body(self, *, beacon: bool, count: int = 0) -> bytes:
        point = self._point
        hidden = beacon and point.hidden
        parts = f.chain([f.element(f.ELEMENT_SSID, b"" if hidden else point.ssid)])
        parts += self._rates()
        if point.home_channel <= 14:
            parts += f.chain([f.element(f.ELEMENT_DS, bytes([point.home_channel]))])
        if beacon:
            parts += f.chain([f.element(f.ELEMENT_TIM, self._traffic(count))])
        if point.home_channel <= 14:
            parts += f.chain([f.element(f.ELEMENT_ERP, b"\0")])
        if self._master:
            parts += f.chain([f.element(f.ELEMENT_RSN, eapol.RSN_CCMP_PSK)])
        return parts

    def _traffic(self, count: int) -> bytes:
        bitmap = bytearray(1)
        for member in self.stations.values():
            if member.asleep and member.buffered:
                bitmap.extend(bytes(max(0, member.aid // 8 + 1 - len(bitmap))))
                bitmap[member.aid // 8] |= 1 << member.aid % 8
        period = self._point.dtim_period
        return bytes([(period - count % period) % period, period, 0]) + bytes(bitmap)

    def beacon(self, count: int) -> bytes:
        """Return the next beacon."""
        point = self._point
        body = self._body(beacon=True, count=count)
        return f.beacon(point.address, point.timestamp, point.interval, self.capabilities, body)

    # What comes in

    def receive(self, frame: bytes) -> None:
        """Take a frame off the air."""
        header = Header.parse(frame)
        if header.kind == f.MANAGEMENT:
            self._management(header, frame)
        elif header.addr1 != self._point.address:
            return
        elif header.kind == f.CONTROL:
            if header.subtype == f.PS_POLL:
                self._poll(header)
        elif header.control & (f.TO_DS | f.FROM_DS) == f.TO_DS:
            self._data(header, frame)

    def _management(self, header: Header, frame: bytes) -> None:
        if header.subtype == f.PROBE_REQUEST:
            self._probe(header, frame)
        elif header.addr1 != self._point.address:
            return
        elif header.subtype == f.AUTH:
            self._authenticate(header, frame)
        elif header.subtype in (f.ASSOC_REQUEST, f.REASSOC_REQUEST):
            self._associate(header, frame)
        elif header.subtype == f.DEAUTH:
            self.stations.pop(header.addr2, None)
            self.counts["deauthenticated"] += 1
        elif header.subtype == f.DISASSOC and header.addr2 in self.stations:
            self.stations[header.addr2] = Member(header.addr2)

    def _reply(self, frame: bytes) -> None:
        self._point.send(frame, self.basic_rate)

    def _probe(self, header: Header, frame: bytes) -> None:
        wanted = f.elements(f.parse(frame)).get(f.ELEMENT_SSID, b"")
        if wanted != self._point.ssid and (wanted or self._point.hidden):
            return
        self.counts["probed"] += 1
        point = self._point
        self._reply(
            f.probe_response(
                header.addr2, point.address, point.timestamp, point.interval,
                self.capabilities, self._body(beacon=False),
            )
        )  # fmt: skip

    def _authenticate(self, header: Header, frame: bytes) -> None:
        algorithm = int.from_bytes(frame[24:26], "little")
        number = int.from_bytes(frame[26:28], "little")
        status = STATUS_OK if algorithm == 0 and number == 1 else STATUS_BAD_ALGORITHM
        if status == STATUS_OK:
            self.stations[header.addr2] = Member(header.addr2)
            self.counts["authenticated"] += 1
        answer = f.authentication(header.addr2, self._point.address, algorithm, 2, status)
        self._reply(answer)

    def _associate(self, header: Header, frame: bytes) -> None:
        member = self.stations.get(header.addr2)
        if member is None:
            self._expel(header.addr2, REASON_NOT_AUTHENTICATED)
            return
        again = header.subtype == f.REASSOC_REQUEST
        found = f.elements(f.parse(frame))
        status = self._admit(member, found)
        if status == STATUS_OK:
            member.aid = member.aid or self._free_aid()
            member.associated, member.open = True, not self._master
            self.counts["associated"] += 1
        answer = f.association_response(
            header.addr2, self._point.address, self.capabilities, status, member.aid,
            self._rates(), again=again,
        )  # fmt: skip
        start = status == STATUS_OK and bool(self._master)
        self._point.send(
            answer, self.basic_rate, lambda _heard: self._begin(member) if start else None
        )

    def _admit(self, member: Member, found: dict[int, bytes]) -> int:
        if found.get(f.ELEMENT_SSID) != self._point.ssid:
            return STATUS_REFUSED
        offered = found.get(f.ELEMENT_RATES, b"") + found.get(f.ELEMENT_MORE_RATES, b"")
        common = {rate & 0x7F for rate in offered} & set(self._point.rates)
        if not common:
            return STATUS_BAD_RATES
        member.rate = max(common)
        if self._master and found.get(f.ELEMENT_RSN, b"")[:18] != eapol.RSN_CCMP_PSK[:18]:
            return STATUS_BAD_RSN
        return STATUS_OK

    def _free_aid(self) -> int:
        taken = {member.aid for member in self.stations.values()}
        return next(aid for aid in range(1, 2008) if aid not in taken)

    def expel(self, station: bytes, reason: int) -> None:
        """Throw a station out."""
        self.stations.pop(station, None)
        self._expel(station, reason)

    def _expel(self, station: bytes, reason: int) -> None:
        self.counts["expelled"] += 1
        self._reply(f.deauthentication(station, self._point.address, reason))

    # The four-way handshake

    def _begin(self, member: Member) -> None:
        if self.stations.get(member.address) is not member:
            return
        self._sessions += 1
        member.session = self._sessions
        member.tries = 0
        member.handshake = Authenticator(
            self._master, self._point.address, member.address,
            group_key=self._group_key, session=self._sessions,
        )  # fmt: skip
        self._prompt(member, member.session)

    def _prompt(self, member: Member, session: int) -> None:
        """Send message 1 or 3, and again after a while without an answer."""
        handshake = member.handshake
        if self.stations.get(member.address) is not member or handshake is None:
            return
        if member.session != session or handshake.done or self._point.air is None:
            return
        member.tries += 1
        if member.tries > HANDSHAKE_TRIES:
            self.counts["handshake failed"] += 1
            self.expel(member.address, REASON_HANDSHAKE)
            return
        self._send_eapol(member, handshake.start())
        self._point.events.after(HANDSHAKE_NS, lambda: self._prompt(member, session))

    def _send_eapol(self, member: Member, payload: bytes) -> None:
        ethernet = member.address + self._point.address + f.EAPOL.to_bytes(2, "big") + payload
        self._send_to(member, ethernet)

    def _eapol(self, member: Member, payload: bytes) -> None:
        handshake = member.handshake
        if handshake is None:
            return
        was_done = handshake.done
        answer = handshake.receive(payload)
        if handshake.failed:
            self.counts["wrong key"] += 1
            self.expel(member.address, REASON_HANDSHAKE)
        elif answer is not None:
            self._send_eapol(member, answer)
        elif handshake.done and not was_done and handshake.keys is not None:
            member.send_key = CcmpKey(handshake.keys.temporal)
            member.receive_key = CcmpKey(handshake.keys.temporal)
            member.open = True
            self.counts["handshakes"] += 1

    # Data

    def _data(self, header: Header, frame: bytes) -> None:
        member = self.stations.get(header.addr2)
        if member is None or not member.associated:
            reason = REASON_NOT_AUTHENTICATED if member is None else REASON_NOT_ASSOCIATED
            self._expel(header.addr2, reason)
            return
        self._power(member, asleep=bool(header.control & f.POWER_SAVE))
        if header.control & f.PROTECTED:
            opened = self._decrypt(member, frame)
            if opened is None:
                return
            frame = opened
        elif member.receive_key is not None:
            self.counts["unprotected"] += 1
            return
        ethernet = f.to_ethernet(frame)
        if ethernet is None:
            return
        if int.from_bytes(ethernet[12:14], "big") == f.EAPOL:
            self._eapol(member, ethernet[14:])
        elif member.open:
            self._bridge(ethernet)
        else:
            self.counts["before the handshake"] += 1

    def _decrypt(self, member: Member, frame: bytes) -> bytes | None:
        key = member.receive_key
        if key is None or key_number(frame) != 0:
            self.counts["no key"] += 1
            return None
        last = key.received
        try:
            plain = key.open(frame)
        except NotAuthentic:
            self.counts["not authentic"] += 1
            return None
        if packet_number(frame) <= last:
            self.counts["replayed"] += 1
            key.received = last
            return None
        return plain

    def _bridge(self, ethernet: bytes) -> None:
        self.counts["from stations"] += 1
        target = ethernet[:6]
        if target[0] & 1 or target in self.stations:
            self.distribute(ethernet)
        if target not in self.stations and self._point.air is not None:
            self._point.air.distribution.leave(ethernet, self._point)

    def distribute(self, ethernet: bytes) -> None:
        """Send an Ethernet frame to the station that it is for, or to all of them."""
        target = ethernet[:6]
        if target[0] & 1:
            if any(one.open for one in self.stations.values()):
                self.counts["to stations"] += 1
                frame = f.from_ethernet(ethernet, self._point.address)
                self._point.send(
                    self._group.protect(frame) if self._group else frame, self.basic_rate
                )
            return
        member = self.stations.get(target)
        if member is not None and member.open:
            self.counts["to stations"] += 1
            self._send_to(member, ethernet)

    def _send_to(self, member: Member, ethernet: bytes) -> None:
        if member.asleep:
            if len(member.buffered) < BUFFERED:
                member.buffered.append(ethernet)
            return
        frame = f.from_ethernet(ethernet, self._point.address)
        if member.send_key is not None:
            frame = member.send_key.protect(frame)
        self._point.send(frame, member.rate)

    # Power saving

    def _power(self, member: Member, *, asleep: bool) -> None:
        member.asleep = asleep
        while member.buffered and not asleep:
            self._send_to(member, member.buffered.popleft())

    def _poll(self, header: Header) -> None:
        member = self.stations.get(header.addr2)
        if member is not None and member.buffered:
            ethernet = member.buffered.popleft()
            member.asleep = False
            self._send_to(member, ethernet)
            member.asleep = True
