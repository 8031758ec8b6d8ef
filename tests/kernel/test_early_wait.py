"""Interrupts that are taken in before trio wakes a task: nothing else may be held up by that."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import trio
from fakes import FakeMachine, Rig

from rumphost.errors import MachineError
from rumphost.kernel import early_wait
from rumphost.kernel.cpu import Cpu
from rumphost.machine import RealClock

LIMIT_S = 10


class Outside:
    """An eventfd, what is taken in from it, and by whom: ``early`` or a ``task`` of trio's."""

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.takers: list[str] = []
        self.action: Callable[[], object] = lambda: None

    def take_in(self, who: str = "early") -> None:
        os.eventfd_read(self.fd)
        self.takers.append(who)
        self.action()

    def ring(self) -> None:
        os.eventfd_write(self.fd, 1)

    def ring_soon(self) -> None:
        """Ring from another thread, once trio waits."""
        threading.Timer(0.02, self.ring).start()

    async def serve(self) -> None:
        """The trio task that waits for the same descriptor."""
        with contextlib.suppress(trio.ClosedResourceError):
            while True:
                await trio.lowlevel.wait_readable(self.fd)
                self.take_in("task")


@pytest.fixture
def outside() -> Iterator[Outside]:
    outside = Outside()
    yield outside
    os.close(outside.fd)


def run(
    outside: Outside,
    body: Callable[[early_wait.EarlyWait], Awaitable[None]],
    on_error: Callable[[], None] = lambda: None,
) -> None:
    """Run ``body`` beside the task that waits, with the instrument in place."""

    async def main() -> None:
        early = early_wait.EarlyWait(outside.fd, outside.take_in, on_error)
        trio.lowlevel.add_instrument(early)
        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(outside.serve)
                await trio.testing.wait_all_tasks_blocked()
                await body(early)
                nursery.cancel_scope.cancel()
        trio.lowlevel.remove_instrument(early)

    trio.run(main)


def test_what_comes_is_taken_in_without_a_task(outside):
    async def body(_early):
        done = trio.Event()

        def taken():
            if len(outside.takers) == 3:
                done.set()
            else:
                outside.ring_soon()

        outside.action = taken
        outside.ring_soon()
        await done.wait()

    run(outside, body)
    assert outside.takers == ["early"] * 3


def test_a_task_that_is_woken_by_it_runs_at_once(outside):
    async def body(_early):
        done = trio.Event()
        outside.action = done.set
        outside.ring_soon()
        started = time.monotonic()
        with trio.move_on_after(LIMIT_S / 2):
            await done.wait()
        assert time.monotonic() - started < LIMIT_S / 4

    run(outside, body)
    assert outside.takers == ["early"]


@pytest.mark.parametrize("rings", [0, 3])
def test_deadlines_are_kept(outside, rings):
    async def body(_early):
        left = [rings]

        def taken():
            left[0] -= 1
            if left[0] > 0:
                outside.ring_soon()

        outside.action = taken
        if rings:
            outside.ring_soon()
        started = time.monotonic()
        with trio.move_on_after(0.3) as scope:
            await trio.sleep_forever()
        assert scope.cancelled_caught
        assert 0.29 <= time.monotonic() - started < 0.55  # and not twice as long

    run(outside, body)
    assert outside.takers == ["early"] * rings


def test_other_descriptors_and_threads_are_served(outside):
    async def body(_early):
        other = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        threading.Timer(0.02, os.eventfd_write, (other, 1)).start()
        await trio.lowlevel.wait_readable(other)
        os.close(other)
        assert await trio.to_thread.run_sync(lambda: trio.from_thread.run_sync(lambda: 5)) == 5

    run(outside, body)


def test_what_never_stops_coming_leaves_trio_its_turns(outside):
    async def body(_early):
        outside.action = outside.ring
        outside.ring()
        other = os.eventfd(1, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        await trio.lowlevel.wait_readable(other)
        os.close(other)
        await trio.sleep(0.05)
        outside.action = lambda: None

    run(outside, body)
    assert len(outside.takers) > early_wait._IN_A_ROW


def test_an_error_is_kept_and_told_of(outside):
    told = trio.Event()

    async def body(early):
        def fail():
            raise MachineError("gone")

        outside.action = fail
        outside.ring_soon()
        await told.wait()
        assert isinstance(early.error, MachineError)

    run(outside, body, told.set)
    assert outside.takers == ["early"]


def test_control_c_comes_through(outside):
    async def body(_early):
        threading.Timer(0.05, signal.raise_signal, (signal.SIGINT,)).start()
        await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught:
        run(outside, body)
    assert caught.group_contains(KeyboardInterrupt)


def test_control_c_while_it_is_taken_in(outside):
    async def body(_early):
        outside.action = lambda: signal.raise_signal(signal.SIGINT)
        outside.ring_soon()
        await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught:
        run(outside, body)
    assert caught.group_contains(KeyboardInterrupt)
    assert outside.takers == ["early"]


def test_a_descriptor_that_was_closed_is_left_alone(outside):
    async def body(_early):
        done = trio.Event()
        outside.action = done.set
        outside.ring_soon()
        await done.wait()
        place = os.dup(outside.fd)
        trio.lowlevel.notify_closing(outside.fd)
        os.close(outside.fd)
        with trio.move_on_after(0.05) as scope:
            await trio.sleep_forever()
        os.dup2(place, outside.fd, inheritable=False)
        os.close(place)
        assert scope.cancelled_caught

    run(outside, body)
    assert outside.takers == ["early"]


@pytest.mark.parametrize("missing", ["procfs", "eventpoll", "tfd"])
def test_without_procfs_trio_does_it(outside, missing, monkeypatch, tmp_path):
    if missing == "procfs":
        monkeypatch.setattr(early_wait, "_FDS", Path("/nonexistent"))
    elif missing == "eventpoll":
        monkeypatch.setattr(early_wait, "_FDS", tmp_path)
        (tmp_path / "3").symlink_to("/dev/null")
    else:
        monkeypatch.setattr(early_wait, "_FD_INFO", tmp_path)

    monkeypatch.setattr(early_wait, "_SEARCHES", 3)

    async def body(early):
        done = trio.Event()
        outside.action = done.set
        outside.ring_soon()
        await done.wait()
        for _ in range(5):
            await trio.sleep(0.002)
        assert early._searches == 0  # it does not look for ever

    run(outside, body)
    assert outside.takers == ["task"]


class OutsideMachine(FakeMachine):
    """A machine on the real clock with one descriptor."""

    def __init__(self, outside: Outside) -> None:
        super().__init__(RealClock())
        self.outside = outside

    def outside_fd(self) -> int:
        return self.outside.fd

    def take_in(self) -> None:
        self.outside.take_in("machine")


def test_an_error_of_the_machine_comes_out_of_the_cpu_task(outside):
    rig = Rig.make(clock=RealClock())
    machine = OutsideMachine(outside)
    rig.kernel.machine = machine

    def fail() -> None:
        raise MachineError("the cable was pulled")

    async def main() -> None:
        cpu = Cpu(rig.kernel)
        with trio.fail_after(LIMIT_S):
            async with trio.open_nursery() as nursery:
                await nursery.start(cpu.serve)
                nursery.start_soon(outside.serve)
                await trio.testing.wait_all_tasks_blocked()
                outside.action = fail
                outside.ring_soon()
                await trio.sleep_forever()

    with pytest.raises(BaseExceptionGroup) as caught:
        trio.run(main)
    assert caught.group_contains(MachineError, match="the cable was pulled")
    assert outside.takers == ["machine"]
