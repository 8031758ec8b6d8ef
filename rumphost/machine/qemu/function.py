"""One PCI function in QEMU, as the kernel sees it."""

from __future__ import annotations

from rumphost.errors import MachineError
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.pci import Bar, PciFunction, VectorKind
from rumphost.machine.region import Region

from . import bus
from .bus import ConfigSpace
from .doorbell import Doorbell
from .intx import IntxLines, line_number
from .messages import (
    CAPABILITY_MSI,
    CAPABILITY_MSIX,
    CAPABILITY_PCIE,
    Messages,
    Msi,
    MsiX,
    find_capabilities,
)
from .quirks import region_type

_DEVICE_CAPABILITIES = 4
_DEVICE_CONTROL = 8
_CAN_RESET = 1 << 28
_RESET = 1 << 15


class QemuFunction(PciFunction):
    """Takes over a function whose BARs are assigned; ``doorbell`` None: no message interrupts."""

    def __init__(
        self, config: ConfigSpace, bars: list[Bar], lines: IntxLines, doorbell: Doorbell | None
    ) -> None:
        self.address = config.address
        self.bars = {bar.index: bar for bar in bars}
        self._config = config
        make = region_type(config.read(0, 4))
        self._regions = {bar.index: make(config.channel, config.address, bar) for bar in bars}
        self._capabilities = find_capabilities(config)
        self._line = self._route(lines)
        self._messages: dict[str, Messages] = {}
        if doorbell is not None:
            self._find_messages(doorbell)
        self._follow_decoding()

    def config_read(self, offset: int, width: int) -> int:
        return self._config.read(offset, width)

    def config_write(self, offset: int, width: int, value: int) -> None:
        """Write and wait until it is done: configuration writes are never posted."""
        self._config.write(offset, width, value)
        if self._may_change_decoding(offset, width):
            self._follow_decoding()
        else:
            self._config.channel.flush()

    def map_bar(self, index: int) -> Region:
        if index not in self._regions:
            raise MachineError(f"{self.address} has no BAR {index}")
        return self._regions[index]

    def vector_count(self, kind: VectorKind) -> int:
        if kind == "intx":
            return int(self._line is not None)
        messages = self._messages.get(kind)
        return messages.count if messages is not None else 0

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        if kind != "intx":
            if kind not in self._messages:
                raise MachineError(f"{self.address} has no {kind} vectors")
            return self._messages[kind].allocate(count)
        if self._line is None or count != 1:
            raise MachineError(
                f"{self.address}: {count} INTx lines: there is {int(bool(self._line))}"
            )
        command = self._config.read(bus.COMMAND, 2)
        self._config.write(bus.COMMAND, 2, command & ~bus.COMMAND_INTX_DISABLE)
        self._config.channel.flush()
        return [self._line]

    def release_vectors(self, kind: VectorKind) -> None:
        """Switch message vectors off; an INTx line may have other users and stays as it is."""
        if kind in self._messages:
            self._messages[kind].release()

    def reset(self) -> None:
        """Reset the function as far as it can: some have no function-level reset.

        Those keep their registers, but neither master the bus nor raise their line; allocating
        INTx allows the line again.
        """
        for messages in self._messages.values():
            messages.release()
        express = self._capabilities.get(CAPABILITY_PCIE)
        if express and self._config.read(express + _DEVICE_CAPABILITIES, 4) & _CAN_RESET:
            control = self._config.read(express + _DEVICE_CONTROL, 2)
            self._config.write(express + _DEVICE_CONTROL, 2, control | _RESET)
        bus.write_bars(self._config, list(self.bars.values()))
        command = self._config.read(bus.COMMAND, 2)
        self._config.write(bus.COMMAND, 2, command | bus.COMMAND_INTX_DISABLE)
        self._note_line()
        self._follow_decoding()

    def _route(self, lines: IntxLines) -> InterruptLine | None:
        self._pin = self._config.read(bus.INTERRUPT_PIN, 1)
        if not self._pin:
            return None
        self._note_line()
        return lines.line(self.address.device, self._pin)

    def _note_line(self) -> None:
        if self._pin:
            number = line_number(self.address.device, self._pin)
            self._config.write(bus.INTERRUPT_LINE, 1, number)

    def _find_messages(self, doorbell: Doorbell) -> None:
        msi = self._capabilities.get(CAPABILITY_MSI)
        if msi is not None:
            self._messages["msi"] = Msi(self._config, msi, doorbell)
        msix = self._capabilities.get(CAPABILITY_MSIX)
        if msix is not None:
            table = self._config.read(msix + 4, 4)
            region = self._regions[table & 7]
            self._messages["msix"] = MsiX(self._config, msix, doorbell, region, table & ~7)

    def _may_change_decoding(self, offset: int, width: int) -> bool:
        express = self._capabilities.get(CAPABILITY_PCIE)
        return (
            offset < bus.COMMAND + 2
            or bus.BAR0 <= offset < bus.BAR0 + 24
            or (express is not None and 0 <= offset + width - express - _DEVICE_CONTROL <= 5)
        )

    def _follow_decoding(self) -> None:
        """Learn which BARs the function answers at: it must decode, and where it was put."""
        command = self._config.read(bus.COMMAND, 2)
        for index, bar in self.bars.items():
            enabled = command & (bus.COMMAND_IO if bar.is_io else bus.COMMAND_MEMORY)
            placed = self._config.read(bus.BAR0 + 4 * index, 4)
            same = placed & (~3 if bar.is_io else ~15) == bar.address & 0xFFFFFFFF
            if same and bar.is_64bit:
                same = self._config.read(bus.BAR0 + 4 * index + 4, 4) == bar.address >> 32
            self._regions[index].decoded = bool(enabled and same)
