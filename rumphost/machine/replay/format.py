"""The file of a recording: what a device said, and what the driver did in between.

A file is the line ``MAGIC`` and then one zlib stream (RFC 1950), whose checksum covers everything.
In it come a header, which is a length and so many bytes of JSON, and entries until an ``END``.
An entry is one byte, its ``Kind``; the time since the entry before in microseconds; and the kind's
fields. All numbers are unsigned, 7 bits a byte, the lowest first, with the top bit set in all bytes
but the last. ``bytes`` are a length and so many bytes. ``region`` and ``function`` are indices into
the header's lists, ``line`` counts the interrupt lines and vectors as they were allocated, ``map``
the DMA maps as they were created.

What the driver did, in its order:

=============== ==================================================================================
READ            region offset width value
WRITE           region offset width value
WRITE_ADDRESS   region offset width value map place: value is where a loaded map lies, plus place
READ_MULTI      region offset width bytes: what was read of one register
WRITE_MULTI     region offset width bytes: what was written to one register
CONFIG_WRITE    function offset width value after: the aligned 32 bits as they read then
VECTORS         function kind bits lines: 1 + first line (0: refused); ``bits`` is how many
RELEASE         function kind
RESET           function
CONNECT         line asserted: the kernel listens from now on
UNMASK          line asserted: its handlers have run
SYNC            map offset length operations bytes: of a sync after the device's writes, the bytes
                that changed, as (distance from the last, bytes) pairs
FLUSH           the kernel waited for posted writes
=============== ==================================================================================

And what came by itself, at this place between them:

=============== ==================================================================================
INTERRUPT       line asserted inside runs: inside is 1 if it came while the driver's next entry was
                being done; runs is how often an lwp got the CPU since the entry before
CONFIG_CHANGE   function offset value: 32 bits that read otherwise than they did before
EVENT           runs: a time-out of the kernel expired
HOST            runs: a user of the host gave the kernel something to do, such as a frame to send
DMA             map place bytes: the device wrote them into memory; only of machines that notice,
                and for drivers that look without a sync
=============== ==================================================================================

Or the last of a recording of a driver that did not come to an end:

=============== ==================================================================================
ENDLESS         bytes: what to say of the endless loop in which the driver does what it does next
=============== ==================================================================================
"""

from __future__ import annotations

import enum
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from rumphost.errors import HostLacks, UsageError

MAGIC = b"rumphost recording 1\n"
FLUSH_BYTES = 1 << 16
VECTOR_KINDS = ("intx", "msi", "msix")


class Kind(enum.IntEnum):
    """The kinds of entries; the values are the file's."""

    END = 0
    READ = 1
    WRITE = 2
    WRITE_ADDRESS = 3
    READ_MULTI = 4
    WRITE_MULTI = 5
    CONFIG_WRITE = 6
    VECTORS = 7
    RELEASE = 8
    RESET = 9
    CONNECT = 10
    UNMASK = 11
    SYNC = 12
    FLUSH = 13
    INTERRUPT = 14
    CONFIG_CHANGE = 15
    EVENT = 16
    HOST = 17
    ENDLESS = 18
    DMA = 19


# How many numbers each kind has, and whether bytes follow them.
_NUMBERS = {
    Kind.END: 0, Kind.READ: 4, Kind.WRITE: 4, Kind.WRITE_ADDRESS: 6, Kind.READ_MULTI: 3,
    Kind.WRITE_MULTI: 3, Kind.CONFIG_WRITE: 5, Kind.VECTORS: 4, Kind.RELEASE: 2, Kind.RESET: 1,
    Kind.CONNECT: 2, Kind.UNMASK: 2, Kind.SYNC: 4, Kind.FLUSH: 0, Kind.INTERRUPT: 4,
    Kind.CONFIG_CHANGE: 3, Kind.EVENT: 1, Kind.HOST: 1, Kind.ENDLESS: 0, Kind.DMA: 2,
}  # fmt: skip
_WITH_BYTES = frozenset({Kind.READ_MULTI, Kind.WRITE_MULTI, Kind.SYNC, Kind.ENDLESS, Kind.DMA})


@dataclass(slots=True)
class Entry:
    """One entry; ``time_ns`` since the machine started, to the microsecond."""

    kind: Kind
    time_ns: int
    numbers: tuple[int, ...]
    data: bytes = b""


def pack(number: int) -> bytes:
    """Return a number as the file has it."""
    packed = bytearray()
    while number > 0x7F:
        packed.append(number & 0x7F | 0x80)
        number >>= 7
    packed.append(number)
    return bytes(packed)


def pack_changes(changes: list[tuple[int, bytes]]) -> bytes:
    """Return offsets with the bytes there, in rising order, as a SYNC has them."""
    packed, last = b"", 0
    for offset, data in changes:
        packed += pack(offset - last) + pack(len(data)) + data
        last = offset + len(data)
    return packed


def unpack_changes(packed: bytes) -> list[tuple[int, bytes]]:
    """Undo ``pack_changes``."""
    cursor, changes, last = _Cursor(packed), [], 0
    while cursor.at < len(packed):
        offset = last + cursor.number()
        data = cursor.bytes()
        changes.append((offset, data))
        last = offset + len(data)
    return changes


class Log:
    """Writes a recording as it goes, so that one that is cut short is good up to there."""

    def __init__(self, path: Path) -> None:
        self.entries = 0
        self.size = 0
        self.last = Kind.END
        self._path = path
        try:
            self._file: FileIO | None = path.open("wb", buffering=0)
        except OSError as error:
            raise HostLacks(f"cannot write {path}: {error.strerror}") from error
        self._zlib = zlib.compressobj(9)
        self._kept = bytearray()
        self._last_us = 0
        try:
            self._put(MAGIC)
        except HostLacks:
            self._file.close()
            raise

    def head(self, header: dict[str, Any]) -> None:
        """Write the header; comes first."""
        text = json.dumps(header, separators=(",", ":")).encode()
        self._kept += pack(len(text)) + text

    def add(self, kind: Kind, time_ns: int, *numbers: int, data: bytes | None = None) -> None:
        """Append an entry."""
        now_us = max(time_ns // 1000, self._last_us)
        kept = self._kept
        kept.append(kind)
        for number in (now_us - self._last_us, *numbers):
            if number < 0x80:
                kept.append(number)
            else:
                kept += pack(number)
        if data is not None:
            kept += pack(len(data)) + data
        self._last_us = now_us
        self.last = kind
        self.entries += kind is not Kind.END
        if len(kept) >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Bring what there is into the file."""
        self._put(self._zlib.compress(bytes(self._kept)) + self._zlib.flush(zlib.Z_SYNC_FLUSH))
        self._kept.clear()

    def close(self) -> None:
        """End the recording; may be called twice."""
        file = self._file
        if file is None:
            return
        try:
            self.add(Kind.END, 0)
            self._put(self._zlib.compress(bytes(self._kept)) + self._zlib.flush())
        finally:
            self._file = None
            file.close()

    def _put(self, data: bytes) -> None:
        assert self._file is not None
        try:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise HostLacks(f"cannot write {self._path}: {error.strerror}") from error
        self.size += len(data)


class Malformed(UsageError):
    """A file is no recording, or not a whole one."""


class _Cursor:
    """Takes numbers and bytes off a buffer; ``IndexError`` at its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def number(self) -> int:
        number = shift = 0
        while True:
            byte = self._data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
            if shift > 70:
                raise ValueError("a number of more than 64 bits")

    def bytes(self) -> bytes:
        size = self.number()
        end = self.at + size
        if end > len(self._data):
            raise IndexError
        data = self._data[self.at : end]
        self.at = end
        return data


@dataclass
class Recording:
    """A whole recording in memory."""

    path: Path
    header: dict[str, Any]
    entries: list[Entry]


def read(path: Path) -> Recording:
    """Read and check a file; raises ``Malformed`` with what is wrong with it, and where."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the recording {path}: {error.strerror}") from error
    if not raw.startswith(MAGIC):
        raise Malformed(f"{path} is no recording of rumphost, or of another version")
    data, whole, damage = _inflate(raw[len(MAGIC) :])
    cursor = _Cursor(data)
    entries: list[Entry] = []
    try:
        header = json.loads(cursor.bytes())
        _check(header)
        entries.extend(_entries(cursor))
    except IndexError:
        why = damage or "it ends in the middle"
        raise Malformed(
            f"the recording {path} is not whole: {why}, after {len(entries)} entries"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        where = f"entry {len(entries) + 1}" if entries else "its beginning"
        raise Malformed(f"the recording {path} is malformed at {where}: {error}") from None
    if not whole or cursor.at != len(data):
        why = damage or "something follows its end"
        raise Malformed(f"the recording {path} is not whole, or malformed: {why}")
    return Recording(path, header, entries)


def _inflate(packed: bytes) -> tuple[bytes, bool, str]:
    """Return what can be unpacked, whether that is all and intact, and what is wrong."""
    inflater = zlib.decompressobj()
    data = bytearray()
    try:
        for at in range(0, len(packed), 4096):
            data += inflater.decompress(packed[at : at + 4096])
    except zlib.error as error:
        return bytes(data), False, f"damaged ({error})"
    if inflater.unused_data:
        return bytes(data), False, "something follows its end"
    return bytes(data), inflater.eof, "" if inflater.eof else "it ends in the middle"


def _entries(cursor: _Cursor) -> Iterator[Entry]:
    time_us = 0
    while True:
        kind = Kind(cursor.number())
        time_us += cursor.number()
        numbers = tuple([cursor.number() for _ in range(_NUMBERS[kind])])
        data = cursor.bytes() if kind in _WITH_BYTES else b""
        if kind is Kind.END:
            return
        yield Entry(kind, time_us * 1000, numbers, data)


def _check(header: dict[str, Any]) -> None:
    """Raise ``KeyError``, ``TypeError`` or ``ValueError`` unless a header has what it must."""
    if not isinstance(header, dict):
        raise TypeError("the header is no object")
    for function in header["functions"]:
        bytes.fromhex(function["config"])
        bus, device, number = function["address"]
        struct.pack("<3B", bus, device, number)
        if set(function["vectors"]) != set(VECTOR_KINDS):
            raise ValueError("the header lacks a function's vectors")
        for bar in function["bars"]:
            struct.pack("<BQQ", bar["index"], bar["size"], bar["address"])
    for chunk in header["dma"]:
        struct.pack("<QQ", chunk["bus_address"], chunk["size"])
