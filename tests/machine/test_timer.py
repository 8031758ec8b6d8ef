"""Sleeping to the microsecond."""

from __future__ import annotations

import time

import trio
import trio.testing

from rumphost.machine.timer import Timer


async def test_it_expires_and_can_be_moved() -> None:
    timer = Timer()
    try:
        with trio.fail_after(5):
            start = time.monotonic_ns()
            timer.set(10**12)
            timer.set(300_000)
            await timer.wait()
            assert time.monotonic_ns() - start >= 300_000
            timer.set(0)
            await timer.wait()
        timer.set(1_000)
        timer.set(None)
        with trio.move_on_after(0.002) as scope:
            await timer.wait()
        assert scope.cancelled_caught
    finally:
        timer.close()


async def test_setting_it_wakes_a_task_that_waits() -> None:
    timer = Timer()
    try:
        with trio.fail_after(5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(timer.wait)
                await trio.testing.wait_all_tasks_blocked()
                timer.set(1)
    finally:
        timer.close()
