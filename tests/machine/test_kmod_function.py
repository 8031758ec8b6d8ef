"""What a function on ``kmod:`` tells when the module refuses; the rest needs the module itself."""

from __future__ import annotations

import errno
import os

import pytest

from rumphost.errors import MachineError
from rumphost.machine.eventfds import EventfdSet
from rumphost.machine.kmod.function import KmodFunction
from rumphost.machine.kmod.node import Node
from rumphost.machine.kmod.uapi import uapi
from rumphost.machine.sysfs import SysfsFunction


class Refusing(Node):
    """A node whose module answers IRQ_SETUP with an error."""

    def __init__(self, flags: int, error: int) -> None:
        self.function = SysfsFunction("0000:00:04.0")
        self.uapi = uapi()
        self.flags = flags
        self.error = error

    def request(self, name, struct="", **fields):
        if name == "IRQ_SETUP":
            raise OSError(self.error, os.strerror(self.error))
        return self.uapi.struct(struct)(**fields, **self.info(name))

    def info(self, name):
        return {"flags": self.flags, "intx_count": 1} if name == "GET_INFO" else {}


@pytest.mark.parametrize(
    ("maskable", "error", "told"),
    [
        (False, errno.EBUSY, "00:04.0: its interrupt line cannot be masked in the function"),
        (True, errno.EBUSY, "0000:00:04.0: interrupts: Device or resource busy"),
        (False, errno.ENODEV, "0000:00:04.0: interrupts: the function is gone"),
    ],
)
def test_interrupts_are_refused(maskable, error, told):
    flags = uapi().constant("INFO_MASKABLE") if maskable else 0
    events = EventfdSet()
    function = KmodFunction(Refusing(flags, error), events)
    with pytest.raises(MachineError, match=told):
        function.allocate_vectors("intx", 1)
    events.close()
