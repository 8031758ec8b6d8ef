"""A small network client of our own on top of an interface: DHCP, ARP, ping, UDP echo.

Used by ``rumphost run`` and by tests, where the network stack of Linux (``classes.tap``) is not
wanted: it needs no privilege and works on the virtual clock, in the kernel's own time.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from rumphost.errors import RumphostError

from .ifnet import Interface, mac_bytes
from .network import BROADCAST, ECHO_PORT, dict_of, payload_of

Match = Callable[[Packet], bool]


class NoAnswer(RumphostError):
    """The network did not answer in time."""


@dataclass(frozen=True)
class Lease:
    """What a DHCP server granted."""

    address: str
    prefix_length: int
    router: str | None
    server: str
    lease_s: int

    def __str__(self) -> str:
        router = f", router {self.router}" if self.router else ""
        return f"{self.address}/{self.prefix_length} from {self.server}{router}, {self.lease_s} s"


@dataclass(frozen=True)
class PingReply:
    """One answer to a ping; ``rtt_ns`` in the kernel's time."""

    size: int
    source: str
    sequence: int
    ttl: int
    rtt_ns: int

    def __str__(self) -> str:
        return (
            f"{self.size} bytes from {self.source}: icmp_seq={self.sequence} "
            f"ttl={self.ttl} time={self.rtt_ns / 1e6:.3f} ms"
        )


@dataclass
class PingStatistics:
    """What ping(8) says at its end; times in ns."""

    target: str
    transmitted: int = 0
    replies: list[PingReply] = field(default_factory=list)

    @property
    def received(self) -> int:
        return len(self.replies)

    @property
    def loss(self) -> float:
        """Share of the requests that was not answered, 0 to 1."""
        return 1 - self.received / self.transmitted if self.transmitted else 0.0

    @property
    def rtt_ns(self) -> tuple[float, float, float, float]:
        """Minimum, average, maximum and standard deviation."""
        times = [reply.rtt_ns for reply in self.replies] or [0]
        average = sum(times) / len(times)
        deviation = math.sqrt(sum((time - average) ** 2 for time in times) / len(times))
        return min(times), average, max(times), deviation

    def __str__(self) -> str:
        head = (
            f"{self.transmitted} packets transmitted, {self.received} packets received, "
            f"{self.loss:.1%} packet loss"
        )
        if not self.replies:
            return head
        times = "/".join(f"{value / 1e6:.3f}" for value in self.rtt_ns)
        return f"{head}\nround-trip min/avg/max/stddev = {times} ms"


@dataclass(eq=False)
class _Waiter:
    match: Match
    found: trio.Event = field(default_factory=trio.Event)
    packet: Packet | None = None
    time_ns: int = 0


class Station:
    """An IPv4 host with one interface, open inside ``async with``.

    ``ipv4`` and ``prefix_length`` are set by ``dhcp`` or by hand. It answers ARP requests and pings
    for its address.
    """

    def __init__(
        self, interface: Interface, ipv4: str = "0.0.0.0", prefix_length: int = 24,
        router: str | None = None,
    ) -> None:  # fmt: skip
        self.interface = interface
        self.ipv4 = ipv4
        self.prefix_length = prefix_length
        self.router = router
        self.lease: Lease | None = None
        self._random = interface.kernel.random
        self._neighbours: dict[str, str] = {}
        self._waiters: list[_Waiter] = []
        self._stop: Callable[[], None] | None = None

    async def __aenter__(self) -> Station:
        self._stop = self.interface.receive(self._receive)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._stop is not None
        self._stop()

    # -- input, on the virtual CPU

    def _receive(self, frames: list[bytes]) -> None:
        mine = self.interface.ifnet.address
        for frame in frames:
            if frame[:6] == mine or frame[0] & 1:
                packet = Ether(frame)
                if not self._answer(packet):
                    self._hand_out(packet)

    def _hand_out(self, packet: Packet) -> None:
        for waiter in self._waiters:
            if waiter.packet is None and waiter.match(packet):
                waiter.packet = packet
                waiter.time_ns = self.interface.kernel.clock.now_ns()
                waiter.found.set()
                return

    def _answer(self, packet: Packet) -> bool:
        """Answer what a host has to answer by itself."""
        reply: Packet | None = None
        address = self.interface.address
        if ARP in packet and packet[ARP].op == 1 and packet[ARP].pdst == self.ipv4:
            arp = packet[ARP]
            reply = Ether(src=address, dst=packet.src) / ARP(
                op=2, hwsrc=address, psrc=self.ipv4, hwdst=arp.hwsrc, pdst=arp.psrc
            )
        elif ICMP in packet and packet[ICMP].type == 8 and packet[IP].dst == self.ipv4:
            reply = (
                Ether(src=address, dst=packet.src)
                / IP(src=self.ipv4, dst=packet[IP].src)
                / ICMP(type=0, id=packet[ICMP].id, seq=packet[ICMP].seq)
                / Raw(payload_of(packet, ICMP))
            )
        if reply is None:
            return False
        self.interface.send_some((bytes(reply),))
        return True

    @asynccontextmanager
    async def _expect(self, match: Match) -> AsyncIterator[_Waiter]:
        waiter = _Waiter(match)
        self._waiters.append(waiter)
        try:
            yield waiter
        finally:
            self._waiters.remove(waiter)

    async def _exchange(
        self, request: Packet, match: Match, timeout_s: float
    ) -> tuple[Packet, int] | None:
        """Send, wait for the first packet that matches; return it and the round trip in ns."""
        clock = self.interface.kernel.clock
        async with self._expect(match) as waiter:
            started_ns = clock.now_ns()
            await self.interface.send(bytes(request))
            with trio.move_on_after(timeout_s):
                await waiter.found.wait()
            if waiter.packet is None:
                return None
            return waiter.packet, waiter.time_ns - started_ns

    # -- ARP

    async def resolve(self, ipv4: str, *, timeout_s: float = 1.0, tries: int = 3) -> str:
        """Return the link-level address of a neighbour; raises ``NoAnswer``."""
        if ipv4 in self._neighbours:
            return self._neighbours[ipv4]
        request = Ether(src=self.interface.address, dst=BROADCAST) / ARP(
            op=1, hwsrc=self.interface.address, psrc=self.ipv4, pdst=ipv4
        )

        def is_reply(packet: Packet) -> bool:
            return ARP in packet and packet[ARP].op == 2 and packet[ARP].psrc == ipv4

        for _ in range(tries):
            answer = await self._exchange(request, is_reply, timeout_s)
            if answer is not None:
                self._neighbours[ipv4] = answer[0][ARP].hwsrc
                return self._neighbours[ipv4]
        raise NoAnswer(f"{self.interface.name}: nobody answers for {ipv4} (ARP, {tries} requests)")

    async def _header(self, target: str) -> Packet:
        """Return the headers of a packet to ``target``, by the router when it is not near."""
        near = ipaddress.ip_interface(f"{self.ipv4}/{self.prefix_length}").network
        hop = target
        if ipaddress.ip_address(target) not in near and self.router is not None:
            hop = self.router
        link = await self.resolve(hop)
        return Ether(src=self.interface.address, dst=link) / IP(src=self.ipv4, dst=target, ttl=64)

    # -- DHCP (RFC 2131)

    async def dhcp(self, *, timeout_s: float = 2.0, tries: int = 4) -> Lease:
        """Obtain an address and take it on; raises ``NoAnswer``."""
        xid = self._random.getrandbits(32)
        offer = await self._dhcp(xid, "discover", [], timeout_s, tries)
        said = dict_of(offer[DHCP].options)
        wanted = [("requested_addr", offer[BOOTP].yiaddr), ("server_id", said["server_id"])]
        ack = await self._dhcp(xid, "request", wanted, timeout_s, tries)
        said = dict_of(ack[DHCP].options)
        if said["message-type"] != 5:
            raise NoAnswer(f"{self.interface.name}: the DHCP server took its offer back")
        mask = ipaddress.ip_network(f"0.0.0.0/{said.get('subnet_mask', '255.255.255.0')}")
        self.lease = Lease(
            ack[BOOTP].yiaddr, mask.prefixlen, said.get("router"), said["server_id"],
            int(said.get("lease_time", 0)),
        )  # fmt: skip
        self.ipv4, self.prefix_length = self.lease.address, self.lease.prefix_length
        self.router = self.lease.router
        return self.lease

    async def _dhcp(
        self, xid: int, kind: str, options: list[tuple[str, str]], timeout_s: float, tries: int
    ) -> Packet:
        address = self.interface.address
        request = (
            Ether(src=address, dst=BROADCAST)
            / IP(src="0.0.0.0", dst="255.255.255.255")
            / UDP(sport=68, dport=67)
            / BOOTP(op=1, xid=xid, flags=0x8000, chaddr=mac_bytes(address))
            / DHCP(options=[("message-type", kind), *options,
                            ("param_req_list", [1, 3, 6, 51]), "end"])
        )  # fmt: skip
        wanted = {"discover": (2,), "request": (5, 6)}[kind]

        def is_answer(packet: Packet) -> bool:
            if BOOTP not in packet or DHCP not in packet or packet[BOOTP].xid != xid:
                return False
            return dict_of(packet[DHCP].options).get("message-type") in wanted

        for attempt in range(tries):
            answer = await self._exchange(request, is_answer, timeout_s * 2**attempt)
            if answer is not None:
                return answer[0]
        raise NoAnswer(f"{self.interface.name}: no DHCP server answers ({tries} {kind}s)")

    # -- ping

    async def ping(
        self,
        target: str,
        *,
        count: int = 3,
        interval_s: float = 1.0,
        timeout_s: float = 1.0,
        size: int = 56,
        on_reply: Callable[[PingReply], None] = lambda _reply: None,
    ) -> PingStatistics:
        """Send ICMP echo requests as ping(8) does; ``size`` bytes of data each."""
        statistics = PingStatistics(target)
        header = await self._header(target)
        identifier = self._random.getrandbits(16)
        data = bytes(n & 0xFF for n in range(size))
        for sequence in range(count):
            if sequence:
                await trio.sleep(interval_s)
            statistics.transmitted += 1
            reply = await self._ping(header, identifier, sequence, data, timeout_s)
            if reply is not None:
                statistics.replies.append(reply)
                on_reply(reply)
        return statistics

    async def _ping(
        self, header: Packet, identifier: int, sequence: int, data: bytes, timeout_s: float
    ) -> PingReply | None:
        request = header / ICMP(type=8, id=identifier, seq=sequence) / Raw(data)

        def is_reply(packet: Packet) -> bool:
            if ICMP not in packet or packet[IP].dst != self.ipv4:
                return False
            icmp = packet[ICMP]
            return bool(icmp.type == 0 and icmp.id == identifier and icmp.seq == sequence)

        answer = await self._exchange(request, is_reply, timeout_s)
        if answer is None:
            return None
        ip = answer[0][IP]
        if payload_of(answer[0], ICMP) != data:
            return None
        return PingReply(len(data) + 8, ip.src, sequence, ip.ttl, answer[1])

    # -- UDP echo (RFC 862)

    async def udp_echo(
        self, target: str, data: bytes, *, port: int = ECHO_PORT, timeout_s: float = 1.0
    ) -> bytes:
        """Send a datagram to an echo service and return what came back; raises ``NoAnswer``."""
        header = await self._header(target)
        source = 49152 + self._random.getrandbits(14)

        def is_answer(packet: Packet) -> bool:
            if UDP not in packet or packet[IP].src != target:
                return False
            return bool(packet[UDP].sport == port and packet[UDP].dport == source)

        request = header / UDP(sport=source, dport=port) / Raw(data)
        answer = await self._exchange(request, is_answer, timeout_s)
        if answer is None:
            raise NoAnswer(f"{self.interface.name}: {target} port {port} does not echo")
        return payload_of(answer[0], UDP)
