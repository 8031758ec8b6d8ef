"""evcnt(9): all event counters, as ``vmstat -e`` lists them. Called by ``hypercalls/evcnt.c``.

The counters are in the driver's memory and are read there. ``provide`` adds the kernel's own.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rumphost.errors import Misuse, Unsupported

from .hypercall import hypercall
from .leak import Leak
from .lwp import Lwp, Owner
from .pci_intr import PciIntr
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel


class EvcntType(enum.IntEnum):
    """EVCNT_TYPE_*."""

    MISC = 0
    INTR = 1
    TRAP = 2


@dataclass(frozen=True)
class Count:
    """A counter's value at one time."""

    group: str
    name: str
    type: EvcntType
    value: int

    def __str__(self) -> str:
        return f"{self.group} {self.name}: {self.value}"


@dataclass(eq=False)
class Counter:
    """An attached struct evcnt; ``count`` is the address of its value."""

    address: int
    count: int
    type: EvcntType
    group: str
    name: str
    image: Any
    owner: Owner | None


class Evcnt(Service):
    """Handlers of evcnt(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._memory = kernel.memory
        self._counters: dict[int, Counter] = {}
        self._provided: dict[tuple[str, str], tuple[EvcntType, Callable[[], int]]] = {}

    def provide(
        self, group: str, name: str, value: Callable[[], int], type: EvcntType = EvcntType.MISC
    ) -> None:
        """Add a counter of the kernel's own."""
        self._provided[group, name] = (type, value)

    def counts(self) -> list[Count]:
        """Return all counters, the kernel's first, then in order of attachment."""
        found = [
            Count(group, name, type, value())
            for (group, name), (type, value) in self._provided.items()
        ]
        try:
            handlers = self._kernel.service(PciIntr).handlers
        except Unsupported:  # a kernel without interrupts
            handlers = []
        found += [Count(str(h), h.vector.name, EvcntType.INTR, h.count) for h in handlers]
        return found + [
            Count(c.group, c.name, c.type, self._memory.read_uint(c.count, 8))
            for c in self._counters.values()
        ]

    def value(self, group: str, name: str) -> int:
        """Return one counter's value; ``KeyError`` if there is none."""
        for count in self.counts():
            if (count.group, count.name) == (group, name):
                return count.value
        raise KeyError((group, name))

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return counters that a device has not detached."""
        return [
            Leak("evcnt(9)", f"counter {one.group} {one.name} is still attached")
            for one in self._counters.values()
            if one.owner is owner
        ]

    def release(self, owner: Owner) -> None:
        """Forget a device's counters."""
        for address, one in list(self._counters.items()):
            if one.owner is owner:
                del self._counters[address]

    def retire(self, image: Any) -> None:
        """Forget the counters that an image itself has, not those of its devices."""
        for address, one in list(self._counters.items()):
            if one.image is image and one.owner is None:
                del self._counters[address]

    @hypercall
    def evcnt_attach(self, lwp: Lwp, ev: int, count: int, type: int, group: str, name: str) -> None:
        if ev in self._counters:
            raise Misuse(f"evcnt(9): counter {group} {name} is attached already")
        kind = EvcntType(type) if type in (0, 1, 2) else EvcntType.MISC
        self._counters[ev] = Counter(ev, count, kind, group, name, lwp.image, lwp.owner)

    @hypercall
    def evcnt_detach(self, lwp: Lwp, ev: int) -> None:
        if self._counters.pop(ev, None) is None:
            raise Misuse("evcnt(9): evcnt_detach of a counter that is not attached")
