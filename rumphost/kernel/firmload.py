"""firmload(9): firmware images from the host's files. Called by ``hypercalls/firmload.c``.

An image ``name`` of driver ``driver`` is looked for as ``driver/name``, as ``name``, and under the
vendor's own name for it (``VENDOR_NAMES``) in each of ``directories``, in order; ``images`` come
first. The sysctl ``hw.firmware.path`` shows and sets the directories, as in NetBSD.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rumphost.errors import Misuse

from .errno import EINVAL, EIO, ENOENT
from .hypercall import hypercall
from .leak import Leak
from .lwp import Lwp, Owner
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel


DIRECTORIES = (
    Path("/libdata/firmware"),
    Path("/usr/libdata/firmware"),
    Path("/usr/pkg/libdata/firmware"),
    Path("/lib/firmware"),
)

VENDOR_NAMES = ((re.compile(r"iwm-(\d+-\d+)"), r"iwlwifi-\1.ucode"),)
"""Names of NetBSD's drivers, and what the same files are called in packages of the vendor's."""


@dataclass(eq=False)
class Firmware:
    """An open image."""

    name: str
    data: bytes
    owner: Owner | None


class Firmload(Service):
    """Handlers of firmload(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._memory = kernel.memory
        self._trace = kernel.trace
        self._console = kernel.console
        self._open: dict[int, Firmware] = {}
        self._next = 1
        self.directories: list[Path] = list(DIRECTORIES)
        self.images: dict[tuple[str, str], bytes] = {}

    @property
    def path(self) -> str:
        """The directories as hw.firmware.path has them."""
        return ":".join(str(directory) for directory in self.directories)

    @path.setter
    def path(self, text: str) -> None:
        self.directories = [Path(part) for part in text.split(":") if part]

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return what is still open."""
        return [
            Leak("firmload(9)", f"{one.name} is still open")
            for one in self._open.values()
            if one.owner is owner
        ]

    def release(self, owner: Owner) -> None:
        """Close what a device has open."""
        self._open = {key: one for key, one in self._open.items() if one.owner is not owner}

    def find(self, driver: str, name: str) -> Path | None:
        """Return the file of an image."""
        others = [word.sub(other, name) for word, other in VENDOR_NAMES if word.fullmatch(name)]
        for directory in self.directories:
            for path in (directory / driver / name, *(directory / one for one in (name, *others))):
                if path.is_file():
                    return path
        return None

    @hypercall
    def firmware_open(self, lwp: Lwp, driver: str, name: str, handle: int) -> int:
        for part in (driver, name):
            pure = PurePosixPath(part)
            if not part or pure.is_absolute() or ".." in pure.parts:
                return EINVAL
        data = self.images.get((driver, name))
        if data is None:
            path = self.find(driver, name)
            if path is None:
                looked = ", ".join(map(str, self.directories))
                self._emit(lwp, driver, name, f"not found in {looked}")
                return ENOENT
            try:
                data = path.read_bytes()
            except OSError as error:
                self._emit(lwp, driver, name, str(error))
                return EIO
        self._emit(lwp, driver, name, f"{len(data)} bytes")
        number, self._next = self._next, self._next + 1
        self._open[number] = Firmware(f"{driver}/{name}", data, lwp.owner)
        self._memory.write_uint(handle, 8, number)
        return 0

    @hypercall
    def firmware_close(self, lwp: Lwp, handle: int) -> int:
        self._firmware(handle, "firmware_close")
        del self._open[handle]
        return 0

    @hypercall
    def firmware_size(self, lwp: Lwp, handle: int) -> int:
        return len(self._firmware(handle, "firmware_get_size").data)

    @hypercall
    def firmware_read(self, lwp: Lwp, handle: int, offset: int, buffer: int, size: int) -> int:
        firmware = self._firmware(handle, "firmware_read")
        if offset + size > len(firmware.data):
            return EINVAL
        self._memory.write(buffer, firmware.data[offset : offset + size])
        return 0

    def _firmware(self, handle: int, what: str) -> Firmware:
        found = self._open.get(handle)
        if found is None:
            raise Misuse(f"firmload(9): {what} of firmware that is not open")
        return found

    def _emit(self, lwp: Lwp, driver: str, name: str, outcome: str) -> None:
        if self._trace.on:
            self._trace.emit("firmload.open", lwp, image=f"{driver}/{name}", outcome=outcome)
