"""What ifconfig(8) and wpa_supplicant(8) say to a wireless interface: ieee80211(9)'s requests.

Used by ``wlan.py``. Structures are described as data, with the names of ``ieee80211_ioctl.h``; the
layout is that of 64-bit little-endian machines.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from .ifnet import Interface

NAME_SIZE = 16
SSID_SIZE = 32
RESULTS_SIZE = 24 * 1024

IEEE80211REQ = struct.Struct("<16sHhHxxQ")
"""i_name, i_type, i_val, i_len, i_data."""
IFREQ_DATA = struct.Struct("<16sQ")
"""ifr_name, ifr_data."""
IFREQ_SIZE = 144
NWID = struct.Struct("<B32s")
"""i_len, i_nwid."""
BSSID = struct.Struct("<16s6s")
"""i_name, i_bssid."""
CHANREQ = struct.Struct("<16sH")
"""i_name, i_channel."""
KEY = struct.Struct("<BxHBB6s4xQQ32s")
"""ik_type, ik_keyix, ik_keylen, ik_flags, ik_macaddr, ik_keyrsc, ik_keytsc, ik_keydata."""
MLME = struct.Struct("<BBH6s32s")
"""im_op, im_ssid_len, im_reason, im_macaddr, im_ssid."""
SCAN_RESULT = struct.Struct("<HHHBBBBB6sB15sBB5x")
"""isr_len, _freq, _flags, _noise, _rssi, _intval, _capinfo, _erp, _bssid, _nrates, _rates,
_ssid_len, _ie_len; the SSID and the elements follow."""

KEYIX_NONE = 0xFFFF
KEY_XMIT, KEY_RECV, KEY_GROUP = 0x01, 0x02, 0x04
CIPHER_AES_CCM = 3
CAPINFO_PRIVACY = 0x10


class Ioc(enum.IntEnum):
    """IEEE80211_IOC_*: what SIOCS80211 and SIOCG80211 are about."""

    ROAMING = 16
    PRIVACY = 17
    DROPUNENCRYPTED = 18
    WPAKEY = 19
    MLME = 21
    OPTIE = 22
    SCAN_REQ = 23
    SCAN_RESULTS = 24
    WPA = 26


class Mlme(enum.IntEnum):
    """IEEE80211_MLME_*."""

    ASSOC = 1
    DISASSOC = 2
    DEAUTH = 3


class Roaming(enum.IntEnum):
    """IEEE80211_ROAMING_*: who chooses the network."""

    DEVICE = 0
    AUTO = 1
    MANUAL = 2


class Event(enum.IntEnum):
    """RTM_IEEE80211_*, as far as a station meets them."""

    ASSOC = 100
    REASSOC = 101
    DISASSOC = 102
    SCAN = 105
    REPLAY = 106
    MICHAEL = 107


def _iow(number: int, size: int) -> int:
    return 0x8000_0000 | size << 16 | ord("i") << 8 | number


def _iowr(number: int, size: int) -> int:
    return 0x4000_0000 | _iow(number, size)


SIOCS80211NWID = _iowr(230, IFREQ_SIZE)
SIOCG80211NWID = _iowr(231, IFREQ_SIZE)
SIOCG80211CHANNEL = _iowr(239, CHANREQ.size)
SIOCG80211BSSID = _iowr(241, BSSID.size)
SIOCS80211 = _iow(244, IEEE80211REQ.size)
SIOCG80211 = _iowr(245, IEEE80211REQ.size)


class Requests:
    """Requests to one interface; each raises ``IoctlError`` when the driver refuses it."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        self._memory = interface.kernel.memory
        self._name = interface.name.encode()

    @contextmanager
    def _buffer(self, data: bytes) -> Iterator[int]:
        address = self._memory.allocate(max(len(data), 1))
        try:
            self._memory.write(address, data)
            yield address
        finally:
            self._memory.release(address)

    async def get(self, kind: Ioc, size: int) -> bytes:
        """Return what SIOCG80211 gives for ``kind``, at most ``size`` bytes."""
        with self._buffer(bytes(size)) as address:
            head = IEEE80211REQ.pack(self._name, kind, 0, size, address)
            answer = await self._interface.request(kind.name, SIOCG80211, head)
            return self._memory.read(address, IEEE80211REQ.unpack(answer)[3])

    async def set(self, kind: Ioc, data: bytes = b"", *, value: int = 0) -> None:
        """Make SIOCS80211 of ``kind``."""
        with self._buffer(data) as address:
            head = IEEE80211REQ.pack(self._name, kind, value, len(data), address)
            await self._interface.request(kind.name, SIOCS80211, head)

    async def set_ssid(self, ssid: bytes) -> None:
        """Choose the network to look for; empty for any."""
        with self._buffer(NWID.pack(len(ssid), ssid)) as address:
            head = IFREQ_DATA.pack(self._name, address).ljust(IFREQ_SIZE, b"\0")
            await self._interface.request(f"SSID {ssid!r}", SIOCS80211NWID, head)

    async def ssid(self) -> bytes:
        """Return the SSID that the interface is with, or looks for."""
        with self._buffer(bytes(NWID.size)) as address:
            head = IFREQ_DATA.pack(self._name, address).ljust(IFREQ_SIZE, b"\0")
            await self._interface.request("SSID", SIOCG80211NWID, head)
            size, ssid = NWID.unpack(self._memory.read(address, NWID.size))
            return bytes(ssid[:size])

    async def bssid(self) -> bytes:
        """Return the access point's address; all zero while there is none."""
        answer = await self._interface.request(
            "BSSID", SIOCG80211BSSID, BSSID.pack(self._name, b"")
        )
        return bytes(BSSID.unpack(answer)[1])

    async def channel(self) -> int:
        """Return the channel that the interface is on."""
        data = CHANREQ.pack(self._name, 0)
        answer = await self._interface.request("channel", SIOCG80211CHANNEL, data)
        return int(CHANREQ.unpack(answer)[1])

    async def mlme(self, what: Mlme, bssid: bytes, ssid: bytes = b"", *, reason: int = 0) -> None:
        """Associate with an access point that was found, or leave it."""
        await self.set(Ioc.MLME, MLME.pack(what, len(ssid), reason, bssid, ssid))

    async def set_key(self, key: bytes, address: bytes, *, group: int | None = None) -> None:
        """Install a CCMP key: the pairwise one, or the one with the number ``group``."""
        number = KEYIX_NONE if group is None else group
        flags = KEY_XMIT | KEY_RECV if group is None else KEY_RECV | KEY_GROUP
        body = KEY.pack(CIPHER_AES_CCM, number, len(key), flags, address, 0, 0, key)
        await self.set(Ioc.WPAKEY, body)


def channel_of(frequency: int) -> int:
    """Return the number of the channel on ``frequency`` (MHz)."""
    if frequency == 2484:
        return 14
    return (frequency - 2407) // 5 if frequency < 2484 else (frequency - 5000) // 5
