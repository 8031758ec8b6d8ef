"""One PCI function that the kernel module gives us, as the kernel side sees it."""

from __future__ import annotations

import errno

from rumphost.errors import MachineError
from rumphost.machine.eventfds import EventfdLine, EventfdSet
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.pci import Bar, PciFunction, VectorKind
from rumphost.machine.region import Region

from .node import Node
from .region import KmodRegion

COMMAND = 0x04
COMMAND_MASTER = 0x04
BAR0, BAR_END = 0x10, 0x28
ROM = 0x30
INTERRUPT_LINE = 0x3C
LIMITS = {"intx": 1, "msi": 32, "msix": 64}
_KINDS = {"intx": "IRQ_INTX", "msi": "IRQ_MSI", "msix": "IRQ_MSIX"}


class BarRegisters:
    """The BARs in configuration space, which a driver may size but not move: a copy of them."""

    def __init__(self, bars: list[Bar]) -> None:
        self._values = bytearray(BAR_END - BAR0)
        self._masks = bytearray(BAR_END - BAR0)
        for bar in bars:
            at, width = 4 * bar.index, 8 if bar.is_64bit else 4
            flags = int(bar.is_io) | bar.is_64bit << 2 | bar.prefetchable << 3
            everything = (1 << 8 * width) - 1
            mask = -bar.size & everything & (~3 if bar.is_io else ~15)
            value = bar.address & everything | flags
            self._values[at : at + width] = value.to_bytes(width, "little")
            self._masks[at : at + width] = mask.to_bytes(width, "little")

    def read(self, offset: int, width: int) -> int:
        at = offset - BAR0
        return int.from_bytes(self._values[at : at + width], "little")

    def write(self, offset: int, width: int, value: int) -> None:
        for at, byte in enumerate(value.to_bytes(width, "little"), offset - BAR0):
            self._values[at] = self._values[at] & ~self._masks[at] | byte & self._masks[at]


class KmodFunction(PciFunction):
    """Everything goes through ``node``; ``events`` hears of interrupts.

    ``messages`` off: no MSI and MSI-X.
    """

    def __init__(self, node: Node, events: EventfdSet, *, messages: bool = True) -> None:
        self.address = node.function.address
        self._messages = messages
        self.node = node
        self.gone = False
        self._events = events
        self._info = info = node.request("GET_INFO", "info")
        constant = node.uapi.constant
        self.confined = bool(info.flags & constant("INFO_IOMMU"))
        self.bars = {
            index: Bar(
                index,
                bar.size,
                bool(bar.flags & constant("BAR_IO")),
                bool(bar.flags & constant("BAR_64BIT")),
                bool(bar.flags & constant("BAR_PREFETCHABLE")),
                bar.address,
            )
            for index, bar in enumerate(info.bars)
            if bar.size
        }
        self._bar_registers = BarRegisters(list(self.bars.values()))
        self._regions: dict[int, KmodRegion] = {}
        self._lines: dict[str, list[EventfdLine]] = {}

    # -- configuration space

    def config_read(self, offset: int, width: int) -> int:
        if offset >= BAR0 and offset + width <= BAR_END:
            return self._bar_registers.read(offset, width)
        if offset == ROM:
            return 0
        try:
            found = self.node.request("CONFIG_READ", "config", offset=offset, width=width)
        except OSError as error:
            if error.errno in (errno.ENODEV, errno.EINVAL):  # nobody answers
                return (1 << 8 * width) - 1
            raise MachineError(f"{self.address}: configuration: {error.strerror}") from error
        return int(found.value)

    def config_write(self, offset: int, width: int, value: int) -> None:
        """Write; what the kernel keeps for itself stays as it is, as a read-only bit would."""
        if offset >= BAR0 and offset + width <= BAR_END:
            self._bar_registers.write(offset, width, value)
            return
        if offset == COMMAND:
            self._set_master(bool(value & COMMAND_MASTER))
        try:
            self.node.request("CONFIG_WRITE", "config", offset=offset, width=width, value=value)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENODEV, errno.EINVAL):
                raise MachineError(f"{self.address}: configuration: {error.strerror}") from error

    def _set_master(self, on: bool) -> None:
        if not self.gone:
            self.node.demand("bus mastering", "SET_MASTER", "master", on=int(on))

    # -- registers

    def map_bar(self, index: int) -> Region:
        if index not in self.bars:
            raise MachineError(f"{self.address} has no BAR {index}")
        if index not in self._regions:
            self._regions[index] = KmodRegion(self.node, index, self._info.bars[index])
        return self._regions[index]

    # -- interrupts

    def vector_count(self, kind: VectorKind) -> int:
        if kind != "intx" and not self._messages:
            return 0
        return min(int(getattr(self._info, f"{kind}_count")), LIMITS[kind])

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        if kind in self._lines:
            if kind == "intx" and count == 1:
                return list(self._lines[kind])
            raise MachineError(f"{self.address}: {kind} vectors are in use already")
        if not 1 <= count <= self.vector_count(kind):
            raise MachineError(
                f"{self.address}: {count} {kind} vectors: there are {self.vector_count(kind)}"
            )
        for other in list(self._lines):  # one kind at a time
            self.release_vectors(other)  # type: ignore[arg-type]
        self._switch_on(kind, count)
        lines = [self._line(kind, vector) for vector in range(count)]
        self._lines[kind] = lines
        return list(lines)

    def release_vectors(self, kind: VectorKind) -> None:
        lines = self._lines.pop(kind, None)
        if lines is None:
            return
        if not self.gone:
            self.node.demand("interrupts", "IRQ_SETUP", "irq_setup", kind=0, count=0)
        for line in lines:
            self._events.discard(line.fd)
            line.close()

    def _switch_on(self, kind: VectorKind, count: int) -> None:
        number = self.node.uapi.constant(_KINDS[kind])
        shareable = bool(self._info.flags & self.node.uapi.constant("INFO_MASKABLE"))
        try:
            self.node.request("IRQ_SETUP", "irq_setup", kind=number, count=count)
        except OSError as error:
            if error.errno == errno.EBUSY and kind == "intx" and not shareable:
                raise MachineError(
                    f"{self.address}: its interrupt line cannot be masked in the function, and"
                    " another device is on that line: give it a slot of its own, or use MSI"
                ) from None
            raise self.node.failure("interrupts", error) from error

    def _line(self, kind: str, vector: int) -> EventfdLine:
        name = f"{self.address} {kind} {vector}"
        if kind == "intx":
            name = f"irq {self.config_read(INTERRUPT_LINE, 1)}"
        line = EventfdLine(name, level=kind == "intx", unmask=self._unmask)
        self._events.add(line.fd, line.take)
        self.node.demand("interrupts", "IRQ_EVENTFD", "irq_eventfd", vector=vector, fd=line.fd)
        return line

    def _unmask(self) -> None:
        if not self.gone and "intx" in self._lines:
            try:
                self.node.request("IRQ_UNMASK", "irq_vector", vector=0)
            except OSError as error:
                if error.errno != errno.ENODEV:
                    raise

    # -- the end

    def reset(self) -> None:
        """Quiet the function, and reset it where it can be reset."""
        if self.gone:
            return
        for kind in list(self._lines):
            self.release_vectors(kind)  # type: ignore[arg-type]
        self._set_master(False)
        try:
            self.node.request("RESET")
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EAGAIN, errno.ENODEV):
                raise MachineError(f"{self.address}: reset: {error.strerror}") from error

    def close(self) -> None:
        """Give everything back; the module quiets and resets the function."""
        for lines in self._lines.values():
            for line in lines:
                self._events.discard(line.fd)
                line.close()
        self._lines.clear()
        for region in self._regions.values():
            region.close()
        self._regions.clear()
        self.node.close()
