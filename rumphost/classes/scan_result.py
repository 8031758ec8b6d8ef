"""A wireless network that a scan has found, as ``wlan.Wlan.scan`` returns it.

What a driver tells with IEEE80211_IOC_SCAN_RESULTS is taken apart here; elements are those of
IEEE 802.11-2016, 9.4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .ieee80211 import CAPINFO_PRIVACY, SCAN_RESULT, channel_of

ELEMENT_RSN, ELEMENT_VENDOR = 48, 221
_WPA = bytes.fromhex("0050f201")
_RSN_SUITE = bytes.fromhex("000fac")
_CIPHERS = {1: "WEP-40", 2: "TKIP", 4: "CCMP", 5: "WEP-104", 8: "GCMP", 9: "GCMP-256"}
_AKMS = {1: "802.1X", 2: "PSK", 5: "802.1X-SHA256", 6: "PSK-SHA256", 8: "SAE"}
_CAPABILITIES = {0x01: "ESS", 0x02: "IBSS", 0x10: "privacy", 0x20: "short preamble"}
"""The lower byte of them: a scan result has no more."""


@dataclass(frozen=True)
class Rsn:
    """What an RSN element asks of a station; suites that have no name here are hexadecimal."""

    group: str
    pairwise: tuple[str, ...]
    key_management: tuple[str, ...]

    @classmethod
    def parse(cls, body: bytes) -> Rsn | None:
        """Read an element's contents; None if they are cut short, or of another version."""
        if len(body) < 8 or body[:2] != b"\1\0":
            return None
        try:
            pairwise, at = _suites(body, 6)
            management, _ = _suites(body, at)
        except IndexError:
            return None
        return cls(
            _name(body[2:6], _CIPHERS),
            tuple(_name(suite, _CIPHERS) for suite in pairwise),
            tuple(_name(suite, _AKMS) for suite in management),
        )


def _suites(body: bytes, at: int) -> tuple[list[bytes], int]:
    count = body[at] | body[at + 1] << 8
    end = at + 2 + 4 * count
    if end > len(body):
        raise IndexError
    return [body[start : start + 4] for start in range(at + 2, end, 4)], end


def _name(suite: bytes, names: dict[int, str]) -> str:
    return names.get(suite[3], suite.hex()) if suite[:3] == _RSN_SUITE else suite.hex()


@dataclass(frozen=True)
class WlanNetwork:
    """One access point. ``rssi`` is in the driver's own unit, ``interval`` in units of 1.024 ms,
    ``rates`` in Mb/s, ``elements`` as the driver has kept them (WPA or RSN, and WME).
    """

    raw_ssid: bytes
    bssid: str
    frequency: int
    rssi: int
    interval: int
    capabilities: int
    rates: tuple[float, ...]
    elements: bytes

    @property
    def ssid(self) -> str:
        return self.raw_ssid.decode(errors="backslashreplace")

    @property
    def channel(self) -> int:
        return channel_of(self.frequency)

    @property
    def signal_dbm(self) -> int:
        """``rssi`` as dBm, of a driver that gives dBm without the sign (iwm), or in one byte."""
        return self.rssi - 256 if self.rssi > 127 else -self.rssi

    @property
    def capability_names(self) -> tuple[str, ...]:
        return tuple(name for bit, name in _CAPABILITIES.items() if self.capabilities & bit)

    @property
    def rsn(self) -> Rsn | None:
        """What the network asks of its stations, if it has WPA2."""
        for number, body in _split(self.elements):
            if number == ELEMENT_RSN:
                return Rsn.parse(body)
        return None

    @property
    def security(self) -> str:
        """``open``, ``WEP``, ``WPA`` or ``WPA2-PSK`` and its like."""
        rsn = self.rsn
        if rsn is not None:
            return "/".join(f"WPA2-{one}" for one in rsn.key_management) or "WPA2"
        if any(number == ELEMENT_VENDOR and body[:4] == _WPA
               for number, body in _split(self.elements)):  # fmt: skip
            return "WPA"
        return "WEP" if self.capabilities & CAPINFO_PRIVACY else "open"

    def __str__(self) -> str:
        return (
            f"{self.ssid!r} {self.bssid} channel {self.channel}, {self.signal_dbm} dBm, "
            f"{self.security}"
        )


def _split(elements: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(elements):
        yield elements[at], elements[at + 2 : at + 2 + elements[at + 1]]
        at += 2 + elements[at + 1]


def parse_results(data: bytes) -> list[WlanNetwork]:
    """Return the networks of IEEE80211_IOC_SCAN_RESULTS, in the driver's order."""
    found = []
    at = 0
    while at + SCAN_RESULT.size <= len(data):
        (
            length, frequency, _flags, _noise, rssi, interval, capabilities, _erp, bssid,
            rate_count, rates, ssid_size, elements_size,
        ) = SCAN_RESULT.unpack_from(data, at)  # fmt: skip
        start = at + SCAN_RESULT.size
        end = start + ssid_size + elements_size
        found.append(
            WlanNetwork(
                data[start : start + ssid_size],
                bssid.hex(":"),
                frequency,
                rssi,
                interval,
                capabilities,
                tuple((rate & 0x7F) / 2 for rate in rates[:rate_count]),
                data[start + ssid_size : end],
            )
        )
        at += max(length, SCAN_RESULT.size)
    return found
