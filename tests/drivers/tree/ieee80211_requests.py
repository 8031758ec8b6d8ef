"""What ifconfig(8) asks of a wireless interface: SIOCS80211NWID, SIOCG80211 and their like."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rumphost.classes.ifnet import Interface
from rumphost.host import Host

REQUEST = struct.Struct("<16sHhHxxQ")
NAME_AND_POINTER = struct.Struct("<16sQ")
SCAN_RESULT = struct.Struct("<HHHBBBBB6sB15sBB5x")
IOC_PRIVACY, IOC_DROP_UNENCRYPTED, IOC_WPA_KEY = 17, 18, 19
IOC_MLME, IOC_OPTIONAL_ELEMENT, IOC_SCAN_RESULTS, IOC_WPA = 21, 22, 24, 26
KEY = struct.Struct("<BxHBB6s4xQQ32s")
CIPHER_CCM = 3
KEY_SEND, KEY_RECEIVE, KEY_GROUP = 1, 2, 4
NO_INDEX = 0xFFFF
MLME_ASSOCIATE = 1


def _command(letter_number: int, size: int, *, out: bool = True) -> int:
    return (0xC000_0000 if out else 0x8000_0000) | size << 16 | ord("i") << 8 | letter_number


SET_NWID = _command(230, 144)
SET_80211 = _command(244, REQUEST.size, out=False)
GET_80211 = _command(245, REQUEST.size)
GET_BSSID = _command(241, 22)


@dataclass(frozen=True)
class Network:
    """A network that the driver has found."""

    ssid: bytes
    bssid: bytes
    frequency: int
    rssi: int
    interval: int
    privacy: bool


class Wireless:
    """Requests to one interface."""

    def __init__(self, host: Host, interface: Interface) -> None:
        self._host = host
        self._memory = host.kernel.memory
        self._interface = interface

    async def request(self, command: int, data: bytes) -> tuple[int, bytes]:
        """Make a request; return the errno and what the structure holds then."""
        ifnet = self._interface.ifnet
        address = self._memory.allocate(len(data))
        try:
            self._memory.write(address, data)
            args = (ifnet.ifp, command, address)
            call = self._host._call_interface
            number = await call(ifnet, "rumphost_ifnet_request", args)
            return number & 0xFFFF_FFFF, self._memory.read(address, len(data))
        finally:
            self._memory.release(address)

    async def set_ssid(self, ssid: bytes) -> None:
        """Choose a network; empty for any."""
        body = bytes([len(ssid)]) + ssid.ljust(32, b"\0")
        address = self._memory.allocate(len(body))
        try:
            self._memory.write(address, body)
            head = NAME_AND_POINTER.pack(self._interface.name.encode(), address)
            error, _ = await self.request(SET_NWID, head.ljust(144, b"\0"))
        finally:
            self._memory.release(address)
        assert error == 0, error

    async def get(self, kind: int, size: int) -> bytes:
        """Return what SIOCG80211 gives for ``kind``."""
        address = self._memory.allocate(size)
        try:
            head = REQUEST.pack(self._interface.name.encode(), kind, 0, size, address)
            error, answer = await self.request(GET_80211, head)
            assert error == 0, error
            return self._memory.read(address, REQUEST.unpack(answer)[3])
        finally:
            self._memory.release(address)

    async def set(self, kind: int, data: bytes = b"", *, value: int = 0) -> int:
        """Make SIOCS80211 of ``kind``; return the errno."""
        address = self._memory.allocate(max(len(data), 1))
        try:
            self._memory.write(address, data)
            name = self._interface.name.encode()
            head = REQUEST.pack(name, kind, value, len(data), address)
            return (await self.request(SET_80211, head))[0]
        finally:
            self._memory.release(address)

    async def associate(self, bssid: bytes, ssid: bytes = b"") -> None:
        """Join a network that a scan has found, as wpa_supplicant(8) asks for it."""
        body = struct.pack("<BBH6s32s", MLME_ASSOCIATE, len(ssid), 0, bssid, ssid)
        error = await self.set(IOC_MLME, body)
        assert error == 0, error

    async def use_wpa2(self, rsn: bytes) -> None:
        """Set what wpa_supplicant(8) sets before it joins: ``rsn`` is the RSN element."""
        settings = ((IOC_WPA, 2), (IOC_PRIVACY, 1), (IOC_DROP_UNENCRYPTED, 1))
        for kind, value in settings:
            error = await self.set(kind, value=value)
            assert error == 0, (kind, error)
        error = await self.set(IOC_OPTIONAL_ELEMENT, rsn)
        assert error == 0, error

    async def set_key(self, key: bytes, address: bytes, *, group: int | None = None) -> None:
        """Install a CCMP key, pairwise or with the number of a group's."""
        number = NO_INDEX if group is None else group
        flags = KEY_SEND | KEY_RECEIVE if group is None else KEY_RECEIVE | KEY_GROUP
        body = KEY.pack(CIPHER_CCM, number, len(key), flags, address, 0, 0, key)
        error = await self.set(IOC_WPA_KEY, body)
        assert error == 0, error

    async def bssid(self) -> bytes:
        """Return the access point that the driver is with."""
        error, answer = await self.request(
            GET_BSSID, self._interface.name.encode().ljust(22, b"\0")
        )
        assert error == 0, error
        return answer[16:]

    async def networks(self) -> list[Network]:
        """Return the results of the last scan."""
        data = await self.get(IOC_SCAN_RESULTS, 24 * 1024)
        found = []
        at = 0
        while at + SCAN_RESULT.size <= len(data):
            one = SCAN_RESULT.unpack_from(data, at)
            start = at + SCAN_RESULT.size
            ssid = data[start : start + one[11]]
            found.append(Network(ssid, one[8], one[1], one[4], one[5], bool(one[6] & 0x10)))
            at += one[0]
        return found
