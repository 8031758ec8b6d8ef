"""pci(9): configuration space, base address registers, capabilities, names.

Called by ``hypercalls/pci*.c``. A tag is bus << 16 | device << 11 | function << 8.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from rumphost.machine import PciFunction

from .hypercall import hypercall
from .lwp import Lwp
from .pci_names import class_name, product_name, vendor_name
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

COMMAND = 0x04
STATUS = 0x06
BAR0 = 0x10
CAPABILITY_POINTER = 0x34
EXTENDED_START = 0x100
COMMAND_IO = 0x1
COMMAND_MEMORY = 0x2
STATUS_CAPABILITIES = 0x10
_STEPS = 48  # capabilities that fit into 256 bytes
_EXTENDED_STEPS = 960

TYPE_IO = 0x1
TYPE_64BIT = 0x4
ANY_TYPE = 0xFFFF_FFFF
MAP_PREFETCHABLE = 0x04

VENDOR = 0  # RUMPHOST_PCI_*
PRODUCT = 1
CLASS = 2


def tag_of(function: PciFunction) -> int:
    """Return the tag by which the shim knows a function."""
    address = function.address
    return address.bus << 16 | address.device << 11 | address.function << 8


class Pci(Service):
    """Handlers of pci(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._machine = kernel.machine
        self._memory = kernel.memory
        self._trace = kernel.trace

    def find(self, tag: int) -> PciFunction | None:
        """Return the function of a tag."""
        for function in self._machine.functions:
            if tag_of(function) == tag:
                return function
        return None

    def prepare(self, function: PciFunction) -> None:
        """Let a function answer at its BARs, as firmware leaves it to the kernel."""
        kinds = {bar.is_io for bar in function.bars.values()}
        command = function.config_read(COMMAND, 2)
        wanted = command | (COMMAND_IO if True in kinds else 0)
        wanted |= COMMAND_MEMORY if False in kinds else 0
        if wanted != command:
            function.config_write(COMMAND, 2, wanted)

    def describe(self, function: PciFunction) -> str:
        """Return what it is, in words: vendor, product, class."""
        identity = function.config_read(0, 4)
        class_register = function.config_read(8, 4)
        return product_name(identity) + class_name(class_register)

    # -- configuration space

    @hypercall
    def pci_conf_read(self, lwp: Lwp, tag: int, offset: int) -> int:
        function = self.find(tag)
        if function is None or offset < 0 or offset & 3:
            return 0xFFFF_FFFF
        value = function.config_read(offset, 4)
        if self._trace.on:
            where = str(function.address)
            self._trace.emit("pci.conf_read", lwp, function=where, offset=offset, value=value)
        return value

    @hypercall
    def pci_conf_write(self, lwp: Lwp, tag: int, offset: int, value: int) -> None:
        function = self.find(tag)
        if function is None or offset < 0 or offset & 3:
            return
        value &= 0xFFFF_FFFF
        if self._trace.on:
            where = str(function.address)
            self._trace.emit("pci.conf_write", lwp, function=where, offset=offset, value=value)
        function.config_write(offset, 4, value)

    @hypercall
    def pci_function(self, lwp: Lwp, index: int) -> int:
        functions = self._machine.functions
        return tag_of(functions[index]) if 0 <= index < len(functions) else -1

    # -- capabilities

    @hypercall
    def pci_capability(self, lwp: Lwp, tag: int, id: int, extended: int) -> int:
        function = self.find(tag)
        if function is None:
            return 0
        return self.extended_capability(function, id) if extended else self.capability(function, id)

    def capability(self, function: PciFunction, identity: int) -> int:
        """Return the offset of a capability, or 0."""
        if not function.config_read(STATUS, 2) & STATUS_CAPABILITIES:
            return 0
        offset = function.config_read(CAPABILITY_POINTER, 1) & ~3
        for _ in range(_STEPS):
            if offset < 0x40:
                break
            if function.config_read(offset, 1) == identity:
                return offset
            offset = function.config_read(offset + 1, 1) & ~3
        return 0

    def extended_capability(self, function: PciFunction, identity: int) -> int:
        """Return the offset of an extended capability, or 0."""
        offset = EXTENDED_START
        for _ in range(_EXTENDED_STEPS):
            if offset < EXTENDED_START:
                break
            header = function.config_read(offset, 4)
            if header in (0, 0xFFFF_FFFF):
                break
            if header & 0xFFFF == identity:
                return offset
            offset = header >> 20 & ~3
        return 0

    # -- base address registers

    @hypercall
    def pci_mapreg_info(self, lwp: Lwp, tag: int, reg: int, type: int, information: int) -> int:
        function = self.find(tag)
        index, odd = divmod(reg - BAR0, 4)
        bar = function.bars.get(index) if function is not None and not odd else None
        if bar is None:
            return 1
        if type != ANY_TYPE:
            if bool(type & TYPE_IO) != bar.is_io:
                return 1
            if not bar.is_io and bool(type & TYPE_64BIT) != bar.is_64bit:
                return 1
        flags = MAP_PREFETCHABLE if bar.prefetchable else 0
        self._memory.write(information, struct.pack("<3Q", bar.address, bar.size, flags))
        return 0

    # -- names

    @hypercall
    def pci_name(
        self, lwp: Lwp, what: int, id: int, class_register: int, buffer: int, size: int
    ) -> None:
        if size == 0:
            return
        if what == VENDOR:
            text = vendor_name(id & 0xFFFF)
        elif what == PRODUCT:
            text = product_name(id)
        else:
            text = class_name(class_register)
        self._memory.write(buffer, text.encode()[: size - 1] + b"\0")
