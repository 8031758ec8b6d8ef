"""KASAN and KUBSAN, see options(4): what a driver that was built with sanitizers is caught at.

The compiler puts the checks into driver and shim (``build/instrumentation.py``), and
``hypercalls/instrument/`` calls here with what they find. An access out of bounds ends the driver
before it is made, unless it was built to go on. Undefined behaviour is a finding, once for each
place in the source; ``found`` keeps what a driver survived as errors that a test may raise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from rumphost.errors import Frame, SanitizerError

from .guard import Guarded, history, in_bytes, where_in
from .hypercall import hypercall
from .lwp import Lwp
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel

_FRAMES = 4  # that tell one place from another: some are in the shim
UNDEFINED = "undefined behaviour"
_WILD = ("wild access", "to an address that is out of bounds")
_UNEXPLAINED = {
    "gone": ("use of a stack", "on the stack of an lwp that has ended"),
    "alloca": ("stack overflow", "out of bounds of what alloca() or a variable array's bound gave"),
    "memory": ("wild access", "to memory of the arena that is not allocated"),
    "stack": ("stack overflow", "out of bounds of a variable on the stack"),
    "scope": ("use after scope", "to a variable on the stack whose block has been left"),
    "global": ("global overflow", "out of bounds of a global variable"),
}


class Variable(Protocol):
    """A global or local variable: see ``boundary/shadow.py``."""

    @property
    def name(self) -> str: ...
    @property
    def address(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def function(self) -> int: ...
    @property
    def source(self) -> str: ...


class Forbidden(Protocol):
    """Why an address may not be touched."""

    @property
    def kind(self) -> str: ...
    @property
    def where(self) -> int: ...
    @property
    def memory(self) -> Guarded | None: ...
    @property
    def variable(self) -> Variable | None: ...


class Sanitizers(Service):
    """Handlers of the sanitizers; ``explain`` and ``frames`` are the host's."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.explain: Callable[[int, int], Forbidden | None] = lambda _address, _size: None
        self.frames: Callable[[list[int]], list[Frame]] = lambda places: list(map(Frame, places))
        self.found: list[SanitizerError] = []
        self._places: set[object] = set()

    @hypercall
    def kasan(self, lwp: Lwp, address: int, size: int, is_write: int, goes_on: int) -> None:
        error = self._access_error(address, size, is_write)
        if not goes_on:
            raise error
        self._note(lwp, error)

    @hypercall
    def kubsan(self, lwp: Lwp, what: str, file: str, line: int, column: int) -> None:
        self._note(lwp, SanitizerError(UNDEFINED, f"KUBSAN: {what}, at {file}:{line}:{column}"))

    def _note(self, lwp: Lwp, error: SanitizerError) -> None:
        """Keep an error that the driver survives, once for each place in its code."""
        error.backtrace = tuple(lwp.fiber.backtrace())
        error.driver = lwp.owner.xname if lwp.owner is not None else ""
        place = (error.kind, error.backtrace[:_FRAMES], error.driver)
        if place in self._places:
            return
        self._places.add(place)
        self.found.append(error)
        page, _, what = error.message.partition(": ")
        # The compiler's words say where; of an access, its backtrace does.
        site = 0 if error.kind == UNDEFINED or not error.backtrace else error.backtrace[0].address
        self._kernel.findings.tell(error.driver, page, what, site)

    def _access_error(self, address: int, size: int, is_write: int) -> SanitizerError:
        access = f"KASAN: a {'store' if is_write else 'load'} of {in_bytes(size)}"
        found = self.explain(address, size)
        if found is not None and found.memory is not None:
            return self._memory(access, found.memory, found.where)
        if found is not None and found.variable is not None:
            return self._variable(access, found.kind, found.variable, found.where)
        kind, words = _UNEXPLAINED.get(found.kind if found else "", _WILD)
        return SanitizerError(kind, f"{access} {words}, {address:#x}")

    def _memory(self, access: str, found: Guarded, where: int) -> SanitizerError:
        if found.address <= where < found.address + found.size:
            kind = "use after free"
        else:
            kind = "heap overflow" if where >= found.address else "heap underflow"
        words, places = history(found, self.frames)
        return SanitizerError(kind, f"{access} {where_in(found, where)}{words}", places=places)

    def _variable(self, access: str, kind: str, found: Variable, where: int) -> SanitizerError:
        kind, _ = _UNEXPLAINED[kind]
        what = f"{found.name}, {in_bytes(found.size)}"
        if found.function:
            function = next(iter(self.frames([found.function + 1])), Frame(found.function))
            what += f" on the stack of {function.function}"
        else:
            what += f" of {found.source}"
        end = found.address + found.size
        if where >= end:
            past = f"{in_bytes(where - end)} past" if where > end else "just past"
            place = f"{past} the end of {what}"
        elif where < found.address:
            place = f"{in_bytes(found.address - where)} before {what}"
        else:
            place = f"at byte {where - found.address} of {what}, whose block has been left"
        return SanitizerError(kind, f"{access} {place}")
