"""A PCI function as the kernel sees it, whatever machine it sits in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from .interrupt import InterruptLine
from .region import Region

VectorKind = Literal["intx", "msi", "msix"]


@dataclass(frozen=True, order=True)
class PciAddress:
    """Bus, device (slot) and function number."""

    bus: int
    device: int
    function: int

    def __str__(self) -> str:
        return f"{self.bus:02x}:{self.device:02x}.{self.function}"


@dataclass(frozen=True)
class Bar:
    """A base address register that is implemented: ``index`` 0..5, ``size`` in bytes.

    ``address`` is where the machine put it on the bus.
    """

    index: int
    size: int
    is_io: bool
    is_64bit: bool
    prefetchable: bool
    address: int


class PciFunction(ABC):
    """One PCI function: configuration space, BARs and interrupts.

    Configuration space behaves as on a PC whose firmware has run: BARs are assigned, and a driver
    that sizes a BAR by writing all ones reads back its mask. ``bars`` is keyed by BAR index.
    """

    address: PciAddress
    bars: dict[int, Bar]

    @abstractmethod
    def config_read(self, offset: int, width: int) -> int:
        """Read configuration space, 256 or 4096 bytes; width 1, 2 or 4."""

    @abstractmethod
    def config_write(self, offset: int, width: int, value: int) -> None:
        """Write configuration space."""

    @abstractmethod
    def map_bar(self, index: int) -> Region:
        """Return the registers of BAR ``index``; the same object on every call."""

    @abstractmethod
    def vector_count(self, kind: VectorKind) -> int:
        """Return how many vectors of this kind the function has (INTx: 0 or 1)."""

    @abstractmethod
    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        """Enable ``count`` vectors of a kind and return them; raises ``MachineError``.

        INTx lines may be shared: two functions can return the same line. MSI and MSI-X are
        switched on in configuration space by this call and off by ``release_vectors``.
        """

    @abstractmethod
    def release_vectors(self, kind: VectorKind) -> None:
        """Undo ``allocate_vectors``."""

    @abstractmethod
    def reset(self) -> None:
        """Bring the function to its power-on state: bus mastering off, interrupts off."""
