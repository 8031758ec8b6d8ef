"""Lock order and contexts, in the spirit of LOCKDEBUG and WITNESS. Called by the pages of locks.

Only with ``Checks.locks``, when every operation on a lock comes to Python. Locks that one line of
source initialises are one class. A class that is taken while another is held comes after it; two
that come after one another, be it over others, are reported before they meet: two CPUs could wait
for each other for ever. Of one class, the order counts between each two locks of it. What waits
for a function to return (callout_halt, softint_disestablish, workqueue_wait, kthread_join) counts
as taking a lock that the function holds as long as it runs.

The kernel lock comes before spin mutexes only: who waits for anything else lets go of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from rumphost.errors import Frame, LockOrderViolation, Misuse, Place

from .blame import blamed
from .hypercall import hypercall
from .lock_names import lock_name
from .lwp import IPL_NAMES, Lwp, Owner
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

ADAPTIVE: Final = 0  # RUMPHOST_LOCK_*
SPIN: Final = 1
RW: Final = 2
FUNCTION: Final = 3
KERNEL_LOCK: Final = 4
_PAGES = {ADAPTIVE: "mutex(9)", SPIN: "mutex(9)", RW: "rwlock(9)", KERNEL_LOCK: "KERNEL_LOCK(9)"}
SPIN_LIMIT_US = 50_000
"""For how many microseconds of delay(9) a spin mutex may be held.

No instructions are counted, only what the driver asks for. Resets that take 10 ms are common.
"""


@dataclass(eq=False)
class Class:
    """Locks that one place initialises, or a function that others wait for."""

    kind: int
    site: int
    page: str
    after: dict[Class, Step] = field(default_factory=dict)
    """What was taken while it was held, and how that came about first."""


@dataclass(eq=False)
class Lock:
    """One lock; ``highest`` is the interrupt level that takes it, ``lowest`` a holder's level."""

    address: int
    level: int
    of: Class
    owner: Owner | None = None
    initialised: tuple[int, ...] = ()
    highest: Taken | None = None
    lowest: Taken | None = None


@dataclass(frozen=True)
class Taken:
    """A lock taken by an lwp, at code addresses, innermost first; ``ipl`` is what it counts for."""

    lock: Lock
    lwp: str
    places: tuple[int, ...]
    ipl: int = 0
    delayed_us: int = 0
    describe: Callable[[Taken], str] = lambda _taken: "a lock"

    def __str__(self) -> str:
        return self.describe(self)

    @property
    def spins(self) -> bool:
        return self.lock.of.kind == SPIN


@dataclass(frozen=True)
class Step:
    """``then`` was taken while ``first`` was held."""

    first: Taken
    then: Taken


class LockOrder(Service):
    """Knows each lock and who holds it; ``frames`` makes C frames of code addresses."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.frames: Callable[[list[int]], list[Frame]] = lambda places: list(map(Frame, places))
        self._classes: dict[tuple[int, int], Class] = {}
        self._locks: dict[int, Lock] = {}
        self._functions: dict[int, list[Taken]] = {}
        self._among: dict[tuple[Lock, Lock], Step] = {}
        kernel_lock = Class(KERNEL_LOCK, 0, _PAGES[KERNEL_LOCK])
        self._kernel_lock = Lock(0, 0, kernel_lock)

    # -- what the pages of locks tell

    @hypercall
    def lock_init(self, lwp: Lwp, address: int, kind: int, ipl: int, site: int) -> None:
        if not self._kernel.checks.locks:
            return
        self.gone(address)
        of = self._class(kind, site, _PAGES[kind])
        self._locks[address] = Lock(address, ipl, of, lwp.owner, self._here(lwp))

    def gone(self, address: int) -> None:
        """A lock was destroyed."""
        lock = self._locks.pop(address, None)
        if lock is not None:
            self._among = {pair: step for pair, step in self._among.items() if lock not in pair}

    def wants(self, lwp: Lwp, address: int, ipl: int | None = None) -> None:
        """Check an lwp that takes a lock, at ``ipl`` before a spin mutex raises it; note it then.

        Raises ``LockOrderViolation``.
        """
        lock = self._locks.get(address)
        if lock is not None:
            self._check(lwp, lock, self.took(lwp, address, ipl))

    def reads(self, lwp: Lwp, address: int) -> None:
        """Check an lwp that is about to read-lock, not to be one reader twice."""
        lock = self._locks.get(address)
        if lock is not None and address in lwp.held():
            what = (
                f"rw_enter of {self.name(lock.of)} as a reader, by an lwp that is one already: "
                "where a writer has come in between, it waits for ever"
            )
            self._kernel.findings.finding(lwp, lock.of.page, what, self._site(self._here(lwp)))

    def took(self, lwp: Lwp, address: int, ipl: int | None = None) -> Taken:
        """Note that an lwp has a lock now, without having waited for it."""
        lock = self._locks.get(address) or Lock(address, 0, self._class(ADAPTIVE, 0, "mutex(9)"))
        taken = Taken(lock, lwp.name, self._here(lwp), describe=self.describe)
        lwp.taken[address] = taken
        if ipl is not None and lock.of.kind == SPIN:
            self._check_level(lwp, lock, taken, ipl)
        return taken

    def left(self, lwp: Lwp, address: int) -> None:
        """An lwp has released a lock."""
        taken = lwp.taken.pop(address, None)
        if taken is not None and taken.delayed_us >= SPIN_LIMIT_US:
            what = (
                f"{self.name(taken.lock.of)}, a spin mutex at IPL {_ipl(taken.lock.level)}, is held"
                f" for {SPIN_LIMIT_US} us of delay(9) and more"
            )
            self._kernel.findings.finding(lwp, "mutex(9)", what, self._site(taken.places))

    def delayed(self, lwp: Lwp, microseconds: int) -> None:
        """An lwp keeps the CPU for a time."""
        for address, taken in lwp.taken.items():
            if taken.spins:
                lwp.taken[address] = replace(taken, delayed_us=taken.delayed_us + microseconds)

    def kernel_lock(self, lwp: Lwp) -> None:
        """Check an lwp that takes the kernel lock, which it does not hold."""
        self._check(lwp, self._kernel_lock, Taken(self._kernel_lock, lwp.name, self._here(lwp)))

    def in_interrupt(self, lwp: Lwp, address: int, call: str) -> None:
        """Raise Misuse, by the lock's name, for one that sleeps and an interrupt handler takes."""
        lock = self._locks.get(address)
        if lock is None or not lwp.in_interrupt:
            return
        made = Place("initialised", tuple(self.frames(list(lock.initialised))))
        what = "sleeps" if lock.of.kind == RW else f"is adaptive, being for IPL {_ipl(lock.level)}"
        raise Misuse(
            f"{lock.of.page}: {call} in a hard interrupt handler, which may not sleep, of "
            f"{self.name(lock.of)}, which {what}, initialised in {blamed(made.backtrace)}",
            places=[made],
        )

    # -- what waits for functions

    def runs(self, lwp: Lwp, page: str, entry: int) -> None:
        """An lwp begins to call a function that others may wait for."""
        function = Lock(0, 0, self._class(FUNCTION, entry, page))
        self._functions.setdefault(lwp.lid, []).append(Taken(function, lwp.name, (entry + 1,)))

    def returned(self, lwp: Lwp) -> None:
        """That function has returned, or the lwp has gone."""
        running = self._functions.get(lwp.lid)
        if running:
            running.pop()
            if not running:
                del self._functions[lwp.lid]

    def waits(self, lwp: Lwp, page: str, entry: int, but_for: int = 0) -> None:
        """Check an lwp that waits until a function returns; ``but_for`` is released meanwhile."""
        function = Lock(0, 0, self._class(FUNCTION, entry, page))
        self._check(lwp, function, Taken(function, lwp.name, self._here(lwp)), but_for)

    def preemptible(self, lwp: Lwp) -> None:
        """An lwp that could be moved to another CPU schedules a soft interrupt on its own."""
        what = (
            "softint_schedule in a thread at IPL none without kpreempt_disable(): a kernel with"
            " DIAGNOSTIC stops there"
        )
        self._kernel.findings.finding(lwp, "softint(9)", what, self._site(self._here(lwp)))

    # -- order

    def _check(self, lwp: Lwp, lock: Lock, taken: Taken, but_for: int = 0) -> None:
        for held in self._held(lwp):
            if held.lock is lock or (but_for and held.lock.address == but_for):
                continue
            if held.lock is self._kernel_lock and lock.of.kind != SPIN:
                continue
            if held.lock.of is lock.of:
                self._check_among(held, taken)
            elif lock.of not in held.lock.of.after:
                path = self._path(lock.of, held.lock.of)
                held.lock.of.after[lock.of] = Step(held, taken)
                if path:
                    raise self._reversal(held, taken, path)

    def _check_among(self, held: Taken, taken: Taken) -> None:
        """Check the order of two locks of one class."""
        if taken.lock.of.kind == FUNCTION:
            return
        pair = (held.lock, taken.lock)
        if pair not in self._among:
            self._among[pair] = Step(held, taken)
            before = self._among.get((taken.lock, held.lock))
            if before is not None:
                raise self._reversal(held, taken, [before])

    def _held(self, lwp: Lwp) -> Iterator[Taken]:
        yield from self._functions.get(lwp.lid, ())
        if lwp.kernel_lock_count:
            yield Taken(self._kernel_lock, lwp.name, ())
        for address in lwp.held():
            taken = lwp.taken.get(address)
            if taken is not None:
                yield taken

    def _path(self, first: Class, last: Class) -> list[Step]:
        """Return the shortest way by which ``last`` comes after ``first``; empty: none."""
        ways: dict[Class, list[Step]] = {first: []}
        look = [first]
        for one in look:
            for other, step in one.after.items():
                if other not in ways:
                    ways[other] = [*ways[one], step]
                    look.append(other)
        return ways.get(last, [])

    def _reversal(self, held: Taken, taken: Taken, path: list[Step]) -> LockOrderViolation:
        one, other = self.name(held.lock.of), self.name(taken.lock.of)
        if one == other:
            one, other = f"one {one}", f"another {other}"
        steps = []
        places = [self._place(f"{one} {_before(held)}", held)]
        for step in path:
            first, then = self.name(step.first.lock.of), self.name(step.then.lock.of)
            if then == first:
                then, first = "this one", "the other"
            when = f"{then} {_now(step.then)} while {first} {_meanwhile(step.first)}"
            when += f", by {step.then.lwp}"
            steps.append(f"{when} in {self._blame(step.then.places)}")
            places.append(self._place(when, step.then))
            places.append(self._place(f"there, {first} {_before(step.first)}", step.first))
        message = (
            f"{taken.lock.of.page}: lock order reversal: {other} {_now(taken)} while {one} "
            f"{_meanwhile(held)}, in {self._blame(taken.places)}, but {', and '.join(steps)}: "
            "two CPUs can wait for one another for ever"
        )
        return LockOrderViolation(message, places=[place for place in places if place.backtrace])

    # -- levels

    def _check_level(self, lwp: Lwp, lock: Lock, taken: Taken, before: int) -> None:
        """Check that no interrupt that takes a spin mutex can come while another lwp holds it."""
        protected, base = max(before, lock.level), lwp.base_priority
        if lock.lowest is None or protected < lock.lowest.ipl:
            lock.lowest = replace(taken, ipl=protected)
        if lock.highest is None or base > lock.highest.ipl:
            lock.highest = replace(taken, ipl=base)
        high, low = lock.highest, lock.lowest
        if high.ipl <= low.ipl:
            return
        lock.lowest = lock.highest = None  # once is enough
        raise LockOrderViolation(
            f"mutex(9): {self.name(lock.of)}, a spin mutex for IPL {_ipl(lock.level)}, is taken at"
            f" IPL {_ipl(high.ipl)} by {high.lwp} in {self._blame(high.places)}, and at IPL"
            f" {_ipl(low.ipl)} by {low.lwp} in {self._blame(low.places)}: the one can interrupt the"
            " other and spin for ever",
            places=[
                self._place(f"taken by {high.lwp}", high),
                self._place(f"taken by {low.lwp}", low),
                Place("initialised", tuple(self.frames(list(lock.initialised)))),
            ],
        )

    # -- what goes with a driver

    def settle(self, owner: Owner, is_arena: Callable[[int], bool]) -> None:
        """A device has detached: tell of locks whose memory goes, but which were not destroyed."""
        for address, lock in list(self._locks.items()):
            if lock.owner is owner and is_arena(address):
                what = (
                    f"{self.name(lock.of)} is not destroyed before its memory is released: "
                    "a kernel with LOCKDEBUG stops there"
                )
                self._kernel.findings.tell(owner.xname, lock.of.page, what, lock.of.site)

    def release(self, owner: Owner) -> None:
        for address, lock in list(self._locks.items()):
            if lock.owner is owner:
                self.gone(address)
        for lid in [lid for lid in self._functions if lid not in self._kernel.scheduler.lwps]:
            del self._functions[lid]

    # -- words

    def name(self, of: Class) -> str:
        """Name a class in a sentence, as its driver's source does."""
        if of.kind == KERNEL_LOCK:
            return "the kernel lock"
        if of.site == 0:
            return "a lock"
        frame = self.frames([of.site + (1 if of.kind == FUNCTION else 0)])[0]
        return f"{frame.function}()" if of.kind == FUNCTION else lock_name(frame)

    def describe(self, taken: Taken) -> str:
        """Name a lock that is held, and where it was taken."""
        return f"{self.name(taken.lock.of)}, taken in {self._blame(taken.places)}"

    def _class(self, kind: int, site: int, page: str) -> Class:
        key = (kind, site)
        if key not in self._classes:
            self._classes[key] = Class(kind, site, page)
        return self._classes[key]

    def _here(self, lwp: Lwp) -> tuple[int, ...]:
        return tuple(lwp.fiber.places())

    def _place(self, what: str, taken: Taken) -> Place:
        frames = self.frames(list(taken.places)) if taken.places else []
        return Place(what, tuple(frames))

    def _blame(self, places: tuple[int, ...]) -> str:
        return str(blamed(self.frames(list(places)))) if places else "its driver's entry"

    def _site(self, places: tuple[int, ...]) -> int:
        """Return the address in the driver that called the shim."""
        return blamed(self.frames(list(places))).address if places else 0


def lock_order(kernel: Kernel) -> LockOrder | None:
    """Return the service if locks are checked."""
    return kernel.service(LockOrder) if kernel.checks.locks else None


def _now(taken: Taken) -> str:
    return "was waited for" if taken.lock.of.kind == FUNCTION else "was taken"


def _meanwhile(held: Taken) -> str:
    return "ran" if held.lock.of.kind == FUNCTION else "was held"


def _before(held: Taken) -> str:
    return "had been called" if held.lock.of.kind == FUNCTION else "had been taken"


def _ipl(level: int) -> str:
    return IPL_NAMES.get(level, str(level))
