"""kthread(9): threads that drivers make. Called by ``hypercalls/kthread.c``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rumphost.errors import Misuse

from .hypercall import PARKED, Answer, hypercall
from .leak import Leak
from .lock_order import lock_order
from .lwp import IPL_NAMES, IPL_NONE, Lwp, Owner
from .service import Service
from .sleep import check_sleep, describe_held

if TYPE_CHECKING:
    from .kernel import Kernel

PAGE = "kthread(9)"
MPSAFE = 1  # RUMPHOST_KTHREAD_*
MUSTJOIN = 2


@dataclass(eq=False)
class Thread:
    """One thread, by the address of its struct lwp; kept until it is joined if it must be."""

    lwp: Lwp
    owner: Owner | None
    name: str
    joinable: bool
    function: int
    exited: bool = False
    joiner: Lwp | None = None


class Kthreads(Service):
    """Handlers of kthread(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self._order = lock_order(kernel)
        self._threads: dict[int, Thread] = {}

    @hypercall
    def kthread_create(
        self,
        lwp: Lwp,
        function: int,
        argument: int,
        kernel_lwp: int,
        name: str,
        priority: int,
        flags: int,
    ) -> int:
        if lwp.in_interrupt or lwp.in_softint:
            raise Misuse("kthread(9): kthread_create in an interrupt handler")
        new = self._scheduler.spawn(
            name,
            lwp.image.symbol("rumphost_kthread_start"),
            (function, argument, kernel_lwp),
            image=lwp.image,
            owner=lwp.owner,
            mpsafe=bool(flags & MPSAFE),
        )
        joinable = bool(flags & MUSTJOIN)
        self._threads[kernel_lwp] = Thread(new, lwp.owner, name, joinable, function)
        if self._order is not None:
            self._order.runs(new, PAGE, function)
        if self._trace.on:
            self._trace.emit("kthread.create", lwp, thread=new.lid, thread_name=name)
        return 0

    @hypercall
    def kthread_exit(self, lwp: Lwp, code: int) -> Answer:
        found = [(key, thread) for key, thread in self._threads.items() if thread.lwp is lwp]
        if not found:
            raise Misuse("kthread(9): kthread_exit of an lwp that kthread_create did not make")
        if lwp.spin_count or lwp.held():
            raise Misuse(f"kthread(9): kthread_exit while holding {describe_held(lwp)}")
        if lwp.ipl != IPL_NONE:
            raise Misuse(f"kthread(9): kthread_exit at IPL {IPL_NAMES.get(lwp.ipl, lwp.ipl)}")
        if lwp.kernel_lock_count > (0 if lwp.mpsafe else 1):
            raise Misuse("kthread(9): kthread_exit while holding the kernel lock")
        key, thread = found[0]
        if self._trace.on:
            self._trace.emit("kthread.exit", lwp, code=code)
        thread.exited = True
        if thread.joiner is not None:
            self._scheduler.wake(thread.joiner)
        if thread.joiner is not None or not thread.joinable:
            del self._threads[key]
        if self._order is not None:
            self._order.returned(lwp)
        self._scheduler.end(lwp)
        return PARKED

    @hypercall
    def kthread_join(self, lwp: Lwp, kernel_lwp: int) -> Answer:
        thread = self._threads.get(kernel_lwp)
        check_sleep(lwp, "kthread(9): kthread_join")
        if thread is None or not thread.joinable or thread.joiner is not None:
            raise Misuse(
                "kthread(9): kthread_join of what is no joinable thread, or was joined already"
            )
        if thread.lwp is lwp:
            raise Misuse("kthread(9): kthread_join of the calling thread itself")
        if self._order is not None:
            self._order.waits(lwp, PAGE, thread.function)
        if thread.exited:
            del self._threads[kernel_lwp]
            return 0
        self._scheduler.park(lwp, "kthrwait")
        thread.joiner = lwp
        return PARKED

    def leaks(self, owner: Owner) -> list[Leak]:
        leaks = []
        for thread in self._threads.values():
            if thread.owner is not owner:
                continue
            if thread.exited:
                leaks.append(Leak(PAGE, f"thread {thread.name} exited and was never joined"))
            elif not thread.lwp.gone:
                where = f" (asleep: {thread.lwp.wmesg})" if thread.lwp.wmesg else ""
                leaks.append(Leak(PAGE, f"thread {thread.name} still exists{where}"))
        return leaks

    def release(self, owner: Owner) -> None:
        for key, thread in list(self._threads.items()):
            if thread.owner is owner:
                del self._threads[key]
                self._scheduler.end(thread.lwp)
                if thread.joiner is not None:
                    self._scheduler.wake(thread.joiner)
