"""callout(9): functions called at a tick of the clock. Called by ``hypercalls/callout.c``.

They run one after the other at IPL_SOFTCLOCK, on the soft interrupt lwp of their driver.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rumphost.errors import Misuse
from rumphost.machine import Event

from .hypercall import PARKED, Answer, hypercall
from .leak import Leak
from .lock_order import lock_order
from .lwp import IPL_SOFTCLOCK, Lwp, Owner
from .memory import Memory
from .service import Service
from .sleep import Labels, check_sleep, tick_deadline_ns
from .softint import Job, Softints

if TYPE_CHECKING:
    from .kernel import Kernel

PENDING = 0x2  # RUMPHOST_CALLOUT_*
FIRED = 0x4
INVOKING = 0x8
MPSAFE = 0x100
_WORD = 4


@dataclass(eq=False)
class Callout(Job):
    """One callout_t; ``event`` while it waits for its tick, ``queued`` until it is called."""

    address: int = 0
    memory: Memory | None = None
    event: Event | None = None
    queued: bool = False
    runs: Run | None = None

    @property
    def pending(self) -> bool:
        return self.event is not None or self.queued

    def set_state(self, clear: int, add: int) -> None:
        """Change the word that the driver's C reads too."""
        assert self.memory is not None
        state = self.memory.read_uint(self.address, _WORD)
        self.memory.write_uint(self.address, _WORD, (state & ~clear) | add)


@dataclass(eq=False)
class Run(Job):
    """One call of a callout's function, which may schedule or even free the callout meanwhile."""

    callout: Callout | None = None
    waiters: list[Lwp] = field(default_factory=list)
    service: Callouts | None = None

    @property
    def what(self) -> str:
        return "callout(9): a function"

    def begin(self) -> None:
        assert self.callout is not None
        assert self.service is not None
        self.service.begin(self, self.callout)

    def finish(self) -> None:
        assert self.service is not None
        self.service.finish(self)


class Callouts(Service):
    """Handlers of callout(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._scheduler = kernel.scheduler
        self._trace = kernel.trace
        self._order = lock_order(kernel)
        self._callouts: dict[int, Callout] = {}
        self._running: dict[int, Run] = {}
        self._labels = Labels()

    @hypercall
    def callout_init(self, lwp: Lwp, callout: int) -> None:
        old = self._callouts.get(callout)
        if old is not None and old.pending:
            raise Misuse("callout(9): callout_init of a callout that is pending")
        self._labels.forget(callout)
        self._callouts[callout] = self._new(lwp, callout)

    @hypercall
    def callout_schedule(
        self, lwp: Lwp, callout: int, ticks: int, function: int, argument: int, flags: int
    ) -> None:
        record = self._record(lwp, callout)
        self._cancel(record)
        record.entry, record.argument = function, argument
        record.mpsafe = bool(flags & MPSAFE)
        deadline_ns = tick_deadline_ns(self._kernel, ticks)
        record.event = self._kernel.events.at(deadline_ns, lambda: self._due(record))
        record.set_state(FIRED | INVOKING, PENDING)
        if self._trace.on:
            self._trace.emit("callout.schedule", lwp, callout=self._labels.of(callout), ticks=ticks)

    @hypercall
    def callout_stop(self, lwp: Lwp, callout: int) -> None:
        record = self._record(lwp, callout)
        if self._trace.on and record.pending:
            self._trace.emit("callout.stop", lwp, callout=self._labels.of(callout))
        self._cancel(record)
        record.set_state(PENDING | FIRED, 0)

    @hypercall
    def callout_halt(self, lwp: Lwp, callout: int, interlock: int) -> int:
        if lwp.in_interrupt:
            raise Misuse("callout(9): callout_halt in a hard interrupt handler, which may not wait")
        self.callout_stop(lwp, callout)
        entry = self._record(lwp, callout).entry
        if self._order is not None and entry and not self._runs_here(lwp, callout):
            self._order.waits(lwp, "callout(9)", entry, interlock)
        return int(self._runs_elsewhere(lwp, callout))

    @hypercall
    def callout_wait(self, lwp: Lwp, callout: int) -> Answer:
        check_sleep(lwp, "callout(9): callout_halt", for_lock=True)
        if not self._runs_elsewhere(lwp, callout):
            return 0
        self._scheduler.park(lwp, "callout")
        self._running[callout].waiters.append(lwp)
        return PARKED

    @hypercall
    def callout_destroy(self, lwp: Lwp, callout: int) -> None:
        record = self._callouts.get(callout)
        if record is not None and record.pending:
            raise Misuse("callout(9): callout_destroy of a callout that is pending")
        if self._runs_elsewhere(lwp, callout):
            raise Misuse("callout(9): callout_destroy of a callout whose function is running")
        self._callouts.pop(callout, None)
        self._labels.forget(callout)

    def begin(self, run: Run, callout: Callout) -> None:
        """The callout's function is about to be called."""
        callout.queued, callout.runs = False, None
        callout.set_state(PENDING, FIRED | INVOKING)
        self._running[callout.address] = run
        if self._trace.on:
            label = self._labels.of(callout.address)
            self._trace.emit("callout.fire", self._scheduler.current, callout=label)

    def finish(self, run: Run) -> None:
        """The callout's function has returned; the callout itself may be gone."""
        assert run.callout is not None
        self._running.pop(run.callout.address, None)
        for waiter in run.waiters:
            self._scheduler.wake(waiter)

    def pending(self, owner: Owner) -> list[Event]:
        """Return the events that a device's callouts wait for."""
        records = self._callouts.values()
        return [one.event for one in records if one.owner is owner and one.event is not None]

    def leaks(self, owner: Owner) -> list[Leak]:
        return [
            Leak("callout(9)", "a callout is still pending", record.entry + 1)
            for record in self._callouts.values()
            if record.owner is owner and record.pending
        ]

    def release(self, owner: Owner) -> None:
        for address, record in list(self._callouts.items()):
            if record.owner is owner:
                self._cancel(record)
                del self._callouts[address]
        for address, run in list(self._running.items()):
            if run.owner is owner:
                del self._running[address]

    def check_release(self, lwp: Lwp, address: int, size: int) -> None:
        """Memory is about to be released: nothing in it may be pending (``Kmem.on_release``)."""
        for record in self._callouts.values():
            if record.pending and 0 <= record.address - address < size:
                raise Misuse("callout(9): memory is released that a pending callout is in")

    def _new(self, lwp: Lwp, address: int) -> Callout:
        return Callout(
            0, 0, False, lwp.image, lwp.owner, address=address, memory=self._kernel.memory
        )

    def _record(self, lwp: Lwp, address: int) -> Callout:
        record = self._callouts.get(address)
        if record is None:
            record = self._callouts[address] = self._new(lwp, address)
        if record.owner is None:
            record.owner = lwp.owner
        return record

    def _due(self, record: Callout) -> None:
        record.event, record.queued = None, True
        record.runs = Run(
            record.entry,
            record.argument,
            record.mpsafe,
            record.image,
            record.owner,
            callout=record,
            service=self,
        )
        self._kernel.service(Softints).enqueue(record.runs, IPL_SOFTCLOCK)

    def _cancel(self, record: Callout) -> None:
        if record.event is not None:
            record.event.cancel()
            record.event = None
        if record.runs is not None:
            self._kernel.service(Softints).dequeue(record.runs)
            record.queued, record.runs = False, None

    def _runs_here(self, lwp: Lwp, address: int) -> bool:
        run = self._running.get(address)
        return run is not None and self._kernel.service(Softints).runs_on(run) is lwp

    def _runs_elsewhere(self, lwp: Lwp, address: int) -> bool:
        run = self._running.get(address)
        if run is None:
            return False
        runs_on = self._kernel.service(Softints).runs_on(run)
        return runs_on is not None and runs_on is not lwp
