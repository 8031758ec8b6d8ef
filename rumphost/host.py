"""Introduces boundary, kernel and machine to one another, and runs drivers on them.

The Python API begins here::

    async def main():
        async with rumphost.open_host("sim:i82540em") as host:
            (nic,) = await host.attach("if_i8254x")
            ...
            await host.detach(nic)

    rumphost.run(main)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import trio

from .boundary import Boundary, Image
from .build import Builder, Built
from .errors import DriverError, DriverLeak, DriverPanic, Frame, UsageError
from .kernel.autoconf import Autoconf, Device
from .kernel.cpu import Cpu, TrioVirtualClock, trio_clock_is_virtual
from .kernel.firmload import Firmload
from .kernel.kernel import Kernel
from .kernel.leak import Leak
from .kernel.lwp import Lwp, Owner
from .kernel.services import register_all
from .machine import Machine
from .machines import open_machine

T = TypeVar("T")
ClockName = Literal["virtual", "real"]
DETACH_FORCE = 1
DETACH_QUIET = 2
_DETACH_LIMIT_S = 30.0


def run(
    main: Callable[..., Awaitable[T]], *args: Any, clock: ClockName = "virtual"
) -> T:
    """Run an async function with trio on the virtual clock, or on the real one.

    On the virtual clock ``trio.sleep`` and every time-out take no wall time, and runs repeat
    exactly. Ctrl-C arrives at trio's checkpoints only, never inside the kernel.
    """
    return trio.run(
        main,
        *args,
        clock=TrioVirtualClock() if clock == "virtual" else None,
        restrict_keyboard_interrupt_to_checkpoints=True,
    )


@dataclass
class _Call:
    """Somebody waits for an lwp to return."""

    done: trio.Event = field(default_factory=trio.Event)
    result: int = 0
    error: DriverError | None = None


class Host:
    """One kernel on one open machine; made by ``open_host``.

    ``panics`` has every driver's crash so far; ``listeners`` are called with each as it happens.
    """

    def __init__(
        self,
        machine: Machine,
        boundary: Boundary,
        *,
        seed: int | None = None,
        firmware: Sequence[Path] = (),
        builder: Builder | None = None,
    ) -> None:
        self.machine = machine
        self.boundary = boundary
        self.builder = builder or Builder()
        self.kernel = Kernel(
            machine, boundary, boundary.memory, boundary.interface.table(), seed=seed
        )
        register_all(self.kernel)
        self.kernel.service(Firmload).directories[:0] = list(firmware)
        self.autoconf = self.kernel.service(Autoconf)
        self.cpu = Cpu(self.kernel)
        self.panics: list[DriverPanic] = []
        self.listeners: list[Callable[[DriverPanic], None]] = []
        self._images: dict[Path, Image] = {}
        self._calls: dict[int, _Call] = {}
        self._panicked = trio.Event()
        machine.on_outside_event = self.cpu.wake
        self.kernel.scheduler.on_panic = self._on_panic

    @property
    def trace(self) -> Any:
        return self.kernel.trace

    @property
    def console(self) -> Any:
        return self.kernel.console

    @property
    def devices(self) -> list[Device]:
        """All attached devices, in the order of attachment; buses of the host not among them."""
        return [device for device in self.autoconf.devices if device.parent is not None]
