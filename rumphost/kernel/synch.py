"""tsleep(9), wakeup, kpause, yield, ASSERT_SLEEPABLE(9). Called by ``hypercalls/synch.c``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rumphost.errors import Misuse

from .hypercall import PARKED, Answer, hypercall
from .lwp import Lwp, Owner
from .mutex import Mutexes
from .service import Service
from .sleep import Labels, SleepQueues, check_sleep, ticks_left_ns

if TYPE_CHECKING:
    from .kernel import Kernel


class Synch(Service):
    """Handlers of tsleep(9) and its kin."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self._queues = SleepQueues(kernel)
        self._labels = Labels()

    @hypercall
    def tsleep(
        self, lwp: Lwp, ident: int, wmesg: str | None, ticks: int, interruptible: int, mutex: int
    ) -> Answer:
        check_sleep(lwp, "tsleep(9): tsleep")
        if ident == 0:
            raise Misuse("tsleep(9): tsleep on NULL, from which nobody could wake it")
        if self._trace.on:
            channel = self._labels.of(ident)
            self._trace.emit("tsleep.sleep", lwp, channel=channel, wmesg=wmesg, ticks=ticks)
        return self._sleep(lwp, ident, wmesg, ticks, interruptible, mutex)

    @hypercall
    def kpause(
        self, lwp: Lwp, wmesg: str | None, ticks: int, interruptible: int, mutex: int
    ) -> Answer:
        check_sleep(lwp, "kpause(9): kpause")
        if ticks == 0 and not interruptible:
            raise Misuse("kpause(9): kpause without a time-out and not to be interrupted")
        if self._trace.on:
            self._trace.emit("kpause.sleep", lwp, wmesg=wmesg, ticks=ticks)
        return self._sleep(lwp, 0, wmesg, ticks, interruptible, mutex)

    @hypercall
    def wakeup(self, lwp: Lwp, ident: int) -> None:
        self._wake(lwp, ident, None)

    @hypercall
    def wakeup_one(self, lwp: Lwp, ident: int) -> None:
        self._wake(lwp, ident, 1)

    @hypercall
    def assert_sleepable(self, lwp: Lwp) -> None:
        check_sleep(lwp, "ASSERT_SLEEPABLE(9): about to sleep")

    @hypercall
    def preempt(self, lwp: Lwp) -> Answer:
        check_sleep(lwp, "yield(9): yield")
        self._scheduler.park(lwp, "yield")
        self._scheduler.wake(lwp)
        return PARKED

    def interrupt(self, lwp: Lwp) -> bool:
        """End an interruptible sleep with EINTR; False when the lwp is in none."""
        return self._queues.interrupt(lwp)

    def release(self, owner: Owner) -> None:
        self._queues.drop_dead()

    def _sleep(
        self, lwp: Lwp, ident: int, wmesg: str | None, ticks: int, interruptible: int, mutex: int
    ) -> Answer:
        if mutex:
            self._kernel.service(Mutexes).hand_over(lwp, mutex)
        timeout_ns = ticks_left_ns(self._kernel, ticks)
        self._queues.sleep(
            lwp, ident, wmesg or "sleep", timeout_ns, interruptible=bool(interruptible)
        )
        return PARKED

    def _wake(self, lwp: Lwp, ident: int, limit: int | None) -> None:
        woken = self._queues.wake(ident, limit)
        if self._trace.on:
            self._trace.emit("tsleep.wakeup", lwp, channel=self._labels.of(ident), woken=woken)
