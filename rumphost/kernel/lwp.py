"""Kernel threads. The kernel's record of an lwp wraps the C one, whose fields the shim shares."""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from rumphost.errors import Frame
from rumphost.machine import Event

if TYPE_CHECKING:
    from .lock_order import Taken

IPL_NONE = 0
IPL_SOFTCLOCK = 1
IPL_SOFTBIO = 2
IPL_SOFTNET = 3
IPL_SOFTSERIAL = 4
IPL_VM = 6
IPL_SCHED = 7
IPL_HIGH = 8

IPL_NAMES = {
    IPL_NONE: "none",
    IPL_SOFTCLOCK: "softclock",
    IPL_SOFTBIO: "softbio",
    IPL_SOFTNET: "softnet",
    IPL_SOFTSERIAL: "softserial",
    IPL_VM: "vm",
    IPL_SCHED: "sched",
    IPL_HIGH: "high",
}


class Kind(enum.Enum):
    """What an lwp runs for; the value is the character debuggers show."""

    INTERRUPT = "i"
    SOFTINT = "s"
    THREAD = "t"


class Exit(enum.IntEnum):
    """Exit numbers below the first hypercall's, as in hypercall.h."""

    RETURN = 0
    UPCALL_DONE = 1
    FAULT = 2
    HUNG = 3
    ASLEEP = 4
    GUARD = 5


MOVED = 0x4000_0000
"""Added to an exit's number when lwps have woken one another by handover."""


class Owner(Protocol):
    """Whom resources are booked to: a device."""

    number: int
    xname: str


class Fiber(Protocol):
    """The C side of one lwp, given by the boundary (tests give a fake)."""

    ipl: int

    @property
    def spin_count(self) -> int:
        """How many spin mutexes it holds."""

    @property
    def address(self) -> int:
        """Address of its ``struct rumphost_lwp``."""

    def run(self) -> int:
        """Run until the next exit and return its number."""

    def arguments(self, signature: Any) -> Sequence[Any]:
        """Return the arguments of the hypercall that ended ``run``, decoded."""

    @property
    def result(self) -> int:
        """After RETURN or UPCALL_DONE: what the C function returned, 64 bits unsigned."""

    def set_result(self, value: int) -> None:
        """Let the hypercall return ``value`` on the next ``run``."""

    def again(self, ipl: int) -> None:
        """After RETURN: have the next ``run`` make the same call, at ``ipl``; runnable."""

    def set_upcall(self, entry: int, args: Sequence[int]) -> None:
        """Let the next ``run`` call a C function on this fiber's stack."""

    def set_state(self, state: str, wmesg: str) -> None:
        """Note for debuggers: R runnable, O on the CPU, S asleep, Z gone."""

    def set_owner(self, number: int) -> None:
        """Book further allocations to this owner."""

    def held(self) -> list[int]:
        """Addresses of the locks held, oldest first."""

    def describe_fault(self) -> str:
        """After FAULT or HUNG: one sentence on what happened."""

    @property
    def fault_address(self) -> int:
        """After FAULT: what it wanted to access; bit 63 alone: unknown."""

    @property
    def fault_write(self) -> int:
        """After FAULT: 1 if it was a store, 0 if a load, -1: unknown."""

    def places(self) -> list[int]:
        """Return the code addresses of the C frames, innermost first."""

    def backtrace(self) -> list[Frame]:
        """Return the C frames, innermost first."""

    def destroy(self) -> None:
        """Release the stack."""


class Lwp:
    """One lwp of the kernel; made by ``Scheduler.spawn`` only."""

    def __init__(
        self,
        lid: int,
        name: str,
        fiber: Fiber,
        kind: Kind,
        *,
        image: Any = None,
        owner: Owner | None = None,
        on_exit: Callable[[int], None] | None = None,
        mpsafe: bool = True,
        rests: str = "",
    ) -> None:
        self.lid = lid
        self.name = name
        self.fiber = fiber
        self.kind = kind
        self.image = image
        self.on_exit = on_exit
        self.mpsafe = mpsafe
        self.rests = rests
        self.steps: list[Generator[Any, int, int | None]] = []
        self.steps_parked = False
        self.base_priority = fiber.ipl
        self.priority = fiber.ipl
        self.state = "R"
        self.wmesg = ""
        self.busy_until_ns = 0
        self.timeout: Event | None = None
        self.resume_value: int | None = None
        self.kernel_lock_count = 0 if mpsafe else 1
        self.taken: dict[int, Taken] = {}
        """The locks that it has, by address, where locks are checked."""
        self._owner: Owner | None = None
        self.owner = owner

    def __repr__(self) -> str:
        return f"<lwp {self.lid} {self.name} {self.state}>"

    @property
    def owner(self) -> Owner | None:
        return self._owner

    @owner.setter
    def owner(self, owner: Owner | None) -> None:
        self._owner = owner
        self.fiber.set_owner(owner.number if owner is not None else 0)

    @property
    def ipl(self) -> int:
        return self.fiber.ipl

    @ipl.setter
    def ipl(self, ipl: int) -> None:
        self.fiber.ipl = ipl

    @property
    def gone(self) -> bool:
        """The lwp has returned or was ended."""
        return self.state == "Z"

    @property
    def spin_count(self) -> int:
        return self.fiber.spin_count

    @property
    def address(self) -> int:
        return self.fiber.address

    @property
    def in_interrupt(self) -> bool:
        return self.kind is Kind.INTERRUPT

    @property
    def in_softint(self) -> bool:
        return self.kind is Kind.SOFTINT

    def held(self) -> list[int]:
        return self.fiber.held()
