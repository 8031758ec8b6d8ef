"""The statistics registers (section 13.7): 32 bits that stick at the end; 64-bit octet counters.

The 32-bit counters live in the register block, where reading clears them; of an octet counter
reading the upper half clears both.
"""

from __future__ import annotations

FULL = 0xFFFF_FFFF
FCS = 4
BROADCAST = b"\xff" * 6
_SIZES = ((64, "64"), (127, "127"), (255, "255"), (511, "511"), (1023, "1023"))


def _size_class(size: int) -> str:
    for limit, name in _SIZES:
        if size <= limit:
            return name
    return "1522"


_RECEIVED = ["PRC" + _size_class(size) for size in range(1024)]
_SENT = ["PTC" + _size_class(size) for size in range(1024)]


class Statistics:
    """Counters over ``values``, the register block's."""

    def __init__(self, values: dict[str, int]) -> None:
        self._values = values
        self.reset()

    def reset(self) -> None:
        """Clear the octet counters; the register block clears the others."""
        self._gorc = self._gotc = self._tor = self._tot = 0

    def add(self, name: str, count: int = 1) -> None:
        """Count; at the end of its range a counter stays there."""
        value = self._values[name] + count
        self._values[name] = value if value <= FULL else FULL

    def seen(self, size: int) -> None:
        """A frame of ``size`` bytes came over the wire, FCS not counted, wanted or not."""
        self._tor += size + FCS
        self.add("TPR")

    def received(self, frame: bytes) -> None:
        """A good frame passed the filters."""
        size = len(frame) + FCS
        self._gorc += size
        self.add("GPRC")
        self.add(_RECEIVED[size] if size < 1024 else "PRC1522")
        if frame[0] & 1:
            self.add("BPRC" if frame[:6] == BROADCAST else "MPRC")

    def sent(self, frame: bytes) -> None:
        """A frame went out."""
        size = len(frame) + FCS
        self._gotc += size
        self._tot += size
        self.add("GPTC")
        self.add("TPT")
        self.add(_SENT[size] if size < 1024 else "PTC1522")
        if frame[0] & 1:
            self.add("BPTC" if frame[:6] == BROADCAST else "MPTC")

    def read_gorcl(self) -> int:
        return self._gorc & FULL

    def read_gorch(self) -> int:
        value, self._gorc = self._gorc >> 32 & FULL, 0
        return value

    def read_gotcl(self) -> int:
        return self._gotc & FULL

    def read_gotch(self) -> int:
        value, self._gotc = self._gotc >> 32 & FULL, 0
        return value

    def read_torl(self) -> int:
        return self._tor & FULL

    def read_torh(self) -> int:
        value, self._tor = self._tor >> 32 & FULL, 0
        return value

    def read_totl(self) -> int:
        return self._tot & FULL

    def read_toth(self) -> int:
        value, self._tot = self._tot >> 32 & FULL, 0
        return value
