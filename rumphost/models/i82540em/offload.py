"""Checksums and segmentation that the controller does for the driver (sections 3.2.9, 3.3.6, 3.5).

Pure functions over frames. Sums are over 16-bit big-endian words in ones' complement; since 2**16
is 1 modulo 0xFFFF, the sum of many words is one remainder of one big number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .table import RXCSUM_IPOFL, RXCSUM_IPV6OFL, RXCSUM_TUOFL

IXSM, TCPCS, IPCS = 0x04, 0x20, 0x40
TCPE, IPE = 0x20, 0x40
TCP, UDP = 6, 17
FIN_PSH = 0x09


def ones_sum(data: bytes | bytearray, start: int = 0) -> int:
    """Return ``start`` plus the sum of the words in ``data``; an odd byte is padded with zero."""
    total = int.from_bytes(data, "big")
    if len(data) & 1:
        total <<= 8
    total += start
    return total % 0xFFFF or (0xFFFF if total else 0)


def insert_sum(frame: bytearray, start: int, at: int, end: int, *, never_zero: bool) -> bool:
    """Put the checksum of ``frame[start]`` to ``frame[end]`` (0: the last byte) at ``at``.

    What stood at ``at`` is summed too. Return False, and do nothing, where that is outside.
    """
    if start >= len(frame) or at + 2 > len(frame):
        return False
    value = ~ones_sum(frame[start : end + 1 if end else len(frame)]) & 0xFFFF
    if never_zero and not value:
        value = 0xFFFF
    frame[at : at + 2] = value.to_bytes(2, "big")
    return True


def check_received(frame: bytes, rxcsum: int) -> tuple[int, int]:
    """Return the status and error bits of a receive descriptor for what RXCSUM asks to check."""
    at = 18 if frame[12:14] == b"\x81\x00" else 14
    kind = frame[at - 2 : at]
    status = errors = 0
    if kind == b"\x08\x00" and frame[at] >> 4 == 4:
        header = frame[at : at + (frame[at] & 15) * 4]
        if len(header) < 20:
            return IXSM, 0
        if rxcsum & RXCSUM_IPOFL:
            status |= IPCS
            errors |= IPE if ones_sum(header) != 0xFFFF else 0
        if rxcsum & RXCSUM_TUOFL and not int.from_bytes(header[6:8], "big") & 0x3FFF:
            length = int.from_bytes(header[2:4], "big") - len(header)
            segment = frame[at + len(header) : at + len(header) + max(length, 0)]
            found = _check_transport(segment, header[9], header[12:20])
            status, errors = status | found[0], errors | found[1]
    elif kind == b"\x86\xdd" and rxcsum & RXCSUM_TUOFL and rxcsum & RXCSUM_IPV6OFL:
        length = int.from_bytes(frame[at + 4 : at + 6], "big")
        segment = frame[at + 40 : at + 40 + length]
        status, errors = _check_transport(segment, frame[at + 6], frame[at + 8 : at + 40])
    return status or IXSM, errors


def _check_transport(segment: bytes, protocol: int, addresses: bytes) -> tuple[int, int]:
    if protocol == UDP:
        if len(segment) < 8 or segment[6:8] == b"\0\0":
            return 0, 0
    elif protocol != TCP or len(segment) < 20:
        return 0, 0
    pseudo_header = ones_sum(addresses, protocol + len(segment))
    return TCPCS, 0 if ones_sum(segment, pseudo_header) == 0xFFFF else TCPE


@dataclass(frozen=True)
class Context:
    """A context descriptor: where checksums lie, and how to cut a long TCP or UDP packet."""

    ip_start: int = 0
    ip_at: int = 0
    ip_end: int = 0
    start: int = 0
    at: int = 0
    end: int = 0
    is_tcp: bool = False
    is_ipv4: bool = False
    header_length: int = 0
    segment_size: int = 0
    payload_length: int = 0


def decode_context(first: int, low: int, high: int) -> Context:
    """Decode the 8, 4 and 4 bytes of a context descriptor."""
    return Context(
        first & 0xFF,
        first >> 8 & 0xFF,
        first >> 16 & 0xFFFF,
        first >> 32 & 0xFF,
        first >> 40 & 0xFF,
        first >> 48 & 0xFFFF,
        bool(low & 1 << 24),
        bool(low & 1 << 25),
        high >> 8 & 0xFF,
        high >> 16 & 0xFFFF,
        low & 0xFFFFF,
    )


def add_sums(frame: bytearray, context: Context, *, ip: bool, transport: bool) -> bool:
    """Insert the checksums that a data descriptor asks for; False: the context does not fit."""
    good = True
    if ip:
        good = insert_sum(frame, context.ip_start, context.ip_at, context.ip_end, never_zero=False)
    if transport:
        good &= insert_sum(frame, context.start, context.at, context.end, never_zero=True)
    return good


def segment(packet: bytes, context: Context, *, ip: bool, transport: bool) -> Iterator[bytearray]:
    """Cut ``packet`` (prototype header and payload) into frames with headers of their own."""
    header = packet[: context.header_length]
    payload = packet[context.header_length :]
    step = max(context.segment_size, 1)
    for number, offset in enumerate(range(0, max(len(payload), 1), step)):
        piece = payload[offset : offset + step]
        frame = bytearray(header + piece)
        last = offset + step >= len(payload)
        _fix_headers(frame, context, number, offset, last=last)
        if transport:
            length = len(frame) - context.start
            seed = int.from_bytes(frame[context.at : context.at + 2], "big") + length
            seed = seed % 0xFFFF or 0xFFFF
            frame[context.at : context.at + 2] = seed.to_bytes(2, "big")
        add_sums(frame, context, ip=ip, transport=transport)
        yield frame


def _fix_headers(
    frame: bytearray, context: Context, number: int, offset: int, *, last: bool
) -> None:
    """Adjust lengths, identification, sequence number and flags of segment ``number``."""
    ip = context.ip_start
    if context.is_ipv4:
        frame[ip + 2 : ip + 4] = (len(frame) - ip).to_bytes(2, "big")
        identity = int.from_bytes(frame[ip + 4 : ip + 6], "big") + number
        frame[ip + 4 : ip + 6] = (identity & 0xFFFF).to_bytes(2, "big")
        frame[context.ip_at : context.ip_at + 2] = b"\0\0"
    else:
        frame[ip + 4 : ip + 6] = (len(frame) - ip - 40).to_bytes(2, "big")
    transport = context.start
    if not context.is_tcp:
        frame[transport + 4 : transport + 6] = (len(frame) - transport).to_bytes(2, "big")
        return
    sequence = int.from_bytes(frame[transport + 4 : transport + 8], "big") + offset
    frame[transport + 4 : transport + 8] = (sequence & 0xFFFF_FFFF).to_bytes(4, "big")
    if not last:
        frame[transport + 13] &= ~FIN_PSH & 0xFF
