"""EAPOL-Key frames and the keys of WPA2 with a pre-shared key (802.11-2016, 12.7).

Used by access points (``handshake.py``) and by whoever plays a station's supplicant. Descriptor
version 2: HMAC-SHA1-128 for the integrity code, AES key wrap for key data.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

EAPOL_VERSION = 2
EAPOL_KEY = 3
DESCRIPTOR_RSN = 2
VERSION_AES = 2

PAIRWISE, INSTALL, ACK, MIC = 1 << 3, 1 << 6, 1 << 7, 1 << 8
SECURE, ERROR, REQUEST, ENCRYPTED = 1 << 9, 1 << 10, 1 << 11, 1 << 12

RSN_CCMP_PSK = bytes.fromhex("0100000fac040100000fac040100000fac020000")
"""The contents of the RSN element of WPA2-PSK: group and pairwise CCMP, PSK, no capabilities."""
GTK_KDE = bytes.fromhex("000fac01")
_BODY = struct.Struct(">BHHQ32s16s8s8s16sH")


def pairwise_master_key(passphrase: str | bytes, ssid: bytes) -> bytes:
    """Return the 32-byte key of a passphrase (8 to 63 characters), or of 64 hexadecimal digits."""
    text = passphrase.encode() if isinstance(passphrase, str) else passphrase
    if len(text) == 64:
        return bytes.fromhex(text.decode())
    return hashlib.pbkdf2_hmac("sha1", text, ssid, 4096, 32)


def prf(key: bytes, label: bytes, data: bytes, size: int) -> bytes:
    """Return ``size`` pseudo-random bytes (12.7.1.2)."""
    result = b""
    counter = 0
    while len(result) < size:
        result += hmac.digest(key, label + b"\0" + data + bytes([counter]), "sha1")
        counter += 1
    return result[:size]


@dataclass(frozen=True)
class PairwiseKeys:
    """What a four-way handshake agrees on."""

    confirmation: bytes
    encryption: bytes
    temporal: bytes

    @classmethod
    def derive(
        cls, master: bytes, authenticator: bytes, supplicant: bytes, nonce_a: bytes, nonce_s: bytes
    ) -> PairwiseKeys:
        """Return the keys of two addresses and their nonces."""
        data = b"".join(sorted((authenticator, supplicant)) + sorted((nonce_a, nonce_s)))
        key = prf(master, b"Pairwise key expansion", data, 48)
        return cls(key[:16], key[16:32], key[32:])


@dataclass
class KeyFrame:
    """An EAPOL-Key frame without its Ethernet or SNAP header."""

    info: int
    replay: int
    nonce: bytes = bytes(32)
    data: bytes = b""
    key_size: int = 0
    receive_counter: bytes = bytes(8)
    mic: bytes = bytes(16)

    @classmethod
    def parse(cls, frame: bytes) -> KeyFrame | None:
        """Read a frame; None if it is no RSN key frame."""
        if len(frame) < 4 + _BODY.size or frame[1] != EAPOL_KEY:
            return None
        kind, info, size, replay, nonce, _iv, counter, _id, mic, length = _BODY.unpack_from(
            frame, 4
        )
        data = frame[4 + _BODY.size : 4 + _BODY.size + length]
        if kind != DESCRIPTOR_RSN or len(data) != length:
            return None
        return cls(info, replay, nonce, data, size, counter, mic)

    def build(self, confirmation: bytes | None = None) -> bytes:
        """Return the frame; with a confirmation key its integrity code is filled in."""
        body = self._body(bytes(16) if confirmation else self.mic)
        frame = struct.pack(">BBH", EAPOL_VERSION, EAPOL_KEY, len(body)) + body
        if confirmation is None:
            return frame
        self.mic = _integrity(confirmation, frame)
        return frame[:81] + self.mic + frame[97:]

    def verify(self, frame: bytes, confirmation: bytes) -> bool:
        """Return whether the integrity code of ``frame``, as it arrived, is right."""
        size = 4 + int.from_bytes(frame[2:4], "big")
        plain = frame[:81] + bytes(16) + frame[97:size]
        return hmac.compare_digest(_integrity(confirmation, plain), self.mic)

    def _body(self, mic: bytes) -> bytes:
        return (
            _BODY.pack(
                DESCRIPTOR_RSN, self.info | VERSION_AES, self.key_size, self.replay, self.nonce,
                bytes(16), self.receive_counter, bytes(8), mic, len(self.data),
            )
            + self.data
        )  # fmt: skip


def _integrity(key: bytes, frame: bytes) -> bytes:
    return hmac.digest(key, frame, "sha1")[:16]


def wrap(key: bytes, data: bytes) -> bytes:
    """Return key data encrypted, padded as the standard says."""
    if len(data) < 16 or len(data) % 8:
        data += b"\xdd" + bytes(max(16 - len(data), -len(data) % 8 or 8) - 1)
        data += bytes(-len(data) % 8)
    return aes_key_wrap(key, data)


def unwrap(key: bytes, data: bytes) -> bytes | None:
    """Return key data in the clear; None if the key is wrong."""
    try:
        return aes_key_unwrap(key, data)
    except (InvalidUnwrap, ValueError):
        return None


def group_key_element(number: int, key: bytes) -> bytes:
    """Return the GTK as it stands among key data."""
    body = GTK_KDE + bytes([number, 0]) + key
    return bytes([0xDD, len(body)]) + body


def find_group_key(data: bytes) -> tuple[int, bytes] | None:
    """Return the number and contents of the GTK among key data."""
    at = 0
    while at + 2 <= len(data):
        kind, size = data[at], data[at + 1]
        body = data[at + 2 : at + 2 + size]
        if kind == 0xDD and body[:4] == GTK_KDE:
            return body[4] & 3, body[6:]
        at += 2 + size
    return None
