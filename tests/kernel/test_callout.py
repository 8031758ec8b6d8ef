"""callout(9): ticks, stopping, halting, misuse."""

from __future__ import annotations

import pytest
from fakes import FakeOwner
from slow_shim import mutex_enter, mutex_exit, new_word

from rumphost.errors import Misuse
from rumphost.kernel.callout import FIRED, INVOKING, PENDING, Callouts
from rumphost.kernel.callout import MPSAFE as CALLOUT_MPSAFE

TICK_NS = 10_000_000
OWNER = FakeOwner()


@pytest.fixture
def rig(sync_rig):
    return sync_rig


@pytest.fixture
def callout(rig):
    address = new_word(rig)

    def script():
        yield ("callout_init", address)

    rig.run_script(script, owner=OWNER)
    return address


def state(rig, callout):
    return rig.memory.read_uint(callout, 4)


def schedule(rig, callout, ticks, script, argument=5, flags=CALLOUT_MPSAFE):
    return ("callout_schedule", callout, ticks, rig.function(script), argument, flags)


def run(rig, *requests, until_ns=None):
    def script():
        for request in requests:  # noqa: UP028 (a tuple takes no results)
            yield request

    rig.spawn(script, owner=OWNER)
    rig.run(until_ns)


def test_it_is_called_at_the_tick(rig, callout):
    def fire(argument):
        rig.log.append((argument, rig.now_ns, rig.lwp.name, rig.lwp.ipl))

    run(rig, ("delay", 4_000), schedule(rig, callout, 2, fire), until_ns=5_000_000)
    assert state(rig, callout) == PENDING
    rig.run()
    assert rig.log == [(5, 2 * TICK_NS, "softclk/foo0", 1)]
    assert state(rig, callout) == FIRED | INVOKING


def test_zero_ticks_are_one(rig, callout):
    run(rig, schedule(rig, callout, 0, rig.log.append))
    assert rig.now_ns == TICK_NS


def test_scheduling_again_replaces(rig, callout):
    run(
        rig,
        schedule(rig, callout, 1, rig.log.append, 1),
        schedule(rig, callout, 3, rig.log.append, 3),
    )
    assert rig.log == [3]
    assert rig.now_ns == 3 * TICK_NS


def test_stop(rig, callout):
    run(rig, schedule(rig, callout, 1, rig.log.append), ("callout_stop", callout))
    assert rig.log == []
    assert rig.now_ns == 0
    assert state(rig, callout) == 0


def test_stop_between_tick_and_call(rig, callout):
    def script():
        yield schedule(rig, callout, 1, rig.log.append)
        rig.fibers.current.ipl = 6
        yield ("delay", 20_000)
        assert state(rig, callout) == PENDING
        yield ("callout_stop", callout)
        rig.fibers.current.ipl = 0
        yield ("spl_lower", 0)

    rig.run_script(script)
    assert rig.log == []


def test_it_may_schedule_itself(rig, callout):
    def fire(argument):
        rig.log.append(rig.now_ns // TICK_NS)
        if argument > 1:
            yield schedule(rig, callout, 2, fire, argument - 1)

    run(rig, schedule(rig, callout, 1, fire, 3))
    assert rig.log == [1, 3, 5]


def test_those_of_one_tick_come_in_order_of_scheduling(rig):
    callouts = [new_word(rig) for _ in range(3)]
    run(rig, *(schedule(rig, c, 1, rig.log.append, n) for n, c in enumerate(callouts)))
    assert rig.log == [0, 1, 2]


def test_the_kernel_lock_unless_mpsafe(rig, callout):
    def fire(_argument):
        rig.log.append((yield ("kernel_locked",)))

    run(rig, schedule(rig, callout, 1, fire, flags=0))
    run(rig, schedule(rig, callout, 1, fire))
    assert rig.log == [1, 0]


def test_halt_waits_for_the_function(rig, callout):
    mutex = new_word(rig)

    def fire(_argument):
        yield from mutex_enter(rig, mutex)
        rig.log.append("fired")
        yield from mutex_exit(rig, mutex)

    def halter():
        yield from mutex_enter(rig, mutex)
        yield schedule(rig, callout, 1, fire)
        yield ("kpause", "x", 2, 0, 0)
        running = yield ("callout_halt", callout, 0)
        assert running == 1
        yield from mutex_exit(rig, mutex)
        yield ("callout_wait", callout)
        rig.log.append("halted")
        assert (yield ("callout_halt", callout, 0)) == 0
        yield ("callout_destroy", callout)

    rig.run_script(halter)
    assert rig.log == ["fired", "halted"]


def test_its_own_function_may_halt_and_destroy_it(rig, callout):
    def fire(_argument):
        assert (yield ("callout_halt", callout, 0)) == 0
        yield ("callout_destroy", callout)
        rig.log.append("destroyed")

    run(rig, schedule(rig, callout, 1, fire))
    assert not rig.panics
    assert rig.log == ["destroyed"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("callout_destroy", "callout_destroy of a callout that is pending"),
        ("callout_init", "callout_init of a callout that is pending"),
    ],
)
def test_misuse_while_pending(rig, callout, request_, message):
    run(rig, schedule(rig, callout, 1, rig.log.append), (request_, callout))
    assert rig.panics[0].message == f"callout(9): {message}"


def test_destroying_it_while_its_function_runs(rig, callout):
    mutex = new_word(rig)

    def fire(_argument):
        yield from mutex_enter(rig, mutex)

    def script():
        yield from mutex_enter(rig, mutex)
        yield schedule(rig, callout, 1, fire)
        yield ("kpause", "x", 2, 0, 0)
        yield ("callout_destroy", callout)

    with pytest.raises(Misuse, match=r"callout_destroy of a callout whose function is running"):
        rig.run_script(script)


def test_halting_in_a_hard_interrupt(rig, callout):
    def script():
        yield ("callout_halt", callout, 0)

    rig.interrupt(script)
    rig.run()
    assert "callout(9): callout_halt in a hard interrupt handler" in rig.panics[0].message


def test_leaks_and_release(rig, callout):
    run(rig, schedule(rig, callout, 100, rig.log.append), until_ns=0)
    service = rig.kernel.service(Callouts)
    (leak,) = service.leaks(OWNER)
    assert str(leak) == "callout(9): a callout is still pending"
    assert rig.fibers.functions[leak.site - 1]
    service.release(OWNER)
    assert service.leaks(OWNER) == []
    rig.run()
    assert rig.log == []
    assert rig.now_ns == 0


def test_trace(rig, callout):
    events = rig.trace_of(lambda: run(rig, schedule(rig, callout, 2, rig.log.append)))
    found = [(e.name, e.fields) for e in events if e.name.startswith("callout.")]
    assert found == [
        ("callout.schedule", {"callout": "#1", "ticks": 2}),
        ("callout.fire", {"callout": "#1"}),
    ]
