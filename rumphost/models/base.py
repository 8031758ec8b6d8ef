"""What every PCI device model is made of: configuration space, BARs, interrupts, DMA and timers.

Used by the models in this package; ``rumphost/machine/sim.py`` plugs the result into its board. The
rules are those of the PCI Local Bus Specification 3.0 and the PCI Power Management specification.

A model calls, in its ``__init__``: ``add_bar`` for each BAR, then ``add_power_management``,
``add_msi``, ``add_msix``, ``add_express`` as it has them. It implements ``reset_device``. While it
runs it uses ``raise_interrupt`` / ``lower_interrupt``, ``dma_read`` / ``dma_write`` and ``timer``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from rumphost.errors import MachineError
from rumphost.machine.config_space import (
    BAR0,
    CAP_EXPRESS,
    CAP_PM,
    CLASS_REVISION,
    COMMAND,
    COMMAND_INTX_DISABLE,
    COMMAND_IO,
    COMMAND_MASTER,
    COMMAND_MEMORY,
    INTERRUPT_LINE,
    INTERRUPT_PIN,
    STATUS,
    STATUS_INTX,
    STATUS_MASTER_ABORT,
    SUBSYSTEM,
    ConfigSpace,
)
from rumphost.machine.dma import DmaError
from rumphost.machine.events import Event
from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.pci import Bar, PciAddress, VectorKind
from rumphost.machine.region import Region
from rumphost.machine.sim import DOORBELL, SharedLine, SimFunction, SimMachine

from .messages import Messages, Msi, MsiX
from .options import Option

COMMAND_WRITABLE = 0x0547
STATUS_CLEARED_BY_ONE = 0xF900
EXPRESS_RESET = 0x8000
EXPRESS_CAN_RESET = 1 << 28
HEADER_SIZE = 0x40
POWER_D0 = 0


@dataclass(frozen=True)
class Identity:
    """What configuration space says a function is; ``class_code`` has 24 bits."""

    vendor: int
    device: int
    class_code: int
    revision: int = 0
    subsystem_vendor: int = 0
    subsystem: int = 0


class Registers(Protocol):
    """What lies behind a BAR; offsets and widths in bytes."""

    def read(self, offset: int, width: int) -> int: ...

    def write(self, offset: int, width: int, value: int) -> None: ...

    def describe(self, offset: int, value: int | None = None) -> str: ...


class BarRegion(Region):
    """A BAR. While the function does not decode it, reads give all ones and writes are lost."""

    def __init__(
        self,
        index: int,
        registers: Registers,
        size: int,
        *,
        is_io: bool = False,
        is_64bit: bool = False,
        prefetchable: bool = False,
    ) -> None:
        self.name = f"BAR{index}"
        self.index = index
        self.size = size
        self.is_io = is_io
        self.is_64bit = is_64bit
        self.prefetchable = prefetchable
        self._registers = registers
        self.decode(False)

    def decode(self, decoded: bool) -> None:
        """Answer to accesses, or not."""
        self.decoded = decoded
        self._read: Callable[[int, int], int] = self._registers.read if decoded else _all_ones
        self._write: Callable[[int, int, int], Any] = self._registers.write if decoded else _lost

    def read(self, offset: int, width: int) -> int:
        return self._read(offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        self._write(offset, width, value)

    def describe(self, offset: int, value: int | None = None) -> str:
        return self._registers.describe(offset, value)


def _all_ones(_offset: int, width: int) -> int:
    return (1 << 8 * width) - 1


def _lost(_offset: int, _width: int, _value: int) -> None:
    return


class ModelTimer:
    """A timer of a device; ``PciModel.timer`` makes it, reset and unplugging stop it."""

    def __init__(self, model: PciModel, action: Callable[[], Any]) -> None:
        self._model = model
        self._action = action
        self._event: Event | None = None

    @property
    def pending(self) -> bool:
        return self._event is not None and self._event.pending

    def start(self, delay_ns: int) -> None:
        """Expire once, ``delay_ns`` from now, in place of an earlier start."""
        self.cancel()
        self._event = self._model.machine.events.after(delay_ns, self._action)

    def cancel(self) -> None:
        if self._event is not None:
            self._event.cancel()
            self._event = None


class PciModel(SimFunction):
    """A function whose hardware is Python.

    ``notes`` keeps the last things that the device met and that a correct driver does not do.
    """

    IDENTITY: ClassVar[Identity]
    OPTIONS: ClassVar[dict[str, Option]] = {}

    def __init__(self, *, interrupt_pin: int = 1, config_size: int = 256) -> None:
        self.config = ConfigSpace(config_size)
        self.bars: dict[int, Bar] = {}
        self.notes: deque[str] = deque(maxlen=100)
        self.present = False
        self.bus_master = False
        self._regions: dict[int, BarRegion] = {}
        self._messages: dict[str, Messages] = {}
        self._active: Messages | None = None
        self._raised = 0
        self._timers: list[ModelTimer] = []
        self._pin = interrupt_pin
        self._power = 0
        self._express = 0
        self._power_state = POWER_D0
        self._sealed = False
        self._define_header()

    def __repr__(self) -> str:
        where = f" at {self.address}" if self.present else ""
        return f"<{type(self).__name__}{where}>"

    @abstractmethod
    def reset_device(self) -> None:
        """Bring the device's own state to power-on; timers are stopped, interrupts lowered."""

    def device_unplugged(self) -> None:
        """The function has left its slot; timers are stopped already."""

    # What a subclass declares

    def add_bar(
        self,
        index: int,
        registers: Registers,
        size: int,
        *,
        is_io: bool = False,
        is_64bit: bool = False,
        prefetchable: bool = False,
    ) -> None:
        """Implement BAR ``index`` of ``size`` bytes, a power of two."""
        assert size & size - 1 == 0, "the size of a BAR is a power of two"
        assert size >= (4 if is_io else 16), "no BAR is that small"
        region = BarRegion(
            index, registers, size, is_io=is_io, is_64bit=is_64bit, prefetchable=prefetchable
        )
        self._regions[index] = region
        kind = 1 if is_io else is_64bit << 2 | prefetchable << 3
        mask = -size & 0xFFFF_FFFF & ~(3 if is_io else 15)
        self.config.define(BAR0 + 4 * index, 4, kind, writable=mask)
        if is_64bit:
            self.config.define(BAR0 + 4 * index + 4, 4, 0, writable=0xFFFF_FFFF)

    def add_power_management(self) -> None:
        """Add D0 and D3hot; coming back from D3hot resets the function, BARs included.

        Only the capabilities keep their contents: pci_conf_restore(9) brings back the header and no
        more, and message interrupts are to work after a suspend.
        """
        self._power = self.config.add_capability(CAP_PM, 8)
        self.config.define(self._power + 2, 2, 0x0002)
        self.config.define(self._power + 4, 2, 0, writable=0x0103, clear=0x8000)

    def add_msi(self, count: int = 1) -> None:
        """Add MSI with ``count`` vectors."""
        self._messages["msi"] = Msi(self.config, count, self._send_message)

    def add_msix(self, count: int, bar: int) -> None:
        """Add MSI-X with ``count`` vectors, table and pending bits in a 64-bit BAR of their own."""
        messages = MsiX(self.config, count, self._send_message, bar=bar)
        self._messages["msix"] = messages
        self.add_bar(bar, messages, 4096, is_64bit=True)

    def add_express(self) -> None:
        """Add PCI Express: an endpoint of one 2.5 GT/s lane with function-level reset."""
        self._express = self.config.add_capability(CAP_EXPRESS, 0x3C)
        self.config.define(self._express + 2, 2, 0x0002)
        self.config.define(self._express + 4, 4, EXPRESS_CAN_RESET | 0x8000)
        self.config.define(self._express + 8, 2, 0x2810, writable=0x7FFF | EXPRESS_RESET)
        self.config.define(self._express + 10, 2, 0, clear=0x000F)
        self.config.define(self._express + 12, 4, 0x0000_0011)
        self.config.define(self._express + 16, 2, 0, writable=0x01C3)
        self.config.define(self._express + 18, 2, 0x0011)

    @property
    def awake(self) -> bool:
        """Whether the function is in its slot and in power state D0."""
        return self.present and self._power_state == POWER_D0

    def timer(self, action: Callable[[], Any]) -> ModelTimer:
        """Return a new timer, stopped."""
        timer = ModelTimer(self, action)
        self._timers.append(timer)
        return timer

    # What a subclass does while it runs

    def note(self, text: str) -> None:
        """Record what a correct driver does not do."""
        self.notes.append(text)
        self.machine.on_note(self.address, text)

    def raise_interrupt(self, vector: int = 0) -> None:
        """Interrupt in the way that the driver enabled.

        MSI-X or MSI: send the message of ``vector``, on every call. INTx: assert the pin until
        ``lower_interrupt`` has been called for every vector that was raised.
        """
        self._raised |= 1 << vector
        if self._active is not None:
            self._active.send(vector)
        else:
            self._drive_pin()

    def lower_interrupt(self, vector: int = 0) -> None:
        """The reason for ``raise_interrupt`` is gone; only INTx cares."""
        if self._raised & 1 << vector:
            self._raised &= ~(1 << vector)
            self._drive_pin()

    def dma_read(self, address: int, size: int) -> bytes:
        """Read at a bus address.

        Raises ``DmaError`` when bus mastering is off or nothing answers there, with a note made and
        the master abort shown in the status register; what the device does then is its own affair.
        """
        if not self.bus_master:
            raise self._no_bus_master("read", address, size)
        try:
            return self.machine.dma.read(address, size)
        except DmaError as error:
            raise self._master_abort("read", error) from None

    def dma_write(self, address: int, data: bytes) -> None:
        """Write at a bus address; raises as ``dma_read`` does."""
        if not self.bus_master:
            raise self._no_bus_master("write", address, len(data))
        try:
            self.machine.dma.write(address, data)
        except DmaError as error:
            raise self._master_abort("write", error) from None

    # PciFunction

    def config_read(self, offset: int, width: int) -> int:
        return self.config.read(offset, width) if self.present else (1 << 8 * width) - 1

    def config_write(self, offset: int, width: int, value: int) -> None:
        if self.present:
            self.config.write(offset, width, value)
            self._follow_config()

    def map_bar(self, index: int) -> Region:
        if index not in self._regions:
            raise MachineError(f"{self.address} has no BAR {index}")
        return self._regions[index]

    def vector_count(self, kind: VectorKind) -> int:
        if kind == "intx":
            return int(self._pin > 0)
        return self._messages[kind].count if kind in self._messages else 0

    def allocate_vectors(self, kind: VectorKind, count: int) -> list[InterruptLine]:
        if kind != "intx":
            if kind not in self._messages:
                raise MachineError(f"{self.address} has no {kind} vectors")
            lines = self._messages[kind].allocate(count, self.machine.doorbell, str(self.address))
        elif self._pin and count == 1:
            self.config.change(COMMAND, 2, drop=COMMAND_INTX_DISABLE)
            lines = [self._line]
        else:
            raise MachineError(f"{self.address}: {count} INTx lines: it has {int(self._pin > 0)}")
        self._follow_config()
        return lines

    def release_vectors(self, kind: VectorKind) -> None:
        if kind in self._messages:
            self._messages[kind].release(self.machine.doorbell)
            self._follow_config()

    def reset(self) -> None:
        """Reset the function, then put its BARs back where the firmware had put them."""
        if self.present:
            for messages in self._messages.values():
                messages.release(self.machine.doorbell)
            self._reset_function()
            self._configure()

    # SimFunction

    def plugged(self, machine: SimMachine, address: PciAddress, lines: list[SharedLine]) -> None:
        if not self._sealed:
            self.config.seal()
            self._sealed = True
        self.machine = machine
        self.address = address
        self._line = lines[max(self._pin - 1, 0)]
        for index, region in sorted(self._regions.items()):
            region.name = f"{address} BAR{index}"
            window = machine.io_window if region.is_io else machine.memory_window
            self.bars[index] = Bar(
                index,
                region.size,
                region.is_io,
                region.is_64bit,
                region.prefetchable,
                window.take(region.size),
            )
        self.present = True
        self._reset_function()
        self._configure()

    def unplugged(self) -> None:
        for bar in self.bars.values():
            window = self.machine.io_window if bar.is_io else self.machine.memory_window
            window.release(bar.address)
        for messages in self._messages.values():
            messages.release(self.machine.doorbell)
        self.present = False
        self._stop()
        self._follow_config()
        self.bars = {}
        self.device_unplugged()

    # Inside

    def _define_header(self) -> None:
        identity, define = self.IDENTITY, self.config.define
        define(0x00, 4, identity.device << 16 | identity.vendor)
        define(COMMAND, 2, 0, writable=COMMAND_WRITABLE)
        define(STATUS, 2, 0, clear=STATUS_CLEARED_BY_ONE)
        define(CLASS_REVISION, 4, identity.class_code << 8 | identity.revision)
        define(0x0C, 2, 0, writable=0xFFFF)
        define(SUBSYSTEM, 4, identity.subsystem << 16 | identity.subsystem_vendor)
        define(INTERRUPT_LINE, 1, 0xFF, writable=0xFF)
        define(INTERRUPT_PIN, 1, self._pin)

    def _configure(self) -> None:
        """Do what firmware does: BARs, interrupt line, decoding on."""
        for index, bar in self.bars.items():
            self.config.write(BAR0 + 4 * index, 4, bar.address & 0xFFFF_FFFF)
            if bar.is_64bit:
                self.config.write(BAR0 + 4 * index + 4, 4, bar.address >> 32)
        if self._pin:
            self.config.write(INTERRUPT_LINE, 1, self._line.irq)
        self.config.write(COMMAND, 2, COMMAND_IO | COMMAND_MEMORY)
        self._follow_config()

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._raised = 0
        self._line.let_go(self)

    def _reset_function(self, *, header_only: bool = False) -> None:
        self._stop()
        self.config.reset(HEADER_SIZE if header_only else self.config.size)
        for messages in self._messages.values():
            if isinstance(messages, MsiX) and not header_only:
                messages.reset()
        self._power_state = POWER_D0
        self._follow_config()
        self.reset_device()

    def _follow_config(self) -> None:
        """Act on what configuration space says now."""
        if self.present and self._express:
            control = self.config.read(self._express + 8, 2)
            if control & EXPRESS_RESET:
                self._reset_function()
                return
        if self.present and self._power and self._change_power():
            return
        awake = self.awake
        command = self.config.read(COMMAND, 2)
        self.bus_master = awake and bool(command & COMMAND_MASTER)
        for index, region in self._regions.items():
            enabled = command & (COMMAND_IO if region.is_io else COMMAND_MEMORY)
            region.decode(awake and bool(enabled) and self._placed(index))
        enabled_kinds = [kind for kind in self._messages.values() if kind.enabled]
        self._active = enabled_kinds[-1] if enabled_kinds and awake else None
        if isinstance(self._active, MsiX):
            self._active.send_pending()
        self._drive_pin()

    def _change_power(self) -> bool:
        """Follow the power state; return whether coming back to D0 has reset the function."""
        state = self.config.read(self._power + 4, 2) & 3
        woken = self._power_state != POWER_D0 and state == POWER_D0
        self._power_state = state
        if woken:
            self._reset_function(header_only=True)
        return woken

    def _placed(self, index: int) -> bool:
        bar = self.bars[index]
        base = self.config.read(BAR0 + 4 * index, 4) & ~(3 if bar.is_io else 15)
        if bar.is_64bit:
            base |= self.config.read(BAR0 + 4 * index + 4, 4) << 32
        return base == bar.address

    def _drive_pin(self) -> None:
        if not self._pin or not self.present:
            return
        if not self._raised or self._active is not None or not self.awake:
            self.config.change(STATUS, 2, drop=STATUS_INTX)
            self._line.let_go(self)
            return
        self.config.change(STATUS, 2, put=STATUS_INTX)
        if self.config.read(COMMAND, 2) & COMMAND_INTX_DISABLE:
            self._line.let_go(self)
        else:
            self._line.pull(self)

    def _send_message(self, address: int, data: int) -> None:
        if not self.bus_master:
            self.note(f"interrupt message {data:#x} lost: bus mastering is off")
        elif address == DOORBELL:
            if not self.machine.doorbell.write(data):
                self.note(f"interrupt message {data:#x} is nobody's")
        else:
            try:
                self.dma_write(address, data.to_bytes(4, "little"))
            except DmaError:
                return

    def _no_bus_master(self, what: str, address: int, size: int) -> DmaError:
        text = f"DMA {what} of {size} bytes at {address:#x}: bus mastering is off"
        self.note(text)
        return DmaError(text)

    def _master_abort(self, what: str, error: DmaError) -> DmaError:
        self.config.change(STATUS, 2, put=STATUS_MASTER_ABORT)
        self.note(f"DMA {what}: {error}")
        self.machine.on_dma_fault(self.address, error)
        return error
