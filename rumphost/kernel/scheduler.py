"""The virtual CPU: runs lwps, takes their hypercalls, delivers interrupts.

One lwp runs at a time and keeps the CPU between hypercalls. Order is our own: the run queue's,
never trio's. With a seed the schedule is shaken: at any hypercall another thread may get the CPU
and a pending interrupt may come a few hypercalls later, the same way for the same seed; on a
virtual clock hypercalls then take time, while otherwise it stands still as long as lwps run.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import GeneratorType
from typing import Any, Protocol

from rumphost.errors import DriverPanic, Misuse, Unsupported
from rumphost.machine import Machine, VirtualClock
from rumphost.trace import Trace

from .errno import EWOULDBLOCK
from .hypercall import PARKED, Answer, Upcall
from .lwp import MOVED, Exit, Fiber, Kind, Lwp, Owner
from .runqueue import RunQueue

_SLICE_NS = 2_000_000  # then other trio tasks have their turn
_SLICE_TURNS = 10_000
_RUN_EXITS = 512  # hypercalls of one lwp until the slice is looked at
_HANDOVERS = 1024  # from lwp to lwp without us, until then
_SHAKE_SWITCH = 0.25
_SHAKE_HOLD = 4
_SHAKE_PASS = 0.25
_SHAKE_PASS_NS = 20_000


class FiberFactory(Protocol):
    """The boundary, as far as the scheduler needs it."""

    pending_ipl: int

    def create(
        self, image: Any, name: str, lid: int, kind: str, ipl: int, entry: int, args: Sequence[int]
    ) -> Fiber:
        """Return a fiber that will call ``entry(*args)`` in ``image``."""

    def set_clock(self, now_ns: int, handovers: int = 0) -> None:
        """Let the driver's clock variables follow the machine's time.

        Before Python's next turn lwps may hand the CPU over to one another so often.
        """

    def handed_over(self) -> list[tuple[int, str, int, str]]:
        """Return lid, state, what it sleeps on and wait message of each lwp that moved so.

        Those asleep and the one that ran last come before the runnable ones, which come in the
        order of their waking.
        """


class Sleepers(Protocol):
    """The queues of the lwps that sleep where handover finds them."""

    def note(self, lwp: Lwp, address: int) -> None:
        """An lwp sleeps there now."""

    def forget(self, lwp: Lwp) -> None:
        """An lwp sleeps no more."""


class InterruptSource(Protocol):
    """What the scheduler delivers once the CPU's IPL allows it."""

    ipl: int
    name: str

    def deliver(self) -> None:
        """Spawn the interrupt's lwp. Called with the source no longer pending."""


@dataclass(frozen=True)
class Handler:
    """A registered hypercall: name without prefix, decoding signature, bound method."""

    name: str
    signature: Any
    method: Callable[..., Answer]


@dataclass(frozen=True)
class Pause:
    """Why ``run_some`` stopped: out of work, out of its slice, or an lwp that busy-waits."""

    more: bool = False
    busy_until_ns: int | None = None


class Scheduler:
    """Owns every lwp. Nothing in it awaits; ``kernel/cpu.py`` drives it from a trio task."""

    def __init__(self, machine: Machine, fibers: FiberFactory, trace: Trace) -> None:
        self.machine = machine
        self.current: Lwp | None = None
        self.lwps: dict[int, Lwp] = {}
        self.runs = 0
        """How often an lwp has been given the CPU."""
        self.handlers: dict[int, Handler] = {}
        self.on_panic: Callable[[Lwp, DriverPanic], None] = lambda _lwp, error: _raise(error)
        self.on_return: Callable[[Lwp], None] = lambda _lwp: None
        self.explain: Callable[[Lwp, int], DriverPanic | None] = lambda _lwp, _exit: None
        self.before_sleep: Callable[[Lwp], None] = lambda _lwp: None
        self.on_outside_work: Callable[[], None] = lambda: None
        self.sleepers: Sleepers | None = None
        self._fibers = fibers
        self._trace = trace
        self._events = machine.events
        self._queue = RunQueue()
        self._posts: deque[Callable[[], Any]] = deque()
        self._pending: list[InterruptSource] = []
        self._fibers.pending_ipl = self._pending_ipl = -1
        self._held_back: dict[int, int] = {}
        self._next_lid = 1
        self._random: random.Random | None = None
        self._gives_way = False

    # -- what services call

    def shake(self, source: random.Random) -> None:
        """Let ``source`` decide which thread runs, and when interrupts come, from now on."""
        self._random = source

    def spawn(
        self,
        name: str,
        entry: int,
        args: Sequence[int] = (),
        *,
        kind: Kind = Kind.THREAD,
        ipl: int = 0,
        image: Any = None,
        owner: Owner | None = None,
        mpsafe: bool = True,
        on_exit: Callable[[int], None] | None = None,
        rests: str = "",
    ) -> Lwp:
        """Make an lwp that calls the C function ``entry`` and is runnable at once.

        ``ipl`` is the level it starts at and returns to, and its priority. ``on_exit`` gets the
        function's result, 64 bits unsigned; it is not called for an lwp that panicked. With a
        wait message ``rests`` the lwp does not end then, but sleeps until ``again``.
        """
        lid, self._next_lid = self._next_lid, self._next_lid + 1
        fiber = self._fibers.create(image, name, lid, kind.value, ipl, entry, args)
        lwp = Lwp(
            lid, name, fiber, kind,
            image=image, owner=owner, on_exit=on_exit, mpsafe=mpsafe, rests=rests,
        )  # fmt: skip
        self.lwps[lid] = lwp
        if self._trace.on:
            self._trace.emit("lwp.create", lwp, kind=kind.name.lower())
        self._queue.push(lwp)
        self.on_outside_work()
        return lwp

    def park(
        self,
        lwp: Lwp,
        wmesg: str,
        *,
        timeout_ns: int | None = None,
        on_timeout: Callable[[Lwp], int] | None = None,
    ) -> None:
        """Take the calling lwp off the CPU until ``wake``; its handler answers ``PARKED``.

        After ``timeout_ns`` it wakes by itself with ``on_timeout``'s result, or EWOULDBLOCK.
        """
        self.before_sleep(lwp)
        lwp.state, lwp.wmesg = "S", wmesg
        lwp.fiber.set_state("S", wmesg)
        if self._trace.on:
            self._trace.emit("lwp.sleep", lwp, wmesg=wmesg)
        if timeout_ns is not None:
            lwp.timeout = self._events.after(timeout_ns, lambda: self._time_out(lwp, on_timeout))

    def wake(self, lwp: Lwp, result: int = 0) -> None:
        """Make a parked lwp runnable; its hypercall returns ``result``."""
        if lwp.state != "S":
            return
        if lwp.timeout is not None:
            lwp.timeout.cancel()
            lwp.timeout = None
        lwp.state, lwp.wmesg = "R", ""
        lwp.resume_value = result
        lwp.fiber.set_state("R", "")
        if self._trace.on:
            self._trace.emit("lwp.wake", lwp)
        self._queue.push(lwp)
        self.on_outside_work()

    def again(self, lwp: Lwp, ipl: int) -> None:
        """Have an lwp that rests make its call once more, at this level. Called on the CPU."""
        lwp.base_priority = ipl
        lwp.kernel_lock_count = 0 if lwp.mpsafe else 1
        lwp.state, lwp.wmesg = "R", ""
        lwp.fiber.again(ipl)
        if self._trace.on:
            self._trace.emit("lwp.wake", lwp)
        self._queue.put(lwp, ipl)

    def delay(self, lwp: Lwp, duration_ns: int) -> Any:
        """Let the calling lwp keep the CPU for a time, as a busy loop does; returns PARKED."""
        lwp.busy_until_ns = self._events.now_ns() + duration_ns
        lwp.resume_value = 0
        lwp.state = "R"
        self._queue.push(lwp, front=True)
        return PARKED

    def post(self, work: Callable[[], Any]) -> None:
        """Run ``work`` on the CPU, in order of posting, before any further lwp."""
        self._posts.append(work)
        self.on_outside_work()

    def give_way(self) -> None:
        """Let the lwp that runs now go behind its equals once its hypercall is over, if it may."""
        self._gives_way = True
        self.post(self._given_way)

    def _given_way(self) -> None:
        self._gives_way = False

    def raise_interrupt(self, source: InterruptSource) -> None:
        """Deliver ``source`` as soon as the CPU's IPL is below its own; once while pending."""
        if source in self._pending:
            return
        self._pending.append(source)
        if self._random is not None:
            self._held_back[id(source)] = self._random.randrange(_SHAKE_HOLD)
        if self._trace.on:
            self._trace.emit("interrupt.pending", None, source=source.name)
        self.on_outside_work()

    def withdraw_interrupt(self, source: InterruptSource) -> None:
        """Forget a pending interrupt whose handler goes away."""
        if source in self._pending:
            self._pending.remove(source)

    def end(self, lwp: Lwp) -> None:
        """End an lwp wherever it is, without running it again."""
        if lwp.gone:
            return
        if lwp.timeout is not None:
            lwp.timeout.cancel()
        if lwp.state == "R" and lwp is not self.current:
            self._queue.remove(lwp)
        while lwp.steps:
            lwp.steps.pop().close()
        lwp.state = "Z"
        self.lwps.pop(lwp.lid, None)
        lwp.fiber.destroy()

    @property
    def idle(self) -> bool:
        """Nothing is runnable and nothing is pending."""
        return not self._posts and self._queue.top < 0 and not self._pending

    # -- the CPU

    def run_some(self) -> Pause:
        """Run lwps until none is runnable, one busy-waits, or a slice is over.

        A slice is measured by the clock that the machine is on: where time stands still while lwps
        run, it is a number of turns, so that it ends at the same place in every run.
        """
        virtual = self._events.clock.virtual
        stop_ns = time.monotonic_ns() + _SLICE_NS
        turn_ends = self.machine.turn_ends
        turns = 0
        while True:
            turns += 1
            while self._posts:
                self._posts.popleft()()
            if self._pending and self._deliver():
                continue
            lwp = self._queue.peek()
            if lwp is None:
                if not self._pending:
                    return Pause()
                self._held_back.clear()
                continue
            if lwp.busy_until_ns and not self._wait_busily(lwp):
                return Pause(busy_until_ns=lwp.busy_until_ns)
            if lwp.busy_until_ns == 0:
                self._run(self._queue.pop())
            if (
                (turns >= _SLICE_TURNS or turn_ends())
                if virtual
                else time.monotonic_ns() >= stop_ns
            ):
                return Pause(more=True)

    def _deliver(self) -> bool:
        """Deliver the highest pending interrupt that outranks whoever would run next."""
        best: InterruptSource | None = None
        for source in self._pending:
            if (
                source.ipl > self._queue.top
                and (best is None or source.ipl > best.ipl)
                and not self._hold_back(source)
            ):
                best = source
        if best is None:
            return False
        self._pending.remove(best)
        self._held_back.pop(id(best), None)
        best.deliver()
        return True

    def _hold_back(self, source: InterruptSource) -> bool:
        left = self._held_back.get(id(source), 0)
        if left:
            self._held_back[id(source)] = left - 1
        return left > 0

    def _wait_busily(self, lwp: Lwp) -> bool:
        """Let time pass for an lwp in delay(9). False: the caller must let real time pass."""
        clock = self._events.clock
        if isinstance(clock, VirtualClock):
            next_ns = self._events.next_ns()
            if next_ns is not None and next_ns <= lwp.busy_until_ns:
                self._events.advance_to(next_ns)
                return True
            clock.advance_to(lwp.busy_until_ns)
        else:
            self.machine.poll()
            self._events.run_due()
            left_ns = lwp.busy_until_ns - clock.now_ns()
            if left_ns > 300_000:
                return False
            if left_ns > 0:
                return True
        lwp.busy_until_ns = 0
        return True

    def _let_time_pass(self, source: random.Random) -> None:
        """On a shaken schedule lwps take time, so that interrupts find them in their midst."""
        clock = self._events.clock
        if isinstance(clock, VirtualClock) and source.random() < _SHAKE_PASS:
            self._events.advance_to(clock.now_ns() + source.randrange(_SHAKE_PASS_NS))

    def _run(self, lwp: Lwp) -> None:
        """Run one lwp until it sleeps, ends or is preempted."""
        self.current = lwp
        self.runs += 1
        fiber = lwp.fiber
        if lwp.state == "R":
            lwp.state = "O"
        seen = self._trace.on or self._random is not None
        self._fibers.set_clock(self._events.clock.now_ns(), 0 if seen else _HANDOVERS)
        if self._trace.on:
            self._trace.emit("lwp.run", lwp)
        try:
            if lwp.resume_value is None or self._resume(lwp, lwp.resume_value):
                self._run_until_switch(lwp, fiber)
        except (Misuse, Unsupported, DriverPanic) as error:
            self._panic(self.current or lwp, error)
        finally:
            self.current = None

    def _run_until_switch(self, lwp: Lwp, fiber: Fiber) -> None:
        queue = self._queue
        handlers = self.handlers
        run = fiber.run
        for _ in range(_RUN_EXITS):
            top = queue.top
            for source in self._pending:
                top = max(top, source.ipl)
            if top != self._pending_ipl:
                self._fibers.pending_ipl = self._pending_ipl = top
            number = run()
            handler = handlers.get(number)
            if handler is None and number & MOVED:
                number &= ~MOVED
                lwp = self._handed_over(lwp)
                if number == Exit.ASLEEP:
                    return
                fiber, run = lwp.fiber, lwp.fiber.run
                handler = handlers.get(number)
            if handler is not None:
                answer = handler.method(lwp, *fiber.arguments(handler.signature))
                if answer is PARKED:
                    return
                if type(answer) is GeneratorType:
                    lwp.steps.append(answer)
                    if not self._step(lwp, None):
                        return
                else:
                    fiber.set_result(answer or 0)  # type: ignore[arg-type]
            elif not self._other_exit(lwp, number):
                return
            if self._random is not None:
                self._let_time_pass(self._random)
            if self._must_switch(lwp):
                break
        self._preempt(lwp)

    def _handed_over(self, lwp: Lwp) -> Lwp:
        """Take over what lwps have done among themselves; returns the one that ran last."""
        assert self.sleepers is not None
        for lid, state, word, wmesg in self._fibers.handed_over():
            other = self.lwps[lid]
            if other.state == "S":
                self.sleepers.forget(other)
            other.state, other.wmesg = state, wmesg
            if state == "S":
                self.sleepers.note(other, word)
            elif state == "R":
                other.resume_value = 0
                self._queue.push(other)
            else:
                self.current = lwp = other
        return lwp

    def _must_switch(self, lwp: Lwp) -> bool:
        if self._posts:
            return True
        level = max(lwp.base_priority, lwp.ipl)
        if self._queue.top > level:
            return True
        for source in self._pending:
            if source.ipl > level:
                return True
        if self._random is not None and level == 0 and self._queue.top == 0:
            return self._random.random() < _SHAKE_SWITCH
        return False

    def _preempt(self, lwp: Lwp) -> None:
        lwp.state = "R"
        lwp.fiber.set_state("R", "")
        if self._trace.on:
            self._trace.emit("lwp.preempt", lwp)
        front = not (self._gives_way and lwp.priority == 0 and self._may_rotate(lwp))
        self._queue.push(lwp, front=front)
        if self._random is not None and lwp.priority == 0 and self._may_rotate(lwp):
            equals = self._queue.equals(0)
            equals.rotate(-self._random.randrange(len(equals)))

    def _may_rotate(self, lwp: Lwp) -> bool:
        if lwp.spin_count:
            return False
        return lwp.kernel_lock_count == 0 or all(
            other.kernel_lock_count == 0 and other.mpsafe for other in self._queue.equals(0)
        )

    def _other_exit(self, lwp: Lwp, number: int) -> bool:
        """Handle an exit that is no registered hypercall; False when the lwp stops running."""
        if number == Exit.UPCALL_DONE:
            return self._step(lwp, lwp.fiber.result)
        if number == Exit.RETURN:
            self.on_return(lwp)
            self._finish(lwp)
            return False
        if number in (Exit.FAULT, Exit.HUNG, Exit.GUARD):
            raise self.explain(lwp, number) or DriverPanic(lwp.fiber.describe_fault())
        raise Unsupported(f"hypercall {number} has no handler")

    def _resume(self, lwp: Lwp, value: int) -> bool:
        """Give a woken lwp what it waited for; False when it sleeps again at once."""
        lwp.resume_value = None
        if lwp.steps and lwp.steps_parked:
            return self._step(lwp, value)
        lwp.fiber.set_result(value)
        return True

    def _step(self, lwp: Lwp, value: int | None) -> bool:
        """Advance the innermost generator handler; False when the lwp sleeps."""
        lwp.steps_parked = False
        steps = lwp.steps[-1]
        try:
            request = next(steps) if value is None else steps.send(value)
        except StopIteration as stop:
            lwp.steps.pop()
            lwp.fiber.set_result(stop.value or 0)
            return True
        except BaseException:
            lwp.steps.pop()
            raise
        if isinstance(request, Upcall):
            lwp.fiber.set_upcall(request.entry, request.args)
            return True
        lwp.steps_parked = True
        return False

    def _finish(self, lwp: Lwp) -> None:
        result = lwp.fiber.result
        on_exit = lwp.on_exit
        if lwp.rests:
            lwp.state, lwp.wmesg = "S", lwp.rests
            lwp.fiber.set_state("S", lwp.rests)
            if self._trace.on:
                self._trace.emit("lwp.sleep", lwp, wmesg=lwp.rests)
        else:
            if self._trace.on:
                self._trace.emit("lwp.exit", lwp)
            self.end(lwp)
        if on_exit is not None:
            on_exit(result)

    def _panic(self, lwp: Lwp, error: Exception) -> None:
        frames = tuple(lwp.fiber.backtrace())
        if isinstance(error, DriverPanic):
            error.backtrace = error.backtrace or frames
            panic = error
        else:
            panic = DriverPanic(str(error), frames)
            panic.__cause__ = error
        if not panic.driver and lwp.owner is not None:
            panic.driver = lwp.owner.xname
        if self._trace.on:
            self._trace.emit("lwp.panic", lwp, message=panic.message)
        self.on_panic(lwp, panic)
        self.end(lwp)

    def _time_out(self, lwp: Lwp, on_timeout: Callable[[Lwp], int] | None) -> None:
        lwp.timeout = None
        try:
            result = on_timeout(lwp) if on_timeout is not None else EWOULDBLOCK
        except Misuse as error:  # what it slept on is there no more
            self._panic(lwp, error)
        else:
            self.wake(lwp, result)


def _raise(error: DriverPanic) -> None:
    raise error
