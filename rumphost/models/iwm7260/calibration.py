"""What the initial image measures of the radio, and gives to the runtime image through the host.

The host keeps each result by type (and by group of channels) and sends it back to the runtime image
with PHY_DB commands. The model makes results that only it could have made, and checks them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

from . import layouts

if TYPE_CHECKING:
    from .model import Iwm7260

CONFIG, NO_CHANNEL, _, PAPD, TX_POWER = 1, 2, 3, 4, 5
PAPD_GROUPS = 4
LAST_CHANNELS = (13, 17, 21, 25, 29, 33, 37, 38, 50)
"""Of each group of transmit power results: the index of its last channel."""


class Calibration:
    """Results by type and group; ``received`` is what the runtime image has got so far."""

    def __init__(self, model: Iwm7260) -> None:
        self._model = model
        self.results = dict(self._measure())
        self.received: set[tuple[int, int]] = set()

    def _measure(self) -> Iterator[tuple[tuple[int, int], bytes]]:
        yield (CONFIG, 0), self._noise("config", 48)
        yield (NO_CHANNEL, 0), self._noise("no channel", 120)
        for group in range(PAPD_GROUPS):
            yield (PAPD, group), group.to_bytes(2, "little") + self._noise(f"papd {group}", 62)
        for group, last in enumerate(LAST_CHANNELS):
            head = group.to_bytes(4, "little") + last.to_bytes(2, "little")
            yield (TX_POWER, group), head + self._noise(f"power {group}", 58)

    def _noise(self, what: str, size: int) -> bytes:
        seed = hashlib.sha256(self._model.mac + what.encode()).digest()
        return (seed * (size // len(seed) + 1))[:size]

    def notices(self) -> Iterator[bytes]:
        """Yield the contents of a notice for each result."""
        for (kind, _), data in self.results.items():
            yield layouts.CALIBRATION_RESULT.pack(type=kind, length=len(data)) + data

    def received_command(self, command: SimpleNamespace, data: bytes) -> str | None:
        """Take a result back from the host; return what is wrong with it, or None."""
        if len(data) != command.length:
            return f"PHY_DB of {len(data)} bytes says {command.length}"
        for key, result in self.results.items():
            if key[0] == command.type and result == data:
                self.received.add(key)
                return None
        return f"PHY_DB type {command.type} is nothing that was measured"
