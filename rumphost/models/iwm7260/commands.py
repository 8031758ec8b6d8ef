"""The commands that the firmware knows, as a table: number, name, layouts, and who handles it.

``firmware.py`` looks a command up here. ``layouts`` are the versions of its structure, told apart
by size; where the last word is ``more``, further bytes may follow the structure. ``handler`` is a
path from the firmware object to a method ``(record, rest) -> bytes | None``: what it returns is the
response's contents (None: a status word of zero).
"""

from __future__ import annotations

from dataclasses import dataclass

from . import layouts as L
from .layouts import Layout

MVM_ALIVE = 0x01
REPLY_ERROR = 0x02
INIT_COMPLETE = 0x04
PHY_CONTEXT = 0x08
ADD_STA_KEY = 0x17
ADD_STA = 0x18
REMOVE_STA = 0x19
TX_CMD = 0x1C
TXPATH_FLUSH = 0x1E
MAC_CONTEXT = 0x28
TIME_EVENT = 0x29
TIME_EVENT_NOTICE = 0x2A
BINDING_CONTEXT = 0x2B
TIME_QUOTA = 0x2C
LQ_CMD = 0x4E
PHY_CONFIGURATION = 0x6A
CALIBRATION_RESULT = 0x6B
PHY_DB = 0x6C
POWER_TABLE = 0x77
SCAN_REQUEST = 0x80
SCAN_ABORT = 0x81
SCAN_COMPLETE = 0x84
NVM_ACCESS = 0x88
TX_ANTENNAS = 0x98
BT_CONFIG = 0x9B
STATISTICS = 0x9D
REDUCE_TX_POWER = 0x9F
CARD_STATE = 0xA1
MISSED_BEACONS = 0xA2
MAC_POWER = 0xA9
RX_PHY = 0xC0
RX_MPDU = 0xC1
BT_PRIORITIES = 0xCC
MULTICAST_FILTER = 0xD0
SMART_FIFO = 0xD1
BEACON_FILTER = 0xD2

ERROR_UNKNOWN_COMMAND = 0x00
ERROR_BAD_PARAMETER = 0x01

ASSERT_SYSTEM = 0x35
ASSERT_BAD_COMMAND = 0x38
ASSERT_HOST = 0x66


class Refused(Exception):
    """A command that the firmware does not take; the text says why."""


@dataclass(frozen=True)
class Command:
    """One command; ``initial`` tells whether the initial image knows it too."""

    name: str
    handler: str
    layouts: tuple[Layout, ...]
    more: bool = False
    initial: bool = False

    def layout_for(self, size: int) -> Layout | None:
        """Return the version of the structure that a command of ``size`` bytes has."""
        for layout in self.layouts:
            if layout.size == size or (self.more and layout.size <= size):
                return layout
        return None


COMMANDS: dict[int, Command] = {
    NVM_ACCESS: Command("NVM_ACCESS", "nvm_access", (L.NVM_ACCESS,), more=True, initial=True),
    TX_ANTENNAS: Command("TX_ANT_CONFIGURATION", "store", (L.WORD,), initial=True),
    PHY_CONFIGURATION: Command(
        "PHY_CONFIGURATION", "phy_configuration", (L.PHY_CONFIGURATION,), initial=True
    ),
    BT_CONFIG: Command("BT_CONFIG", "store", (L.WORD,), more=True, initial=True),
    BT_PRIORITIES: Command("BT_COEX_PRIO_TABLE", "store", (L.WORD,), more=True, initial=True),
    PHY_DB: Command("PHY_DB", "phy_database", (L.CALIBRATION_RESULT,), more=True),
    PHY_CONTEXT: Command("PHY_CONTEXT", "contexts.phy_command", (L.PHY_CONTEXT,)),
    MAC_CONTEXT: Command("MAC_CONTEXT", "contexts.mac_command", (L.MAC_CONTEXT,)),
    BINDING_CONTEXT: Command("BINDING_CONTEXT", "contexts.binding_command", (L.BINDING,)),
    TIME_QUOTA: Command("TIME_QUOTA", "contexts.quota_command", (L.TIME_QUOTA,)),
    TIME_EVENT: Command("TIME_EVENT", "time_events.command", (L.TIME_EVENT_V1, L.TIME_EVENT_V2)),
    ADD_STA: Command("ADD_STA", "stations.add_command", (L.ADD_STATION_V5, L.ADD_STATION_V6)),
    REMOVE_STA: Command("REMOVE_STA", "stations.remove_command", (L.REMOVE_STATION,)),
    ADD_STA_KEY: Command("ADD_STA_KEY", "stations.key_command", (L.STATION_KEY,)),
    LQ_CMD: Command("LQ_CMD", "stations.quality_command", (L.LINK_QUALITY,)),
    TXPATH_FLUSH: Command("TXPATH_FLUSH", "radio.flush_command", (L.FLUSH,)),
    POWER_TABLE: Command("POWER_TABLE", "store", (L.DEVICE_POWER,)),
    MAC_POWER: Command("MAC_PM_POWER_TABLE", "store", (L.MAC_POWER,)),
    SMART_FIFO: Command("REPLY_SF_CFG", "store", (L.SMART_FIFO,)),
    MULTICAST_FILTER: Command("MCAST_FILTER", "store", (L.MULTICAST_FILTER,), more=True),
    REDUCE_TX_POWER: Command("REDUCE_TX_POWER", "store", (L.REDUCE_POWER,)),
    BEACON_FILTER: Command("REPLY_BEACON_FILTERING", "beacons.filter_command", (L.BEACON_FILTER,)),
    SCAN_REQUEST: Command("SCAN_REQUEST", "scan.request_command", (L.SCAN_REQUEST,), more=True),
    SCAN_ABORT: Command("SCAN_ABORT", "scan.abort_command", (Layout(""),)),
    STATISTICS: Command("STATISTICS", "statistics_command", (Layout(""), L.WORD)),
}
