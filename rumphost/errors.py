"""Every error that rumphost reports to people, with the exit status that it carries.

Exit statuses: 0 good, 1 the driver failed, 2 wrong usage, 3 the host lacks something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class RumphostError(Exception):
    """Base of all errors with a sentence for people; ``exit_status`` is the command's status."""

    exit_status = 1


class UsageError(RumphostError):
    """The caller asked for something that does not exist or does not fit together."""

    exit_status = 2


class HostLacks(RumphostError):
    """This computer lacks something; the message says what, and what to do about it."""

    exit_status = 3


class MachineError(RumphostError):
    """The machine behind the driver failed, such as a QEMU process that died."""

    exit_status = 3


class BuildError(RumphostError):
    """A driver's source did not compile or link."""


class Unsupported(RumphostError):
    """A kernel interface, or a corner of one, that rumphost does not implement.

    The message starts with the manual page: ``Unsupported("bus_space(9): prefetchable hint")``.
    """


@dataclass(frozen=True)
class Frame:
    """One C stack frame: ``address`` in the process, and what debug information says of it."""

    address: int
    function: str = "??"
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f" at {self.file}:{self.line}" if self.file else ""
        return f"{self.function}{where}"


@dataclass(frozen=True)
class Place:
    """Another place that a report is about: what happened there, and how it came to be there."""

    what: str
    backtrace: tuple[Frame, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.what}:", *(f"  #{n} {f}" for n, f in enumerate(self.backtrace))])


class DriverError(RumphostError):
    """Base of what is reported about a driver: a sentence and the driver's C backtrace.

    ``places`` are those that had their part in it earlier.
    """

    def __init__(
        self,
        message: str,
        backtrace: Sequence[Frame] = (),
        *,
        driver: str = "",
        places: Sequence[Place] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.backtrace = tuple(backtrace)
        self.driver = driver
        self.places = tuple(places)

    def __str__(self) -> str:
        head = f"{self.driver}: {self.message}" if self.driver else self.message
        here = (f"  #{n} {frame}" for n, frame in enumerate(self.backtrace))
        return "\n".join([head, *here, *map(str, self.places)])


class DriverPanic(DriverError):
    """The driver crashed, panicked or hung: its lwps are gone, the host lives on."""


class EndlessLoop(DriverPanic):
    """The driver accesses registers without end."""


class Misuse(DriverPanic):
    """The driver broke a rule of a kernel interface; the message names the manual page."""


class LockOrderViolation(Misuse):
    """Locks, or those who wait for one another, were taken in an order that can deadlock."""


class DmaViolation(Misuse):
    """A DMA map was used wrongly, or a device reached for memory that no map gives it."""


class MemoryViolation(Misuse):
    """Memory was used beyond its bounds, after it was released, or released wrongly."""


class SanitizerError(Misuse):
    """What a sanitizer that the driver was built with has found; ``kind`` is one of its words."""

    def __init__(self, kind: str, message: str, *, places: Sequence[Place] = ()) -> None:
        super().__init__(message, places=places)
        self.kind = kind


class DetachRefused(DriverError):
    """The driver does not let go of its device; ``errno`` is NetBSD's number."""

    EOPNOTSUPP = 45

    def __init__(self, number: int, *, driver: str) -> None:
        self.errno = number
        if number == self.EOPNOTSUPP:
            what = "cannot be detached: its driver has no way to (EOPNOTSUPP)"
        else:
            what = f"refuses to detach (errno {number})"
        super().__init__(what, driver=driver)

    @property
    def unable(self) -> bool:
        """The driver never lets go; others refuse for the moment."""
        return self.errno == self.EOPNOTSUPP


class DriverLeak(DriverError):
    """The driver detached and left maps, memory, interrupts or callouts behind."""
