"""MSI and MSI-X: the capabilities of one function, and aiming their messages at the doorbell."""

from __future__ import annotations

from rumphost.errors import MachineError
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.region import Region

from .bus import ConfigSpace
from .doorbell import VECTORS, Doorbell

CAPABILITY_LIST = 0x34
STATUS = 0x06
STATUS_CAPABILITIES = 0x10
CAPABILITY_MSI = 0x05
CAPABILITY_PCIE = 0x10
CAPABILITY_MSIX = 0x11

MSI_ENABLE = 0x0001
MSI_64BIT = 0x0080
MSIX_ENABLE = 0x8000
MSIX_MASK_ALL = 0x4000
ENTRY_SIZE = 16


def find_capabilities(config: ConfigSpace) -> dict[int, int]:
    """Return the offset of each capability, by its number."""
    found: dict[int, int] = {}
    if not config.read(STATUS, 2) & STATUS_CAPABILITIES:
        return found
    offset = config.read(CAPABILITY_LIST, 1) & 0xFC
    while offset and offset not in found.values():
        found.setdefault(config.read(offset, 1), offset)
        offset = config.read(offset + 1, 1) & 0xFC
    return found


class Messages:
    """What MSI and MSI-X have in common: ``count`` vectors, allocated at most once."""

    kind = ""

    def __init__(self, config: ConfigSpace, offset: int, doorbell: Doorbell) -> None:
        self.config = config
        self.offset = offset
        self.doorbell = doorbell
        self.vectors: list[int] = []

    @property
    def count(self) -> int:
        raise NotImplementedError

    def allocate(self, count: int) -> list[InterruptLine]:
        """Take vectors from the doorbell and switch the function's messages on."""
        where = f"{self.config.address}: {count} {self.kind} vectors"
        if self.vectors:
            raise MachineError(f"{where}: some are allocated already")
        if not 1 <= count <= self.count:
            raise MachineError(f"{where}: the function has {self.count}")
        lines = [
            InterruptLine(f"{self.config.address} {self.kind} {n}", level=False)
            for n in range(count)
        ]
        vectors = self._take(lines)
        if vectors is None:
            raise MachineError(f"{where}: fewer are left in this machine, of {VECTORS}")
        self.vectors = vectors
        self._enable()
        self.config.channel.flush()
        return lines

    def release(self) -> None:
        if self.vectors:
            self._disable()
            self.config.channel.flush()
            self.doorbell.release(self.vectors)
            self.vectors = []

    def _take(self, lines: list[InterruptLine]) -> list[int] | None:
        return self.doorbell.allocate(lines, block=False)

    def _enable(self) -> None:
        raise NotImplementedError

    def _disable(self) -> None:
        raise NotImplementedError


class Msi(Messages):
    kind = "msi"

    @property
    def count(self) -> int:
        return 1 << (self.config.read(self.offset + 2, 2) >> 1 & 7)

    def _take(self, lines: list[InterruptLine]) -> list[int] | None:
        if len(lines) & len(lines) - 1:
            raise MachineError(f"{self.config.address}: {len(lines)} MSI vectors: a power of two")
        return self.doorbell.allocate(lines, block=True)

    def _enable(self) -> None:
        control = self.config.read(self.offset + 2, 2) & ~0x70
        data = self.offset + 8
        self.config.write(self.offset + 4, 4, self.doorbell.register)
        if control & MSI_64BIT:
            self.config.write(self.offset + 8, 4, 0)
            data += 4
        self.config.write(data, 2, self.vectors[0])
        exponent = len(self.vectors).bit_length() - 1
        self.config.write(self.offset + 2, 2, control | exponent << 4 | MSI_ENABLE)

    def _disable(self) -> None:
        control = self.config.read(self.offset + 2, 2)
        self.config.write(self.offset + 2, 2, control & ~(MSI_ENABLE | 0x70))


class MsiX(Messages):
    """``table`` is the region that the table lies in, ``start`` its offset there."""

    kind = "msix"

    def __init__(
        self, config: ConfigSpace, offset: int, doorbell: Doorbell, table: Region, start: int
    ) -> None:
        super().__init__(config, offset, doorbell)
        self._table = table
        self._start = start

    @property
    def count(self) -> int:
        return min((self.config.read(self.offset + 2, 2) & 0x7FF) + 1, VECTORS)

    def _enable(self) -> None:
        control = self.config.read(self.offset + 2, 2)
        self.config.write(self.offset + 2, 2, control | MSIX_ENABLE | MSIX_MASK_ALL)
        for number, vector in enumerate(self.vectors):
            entry = (self.doorbell.register, 0, vector, 0)
            for word, value in enumerate(entry):
                self._table.write(self._start + number * ENTRY_SIZE + 4 * word, 4, value)
        self.config.write(self.offset + 2, 2, control & ~MSIX_MASK_ALL | MSIX_ENABLE)

    def _disable(self) -> None:
        control = self.config.read(self.offset + 2, 2)
        self.config.write(self.offset + 2, 2, control | MSIX_ENABLE | MSIX_MASK_ALL)
        for number in range(len(self.vectors)):
            self._table.write(self._start + number * ENTRY_SIZE + 12, 4, 1)
        self.config.write(self.offset + 2, 2, control & ~(MSIX_ENABLE | MSIX_MASK_ALL))
