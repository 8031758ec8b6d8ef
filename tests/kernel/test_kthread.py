"""kthread(9): making, ending, joining."""

from __future__ import annotations

import pytest
from fakes import FakeOwner
from slow_shim import mutex_enter, new_word

from rumphost.errors import Misuse
from rumphost.kernel.kthread import MPSAFE, MUSTJOIN, Kthreads
from rumphost.kernel.lwp import IPL_VM, Kind

OWNER = FakeOwner()
KERNEL_LWP = 0x7000


@pytest.fixture
def rig(sync_rig):
    return sync_rig


def create(rig, script, flags=MPSAFE, argument=5, kernel_lwp=KERNEL_LWP):
    return ("kthread_create", rig.function(script), argument, kernel_lwp, "worker", -1, flags)


def run(rig, *requests, **options):
    def script():
        for request in requests:  # noqa: UP028 (a tuple takes no results)
            yield request
        rig.log.append("end")

    return rig.run_script(script, owner=OWNER, **options)


def test_a_thread_runs_and_ends(rig):
    def main(argument):
        rig.log.append((rig.lwp.name, argument, rig.lwp.owner))
        yield ("kthread_exit", 3)
        rig.log.append("not reached")

    run(rig, create(rig, main))
    assert rig.log == ["end", ("worker", 5, OWNER)]
    assert rig.kernel.scheduler.lwps == {}


@pytest.mark.parametrize("ticks", [0, 2])
def test_join(rig, ticks):
    def main(_argument):
        if ticks:
            yield ("kpause", "x", ticks, 0, 0)
        rig.log.append("thread")
        yield ("kthread_exit", 0)

    run(rig, create(rig, main, MPSAFE | MUSTJOIN), ("kpause", "y", 1, 0, 0),
        ("kthread_join", KERNEL_LWP))  # fmt: skip
    assert rig.log == ["thread", "end"]


def test_the_kernel_lock_unless_mpsafe(rig):
    def main(_argument):
        rig.log.append((yield ("kernel_locked",)))
        yield ("kthread_exit", 0)

    run(rig, create(rig, main, 0), create(rig, main, MPSAFE, kernel_lwp=0x8000))
    assert rig.log == ["end", 1, 0]
    assert not rig.panics


def test_exiting_with_something_held(rig):
    mutex = new_word(rig)

    def holds(_argument):
        yield from mutex_enter(rig, mutex)
        yield ("kthread_exit", 0)

    def raised(_argument):
        rig.fibers.current.ipl = IPL_VM
        yield ("kthread_exit", 0)

    def locked(_argument):
        yield ("kernel_lock", 1)
        yield ("kthread_exit", 0)

    for script, message in [
        (holds, "while holding a lock"),
        (raised, "at IPL vm"),
        (locked, "while holding the kernel lock"),
    ]:
        run(rig, create(rig, script))
        assert rig.panics.pop().message == f"kthread(9): kthread_exit {message}"


def test_exiting_what_is_no_thread(rig):
    with pytest.raises(Misuse, match="kthread_exit of an lwp that kthread_create did not make"):
        run(rig, ("kthread_exit", 0))


def test_joining_what_cannot_be_joined(rig):
    def main(_argument):
        yield ("kpause", "x", 5, 0, 0)
        yield ("kthread_exit", 0)

    with pytest.raises(Misuse, match="kthread_join of what is no joinable thread"):
        run(rig, create(rig, main), ("kthread_join", KERNEL_LWP))


def test_not_from_interrupts(rig):
    with pytest.raises(Misuse, match="kthread_create in an interrupt handler"):
        run(rig, create(rig, lambda _a: None), kind=Kind.INTERRUPT, ipl=IPL_VM)


def test_leaks_and_release(rig):
    def forever(_argument):
        yield ("tsleep", 0x1234, "nothing", 0, 0, 0)

    def short(_argument):
        yield ("kthread_exit", 0)

    run(rig, create(rig, forever), create(rig, short, MUSTJOIN, kernel_lwp=0x8000))
    service = rig.kernel.service(Kthreads)
    assert [str(leak) for leak in service.leaks(OWNER)] == [
        "kthread(9): thread worker still exists (asleep: nothing)",
        "kthread(9): thread worker exited and was never joined",
    ]
    service.release(OWNER)
    assert service.leaks(OWNER) == []
    assert rig.kernel.scheduler.lwps == {}
