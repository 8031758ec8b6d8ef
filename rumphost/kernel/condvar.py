"""condvar(9): who waits on a condition variable. Called by ``hypercalls/condvar.c``."""

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

_WORD = 8


class CondVars(Service):
    """Handlers of condvar(9).

    The variable's first word counts its waiters, or is the address of the only one, which then
    another lwp may wake by handover.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._trace = kernel.trace
        memory = kernel.memory
        self._queues = SleepQueues(kernel, lambda cv, count: memory.write_uint(cv, _WORD, count))
        self._labels = Labels()
        kernel.scheduler.sleepers = self._queues

    @hypercall
    def cv_wait(
        self,
        lwp: Lwp,
        cv: int,
        mutex: int,
        wmesg: str,
        ticks: int,
        duration_ns: int,
        interruptible: int,
    ) -> Answer:
        # A thread may wait at a raised IPL (drivers do, inside splnet): it is the thread's own,
        # so others run at theirs meanwhile.
        check_sleep(lwp, "condvar(9): cv_wait")
        if self._trace.on:
            cv_label = self._labels.of(cv)
            self._trace.emit("condvar.wait", lwp, cv=cv_label, wmesg=wmesg, ticks=ticks)
        if mutex:
            self._kernel.service(Mutexes).hand_over(lwp, mutex)
        timeout_ns = ticks_left_ns(self._kernel, ticks) or duration_ns or None
        self._queues.sleep(lwp, cv, wmesg, timeout_ns, interruptible=bool(interruptible))
        return PARKED

    @hypercall
    def cv_signal(self, lwp: Lwp, cv: int) -> None:
        self._emit("condvar.signal", lwp, cv, self._queues.wake(cv, 1))

    @hypercall
    def cv_broadcast(self, lwp: Lwp, cv: int) -> None:
        self._emit("condvar.broadcast", lwp, cv, self._queues.wake(cv))

    @hypercall
    def cv_destroy(self, lwp: Lwp, cv: int) -> None:
        names = ", ".join(other.name for other in self._queues.sleepers(cv))
        raise Misuse(f"condvar(9): cv_destroy while lwps wait on it: {names or 'unknown ones'}")

    def interrupt(self, lwp: Lwp) -> bool:
        """End an interruptible wait with EINTR; False when the lwp is in none."""
        return self._queues.interrupt(lwp)

    def release(self, owner: Owner) -> None:
        self._queues.drop_dead()

    def _emit(self, name: str, lwp: Lwp, cv: int, woken: int) -> None:
        if self._trace.on:
            self._trace.emit(name, lwp, cv=self._labels.of(cv), woken=woken)
