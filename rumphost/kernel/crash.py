"""Which lwps go down with a driver: the one that crashed, and all others of the same device.

Called by services that wait for an lwp's result: those lwps are ended and never give one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lwp import Lwp

if TYPE_CHECKING:
    from .kernel import Kernel


def doomed(kernel: Kernel, crashed: Lwp) -> set[int]:
    """Return the lids of the crashed lwp and of those that its driver has."""
    owner = crashed.owner
    others = kernel.scheduler.lwps.values()
    found = {lwp.lid for lwp in others if owner is not None and lwp.owner is owner}
    return found | {crashed.lid}
