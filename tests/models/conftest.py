"""A test plays the driver: registers, DMA memory and time of one model on a simulated board."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rumphost.machine.config_space import COMMAND, COMMAND_MASTER
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.sim import SimMachine
from rumphost.models import PciModel


class Rig:
    """One model in a slot, BAR 0 mapped, bus mastering on, INTx connected unless told otherwise."""

    def __init__(self, model: PciModel, *, kind: str = "intx", vectors: int = 1) -> None:
        self.machine = SimMachine(models=[model])
        self.model = model
        self.memory = self.machine.dma
        self.region = model.map_bar(0)
        self.fired: list[tuple[int, str]] = []
        command = model.config_read(COMMAND, 2)
        model.config_write(COMMAND, 2, command | COMMAND_MASTER)
        self.lines = model.allocate_vectors(kind, vectors)  # type: ignore[arg-type]
        for line in self.lines:
            line.connect(self._note_interrupt)
        self._next_free = self.memory.chunks[0].bus_address

    @property
    def line(self) -> InterruptLine:
        return self.lines[0]

    def now_ns(self) -> int:
        return self.machine.clock.now_ns()

    def advance(self, ns: int) -> None:
        self.machine.events.advance_to(self.now_ns() + ns)

    def allocate(self, size: int, data: bytes = b"") -> int:
        """Return the bus address of fresh, aligned DMA memory that begins with ``data``."""
        address = self._next_free
        self._next_free += size + 255 & ~255
        self.memory.write(address, data.ljust(size, b"\0"))
        return address

    def read(self, offset: int, width: int = 4) -> int:
        return self.region.read(offset, width)

    def write(self, offset: int, value: int, width: int = 4) -> None:
        self.region.write(offset, width, value)

    def _note_interrupt(self, line: InterruptLine) -> None:
        self.fired.append((self.now_ns(), line.name))


@pytest.fixture
def rig() -> Callable[..., Rig]:
    return Rig
