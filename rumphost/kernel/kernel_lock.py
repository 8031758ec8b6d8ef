"""KERNEL_LOCK: the big lock, per lwp. Called by ``hypercalls/kernel_lock.c``.

On one CPU it is never contended. An lwp that sleeps lets go of it and has it again when it runs;
an interrupt that comes while its CPU holds it just goes on, as in NetBSD; and a shaken schedule
does not take the CPU from a thread that holds it. So the lock is a count with each lwp, and held
while that lwp is on the CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rumphost.errors import Misuse

from .hypercall import hypercall
from .lock_order import lock_order
from .lwp import Lwp
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel


class KernelLock(Service):
    """Handlers of KERNEL_LOCK and KERNEL_UNLOCK."""

    def __init__(self, kernel: Kernel) -> None:
        self._trace = kernel.trace
        self._order = lock_order(kernel)

    @hypercall
    def kernel_lock(self, lwp: Lwp, count: int) -> None:
        if count < 0:
            raise Misuse("KERNEL_LOCK(9): KERNEL_LOCK with a negative count")
        if self._order is not None and count and not lwp.kernel_lock_count:
            self._order.kernel_lock(lwp)
        lwp.kernel_lock_count += count
        self._emit("kernel_lock.enter", lwp)

    @hypercall
    def kernel_unlock(self, lwp: Lwp, count: int) -> int:
        held = lwp.kernel_lock_count
        if count == 0:
            count = held
        elif count == -1:
            if held != 1:
                raise Misuse(f"KERNEL_LOCK(9): KERNEL_UNLOCK_LAST while it is held {held} times")
            count = 1
        if not 0 <= count <= held:
            raise Misuse("KERNEL_LOCK(9): KERNEL_UNLOCK of a lock that the lwp does not hold")
        lwp.kernel_lock_count = held - count
        self._emit("kernel_lock.exit", lwp)
        return held

    @hypercall
    def kernel_locked(self, lwp: Lwp) -> int:
        return int(lwp.kernel_lock_count > 0)

    def _emit(self, name: str, lwp: Lwp) -> None:
        if self._trace.on:
            self._trace.emit(name, lwp, count=lwp.kernel_lock_count)
