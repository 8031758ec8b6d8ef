"""The card's own memory of what it is (NVM): addresses, antennas, channels, calibration.

Sections are arrays of 16-bit words; a driver reads them with NVM_ACCESS. Word numbers are those
that public drivers use.
"""

from __future__ import annotations

import struct
from types import SimpleNamespace

from . import layouts

SECTION_HW = 0
SECTION_SW = 1
SECTION_PAPD = 2
SECTION_BLUETOOTH = 3
SECTION_CALIBRATION = 4
SECTION_PRODUCTION = 5
SECTIONS = 7

HW_ADDRESS = 0x15
SW_VERSION, SW_RADIO, SW_SKU, SW_ADDRESSES, SW_CHANNELS = 0, 1, 2, 3, 0x20
CALIBRATION_CRYSTAL = 0x5E

SKU_24GHZ, SKU_52GHZ, SKU_11N, SKU_11AC = 1, 2, 4, 8
VALID, IBSS, ACTIVE, RADAR, DFS, WIDE, MHZ40 = 1, 2, 8, 0x10, 0x80, 0x100, 0x200

CHANNELS_24GHZ = tuple(range(1, 15))
CHANNELS_5GHZ = (
    *range(36, 65, 4), *range(100, 145, 4), *range(149, 166, 4),
)  # fmt: skip
CHANNELS = CHANNELS_24GHZ + CHANNELS_5GHZ

OP_READ = 0
STATUS_OK = 0
STATUS_BAD_SECTION = 1
STATUS_NOT_WRITABLE = 2
NVM_VERSION = 0x0C11


def channel_flags(channel: int) -> int:
    """Return what is allowed on a channel: listening only on 12 to 14 and where radar may be."""
    if channel in (12, 13):
        return VALID | WIDE
    if channel == 14:
        return 0
    if 52 <= channel <= 144:
        return VALID | RADAR | DFS | WIDE | MHZ40
    return VALID | IBSS | ACTIVE | WIDE | MHZ40


def contents(mac: bytes) -> dict[int, bytes]:
    """Return the sections of a card with the Ethernet address ``mac``."""
    hardware = bytearray(2 * 0x40)
    for at in range(0, 6, 2):
        hardware[2 * HW_ADDRESS + at] = mac[at + 1]
        hardware[2 * HW_ADDRESS + at + 1] = mac[at]
    software = [0] * (SW_CHANNELS + len(CHANNELS))
    software[SW_VERSION] = NVM_VERSION
    software[SW_RADIO] = 3 << 12 | 3 << 8 | 1 << 2
    software[SW_SKU] = SKU_24GHZ | SKU_52GHZ | SKU_11N | SKU_11AC
    software[SW_ADDRESSES] = 1
    software[SW_CHANNELS:] = [channel_flags(channel) for channel in CHANNELS]
    calibration = [0] * 0x80
    calibration[CALIBRATION_CRYSTAL : CALIBRATION_CRYSTAL + 2] = [0x55, 0x56]
    return {
        SECTION_HW: bytes(hardware),
        SECTION_SW: struct.pack(f"<{len(software)}H", *software),
        SECTION_PAPD: bytes(64),
        SECTION_BLUETOOTH: bytes(16),
        SECTION_CALIBRATION: struct.pack(f"<{len(calibration)}H", *calibration),
        SECTION_PRODUCTION: bytes(32),
    }


class Nvm:
    """``sections`` may be changed by a test before the driver reads them."""

    def __init__(self, mac: bytes) -> None:
        self.sections = contents(mac)

    def access(self, command: SimpleNamespace) -> bytes:
        """Answer NVM_ACCESS."""

        def answer(status: int, data: bytes = b"") -> bytes:
            return (
                layouts.NVM_RESPONSE.pack(
                    offset=command.offset, length=len(data), type=command.type, status=status
                )
                + data
            )

        if command.op != OP_READ:
            return answer(STATUS_NOT_WRITABLE)
        section = self.sections.get(command.type)
        if section is None:
            return answer(STATUS_BAD_SECTION)
        return answer(STATUS_OK, section[command.offset : command.offset + command.length])
