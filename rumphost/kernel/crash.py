"""Which lwps go down with a driver: the one that crashed, and all others of the same device.

Called by services that wait for an lwp's result: those lwps are ended and never give one. And how a
driver goes down when none of its lwps is to blame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rumphost.errors import DriverPanic

from .lwp import Lwp, Owner

if TYPE_CHECKING:
    from .kernel import Kernel


def doomed(kernel: Kernel, crashed: Lwp) -> set[int]:
    """Return the lids of the crashed lwp and of those that its driver has."""
    owner = crashed.owner
    others = kernel.scheduler.lwps.values()
    found = {lwp.lid for lwp in others if owner is not None and lwp.owner is owner}
    return found | {crashed.lid}


def accuse(kernel: Kernel, owner: Owner, image: object, error: DriverPanic) -> None:
    """End a driver for what none of its lwps did at the moment, such as an access of its device."""
    lwp = kernel.scheduler.spawn("device", 0, image=image, owner=owner)
    error.driver = owner.xname
    kernel.scheduler.on_panic(lwp, error)
    kernel.scheduler.end(lwp)
