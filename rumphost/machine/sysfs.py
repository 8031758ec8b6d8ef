"""PCI functions as Linux's sysfs shows them: finding, describing, binding to a driver.

Used by the ``kmod:`` and ``vfio:`` machines and by ``rumphost bind``. See sysfs-bus-pci in the
kernel's Documentation/ABI.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rumphost.errors import HostLacks, MachineError, UsageError

from .pci import PciAddress

ROOT = Path("/sys")
_ADDRESS = re.compile(r"(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])(?::(.*))?", re.I)


@dataclass(frozen=True)
class SysfsFunction:
    """One function, ``name`` as 0000:00:03.0; it need not exist."""

    name: str
    root: Path = ROOT

    @property
    def path(self) -> Path:
        return self.root / "bus/pci/devices" / self.name

    @property
    def address(self) -> PciAddress:
        _, bus, rest = self.name.split(":")
        device, function = rest.split(".")
        return PciAddress(int(bus, 16), int(device, 16), int(function))

    @property
    def exists(self) -> bool:
        return self.path.exists()

    @property
    def driver(self) -> str:
        """Name of the kernel driver that has the function, or nothing."""
        with suppress(OSError):
            return os.path.basename(os.readlink(self.path / "driver"))
        return ""

    @property
    def driver_override(self) -> str:
        """Name of the only driver that may have the function, or nothing."""
        with suppress(OSError):
            name = (self.path / "driver_override").read_text().strip()
            return "" if name == "(null)" else name
        return ""

    @property
    def iommu_group(self) -> str:
        """Number of the function's IOMMU group, or nothing."""
        with suppress(OSError):
            return os.path.basename(os.readlink(self.path / "iommu_group"))
        return ""

    def group_members(self) -> list[SysfsFunction]:
        """Return all functions of the IOMMU group, this one included."""
        directory = self.path / "iommu_group" / "devices"
        if not directory.exists():
            return []
        return [SysfsFunction(name, self.root) for name in sorted(os.listdir(directory))]

    def number(self, attribute: str) -> int:
        """Return an attribute that holds a number: vendor, device, class, irq …"""
        return int((self.path / attribute).read_text(), 0)

    @property
    def is_bridge(self) -> bool:
        return self.number("class") >> 8 in (0x0604, 0x0609)

    def describe(self) -> str:
        """Return ``0000:00:03.0 8086:100e (e1000)``."""
        ids = f"{self.number('vendor'):04x}:{self.number('device'):04x}"
        return f"{self.name} {ids} ({self.driver or 'no driver'})"


def parse(text: str) -> tuple[SysfsFunction, dict[str, str]]:
    """Return the function and the options of ``0000:00:03.0:bind=on``; raises ``UsageError``."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no PCI address: write it as 0000:00:03.0")
    domain, bus, device, function, rest = found.groups()
    options = {}
    for part in (rest or "").split(":") if rest else []:
        key, equals, value = part.partition("=")
        if not equals or not key:
            raise UsageError(f"{text!r}: {part!r} is no option: write option=value")
        options[key] = value
    return SysfsFunction(f"{domain or '0000'}:{bus}:{device}.{function}".lower()), options


def plain(text: str) -> SysfsFunction:
    """Return the function of an address without options; raises ``UsageError``."""
    function, options = parse(text)
    if options:
        raise UsageError(f"{text!r}: options are for machines: write {function.name}")
    return function


def check_there(function: SysfsFunction) -> None:
    """Raise ``UsageError`` if this computer has no such function."""
    if not function.exists:
        raise UsageError(f"there is no PCI function {function.name}")


def number(text: str, lowest: int, highest: int, what: str) -> int:
    """Return the number that an option's value is; raises ``UsageError``."""
    if not text.isdecimal() or not lowest <= int(text) <= highest:
        raise UsageError(f"{what}={text}: {lowest} to {highest}")
    return int(text)


def switch(text: str, what: str) -> bool:
    """Return whether an option is on; raises ``UsageError``."""
    if text not in ("on", "off"):
        raise UsageError(f"{what}={text}: on or off")
    return text == "on"


def functions(root: Path = ROOT) -> list[SysfsFunction]:
    """Return all PCI functions of this computer."""
    directory = root / "bus/pci/devices"
    if not directory.exists():
        return []
    return [SysfsFunction(name, root) for name in sorted(os.listdir(directory))]


def bind(function: SysfsFunction, driver: str) -> str:
    """Give a function to ``driver``, which must be loaded; returns the name of the one before.

    Raises ``UsageError``, ``HostLacks`` and ``MachineError``; all is as before then.
    """
    check_there(function)
    if not (function.root / "bus/pci/drivers" / driver).exists():
        raise HostLacks(f"the kernel has no driver {driver}: load its module first")
    before, override = function.driver, function.driver_override
    if before == driver:
        return before
    if function.is_bridge:
        raise UsageError(f"{function.name} is a bridge: that is nothing for a process")
    try:
        _write(function.path / "driver_override", driver)
        if before:
            _write(function.path / "driver" / "unbind", function.name)
        _write(function.root / "bus/pci/drivers_probe", function.name)
        if function.driver != driver:
            raise MachineError(
                f"{driver} does not take {function.describe()}: see the kernel's log"
            )
    except MachineError:
        _write(function.path / "driver_override", f"{override}\n")
        if before and not function.driver:
            _write(function.root / "bus/pci/drivers" / before / "bind", function.name)
        raise
    return before


def unbind(function: SysfsFunction, before: str = "") -> None:
    """Take a function from its driver and forget ``driver_override``; then the kernel chooses.

    ``before``: a driver that would not be chosen by itself, such as vfio-pci.
    """
    check_there(function)
    if function.driver:
        _write(function.path / "driver" / "unbind", function.name)
    _write(function.path / "driver_override", "\n")
    _write(function.root / "bus/pci/drivers_probe", function.name)
    if before and function.driver != before:
        bind(function, before)


def user(function: SysfsFunction) -> str:
    """Return who has the function open through rumphost's module or vfio-pci, or nothing.

    To take it away from them would be to unplug it, and vfio-pci waits until they let go.
    """
    if function.driver == "rumphost":
        with suppress(OSError):
            holder = function.root / f"class/misc/rumphost-{function.name}/holder"
            pid, _, command = holder.read_text().strip().partition(" ")
            return f"process {pid} ({command})" if pid else ""
    if function.driver == "vfio-pci":
        try:
            os.close(os.open(f"/dev/vfio/{function.iommu_group}", os.O_RDWR | os.O_CLOEXEC))
        except OSError as error:
            return "another process" if error.errno == errno.EBUSY else ""
    return ""


@contextmanager
def bound(function: SysfsFunction, driver: str) -> Iterator[None]:
    """Have a function bound to ``driver`` meanwhile."""
    had_none_before = not function.driver
    before = bind(function, driver)
    try:
        yield
    finally:
        if before != driver and function.exists:
            if had_none_before:
                _write(function.path / "driver" / "unbind", function.name)
                _write(function.path / "driver_override", "\n")
            else:
                unbind(function, before)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except PermissionError:
        raise HostLacks(f"no permission to write {path}: only root may bind drivers") from None
    except OSError as error:
        raise MachineError(f"{path}: {error.strerror}") from error
