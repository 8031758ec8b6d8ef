"""CCMP: how IEEE 802.11 protects data frames with AES (802.11-2016, 12.5.3).

Used by access points and by device models whose hardware encrypts. A protected frame is the MAC
header, an 8-byte CCMP header with the packet number and key number, the ciphertext and an 8-byte
integrity code.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from .frames import PROTECTED, Header

HEADER = 8
MIC = 8
EXTENDED_IV = 0x20


class NotAuthentic(Exception):
    """A frame's integrity code is wrong, or it is no CCMP frame at all."""


class CcmpKey:
    """One key of 16 bytes; ``sent`` is the last packet number sent with it."""

    def __init__(self, key: bytes, *, number: int = 0) -> None:
        self.key = key
        self.number = number
        self.sent = 0
        self.received = 0
        self._aes = AESCCM(key, tag_length=MIC)

    def protect(self, frame: bytes) -> bytes:
        """Return a plain frame protected with the next packet number."""
        self.sent += 1
        pn = self.sent.to_bytes(6, "little")
        head = pn[:2] + bytes([0, EXTENDED_IV | self.number << 6]) + pn[2:]
        header = Header.parse(frame)
        start = frame[:1] + bytes([frame[1] | PROTECTED >> 8]) + frame[2 : header.size]
        return self.seal(start + head + frame[header.size :])

    def seal(self, frame: bytes) -> bytes:
        """Encrypt a frame that has its CCMP header already, as a driver gives it to hardware."""
        header = Header.parse(frame)
        start = header.size + HEADER
        nonce, aad = _nonce(header, frame), _additional(header, frame)
        return frame[:start] + self._aes.encrypt(nonce, frame[start:], aad)

    def open(self, frame: bytes) -> bytes:
        """Return the frame without protection; raises ``NotAuthentic``."""
        header = Header.parse(frame)
        return (
            frame[:1]
            + bytes([frame[1] & ~(PROTECTED >> 8)])
            + frame[2 : header.size]
            + self.decrypt(frame)
        )

    def decrypt(self, frame: bytes) -> bytes:
        """Return the frame's contents; raises ``NotAuthentic``."""
        header = Header.parse(frame)
        start = header.size + HEADER
        if len(frame) < start + MIC or not frame[header.size + 3] & EXTENDED_IV:
            raise NotAuthentic("no CCMP header")
        try:
            plain = self._aes.decrypt(
                _nonce(header, frame), frame[start:], _additional(header, frame)
            )
        except InvalidTag:
            raise NotAuthentic("wrong integrity code") from None
        self.received = packet_number(frame)
        return plain


def packet_number(frame: bytes) -> int:
    """Return a protected frame's packet number."""
    at = Header.parse(frame).size
    return int.from_bytes(frame[at : at + 2] + frame[at + 4 : at + 8], "little")


def key_number(frame: bytes) -> int:
    """Return the number of the key that a frame is protected with."""
    return frame[Header.parse(frame).size + 3] >> 6


def _nonce(header: Header, frame: bytes) -> bytes:
    number = packet_number(frame).to_bytes(6, "big")
    return bytes([header.priority]) + header.addr2 + number


def _additional(header: Header, frame: bytes) -> bytes:
    """Return the header as it is authenticated: without what changes on the way."""
    control = header.control & 0xC7FF | PROTECTED
    if header.kind == 2:
        control &= ~0x0070
    if header.has_qos:
        control &= 0x7FFF
    sequence = header.sequence & 0x000F
    data = control.to_bytes(2, "little") + frame[4:22] + sequence.to_bytes(2, "little")
    if header.has_qos:
        data += bytes([header.priority, 0])
    return data
