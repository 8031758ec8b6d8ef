"""Follows a recording along with a driver: answers as the device did, and finds what differs.

Used by ``machine.py``. The driver's accesses are compared one by one with those recorded; each also
moves the clock to the recorded time. What came by itself, interrupts above all, comes at the same
place between the same accesses. The first difference is raised as ``Difference`` in the driver's
own access, so that it carries the driver's backtrace; from then on the hardware is as if gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rumphost.errors import DriverPanic, EndlessLoop
from rumphost.machine.clock import VirtualClock

from .format import Entry, Kind, Recording, unpack_changes
from .snapshots import LoadedMaps

SLACK_NS = 500_000_000
"""A time-out that expired so much later than it should have is still the one recorded."""
LATE_NS = 1_000_000
"""How long what comes next waits for what the host did before it."""

_BY_ITSELF = frozenset({Kind.INTERRUPT, Kind.CONFIG_CHANGE, Kind.DMA})
_SOFT = frozenset({Kind.EVENT, Kind.FLUSH, Kind.UNMASK, Kind.HOST})
_BETWEEN = frozenset({Kind.EVENT, Kind.HOST, Kind.INTERRUPT})
_WRITES = frozenset({Kind.WRITE, Kind.WRITE_ADDRESS})
_DEVICE_SAID = {Kind.READ: 3, Kind.VECTORS: 3, Kind.CONFIG_WRITE: 4, Kind.CONNECT: 1}
"""How many of an entry's numbers are the driver's; all, unless listed."""


class Difference(DriverPanic):
    """The driver did something else than was recorded."""

    def __init__(self, where: str, expected: str, actual: str) -> None:
        super().__init__(f"replay: {where}: expected {expected}; the driver did {actual}")
        self.where = where
        self.expected = expected
        self.actual = actual


@dataclass(frozen=True)
class Tolerance:
    """What else is no difference.

    ``polls``: a register is read more often, or less often, in a row than it was recorded.
    ``order``: writes to different registers, with nothing else in between, change places.
    """

    polls: bool = False
    order: bool = False


class Player:
    """The place in a recording. ``describe`` puts an entry into words."""

    def __init__(
        self,
        recording: Recording,
        clock: VirtualClock,
        tolerance: Tolerance,
        describe: Callable[[Entry], str],
    ) -> None:
        self.entries = recording.entries
        self.clock = clock
        self.tolerance = tolerance
        self.off = False
        self.difference: Difference | None = None
        self.loaded = LoadedMaps()
        self.on_itself: Callable[[Entry], None] = lambda _entry: None
        self.on_driver: Callable[[], None] = lambda: None
        self._describe = describe
        self.progress: Callable[[], int] = lambda: 0
        self._runs = 0
        self._turned = -1
        self._at = 0
        self._done: set[int] = set()
        self._last_read: Entry | None = None

    # -- what comes by itself

    def upcoming(self) -> Entry | None:
        """Return the entry that is next, unless the recording is over."""
        while self._at in self._done:
            self._done.discard(self._at)
            self._at += 1
        if self.off or self._at >= len(self.entries):
            return None
        return self.entries[self._at]

    def by_itself(self) -> Entry | None:
        """Return what comes next if that waits for nothing that the driver does."""
        entry = self.upcoming()
        if entry is None or entry.kind not in _BY_ITSELF:
            return None
        inside = entry.kind is Kind.INTERRUPT and entry.numbers[2]
        return None if inside else entry

    def let_come(self) -> None:
        """Let come what is next, at its time."""
        entry = self.entries[self._at]
        self._go_on()
        self.clock.advance_to(entry.time_ns)
        self.on_itself(entry)

    def event(self) -> None:
        """A time-out of the kernel expires."""
        entry = self.upcoming()
        if entry is not None and entry.kind is Kind.EVENT:
            self._go_on()

    def host_works(self) -> None:
        """A user of the host gives the kernel something to do."""
        entry = self.upcoming()
        if entry is not None and entry.kind is Kind.HOST:
            self._go_on()

    def skip(self) -> None:
        """What was recorded here does not come."""
        self._go_on()

    @property
    def reached(self) -> bool:
        """Lwps have run as often as they had when what is next came by itself."""
        entry = self.upcoming()
        if entry is None or entry.kind not in _BETWEEN:
            return True
        return self.progress() - self._runs >= entry.numbers[-1]

    @property
    def waits_for_host(self) -> bool:
        """What comes next is not the driver's doing, nor the device's."""
        entry = self.upcoming()
        return entry is not None and entry.kind in _SOFT

    def settle(self) -> None:
        """Pass what is bound to no access of the driver, and let come what comes before one."""
        while (entry := self.upcoming()) is not None:
            if entry.kind in _BY_ITSELF:
                self.let_come()
            elif entry.kind in _SOFT:
                self._go_on()
            else:
                return

    # -- what the driver does

    def act(self, kind: Kind, *numbers: int, data: bytes = b"") -> Entry | None:
        """The driver does something; returns the entry of it, or None: the device is gone.

        ``numbers`` are those of an entry's that are the driver's. Raises ``Difference``, and
        ``EndlessLoop`` where the recording ends in one.
        """
        if self.off:
            return None
        self.settle()
        actual = Entry(kind, self.clock.now_ns(), numbers, data)
        expected = self.upcoming()
        if expected is not None and expected.kind is Kind.ENDLESS:
            self.off = True
            raise EndlessLoop(expected.data.decode("utf-8", "replace"))
        if expected is not None and self._same(expected, actual):
            self._go_on()
        else:
            expected = self._tolerated(actual)
        if expected is None:
            raise self._difference(actual)
        self.clock.advance_to(expected.time_ns)
        if kind is Kind.READ:
            self._last_read = expected
        elif kind in _WRITES:
            self._last_read = None
        return expected

    def unmask(self, line: int) -> bool:
        """A line's handlers have run: is it still asserted?"""
        while (entry := self.upcoming()) is not None:
            if entry.kind is Kind.UNMASK and entry.numbers[0] == line:
                self._go_on()
                self.clock.advance_to(entry.time_ns)
                return bool(entry.numbers[1])
            if entry.kind in _BY_ITSELF:
                self.let_come()
            elif entry.kind in _SOFT and entry.kind is not Kind.UNMASK:
                self._go_on()
            else:
                break
        return False

    def flush(self) -> None:
        """The kernel waits for posted writes: interrupts may come meanwhile."""
        at = self._at
        while at < len(self.entries) and not self.off:
            kind = self.entries[at].kind
            if kind is Kind.FLUSH:
                break
            if kind not in _BY_ITSELF:
                return
            at += 1
        else:
            return
        while (entry := self.upcoming()) is not None and entry.kind in _BY_ITSELF:
            self.let_come()
        self._go_on()

    def remaining(self) -> str | None:
        """Return in words what the driver has not done that was recorded, or None: all is done."""
        if self.off:
            return None
        self.settle()
        entry = self.upcoming()
        if entry is None:
            return None
        left = len(self.entries) - self._at
        return f"{self._where()}: expected {self._describe(entry)} and {left - 1} more entries"

    def turn_ends(self) -> bool:
        """Tell, once, when lwps have come as far as they had when this came by itself."""
        entry = self.upcoming()
        if entry is None or self._turned == self._at or entry.kind not in _BETWEEN:
            return False
        if not self.reached:
            return False
        self._turned = self._at
        return True

    # -- the inner parts

    def _go_on(self) -> None:
        self._at += 1
        self._runs = self.progress()

    def _same(self, expected: Entry, actual: Entry) -> bool:
        count = _DEVICE_SAID.get(expected.kind)
        if expected.kind is Kind.WRITE_ADDRESS:
            return actual.kind is Kind.WRITE and self._same_address(expected, actual)
        if expected.kind is not actual.kind or expected.numbers[:count] != actual.numbers[:count]:
            return False
        if expected.kind is Kind.READ_MULTI:
            return len(expected.data) == len(actual.data)
        return expected.kind is not Kind.WRITE_MULTI or expected.data == actual.data

    def _same_address(self, expected: Entry, actual: Entry) -> bool:
        """A bus address may be another than was recorded, if it is that of the same memory."""
        if expected.numbers[:3] != actual.numbers[:3]:
            return False
        value = actual.numbers[3]
        return value == expected.numbers[3] or self.loaded.place_of(value) == expected.numbers[4:]

    def _tolerated(self, actual: Entry) -> Entry | None:
        found = None
        if self.tolerance.polls:
            found = self._poll(actual)
        if found is None and self.tolerance.order and actual.kind is Kind.WRITE:
            found = self._reordered(actual)
        return found

    def _poll(self, actual: Entry) -> Entry | None:
        last = self._last_read
        if last is None:
            return None
        if actual.kind is Kind.READ and actual.numbers == last.numbers[:3]:
            return Entry(Kind.READ, self.clock.now_ns(), last.numbers)
        at = self._at
        while at < len(self.entries):
            entry = self.entries[at]
            again = entry.kind is Kind.READ and entry.numbers[:3] == last.numbers[:3]
            if not again and entry.kind is not Kind.EVENT:
                break
            at += 1
        if at > self._at and at < len(self.entries) and self._same(self.entries[at], actual):
            self._at = at + 1
            return self.entries[at]
        return None

    def _reordered(self, actual: Entry) -> Entry | None:
        """Find a write among those that come next; one register's keep their order."""
        for at in range(self._at, len(self.entries)):
            entry = self.entries[at]
            if entry.kind not in _WRITES:
                if entry.kind in _SOFT:
                    continue
                return None
            if at in self._done or entry.numbers[:2] != actual.numbers[:2]:
                continue
            if not self._same(entry, actual):
                return None
            self._done.add(at)
            return Entry(entry.kind, self.clock.now_ns(), entry.numbers)
        return None

    def _difference(self, actual: Entry) -> Difference:
        expected = self.upcoming()
        what = "nothing more" if expected is None else self._describe(expected)
        self.difference = Difference(self._where(), what, self._describe(actual))
        self.off = True
        return self.difference

    def _where(self) -> str:
        time_ns = self.entries[min(self._at, len(self.entries) - 1)].time_ns if self.entries else 0
        return f"entry {self._at + 1} of {len(self.entries)}, at {time_ns / 1e9:.6f} s"


def changed_bytes(entry: Entry) -> list[tuple[int, bytes]]:
    """Return what the device had written at a sync, by offset in what was synchronised."""
    return unpack_changes(entry.data)
