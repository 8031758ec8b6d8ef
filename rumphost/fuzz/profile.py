"""What the hardware did in one execution: the material that mutations are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from .mutation import RegisterKey

KEPT_VALUES = 48
"""How many values of a register are kept, of those that it gave first."""
KEPT_WRITES = 24
KEPT_BYTES = 96


@dataclass
class Reads:
    """Reads of one register: how many, and the first values."""

    count: int = 0
    values: list[int] = field(default_factory=list)


@dataclass
class Writes:
    """DMA writes of one size: how many, and the beginnings of the first."""

    count: int = 0
    data: list[bytes] = field(default_factory=list)


@dataclass
class Profile:
    """Reads by register, DMA writes by size, and how many interrupts and register accesses, and
    of these the most without a rest.

    The values are the model's, before any mutation.
    """

    reads: dict[RegisterKey, Reads] = field(default_factory=dict)
    writes: dict[int, Writes] = field(default_factory=dict)
    interrupts: int = 0
    accesses: int = 0
    longest: int = 0

    def read(self, key: RegisterKey, value: int) -> int:
        """Note a read; returns its number."""
        reads = self.reads.get(key)
        if reads is None:
            reads = self.reads[key] = Reads()
        number = reads.count
        reads.count = number + 1
        if number < KEPT_VALUES:
            reads.values.append(value)
        return number

    def write(self, data: bytes) -> int:
        """Note a DMA write; returns its number among those of its size."""
        writes = self.writes.get(len(data))
        if writes is None:
            writes = self.writes[len(data)] = Writes()
        number = writes.count
        writes.count = number + 1
        if number < KEPT_WRITES:
            writes.data.append(data[:KEPT_BYTES])
        return number
