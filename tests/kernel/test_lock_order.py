"""Lock order: classes, paths, pairs of one class, the kernel lock, functions and levels."""

from __future__ import annotations

import pytest
from fakes import FakeOwner, Rig
from slow_shim import (
    cv_wait,
    mutex_enter,
    mutex_exit,
    new_word,
    rw_enter,
    rw_exit,
    spin_enter,
    spin_exit,
)

from rumphost.checks import Checks
from rumphost.errors import Frame, LockOrderViolation
from rumphost.kernel.lock_names import lock_name
from rumphost.kernel.lock_order import ADAPTIVE, RW, SPIN, LockOrder
from rumphost.kernel.lwp import IPL_SCHED, IPL_VM


@pytest.fixture
def checks() -> Checks:
    return Checks(locks=True)


@pytest.fixture
def rig(sync_rig: Rig) -> Rig:
    return sync_rig


def new_lock(rig: Rig, site: int, kind: int = ADAPTIVE, ipl: int = 0) -> int:
    """Make a lock of the class that ``site`` stands for."""
    lock = new_word(rig)

    def script():
        yield ("lock_init", lock, kind, ipl, site)

    rig.run_script(script)
    return lock


def nested(rig: Rig, *locks: int):
    """Take mutexes one in another, and release them."""

    def script():
        for lock in locks:
            yield from mutex_enter(rig, lock)
        for lock in reversed(locks):
            yield from mutex_exit(rig, lock)

    rig.spawn(script, name="nested")
    rig.run()


def violations(rig: Rig) -> list[str]:
    for panic in rig.panics:
        assert isinstance(panic, LockOrderViolation)
    return [panic.message.partition(": two CPUs")[0] for panic in rig.panics]


def test_two_orders_of_two_classes(rig):
    a, b = new_lock(rig, 0x10), new_lock(rig, 0x20)
    nested(rig, a, b)
    nested(rig, a, b)
    assert rig.panics == []
    nested(rig, b, a)
    assert len(violations(rig)) == 1
    assert rig.panics[0].message.startswith("mutex(9): lock order reversal: ")


def test_other_locks_of_the_same_classes_count(rig):
    a, b = new_lock(rig, 0x10), new_lock(rig, 0x20)
    others = new_lock(rig, 0x10), new_lock(rig, 0x20)
    nested(rig, a, b)
    nested(rig, *reversed(others))
    assert len(violations(rig)) == 1


def test_a_pair_is_told_once(rig):
    a, b = new_lock(rig, 0x10), new_lock(rig, 0x20)
    nested(rig, a, b)
    nested(rig, b, a)
    c, d = new_lock(rig, 0x10), new_lock(rig, 0x20)
    nested(rig, d, c)
    nested(rig, c, d)
    assert len(violations(rig)) == 1


def test_over_a_third_class(rig):
    a, b, c = (new_lock(rig, site) for site in (0x10, 0x20, 0x30))
    nested(rig, a, b)
    nested(rig, b, c)
    assert rig.panics == []
    nested(rig, c, a)
    (message,) = violations(rig)
    assert message.count(" was taken while ") == 3


def test_one_class_in_one_order_is_fine(rig):
    a, b = new_lock(rig, 0x10), new_lock(rig, 0x10)
    nested(rig, a, b)
    nested(rig, a, b)
    assert rig.panics == []
    nested(rig, b, a)
    assert len(violations(rig)) == 1


def test_a_lock_made_anew_where_another_was(rig):
    a, b = new_lock(rig, 0x10), new_lock(rig, 0x10)
    nested(rig, a, b)

    def script():
        yield ("mutex_destroy", a)
        yield ("lock_init", a, ADAPTIVE, 0, 0x10)

    rig.run_script(script)
    nested(rig, b, a)
    assert rig.panics == []


def test_trying_is_not_waiting(rig):
    a, b, c = (new_lock(rig, site) for site in (0x10, 0x20, 0x30))
    nested(rig, a, b)

    def script():
        yield from mutex_enter(rig, b)
        assert (yield ("mutex_tryenter", a)) == 1
        rig.fibers.current.locks.append(a)
        yield from mutex_enter(rig, c)
        for lock in (c, a, b):
            yield from mutex_exit(rig, lock)

    rig.run_script(script)
    assert rig.panics == []
    nested(rig, c, a)  # but c has been waited for with a held
    assert len(violations(rig)) == 1


def test_a_read_write_lock(rig):
    mutex, rw = new_lock(rig, 0x10), new_lock(rig, 0x20, RW)

    def script(first):
        if first:
            yield from rw_enter(rig, rw, writer=False)
        yield from mutex_enter(rig, mutex)
        if not first:
            yield from rw_enter(rig, rw, writer=False)
        yield from rw_exit(rig, rw)
        yield from mutex_exit(rig, mutex)

    rig.spawn(script, 1)
    rig.spawn(script, 0)
    rig.run()
    assert violations(rig)[0].startswith("rwlock(9): lock order reversal: ")


def test_waking_takes_the_mutex_again(rig):
    a, b, cv = new_lock(rig, 0x10), new_lock(rig, 0x20), new_word(rig)

    def script():
        yield from mutex_enter(rig, a)
        yield from mutex_enter(rig, b)
        yield from cv_wait(rig, cv, a, ticks=1)

    rig.spawn(script)
    rig.run()
    assert len(violations(rig)) == 1


def kernel_locked(rig, mutex, *, inside, ipl=0):
    """Take the kernel lock and a mutex."""

    def script():
        enter = mutex_enter(rig, mutex) if not ipl else spin_enter(rig, mutex, ipl)
        if inside:
            before = yield from enter
            yield ("kernel_lock", 1)
        else:
            yield ("kernel_lock", 1)
            before = yield from enter
        yield ("kernel_unlock", 1)
        yield from mutex_exit(rig, mutex) if not ipl else spin_exit(rig, mutex, before)

    rig.spawn(script)
    rig.run()


def test_the_kernel_lock_and_a_spin_mutex(rig):
    mutex = new_lock(rig, 0x10, SPIN, IPL_VM)
    kernel_locked(rig, mutex, inside=False, ipl=IPL_VM)
    kernel_locked(rig, mutex, inside=False, ipl=IPL_VM)
    assert rig.panics == []
    kernel_locked(rig, mutex, inside=True, ipl=IPL_VM)
    assert violations(rig)[0].startswith("KERNEL_LOCK(9): lock order reversal: the kernel lock")


def test_who_waits_for_an_adaptive_mutex_lets_go_of_the_kernel_lock(rig):
    mutex = new_lock(rig, 0x10)
    kernel_locked(rig, mutex, inside=False)
    kernel_locked(rig, mutex, inside=True)
    assert rig.panics == []


def test_an_interrupt_above_the_level_of_a_spin_mutex(rig):
    mutex = new_lock(rig, 0x10, SPIN, IPL_VM)

    def script():
        before = yield from spin_enter(rig, mutex, IPL_VM)
        yield from spin_exit(rig, mutex, before)

    rig.interrupt(script, ipl=IPL_VM)
    rig.spawn(script)
    rig.run()
    assert rig.panics == []
    rig.interrupt(script, ipl=IPL_SCHED, name="clock")
    rig.run()
    assert "is taken at IPL sched by clock" in rig.panics[0].message
    assert "the one can interrupt the other and spin for ever" in rig.panics[0].message


def test_a_mutex_that_only_the_interrupt_takes(rig):
    mutex = new_lock(rig, 0x10, SPIN, IPL_VM)

    def script():
        before = yield from spin_enter(rig, mutex, IPL_VM)
        yield from spin_exit(rig, mutex, before)

    rig.interrupt(script, ipl=IPL_SCHED)
    rig.run()
    assert rig.panics == []


def test_a_spin_mutex_is_held_for_long(rig):
    mutex = new_lock(rig, 0x10, SPIN, IPL_VM)

    def script(us):
        before = yield from spin_enter(rig, mutex, IPL_VM)
        yield ("delay", us)
        yield ("delay", us)
        yield from spin_exit(rig, mutex, before)
        yield ("delay", 100_000)

    rig.spawn(script, 24_999)
    rig.run()
    assert rig.kernel.findings.all == []
    rig.spawn(script, 25_000)
    rig.run()
    (found,) = rig.kernel.findings.all
    assert found.what.endswith("is held for 50000 us of delay(9) and more")


def test_a_device_takes_its_locks_with_it(rig):
    owner = FakeOwner()
    a, b = new_word(rig), new_lock(rig, 0x20)

    def script():
        yield ("lock_init", a, ADAPTIVE, 0, 0x10)

    rig.run_script(script, owner=owner)
    order = rig.kernel.service(LockOrder)
    order.settle(owner, lambda _address: False)
    assert rig.kernel.findings.all == []
    order.settle(owner, lambda address: address == a)
    (found,) = rig.kernel.findings.all
    assert (found.device, found.site) == ("foo0", 0x10)
    order.release(owner)
    nested(rig, a, b)
    nested(rig, b, a)
    assert rig.panics == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("\tmutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NET);", "sc_lock"),
        ("\trw_init(&foo_lock);", "foo_lock"),
        ("\tsc->sc_core_lock = mutex_obj_alloc(MUTEX_DEFAULT,\n\t    IPL_NONE);", "sc_core_lock"),
        (
            "\tmutex_init(\n\t    &sc->sc_rxq[i].rxq_lock,\n\t    MUTEX_DEFAULT, IPL_NET);",
            "rxq_lock",
        ),
        ("\tFOO_LOCK_INIT(sc);", "the lock of foo_attach"),
    ],
)
def test_the_name_of_a_lock_is_in_the_source(tmp_path, line, name):
    source = tmp_path / "foo.c"
    source.write_text(f"static void\nfoo_attach(void)\n{{\n{line}\n}}\n")
    for number in range(4, 4 + line.count("\n") + 1):  # compilers differ in which line it is
        assert lock_name(Frame(0x10, "foo_attach", str(source), number)) == name


def test_a_source_that_is_gone_has_no_names(tmp_path):
    frame = Frame(0x10, "foo_attach", str(tmp_path / "gone.c"), 4)
    assert lock_name(frame) == "the lock of foo_attach"
