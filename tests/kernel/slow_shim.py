"""What the shim's C does around the hypercalls of locks, with all fast paths off, for scripts.

A script says ``yield from mutex_enter(rig, mutex)``. ``new_mutex`` and the like give memory.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from fakes import Rig

Steps = Generator[Any, int, int]


def new_word(rig: Rig) -> int:
    """Return the address of a free mutex, lock, condition variable or callout."""
    return rig.memory.allocate(64)


def mutex_enter(rig: Rig, mutex: int) -> Steps:
    fiber = rig.fibers.current
    yield ("mutex_enter", mutex)
    fiber.locks.append(mutex)
    return 0


def mutex_exit(rig: Rig, mutex: int) -> Steps:
    fiber = rig.fibers.current
    if mutex in fiber.locks:
        fiber.locks.remove(mutex)
    yield ("mutex_exit", mutex)
    return 0


def spin_enter(rig: Rig, mutex: int, ipl: int) -> Steps:
    fiber = rig.fibers.current
    before, fiber.ipl = fiber.ipl, max(ipl, fiber.ipl)
    yield ("mutex_spin_enter", mutex, ipl, before)
    fiber.spin_count += 1
    fiber.locks.append(mutex)
    return before


def spin_exit(rig: Rig, mutex: int, before: int) -> Steps:
    fiber = rig.fibers.current
    yield ("mutex_spin_exit", mutex)
    fiber.locks.remove(mutex)
    fiber.spin_count -= 1
    if fiber.spin_count == 0:
        fiber.ipl = before
        yield ("spl_lower", before)
    return 0


def rw_enter(rig: Rig, rwlock: int, *, writer: bool) -> Steps:
    fiber = rig.fibers.current
    yield ("rw_enter", rwlock, int(writer))
    fiber.locks.append(rwlock)
    return 0


def rw_exit(rig: Rig, rwlock: int) -> Steps:
    fiber = rig.fibers.current
    held = rwlock in fiber.locks
    if held:
        fiber.locks.remove(rwlock)
    yield ("rw_exit", rwlock, int(held))
    return 0


def cv_wait(
    rig: Rig, cv: int, mutex: int, *, ticks: int = 0, ns: int = 0, interruptible: int = 0
) -> Steps:
    rig.fibers.current.locks.remove(mutex)
    error = yield ("cv_wait", cv, mutex, "testcv", ticks, ns, interruptible)
    yield from mutex_enter(rig, mutex)
    return error
