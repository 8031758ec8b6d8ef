"""Device properties (proplib(3)): what the host gives a device before it attaches.

Called by ``hypercalls/device.c``. What a device has in the end is read with ``read``, on an lwp.
"""

from __future__ import annotations

import plistlib
import struct
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from rumphost.errors import UsageError

from .device import Device
from .hypercall import hypercall
from .lwp import Lwp
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

Value = bool | int | str | bytes

BOOL = 1  # RUMPHOST_PROPERTY_*
NUMBER = 2
STRING = 3
DATA = 4

_FORMAT = "<64sIIQ256s"
_KEY_ROOM = 63
_DATA_ROOM = 256
_READ = "rumphost_device_properties"


class Properties(Service):
    """Handlers of device properties; ``give`` before the device attaches."""

    def __init__(self, kernel: Kernel) -> None:
        self._scheduler = kernel.scheduler
        self._memory = kernel.memory
        self._given: list[tuple[str, str, Value]] = []

    def give(self, pattern: str, key: str, value: Value) -> None:
        """Give devices whose name fits a pattern (``wm0``, ``wm*``) a property from the start."""
        if len(key.encode()) > _KEY_ROOM:
            raise UsageError(f"the property {key} has a name longer than {_KEY_ROOM} bytes")
        if isinstance(value, str | bytes) and len(value) >= _DATA_ROOM:
            raise UsageError(f"the property {key} is longer than {_DATA_ROOM - 1} bytes")
        self._given.append((pattern, key, value))

    def given(self, xname: str) -> dict[str, Value]:
        """Return what a device of that name starts with; what was given last counts."""
        return {key: value for pattern, key, value in self._given if fnmatchcase(xname, pattern)}

    def read(self, device: Device, done: Callable[[dict[str, Any]], None]) -> None:
        """Read all properties of a device; ``done`` gets them."""

        def over(address: int) -> None:
            text = self._memory.c_string(address)
            self._memory.release(address)
            done(plistlib.loads(text.encode(), fmt=plistlib.FMT_XML))

        entry = device.image.symbol(_READ)
        self._scheduler.spawn("properties", entry, (device.address,), image=device.image,
                              mpsafe=False, on_exit=over)  # fmt: skip

    @hypercall
    def property_initial(self, lwp: Lwp, xname: str, index: int, property: int) -> int:
        given = list(self.given(xname).items())
        if not 0 <= index < len(given):
            return 0
        key, value = given[index]
        number, data = 0, b""
        if isinstance(value, bool):
            kind, number = BOOL, int(value)
        elif isinstance(value, int):
            kind, number = NUMBER, value & 0xFFFF_FFFF_FFFF_FFFF
        elif isinstance(value, str):
            kind, data = STRING, value.encode() + b"\0"
        else:
            kind, data = DATA, value
        record = struct.pack(_FORMAT, key.encode(), kind, len(data), number, data)
        self._memory.write(property, record)
        return 1
