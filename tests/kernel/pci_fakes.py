"""A PCI function of plain configuration space, for the tests of the PCI pages and autoconf(9)."""

from __future__ import annotations

from rumphost.errors import MachineError
from rumphost.machine import Bar, InterruptLine, PciAddress, PciFunction, Region, VectorKind
from rumphost.machine.config_space import ConfigSpace

INTEL_82540EM = 0x100E_8086
NETWORK = 0x0200_0003


class FakeFunction(PciFunction):
    """``line`` is its INTx line, which others may share; ``messages`` are counts of MSI, MSI-X."""

    def __init__(
        self,
        device: int = 3,
        *,
        line: InterruptLine | None = None,
        messages: dict[str, int] | None = None,
        size: int = 4096,
    ) -> None:
        self.address = PciAddress(0, device, 0)
        self.bars: dict[int, Bar] = {
            0: Bar(0, 0x2_0000, False, True, True, 0xE000_0000),
            2: Bar(2, 0x40, True, False, False, 0xC000),
        }
        self.config = ConfigSpace(size)
        self.config.define(0x00, 4, INTEL_82540EM)
        self.config.define(0x04, 2, 0, writable=0x7)
        self.config.define(0x08, 4, NETWORK)
        self.config.define(0x3C, 1, 11, writable=0xFF)
        self.line = line
        self.messages = messages or {}
        self.allocated: dict[str, list[InterruptLine]] = {}

    def config_read(self, offset: int, width: int) -> int:
        return self.config.read(offset, width)

    def config_write(self, offset: int, width: int, value: int) -> None:
        self.config.write(offset, width, value)

    def map_bar(self, index: int) -> Region:
        raise MachineError("not mapped in these tests")

    def vector_count(self, kind: VectorKind) -> int:
        return int(self.line is not None) if kind == "intx" else self.messages.get(kind, 0)

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        if count > self.vector_count(kind):
            raise MachineError("not so many")
        if kind == "intx":
            assert self.line is not None
            lines = [self.line]
        else:
            lines = [InterruptLine(f"{kind} {n}", level=False) for n in range(count)]
        self.allocated[kind] = lines
        return lines

    def release_vectors(self, kind: VectorKind) -> None:
        del self.allocated[kind]

    def reset(self) -> None:
        self.config.reset()
