"""softint(9): the lwps of the soft interrupt levels, and what runs on them.

Called by ``hypercalls/softint.c``; callouts run here too. Each driver instance has an lwp per
level, made when first needed: a handler that has to wait for a lock holds up its own level only,
and a panic in one driver leaves the others theirs. Jobs of one level run one after the other.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rumphost.errors import Misuse

from .hypercall import PARKED, Answer, Steps, Upcall, hypercall
from .leak import Leak
from .lock_order import lock_order
from .lwp import IPL_NAMES, IPL_SOFTCLOCK, IPL_SOFTSERIAL, Kind, Lwp, Owner
from .service import Service
from .sleep import check_clean, check_sleep

if TYPE_CHECKING:
    from .kernel import Kernel

MPSAFE = 1  # RUMPHOST_SOFTINT_MPSAFE
_FIRST_COOKIE = 0x50F7_0000
_LWP_NAMES = {"softclock": "softclk", "softserial": "softser"}


@dataclass(eq=False)
class Job:
    """A C function to be called at a soft interrupt level, in the image and for the owner."""

    entry: int
    argument: int
    mpsafe: bool
    image: Any
    owner: Owner | None

    @property
    def what(self) -> str:
        """Its name in a sentence, from "page(9):" on."""
        return "softint(9): a handler"

    def begin(self) -> None:
        """It is about to be called."""

    def finish(self) -> None:
        """It has returned."""


@dataclass(eq=False)
class Handler(Job):
    """What softint_establish made."""

    level: int = 0
    cookie: int = 0
    pending: bool = False
    waiters: list[Lwp] = field(default_factory=list)

    def begin(self) -> None:
        self.pending = False


@dataclass(eq=False)
class _Level:
    """One level of one driver instance; ``idle`` while its lwp waits for a job."""

    level: int
    jobs: deque[Job] = field(default_factory=deque)
    running: Job | None = None
    lwp: Lwp | None = None
    idle: bool = False


class Softints(Service):
    """Handlers of softint(9), and ``enqueue`` for other pages that run things there."""

    def __init__(self, kernel: Kernel) -> None:
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self._order = lock_order(kernel)
        self._handlers: dict[int, Handler] = {}
        self._levels: dict[tuple[Any, int, int], _Level] = {}
        self._next_cookie = _FIRST_COOKIE

    @hypercall
    def softint_establish(
        self, lwp: Lwp, ipl: int, flags: int, function: int, argument: int
    ) -> int:
        if lwp.in_interrupt or lwp.in_softint:
            raise Misuse("softint(9): softint_establish in an interrupt handler")
        if not IPL_SOFTCLOCK <= ipl <= IPL_SOFTSERIAL:
            raise Misuse(f"softint(9): softint_establish at IPL {IPL_NAMES.get(ipl, ipl)}")
        handler = Handler(function, argument, bool(flags & MPSAFE), lwp.image, lwp.owner)
        handler.level, handler.cookie = ipl, self._next_cookie
        self._next_cookie += 16
        self._handlers[handler.cookie] = handler
        self._emit("softint.establish", lwp, handler)
        return handler.cookie

    @hypercall
    def softint_schedule(self, lwp: Lwp, cookie: int, preemptible: int) -> None:
        handler = self._handler(cookie, "softint_schedule")
        if preemptible and self._order is not None:
            self._order.preemptible(lwp)
        self._emit("softint.schedule", lwp, handler)
        if not handler.pending:
            handler.pending = True
            self.enqueue(handler, handler.level)

    @hypercall
    def softint_disestablish(self, lwp: Lwp, cookie: int) -> Answer:
        handler = self._handler(cookie, "softint_disestablish")
        check_sleep(lwp, "softint(9): softint_disestablish", for_lock=True)
        self._emit("softint.disestablish", lwp, handler)
        runs_on = self.runs_on(handler)
        if runs_on is lwp:
            raise Misuse("softint(9): softint_disestablish by the handler itself")
        if self._order is not None:
            self._order.waits(lwp, "softint(9)", handler.entry)
        self.dequeue(handler)
        del self._handlers[cookie]
        if runs_on is None:
            return 0
        self._scheduler.park(lwp, "softint")
        handler.waiters.append(lwp)
        return PARKED

    @hypercall
    def softint_serve(self, lwp: Lwp, ipl: int) -> Steps:
        """Run what is scheduled for the level whose lwp this is, for ever."""
        level = next(level for level in self._levels.values() if level.lwp is lwp)
        while True:
            if not level.jobs:
                level.idle = True
                self._scheduler.park(lwp, "softint")
                yield PARKED
                level.idle = False
                continue
            job = level.running = level.jobs.popleft()
            job.begin()
            lwp.kernel_lock_count = 0 if job.mpsafe else 1
            if self._order is not None:
                self._order.runs(lwp, job.what.partition(":")[0], job.entry)
            try:
                yield Upcall(job.entry, (job.argument,))
            finally:
                level.running = None
                if self._order is not None:
                    self._order.returned(lwp)
            lwp.kernel_lock_count = 0
            check_clean(lwp, job.what)
            job.finish()
            if isinstance(job, Handler):
                for waiter in job.waiters:
                    self._scheduler.wake(waiter)
                job.waiters.clear()

    def enqueue(self, job: Job, ipl: int) -> None:
        """Have a job run once at the soft interrupt level ``ipl``, after those before it."""
        number = job.owner.number if job.owner is not None else 0
        level = self._levels.setdefault((job.image, number, ipl), _Level(ipl))
        level.jobs.append(job)
        if level.lwp is None or level.lwp.gone:
            level.running, level.idle = None, False
            level.lwp = self._spawn(job, ipl)
        elif level.idle:
            level.idle = False
            self._scheduler.wake(level.lwp)

    def dequeue(self, job: Job) -> None:
        """Take a job off that has not begun; none is fine."""
        for level in self._levels.values():
            if job in level.jobs:
                level.jobs.remove(job)
        if isinstance(job, Handler):
            job.pending = False

    def runs_on(self, job: Job) -> Lwp | None:
        """Return the lwp that runs the job now."""
        return next((v.lwp for v in self._levels.values() if v.running is job), None)

    def leaks(self, owner: Owner) -> list[Leak]:
        return [
            Leak(
                "softint(9)",
                f"a handler at IPL {IPL_NAMES[handler.level]} is still established",
                handler.entry + 1,
            )
            for handler in self._handlers.values()
            if handler.owner is owner
        ]

    def release(self, owner: Owner) -> None:
        for cookie, handler in list(self._handlers.items()):
            if handler.owner is owner:
                del self._handlers[cookie]
        for key, level in list(self._levels.items()):
            if key[1] == owner.number:
                del self._levels[key]
                if level.lwp is not None:
                    self._scheduler.end(level.lwp)

    def _spawn(self, job: Job, ipl: int) -> Lwp:
        level = IPL_NAMES[ipl]
        name = _LWP_NAMES.get(level, level)
        return self._scheduler.spawn(
            f"{name}/{job.owner.xname if job.owner is not None else 0}",
            job.image.symbol("rumphost_softint_thread"),
            (ipl,),
            kind=Kind.SOFTINT,
            ipl=ipl,
            image=job.image,
            owner=job.owner,
        )

    def _handler(self, cookie: int, call: str) -> Handler:
        handler = self._handlers.get(cookie)
        if handler is None:
            raise Misuse(f"softint(9): {call} of a cookie that is not, or no longer, established")
        return handler

    def _emit(self, name: str, lwp: Lwp, handler: Handler) -> None:
        if self._trace.on:
            number = (handler.cookie - _FIRST_COOKIE) // 16
            self._trace.emit(name, lwp, softint=f"#{number}", ipl=IPL_NAMES[handler.level])
