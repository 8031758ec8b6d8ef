"""What the kernel's services and the arena have booked to a device: listed, taken back, reported.

``host.py`` asks at a device's detach, and when its driver has crashed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .boundary import Boundary
from .errors import DriverLeak
from .kernel.guard import Guard
from .kernel.kernel import Kernel
from .kernel.leak import Leak
from .kernel.lock_order import LockOrder
from .kernel.lwp import Lwp, Owner
from .kernel.service import Service

_SHOWN = 8


class Holdings:
    """The books of one host. A service keeps its part with ``leaks`` and ``release``.

    ``on_ended`` is told of each lwp that ``release`` ended: it will never return.
    """

    def __init__(self, kernel: Kernel, boundary: Boundary, services: Sequence[Service]) -> None:
        self._kernel = kernel
        self._boundary = boundary
        self._services = services
        self.on_ended: Callable[[Lwp], None] = lambda _lwp: None

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return what is booked to a device now: after a clean detach, nothing."""
        found: list[Leak] = []
        for service in self._services:
            found += service.leaks(owner)
        for allocation in self._boundary.allocations(owner.number):
            found.append(Leak("kmem(9)", f"{allocation.size} bytes of memory", allocation.site))
        return found

    def release(self, owner: Owner) -> None:
        """Take back all that is booked to a device, and end its lwps."""
        for lwp in self._lwps(owner):
            self._kernel.scheduler.end(lwp)
            self.on_ended(lwp)
        for service in self._services:
            service.release(owner)
        self._boundary.release_owner(owner.number)

    def settle(self, owner: Owner) -> None:
        """A device has detached: take back what is left.

        Raises ``DriverLeak`` if it leaked, ``MemoryViolation`` if the memory guard found damage.
        """
        damage = self._kernel.service(Guard).settle(owner)
        self._kernel.service(LockOrder).settle(owner, self._in_arena)
        leaks = self.leaks(owner)
        frames = [
            frame
            for leak in leaks
            if leak.site
            for frame in self._boundary.symbolizer.frames([leak.site])[:1]
        ]
        self.release(owner)
        if damage is not None:
            raise damage
        if leaks:
            what = "; ".join(str(leak) for leak in leaks[:_SHOWN])
            more = f"; and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
            raise DriverLeak(f"left behind at detach: {what}{more}", frames, driver=owner.xname)

    def _in_arena(self, address: int) -> bool:
        chunks = self._kernel.machine.dma.chunks
        return any(0 <= address - chunk.address < chunk.size for chunk in chunks)

    def _lwps(self, owner: Owner) -> list[Lwp]:
        return [lwp for lwp in self._kernel.scheduler.lwps.values() if lwp.owner is owner]
