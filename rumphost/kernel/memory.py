"""The driver's memory as kernel services see it."""

from __future__ import annotations

from typing import Protocol


class Memory(Protocol):
    """Access by address to the memory of the process; nothing is checked."""

    def read(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes."""

    def write(self, address: int, data: bytes) -> None:
        """Store ``data``."""

    def read_uint(self, address: int, width: int) -> int:
        """Return an unsigned integer of 1, 2, 4 or 8 bytes in the host's byte order."""

    def write_uint(self, address: int, width: int, value: int) -> None:
        """Store an unsigned integer."""

    def c_string(self, address: int) -> str:
        """Return the NUL-terminated string at ``address`` (UTF-8; odd bytes are replaced)."""

    def allocate(self, size: int) -> int:
        """Return zeroed memory of the arena for the kernel's own use; ``MemoryError`` if none."""

    def release(self, address: int) -> None:
        """Give back what ``allocate`` returned."""
