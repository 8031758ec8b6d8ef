"""rwlock(9): who gets in together, and who has to wait."""

from __future__ import annotations

import pytest
from fakes import FakeOwner
from slow_shim import new_word, rw_enter, rw_exit

from rumphost.errors import Misuse
from rumphost.kernel.rwlock import RwLocks


@pytest.fixture
def rig(sync_rig):
    return sync_rig


def user(rig, rwlock, name, *, writer, ticks=1):
    def script():
        yield from rw_enter(rig, rwlock, writer=writer)
        rig.log.append(f"{name}+")
        yield ("kpause", "hold", ticks, 0, 0)
        rig.log.append(f"{name}-")
        yield from rw_exit(rig, rwlock)

    return rig.spawn(script, name=name)


def test_readers_share_and_nobody_overtakes(rig):
    rwlock = new_word(rig)
    for name, writer in [("r1", False), ("r2", False), ("w1", True), ("r3", False), ("r4", False)]:
        user(rig, rwlock, name, writer=writer)
    rig.run()
    assert rig.log == ["r1+", "r2+", "r1-", "r2-", "w1+", "w1-", "r3+", "r4+", "r3-", "r4-"]
    assert rig.memory.read_uint(rwlock, 8) == 0


def test_a_dead_waiter_is_passed_over(rig):
    rwlock = new_word(rig)
    user(rig, rwlock, "r1", writer=False)
    dead = user(rig, rwlock, "w1", writer=True)
    user(rig, rwlock, "r2", writer=False)
    rig.run(until_ns=0)
    rig.kernel.scheduler.end(dead)
    rig.kernel.service(RwLocks).release(FakeOwner())
    rig.run()
    assert rig.log == ["r1+", "r1-", "r2+", "r2-"]


def test_downgrade_lets_readers_in(rig):
    rwlock = new_word(rig)

    def script():
        yield from rw_enter(rig, rwlock, writer=True)
        yield ("kpause", "hold", 1, 0, 0)
        rig.log.append("downgrade")
        yield ("rw_downgrade", rwlock)
        yield ("kpause", "hold", 5, 0, 0)
        rig.log.append("done")
        yield from rw_exit(rig, rwlock)

    rig.spawn(script)
    user(rig, rwlock, "r", writer=False)
    rig.run()
    assert rig.log == ["downgrade", "r+", "r-", "done"]


@pytest.mark.parametrize(("others", "expected"), [(0, 1), (1, 0)])
def test_tryupgrade_of_the_only_reader(rig, others, expected):
    rwlock = new_word(rig)
    for _ in range(others):
        user(rig, rwlock, "r", writer=False)

    def script():
        yield from rw_enter(rig, rwlock, writer=False)
        result = yield ("rw_tryupgrade", rwlock)
        yield from rw_exit(rig, rwlock)
        return result

    assert rig.run_script(script) == expected


def test_tryenter(rig):
    rwlock = new_word(rig)

    def script():
        results = []
        for writer in (0, 0, 1):
            results.append((yield ("rw_tryenter", rwlock, writer)))
        yield ("rw_exit", rwlock, 1)
        yield ("rw_exit", rwlock, 1)
        results.append((yield ("rw_tryenter", rwlock, 1)))
        results.append((yield ("rw_tryenter", rwlock, 0)))
        assert results == [1, 1, 0, 1, 0]
        yield ("rw_exit", rwlock, 1)

    rig.run_script(script)


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ([("rw_exit", 0)], "rw_exit of a lock that the lwp does not hold"),
        ([("rw_downgrade",)], "rw_downgrade of a lock that the lwp does not hold as writer"),
        ([("rw_tryupgrade",)], "rw_tryupgrade of a lock that the lwp does not hold as reader"),
        ([("rw_enter", 1), ("rw_destroy",)], "rw_destroy of a lock that is held"),
    ],
)
def test_misuse(rig, calls, message):
    rwlock = new_word(rig)

    def script():
        for name, *rest in calls:
            yield (name, rwlock, *rest)

    with pytest.raises(Misuse, match=rf"rwlock\(9\): {message}"):
        rig.run_script(script)


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True)])
def test_locking_against_myself(rig, first, second):
    rwlock = new_word(rig)

    def script():
        yield from rw_enter(rig, rwlock, writer=first)
        yield from rw_enter(rig, rwlock, writer=second)

    with pytest.raises(Misuse, match=r"rwlock\(9\): rw_enter: locking against myself"):
        rig.run_script(script)
