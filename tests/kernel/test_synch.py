"""tsleep(9), wakeup, kpause, preempt, assert_sleepable."""

from __future__ import annotations

import pytest
from fakes import FakeOwner

from rumphost.errors import Misuse
from rumphost.kernel.errno import EWOULDBLOCK
from rumphost.kernel.lwp import IPL_VM, Kind
from rumphost.kernel.synch import Synch
from rumphost.kernel.synchronization import interrupt_sleep

CHANNEL, OTHER = 0x1000, 0x2000


@pytest.fixture
def rig(sync_rig):
    return sync_rig


def sleeper(rig, n, channel=CHANNEL, interruptible=0):
    def script():
        error = yield ("tsleep", channel, "testsl", 0, interruptible, 0)
        rig.log.append((n, error))

    return rig.spawn(script, name=str(n))


def call(rig, *request, **options):
    def script():
        return (yield request)

    return rig.run_script(script, **options)


def test_wakeup_wakes_all_on_the_channel(rig):
    for n, channel in enumerate([CHANNEL, OTHER, CHANNEL]):
        sleeper(rig, n, channel)
    rig.run()
    call(rig, "wakeup", CHANNEL)
    assert rig.log == [(0, 0), (2, 0)]


def test_wakeup_one(rig):
    for n in range(2):
        sleeper(rig, n)
    rig.run()
    call(rig, "wakeup_one", CHANNEL)
    assert rig.log == [(0, 0)]


def test_wakeup_from_an_interrupt(rig):
    sleeper(rig, 0)
    rig.run()
    call(rig, "wakeup", CHANNEL, kind=Kind.INTERRUPT, ipl=IPL_VM)
    assert rig.log == [(0, 0)]


def test_only_interruptible_sleeps_are_interrupted(rig):
    lwps = [sleeper(rig, n, interruptible=n) for n in range(2)]
    rig.run()
    assert [interrupt_sleep(rig.kernel, lwp) for lwp in lwps] == [False, True]
    rig.run()
    assert rig.log == [(1, 4)]


def test_timeouts_are_counted_in_ticks(rig):
    def script():
        yield ("delay", 9_999)
        assert (yield ("tsleep", CHANNEL, "testsl", 1, 0, 0)) == EWOULDBLOCK
        assert rig.now_ns == 10_000_000
        assert (yield ("kpause", "pause", 2, 0, 0)) == EWOULDBLOCK
        return rig.now_ns

    assert rig.run_script(script) == 30_000_000


def test_the_ipl_holds_again_after_sleeping(rig):
    def script():
        rig.fibers.current.ipl = IPL_VM
        yield ("tsleep", CHANNEL, "testsl", 1, 0, 0)
        return rig.fibers.current.ipl

    rig.spawn(lambda: rig.log.append("another ran"), name="other")
    assert rig.run_script(script) == IPL_VM
    assert rig.log == ["another ran"]


def test_preempt_lets_equals_go_first(rig):
    def script(n):
        for _ in range(2):
            rig.log.append(n)
            yield ("preempt",)

    for n in range(2):
        rig.spawn(script, n)
    rig.run()
    assert rig.log == [0, 1, 0, 1]


def test_release_forgets_the_dead(rig):
    rig.kernel.scheduler.end(sleeper(rig, 0))
    lwp = sleeper(rig, 1)
    rig.run()
    rig.kernel.scheduler.end(lwp)
    rig.kernel.service(Synch).release(FakeOwner())
    call(rig, "wakeup", CHANNEL)
    assert rig.log == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (("tsleep", CHANNEL, "x", 0, 0, 0), r"tsleep\(9\): tsleep"),
        (("kpause", "x", 1, 0, 0), r"kpause\(9\): kpause"),
        (("assert_sleepable",), r"ASSERT_SLEEPABLE\(9\): about to sleep"),
        (("preempt",), r"yield\(9\): yield"),
    ],
)
@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"kind": Kind.INTERRUPT, "ipl": IPL_VM}, "in a hard interrupt handler"),
        ({"kind": Kind.SOFTINT, "ipl": 2}, "in a soft interrupt handler"),
    ],
)
def test_where_sleeping_is_forbidden(rig, request_, message, options, where):
    with pytest.raises(Misuse, match=f"{message} {where}"):
        call(rig, *request_, **options)


def test_sleeping_for_ever_by_mistake(rig):
    with pytest.raises(Misuse, match=r"tsleep\(9\): tsleep on NULL"):
        call(rig, "tsleep", 0, "x", 0, 0, 0)
    with pytest.raises(Misuse, match=r"kpause\(9\): kpause without a time-out"):
        call(rig, "kpause", "x", 0, 0, 0)


def test_assert_sleepable_in_a_thread(rig):
    assert call(rig, "assert_sleepable") == 0
