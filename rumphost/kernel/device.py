"""autoconf(9): records of devices and attachments, and of what the host has asked for."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, SupportsInt

from rumphost.errors import DriverPanic, UsageError
from rumphost.machine import PciFunction

from .softc import softc_of


class State(enum.Enum):
    """Where a device is in its life."""

    ATTACHING = "attaching"
    ATTACHED = "attached"
    DETACHING = "detaching"
    CRASHED = "crashed"
    GONE = "gone"


@dataclass(frozen=True)
class Attachment:
    """One ``attach DRIVER at ATTRIBUTE with NAME``: addresses of its cfdata and match function."""

    cf: int
    driver: str
    name: str
    attribute: str
    match: int
    image: Any


@dataclass(eq=False)
class Device:
    """One device_t at ``address``, its softc at ``private``; ``number`` books its resources.

    ``function`` is the PCI function that it drives itself; ``parent`` None is a bus of the host's
    own, or a pseudo-device.
    """

    number: int
    xname: str
    driver: str
    unit: int
    image: Any
    parent: Device | None
    address: int
    private: int = 0
    function: PciFunction | None = None
    state: State = State.ATTACHING
    children: list[Device] = field(default_factory=list)
    pending: int = 0

    def __repr__(self) -> str:
        return f"<device {self.xname} {self.state.value}>"

    @property
    def is_bus(self) -> bool:
        """It is the host's own bus, not a driver's device."""
        return self.number == 0

    @property
    def softc(self) -> Any:
        """Its softc by the driver's own names, live: ``device.softc.sc_state``.

        See :mod:`rumphost.view.values`. Raises ``UsageError`` when there is none.
        """
        if self.state is State.GONE:
            raise UsageError(f"{self.xname} is gone, and so is its softc")
        return softc_of(self)

    def view(self, type_: str, address: SupportsInt) -> Any:
        """Return what is at an address, taken for a C type of the driver: ``struct foo``."""
        return self.image.view(type_, address)

    @property
    def top(self) -> Device:
        """The device right below the bus that this one is, or is attached below."""
        device = self
        while device.parent is not None and not device.parent.is_bus:
            device = device.parent
        return device

    def tree(self) -> Iterator[Device]:
        """Yield the device and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.tree()


@dataclass(eq=False)
class Request:
    """Something that takes several steps; ``done`` is called once, when it is over.

    ``error`` is NetBSD's errno, ``panic`` is set instead when the driver crashed on the way.
    """

    what: str
    done: Callable[[Request], None]
    device: Device | None = None
    function: PciFunction | None = None
    flags: int = 0
    error: int = 0
    panic: DriverPanic | None = None
    finished: bool = False

    def finish(self) -> None:
        """Tell whoever asked."""
        if not self.finished:
            self.finished = True
            self.done(self)
