"""The synchronisation and thread pages through the real boundary: a C program, no host."""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rumphost.boundary import Boundary, Image, Interface
from rumphost.errors import DriverPanic, Misuse, Unsupported
from rumphost.kernel.errno import EWOULDBLOCK
from rumphost.kernel.kernel import Kernel
from rumphost.kernel.lwp import IPL_SOFTNET, IPL_VM, Kind, Lwp
from rumphost.kernel.mutex import Mutexes
from rumphost.kernel.panic import Panic
from rumphost.kernel.synchronization import interrupt_sleep, register_synchronization
from rumphost.machine import Machine, VirtualClock
from rumphost.sources import hypercalls_dir

ARENA = 8 << 20
TICK_NS = 10_000_000
SLOW_LOCK = 4
PCATCH = 0x100
EINTR = 4
PAGES = (
    "aprint", "atomic", "callout", "condvar", "copy", "cpu", "delay", "format", "kauth",
    "kernel_lock", "kernel_time", "kmem", "kpreempt", "kthread", "libkern", "libkern_number",
    "localcount", "malloc", "mutex", "mutex_obj", "pcq", "percpu", "pool", "pserialize", "psref",
    "rwlock", "simple_lock", "snprintb", "softint", "spl", "start", "subr_once", "subr_prf",
    "synch", "systm", "workqueue", "xcall",
)  # fmt: skip
FLAGS = (
    "-std=gnu99", "-O2", "-g", "-fPIC", "-fno-omit-frame-pointer", "-ffreestanding", "-nostdinc",
    "-fno-strict-aliasing", "-D_KERNEL", "-DDIAGNOSTIC", "-D__NetBSD__", "-U__linux__",
    "-U__linux", "-Ulinux", "-Wall", "-Wextra", "-Werror",
)  # fmt: skip


class BareMachine(Machine):
    """A virtual clock and nothing on the bus."""

    def __init__(self) -> None:
        super().__init__("bare", VirtualClock())

    async def open(self) -> None:
        """Nothing to acquire."""

    async def close(self) -> None:
        """Nothing to release."""


def headers() -> list[str]:
    """Return which headers there are: the built-in ones, and a NetBSD tree's when one is named."""
    return ["builtin", *(["tree"] if os.environ.get("RUMPHOST_SYS") else [])]


@pytest.fixture(scope="module", params=headers())
def image_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("sync")
    hypercalls = hypercalls_dir()
    (work / "stubs.c").write_text(Interface.read(hypercalls / "hypercall.h").stubs_source())
    include = [f"-I{hypercalls / 'include'}"]
    if request.param == "tree":
        include += ["-isystem", os.environ["RUMPHOST_SYS"]]
    else:
        include += [f"-I{hypercalls / 'include' / 'builtin'}"]
    output = work / "image.so"
    subprocess.run(
        ["cc", *FLAGS, "-nostdlib", "-shared", "-fvisibility=hidden", "-Wl,-z,defs,-Bsymbolic",
         *include, f"-I{hypercalls}", "-o", str(output), str(work / "stubs.c"),
         str(Path(__file__).with_name("sync_program.c")),
         *(str(hypercalls / f"{page}.c") for page in PAGES)],
        check=True,
    )  # fmt: skip
    return output


@dataclass(frozen=True)
class Owner:
    number: int = 7
    xname: str = "foo0"


@dataclass
class Host:
    """A kernel with these pages only; ``said`` is what the program noted."""

    boundary: Boundary
    kernel: Kernel
    image: Image
    services: list[Any]
    owner: Owner = field(default_factory=Owner)
    panics: list[DriverPanic] = field(default_factory=list)

    @property
    def said(self) -> list[str]:
        return [line.text for line in self.kernel.console.lines]

    @property
    def now_ns(self) -> int:
        return self.kernel.events.now_ns()

    def start(self, name: str, *args: int, results: list[int] | None = None, **options: Any) -> Lwp:
        """Make an lwp at an entry point of the program."""
        if results is not None:
            options["on_exit"] = results.append
        entry = self.image.symbol(name)
        return self.kernel.scheduler.spawn(
            name, entry, args, image=self.image, owner=self.owner, **options
        )

    def run(self, until_ns: int | None = None) -> None:
        events = self.kernel.events
        while True:
            events.run_due()
            if self.kernel.scheduler.run_some().more:
                continue
            next_ns = events.next_ns()
            if next_ns is None or (until_ns is not None and next_ns > until_ns):
                return
            events.advance_to(next_ns)

    def call(self, name: str, *args: int, **options: Any) -> int:
        """Run an entry point and everything else until nothing is left; returns its result."""
        results: list[int] = []
        self.start(name, *args, results=results, **options)
        self.run()
        assert not self.panics, self.panics[0]
        (result,) = results
        return result - (1 << 64) if result >> 63 else result

    def fails(self, name: str, *args: int, **options: Any) -> str:
        """Run an entry point that ends in a misuse; returns the message."""
        self.start(name, *args, **options)
        self.run()
        panic = self.panics.pop(0)
        assert isinstance(panic, Misuse)
        assert panic.driver == "foo0"
        assert panic.backtrace or "ended" in panic.message
        return panic.message


@pytest.fixture
def host(image_path: Path) -> Iterator[Host]:
    boundary = Boundary(watchdog_s=2)
    memory = mmap.mmap(-1, ARENA)
    anchor = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    boundary.start_arena([(anchor, ARENA, 0x0400_0000)])
    kernel = Kernel(BareMachine(), boundary, boundary.memory, boundary.interface.table())
    kernel.register(Panic())
    host = Host(boundary, kernel, boundary.load(image_path), register_synchronization(kernel))
    kernel.scheduler.on_panic = lambda _lwp, panic: host.panics.append(panic)
    host.call("t_setup")
    yield host
    for lwp in list(kernel.scheduler.lwps.values()):
        kernel.scheduler.end(lwp)
    boundary.close()


@pytest.fixture(params=[0, SLOW_LOCK], ids=["fast", "slow"])
def either(request: pytest.FixtureRequest, host: Host) -> Host:
    """The host with the fast paths of locks on, or off."""
    host.boundary.cpu.slow = request.param
    return host


def test_ping_pong(either):
    results: list[int] = []
    for me in (0, 1):
        either.start("t_ping", me, 100, results=results)
    either.run()
    assert results == [199, 200] or results == [200, 200]


def test_mutexes_in_one_lwp(either):
    assert either.call("t_mutex") == 1


def test_a_contended_mutex_is_handed_on_in_order(either):
    for name, args in [("t_hold", (2,)), ("t_take", ()), ("t_hold", (1,)), ("t_take", ())]:
        either.start(name, *args)
    either.run()
    assert not either.panics
    assert either.said == ["held", "releasing", "taken", "held", "releasing", "taken"]
    assert either.now_ns == 3 * TICK_NS


def test_the_ipl_stays_raised_until_the_last_spin_mutex(either):
    assert either.call("t_spin_order") == 800


def test_a_spin_mutex_as_interlock(either):
    assert either.call("t_spin_wait") == EWOULDBLOCK


def test_uncontended_locks_need_no_hypercall_unless_asked(host):
    with host.kernel.trace.recording() as events:
        host.call("t_mutex")
    assert not [event for event in events if event.name.startswith(("mutex.", "spl."))]
    host.boundary.cpu.slow = SLOW_LOCK
    with host.kernel.trace.recording() as events:
        host.call("t_mutex")
    names = [event.name for event in events if event.name.startswith(("mutex.", "spl."))]
    assert names == [
        "mutex.tryenter", "mutex.enter", "mutex.exit", "mutex.exit", "mutex.enter", "spl.raise",
        "spl.lower", "mutex.exit", "spl.lower",
    ]  # fmt: skip


def test_timed_waits_end_at_a_tick(either):
    assert either.call("t_timedwait", 3) == EWOULDBLOCK
    assert either.now_ns == 3 * TICK_NS
    assert either.call("t_sleep", 0, 2) == EWOULDBLOCK
    assert either.now_ns == 5 * TICK_NS


def test_a_thread_waits_at_a_raised_ipl_and_keeps_it(either):
    assert either.call("t_timedwait_at_splvm") == IPL_VM * 10


def test_broadcast_wakes_all(either):
    results: list[int] = []
    for _ in range(3):
        either.start("t_timedwait", 0, results=results)
    either.run()
    assert results == []
    assert either.call("t_wake_all") == 1
    assert results == [0, 0, 0]


def test_wakeup(either):
    results: list[int] = []
    either.start("t_sleep", 0, 0, results=results)
    either.run()
    either.call("t_wakeup")
    assert results == [0]


def test_an_interruptible_sleep_is_interrupted(host):
    results: list[int] = []
    plain = host.start("t_sleep", 0, 0, results=results)
    lwp = host.start("t_sleep", PCATCH, 0, results=results)
    host.run()
    assert not interrupt_sleep(host.kernel, plain)
    assert interrupt_sleep(host.kernel, lwp)
    host.run()
    assert results == [EINTR]


def test_rwlock_readers_together_and_no_overtaking(either):
    for writer, ticks in [(0, 2), (0, 3), (1, 1), (0, 1)]:
        either.start("t_rw", writer, ticks)
    either.run()
    assert not either.panics
    assert either.said == [
        "reader in", "reader in", "reader out", "reader out",
        "writer in", "writer out", "reader in", "reader out",
    ]  # fmt: skip


def test_rwlock_upgrade_and_downgrade(either):
    assert either.call("t_rw_change") == 1


def test_callouts(either):
    assert either.call("t_callout", 3, 33) == 1
    assert either.said == ["tick"] * 3
    assert either.now_ns == 5 * TICK_NS
    assert either.call("t_callout_state") == 3311
    assert either.call("t_callout_state") == 3300


def test_callout_halt_waits_without_its_interlock(either):
    assert either.call("t_halt") == 1
    assert either.said == ["halting", "slow tick", "halted"]


def test_softint_runs_once_the_ipl_allows(either):
    assert either.call("t_softint") == IPL_SOFTNET
    assert either.said == ["scheduled", "soft with", "after"]


def test_workqueue(either):
    assert either.call("t_workqueue") == 0
    assert either.said == ["enqueued", "work 0", "work 1", "waited"]
    assert [lwp.name for lwp in either.kernel.scheduler.lwps.values()] == []


def test_kthread(either):
    assert either.call("t_kthread") == 0
    assert either.said == ["thread is itself", "joined"]
    assert either.boundary.bytes_in_use == 0


def test_pcq(host):
    assert host.call("t_pcq") == 1


def test_xcall(host):
    assert host.call("t_xcall") == 4


def test_pserialize(either):
    assert either.call("t_pserialize") == 40


def test_lock_objects(either):
    assert either.call("t_objects") == 1
    assert either.boundary.allocations(7) == []


def test_kernel_lock(either):
    assert either.call("t_kernel_lock") == 20
    assert either.call("t_kernel_lock", mpsafe=False) == 130


def test_delay(host):
    assert host.call("t_delay", 1500) == 1_500_000


def test_psref_and_localcount(host):
    try:
        host.image.symbol("t_psref")
    except KeyError:
        pytest.skip("the tree that RUMPHOST_SYS names is older than psref(9)")
    assert host.call("t_psref") == 1
    host.call("t_localcount")
    host.start("t_localcount_user")
    host.start("t_localcount_drain")
    host.run()
    assert host.said == ["releasing", "drained"]
    assert host.boundary.allocations(7) == []


THREAD: dict[str, Any] = {}
INTERRUPT = {"kind": Kind.INTERRUPT, "ipl": IPL_VM}
SOFTINT = {"kind": Kind.SOFTINT, "ipl": IPL_SOFTNET}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("w_unlock", THREAD, "mutex(9): mutex_exit of a mutex that nobody holds"),
        ("w_twice", THREAD, "mutex(9): mutex_enter: locking against myself"),
        ("w_spin_twice", THREAD, "mutex(9): mutex_spin_enter: locking against myself"),
        ("w_adaptive_under_spin", THREAD, "while holding a spin mutex"),
        ("t_take", INTERRUPT, "mutex(9): mutex_enter of an adaptive mutex in a hard interrupt"),
        ("w_uninitialised", THREAD, "mutex(9): mutex_enter of a mutex that was never initialised"),
        ("w_destroyed", THREAD, "mutex(9): mutex_enter of a mutex that was destroyed"),
        ("w_destroy_held", THREAD, "mutex(9): mutex_destroy of a mutex that is held by lwp"),
        ("w_end_holding", THREAD, "(w_end_holding) ended holding a lock"),
        ("w_sleep_under_spin", THREAD, "tsleep(9): tsleep while holding a spin mutex"),
        ("t_sleep", INTERRUPT, "tsleep(9): tsleep in a hard interrupt handler"),
        ("t_sleep", SOFTINT, "tsleep(9): tsleep in a soft interrupt handler"),
        ("w_cv_without_mutex", THREAD, "condvar(9): cv_wait without holding the mutex"),
        ("t_timedwait", SOFTINT, "condvar(9): cv_wait in a soft interrupt handler"),
        ("w_rw_exit", THREAD, "rwlock(9): rw_exit of a lock that the lwp does not hold"),
        ("w_rw_upgrade", THREAD, "rwlock(9): rw_enter: locking against myself"),
        ("t_rw", INTERRUPT, "rwlock(9): rw_enter in a hard interrupt handler"),
        ("w_callout_destroy", THREAD, "callout(9): callout_destroy of a callout that is pending"),
        ("w_callout_uninitialised", THREAD, "of a callout that was never initialised"),
        ("w_softint_sleeps", THREAD, "kpause(9): kpause in a soft interrupt handler"),
        ("w_softint_keeps", THREAD, "softint(9): a handler returned holding a lock"),
        ("w_softint_gone", THREAD, "softint(9): softint_schedule of a cookie that is not"),
        ("t_softint", INTERRUPT, "softint(9): softint_establish in an interrupt handler"),
        ("w_kthread_returns", THREAD, "kthread(9): a thread's function returned"),
        ("w_kthread_holds", THREAD, "kthread(9): kthread_exit while holding a lock"),
        ("w_work_twice", THREAD, "workqueue(9): workqueue_enqueue of work that is queued already"),
        ("w_kernel_unlock", THREAD, "KERNEL_LOCK(9): KERNEL_UNLOCK of a lock that the lwp does"),
        ("w_perform_inside", THREAD, "pserialize(9): pserialize_perform inside a read section"),
        ("w_simple_lock", THREAD, "lock(9): __cpu_simple_lock of a lock that is held"),
    ],
)
def test_misuse_is_reported(either, name, options, message):
    args = (0, 0) if name.startswith("t_") else ()
    assert message in either.fails(name, *args, **options)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("u_kthread_idle", "kthread(9): KTHREAD_IDLE and KTHREAD_INTR"),
        ("u_many_locks", "mutex(9): an lwp that holds more than 32 locks"),
    ],
)
def test_unfinished_corners_say_so(host, name, message):
    host.start(name)
    host.run()
    (panic,) = host.panics
    assert panic.message == message
    assert isinstance(panic.__cause__, Unsupported)


def test_destroying_a_condition_variable_with_waiters(host):
    host.start("t_timedwait", 0)
    host.run()
    assert "cv_destroy while lwps wait on it: t_timedwait" in host.fails("w_cv_destroy")


def test_a_mutex_whose_owner_has_ended(host):
    host.fails("w_end_holding")
    host.start("t_sleep", 0, 0)  # has the dead lwp's place in memory
    host.run()
    assert "whose owner has ended" in host.fails("t_take")


@pytest.mark.parametrize("seed", range(6))
def test_a_shaken_schedule_breaks_nothing(host, seed):
    host.boundary.cpu.slow = SLOW_LOCK if seed % 2 else 0
    host.kernel.scheduler.shake(random.Random(seed))
    results: list[int] = []
    started = [
        *(("t_ping", me, 30) for me in (0, 1)),
        *(("t_rw", n % 2, n) for n in range(1, 5)),
        ("t_hold", 1), ("t_take",), ("t_hold", 2), ("t_take",), ("t_softint",), ("t_workqueue",),
        ("t_kthread",), ("t_objects",),
    ]  # fmt: skip
    for name, *args in started:
        host.start(name, *args, results=results)
    host.run()
    assert not host.panics, host.panics[0]
    assert len(results) == len(started)
    assert host.said.count("taken") == 2


def test_held_locks_show_as_leaks(host):
    host.start("t_hold", 100)
    host.run(until_ns=0)
    (leak,) = host.kernel.service(Mutexes).leaks(host.owner)
    assert "(t_hold) still holds a lock" in str(leak)


def test_a_dead_driver_leaves_nothing(host):
    host.start("t_hold", 100)
    host.start("t_take")
    host.start("t_callout", 100, 1)
    host.start("t_workqueue")
    host.run(until_ns=0)
    for lwp in [lwp for lwp in host.kernel.scheduler.lwps.values() if lwp.owner is host.owner]:
        host.kernel.scheduler.end(lwp)
    for service in host.services:
        if hasattr(service, "release"):
            service.release(host.owner)
    assert not [leak for s in host.services if hasattr(s, "leaks") for leak in s.leaks(host.owner)]
    host.run()
    assert "tick" not in host.said
    assert host.now_ns == 0
    assert host.kernel.scheduler.lwps == {}


def test_an_uncontended_pair_costs_about_an_atomic_pair(host):
    pairs = 1_000_000

    def best(name: str) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            host.call(name, pairs)
            times.append(time.perf_counter() - start)
        return min(times)

    assert best("t_mutex_pairs") < 3 * best("t_atomic_pairs")
