"""Puts the services of all synchronisation and thread pages into a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .callout import Callouts
from .condvar import CondVars
from .delay import Delay
from .kernel_lock import KernelLock
from .kthread import Kthreads
from .lock_order import LockOrder
from .mutex import Mutexes
from .rwlock import RwLocks
from .service import Service
from .sleep import check_park
from .softint import Softints
from .spl import Spl
from .synch import Synch
from .workqueue import Workqueues

if TYPE_CHECKING:
    from .kernel import Kernel
    from .lwp import Lwp

SERVICES: tuple[Callable[[Kernel], Service], ...] = (
    LockOrder,
    Mutexes,
    RwLocks,
    CondVars,
    Spl,
    Synch,
    KernelLock,
    Delay,
    Softints,
    Callouts,
    Kthreads,
    Workqueues,
)


def register_synchronization(kernel: Kernel) -> list[Service]:
    """Register the services, and their checks of lwps that sleep and end; returns the services."""
    services = []
    for make in SERVICES:
        services.append(make(kernel))
        kernel.register(services[-1])
    kernel.scheduler.before_sleep = check_park
    kernel.scheduler.on_return = kernel.service(Mutexes).check_return
    return services


def interrupt_sleep(kernel: Kernel, lwp: Lwp) -> bool:
    """End an lwp's interruptible sleep with EINTR; False when it is in none."""
    return kernel.service(CondVars).interrupt(lwp) or kernel.service(Synch).interrupt(lwp)
