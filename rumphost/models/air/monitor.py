"""Captures the air into a pcap file with radiotap headers, as a card in monitor mode would.

    with Monitor(air, path): ...

Wireshark and tshark open it.
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from .air import Air, Reception
from .frames import CCK_RATES, frequency

LINKTYPE_RADIOTAP = 127
_PRESENT = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 6
_HEADER = struct.Struct("<BBHIQBBHHbb")
_CCK, _OFDM, _2GHZ, _5GHZ = 0x20, 0x40, 0x80, 0x100


def radiotap(reception: Reception, timestamp_us: int) -> bytes:
    """Return the radiotap header of a frame."""
    band = _2GHZ if reception.channel <= 14 else _5GHZ
    kind = _CCK if reception.rate in CCK_RATES else _OFDM
    return _HEADER.pack(
        0, 0, _HEADER.size, _PRESENT, timestamp_us, 0, reception.rate,
        frequency(reception.channel), band | kind, reception.signal_dbm, reception.noise_dbm,
    )  # fmt: skip


class Monitor:
    """A context manager: while it is entered, every frame on any channel is written."""

    def __init__(self, air: Air, path: Path, *, epoch_ns: int = 0) -> None:
        self._air = air
        self._path = path
        self._epoch_ns = epoch_ns
        self._file: BinaryIO | None = None
        self.frames = 0

    def __enter__(self) -> Monitor:
        self._file = self._path.open("wb")
        head = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 0xFFFF, LINKTYPE_RADIOTAP)
        self._file.write(head)
        self._air.on_transmit.append(self._write)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._air.on_transmit.remove(self._write)
        assert self._file is not None
        self._file.close()

    def _write(self, frame: bytes, reception: Reception) -> None:
        assert self._file is not None
        now_ns = self._air.now_ns()
        data = radiotap(reception, now_ns // 1000) + frame
        seconds, ns = divmod(self._epoch_ns + now_ns, 10**9)
        self._file.write(struct.pack("<IIII", seconds, ns, len(data), len(data)) + data)
        self.frames += 1
