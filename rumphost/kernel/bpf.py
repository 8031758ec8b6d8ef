"""bpf(4): the taps of interfaces, through which every frame is seen in both directions.

Called by the shim's ``bpf.c``; used from above by ``rumphost.classes.capture``. A tap is on while
somebody listens: then the driver's pointer to it is set, else it is NULL and costs nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from .hypercall import hypercall
from .kernel import Kernel
from .lwp import Lwp, Owner
from .memory import Memory
from .service import Service

DLT_EN10MB = 1
OUT = 2
_RECORD = struct.Struct("=QII")


@dataclass(frozen=True, slots=True)
class Captured:
    """One frame: machine time in ns, direction, bytes from the link-level header on."""

    time_ns: int
    out: bool
    frame: bytes


Listener = Callable[[list[Captured]], None]


@dataclass(eq=False)
class Tap:
    """One tap of an interface; ``dlt`` is the type of its frames, DLT_*."""

    address: int
    ifp: int
    where: int
    dlt: int
    owner: Owner | None
    memory: Memory
    dropped: int = 0
    gone: bool = False
    listeners: list[Listener] = field(default_factory=list)

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with each batch of frames from now on."""
        self.listeners.append(listener)
        if not self.gone:
            self.memory.write_uint(self.where, 8, self.address)

    def stop(self, listener: Listener) -> None:
        """No longer. What the shim has collected since its last batch may be lost to it."""
        self.listeners.remove(listener)
        if not self.listeners and not self.gone:
            self.memory.write_uint(self.where, 8, 0)


class Bpf(Service):
    """All taps."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._memory = kernel.memory
        self._taps: dict[int, Tap] = {}

    def taps(self, ifp: int) -> list[Tap]:
        """Return the taps of the interface whose ``struct ifnet`` is at an address."""
        return [tap for tap in self._taps.values() if tap.ifp == ifp]

    def tap(self, ifp: int, dlt: int = DLT_EN10MB) -> Tap | None:
        """Return the tap of an interface for one type of frames."""
        return next((tap for tap in self.taps(ifp) if tap.dlt == dlt), None)

    @hypercall
    def bpf_attach(self, lwp: Lwp, bpf: int, ifp: int, where: int, dlt: int) -> None:
        """A tap comes."""
        self._taps[bpf] = Tap(bpf, ifp, where, dlt, lwp.owner, self._memory)

    @hypercall
    def bpf_change_type(self, lwp: Lwp, bpf: int, dlt: int) -> None:
        """Its frames are of another type now."""
        self._taps[bpf].dlt = dlt

    @hypercall
    def bpf_detach(self, lwp: Lwp, bpf: int) -> None:
        """It goes."""
        self._taps.pop(bpf).gone = True

    @hypercall
    def bpf_capture(
        self, lwp: Lwp, bpf: int, records: int, frames: int, count: int, size: int, dropped: int
    ) -> None:
        """Frames were captured."""
        tap = self._taps[bpf]
        tap.dropped += dropped
        data = self._memory.read(frames, size) if size else b""
        batch = []
        start = 0
        for time_ns, length, direction in _RECORD.iter_unpack(
            self._memory.read(records, count * _RECORD.size)
        ):
            batch.append(Captured(time_ns, direction == OUT, data[start : start + length]))
            start += length
        for listener in tuple(tap.listeners):
            listener(batch)

    def release(self, owner: Owner) -> None:
        """Forget the taps of a driver that is gone."""
        for address, tap in list(self._taps.items()):
            if tap.owner is owner:
                tap.gone = True
                del self._taps[address]
