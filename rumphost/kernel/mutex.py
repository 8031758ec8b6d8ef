"""mutex(9): who waits for a mutex, and who gets it next. Called by ``hypercalls/mutex.c``.

A mutex is handed on: the word already names the next owner when that lwp wakes.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rumphost.errors import Misuse

from .hypercall import PARKED, Answer, hypercall
from .leak import Leak
from .lock_order import lock_order
from .lwp import Lwp, Owner
from .service import Service
from .sleep import Labels, check_sleep, describe_held, name_of, named

if TYPE_CHECKING:
    from .kernel import Kernel

WAITERS = 1  # RUMPHOST_MUTEX_WAITERS
_WORD = 8


class Mutexes(Service):
    """Handlers of mutex(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._memory = kernel.memory
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self._waiters: dict[int, deque[Lwp]] = {}
        self._granted: dict[int, Lwp] = {}  # by the host; the shim may not have noted it yet
        self._labels = Labels()
        self._order = lock_order(kernel)

    @hypercall
    def mutex_enter(self, lwp: Lwp, mutex: int) -> Answer:
        if self._order is not None:
            self._order.in_interrupt(lwp, mutex, "mutex_enter")
        check_sleep(lwp, "mutex(9): mutex_enter of an adaptive mutex", for_lock=True)
        self._emit("mutex.enter", lwp, mutex)
        word = self._memory.read_uint(mutex, _WORD)
        owner = self._owner(mutex, word) if word else None
        if owner is lwp:
            raise Misuse(f"mutex(9): mutex_enter: locking against myself{named(lwp, mutex)}")
        if self._order is not None:
            self._order.wants(lwp, mutex)
        if word == 0:
            self._grant(mutex, lwp)
            return 0
        if owner is None:
            raise Misuse(
                "mutex(9): mutex_enter of a mutex whose owner has ended, or which was overwritten"
            )
        self._scheduler.park(lwp, "tstile")
        self._waiters.setdefault(mutex, deque()).append(lwp)
        self._memory.write_uint(mutex, _WORD, word | WAITERS)
        return PARKED

    @hypercall
    def mutex_tryenter(self, lwp: Lwp, mutex: int) -> int:
        taken = self._memory.read_uint(mutex, _WORD) == 0
        self._emit("mutex.tryenter", lwp, mutex, taken=taken)
        if taken:
            self._grant(mutex, lwp)
            if self._order is not None:
                self._order.took(lwp, mutex)
        return int(taken)

    @hypercall
    def mutex_exit(self, lwp: Lwp, mutex: int) -> None:
        self._check_owned(lwp, mutex, "mutex_exit")
        self.hand_over(lwp, mutex)

    @hypercall
    def mutex_spin_enter(self, lwp: Lwp, mutex: int, ipl: int, old_ipl: int) -> None:
        word = self._memory.read_uint(mutex, _WORD)
        if word != 0:
            owner = self._owner(mutex, word)
            if owner is lwp:
                where = named(lwp, mutex)
                raise Misuse(f"mutex(9): mutex_spin_enter: locking against myself{where}")
            by = name_of(owner) if owner is not None else "nobody who still runs"
            raise Misuse(
                f"mutex(9): mutex_spin_enter of a spin mutex that is held by {by}: "
                "on one CPU it would spin for ever"
            )
        self._emit("mutex.enter", lwp, mutex, ipl=ipl)
        if self._order is not None:
            self._order.wants(lwp, mutex, old_ipl)
        self._grant(mutex, lwp)

    @hypercall
    def mutex_spin_exit(self, lwp: Lwp, mutex: int) -> None:
        self._check_owned(lwp, mutex, "mutex_spin_exit")
        self._emit("mutex.exit", lwp, mutex)
        if self._order is not None:
            self._order.left(lwp, mutex)
        self._memory.write_uint(mutex, _WORD, 0)

    @hypercall
    def mutex_destroy(self, lwp: Lwp, mutex: int) -> None:
        word = self._memory.read_uint(mutex, _WORD)
        if word != 0:
            owner = self._owner(mutex, word)
            by = name_of(owner) if owner is not None else "an lwp that has ended"
            raise Misuse(f"mutex(9): mutex_destroy of a mutex that is held by {by}")
        self._emit("mutex.destroy", lwp, mutex)
        self._labels.forget(mutex)
        self._granted.pop(mutex, None)
        if self._order is not None:
            self._order.gone(mutex)

    def hand_over(self, lwp: Lwp, mutex: int) -> None:
        """Release a mutex for its owner ``lwp``: to the lwp that has waited longest, or to none."""
        self._emit("mutex.exit", lwp, mutex)
        if self._order is not None:
            self._order.left(lwp, mutex)
        waiters = self._waiters.get(mutex, deque())
        while waiters and waiters[0].gone:
            waiters.popleft()
        following = waiters.popleft() if waiters else None
        if not waiters:
            self._waiters.pop(mutex, None)
        if following is None:
            self._memory.write_uint(mutex, _WORD, 0)
            return
        self._grant(mutex, following, WAITERS if waiters else 0)
        self._scheduler.wake(following)

    def check_return(self, lwp: Lwp) -> None:
        """Check an lwp whose entry point returned (``Scheduler.on_return``)."""
        if lwp.spin_count or lwp.held():
            raise Misuse(f"mutex(9): {name_of(lwp)} ended holding {describe_held(lwp)}")

    def leaks(self, owner: Owner) -> list[Leak]:
        return [
            Leak("mutex(9)", f"{name_of(lwp)} still holds {describe_held(lwp)}")
            for lwp in self._scheduler.lwps.values()
            if lwp.owner is owner and lwp.held()
        ]

    def release(self, owner: Owner) -> None:
        for mutex, waiters in list(self._waiters.items()):
            alive = deque(lwp for lwp in waiters if not lwp.gone)
            if alive:
                self._waiters[mutex] = alive
            else:
                del self._waiters[mutex]

    def _grant(self, mutex: int, lwp: Lwp, flags: int = 0) -> None:
        self._memory.write_uint(mutex, _WORD, lwp.address | flags)
        self._granted[mutex] = lwp

    def _owner(self, mutex: int, word: int) -> Lwp | None:
        """Return who owns the mutex; None when that lwp has ended, wherever its address is now."""
        address = word & ~WAITERS
        for lwp in self._scheduler.lwps.values():
            if lwp.address == address:
                known = self._granted.get(mutex) is lwp or mutex in lwp.held()
                return lwp if known else None
        return None

    def _check_owned(self, lwp: Lwp, mutex: int, call: str) -> None:
        word = self._memory.read_uint(mutex, _WORD)
        if word & ~WAITERS == lwp.address:
            return
        owner = self._owner(mutex, word)
        by = f"{name_of(owner)} holds" if owner is not None else "nobody holds"
        raise Misuse(f"mutex(9): {call} of a mutex that {by}")

    def _emit(self, name: str, lwp: Lwp, mutex: int, **fields: object) -> None:
        if self._trace.on:
            self._trace.emit(name, lwp, mutex=self._labels.of(mutex), **fields)
