"""What all pages that block share: who may sleep, how long a tick is, and queues of sleepers.

Used by the services of mutex(9), rwlock(9), condvar(9), tsleep(9), callout(9) and the rest; it
handles no hypercall itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from rumphost.errors import Misuse

from .errno import EINTR, EWOULDBLOCK
from .lwp import IPL_NAMES, Lwp

if TYPE_CHECKING:
    from .kernel import Kernel


def check_sleep(lwp: Lwp, what: str, *, for_lock: bool = False) -> None:
    """Raise Misuse when the lwp may not block; ``what`` is "page(9): call".

    ``for_lock``: it waits for another lwp that will go on by itself, as soft interrupts may.
    """
    if lwp.in_interrupt:
        raise Misuse(f"{what} in a hard interrupt handler, which may not sleep")
    if lwp.spin_count:
        raise Misuse(f"{what} while holding a spin mutex{_named(lwp, spin_only=True)}")
    if lwp.in_softint and not for_lock:
        raise Misuse(f"{what} in a soft interrupt handler, which may wait for locks only")


def check_park(lwp: Lwp) -> None:
    """Check an lwp about to be parked by any page (``Scheduler.before_sleep``)."""
    check_sleep(lwp, "ASSERT_SLEEPABLE(9): sleeping", for_lock=True)


def check_clean(lwp: Lwp, what: str) -> None:
    """Raise Misuse when a handler left its lwp holding locks or at another IPL."""
    if lwp.spin_count or lwp.held():
        raise Misuse(f"{what} returned holding {describe_held(lwp)}")
    if lwp.ipl != lwp.base_priority:
        raise Misuse(f"{what} returned at IPL {IPL_NAMES.get(lwp.ipl, lwp.ipl)}")


def describe_held(lwp: Lwp) -> str:
    """Return "a lock" or "3 locks", whether they spin, and which they are if that is known."""
    count = len(lwp.held())
    locks = "a lock" if count == 1 else f"{count} locks"
    spin = f" ({lwp.spin_count} of them spin mutexes)" if lwp.spin_count else ""
    return f"{locks}{spin}{_named(lwp)}"


def _named(lwp: Lwp, *, spin_only: bool = False) -> str:
    """Name the locks that an lwp holds and where it took them, as far as that is known."""
    taken = [lwp.taken[address] for address in lwp.held() if address in lwp.taken]
    known = [str(one) for one in taken if one.spins or not spin_only]
    return f": {'; '.join(known)}" if known else ""


def named(lwp: Lwp, address: int) -> str:
    """Name a lock that an lwp holds, if its name is known."""
    return f": {lwp.taken[address]}" if address in lwp.taken else ""


def name_of(lwp: Lwp) -> str:
    """Name an lwp in a sentence."""
    return f"lwp {lwp.lid} ({lwp.name})"


def tick_deadline_ns(kernel: Kernel, ticks: int) -> int:
    """Return when the clock will have ticked ``ticks`` times (at least once); ns."""
    tick_ns = 1_000_000_000 // kernel.hz
    return (kernel.events.now_ns() // tick_ns + max(ticks, 1)) * tick_ns


def ticks_left_ns(kernel: Kernel, ticks: int) -> int | None:
    """Return the ns until the ``ticks``'th tick from now; None for 0, which means no limit."""
    return tick_deadline_ns(kernel, ticks) - kernel.events.now_ns() if ticks else None


class Labels:
    """Short names for addresses in traces, the same in each run: by order of appearance."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._count = 0

    def of(self, address: int) -> str:
        name = self._names.get(address)
        if name is None:
            self._count += 1
            name = self._names[address] = f"#{self._count}"
        return name

    def forget(self, address: int) -> None:
        """The memory is used for something else from now on."""
        self._names.pop(address, None)


class SleepQueues:
    """Lwps asleep on addresses, first come first woken.

    ``on_change`` is called with an address and how many sleep there now.
    """

    def __init__(
        self, kernel: Kernel, on_change: Callable[[int, int], None] = lambda _address, _count: None
    ) -> None:
        self._scheduler = kernel.scheduler
        self._on_change = on_change
        self._queues: dict[int, deque[Lwp]] = {}
        self._where: dict[Lwp, tuple[int, bool]] = {}

    def sleep(
        self,
        lwp: Lwp,
        address: int,
        wmesg: str,
        timeout_ns: int | None,
        *,
        interruptible: bool = False,
    ) -> None:
        """Park the lwp until it is woken, interrupted, or its time is over."""
        self._scheduler.park(lwp, wmesg, timeout_ns=timeout_ns, on_timeout=self._time_out)
        queue = self._queues.setdefault(address, deque())
        queue.append(lwp)
        self._where[lwp] = (address, interruptible)
        self._on_change(address, len(queue))

    def wake(self, address: int, limit: int | None = None) -> int:
        """Wake those who sleep there, at most ``limit``; returns how many."""
        queue = self._queues.get(address)
        count = 0
        while queue and (limit is None or count < limit):
            lwp = queue[0]
            self._leave(lwp)
            if not lwp.gone:
                self._scheduler.wake(lwp)
                count += 1
        return count

    def sleepers(self, address: int) -> list[Lwp]:
        """Return who sleeps there, longest first."""
        return [lwp for lwp in self._queues.get(address, ()) if not lwp.gone]

    def interrupt(self, lwp: Lwp) -> bool:
        """End an interruptible sleep with EINTR; False when there is none."""
        _, interruptible = self._where.get(lwp, (0, False))
        if not interruptible or lwp.gone:
            return False
        self._leave(lwp)
        self._scheduler.wake(lwp, EINTR)
        return True

    def note(self, lwp: Lwp, address: int) -> None:
        """An lwp has gone to sleep there by handover, which has told the shim already."""
        self._queues.setdefault(address, deque()).append(lwp)
        self._where[lwp] = (address, False)

    def forget(self, lwp: Lwp) -> None:
        """An lwp has been woken by handover."""
        address, _ = self._where.pop(lwp)
        queue = self._queues[address]
        queue.remove(lwp)
        if not queue:
            del self._queues[address]

    def drop_dead(self) -> None:
        """Forget lwps that have ended."""
        for lwp in [lwp for lwp in self._where if lwp.gone]:
            address, _ = self._where.pop(lwp)
            queue = self._queues[address]
            queue.remove(lwp)
            if not queue:
                del self._queues[address]

    def _leave(self, lwp: Lwp) -> None:
        address, _ = self._where[lwp]
        self.forget(lwp)
        self._on_change(address, len(self._queues.get(address, ())))

    def _time_out(self, lwp: Lwp) -> int:
        self._leave(lwp)
        return EWOULDBLOCK
