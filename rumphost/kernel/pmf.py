"""pmf(9): which devices can be suspended, and events between drivers. Called by ``pmf.c``.

The layers (class, driver, bus) and their order are the shim's; ``host.py`` suspends, resumes and
shuts down here, each on an lwp of its own. ``done`` gets True when the driver agreed; if it crashes
instead, ``panicked`` calls ``done`` with False.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rumphost.errors import DriverPanic

from .autoconf import Autoconf, Device
from .crash import doomed
from .hypercall import hypercall
from .leak import Leak
from .lwp import Lwp, Owner
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

Done = Callable[[bool], None]

_SUSPEND = "rumphost_pmf_suspend"
_RESUME = "rumphost_pmf_resume"
_SHUTDOWN = "rumphost_pmf_shutdown"


@dataclass(eq=False)
class Registration:
    """A device in power management, and which functions its driver gave."""

    device: int
    suspend: int
    resume: int
    shutdown: int
    owner: Owner | None
    suspended: bool = False


@dataclass(eq=False)
class EventHandler:
    """Calls ``handler(device)`` on an event of the device, or on anybody's when ``everybody``."""

    device: int
    event: int
    handler: int
    everybody: bool
    image: Any
    owner: Owner | None


class Pmf(Service):
    """Handlers of pmf(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._scheduler = kernel.scheduler
        self._memory = kernel.memory
        self._trace = kernel.trace
        self._registered: dict[int, Registration] = {}
        self._events: list[EventHandler] = []
        self._waiting: dict[int, Done] = {}
        self.platform: dict[str, str] = {"system-product": "rumphost", "system-vendor": "rumphost"}

    # -- what the host calls

    def suspend(self, device: Device, done: Done) -> None:
        """Suspend a device and all below it."""
        self._start(device, _SUSPEND, (device.address,), done)

    def resume(self, device: Device, done: Done) -> None:
        """Resume a device and all below it."""
        self._start(device, _RESUME, (device.address,), done)

    def shutdown(self, device: Device, how: int, done: Done) -> None:
        """Let the drivers know that the system goes down; ``how`` are RB_* of reboot(9)."""
        self._start(device, _SHUTDOWN, (device.address, how), done)

    def suspended(self, device: Device) -> bool:
        """Tell whether a device is suspended."""
        found = self._registered.get(device.address)
        return found is not None and found.suspended

    def registered(self, device: Device) -> bool:
        """Tell whether a device takes part in power management."""
        return device.address in self._registered

    def inject(self, event: int, device: Device | None = None) -> int:
        """Let an event happen (pmf_generic_event_t); returns how many handlers there are."""
        return self._inject(device.address if device is not None else 0, event)

    def panicked(self, lwp: Lwp, panic: DriverPanic) -> None:
        """A driver has crashed that may have been suspending."""
        for lid in sorted(doomed(self._kernel, lwp) & self._waiting.keys()):
            self._waiting.pop(lid)(False)

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return handlers of events; a device's own registration goes with it."""
        return [
            Leak("pmf(9)", f"a handler of event {one.event} is still registered", one.handler)
            for one in self._events
            if one.owner is owner
        ]

    def release(self, owner: Owner) -> None:
        """Forget what a device has registered."""
        for address, one in list(self._registered.items()):
            if one.owner is owner:
                del self._registered[address]
        self._events = [one for one in self._events if one.owner is not owner]

    # -- hypercalls

    @hypercall
    def pmf_register(self, lwp: Lwp, dev: int, suspend: int, resume: int, shutdown: int) -> None:
        device = self._kernel.service(Autoconf).by_address(dev)
        owner = device.top if device is not None else lwp.owner
        self._registered[dev] = Registration(dev, suspend, resume, shutdown, owner)

    @hypercall
    def pmf_deregister(self, lwp: Lwp, dev: int) -> None:
        self._registered.pop(dev, None)

    @hypercall
    def pmf_state(self, lwp: Lwp, dev: int, suspended: int) -> None:
        found = self._registered.get(dev)
        if found is not None and suspended >= 0:
            found.suspended = bool(suspended)
        if self._trace.on:
            device = self._kernel.service(Autoconf).by_address(dev)
            name = device.xname if device is not None else ""
            state = {1: "suspended", 0: "resumed"}.get(suspended, "refused")
            self._trace.emit("pmf.state", lwp, device=name, state=state)

    @hypercall
    def pmf_event_register(
        self, lwp: Lwp, dev: int, event: int, handler: int, everybody: int
    ) -> None:
        self._events.append(
            EventHandler(dev, event, handler, bool(everybody), lwp.image, lwp.owner)
        )

    @hypercall
    def pmf_event_deregister(
        self, lwp: Lwp, dev: int, event: int, handler: int, everybody: int
    ) -> None:
        for one in self._events:
            key = (one.device, one.event, one.handler, one.everybody)
            if key == (dev, event, handler, bool(everybody)):
                self._events.remove(one)
                return

    @hypercall
    def pmf_event_inject(self, lwp: Lwp, dev: int, event: int) -> int:
        self._inject(dev, event)
        return 1

    @hypercall
    def pmf_platform(self, lwp: Lwp, key: str, buffer: int, size: int) -> int:
        value = self.platform.get(key)
        if value is None or size == 0:
            return 0
        self._memory.write(buffer, value.encode()[: size - 1] + b"\0")
        return 1

    @hypercall
    def pmf_set_platform(self, lwp: Lwp, key: str, value: str | None) -> None:
        if value is None:
            self.platform.pop(key, None)
        else:
            self.platform[key] = value

    # -- the inner parts

    def _start(self, device: Device, name: str, args: tuple[int, ...], done: Done) -> None:
        def over(result: int) -> None:
            self._waiting.pop(lwp.lid, None)
            done(bool(result & 0xFFFF_FFFF))

        lwp = self._scheduler.spawn(
            "pmf",
            device.image.symbol(name),
            args,
            image=device.image,
            owner=device.top,
            mpsafe=False,
            on_exit=over,
        )
        self._waiting[lwp.lid] = done

    def _inject(self, dev: int, event: int) -> int:
        """Call every handler that the event concerns, each on an lwp of its own."""
        found = [
            one
            for one in self._events
            if one.event == event and (one.everybody or one.device == dev)
        ]
        for one in found:
            self._scheduler.spawn(
                "pmfevent", one.handler, (one.device,), image=one.image, owner=one.owner,
                mpsafe=False,
            )  # fmt: skip
        if self._trace.on:
            self._trace.emit("pmf.event", None, event=event, handlers=len(found))
        return len(found)
