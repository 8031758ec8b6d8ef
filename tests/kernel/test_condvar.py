"""condvar(9): waiting, signals, time-outs, misuse."""

from __future__ import annotations

import pytest
from fakes import FakeOwner
from slow_shim import cv_wait, mutex_enter, mutex_exit, new_word, spin_enter

from rumphost.errors import Misuse
from rumphost.kernel.condvar import CondVars
from rumphost.kernel.errno import EWOULDBLOCK
from rumphost.kernel.lwp import IPL_VM, Kind
from rumphost.kernel.synchronization import interrupt_sleep

EINTR = 4


@pytest.fixture
def rig(sync_rig):
    return sync_rig


@pytest.fixture
def waiters(rig):
    """Three lwps that wait, named 0 to 2; (cv, lwps)."""
    mutex, cv = new_word(rig), new_word(rig)

    def script(n):
        yield from mutex_enter(rig, mutex)
        error = yield from cv_wait(rig, cv, mutex, interruptible=1)
        yield from mutex_exit(rig, mutex)
        rig.log.append((n, error))

    lwps = [rig.spawn(script, n, name=str(n)) for n in range(3)]
    rig.run()
    return cv, lwps


def call(rig, *request):
    def script():
        return (yield request)

    return rig.run_script(script)


def test_signal_wakes_the_one_that_has_waited_longest(rig, waiters):
    cv, _ = waiters
    assert rig.memory.read_uint(cv, 8) == 3
    call(rig, "cv_signal", cv)
    assert rig.log == [(0, 0)]
    assert rig.memory.read_uint(cv, 8) == 2


def test_broadcast_wakes_all_in_order(rig, waiters):
    cv, _ = waiters
    call(rig, "cv_broadcast", cv)
    assert rig.log == [(0, 0), (1, 0), (2, 0)]
    assert rig.memory.read_uint(cv, 8) == 0


def test_dead_waiters_are_passed_over(rig, waiters):
    cv, lwps = waiters
    rig.kernel.scheduler.end(lwps[0])
    call(rig, "cv_signal", cv)
    assert rig.log == [(1, 0)]


def test_release_forgets_dead_waiters(rig, waiters):
    cv, lwps = waiters
    rig.kernel.scheduler.end(lwps[0])
    rig.kernel.service(CondVars).release(FakeOwner())
    call(rig, "cv_broadcast", cv)
    assert rig.log == [(1, 0), (2, 0)]


def test_interrupt(rig, waiters):
    _, lwps = waiters
    assert interrupt_sleep(rig.kernel, lwps[1])
    assert not interrupt_sleep(rig.kernel, lwps[1])
    rig.run()
    assert rig.log == [(1, EINTR)]


@pytest.mark.parametrize(
    ("limits", "end_ns"), [({"ticks": 2}, 20_000_000), ({"ns": 1234}, 4_001_234)]
)
def test_time_limits(rig, limits, end_ns):
    mutex, cv = new_word(rig), new_word(rig)

    def script():
        yield ("delay", 4000)
        yield from mutex_enter(rig, mutex)
        error = yield from cv_wait(rig, cv, mutex, **limits)
        yield from mutex_exit(rig, mutex)
        return error

    assert rig.run_script(script) == EWOULDBLOCK
    assert rig.now_ns == end_ns
    assert rig.memory.read_uint(cv, 8) == 0


def test_the_mutex_is_handed_on(rig):
    mutex, cv = new_word(rig), new_word(rig)

    def waiter():
        yield from mutex_enter(rig, mutex)
        yield ("kpause", "x", 1, 0, 0)
        rig.log.append("waits")
        yield from cv_wait(rig, cv, mutex)
        rig.log.append("woken")
        yield from mutex_exit(rig, mutex)

    def signaller():
        yield from mutex_enter(rig, mutex)
        rig.log.append("signals")
        yield ("cv_signal", cv)
        rig.log.append("releases")
        yield from mutex_exit(rig, mutex)

    rig.spawn(waiter)
    rig.spawn(signaller)
    rig.run()
    assert rig.log == ["waits", "signals", "releases", "woken"]


def test_destroying_it_while_lwps_wait(rig, waiters):
    cv, _ = waiters
    with pytest.raises(Misuse, match=r"condvar\(9\): cv_destroy while lwps wait on it: 0, 1, 2"):
        call(rig, "cv_destroy", cv)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": Kind.INTERRUPT, "ipl": IPL_VM}, "in a hard interrupt handler"),
        ({"kind": Kind.SOFTINT, "ipl": 3}, "in a soft interrupt handler"),
    ],
)
def test_where_waiting_is_forbidden(rig, options, message):
    cv = new_word(rig)

    def script():
        yield ("cv_wait", cv, 0, "testcv", 0, 0, 0)

    with pytest.raises(Misuse, match=rf"condvar\(9\): cv_wait {message}"):
        rig.run_script(script, **options)


def test_a_thread_may_wait_at_a_raised_ipl(rig):
    """As drivers do inside splnet: the IPL is the thread's own, and holds again afterwards."""
    cv = new_word(rig)

    def waiter():
        yield ("cv_wait", cv, 0, "testcv", 0, 0, 0)
        rig.log.append(rig.kernel.scheduler.current.ipl)

    rig.spawn(waiter, ipl=IPL_VM)
    rig.run()
    call(rig, "cv_signal", cv)
    assert rig.log == [IPL_VM]


def test_waiting_with_a_spin_mutex(rig):
    cv, mutex = new_word(rig), new_word(rig)

    def script():
        yield from spin_enter(rig, mutex, IPL_VM)
        yield ("cv_wait", cv, 0, "testcv", 0, 0, 0)

    with pytest.raises(Misuse, match=r"condvar\(9\): cv_wait while holding a spin mutex"):
        rig.run_script(script)


def test_trace(rig, waiters):
    cv, _ = waiters
    events = rig.trace_of(lambda: call(rig, "cv_broadcast", cv))
    (event,) = [event for event in events if event.name == "condvar.broadcast"]
    assert event.fields == {"cv": "#1", "woken": 3}
