"""panic(9), and what the shim itself finds wrong: each ends the calling lwp's driver."""

from __future__ import annotations

from rumphost.errors import DriverPanic, Misuse, Unsupported

from .hypercall import hypercall
from .lwp import Lwp


class Panic:
    """Handlers that never return to the driver."""

    @hypercall
    def panic(self, lwp: Lwp, message: str) -> None:
        raise DriverPanic(f"panic: {message}")

    @hypercall
    def misuse(self, lwp: Lwp, page: str, message: str) -> None:
        raise Misuse(f"{page}: {message}")

    @hypercall
    def unsupported(self, lwp: Lwp, page: str, what: str) -> None:
        raise Unsupported(f"{page}: {what}")
