"""The character device of one function, /dev/rumphost/0000:00:03.0, and its requests."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from pathlib import Path
from typing import Any

from rumphost.errors import HostLacks, MachineError, RumphostError, UsageError
from rumphost.machine.sysfs import SysfsFunction

from .uapi import Uapi, uapi

DRIVER = "rumphost"
DIRECTORY = Path("/dev/rumphost")
_NO_DMA = (
    "the kernel module refuses DMA: no IOMMU confines {name} (boot with intel_iommu=on or"
    " amd_iommu=on; or, at your own risk, load the module with unsafe_dma=1 and run as root)"
)


class Node:
    """An open function; ``request`` fills a structure, makes a request and returns it."""

    def __init__(self, function: SysfsFunction) -> None:
        self.function = function
        self.uapi: Uapi = uapi()
        self.path = DIRECTORY / function.name
        try:
            self.fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise self._explain(error) from None
        version = self.request("GET_INFO", "info").api_version
        if version != self.uapi.constant("API_VERSION"):
            os.close(self.fd)
            raise HostLacks(
                f"the loaded kernel module speaks version {version} of its interface, this rumphost"
                f" {self.uapi.constant('API_VERSION')}: build and load the module of this rumphost"
            )

    def request(self, name: str, struct: str = "", **fields: Any) -> Any:
        """Make a request; raises ``OSError``."""
        if not struct:
            fcntl.ioctl(self.fd, self.uapi.request(name), 0)
            return None
        argument = self.uapi.struct(struct)(**fields)
        fcntl.ioctl(self.fd, self.uapi.request(name), argument)
        return argument

    def demand(self, what: str, name: str, struct: str = "", **fields: Any) -> Any:
        """Make a request; raises ``MachineError`` or ``HostLacks`` that tells ``what`` failed."""
        try:
            return self.request(name, struct, **fields)
        except OSError as error:
            raise self.failure(what, error) from error

    def failure(self, what: str, error: OSError) -> RumphostError:
        """Return what to tell people when a request was refused, which was for ``what``."""
        where = f"{self.function.name}: {what}"
        if error.errno == errno.EACCES:
            return HostLacks(_NO_DMA.format(name=self.function.name))
        if error.errno == errno.ENODEV:
            return MachineError(f"{where}: the function is gone")
        if error.errno == errno.ENOMEM:
            return HostLacks(f"{where}: no memory, or more than may be locked (ulimit -l)")
        return MachineError(f"{where}: {error.strerror}")

    def access(self, accesses: Any) -> None:
        """Make an array of register accesses; raises ``OSError``."""
        self.request("ACCESS", "batch", accesses=ctypes.addressof(accesses), count=len(accesses))

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _explain(self, error: OSError) -> Exception:
        name, function = self.function.name, self.function
        if error.errno == errno.EBUSY:
            return MachineError(f"{name} is in use by {self._holder()}")
        if error.errno in (errno.EACCES, errno.EPERM):
            return HostLacks(f"no permission to open {self.path}: be root, or let it be yours")
        if error.errno not in (errno.ENOENT, errno.ENODEV):
            return MachineError(f"cannot open {self.path}: {error.strerror}")
        if not function.exists:
            return UsageError(f"there is no PCI function {name}")
        if not (function.root / "module" / DRIVER).exists():
            return HostLacks("the kernel module rumphost is not loaded: see kmod/README.md")
        if not function.driver:
            return MachineError(f"{name} is not bound to rumphost: run rumphost bind {name}")
        if function.driver != DRIVER:
            return MachineError(
                f"{name} is in use by the kernel driver {function.driver}: run rumphost bind {name}"
            )
        return MachineError(f"cannot open {self.path}: {error.strerror}")

    def _holder(self) -> str:
        attribute = self.function.root / "class/misc" / f"{DRIVER}-{self.function.name}" / "holder"
        try:
            pid, _, command = attribute.read_text().strip().partition(" ")
        except OSError:
            return "another process"
        return f"process {pid} ({command})" if pid else "another process"
