"""cprng(9) and rnd(9): random numbers, and who says to be random. Called by ``cprng.c``.

All bytes come from a generator of their own that the kernel's seed starts, so that a run can be
repeated, and so that what a driver draws does not change the schedule.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rumphost.errors import Misuse

from .hypercall import hypercall
from .leak import Leak
from .lwp import Lwp, Owner
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel


@dataclass(eq=False)
class Source:
    """A krndsource_t, with the samples that it has given so far."""

    name: str
    type: int
    flags: int
    owner: Owner | None
    samples: int = 0
    bytes: int = 0


class Cprng(Service):
    """Handlers of cprng(9) and rnd(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._memory = kernel.memory
        self._random = random.Random(kernel.random.getrandbits(64))
        self._sources: dict[int, Source] = {}
        self.unattached_samples = 0

    @property
    def sources(self) -> list[Source]:
        """All sources, oldest first."""
        return list(self._sources.values())

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return sources that a device has not detached."""
        return [
            Leak("rnd(9)", f"the source {one.name} is still attached")
            for one in self._sources.values()
            if one.owner is owner
        ]

    def release(self, owner: Owner) -> None:
        """Forget a device's sources."""
        for address, one in list(self._sources.items()):
            if one.owner is owner:
                del self._sources[address]

    @hypercall
    def cprng_bytes(self, lwp: Lwp, buffer: int, size: int) -> None:
        self._memory.write(buffer, self._random.randbytes(size))

    @hypercall
    def rnd_attach(self, lwp: Lwp, source: int, name: str, type: int, flags: int) -> None:
        if source in self._sources:
            raise Misuse(f"rnd(9): the source {name} is attached already")
        self._sources[source] = Source(name, type, flags, lwp.owner)

    @hypercall
    def rnd_detach(self, lwp: Lwp, source: int) -> None:
        if self._sources.pop(source, None) is None:
            raise Misuse("rnd(9): rnd_detach_source of a source that is not attached")

    @hypercall
    def rnd_add(self, lwp: Lwp, source: int, sample: int, size: int) -> None:
        found = self._sources.get(source)
        if found is None:
            if source:
                raise Misuse("rnd(9): rnd_add_data of a source that is not attached")
            self.unattached_samples += 1
            return
        found.samples += 1
        found.bytes += size
