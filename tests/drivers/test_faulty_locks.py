"""Lock order and contexts: each fault of a driver that commits them is found, named and placed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from rumphost.errors import DriverPanic, LockOrderViolation

FAULTY = Path(__file__).parent / "faulty"
LINE = r"at \S*badlocks\.c:\d+"

pytestmark = [pytest.mark.machine("sim:teach"), pytest.mark.checks("locks")]


@pytest.fixture
async def commit(host) -> Callable[[int], Awaitable[object]]:
    """Attaches the driver; commits a fault."""
    await host.attach(str(FAULTY / "badlocks.c"))
    return partial(host.set_sysctl, "hw.badlocks0.fault")


async def detach(host) -> None:
    (device,) = host.devices
    await host.detach(device)


REVERSALS = [
    (
        1, "mutex(9)", "rx_then_tx",
        "sc_tx_lock was taken while sc_rx_lock was held",
        "sc_rx_lock was taken while sc_tx_lock was held, by sysctl in tx_then_rx", 3,
    ),
    (
        2, "mutex(9)", "rx_then_core_then_tx",
        "sc_tx_lock was taken while sc_core_lock was held",
        "sc_core_lock was taken while sc_rx_lock was held, by sysctl in rx_then_core_then_tx", 5,
    ),
    (
        3, "mutex(9)", "queues",
        "another sc_queue_lock[i] was taken while one sc_queue_lock[i] was held",
        "this one was taken while the other was held, by sysctl in queues", 3,
    ),
    (
        4, "KERNEL_LOCK(9)", "kernel_lock_inside",
        "the kernel lock was taken while sc_intr_lock was held",
        "sc_intr_lock was taken while the kernel lock was held, by sysctl in kernel_lock_outside",
        2,
    ),
    (
        5, "rwlock(9)", "tx_then_config",
        "sc_config_lock was taken while sc_tx_lock was held",
        "sc_tx_lock was taken while sc_config_lock was held, by sysctl in config_then_tx", 3,
    ),
    (
        6, "callout(9)", "halts_under_lock",
        "badlocks_tick() was waited for while sc_tx_lock was held",
        "sc_tx_lock was taken while badlocks_tick() ran, by softclk/badlocks0 in badlocks_tick", 3,
    ),
    (
        7, "softint(9)", "disestablishes_under_lock",
        "badlocks_softint() was waited for while sc_tx_lock was held",
        "sc_tx_lock was taken while badlocks_softint() ran, by softnet/badlocks0 in badlocks_tick",
        3,
    ),
    (
        8, "workqueue(9)", "destroys_queue_under_lock",
        "badlocks_worker() was waited for while sc_tx_lock was held",
        "sc_tx_lock was taken while badlocks_worker() ran, by badlocks in badlocks_tick", 3,
    ),
    (
        9, "kthread(9)", "joins_under_lock",
        "badlocks_thread() was waited for while sc_tx_lock was held",
        "sc_tx_lock was taken while badlocks_thread() ran, by badlocks in badlocks_tick", 3,
    ),
    (
        17, "mutex(9)", "waits_with_another",
        "sc_rx_lock was taken while sc_tx_lock was held",
        "sc_tx_lock was taken while sc_rx_lock was held, by sysctl in waits_with_another", 3,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "page", "function", "here", "there", "places"), REVERSALS)
async def test_a_reversal(host, commit, fault, page, here, function, there, places):
    """Both orders are told, with where each lock was taken, though nobody had to wait."""
    try:
        await commit(fault)
        error = await host.panic()
    except DriverPanic as raised:
        error = raised
    assert isinstance(error, LockOrderViolation)
    assert error.driver == "badlocks0"
    assert error.message.startswith(f"{page}: lock order reversal: {here}, in {function} at ")
    assert re.search(f"{re.escape(there)} {LINE}", error.message)
    assert len(error.places) == places
    for place in error.places:
        assert any(frame.file.endswith("badlocks.c") for frame in place.backtrace), place
    assert function in [frame.function for frame in error.backtrace]


async def test_an_adaptive_mutex_in_an_interrupt_handler(host, commit):
    await commit(10)
    panic = await host.panic()
    assert re.match(
        r"mutex\(9\): mutex_enter in a hard interrupt handler, which may not sleep, of "
        r"sc_tx_lock, which is adaptive, being for IPL none, initialised in "
        rf"badlocks_attach {LINE}$",
        panic.message,
    )
    assert "badlocks_intr" in [frame.function for frame in panic.backtrace]


async def test_a_mutex_below_the_level_of_the_interrupt_that_takes_it(host, commit):
    """No interrupt came while the thread held it: it is told all the same."""
    await commit(11)
    panic = await host.panic()
    assert isinstance(panic, LockOrderViolation)
    assert re.match(
        r"mutex\(9\): sc_low_lock, a spin mutex for IPL none, is taken at IPL vm by intr badlocks0"
        rf" in takes_low_lock {LINE}, and at IPL none by sysctl in takes_low_lock {LINE}: the one"
        r" can interrupt the other and spin for ever$",
        panic.message,
    )
    assert [place.what for place in panic.places] == [
        "taken by intr badlocks0", "taken by sysctl", "initialised",
    ]  # fmt: skip


MISUSES = [
    (12, rf"kpause while holding a spin mutex: sc_intr_lock, taken in "
         rf"sleeps_with_spin_mutex {LINE}$"),
    (14, rf"mutex\(9\): lwp \d+ \(sysctl\) ended holding a lock: sc_rx_lock, taken in "
         rf"forgets_to_release {LINE}$"),
    (18, r"callout\(9\): memory is released that a pending callout is in$"),
    (19, r"callout\(9\): callout_setfunc of a callout that was destroyed$"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "words"), MISUSES)
async def test_a_misuse(commit, fault, words):
    with pytest.raises(DriverPanic) as raised:
        await commit(fault)
    assert re.search(words, raised.value.message)
    assert raised.value.driver == "badlocks0"


FINDINGS = [
    (
        13, "holds_for_long",
        "mutex(9): sc_intr_lock, a spin mutex at IPL vm, is held for 50000 us of delay(9) and more",
    ),
    (
        15, "schedules_at_none",
        "softint(9): softint_schedule in a thread at IPL none without kpreempt_disable(): "
        "a kernel with DIAGNOSTIC stops there",
    ),
    (
        16, "reads_twice",
        "rwlock(9): rw_enter of sc_config_lock as a reader, by an lwp that is one already: "
        "where a writer has come in between, it waits for ever",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "function", "words"), FINDINGS)
async def test_a_finding(host, commit, fault, function, words):
    """What does no harm this time is told, once, and the driver goes on."""
    await commit(fault)
    await commit(fault)
    (found,) = host.findings
    assert str(found) == f"badlocks0: {words}"
    assert re.search(rf"{re.escape(words)}, in {function} {LINE}$", host.console.text, re.MULTILINE)
    await detach(host)


async def test_a_lock_that_is_not_destroyed(host, commit):
    await commit(20)
    await detach(host)
    (found,) = host.findings
    assert found.what.startswith("sc_intr_lock is not destroyed before its memory is released")
    assert re.search(rf"in badlocks_attach {LINE}$", host.console.text, re.MULTILINE)


async def test_attach_leaves_the_ipl_raised(host):
    (device,) = await host.attach(str(FAULTY / "badspl.c"))
    (found,) = host.findings
    assert str(found) == "badspl0: autoconf(9): the attach function returned at IPL vm"
    await host.detach(device)


async def test_a_driver_without_faults(host, commit):
    await commit(0)
    await detach(host)
    assert host.findings == []


@pytest.mark.checks
async def test_nothing_is_told_unless_asked_for(host, commit):
    if host.kernel.checks.locks:
        pytest.skip("the command line asks for it")
    for fault in (1, 2, 3, 5, 13, 15, 16):
        await commit(fault)
    await detach(host)
    assert host.findings == []
