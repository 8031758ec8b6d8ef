"""pci_intr(9): INTx lines, MSI and MSI-X vectors, and the delivery of interrupts.

Called by ``hypercalls/pci_intr.c`` and by the machine's interrupt lines. Each handler runs on an
lwp of its own, which rests between interrupts, at the IPL it asked for; the handlers of a shared
line run one after the other, and a level line that is still asserted then is delivered again. A
level line that nobody claims, or that never goes down however often it is claimed, is an interrupt
storm: it is reported and silenced.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from rumphost.errors import DriverPanic, MachineError, Misuse
from rumphost.machine import InterruptLine, PciFunction, VectorKind

from .console import Level
from .errno import EINVAL, ENODEV, ENOSPC
from .hypercall import hypercall
from .leak import Leak
from .lwp import IPL_VM, Kind, Lwp, Owner
from .pci import Pci
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel


KINDS: Final[tuple[VectorKind, ...]] = ("intx", "msi", "msix")
INTERRUPT_LINE = 0x3C
UNCLAIMED_LIMIT = 1000
"""Deliveries in a row that no handler claims."""
REPEATED_LIMIT = 20_000
"""Deliveries in a row of a line that never goes down in between."""


@dataclass(eq=False)
class Vector:
    """What a handle stands for: one line of a function."""

    handle: int
    function: PciFunction
    kind: int
    index: int
    name: str
    line: InterruptLine | None
    owner: Owner | None
    handlers: int = 0


@dataclass(eq=False)
class Handler:
    """One established function; ``count`` calls of it, ``claimed`` of which it answered with 1."""

    cookie: int
    vector: Vector
    ipl: int
    entry: int
    argument: int
    xname: str
    mpsafe: bool
    image: Any
    owner: Owner | None
    site: int
    count: int = 0
    claimed: int = 0
    lwp: Lwp | None = None

    def __str__(self) -> str:
        return self.xname or f"{self.entry:#x}"


@dataclass(eq=False)
class _Call:
    """What an lwp does: it calls a handler of a line; ``left`` are those to be called then."""

    handler: Handler
    line: Line
    left: list[Handler]
    claimed: bool


@dataclass(eq=False)
class Line:
    """A machine's line with its handlers: what the scheduler delivers."""

    service: PciIntr
    machine_line: InterruptLine
    name: str
    ipl: int = IPL_VM
    handlers: list[Handler] = field(default_factory=list)
    unclaimed: int = 0
    repeated: int = 0
    raised: int = -1  # how often it had been asserted at the last delivery
    silenced: bool = False

    def serves(self, function: PciFunction) -> bool:
        """Tell whether a handler is a function's."""
        return any(handler.vector.function is function for handler in self.handlers)

    def deliver(self) -> None:
        """Call the handlers. The scheduler calls this when the IPL allows it."""
        self.service.deliver(self)


class PciIntr(Service):
    """Handlers of pci_intr(9), and all interrupt lines in use.

    ``on_storm`` is called with the report when a line has been silenced.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._scheduler = kernel.scheduler
        self._memory = kernel.memory
        self._trace = kernel.trace
        self._vectors: dict[int, Vector] = {}
        self._handlers: dict[int, Handler] = {}
        self._lines: dict[int, Line] = {}
        self._running: dict[int, _Call] = {}
        self._message_functions: list[tuple[PciFunction, int]] = []
        self._next = 1
        self.on_storm: Callable[[Misuse], None] = lambda _error: None
        self.gate: Callable[[Line], bool] | None = None
        """Asked of each interrupt, when set: does it reach the CPU? (``hardware_faults.py``)"""

    # -- what the host and debuggers call

    @property
    def handlers(self) -> list[Handler]:
        """All established handlers, oldest first."""
        return list(self._handlers.values())

    @property
    def lines(self) -> list[Line]:
        """The lines that have handlers."""
        return list(self._lines.values())

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return handlers that are still established, and vectors not given back."""
        found = [
            Leak(
                "pci_intr(9)", f"a handler on {one.vector.name} is still established", one.site + 1
            )
            for one in self._handlers.values()
            if one.owner is owner
        ]
        return found + [
            Leak("pci_intr(9)", f"{one.name} has not been released")
            for one in self._vectors.values()
            if one.owner is owner and KINDS[one.kind] != "intx"
        ]

    def release(self, owner: Owner) -> None:
        """Take back what a device has; its handlers run no more."""
        for lid, call in list(self._running.items()):
            if call.handler.owner is owner:
                self._abandon(lid)
        for handler in [one for one in self._handlers.values() if one.owner is owner]:
            self._disestablish(handler)
        self._release([one for one in self._vectors.values() if one.owner is owner])

    def panicked(self, lwp: Lwp, panic: DriverPanic) -> None:
        """The lwp of a handler has crashed: the other handlers of its line go on."""
        if lwp.lid in self._running:
            self._abandon(lwp.lid)

    # -- handles

    @hypercall
    def pci_intr_map(self, lwp: Lwp, tag: int, handle: int) -> int:
        function = self._kernel.service(Pci).find(tag)
        if function is None or not function.vector_count("intx"):
            return ENODEV
        vector = self._intx(function, lwp.owner)
        self._memory.write_uint(handle, 8, vector.handle)
        return 0

    @hypercall
    def pci_intr_count(self, lwp: Lwp, tag: int, kind: int) -> int:
        function = self._kernel.service(Pci).find(tag)
        return function.vector_count(KINDS[kind]) if function is not None else 0

    @hypercall
    def pci_intr_alloc(
        self, lwp: Lwp, tag: int, kind: int, count: int, exact: int, entries: int, handles: int
    ) -> int:
        function = self._kernel.service(Pci).find(tag)
        available = function.vector_count(KINDS[kind]) if function is not None else 0
        if function is None or available == 0 or count < 1:
            return -EINVAL
        if count > available:
            if exact:
                return -EINVAL
            count = available
        if KINDS[kind] == "intx":
            vectors = [self._intx(function, lwp.owner)]
        else:
            if any(one.function is function and one.kind != 0 for one in self._vectors.values()):
                return -EINVAL
            chosen = list(range(count))
            if entries:
                chosen = list(struct.unpack(f"<{count}I", self._memory.read(entries, 4 * count)))
            if max(chosen) >= available or len(set(chosen)) != count:
                return -EINVAL
            found = self._messages(function, kind, chosen, lwp.owner)
            if found is None:
                return -ENOSPC
            vectors = found
        for n, vector in enumerate(vectors):
            self._memory.write_uint(handles + 8 * n, 8, vector.handle)
        return len(vectors)

    @hypercall
    def pci_intr_release(self, lwp: Lwp, handles: int, count: int) -> None:
        vectors = [
            self._vector(self._memory.read_uint(handles + 8 * n, 8), "pci_intr_release")
            for n in range(count)
        ]
        for vector in vectors:
            if vector.handlers:
                raise Misuse(f"pci_intr(9): pci_intr_release of {vector.name}, which has a handler")
        self._release(vectors)

    @hypercall
    def pci_intr_kind(self, lwp: Lwp, handle: int) -> int:
        return self._vector(handle, "pci_intr_type").kind

    @hypercall
    def pci_intr_string(self, lwp: Lwp, handle: int, buffer: int, size: int) -> None:
        name = self._vector(handle, "pci_intr_string").name
        if size:
            self._memory.write(buffer, name.encode()[: size - 1] + b"\0")

    # -- handlers

    @hypercall
    def pci_intr_establish(
        self,
        lwp: Lwp,
        handle: int,
        ipl: int,
        function: int,
        argument: int,
        xname: str | None,
        mpsafe: int,
    ) -> int:
        vector = self._vector(handle, "pci_intr_establish")
        if not IPL_VM <= ipl <= 8:
            raise Misuse(f"pci_intr(9): pci_intr_establish at IPL {ipl}, no level of hardware")
        if vector.line is None:
            try:
                (vector.line,) = vector.function.allocate_vectors("intx", 1)
            except MachineError as error:
                self._kernel.console.write_line(str(error), Level.ERROR)
                return 0
        cookie, self._next = self._next, self._next + 1
        name = xname or (lwp.owner.xname if lwp.owner is not None else "")
        owner, image = lwp.owner, lwp.image
        handler = Handler(
            cookie, vector, ipl, function, argument, name, bool(mpsafe), image, owner, function
        )
        self._handlers[cookie] = handler
        vector.handlers += 1
        line = self._line(vector.line, vector.name)
        line.handlers.append(handler)
        line.ipl = max(one.ipl for one in line.handlers)
        if self._trace.on:
            self._trace.emit("pci_intr.establish", lwp, line=vector.name, ipl=ipl, device=name)
        if len(line.handlers) == 1:
            vector.line.connect(partial(self._raise, line))
        elif vector.line.asserted:
            self._raise(line)
        return cookie

    @hypercall
    def pci_intr_disestablish(self, lwp: Lwp, cookie: int) -> None:
        handler = self._handlers.get(cookie)
        if handler is None:
            raise Misuse("pci_intr(9): pci_intr_disestablish of a handler that is not established")
        if self._trace.on:
            self._trace.emit("pci_intr.disestablish", lwp, line=handler.vector.name)
        self._disestablish(handler)

    # -- delivery

    def deliver(self, line: Line) -> None:
        """Start the line's first handler."""
        if self._trace.on:
            self._trace.emit("pci_intr.deliver", None, line=line.name)
        self._call(line, line.handlers.copy(), claimed=False)

    def _call(self, line: Line, left: list[Handler], *, claimed: bool) -> None:
        """Run the next handler that is still established, then those after it."""
        while left and left[0].cookie not in self._handlers:
            left = left[1:]
        if not left:
            self._delivered(line, claimed)
            return
        handler = left[0]
        handler.count += 1
        lwp = handler.lwp
        if lwp is not None and lwp.state == "S" and lwp.lid not in self._running:
            self._scheduler.again(lwp, line.ipl)
        else:
            lwp = self._spawn(handler, line.ipl)
        self._running[lwp.lid] = _Call(handler, line, left[1:], claimed)

    def _spawn(self, handler: Handler, ipl: int) -> Lwp:
        """Make an lwp that calls a handler; it is kept, unless the one that is is still busy."""
        first = handler.lwp is None or handler.lwp.gone
        lwp = self._scheduler.spawn(
            f"intr {handler}",
            handler.entry,
            (handler.argument,),
            kind=Kind.INTERRUPT,
            ipl=ipl,
            image=handler.image,
            owner=handler.owner,
            mpsafe=handler.mpsafe,
            on_exit=lambda result: self._returned(lwp.lid, bool(result & 0xFFFF_FFFF)),
            rests="intr" if first else "",
        )
        if first:
            handler.lwp = lwp
        return lwp

    def _returned(self, lid: int, claimed: bool) -> None:
        call = self._running.pop(lid, None)
        if call is not None:
            call.handler.claimed += claimed
            self._call(call.line, call.left, claimed=call.claimed or claimed)

    def _abandon(self, lid: int) -> None:
        """Go on with the rest of the line, soon, when a handler will never return."""
        call = self._running.pop(lid)
        self._scheduler.post(partial(self._call, call.line, call.left, claimed=True))

    def _delivered(self, line: Line, claimed: bool) -> None:
        """All handlers have run: look at the line again."""
        hardware = line.machine_line
        hardware.unmask()
        if not hardware.level:
            return
        line.unclaimed = 0 if claimed else line.unclaimed + 1
        if not hardware.asserted:
            line.unclaimed = line.repeated = 0
            return
        if not line.handlers or line.silenced:
            return
        line.repeated = line.repeated + 1 if hardware.count == line.raised else 0
        line.raised = hardware.count
        if line.unclaimed >= UNCLAIMED_LIMIT:
            self._silence(line, f"{line.unclaimed} interrupts in a row that no handler claimed")
        elif line.repeated >= REPEATED_LIMIT:
            self._silence(line, f"{line.repeated} interrupts in a row that were claimed")
        else:
            self._raise(line)

    def _raise(self, line: Line, _: InterruptLine | None = None) -> None:
        if not line.silenced and (self.gate is None or self.gate(line)):
            self._scheduler.raise_interrupt(line)

    def _silence(self, line: Line, why: str) -> None:
        line.silenced = True
        names = ", ".join(str(handler) for handler in line.handlers)
        error = Misuse(
            f"pci_intr(9): interrupt storm on {line.name} ({names}): {why}, and the line is still"
            " asserted; it is silenced"
        )
        self._kernel.console.write_line(error.message, Level.ERROR)
        if self._trace.on:
            self._trace.emit("pci_intr.storm", None, line=line.name)
        self.on_storm(error)

    # -- the inner parts

    def _vector(self, handle: int, what: str) -> Vector:
        vector = self._vectors.get(handle)
        if vector is None:
            raise Misuse(f"pci_intr(9): {what}: handle {handle:#x} is none that was given out")
        return vector

    def _intx(self, function: PciFunction, owner: Owner | None) -> Vector:
        """Return the handle of a function's pin; there is one, however often it is asked for."""
        for vector in self._vectors.values():
            if vector.function is function and vector.kind == 0:
                return vector
        name = f"irq {function.config_read(INTERRUPT_LINE, 1)}"
        return self._add(function, 0, 0, name, None, owner)

    def _messages(
        self, function: PciFunction, kind: int, chosen: list[int], owner: Owner | None
    ) -> list[Vector] | None:
        try:
            lines = function.allocate_vectors(KINDS[kind], max(chosen) + 1)
        except MachineError:
            return None
        key = (function, kind)
        if key not in self._message_functions:
            self._message_functions.append(key)
        number = [one for one in self._message_functions if one[1] == kind].index(key)
        return [
            self._add(function, kind, n, f"{KINDS[kind]}{number} vec {n}", lines[n], owner)
            for n in chosen
        ]

    def _add(
        self,
        function: PciFunction,
        kind: int,
        index: int,
        name: str,
        line: InterruptLine | None,
        owner: Owner | None,
    ) -> Vector:
        handle, self._next = self._next << 8 | 1, self._next + 1
        vector = Vector(handle, function, kind, index, name, line, owner)
        self._vectors[handle] = vector
        return vector

    def _release(self, vectors: list[Vector]) -> None:
        """Forget handles, and switch messages off with a function's last one."""
        for vector in vectors:
            if self._vectors.pop(vector.handle, None) is None or vector.kind == 0:
                continue
            if not any(
                one.function is vector.function and one.kind == vector.kind
                for one in self._vectors.values()
            ):
                vector.function.release_vectors(KINDS[vector.kind])

    def _line(self, machine_line: InterruptLine, name: str) -> Line:
        line = self._lines.get(id(machine_line))
        if line is None:
            line = self._lines[id(machine_line)] = Line(self, machine_line, name)
        return line

    def _disestablish(self, handler: Handler) -> None:
        vector = handler.vector
        del self._handlers[handler.cookie]
        if handler.lwp is not None:
            handler.lwp.rests = ""
            if handler.lwp.lid not in self._running:
                self._scheduler.end(handler.lwp)
        vector.handlers -= 1
        assert vector.line is not None
        line = self._lines[id(vector.line)]
        line.handlers.remove(handler)
        if line.handlers:
            line.ipl = max(one.ipl for one in line.handlers)
        else:
            vector.line.disconnect()
            self._scheduler.withdraw_interrupt(line)
            del self._lines[id(vector.line)]
        if vector.kind == 0 and vector.handlers == 0:
            vector.function.release_vectors("intx")
            vector.line = None
