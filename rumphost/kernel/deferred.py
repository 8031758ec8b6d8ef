"""autoconf(9): work that drivers put off while they attach. Called by ``autoconf.py``.

config_defer(9) functions run at the end of their parent's attach, on the same lwp. The others run
on a thread of their own, one after the other, once the device has attached: config_interrupts(9),
then config_mountroot(9), then config_finalize_register(9) until each answers 0. The attachment
is over when they have returned and nothing is pending (config_pending_incr(9)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .console import Level
from .device import Device, Request, State

if TYPE_CHECKING:
    from .kernel import Kernel

PARENT = 0  # RUMPHOST_DEFER_*
INTERRUPTS = 1
MOUNTROOT = 2
FINALIZE = 3

_THREADS = {INTERRUPTS: "configintr", MOUNTROOT: "configroot", FINALIZE: "configfinal"}
_FINALIZE_LIMIT = 100

Spawn = Callable[..., Any]


@dataclass(eq=False)
class Deferred:
    """Call ``function`` with ``device`` at a stage; ``calls`` made so far."""

    device: Device
    function: int
    stage: int
    calls: int = 0


class DeferredWork:
    """What is put off, of all devices. ``spawn`` is ``Autoconf._spawn``."""

    def __init__(self, kernel: Kernel, spawn: Spawn, settle: Callable[[Request], None]) -> None:
        self._trace = kernel.trace
        self._console = kernel.console
        self._spawn = spawn
        self._settle = settle
        self._work: list[Deferred] = []
        self._running: dict[Device, Request | None] = {}

    def add(self, work: Deferred) -> None:
        """Note it; what comes when the attachment is over starts at once."""
        self._work.append(work)
        top = work.device.top
        attaching = any(device.state is State.ATTACHING for device in top.tree())
        if work.stage == PARENT and not attaching:
            work.stage = INTERRUPTS
        if not attaching and top not in self._running:
            self.start(None, top)

    def take_for(self, device: Device) -> Deferred | None:
        """Return, and remove, a config_defer(9) function whose time is now."""
        for work in self._work:
            parent = work.device.parent
            on_bus = parent is None or parent.is_bus
            if work.stage == PARENT and (work.device if on_bus else parent) is device:
                self._work.remove(work)
                return work
        return None

    def start(self, request: Request | None, top: Device) -> None:
        """The device has attached: do its work, then settle the request."""
        self._running[top] = request
        self._next(top)

    def drop(self, device: Device) -> None:
        """The device goes."""
        self._work = [
            work
            for work in self._work
            if work.device is not device and work.device.top is not device
        ]
        request = self.abandon(device)
        if request is not None:
            self._settle(request)

    def abandon(self, top: Device) -> Request | None:
        """Return the request that waits for a device's work, which is not done any more."""
        return self._running.pop(top, None)

    def pending_changed(self, device: Device) -> None:
        """A device's count of what is waited for has changed."""
        top = device.top
        if device.pending == 0 and top in self._running:
            self._check(top)

    def _mine(self, top: Device) -> list[Deferred]:
        mine = [one for one in self._work if one.device.top is top and one.stage != PARENT]
        return sorted(mine, key=lambda one: one.stage)

    def _next(self, top: Device) -> None:
        mine = self._mine(top)
        if not mine:
            self._check(top)
            return
        work = mine[0]
        self._work.remove(work)
        work.calls += 1
        if self._trace.on:
            self._trace.emit("autoconf.deferred", None, device=work.device.xname, stage=work.stage)

        def over(result: int) -> None:
            if work.stage == FINALIZE and result & 0xFFFF_FFFF:
                if work.calls < _FINALIZE_LIMIT:
                    self._work.append(work)
                else:
                    self._console.write_line(
                        f"{work.device.xname}: its finalizer has answered {work.calls} times that"
                        " there is more to do; it is not called again",
                        Level.ERROR,
                    )
            if top in self._running:
                self._next(top)

        self._spawn(
            self._running.get(top),
            _THREADS[work.stage],
            work.device.image,
            work.function,
            (work.device.address,),
            over,
            top,
        )

    def _check(self, top: Device) -> None:
        """End the request if nothing is left to wait for."""
        if self._mine(top) or any(device.pending for device in top.tree()):
            return
        request = self._running.pop(top, None)
        if request is not None:
            self._settle(request)
