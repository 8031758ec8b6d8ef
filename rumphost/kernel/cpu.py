"""Drives the scheduler from one trio task, and joins the kernel's time to trio's.

With the real clock the task sleeps until the next event or until something comes from outside.
With the virtual clock time moves only here: when no lwp can run and no other trio task is ready,
it jumps to the kernel's next event or trio's next deadline, whichever is first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from functools import partial

import trio
import trio.testing
from trio.testing import MockClock

from rumphost.errors import UsageError
from rumphost.machine import EventQueue, VirtualClock

from .early_wait import EarlyWait
from .kernel import Kernel
from .scheduler import Pause

_BREATH_NS = 5_000_000


class TrioVirtualClock(trio.abc.Clock):
    """A trio clock that follows a kernel's virtual clock: ``trio.sleep`` then takes no time.

    Give it to ``trio.run(clock=...)``, or use ``rumphost.run``. Before a kernel is attached, and
    after, it stands still.
    """

    def __init__(self) -> None:
        self._now = 0.0

    def start_clock(self) -> None:
        """Nothing to start."""

    def current_time(self) -> float:
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return 0.0 if deadline <= self._now else 999_999_999.0

    def jump(self, seconds: float) -> None:
        """Move forward."""
        self._now += seconds


def trio_clock_is_virtual() -> bool:
    """Tell whether the running trio loop counts virtual time."""
    return isinstance(trio.lowlevel.current_clock(), TrioVirtualClock | MockClock)


class Cpu:
    """The trio task of the virtual CPU; ``serve`` runs until it is cancelled."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._scheduler = kernel.scheduler
        self._events: EventQueue = kernel.events
        self._awake = trio.Event()
        self._start = 0.0
        self._inside = False
        self._until_ns: int | None = 0
        self._early: EarlyWait | None = None
        kernel.scheduler.on_outside_work = self.wake

    def wake(self) -> None:
        """Something may be runnable; called from trio tasks and from the scheduler itself."""
        if not self._inside:
            self._kernel.machine.host_works()
            self._awake.set()

    def _wake_task(self) -> None:
        self._awake.set()

    def bring_in(self, action: Callable[[], object]) -> None:
        """Take in what has come from outside, and on the real clock run the kernel at once.

        Called from trio tasks. An interrupt's handler has then run before trio would have given
        our own task its turn.
        """
        if self._inside or self._events.clock.virtual:
            action()
            self.wake()
            return
        self._inside = True
        try:
            action()
            pause = self._turn()
        finally:
            self._inside = False
        next_ns = self._events.next_ns()
        sooner = next_ns is not None and (self._until_ns is None or next_ns < self._until_ns)
        if sooner or pause.more or pause.busy_until_ns is not None:
            self._awake.set()

    def _turn(self) -> Pause:
        self._events.run_due()
        return self._scheduler.run_some()

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the kernel; errors of the machine come out of here."""
        virtual = self._events.clock.virtual
        if virtual and not trio_clock_is_virtual():
            raise UsageError(
                "a machine on the virtual clock needs trio's clock to be virtual too: "
                "use rumphost.run(..., clock='virtual'), or the virtual_clock fixture in tests"
            )
        if trio_clock_is_virtual() and not virtual:
            raise UsageError("a machine on the real clock needs trio's clock to be real too")
        self._start = trio.current_time() - self._events.now_ns() / 1e9
        task_status.started()
        if virtual:
            await self._loop(self._idle_virtual)
            return
        machine = self._kernel.machine
        fd = machine.outside_fd()
        if fd is None:
            await self._loop(self._idle_real)
            return
        self._early = EarlyWait(fd, partial(self.bring_in, machine.take_in), self._wake_task)
        trio.lowlevel.add_instrument(self._early)
        try:
            await self._loop(self._idle_real)
        finally:
            trio.lowlevel.remove_instrument(self._early)

    async def _loop(self, idle: Callable[[Pause], Awaitable[None]]) -> None:
        virtual = self._events.clock.virtual
        while True:
            self._inside = True
            try:
                pause = self._turn()
                if virtual:
                    self._sync_trio()  # lwps may have taken time, which is everybody's
            finally:
                self._inside = False
            self._awake = trio.Event()
            if pause.more and virtual:
                await trio.testing.wait_all_tasks_blocked()
            elif pause.more:
                await trio.lowlevel.checkpoint()
            else:
                if pause.busy_until_ns is None:
                    self._kernel.machine.rests()
                await idle(pause)
            if self._early is not None and self._early.error is not None:
                raise self._early.error

    async def _idle_real(self, pause: Pause) -> None:
        next_ns = self._events.next_ns()
        if pause.busy_until_ns is not None:
            next_ns = min(next_ns or pause.busy_until_ns, pause.busy_until_ns - 200_000)
        self._until_ns = next_ns
        if next_ns is None:
            await self._awake.wait()
            return
        left = (next_ns - self._events.now_ns()) / 1e9
        if left <= 0:
            await trio.lowlevel.checkpoint()
            return
        with trio.move_on_after(left):
            await self._awake.wait()

    async def _idle_virtual(self, pause: Pause) -> None:
        """Jump as long as nobody else has work; give up the turn at the first sign of it.

        Waiting until every other task is blocked, rather than for one turn of trio's loop, keeps
        the order of what they do and what lwps do the same in every run.
        """
        await trio.testing.wait_all_tasks_blocked()
        stop_ns = time.monotonic_ns() + _BREATH_NS
        while self._scheduler.idle:
            statistics = trio.lowlevel.current_statistics()
            if statistics.tasks_runnable or statistics.run_sync_soon_queue_size:
                break
            if not await self._jump(statistics.seconds_to_next_deadline):
                return
            if time.monotonic_ns() >= stop_ns:
                break
        else:
            return
        await trio.lowlevel.checkpoint()

    async def _jump(self, trio_left: float) -> bool:
        """Move to the next instant at which anything happens; False after waiting instead."""
        now_ns = self._clock().now_ns()
        trio_ns = now_ns + math.ceil(trio_left * 1e9) if trio_left < 1e8 else None
        next_ns = self._events.next_ns()
        if next_ns is None and trio_ns is None:
            await self._awake.wait()
            return False
        target_ns = min(t for t in (next_ns, trio_ns) if t is not None)
        self._events.advance_to(target_ns)
        self._sync_trio()
        if trio_ns is not None and trio_ns <= target_ns:
            await trio.testing.wait_all_tasks_blocked()
        return True

    def _clock(self) -> VirtualClock:
        clock = self._events.clock
        assert isinstance(clock, VirtualClock)
        self._sync_trio()
        return clock

    def _sync_trio(self) -> None:
        """Bring trio's clock and the kernel's to the later of the two."""
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, TrioVirtualClock | MockClock)
        trio_now_ns = round((clock.current_time() - self._start) * 1e9)
        behind_ns = self._events.now_ns() - trio_now_ns
        if behind_ns > 0:
            clock.jump(behind_ns / 1e9)
        elif behind_ns < 0:
            self._events.advance_to(trio_now_ns)
