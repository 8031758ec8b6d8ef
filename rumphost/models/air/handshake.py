"""The four-way handshake of WPA2, both ends of it (802.11-2016, 12.7.6).

``Authenticator`` is an access point's, one for each station. ``Supplicant`` is a station's; the
access points do not need it, but whoever joins a network through a driver does. Neither knows
time or frames around the EAPOL frame: the caller sends what they return.
"""

from __future__ import annotations

import hashlib

from . import eapol
from .eapol import KeyFrame, PairwiseKeys


def nonce(*parts: bytes) -> bytes:
    """Return 32 bytes that differ where ``parts`` do: no randomness, so that runs repeat."""
    return hashlib.sha256(b"\0".join(parts)).digest()


class Authenticator:
    """``keys`` exist from message 2 on, ``done`` is true after message 4, ``failed`` says why."""

    def __init__(
        self,
        master: bytes,
        address: bytes,
        station: bytes,
        *,
        group_key: bytes,
        group_number: int = 1,
        rsn: bytes = eapol.RSN_CCMP_PSK,
        session: int = 0,
    ) -> None:
        self._master = master
        self._address = address
        self._station = station
        self._group = eapol.group_key_element(group_number, group_key)
        self._rsn = bytes([48, len(rsn)]) + rsn
        self._nonce = nonce(address, station, session.to_bytes(4, "big"))
        self._replay = 0
        self.keys: PairwiseKeys | None = None
        self.done = False
        self.failed = ""
        self._station_nonce = b""

    def start(self) -> bytes:
        """Return message 1; again if it or message 3 has to be repeated."""
        self._replay += 1
        if self.keys is not None:
            return self._third()
        info = eapol.PAIRWISE | eapol.ACK
        return KeyFrame(info, self._replay, self._nonce, key_size=16).build()

    def receive(self, frame: bytes) -> bytes | None:
        """Take the station's frame; return the answer to it, if there is one."""
        key = KeyFrame.parse(frame)
        if key is None or key.replay != self._replay or not key.info & eapol.MIC:
            return None
        if key.info & eapol.SECURE:
            self._fourth(key, frame)
            return None
        return self._second(key, frame)

    def _second(self, key: KeyFrame, frame: bytes) -> bytes | None:
        keys = PairwiseKeys.derive(
            self._master, self._address, self._station, self._nonce, key.nonce
        )
        if not key.verify(frame, keys.confirmation):
            self.failed = "wrong passphrase: the integrity code of message 2 is wrong"
            return None
        if key.data[:2] != self._rsn[:2] or key.data[2:8] != self._rsn[2:8]:
            self.failed = "the RSN element of message 2 is not the one of the association"
            return None
        self.keys, self.failed = keys, ""
        self._replay += 1
        return self._third()

    def _third(self) -> bytes:
        assert self.keys is not None
        info = (
            eapol.PAIRWISE | eapol.INSTALL | eapol.ACK | eapol.MIC | eapol.SECURE | eapol.ENCRYPTED
        )
        data = eapol.wrap(self.keys.encryption, self._rsn + self._group)
        frame = KeyFrame(info, self._replay, self._nonce, data, key_size=16)
        return frame.build(self.keys.confirmation)

    def _fourth(self, key: KeyFrame, frame: bytes) -> None:
        if self.keys is not None and key.verify(frame, self.keys.confirmation):
            self.done = True


class Supplicant:
    """A station's end. ``keys`` and ``group_key`` (number, key) are there once ``done`` is true."""

    def __init__(
        self,
        passphrase: str,
        ssid: bytes,
        address: bytes,
        access_point: bytes,
        *,
        rsn: bytes = eapol.RSN_CCMP_PSK,
        session: int = 0,
    ) -> None:
        self._master = eapol.pairwise_master_key(passphrase, ssid)
        self._address = address
        self._access_point = access_point
        self._rsn = bytes([48, len(rsn)]) + rsn
        self._nonce = nonce(b"station", address, session.to_bytes(4, "big"))
        self.keys: PairwiseKeys | None = None
        self.group_key: tuple[int, bytes] | None = None
        self.done = False
        self.failed = ""

    def receive(self, frame: bytes) -> bytes | None:
        """Take an EAPOL frame of the access point; return the answer to it, if there is one."""
        key = KeyFrame.parse(frame)
        if key is None or not key.info & eapol.ACK:
            return None
        if not key.info & eapol.MIC:
            return self._first(key)
        if self.keys is None or not key.verify(frame, self.keys.confirmation):
            self.failed = "the integrity code of the access point's frame is wrong"
            return None
        return self._third(key)

    def _first(self, key: KeyFrame) -> bytes:
        self.keys = PairwiseKeys.derive(
            self._master, self._access_point, self._address, key.nonce, self._nonce
        )
        answer = KeyFrame(eapol.PAIRWISE | eapol.MIC, key.replay, self._nonce, self._rsn)
        return answer.build(self.keys.confirmation)

    def _third(self, key: KeyFrame) -> bytes | None:
        assert self.keys is not None
        data = eapol.unwrap(self.keys.encryption, key.data)
        group = None if data is None else eapol.find_group_key(data)
        if group is None:
            self.failed = "no group key in the access point's frame"
            return None
        self.group_key = group
        self.done = True
        pairwise = key.info & eapol.PAIRWISE
        answer = KeyFrame(pairwise | eapol.MIC | eapol.SECURE, key.replay)
        return answer.build(self.keys.confirmation)
