"""Findings: what a driver does wrong and every NetBSD kernel lets pass.

Misuse that would damage a kernel ends the driver (``panic.py``). What is merely not in order, such
as unloading a DMA map that is not loaded, is reported instead, once for each place in the driver's
code, and the driver goes on as it would in NetBSD. Called by the shim where it notices, and by the
services of other pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .console import Level
from .hypercall import hypercall
from .lwp import Lwp

if TYPE_CHECKING:
    from .kernel import Kernel


@dataclass(frozen=True)
class Finding:
    """One finding: the device's name, the manual page, a sentence, and a code address (or 0)."""

    device: str
    page: str
    what: str
    site: int = 0

    def __str__(self) -> str:
        who = f"{self.device}: " if self.device else ""
        return f"{who}{self.page}: {self.what}"


class Findings:
    """All findings so far, in ``all``; ``locate`` puts a code address into words, or is silent."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.all: list[Finding] = []
        self.locate: Callable[[int], str] = lambda _site: ""

    @hypercall
    def finding(self, lwp: Lwp, page: str, what: str, site: int) -> None:
        """Report ``what`` of the driver that ``lwp`` runs, unless that place did it before."""
        self.tell(lwp.owner.xname if lwp.owner is not None else "", page, what, site)

    def tell(self, device: str, page: str, what: str, site: int = 0) -> None:
        """Report ``what`` of a device's driver, unless that place did it before."""
        found = Finding(device, page, what, site)
        if found in self.all:
            return
        self.all.append(found)
        where = self.locate(site) if site else ""
        who = f"{device}: " if device else ""
        text = f"{who}warning: {page}: {what}"
        self._kernel.console.write_line(f"{text}, in {where}" if where else text, Level.ERROR)
