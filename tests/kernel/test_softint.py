"""softint(9): levels, order, misuse, and what remains."""

from __future__ import annotations

import pytest
from fakes import FakeOwner
from slow_shim import mutex_enter, mutex_exit, new_word

from rumphost.errors import Misuse
from rumphost.kernel.lwp import IPL_SOFTCLOCK, IPL_SOFTNET, IPL_VM, Kind
from rumphost.kernel.softint import MPSAFE, Softints

OWNER = FakeOwner()


@pytest.fixture
def rig(sync_rig):
    return sync_rig


def established(rig, script, ipl=IPL_SOFTNET, flags=MPSAFE, argument=5, owner=OWNER):
    def driver():
        return (yield ("softint_establish", ipl, flags, rig.function(script), argument))

    return rig.run_script(driver, owner=owner)


def test_it_runs_above_threads_and_below_interrupts(rig):
    def handler(argument):
        rig.log.append(("soft", argument, rig.lwp.name, rig.lwp.ipl))
        yield ("spl_lower", IPL_SOFTNET)

    cookie = established(rig, handler)

    def interrupt():
        yield ("softint_schedule", cookie, 0)
        yield ("softint_schedule", cookie, 0)
        rig.log.append("interrupt done")

    def thread():
        rig.interrupt(interrupt)
        yield ("delay", 1)
        rig.log.append("thread")

    rig.spawn(thread)
    rig.run()
    assert rig.log == ["interrupt done", ("soft", 5, "softnet/foo0", IPL_SOFTNET), "thread"]


def test_higher_levels_first_and_each_in_order(rig):
    def handler(argument):
        rig.log.append(argument)

    cookies = [
        established(rig, handler, ipl, argument=n)
        for n, ipl in enumerate([IPL_SOFTCLOCK, IPL_SOFTNET, IPL_SOFTNET])
    ]

    def interrupt():
        for cookie in cookies:
            yield ("softint_schedule", cookie, 0)

    rig.interrupt(interrupt)
    rig.run()
    assert rig.log == [1, 2, 0]


def test_it_may_be_scheduled_again_while_it_runs(rig):
    def handler(argument):
        rig.log.append(argument)
        if len(rig.log) < 3:
            yield ("softint_schedule", cookie, 0)

    cookie = established(rig, handler)

    def thread():
        yield ("softint_schedule", cookie, 0)

    rig.run_script(thread)
    assert rig.log == [5, 5, 5]


def test_the_kernel_lock_unless_mpsafe(rig):
    def handler(_argument):
        rig.log.append((yield ("kernel_locked",)))

    for flags in (0, MPSAFE):
        cookie = established(rig, handler, flags=flags)

        def thread(cookie=cookie):
            yield ("softint_schedule", cookie, 0)

        rig.run_script(thread)
    assert rig.log == [1, 0]


def test_disestablish_waits_for_a_handler_that_waits_for_a_lock(rig):
    mutex = new_word(rig)

    def handler(_argument):
        yield from mutex_enter(rig, mutex)
        rig.log.append("handler")
        yield from mutex_exit(rig, mutex)

    cookie = established(rig, handler)

    def holder():
        yield from mutex_enter(rig, mutex)
        yield ("softint_schedule", cookie, 0)
        yield ("kpause", "x", 1, 0, 0)
        yield from mutex_exit(rig, mutex)

    def remover():
        yield ("softint_disestablish", cookie)
        rig.log.append("disestablished")

    rig.spawn(holder)
    rig.spawn(remover)
    rig.run()
    assert not rig.panics
    assert rig.log == ["handler", "disestablished"]


def test_what_was_scheduled_does_not_run_after_disestablish(rig):
    cookie = established(rig, rig.log.append)

    def thread():
        rig.fibers.current.ipl = IPL_VM
        yield ("softint_schedule", cookie, 0)
        yield ("softint_disestablish", cookie)
        rig.fibers.current.ipl = 0
        yield ("spl_lower", 0)

    rig.run_script(thread)
    assert rig.log == []


def test_misuse(rig):
    def itself(_argument):
        yield ("softint_disestablish", cookie)

    def sleeps(_argument):
        yield ("kpause", "x", 1, 0, 0)

    def raises_ipl(_argument):
        rig.fibers.current.ipl = IPL_VM

    for handler, message in [
        (itself, "softint(9): softint_disestablish by the handler itself"),
        (sleeps, "kpause(9): kpause in a soft interrupt handler"),
        (raises_ipl, "softint(9): a handler returned at IPL vm"),
    ]:
        cookie = established(rig, handler)

        def thread(cookie=cookie):
            yield ("softint_schedule", cookie, 0)

        rig.spawn(thread)
        rig.run()
        assert message in rig.panics.pop().message


def test_a_panic_leaves_other_drivers_their_level(rig):
    def bad(_argument):
        yield ("panic", "bad")

    other = FakeOwner(2, "bar0")
    cookies = [established(rig, bad), established(rig, rig.log.append, owner=other)]

    def thread():
        for cookie in cookies:
            yield ("softint_schedule", cookie, 0)

    for times in (1, 2):
        rig.run_script(thread)
        assert len(rig.panics) == times
        assert rig.log == [5] * times


@pytest.mark.parametrize("options", [{"kind": Kind.INTERRUPT, "ipl": IPL_VM}])
def test_not_from_interrupts(rig, options):
    def script():
        yield ("softint_establish", IPL_SOFTNET, 0, 0x1000, 0)

    with pytest.raises(Misuse, match="softint_establish in an interrupt handler"):
        rig.run_script(script, **options)


def test_leaks_and_release(rig):
    cookie = established(rig, rig.log.append)
    service = rig.kernel.service(Softints)
    assert [str(leak) for leak in service.leaks(OWNER)] == [
        "softint(9): a handler at IPL softnet is still established"
    ]

    def thread():
        yield ("softint_schedule", cookie, 0)

    rig.run_script(thread)
    assert len(rig.kernel.scheduler.lwps) == 1
    service.release(OWNER)
    assert service.leaks(OWNER) == []
    assert rig.kernel.scheduler.lwps == {}
    with pytest.raises(Misuse, match="of a cookie that is not, or no longer, established"):
        rig.run_script(thread)
