"""A wireless interface whose driver is scripted: it answers ieee80211's requests from Python.

Its networks are ``FakeNetwork``; with a passphrase, one plays the access point's end of the
handshake. Time is trio's.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import trio
from fake_wire import FakeIfnet, TrioTime

from rumphost.classes import ieee80211 as i
from rumphost.classes.ifnet import Interface, LinkState
from rumphost.kernel.ifnet import Command, Ifnet, Member
from rumphost.models.air import Authenticator
from rumphost.models.air.eapol import RSN_CCMP_PSK, pairwise_master_key

EINVAL, ENOTTY = 22, 25
SCAN_S, JOIN_S = 2.0, 0.01
GROUP_KEY = bytes(range(16))
EAPOL = b"\x88\x8e"
RSN = bytes([48, len(RSN_CCMP_PSK)]) + RSN_CCMP_PSK


class FakeMemory:
    """Memory of the kernel; what is not given back is ``held``."""

    def __init__(self) -> None:
        self.held: dict[int, bytearray] = {}
        self._next = 0x10000

    def allocate(self, size: int) -> int:
        address = self._next
        self._next += 0x1_0000
        self.held[address] = bytearray(size)
        return address

    def release(self, address: int) -> None:
        del self.held[address]

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.held[address][:size])

    def write(self, address: int, data: bytes) -> None:
        self.held[address][: len(data)] = data


@dataclass
class FakeNetwork:
    """One access point; ``silent`` answers no association."""

    ssid: str
    bssid: bytes
    frequency: int = 2412
    rssi: int = 50
    passphrase: str | None = None
    elements: bytes = b""
    capabilities: int = 0x01
    hidden: bool = False
    silent: bool = False
    authenticator: Authenticator | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.passphrase is not None:
            self.elements, self.capabilities = RSN, 0x11

    def result(self, *, named: bool) -> bytes:
        """Return its scan result."""
        ssid = self.ssid.encode() if named or not self.hidden else b""
        rates = bytes([0x82, 0x84, 0x0B, 0x16, 0x6C])
        size = i.SCAN_RESULT.size + len(ssid) + len(self.elements)
        size += -size % 4
        head = i.SCAN_RESULT.pack(
            size, self.frequency, 0, 0, self.rssi, 100, self.capabilities, 0, self.bssid,
            len(rates), rates, len(ssid), len(self.elements),
        )  # fmt: skip
        return (head + ssid + self.elements).ljust(size, b"\0")


class FakeStation(FakeIfnet):
    """The driver. ``settings`` are what was set; ``keys`` what it was given, in order.

    ``tells``: it says when a scan has ended. ``scans`` counts them.
    """

    def __init__(self, *networks: FakeNetwork) -> None:
        super().__init__()
        self.members = {Member.FLAGS: 0, Member.MTU: 1500}
        self.networks = list(networks)
        self.on_event: list[Callable[[int, bytes], None]] = []
        self.settings: dict[i.Ioc, Any] = {}
        self.keys: list[tuple[bytes, bytes, int]] = []
        self.tells = True
        self.scans = 0
        self.nwid = b""
        self.joined: FakeNetwork | None = None
        self.left: list[int] = []
        self.nursery: trio.Nursery | None = None
        self.memory = FakeMemory()
        self.refuses: set[i.Ioc] = set()
        self._known: list[bytes] = []

    def interface(self) -> Interface:
        """Return the interface over this driver."""
        clock = TrioTime()
        kernel: Any = SimpleNamespace(clock=clock, random=random.Random(1), memory=self.memory)
        fake: Any = self
        return Interface(kernel, fake, self._call)

    # What the driver is asked

    async def _call(self, _ifnet: Ifnet, entry: str, args: Sequence[int]) -> int:
        await trio.lowlevel.checkpoint()
        if entry == "rumphost_ifnet_request":
            return self._request(args[1], args[2])
        command, on, off = args[1:4]
        if command == Command.SET_FLAGS:
            was = self.members[Member.FLAGS]
            self.members[Member.FLAGS] = now = (was | on) & ~off
            if now & 1 and not was & 1:
                self._start(self._scan)
            elif was & 1 and not now & 1:
                self._lose()
        elif command == Command.GET_MEDIA:
            words = struct.pack("<IIIIiI", 0x80, 0, 3, 0x3_0091, 1, 0x80)
            self.memory.write(args[2], words)
        return 0

    def _request(self, command: int, address: int) -> int:
        memory = self.memory
        if command in (i.SIOCS80211, i.SIOCG80211):
            request = memory.read(address, i.IEEE80211REQ.size)
            name, kind, value, size, data = i.IEEE80211REQ.unpack(request)
            assert name.rstrip(b"\0") == b"fake0"
            if command == i.SIOCS80211:
                return self._set(i.Ioc(kind), value, memory.read(data, size))
            answer = b"".join(self._known) if kind == i.Ioc.SCAN_RESULTS else b""
            memory.write(data, answer)
            memory.write(address, i.IEEE80211REQ.pack(name, kind, value, len(answer), data))
        elif command == i.SIOCS80211NWID:
            size, ssid = i.NWID.unpack(memory.read(self._pointer(address), i.NWID.size))
            self.nwid = ssid[:size]
        elif command == i.SIOCG80211NWID:
            ssid = self.joined.ssid.encode() if self.joined else self.nwid
            memory.write(self._pointer(address), i.NWID.pack(len(ssid), ssid))
        elif command == i.SIOCG80211BSSID:
            bssid = self.joined.bssid if self.joined else bytes(6)
            memory.write(address, i.BSSID.pack(b"fake0", bssid))
        elif command == i.SIOCG80211CHANNEL:
            channel = i.channel_of(self.joined.frequency) if self.joined else 0xFFFF
            memory.write(address, i.CHANREQ.pack(b"fake0", channel))
        else:
            return ENOTTY
        return 0

    def _pointer(self, address: int) -> int:
        head = self.memory.read(address, i.IFREQ_DATA.size)
        return int(i.IFREQ_DATA.unpack(head)[1])

    def _set(self, kind: i.Ioc, value: int, data: bytes) -> int:
        if kind in self.refuses:
            return EINVAL
        if kind is i.Ioc.SCAN_REQ:
            self._lose()
            self._start(self._scan)
        elif kind is i.Ioc.MLME:
            what, _size, reason, bssid, _ssid = i.MLME.unpack(data)
            if what != i.Mlme.ASSOC:
                self.left.append(reason)
                self._lose()
                return 0
            found = next((one for one in self.networks if one.bssid == bssid), None)
            if found is None:
                return EINVAL
            self._start(self._join, found)
        elif kind is i.Ioc.WPAKEY:
            cipher, number, size, _flags, address, _rsc, _tsc, key = i.KEY.unpack(data)
            assert cipher == i.CIPHER_AES_CCM
            self.keys.append((key[:size], address, number))
        else:
            self.settings[kind] = data or value
        return 0

    # What it does

    def _start(self, task: Callable[..., Any], *args: Any) -> None:
        assert self.nursery is not None
        self.nursery.start_soon(task, *args)

    async def _scan(self) -> None:
        self.scans += 1
        await trio.sleep(SCAN_S)
        self._known = [
            one.result(named=self.nwid == one.ssid.encode()) for one in self.networks
        ]  # fmt: skip
        if self.tells:
            self.tell(i.Event.SCAN)

    async def _join(self, network: FakeNetwork) -> None:
        await trio.sleep(JOIN_S)
        if network.silent:
            return
        self.joined = network
        self.tell(i.Event.ASSOC)
        for call in tuple(self.on_link):
            call(LinkState.UP)
        if network.passphrase is not None:
            master = pairwise_master_key(network.passphrase, network.ssid.encode())
            network.authenticator = Authenticator(
                master, network.bssid, self.address, group_key=GROUP_KEY
            )
            self._eapol(network, network.authenticator.start())

    def _eapol(self, network: FakeNetwork, payload: bytes) -> None:
        self.deliver(self.address + network.bssid + EAPOL + payload)

    def send(self, frames: Sequence[bytes]) -> int:
        """A frame goes out: the access point answers what is part of the handshake."""
        self.members[Member.OPACKETS] = self.members.get(Member.OPACKETS, 0) + len(frames)
        for frame in frames:
            network = self.joined
            if network is None or network.authenticator is None or frame[12:14] != EAPOL:
                continue
            answer = network.authenticator.receive(frame[14:])
            if network.authenticator.failed:
                self._lose()
            elif answer is not None:
                self._eapol(network, answer)
        return super().send(frames)

    def lose(self) -> None:
        """The network goes away."""
        self._lose()

    def _lose(self) -> None:
        if self.joined is not None:
            self.joined = None
            self.tell(i.Event.DISASSOC)
            for call in tuple(self.on_link):
                call(LinkState.DOWN)

    def tell(self, event: i.Event) -> None:
        """Send a RTM_IEEE80211 message."""
        for call in tuple(self.on_event):
            call(event, b"")
