"""mutex(9): hand-over, order, misuse, traces."""

from __future__ import annotations

import pytest
from fakes import FakeOwner
from slow_shim import mutex_enter, mutex_exit, new_word, spin_enter, spin_exit

from rumphost.errors import Misuse
from rumphost.kernel.lwp import IPL_HIGH, IPL_VM
from rumphost.kernel.mutex import WAITERS, Mutexes


@pytest.fixture
def rig(sync_rig):
    return sync_rig


def holder(rig, mutex, name, ticks=1):
    def script():
        yield from mutex_enter(rig, mutex)
        rig.log.append(f"{name} in")
        yield ("kpause", "hold", ticks, 0, 0)
        rig.log.append(f"{name} out")
        yield from mutex_exit(rig, mutex)

    return rig.spawn(script, name=name)


def test_it_is_handed_on_in_the_order_of_coming(rig):
    mutex = new_word(rig)
    lwps = [holder(rig, mutex, name) for name in "abc"]
    rig.run(until_ns=0)
    assert rig.memory.read_uint(mutex, 8) == lwps[0].address | WAITERS
    assert [lwp.wmesg for lwp in lwps] == ["hold", "tstile", "tstile"]
    rig.run()
    assert rig.log == ["a in", "a out", "b in", "b out", "c in", "c out"]
    assert rig.memory.read_uint(mutex, 8) == 0


def test_a_waiter_that_died_is_passed_over(rig):
    mutex = new_word(rig)
    lwps = [holder(rig, mutex, name) for name in "abc"]
    rig.run(until_ns=0)
    rig.kernel.scheduler.end(lwps[1])
    rig.run()
    assert rig.log == ["a in", "a out", "c in", "c out"]


def test_release_forgets_dead_waiters(rig):
    mutex = new_word(rig)
    lwps = [holder(rig, mutex, name) for name in "ab"]
    rig.run(until_ns=0)
    for lwp in lwps:
        rig.kernel.scheduler.end(lwp)
    rig.kernel.service(Mutexes).release(FakeOwner())
    holder(rig, new_word(rig), "c")
    rig.run()
    assert rig.log == ["a in", "c in", "c out"]


def test_tryenter(rig):
    mutex = new_word(rig)

    def script():
        first = yield ("mutex_tryenter", mutex)
        second = yield ("mutex_tryenter", mutex)
        yield ("mutex_exit", mutex)
        return first * 10 + second

    assert rig.run_script(script) == 10


def test_spin_mutexes_keep_interrupts_out(rig):
    mutex = new_word(rig)

    def interrupt():
        rig.log.append("interrupt")

    def script():
        before = yield from spin_enter(rig, mutex, IPL_VM)
        rig.interrupt(interrupt)
        yield ("delay", 10)
        rig.log.append("released")
        yield from spin_exit(rig, mutex, before)
        rig.log.append("after")

    rig.spawn(script)
    rig.run()
    assert rig.log == ["released", "interrupt", "after"]


def test_a_spin_mutex_that_an_interrupt_finds_busy(rig):
    mutex = new_word(rig)

    def interrupt():
        yield from spin_enter(rig, mutex, IPL_VM)

    def script():
        yield from spin_enter(rig, mutex, IPL_VM)
        rig.interrupt(interrupt, ipl=IPL_HIGH)
        yield ("delay", 10)

    with pytest.raises(Misuse, match=r"mutex\(9\): .* held by lwp 1 \(script\): on one CPU"):
        rig.run_script(script)


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        (["mutex_enter", "mutex_enter"], "locking against myself"),
        (["mutex_exit"], "mutex_exit of a mutex that nobody holds"),
        (["mutex_spin_exit"], "mutex_spin_exit of a mutex that nobody holds"),
        (["mutex_enter", "mutex_destroy"], r"mutex_destroy of a mutex that is held by lwp 1"),
    ],
)
def test_misuse(rig, calls, message):
    mutex = new_word(rig)

    def script():
        for call in calls:
            yield (call, mutex)

    with pytest.raises(Misuse, match=rf"mutex\(9\): .*{message}"):
        rig.run_script(script)


def test_unlocking_what_another_holds(rig):
    mutex = new_word(rig)
    holder(rig, mutex, "a")

    def script():
        yield from mutex_exit(rig, mutex)

    with pytest.raises(Misuse, match=r"of a mutex that lwp 1 \(a\) holds"):
        rig.run_script(script)


def test_adaptive_mutexes_are_not_for_hard_interrupts(rig):
    mutex = new_word(rig)

    def script():
        yield from mutex_enter(rig, mutex)

    rig.interrupt(script)
    rig.run()
    assert "in a hard interrupt handler" in rig.panics[0].message


def test_an_lwp_that_ends_holding_one(rig):
    mutex = new_word(rig)

    def script():
        yield from mutex_enter(rig, mutex)

    with pytest.raises(Misuse, match=r"lwp 1 \(script\) ended holding a lock"):
        rig.run_script(script)


def test_traces_name_mutexes_by_appearance(rig):
    one, two = new_word(rig), new_word(rig)

    def script():
        yield from mutex_enter(rig, two)
        yield from mutex_enter(rig, one)
        yield from mutex_exit(rig, two)
        yield from mutex_exit(rig, one)

    events = rig.trace_of(lambda: rig.run_script(script))
    assert [(event.name, event.fields["mutex"]) for event in events if "mutex" in event.name] == [
        ("mutex.enter", "#1"), ("mutex.enter", "#2"), ("mutex.exit", "#1"), ("mutex.exit", "#2"),
    ]  # fmt: skip


def test_leaks(rig):
    owner = FakeOwner()
    lwp = holder(rig, new_word(rig), "a", ticks=50)
    lwp.owner = owner
    rig.run(until_ns=0)
    service = rig.kernel.service(Mutexes)
    assert [str(leak) for leak in service.leaks(owner)] == [
        "mutex(9): lwp 1 (a) still holds a lock"
    ]
    rig.run()
    assert service.leaks(owner) == []
