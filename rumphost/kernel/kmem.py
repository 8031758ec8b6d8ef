"""kmem(9), malloc(9), pool(9): sees each allocation, when that is asked for, and may refuse it.

Called by ``hypercalls/kmem.c``, and only while RUMPHOST_SLOW_MEMORY is set: memory is otherwise the
shim's and the arena's business. The shim then also fills memory with a pattern when it is given
out (0xa5) and when it comes back (0x5a), so that a driver that reads it is found out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .hypercall import hypercall
from .lwp import Lwp
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

Refuse = Callable[[Lwp, str, int], bool]
"""Asked with the lwp, the manual page ("pool(9)") and the size in bytes; True: there is none."""


class Kmem(Service):
    """Handlers of the memory pages; ``refuse`` decides on allocations that may fail."""

    def __init__(self, kernel: Kernel) -> None:
        self._trace = kernel.trace
        self._numbers: dict[int, tuple[int, int]] = {}
        self._count = 0
        self.refuse: Refuse | None = None
        self.on_seen: list[Callable[[Lwp], None]] = []
        self.on_release: list[Callable[[Lwp, int, int], None]] = []

    @hypercall
    def kmem_allocated(self, lwp: Lwp, page: str, address: int, size: int, may_wait: int) -> int:
        """Answer 1 to have the shim take the memory back and fail."""
        for look in self.on_seen:
            look(lwp)
        if not may_wait and self.refuse is not None and self.refuse(lwp, page, size):
            if self._trace.on:
                self._trace.emit(f"{_name(page)}.refuse", lwp, size=size)
            return 1
        self._count += 1
        self._numbers[address] = self._count, size
        if self._trace.on:
            self._trace.emit(f"{_name(page)}.alloc", lwp, number=self._count, size=size)
        return 0

    @hypercall
    def kmem_released(self, lwp: Lwp, page: str, address: int) -> None:
        """Forget an allocation; what was allocated before the flag was set has number 0."""
        for look in self.on_seen:
            look(lwp)
        number, size = self._numbers.pop(address, (0, 0))
        for check in self.on_release:
            check(lwp, address, size)
        if self._trace.on:
            self._trace.emit(f"{_name(page)}.free", lwp, number=number)


def _name(page: str) -> str:
    return page.partition("(")[0]
