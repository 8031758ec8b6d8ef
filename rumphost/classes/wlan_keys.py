"""The keys of a WPA2 network: a station's end of the handshake, between ``wlan.py`` and a driver.

The access point's EAPOL frames come in as Ethernet frames, the answers go out as such, and the
keys go to the driver by IEEE80211_IOC_WPAKEY, as wpa_supplicant(8) does it.
"""

from __future__ import annotations

import trio

from rumphost.models.air import Supplicant

from .ieee80211 import Requests
from .ifnet import Interface

EAPOL_TYPE = b"\x88\x8e"
BROADCAST = b"\xff" * 6
_SENT_LIMIT_S = 0.1
_SENT_STEP_S = 0.001


class KeyExchange:
    """With one access point. ``answered``: it has begun; ``done``: the driver has all keys.

    ``failed`` says what went wrong. ``rekeyed`` counts the group's new keys after the first.
    """

    def __init__(
        self,
        interface: Interface,
        requests: Requests,
        passphrase: str,
        ssid: bytes,
        bssid: bytes,
        *,
        session: int,
    ) -> None:
        self.bssid = bssid
        self.answered = False
        self.done = False
        self.rekeyed = 0
        self._interface = interface
        self._requests = requests
        self._own = interface.ifnet.address
        self._supplicant = Supplicant(passphrase, ssid, self._own, bssid, session=session)
        self._group: tuple[int, bytes] | None = None
        self._failed = ""

    @property
    def failed(self) -> str:
        return self._failed or self._supplicant.failed

    @failed.setter
    def failed(self, why: str) -> None:
        self._failed = why

    async def answer(self, eapol: bytes) -> None:
        """Take one frame of the access point; answer it, and install what keys it brings."""
        supplicant = self._supplicant
        answer = supplicant.receive(eapol)
        if answer is None:
            return
        before = self._interface.counters
        self.answered = True
        await self._interface.send(self.bssid + self._own + EAPOL_TYPE + answer)
        if supplicant.done and supplicant.group_key != self._group:
            # The last answer has to leave before the key that it would be encrypted with.
            with trio.move_on_after(_SENT_LIMIT_S):
                while self._interface.counters.opackets == before.opackets:
                    await trio.sleep(_SENT_STEP_S)
            await self._install()

    async def _install(self) -> None:
        supplicant = self._supplicant
        assert supplicant.keys is not None
        assert supplicant.group_key is not None
        if not self.done:
            await self._requests.set_key(supplicant.keys.temporal, self.bssid)
        else:
            self.rekeyed += 1
        self._group = supplicant.group_key
        number, key = self._group
        await self._requests.set_key(key, BROADCAST, group=number)
        self.done = True
