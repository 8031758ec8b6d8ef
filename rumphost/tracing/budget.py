"""Budgets: how many crossings a piece of work may take, counted at the trace.

``Host.budget`` makes them; the pytest plugin has a ``budget`` fixture and marker::

    with host.budget(register_writes=4, interrupts=1, bytes_synced=4096):
        await interface.send(frame)

A budget that is exceeded raises ``BudgetExceeded``, an ``AssertionError``, at the end of the block
with what was used of each, and which places in the driver's source used most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rumphost.errors import Frame, UsageError
from rumphost.trace import TraceEvent

PLACES = 5
_SAYS = ("register", "map", "line", "wmesg", "callout", "softint")
_MEMORY = ("kmem", "malloc", "pool", "mbuf")


@dataclass(frozen=True)
class Kind:
    """Something to count: in which events, and how much of an event. ``traps``: see Host.trap."""

    events: tuple[str, ...]
    traps: str = ""
    amount: str = ""
    """The field that says how much an event counts, where it has it; else 1."""


_MANY = ("", "_multi", "_region")
KINDS = {
    "register_reads": Kind(tuple(f"bus_space.read{how}" for how in _MANY), "registers", "count"),
    "register_writes": Kind(tuple(f"bus_space.write{how}" for how in _MANY), "registers", "count"),
    "interrupts": Kind(("pci_intr.deliver",)),
    "dma_loads": Kind(("bus_dma.load",), "dma"),
    "dma_syncs": Kind(("bus_dma.sync",), "dma"),
    "bytes_synced": Kind(("bus_dma.sync",), "dma", "length"),
    "allocations": Kind(tuple(f"{page}.alloc" for page in _MEMORY), "memory"),
    "lwp_switches": Kind(("lwp.run",)),
    "sleeps": Kind(("lwp.sleep",)),
    "softints": Kind(("softint.schedule",)),
    "callouts": Kind(("callout.schedule",)),
    "hypercalls": Kind(()),
}


class BudgetExceeded(AssertionError):
    """Something was used more than was allowed; ``used`` and ``allowed`` are by kind."""

    def __init__(self, message: str, used: Mapping[str, int], allowed: Mapping[str, int]) -> None:
        super().__init__(message)
        self.used, self.allowed = dict(used), dict(allowed)


Places = Callable[[int], Sequence[int]]
"""Gives the code addresses of an lwp's stack, by its number, innermost first."""
Name = Callable[[Sequence[int]], Sequence[Frame]]


class Budget:
    """One budget: a sink of the trace. ``used`` may be read at any time."""

    def __init__(self, allowed: Mapping[str, int], places: Places, name: Name) -> None:
        check(allowed)
        self.allowed = dict(allowed)
        self.used = dict.fromkeys(self.allowed, 0)
        self._places, self._name = places, name
        self._spent: dict[str, Counter[tuple[str, tuple[int, ...]]]] = {
            kind: Counter() for kind in allowed
        }
        self._by_event: dict[str, list[str]] = {}
        for kind in allowed:
            for event in KINDS[kind].events:
                self._by_event.setdefault(event, []).append(kind)

    @property
    def traps(self) -> set[str]:
        """What the shim must leave to the kernel for this to be seen."""
        return {KINDS[kind].traps for kind in self.allowed} - {""}

    def wants(self, name: str) -> bool:
        """Tell whether events of a name count."""
        return name in self._by_event

    def __call__(self, event: TraceEvent) -> None:
        fields = event.fields
        what = next((str(fields[key]) for key in _SAYS if key in fields), "").partition(".")[0]
        for kind in self._by_event[event.name]:
            amount = fields.get(KINDS[kind].amount, 1)
            self.spend(kind, amount, what or event.lwp, event.lid)

    def spend(self, kind: str, amount: int, what: str, lid: int) -> None:
        """Count something that an lwp did; 0: nobody did."""
        self.used[kind] += amount
        self._spent[kind][what, tuple(self._places(lid)) if lid else ()] += amount

    def check(self) -> None:
        """Raise ``BudgetExceeded`` if it is."""
        over = [kind for kind, most in self.allowed.items() if self.used[kind] > most]
        if over:
            raise BudgetExceeded("\n".join(self._report(over)), self.used, self.allowed)

    def _report(self, over: list[str]) -> Iterator[str]:
        yield f"over budget: {', '.join(over)}"
        width = max(map(len, self.allowed))
        yield f"  {'':{width}}  {'used':>8}  {'allowed':>8}"
        for kind, most in self.allowed.items():
            mark = "  <" if kind in over else ""
            yield f"  {kind:{width}}  {self.used[kind]:>8}  {most:>8}{mark}"
        for kind in over:
            yield f"most of {kind}:"
            for (what, addresses), amount in self._spent[kind].most_common(PLACES):
                yield f"  {amount:>8}  {what:<20} {place_of(self._name(addresses))}".rstrip()


def place_of(frames: Iterable[Frame]) -> str:
    """Return the innermost places in a driver: a header's inline function with its caller."""
    shown = []
    for frame in frames:
        if frame.file and "/hypercalls/" not in frame.file:
            shown.append(f"{frame.function} at {frame.file.rpartition('/')[2]}:{frame.line}")
            if not frame.file.endswith(".h"):
                break
    return ", in ".join(shown)


def check(allowed: Mapping[str, Any]) -> None:
    """Raise ``UsageError`` on a budget for something that nobody counts, or that is no number."""
    if not allowed:
        raise UsageError(f"a budget of what? There are {', '.join(KINDS)}")
    for kind, most in allowed.items():
        if kind not in KINDS:
            raise UsageError(f"nobody counts {kind!r}: there are {', '.join(KINDS)}")
        if not isinstance(most, int) or isinstance(most, bool) or most < 0:
            raise UsageError(f"{kind}={most!r}: how many are allowed?")
