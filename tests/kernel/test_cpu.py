"""The trio task of the virtual CPU: kernel time and trio's time are one."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest
import trio
from fakes import Rig
from trio.testing import MockClock

from rumphost.errors import UsageError
from rumphost.kernel.cpu import Cpu, TrioVirtualClock, trio_clock_is_virtual
from rumphost.kernel.synchronization import register_synchronization
from rumphost.machine import RealClock

Body = Callable[[Rig], Awaitable[None]]


def run(body: Body, *, clock: trio.abc.Clock | None, rig: Rig | None = None) -> Rig:
    """Run ``body`` beside the CPU of a kernel."""
    rig = rig or Rig.make()
    register_synchronization(rig.kernel)

    async def main() -> None:
        cpu = Cpu(rig.kernel)
        async with trio.open_nursery() as nursery:
            await nursery.start(cpu.serve)
            await body(rig)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=clock)
    return rig


def pausing(rig: Rig, name: str, ticks: int) -> Callable[..., object]:
    def script():
        yield ("kpause", "x", ticks, 0, 0)
        rig.log.append((name, rig.now_ns))

    return script


def test_the_clocks_must_be_of_one_kind():
    async def nothing(_rig: Rig) -> None:
        raise AssertionError("not reached")

    with (
        pytest.RaisesGroup(UsageError)
        if hasattr(pytest, "RaisesGroup")
        else pytest.raises(BaseExceptionGroup)
    ):
        run(nothing, clock=None)


@pytest.mark.parametrize("make_clock", [TrioVirtualClock, MockClock])
def test_sleeping_takes_no_time_and_events_come_in_order(make_clock):
    started = time.monotonic()

    async def body(rig: Rig) -> None:
        assert trio_clock_is_virtual()
        start = trio.current_time()
        rig.spawn(pausing(rig, "lwp", 6000))
        rig.machine.events.at(40_000_000_000, lambda: rig.log.append(("event", rig.now_ns)))
        await trio.sleep(50)
        rig.log.append(("trio", rig.now_ns))
        assert trio.current_time() - start == pytest.approx(50)
        await trio.sleep(11)

    rig = run(body, clock=make_clock())
    assert rig.log == [
        ("event", 40_000_000_000), ("trio", 50_000_000_000), ("lwp", 60_000_000_000),
    ]  # fmt: skip
    assert time.monotonic() - started < 10


def test_a_task_that_computes_stops_the_virtual_clock():
    async def body(rig: Rig) -> None:
        rig.spawn(pausing(rig, "lwp", 1))
        for _ in range(5):
            await trio.lowlevel.checkpoint()
            assert rig.now_ns == 0
        await trio.sleep(1)

    assert run(body, clock=TrioVirtualClock()).log == [("lwp", 10_000_000)]


def test_work_from_a_task_wakes_an_idle_cpu():
    async def body(rig: Rig) -> None:
        done = trio.Event()

        def driver():
            rig.log.append("driver")
            done.set()

        await trio.testing.wait_all_tasks_blocked()
        rig.kernel.scheduler.post(lambda: rig.spawn(driver))
        await done.wait()

    assert run(body, clock=TrioVirtualClock()).log == ["driver"]


def test_two_runs_are_the_same_run():
    def traced() -> list[str]:
        rig = Rig.make()
        texts: list[str] = []
        rig.kernel.trace.add_sink(lambda event: texts.append(str(event)))

        async def body(rig: Rig) -> None:
            for n in range(4):
                rig.spawn(pausing(rig, str(n), 3 - n % 2), name=str(n))
            await trio.sleep(0.015)
            rig.spawn(pausing(rig, "late", 1), name="late")
            await trio.sleep(1)

        run(body, clock=TrioVirtualClock(), rig=rig)
        return texts

    first = traced()
    assert len(first) > 20
    assert all(traced() == first for _ in range(3))


def test_the_real_clock():
    async def body(rig: Rig) -> None:
        done = trio.Event()

        def driver():
            yield ("delay", 700)
            rig.log.append(rig.now_ns)
            yield ("kpause", "x", 1, 0, 0)
            rig.log.append(rig.now_ns)
            done.set()

        started = rig.now_ns
        rig.spawn(driver)
        with trio.fail_after(5):
            await done.wait()
        assert rig.log[0] - started >= 700_000
        assert rig.log[1] // 10_000_000 > rig.log[0] // 10_000_000

    run(body, clock=None, rig=Rig.make(clock=RealClock()))


def test_what_comes_from_outside_is_handled_in_the_task_that_brings_it_in():
    rig = Rig.make(clock=RealClock())
    register_synchronization(rig.kernel)

    async def main() -> None:
        cpu = Cpu(rig.kernel)
        async with trio.open_nursery() as nursery:
            await nursery.start(cpu.serve)
            await trio.testing.wait_all_tasks_blocked()
            cpu.bring_in(lambda: rig.kernel.scheduler.post(lambda: rig.log.append("posted")))
            assert rig.log == ["posted"]
            cpu.bring_in(lambda: rig.kernel.events.after(1, lambda: rig.log.append("due")))
            with trio.fail_after(5):
                while rig.log != ["posted", "due"]:
                    await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()

    trio.run(main)
