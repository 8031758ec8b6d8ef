"""spl(9): changes of the IPL that the shim lets the host see. Called by ``hypercalls/spl.c``.

There is nothing to do: the lwp's IPL is in its C record, and the scheduler looks at it after
each hypercall; these are the hypercalls that make it look, or that a trace wants to see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .hypercall import hypercall
from .lwp import IPL_NAMES, Lwp
from .service import Service

if TYPE_CHECKING:
    from .kernel import Kernel


class Spl(Service):
    """Handlers of spl(9)."""

    def __init__(self, kernel: Kernel) -> None:
        self._trace = kernel.trace

    @hypercall
    def spl_raise(self, lwp: Lwp, ipl: int) -> None:
        if self._trace.on:
            self._trace.emit("spl.raise", lwp, ipl=IPL_NAMES.get(ipl, ipl))

    @hypercall
    def spl_lower(self, lwp: Lwp, ipl: int) -> None:
        if self._trace.on:
            self._trace.emit("spl.lower", lwp, ipl=IPL_NAMES.get(ipl, ipl))
