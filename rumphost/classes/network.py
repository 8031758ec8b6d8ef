"""A small network in the process, at the far end of a device's wire.

It has one host, the gateway, which answers ARP, gives out addresses by DHCP, echoes ICMP and UDP
(port 7). It plugs into ``model.wire`` or anything with the same two names (``FramePort``)::

    network = Network(events=machine.events)
    network.plug(model.wire)

Used for machines without a network of their own; what it does is decided by frames and the
machine's time only, so runs repeat.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any, Protocol

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from rumphost.machine import EventQueue

BROADCAST = "ff:ff:ff:ff:ff:ff"
ECHO_PORT = 7
_DISCOVER, _OFFER, _REQUEST, _ACK, _NAK, _RELEASE = 1, 2, 3, 5, 6, 7
_ARP_REQUEST, _ARP_REPLY = 1, 2
_ECHO_REQUEST, _ECHO_REPLY = 8, 0


class FramePort(Protocol):
    """The outer end of a wire."""

    on_frame: Callable[[bytes], Any] | None

    def deliver(self, frame: bytes) -> Any:
        """Give a frame to the device."""


class Network:
    """The gateway of ``subnet`` and its services; ``latency_ns`` is how long it thinks.

    ``leases`` maps link-level addresses to the IPv4 addresses given to them. ``frames`` counts what
    came in, ``replies`` what went out. ``loss`` is called with each frame that arrives and tells
    whether to lose it.
    """

    def __init__(
        self,
        *,
        events: EventQueue | None = None,
        subnet: str = "10.0.2.0/24",
        address: str = "52:55:0a:00:02:02",
        latency_ns: int = 0,
        lease_s: int = 86400,
    ) -> None:
        self.subnet = ipaddress.IPv4Network(subnet)
        self.address = address
        self.gateway = str(self.subnet[2])
        self.latency_ns = latency_ns
        self.lease_s = lease_s
        self.leases: dict[str, str] = {}
        self.frames = self.replies = 0
        self.loss: Callable[[bytes], bool] = lambda _frame: False
        self._events = events
        self._port: FramePort | None = None
        self._next = 15

    def plug(self, port: FramePort) -> None:
        """Take the outer end of a wire."""
        self._port = port
        port.on_frame = self.receive

    def unplug(self) -> None:
        """Leave the wire."""
        if self._port is not None:
            self._port.on_frame = None
            self._port = None

    def receive(self, frame: bytes) -> None:
        """Take a frame that the device sent."""
        self.frames += 1
        if self.loss(frame):
            return
        packet = Ether(frame)
        if packet.dst not in (self.address, BROADCAST):
            return
        reply = self._answer(packet)
        if reply is not None:
            self._send(bytes(reply))

    def send(self, frame: bytes) -> None:
        """Put a frame on the wire towards the device, after the latency."""
        self._send(frame)

    def _send(self, frame: bytes) -> None:
        self.replies += 1
        if self.latency_ns and self._events is not None:
            self._events.after(self.latency_ns, lambda: self._deliver(frame))
        else:
            self._deliver(frame)

    def _deliver(self, frame: bytes) -> None:
        if self._port is not None:
            self._port.deliver(frame.ljust(60, b"\0"))

    # -- who answers what

    def _answer(self, packet: Packet) -> Packet | None:
        if ARP in packet:
            return self._answer_arp(packet)
        if IP not in packet:
            return None
        if BOOTP in packet and DHCP in packet:
            return self._answer_dhcp(packet)
        if packet[IP].dst != self.gateway:
            return None
        if ICMP in packet and packet[ICMP].type == _ECHO_REQUEST:
            return self._reply(packet) / ICMP(
                type=_ECHO_REPLY, id=packet[ICMP].id, seq=packet[ICMP].seq
            ) / Raw(payload_of(packet, ICMP))  # fmt: skip
        if UDP in packet and packet[UDP].dport == ECHO_PORT:
            return self._reply(packet) / UDP(
                sport=ECHO_PORT, dport=packet[UDP].sport
            ) / Raw(payload_of(packet, UDP))  # fmt: skip
        return None

    def _reply(self, packet: Packet) -> Packet:
        return Ether(src=self.address, dst=packet.src) / IP(
            src=self.gateway, dst=packet[IP].src, ttl=64
        )

    def _answer_arp(self, packet: Packet) -> Packet | None:
        arp = packet[ARP]
        if arp.op != _ARP_REQUEST or arp.pdst != self.gateway:
            return None
        return Ether(src=self.address, dst=packet.src) / ARP(
            op=_ARP_REPLY, hwsrc=self.address, psrc=self.gateway, hwdst=arp.hwsrc, pdst=arp.psrc
        )

    # -- DHCP (RFC 2131)

    def _answer_dhcp(self, packet: Packet) -> Packet | None:
        options = dict_of(packet[DHCP].options)
        kind = options.get("message-type")
        client = packet.src
        if kind == _DISCOVER:
            return self._dhcp(packet, _OFFER, self._lease(client))
        if kind == _REQUEST:
            wanted = options.get("requested_addr") or packet[BOOTP].ciaddr
            granted = self._lease(client)
            if wanted != granted:
                return self._dhcp(packet, _NAK, "0.0.0.0")
            return self._dhcp(packet, _ACK, granted)
        if kind == _RELEASE:
            self.leases.pop(client, None)
        return None

    def _lease(self, client: str) -> str:
        if client not in self.leases:
            self.leases[client] = str(self.subnet[self._next])
            self._next += 1
        return self.leases[client]

    def _dhcp(self, packet: Packet, kind: int, address: str) -> Packet:
        bootp = packet[BOOTP]
        options: list[Any] = [("message-type", kind), ("server_id", self.gateway)]
        if kind != _NAK:
            options += [
                ("lease_time", self.lease_s),
                ("subnet_mask", str(self.subnet.netmask)),
                ("router", self.gateway),
                ("name_server", self.gateway),
            ]
        return (
            Ether(src=self.address, dst=BROADCAST)
            / IP(src=self.gateway, dst="255.255.255.255")
            / UDP(sport=67, dport=68)
            / BOOTP(op=2, xid=bootp.xid, flags=bootp.flags, yiaddr=address,
                    siaddr=self.gateway, chaddr=bootp.chaddr)
            / DHCP(options=[*options, "end"])
        )  # fmt: skip


def payload_of(packet: Packet, layer: type[Packet]) -> bytes:
    """Return what follows the 8 bytes of an ICMP or UDP header, without a short frame's padding."""
    ip = packet[IP]
    return bytes(packet[layer])[8 : ip.len - 4 * ip.ihl]


def dict_of(options: list[Any]) -> dict[str, Any]:
    """Return DHCP options as scapy gives them by name, the first value of each."""
    return {option[0]: option[1] for option in options if isinstance(option, tuple)}
