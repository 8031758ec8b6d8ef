"""The ``kmod:`` machine: one real PCI function through the kernel module in ``kmod/``.

The host opens it like any machine. Registers are mapped into the process, interrupts come as
eventfds, DMA memory comes from the module.
"""

from __future__ import annotations

import contextlib

from rumphost.errors import MachineError, UsageError
from rumphost.machine.eventfds import EventfdMachine, EventfdSet
from rumphost.machine.sysfs import bound, number, parse, switch

from .dma import MIB, KmodMemory
from .function import KmodFunction
from .node import DRIVER, Node


class KmodMachine(EventfdMachine):
    """``text`` is ``0000:00:03.0``, perhaps with options: ``0000:00:03.0:dma_bits=28``.

    ``dma_bits``: how many address bits the device has (32). ``memory``: MiB of DMA memory (32).
    ``bind=on``: take the function from its driver, and give it back in the end. ``msi=off``: as if
    it had its interrupt line only.
    """

    dma: KmodMemory

    def __init__(self, text: str) -> None:
        super().__init__(f"kmod:{text}")
        if "," in text:
            raise UsageError("kmod: takes one function: its DMA memory is that function's own")
        self._where, options = parse(text)
        self._bits = number(options.pop("dma_bits", "32"), 20, 64, "dma_bits")
        self._memory_size = number(options.pop("memory", "32"), 1, 1024, "memory") * MIB
        self._bind = switch(options.pop("bind", "off"), "bind")
        self._messages = switch(options.pop("msi", "on"), "msi")
        if options:
            raise UsageError(f"kmod:{text}: the options are dma_bits=, memory=, bind=, msi=")
        self._function: KmodFunction | None = None

    async def open(self) -> None:
        if self._wait is not None:
            raise MachineError("the machine is open already")
        own = self._resources
        if self._bind:
            own.enter_context(bound(self._where, DRIVER))
        node = Node(self._where)
        own.callback(node.close)
        self._wait = own.enter_context(contextlib.closing(EventfdSet()))
        function = KmodFunction(node, self._wait, messages=self._messages)
        own.callback(function.close)
        node.demand("DMA mask", "DMA_MASK", "dma_mask", bits=self._bits)
        self.dma = KmodMemory(node, self._memory_size, confined=function.confined)
        own.callback(self.dma.close)
        # Only errors and hang-up are asked for: interrupts come by the eventfds.
        self._wait.add(node.fd, self._gone, 0)
        self._watch_faults(self._where)
        self._function = function
        self.functions = [function]

    def _gone(self) -> bool:
        assert self._wait is not None
        assert self._function is not None
        self._wait.discard(self._function.node.fd)
        self._function.gone = True
        self.functions = [one for one in self.functions if one is not self._function]
        self.on_removed(self._function)
        return True
