"""MSI and MSI-X of a model: the capabilities, the vector table, and sending messages.

Used by ``base.py``; follows the PCI Local Bus Specification 3.0, section 6.8. A message is a write
to memory: normally to the board's doorbell, elsewhere when the driver programmed it so.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from rumphost.errors import MachineError
from rumphost.machine.config_space import CAP_MSI, CAP_MSIX, ConfigSpace
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.sim import DOORBELL, Doorbell

MSI_ENABLE = 0x0001
MSI_64BIT = 0x0080
MSIX_ENABLE = 0x8000
MSIX_MASK_ALL = 0x4000
ENTRY_SIZE = 16
ENTRY_MASKED = 1

SendMessage = Callable[[int, int], None]


class Messages(ABC):
    """The vectors of one kind of one function; ``send_message`` writes (address, data)."""

    kind: str

    def __init__(self, config: ConfigSpace, count: int, send_message: SendMessage) -> None:
        self.config = config
        self.count = count
        self.lines: list[InterruptLine] = []
        self._send_message = send_message
        self.offset = self._define()

    @property
    @abstractmethod
    def enabled(self) -> bool:
        """Whether the driver switched this kind on."""

    @abstractmethod
    def send(self, vector: int) -> None:
        """Send the message of a vector, as far as it is not masked."""

    @abstractmethod
    def _define(self) -> int:
        """Add the capability; return its offset."""

    @abstractmethod
    def _switch_on(self, data: int) -> None:
        """Program address, data and enable for the lines."""

    @abstractmethod
    def switch_off(self) -> None:
        """Clear enable."""

    def allocate(self, count: int, doorbell: Doorbell, where: str) -> list[InterruptLine]:
        """Take ``count`` vectors; ``where`` is the function's name for messages."""
        if self.lines:
            raise MachineError(f"{where}: its {self.kind} vectors are allocated already")
        if not 1 <= count <= self.count:
            raise MachineError(f"{where}: {count} {self.kind} vectors: it has {self.count}")
        if self.kind == "msi" and count & count - 1:
            raise MachineError(f"{where}: {count} MSI vectors: must be a power of two")
        lines = [InterruptLine(f"{where} {self.kind} {n}", level=False) for n in range(count)]
        data = doorbell.allocate(lines)
        self.lines = lines
        self._switch_on(data)
        return lines

    def release(self, doorbell: Doorbell) -> None:
        """Switch off and give the vectors back."""
        if self.lines:
            self.switch_off()
            doorbell.release(self.lines)
            self.lines = []


class Msi(Messages):
    """MSI with 64-bit addresses; ``count`` is a power of two up to 32."""

    kind = "msi"

    @property
    def enabled(self) -> bool:
        return bool(self.config.read(self.offset + 2, 2) & MSI_ENABLE)

    def send(self, vector: int) -> None:
        granted = 1 << (self.config.read(self.offset + 2, 2) >> 4 & 7)
        address = self.config.read(self.offset + 4, 4) | self.config.read(self.offset + 8, 4) << 32
        data = self.config.read(self.offset + 12, 2) & ~(granted - 1) | vector & granted - 1
        self._send_message(address, data)

    def _define(self) -> int:
        offset = self.config.add_capability(CAP_MSI, 14)
        control = MSI_64BIT | self.count.bit_length() - 1 << 1
        self.config.define(offset + 2, 2, control, writable=MSI_ENABLE | 0x70)
        self.config.define(offset + 4, 4, 0, writable=0xFFFF_FFFC)
        self.config.define(offset + 8, 4, 0, writable=0xFFFF_FFFF)
        self.config.define(offset + 12, 2, 0, writable=0xFFFF)
        return offset

    def _switch_on(self, data: int) -> None:
        self.config.write(self.offset + 4, 4, DOORBELL)
        self.config.write(self.offset + 8, 4, 0)
        self.config.write(self.offset + 12, 2, data)
        exponent = len(self.lines).bit_length() - 1
        self.config.write(self.offset + 2, 2, exponent << 4 | MSI_ENABLE)

    def switch_off(self) -> None:
        self.config.change(self.offset + 2, 2, drop=MSI_ENABLE | 0x70)


class MsiX(Messages):
    """MSI-X with its table at 0 and its pending bits at ``size`` / 2 of a BAR of its own.

    The object is that BAR's contents: give it to ``PciModel.add_bar``.
    """

    kind = "msix"

    def __init__(
        self,
        config: ConfigSpace,
        count: int,
        send_message: SendMessage,
        *,
        bar: int,
        size: int = 4096,
    ) -> None:
        self._bar = bar
        self._pending_at = size // 2
        self._table = bytearray(size)
        super().__init__(config, count, send_message)
        self.reset()

    def reset(self) -> None:
        """Mask every vector and forget what is pending."""
        self._table[:] = bytes(len(self._table))
        for vector in range(self.count):
            self._table[vector * ENTRY_SIZE + 12] = ENTRY_MASKED

    @property
    def enabled(self) -> bool:
        return bool(self.config.read(self.offset + 2, 2) & MSIX_ENABLE)

    def send(self, vector: int) -> None:
        if self._masked(vector):
            self._table[self._pending_at + vector // 8] |= 1 << vector % 8
            return
        address, data = self._word(vector, 0, 8), self._word(vector, 8, 4)
        self._send_message(address, data)

    def send_pending(self) -> None:
        """Send what was held back and is no longer masked."""
        if not self.enabled or not any(self._table[self._pending_at :]):
            return
        for vector in range(self.count):
            at, bit = self._pending_at + vector // 8, 1 << vector % 8
            if self._table[at] & bit and not self._masked(vector):
                self._table[at] &= ~bit
                self.send(vector)

    def read(self, offset: int, width: int) -> int:
        return int.from_bytes(self._table[offset : offset + width], "little")

    def write(self, offset: int, width: int, value: int) -> None:
        if offset + width <= self.count * ENTRY_SIZE:
            self._table[offset : offset + width] = value.to_bytes(width, "little")
            self.send_pending()

    def describe(self, offset: int, value: int | None = None) -> str:
        if offset >= self._pending_at:
            return f"MSIX_PENDING[{(offset - self._pending_at) // 8}]"
        vector, at = divmod(offset, ENTRY_SIZE)
        name = ("ADDRESS_LO", "ADDRESS_HI", "DATA", "CONTROL")[at // 4]
        return f"MSIX_{name}[{vector}]"

    def _word(self, vector: int, at: int, width: int) -> int:
        return self.read(vector * ENTRY_SIZE + at, width)

    def _masked(self, vector: int) -> bool:
        mask_all = self.config.read(self.offset + 2, 2) & MSIX_MASK_ALL
        return bool(mask_all or self._word(vector, 12, 4) & ENTRY_MASKED)

    def _define(self) -> int:
        offset = self.config.add_capability(CAP_MSIX, 12)
        self.config.define(offset + 2, 2, self.count - 1, writable=MSIX_ENABLE | MSIX_MASK_ALL)
        self.config.define(offset + 4, 4, self._bar)
        self.config.define(offset + 8, 4, self._pending_at | self._bar)
        return offset

    def _switch_on(self, data: int) -> None:
        self.config.change(self.offset + 2, 2, put=MSIX_ENABLE | MSIX_MASK_ALL)
        for vector in range(len(self.lines)):
            entry = (DOORBELL, 0, data + vector, 0)
            for word, value in enumerate(entry):
                self.write(vector * ENTRY_SIZE + 4 * word, 4, value)
        self.config.change(self.offset + 2, 2, drop=MSIX_MASK_ALL)

    def switch_off(self) -> None:
        self.config.change(self.offset + 2, 2, drop=MSIX_ENABLE | MSIX_MASK_ALL)
        self.reset()
