"""The kernel: ties the scheduler, the console, the trace and the services of each page together.

Made by ``rumphost.host``, or by a test with fake fibers; it knows neither C nor NetBSD trees.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, TypeVar

from rumphost.checks import Checks
from rumphost.errors import Unsupported, UsageError
from rumphost.machine import Machine
from rumphost.trace import Trace

from .console import Console
from .findings import Findings
from .hypercall import handlers_of
from .memory import Memory
from .scheduler import FiberFactory, Handler, Scheduler

T = TypeVar("T")


class Kernel:
    """One kernel on one machine.

    ``hypercalls`` maps a hypercall's name without prefix to its number and decoding signature.
    ``seed`` shakes the schedule and seeds ``random``; without one the schedule is plain FIFO.
    ``checks`` are for the services to look at.
    """

    hz = 100

    def __init__(
        self,
        machine: Machine,
        fibers: FiberFactory,
        memory: Memory,
        hypercalls: Mapping[str, tuple[int, Any]],
        *,
        seed: int | None = None,
        checks: Checks | None = None,
    ) -> None:
        self.checks = checks or Checks()
        self.machine = machine
        self.clock = machine.clock
        self.events = machine.events
        self.memory = memory
        self.random = random.Random(0 if seed is None else seed)
        self.trace = Trace(self.events.now_ns)
        self.scheduler = Scheduler(machine, fibers, self.trace)
        if seed is not None:
            self.scheduler.shake(random.Random(seed))
        self._hypercalls = hypercalls
        self._services: dict[type, object] = {}
        self.console = Console(self)
        self.register(self.console)
        self.findings = Findings(self)
        self.register(self.findings)

    def register(self, service: object) -> None:
        """Let ``service`` handle the hypercalls that its methods are marked for."""
        self._services[type(service)] = service
        for name, method in handlers_of(service):
            if name not in self._hypercalls:
                raise UsageError(f"{name} is handled, but hypercall.h does not list it")
            number, signature = self._hypercalls[name]
            self.scheduler.handlers[number] = Handler(name, signature, method)

    def service(self, kind: type[T]) -> T:
        """Return the registered service of a class."""
        found = self._services.get(kind)
        if not isinstance(found, kind):
            raise Unsupported(f"{kind.__name__}: this kernel runs without it")
        return found

    def unhandled(self) -> list[str]:
        """Return the hypercalls that hypercall.h lists and no service handles."""
        handled = {handler.name for handler in self.scheduler.handlers.values()}
        return sorted(set(self._hypercalls) - handled)
