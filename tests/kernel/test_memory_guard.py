"""The memory guard's words, and when it looks: see ``rumphost/kernel/guard.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from fakes import FakeOwner, Fault, Rig

from rumphost.checks import Checks
from rumphost.errors import DriverPanic, Frame, MemoryViolation
from rumphost.kernel.guard import BOUNDS, TWICE, WRITTEN, Guard
from rumphost.kernel.kmem import Kmem
from rumphost.sources import hypercalls_dir

SHIM = str(hypercalls_dir())
FRAMES = {
    1: Frame(1, "rumphost_memory", f"{SHIM}/kmem.c", 75),
    2: Frame(2, "kmem_alloc", f"{SHIM}/kmem.c", 150),
    3: Frame(3, "m_get", f"{SHIM}/mbuf.c", 80),
    4: Frame(4, "foo_attach", "foo.c", 10),
    5: Frame(5, "kmem_free", f"{SHIM}/kmem.c", 190),
    6: Frame(6, "foo_stop", "foo.c", 20),
}


@dataclass(frozen=True)
class Memory:
    """100 bytes at 1000, allocated in foo_attach()."""

    address: int = 1000
    size: int = 100
    owner: int = 1
    released: bool = False
    what: int = 0
    where: int = 0
    allocated_at: tuple[int, ...] = (1, 2, 4)
    released_at: tuple[int, ...] = ()


HELD = Memory()
FREED = Memory(released=True, released_at=(5, 6))


@dataclass
class Books:
    """What the arena would answer."""

    found: Memory | None = HELD
    reports: list[Memory] = field(default_factory=list)
    swept: Sequence[Memory] = ()

    def find(self, address: int) -> Memory | None:
        return self.found

    def reported(self) -> Memory | None:
        return self.reports.pop(0) if self.reports else None

    def sweep(self, owner: int) -> Sequence[Memory]:
        return self.swept


@pytest.fixture
def checks() -> Checks:
    return Checks(guard=True)


@pytest.fixture
def rig(sync_rig: Rig) -> Rig:
    for make in (Kmem, Guard):
        sync_rig.kernel.register(make(sync_rig.kernel))
    return sync_rig


@pytest.fixture
def guard(rig: Rig) -> Guard:
    guard = rig.kernel.service(Guard)
    guard.watch = Books()
    guard.frames = lambda places: [FRAMES[place] for place in places]
    return guard


@pytest.mark.parametrize(
    ("found", "address", "write", "words"),
    [
        (HELD, 1100, 1, "a store just past the end of 100 bytes"),
        (HELD, 1103, 0, "a load 3 bytes past the end of 100 bytes"),
        (HELD, 999, -1, "an access 1 byte before the start of 100 bytes"),
        (FREED, 1000, 0, "a load at byte 0 of 100 bytes after their release"),
    ],
)
def test_a_stray_access(guard, found, address, write, words):
    guard.watch.found = found
    error = guard.stray(address, write)
    assert error.message.startswith(f"kmem(9): {words}, allocated in foo_attach at foo.c:10")
    assert error.message.endswith(", released in foo_stop at foo.c:20") is found.released
    assert error.places[0].what == "allocated"
    assert [frame.function for frame in error.places[0].backtrace] == ["kmem_alloc", "foo_attach"]


def test_the_page_is_that_of_the_function_called(guard):
    guard.watch.found = replace(HELD, allocated_at=(1, 2, 3, 4))
    assert guard.stray(1100, 1).message.startswith("mbuf(9): ")


def test_a_softc_has_a_name(guard):
    guard.softc_of = lambda address: "foo0" if address == 1000 else ""
    assert guard.stray(1100, 0).message == (
        "kmem(9): a load just past the end of 100 bytes, the softc of foo0"
    )


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (BOUNDS, "somebody has written 2 bytes past the end of 100 bytes"),
        (TWICE, "memory is released a second time"),
        (WRITTEN, "a device has written 2 bytes past the end of 100 bytes"),
    ],
)
def test_damage(guard, what, words):
    found = replace(HELD, what=what, where=1102)
    assert guard.damage(found).message.startswith(f"kmem(9): {words}, allocated in ")


def test_a_fault_elsewhere_is_not_explained(rig, guard):
    guard.watch.found = None

    def script():
        yield ("delay", 1)
        raise Fault("bad memory access")

    with pytest.raises(DriverPanic, match="bad memory access"):
        rig.run_script(script)


def test_a_wrong_release(rig, guard):
    def script():
        yield ("kmem_misuse", "kmem(9)", "kmem_free of 0x3e8, which is not allocated", 1000)

    guard.watch.found = FREED
    with pytest.raises(MemoryViolation, match="which was released before, allocated in foo_attach"):
        rig.run_script(script)
    guard.watch.found = None
    with pytest.raises(MemoryViolation, match="which is not allocated"):
        rig.run_script(script)


def test_who_did_it_hears_of_it_at_the_next_allocation(rig, guard):
    def script():
        yield ("kmem_allocated", "kmem(9)", 0x2000, 16, 0)

    found = replace(FREED, what=WRITTEN, where=1001)
    guard.watch.reports.append(found)
    with pytest.raises(MemoryViolation, match="a device has written"):
        rig.run_script(script, owner=FakeOwner())
    guard.watch.reports.append(found)
    rig.run_script(script, owner=FakeOwner(2, "bar0"))
    assert "a device has written" in rig.kernel.console.text


def test_at_detach_all_of_it_is_looked_at(guard):
    assert guard.settle(FakeOwner()) is None
    guard.watch.swept = [replace(HELD, what=BOUNDS, where=1100)]
    error = guard.settle(FakeOwner())
    assert isinstance(error, MemoryViolation)
    assert error.driver == "foo0"
