"""Which structure a device's softc is: ``Device.softc`` asks. See autoconf(9) and driver(9).

No NetBSD says it at run time. A device_t knows its attachment, that its attach function and the
softc's size; the attach function's debug information has the structures that it works with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rumphost.errors import UsageError

if TYPE_CHECKING:
    from .device import Device

_SUFFIX = "_softc"


def softc_of(device: Device) -> Any:
    """Return a view of a device's softc; raises ``UsageError`` when it has none, or not any more.

    Where the structure is not clear, say ``device.view("struct foo_softc", device.private)``.
    """
    if not device.private:
        raise UsageError(f"{device.xname} has no softc")
    if device.image.closed:
        raise UsageError(f"{device.xname}: its driver is not loaded any more")
    attachment = device.image.view("struct device", device.address).dv_cfattach
    size = int(attachment.ca_devsize)
    kind = device.image.debug.structure_used_by(int(attachment.ca_attach), size, _SUFFIX)
    return device.image.view(kind, device.private)
