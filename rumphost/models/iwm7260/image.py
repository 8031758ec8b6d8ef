"""Firmware images for the 7260: a builder for tests, and what the model checks of a loaded one.

The file has the vendor's format, which the driver takes apart by itself: a header, then records of
type, length and contents (TLV), each padded to 4 bytes. What the sections of *our* images hold is a
signature with a checksum in place of machine code: the model sees whether the driver has loaded
them whole, in the right order and to the right addresses. Of a vendor's image it can only see that
there is something at the address where the processor starts.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

MAGIC = 0x0A4C5749
NAME = "iwm-7260-9"
"""The file name that NetBSD's driver asks for, in ``if_iwm`` or at the top."""

CODE_ADDRESS = 0x0000_0000
DATA_ADDRESS = 0x0080_0000

TLV_PROBE_LENGTH = 6
TLV_FLAGS = 18
TLV_RUNTIME = 19
TLV_INIT = 20
TLV_CALIBRATION = 22
TLV_PHY_SKU = 23
TLV_CPUS = 27

FLAG_DW_BYTE_COUNTS = 1 << 4
FLAG_PM_COMMANDS = 1 << 6
FLAG_SHORT_BLOCKACK = 1 << 7
FLAG_RX_ENERGY = 1 << 8
FLAG_TIME_EVENT_V2 = 1 << 9
FLAG_BEACON_FILTER = 1 << 11
FLAG_STATION_KEYS = 1 << 19
FLAG_DEVICE_POWER = 1 << 20
DEFAULT_FLAGS = (
    FLAG_DW_BYTE_COUNTS | FLAG_PM_COMMANDS | FLAG_SHORT_BLOCKACK | FLAG_RX_ENERGY
    | FLAG_TIME_EVENT_V2 | FLAG_BEACON_FILTER | FLAG_STATION_KEYS | FLAG_DEVICE_POWER
)  # fmt: skip

INIT, RUNTIME = 0, 1
VENDOR_SUBTYPE = 13
VENDOR_RUNTIME, VENDOR_INIT = 1, 9
"""A byte of the data section of the vendor's images, and what it says."""
_SIGNATURE = struct.Struct("<4sBBHIII")
_MARK = b"RH72"


@dataclass(frozen=True)
class Signature:
    """How a section of our own images begins."""

    kind: int
    part: int
    version: int
    flags: int


@dataclass
class ImageBuilder:
    """An image to build; each member may be changed to make one that a driver must refuse."""

    version: tuple[int, int, int, int] = (23, 214, 9, 0)
    """Major, minor, API, serial."""
    flags: int = DEFAULT_FLAGS
    probe_length: int = 200
    phy_config: int = 0x0033_0000
    """Radio type in the low bits; transmit and receive antennas A and B."""
    section_size: int = 4096
    magic: int = MAGIC
    comment: str = "rumphost test image for the model of the 7260"
    extra: list[tuple[int, bytes]] = field(default_factory=list)
    """Further records: type and contents."""

    def build(self) -> bytes:
        """Return the file's contents."""
        major, minor, api, serial = self.version
        version = major << 24 | minor << 16 | api << 8 | serial
        head = struct.pack("<II64sIIQ", 0, self.magic, self.comment.encode(), version, 1, 0)
        records = [
            (TLV_PROBE_LENGTH, struct.pack("<I", self.probe_length)),
            (TLV_FLAGS, struct.pack("<I", self.flags)),
            (TLV_CPUS, struct.pack("<I", 1)),
            (TLV_PHY_SKU, struct.pack("<I", self.phy_config)),
            (TLV_CALIBRATION, struct.pack("<III", INIT, 0xFFFF, 0x7FFF)),
            (TLV_CALIBRATION, struct.pack("<III", RUNTIME, 0, 0)),
        ]
        for kind, record in ((INIT, TLV_INIT), (RUNTIME, TLV_RUNTIME)):
            for part, address in enumerate((CODE_ADDRESS, DATA_ADDRESS)):
                section = self._section(kind, part)
                records.append((record, struct.pack("<I", address) + section))
        return head + b"".join(_record(*one) for one in [*records, *self.extra])

    def write(self, directory: Path, driver: str = "if_iwm", name: str = NAME) -> Path:
        """Write the image where firmload(9) finds it in ``directory``; return its path."""
        path = directory / driver / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.build())
        return path

    def _section(self, kind: int, part: int) -> bytes:
        filler = bytes((7 * at + 31 * kind + part) & 0xFF for at in range(256))
        size = self.section_size - _SIGNATURE.size
        body = (filler * (size // 256 + 1))[:size]
        api = self.version[2]
        return _SIGNATURE.pack(_MARK, kind, part, api, self.flags, size, zlib.crc32(body)) + body


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 4)


def read_signature(section: bytes) -> Signature | str | None:
    """Return a section's signature, what is wrong with it, or None if it has none of ours."""
    if section[:4] != _MARK or len(section) < _SIGNATURE.size:
        return None
    _, kind, part, version, flags, size, checksum = _SIGNATURE.unpack_from(section)
    body = section[_SIGNATURE.size : _SIGNATURE.size + size]
    if len(body) < size:
        return f"section {part} has {len(body)} of {size} bytes"
    if zlib.crc32(body) != checksum:
        return f"section {part} has a wrong checksum"
    return Signature(kind, part, version, flags)


@dataclass(frozen=True)
class Loaded:
    """What was loaded: ``kind`` is INIT, RUNTIME, or None where the image does not say."""

    kind: int | None
    flags: int


def check(sections: Sequence[tuple[int, bytes]]) -> Loaded | str:
    """Return what the processor finds when it starts, or why it cannot run.

    ``sections`` are addresses and contents in the order of loading.
    """
    if not any(address == CODE_ADDRESS for address, _ in sections):
        return "nothing was loaded where the processor starts"
    signatures: list[Signature] = []
    for address, data in sections:
        found = read_signature(data)
        if found is None:
            continue
        if isinstance(found, str):
            return found
        if address != (CODE_ADDRESS, DATA_ADDRESS)[found.part & 1]:
            return f"section {found.part} was loaded to {address:#x}"
        signatures.append(found)
    if not signatures:
        return Loaded(_kind_of_vendor_image(sections), DEFAULT_FLAGS)
    if len({one.kind for one in signatures}) > 1:
        return "sections of two images were loaded"
    if {one.part for one in signatures} != {0, 1}:
        return "a section is missing"
    return Loaded(signatures[0].kind, signatures[0].flags)


def _kind_of_vendor_image(sections: Sequence[tuple[int, bytes]]) -> int | None:
    """Return what the data section of a vendor's image says of itself, where it says it."""
    data = next((data for address, data in sections if address == DATA_ADDRESS), b"")
    subtype = data[VENDOR_SUBTYPE] if len(data) > VENDOR_SUBTYPE else -1
    return {VENDOR_INIT: INIT, VENDOR_RUNTIME: RUNTIME}.get(subtype)
