"""The ``vfio:`` machine: one real PCI function through vfio-pci, confined by the IOMMU.

The host opens it like any machine. DMA memory is memory of this process, placed low enough for
devices with few address bits.
"""

from __future__ import annotations

import contextlib

from rumphost.errors import HostLacks, MachineError, UsageError
from rumphost.machine.dma import MappedMemory
from rumphost.machine.eventfds import EventfdLine, EventfdMachine, EventfdSet
from rumphost.machine.sysfs import bound, number, parse, switch

from . import device as vfio
from .device import DRIVER, VfioDevice
from .function import VfioFunction

MIB = 2**20
ARENA = 16 * MIB
"""Bus address of the DMA memory: devices with 28 address bits reach it."""


class VfioMachine(EventfdMachine):
    """``text`` is ``0000:00:03.0``, perhaps with options as the ``kmod:`` machine has them.

    These are ``memory=``, ``bind=`` and ``msi=``.
    """

    dma: MappedMemory

    def __init__(self, text: str) -> None:
        super().__init__(f"vfio:{text}")
        if "," in text:
            raise UsageError("vfio: takes one function")
        self._where, options = parse(text)
        self._memory_size = number(options.pop("memory", "32"), 1, 1024, "memory") * MIB
        self._bind = switch(options.pop("bind", "off"), "bind")
        self._messages = switch(options.pop("msi", "on"), "msi")
        if options:
            raise UsageError(f"vfio:{text}: the options are memory=, bind= and msi=")
        self._function: VfioFunction | None = None

    async def open(self) -> None:
        if self._wait is not None:
            raise MachineError("the machine is open already")
        own = self._resources
        if self._bind:
            own.enter_context(bound(self._where, DRIVER))
        self._wait = own.enter_context(contextlib.closing(EventfdSet()))
        self.dma = MappedMemory(self._memory_size, bus_address=ARENA)
        own.callback(self.dma.close)
        device = VfioDevice(self._where)
        own.callback(device.close)
        (chunk,) = self.dma.chunks
        try:
            device.map_dma(chunk.address, chunk.bus_address, chunk.size)
        except MemoryError:
            raise HostLacks("vfio: more DMA memory than may be locked (ulimit -l)") from None
        except OSError as error:
            raise HostLacks(f"vfio: DMA memory: {error.strerror} (see ulimit -l)") from error
        self._function = VfioFunction(device, self._wait, messages=self._messages)
        own.callback(self._function.close)
        self._watch_removal(device)
        self._watch_faults(self._where)
        self.functions = [self._function]

    def _watch_removal(self, device: VfioDevice) -> None:
        """vfio waits with the removal until the device is closed, and asks for that."""
        if not device.vectors(vfio.IRQ_REQ):
            return
        line = EventfdLine("removal", level=False, unmask=lambda: None)
        self._resources.callback(line.close)
        line.connect(lambda _line: self._asked_to_leave())
        assert self._wait is not None
        self._wait.add(line.fd, line.take)
        device.set_irqs(vfio.IRQ_REQ, vfio.SET_TRIGGER, 0, [line.fd])

    def _asked_to_leave(self) -> None:
        if self._function is not None and not self._function.gone:
            self.functions = [one for one in self.functions if one is not self._function]
            self.on_removed(self._function)
