"""rwlock(9): who waits for a read/write lock. Called by ``hypercalls/rwlock.c``.

First come, first served: a reader does not overtake a waiting writer; readers that wait behind
one another get the lock together.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rumphost.errors import Misuse

from .hypercall import PARKED, Answer, hypercall
from .lock_order import lock_order
from .lwp import Lwp, Owner
from .service import Service
from .sleep import Labels, check_sleep

if TYPE_CHECKING:
    from .kernel import Kernel

WAITERS = 1  # RUMPHOST_RW_*
WRITE_LOCKED = 4
READER = 16
_FLAGS = READER - 1
_WORD = 8


class RwLocks(Service):
    """Handlers of rwlock(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._memory = kernel.memory
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self._waiters: dict[int, deque[tuple[Lwp, bool]]] = {}
        self._labels = Labels()
        self._order = lock_order(kernel)

    @hypercall
    def rw_enter(self, lwp: Lwp, rwlock: int, writer: int) -> Answer:
        if self._order is not None:
            self._order.in_interrupt(lwp, rwlock, "rw_enter")
        check_sleep(lwp, "rwlock(9): rw_enter", for_lock=True)
        self._emit("rwlock.enter", lwp, rwlock, writer=bool(writer))
        if self._order is not None:
            if not writer:
                self._order.reads(lwp, rwlock)
            self._order.wants(lwp, rwlock)
        if self._take(lwp, rwlock, bool(writer)):
            return 0
        if rwlock in lwp.held():
            raise Misuse("rwlock(9): rw_enter: locking against myself")
        self._scheduler.park(lwp, "tstile")
        self._waiters.setdefault(rwlock, deque()).append((lwp, bool(writer)))
        self._write(rwlock, self._read(rwlock) | WAITERS)
        return PARKED

    @hypercall
    def rw_tryenter(self, lwp: Lwp, rwlock: int, writer: int) -> int:
        taken = self._take(lwp, rwlock, bool(writer))
        self._emit("rwlock.tryenter", lwp, rwlock, writer=bool(writer), taken=taken)
        if taken and self._order is not None:
            self._order.took(lwp, rwlock)
        return int(taken)

    @hypercall
    def rw_exit(self, lwp: Lwp, rwlock: int, was_held: int) -> None:
        word = self._read(rwlock)
        if not was_held or word < READER:
            raise Misuse("rwlock(9): rw_exit of a lock that the lwp does not hold")
        self._emit("rwlock.exit", lwp, rwlock)
        if self._order is not None and rwlock not in lwp.held():
            self._order.left(lwp, rwlock)
        holders = 0 if word & WRITE_LOCKED else (word & ~_FLAGS) - READER
        self._grant(rwlock, holders)

    @hypercall
    def rw_tryupgrade(self, lwp: Lwp, rwlock: int) -> int:
        word = self._read(rwlock)
        if word & WRITE_LOCKED or rwlock not in lwp.held():
            raise Misuse("rwlock(9): rw_tryupgrade of a lock that the lwp does not hold as reader")
        taken = word & ~_FLAGS == READER
        self._emit("rwlock.tryupgrade", lwp, rwlock, taken=taken)
        if taken:
            self._write(rwlock, lwp.address | WRITE_LOCKED | (word & WAITERS))
        return int(taken)

    @hypercall
    def rw_downgrade(self, lwp: Lwp, rwlock: int) -> None:
        if self._read(rwlock) & ~WAITERS != lwp.address | WRITE_LOCKED:
            raise Misuse("rwlock(9): rw_downgrade of a lock that the lwp does not hold as writer")
        self._emit("rwlock.downgrade", lwp, rwlock)
        self._grant(rwlock, READER)

    @hypercall
    def rw_destroy(self, lwp: Lwp, rwlock: int) -> None:
        if self._read(rwlock) != 0:
            raise Misuse("rwlock(9): rw_destroy of a lock that is held")
        self._emit("rwlock.destroy", lwp, rwlock)
        self._labels.forget(rwlock)
        if self._order is not None:
            self._order.gone(rwlock)

    def release(self, owner: Owner) -> None:
        for rwlock, waiters in list(self._waiters.items()):
            alive = deque((lwp, writer) for lwp, writer in waiters if not lwp.gone)
            if alive:
                self._waiters[rwlock] = alive
            else:
                del self._waiters[rwlock]

    def _take(self, lwp: Lwp, rwlock: int, writer: bool) -> bool:
        word = self._read(rwlock)
        if writer and word == 0:
            self._write(rwlock, lwp.address | WRITE_LOCKED)
        elif not writer and not word & (WRITE_LOCKED | WAITERS):
            self._write(rwlock, word + READER)
        else:
            return False
        return True

    def _grant(self, rwlock: int, holders: int) -> None:
        """Let in whom the lock has room for besides ``holders`` (readers, as in the word)."""
        waiters = self._waiters.get(rwlock, deque())
        while waiters:
            lwp, writer = waiters[0]
            if not lwp.gone and writer and holders:
                break
            waiters.popleft()
            if lwp.gone:
                continue
            self._scheduler.wake(lwp)
            if writer:
                holders = lwp.address | WRITE_LOCKED
                break
            holders += READER
        if not waiters:
            self._waiters.pop(rwlock, None)
        self._write(rwlock, holders | (WAITERS if waiters else 0))

    def _read(self, rwlock: int) -> int:
        return self._memory.read_uint(rwlock, _WORD)

    def _write(self, rwlock: int, word: int) -> None:
        self._memory.write_uint(rwlock, _WORD, word)

    def _emit(self, name: str, lwp: Lwp, rwlock: int, **fields: object) -> None:
        if self._trace.on:
            self._trace.emit(name, lwp, rwlock=self._labels.of(rwlock), **fields)
