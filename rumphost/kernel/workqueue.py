"""workqueue(9): workers and their queues. Called by ``hypercalls/workqueue.c``."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rumphost.errors import Misuse

from .hypercall import PARKED, Answer, Steps, Upcall, hypercall
from .leak import Leak
from .lock_order import lock_order
from .lwp import IPL_NAMES, IPL_SOFTSERIAL, Lwp, Owner
from .service import Service
from .sleep import check_clean, check_sleep

if TYPE_CHECKING:
    from .kernel import Kernel

MPSAFE = 1  # RUMPHOST_WORKQUEUE_MPSAFE
_FIRST_COOKIE = 0x3071_0000


@dataclass(eq=False)
class Workqueue:
    """One queue and its worker; ``idle`` while the worker waits for work."""

    cookie: int
    name: str
    function: int
    argument: int
    ipl: int
    mpsafe: bool
    owner: Owner | None
    worker: Lwp | None = None
    works: deque[int] = field(default_factory=deque)
    running: int | None = None
    idle: bool = False
    waiters: list[tuple[int, Lwp]] = field(default_factory=list)
    destroyer: Lwp | None = None


class Workqueues(Service):
    """Handlers of workqueue(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self._order = lock_order(kernel)
        self._queues: dict[int, Workqueue] = {}
        self._next_cookie = _FIRST_COOKIE

    @hypercall
    def workqueue_create(
        self,
        lwp: Lwp,
        name: str | None,
        function: int,
        argument: int,
        priority: int,
        ipl: int,
        flags: int,
    ) -> int:
        name = name or "workqueue"
        if lwp.in_interrupt or lwp.in_softint:
            raise Misuse("workqueue(9): workqueue_create in an interrupt handler")
        mpsafe = bool(flags & MPSAFE)
        queue = Workqueue(self._next_cookie, name, function, argument, ipl, mpsafe, lwp.owner)
        self._next_cookie += 16
        self._queues[queue.cookie] = queue
        queue.worker = self._scheduler.spawn(
            name,
            lwp.image.symbol("rumphost_workqueue_thread"),
            (queue.cookie,),
            image=lwp.image,
            owner=lwp.owner,
            mpsafe=mpsafe,
        )
        self._emit("workqueue.create", lwp, queue)
        return queue.cookie

    @hypercall
    def workqueue_enqueue(self, lwp: Lwp, cookie: int, work: int) -> None:
        queue = self._queue(cookie, "workqueue_enqueue")
        self._check_level(lwp, queue)
        if work in queue.works:
            raise Misuse("workqueue(9): workqueue_enqueue of work that is queued already")
        self._emit("workqueue.enqueue", lwp, queue)
        queue.works.append(work)
        self._wake_worker(queue)

    @hypercall
    def workqueue_wait(self, lwp: Lwp, cookie: int, work: int) -> Answer:
        queue = self._queue(cookie, "workqueue_wait")
        check_sleep(lwp, "workqueue(9): workqueue_wait")
        if lwp is queue.worker:
            raise Misuse("workqueue(9): workqueue_wait by the queue's own worker")
        self._waits(lwp, queue)
        if work not in queue.works and work != queue.running:
            return 0
        self._scheduler.park(lwp, "wqwait")
        queue.waiters.append((work, lwp))
        return PARKED

    @hypercall
    def workqueue_destroy(self, lwp: Lwp, cookie: int) -> Answer:
        queue = self._queue(cookie, "workqueue_destroy")
        check_sleep(lwp, "workqueue(9): workqueue_destroy")
        if lwp is queue.worker:
            raise Misuse("workqueue(9): workqueue_destroy by the queue's own worker")
        if queue.works:
            raise Misuse("workqueue(9): workqueue_destroy while work is queued")
        self._waits(lwp, queue)
        self._emit("workqueue.destroy", lwp, queue)
        self._scheduler.park(lwp, "wqdestroy")
        queue.destroyer = lwp
        self._wake_worker(queue)
        return PARKED

    @hypercall
    def workqueue_serve(self, lwp: Lwp, cookie: int) -> Steps:
        """Run what is queued on the worker, until the queue is destroyed."""
        queue = self._queue(cookie, "workqueue_serve")
        lwp.kernel_lock_count = 0
        while queue.works or queue.destroyer is None:
            if queue.works:
                yield from self._run(lwp, queue)
                continue
            queue.idle = True
            self._scheduler.park(lwp, queue.name)
            yield PARKED
        del self._queues[cookie]
        self._scheduler.wake(queue.destroyer)
        return 0

    def leaks(self, owner: Owner) -> list[Leak]:
        return [
            Leak("workqueue(9)", f"workqueue {queue.name} still exists")
            for queue in self._queues.values()
            if queue.owner is owner
        ]

    def release(self, owner: Owner) -> None:
        for cookie, queue in list(self._queues.items()):
            if queue.owner is owner:
                del self._queues[cookie]
                assert queue.worker is not None
                self._scheduler.end(queue.worker)

    def _run(self, lwp: Lwp, queue: Workqueue) -> Any:
        queue.running = queue.works.popleft()
        lwp.kernel_lock_count = 0 if queue.mpsafe else 1
        if self._order is not None:
            self._order.runs(lwp, "workqueue(9)", queue.function)
        yield Upcall(queue.function, (queue.running, queue.argument))
        if self._order is not None:
            self._order.returned(lwp)
        lwp.kernel_lock_count = 0
        check_clean(lwp, f"workqueue(9): the function of {queue.name}")
        done, queue.running = queue.running, None
        if done in queue.works:
            return
        for work, waiter in queue.waiters:
            if work == done:
                self._scheduler.wake(waiter)
        queue.waiters = [(work, waiter) for work, waiter in queue.waiters if work != done]

    def _waits(self, lwp: Lwp, queue: Workqueue) -> None:
        if self._order is not None:
            self._order.waits(lwp, "workqueue(9)", queue.function)

    def _wake_worker(self, queue: Workqueue) -> None:
        if queue.idle and queue.worker is not None:
            queue.idle = False
            self._scheduler.wake(queue.worker)

    def _check_level(self, lwp: Lwp, queue: Workqueue) -> None:
        """What the queue's lock, a mutex of the queue's level, would not allow."""
        call = "workqueue(9): workqueue_enqueue"
        level = IPL_NAMES.get(queue.ipl, queue.ipl)
        if queue.ipl <= IPL_SOFTSERIAL:
            check_sleep(lwp, f"{call} to a queue of IPL {level}", for_lock=True)
        elif lwp.ipl > queue.ipl:
            at = IPL_NAMES.get(lwp.ipl, lwp.ipl)
            raise Misuse(f"{call} at IPL {at} to a queue of IPL {level}")

    def _queue(self, cookie: int, call: str) -> Workqueue:
        queue = self._queues.get(cookie)
        if queue is None or (queue.destroyer is not None and call != "workqueue_serve"):
            raise Misuse(f"workqueue(9): {call} of a workqueue that does not exist, or no longer")
        return queue

    def _emit(self, name: str, lwp: Lwp, queue: Workqueue) -> None:
        if self._trace.on:
            self._trace.emit(name, lwp, workqueue=queue.name)
