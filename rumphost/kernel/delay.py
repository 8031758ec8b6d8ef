"""delay(9): an lwp keeps the CPU for a time. Called by ``hypercalls/delay.c``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .hypercall import Answer, hypercall
from .lock_order import lock_order
from .lwp import Lwp
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel


class Delay(Service):
    """Handler of delay(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self._order = lock_order(kernel)

    @hypercall
    def delay(self, lwp: Lwp, microseconds: int) -> Answer:
        if self._trace.on:
            self._trace.emit("delay.delay", lwp, microseconds=microseconds)
        if self._order is not None and lwp.spin_count:
            self._order.delayed(lwp, microseconds)
        answer: Answer = self._scheduler.delay(lwp, microseconds * 1000)
        return answer
