"""ifmedia(4) in words: ``autoselect``, ``1000baseT full-duplex``.

Used by ``classes.ifnet``. Words are as ifconfig(8) prints them; numbers are those of
``<net/if_media.h>``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rumphost.errors import UsageError

ETHER = 0x20
IEEE80211 = 0x80
AUTO = 0
NONE = 2
_TYPE = 0xE0
_SUBTYPE = 0x1F
_SUBTYPE_NAMES = {0: "autoselect", 1: "manual", 2: "none"}
_ETHER_NAMES = {
    3: "10baseT", 4: "10base2", 5: "10base5", 6: "100baseTX", 7: "100baseFX", 8: "100baseT4",
    9: "100VG", 10: "100baseT2", 11: "1000baseSX", 12: "10baseSTP", 13: "10baseFL",
    14: "1000baseLX", 15: "1000baseCX", 16: "1000baseT", 17: "HomePNA1", 18: "10GbaseLR",
    19: "10GbaseSR", 20: "10GbaseCX4", 21: "2500baseSX",
}  # fmt: skip
_IEEE80211_NAMES = {
    3: "FH1", 4: "FH2", 5: "DS2", 6: "DS5", 7: "DS11", 8: "DS1", 9: "DS22", 10: "OFDM6",
    11: "OFDM9", 12: "OFDM12", 13: "OFDM18", 14: "OFDM24", 15: "OFDM36", 16: "OFDM48",
    17: "OFDM54", 18: "OFDM72", 24: "MCS",
}  # fmt: skip
_MODE = 0x000F_0000
_MODE_NAMES = {0x1_0000: "mode 11a", 0x2_0000: "mode 11b", 0x3_0000: "mode 11g"}
_OPTIONS = {
    0x0010_0000: "full-duplex",
    0x0020_0000: "half-duplex",
    0x0040_0000: "flowcontrol",
    0x0800_0000: "loopback",
}
_ETHER_OPTIONS = {0x100: "master", 0x200: "rxpause", 0x400: "txpause"}
_AVALID = 1
_ACTIVE = 2
_INSTANCE_SHIFT = 28


def describe(word: int) -> str:
    """Return a media word as ifconfig(8) prints it."""
    subtype = word & _SUBTYPE
    is_ether, is_wireless = word & _TYPE == ETHER, word & _TYPE == IEEE80211
    names = _SUBTYPE_NAMES | (_ETHER_NAMES if is_ether else {})
    names |= _IEEE80211_NAMES if is_wireless else {}
    parts = [names.get(subtype, f"subtype {subtype}")]
    if is_wireless and word & _MODE in _MODE_NAMES:
        parts.append(_MODE_NAMES[word & _MODE])
    options = _OPTIONS | (_ETHER_OPTIONS if is_ether else {})
    parts += [name for bit, name in options.items() if word & bit]
    if instance := word >> _INSTANCE_SHIFT:
        parts.append(f"instance {instance}")
    return " ".join(parts)


@dataclass(frozen=True)
class Media:
    """Media words: what was chosen, what is in use, and all there are."""

    current: int
    active: int
    status: int
    supported: tuple[int, ...]

    @classmethod
    def unpack(cls, raw: bytes) -> Media:
        """Decode what the shim's GET_MEDIA wrote."""
        current, _mask, status, active, count = struct.unpack_from("=IIIIi", raw)
        count = min(count, len(raw) // 4 - 5)
        return cls(current, active, status, struct.unpack_from(f"={count}I", raw, 20))

    @property
    def has_link(self) -> bool | None:
        """Whether there is a link; None: the driver does not know."""
        return bool(self.status & _ACTIVE) if self.status & _AVALID else None

    def __str__(self) -> str:
        chosen, active = describe(self.current), describe(self.active)
        link = {True: "active", False: "no carrier", None: "unknown"}[self.has_link]
        return f"{chosen} ({active}), status: {link}"

    def parse(self, text: str) -> int:
        """Return the supported medium of a description; raises ``UsageError``."""
        wanted = sorted(text.replace(",", " ").split())
        for word in self.supported:
            if sorted(describe(word).split()) == wanted:
                return word
        known = ", ".join(describe(word) for word in self.supported)
        raise UsageError(f"no medium is called {text!r}; there are: {known}")
