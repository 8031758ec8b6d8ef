"""bus_dma(9), strict: every access of a device whose machine asks before it (``sim:``).

Made by ``bus_dma_strict.py``. It finds what the device must not see or touch at the moment that it
tries to: addresses where nothing is loaded any more, or never was, and bytes that no sync gave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rumphost.machine import DmaError, PciAddress

from .autoconf import Autoconf
from .bus_dma_bytes import (
    AWAITED,
    EARLY_READ,
    EARLY_WRITE,
    FILLED,
    LACKS,
    READABLE,
    WRITABLE,
    WRITTEN,
    Sides,
    change,
    differing,
    first_without,
    mixed,
)
from .bus_dma_report import SHOWN, DmaReport, Sites, where_in
from .bus_dma_windows import StrictLoad, Windows
from .lwp import Owner

if TYPE_CHECKING:
    from .kernel import Kernel


class DmaFault(DmaError):
    """An access of the device that nothing answers to; it knows whose fault it is, as far as
    the address tells."""

    def __init__(
        self, what: str, load: StrictLoad | None = None, *, harms: bool, sites: Sites = ()
    ) -> None:
        super().__init__(what)
        self.load = load
        self.harms = harms
        self.sites = sites


class Gate:
    """``DmaGate`` of a machine: answers devices, or raises ``DmaFault``."""

    def __init__(self, kernel: Kernel, report: DmaReport, windows: Windows, both: Sides) -> None:
        self._kernel = kernel
        self._report = report
        self._windows = windows
        self._bytes = both

    def read(self, bus_address: int, size: int) -> bytes:
        """Return what the device sees, or raise ``DmaFault``."""
        load, offset = self._answers(bus_address, size, "read")
        state = bytes(load.state[offset : offset + size])
        at = first_without(state, READABLE)
        if at >= 0 and self._unasked_read(load, offset, state, at) and load.safe:
            self._pass_on_to_device(load, offset, state)
        elif at < 0 and not load.coherent:
            self._check_stale(load, offset, size)
        return self._bytes.device(load, offset, size)

    def write(self, bus_address: int, data: bytes) -> None:
        """Let the device write, or raise ``DmaFault``."""
        load, offset = self._answers(bus_address, len(data), "write")
        end = offset + len(data)
        state = bytes(load.state[offset:end])
        at = first_without(state, WRITABLE)
        if at >= 0 and self._unasked_write(load, offset, state, at) and load.safe:
            self._pass_on_to_driver(load, offset, state, data)
        self._bytes.to_device(load, offset, data)
        change(load.state, offset, end, put=WRITTEN)

    def _answers(self, bus_address: int, size: int, what: str) -> tuple[StrictLoad, int]:
        window = self._windows.find(bus_address)
        access = f"the device {'reads' if what == 'read' else 'writes'} {size} bytes at"
        where = f"{access} bus address {bus_address:#x}"
        harms = what == "write"
        if window is None:
            raise DmaFault(f"{where}, where nothing is loaded", harms=harms)
        load = window.load
        sites: Sites = [("loaded", load.path), ("unloaded", load.unloaded_at)]
        offset = bus_address - window.bus_address
        if not load.live:
            text = f"{where}, {where_in(offset, window.size)} bytes that are unloaded"
            raise DmaFault(text, load, harms=harms, sites=sites)
        if offset < 0 or offset + size > window.size:
            beyond = -offset if offset < 0 else offset + size - window.size
            side = "before the start" if offset < 0 else "beyond the end"
            text = f"{where}, of which {min(beyond, size)} are {side} of {window.size} loaded bytes"
            raise DmaFault(text, load, harms=harms, sites=sites)
        return load, window.at + offset

    def faulted(self, function: PciAddress, error: DmaError) -> None:
        """A device has met a fault; whose it is, the load tells or else the function's driver."""
        if not isinstance(error, DmaFault):
            return
        load = error.load
        owner, image = (load.owner, load.image) if load is not None else self._driver_of(function)
        if owner is None:
            return
        if error.harms:
            self._report.accuse(owner, image, str(error), error.sites)
        else:
            site = self._report.doing(owner)
            self._report.finding(owner, "fault", str(error), site, error.sites)

    def _driver_of(self, function: PciAddress) -> tuple[Owner | None, object]:
        for device in self._kernel.service(Autoconf).devices:
            if device.function is not None and device.function.address == function:
                return device, device.image
        return None, None

    def _unasked_read(self, load: StrictLoad, offset: int, state: bytes, at: int) -> bool:
        """The device reads what no PREWRITE gives it now; False: that may come yet."""
        if load.shared and first_without(state, READABLE | FILLED) < 0:
            change(load.state, offset, offset + len(state), put=EARLY_READ)
            return False
        flags = state[at]
        if flags & FILLED:
            why = "which a POSTWRITE has taken back"
        elif flags & AWAITED:
            why = "which PREREAD gives it to write, no PREWRITE to read"
        else:
            why = "which no PREWRITE gives it"
        sees = self._bytes.device(load, offset, len(state))
        has = self._bytes.driver(load, offset, len(state))
        harm = "this time it is what the driver has there"
        if sees != has:
            harm = f"it sees {_shown(sees, has)}, the driver has {_shown(has, sees)}"
        what = f"the device reads {len(state)} bytes at offset {offset:#x} of {load.size}, {why}"
        self._report.tell(load, "read", f"{what} (byte {offset + at:#x}); {harm}")
        return True

    def _check_stale(self, load: StrictLoad, offset: int, size: int) -> None:
        """The device reads what the driver has changed since it gave it."""
        driver = self._bytes.driver(load, offset, size)
        given = bytes(load.given[offset : offset + size])
        if driver == given:
            return
        changed = differing(driver, given)
        what = (
            f"the device reads {size} bytes at offset {offset:#x} of {load.size}, of which the"
            f" driver has changed {len(changed)} (first byte {offset + changed[0]:#x}) since the"
            " last PREWRITE"
        )
        self._report.tell(load, "stale", what)
        if load.safe:
            self._pass_on_to_device(load, offset, bytes(size))

    def _unasked_write(self, load: StrictLoad, offset: int, state: bytes, at: int) -> bool:
        """The device writes where no PREREAD lets it now; False: that may come yet."""
        size = len(state)
        if load.shared and first_without(state, WRITABLE | AWAITED) < 0:
            change(load.state, offset, offset + size, put=EARLY_WRITE)
            return False
        flags = state[at]
        if flags & AWAITED:
            why = "which a POSTREAD has taken back"
        elif flags & FILLED:
            why = "which PREWRITE gives it to read, no PREREAD to write"
        else:
            why = "which no PREREAD gives it"
        what = f"the device writes {size} bytes at offset {offset:#x} of {load.size}, {why}"
        self._report.tell(load, "write", f"{what} (byte {offset + at:#x})")
        return True

    def _pass_on_to_device(self, load: StrictLoad, offset: int, state: bytes) -> None:
        """That was reported: now let the device see what it would on most machines."""
        device = self._bytes.device(load, offset, len(state))
        driver = self._bytes.driver(load, offset, len(state))
        lacking = state.translate(LACKS[READABLE])
        self._bytes.to_device(load, offset, mixed(device, driver, lacking))

    def _pass_on_to_driver(self, load: StrictLoad, offset: int, state: bytes, data: bytes) -> None:
        """That was reported: now let the driver see what it would on most machines."""
        end = offset + len(data)
        driver = self._bytes.driver(load, offset, len(data))
        lacking = state.translate(LACKS[WRITABLE])
        self._bytes.to_driver(load, offset, mixed(driver, data, lacking))
        given = bytes(load.given[offset:end])
        load.given[offset:end] = mixed(given, data, lacking)


def _shown(some: bytes, other: bytes) -> str:
    """Return the first bytes in which two strings differ, of the one."""
    at = differing(some, other)[0]
    return some[at : at + SHOWN].hex()
