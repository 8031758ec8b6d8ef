"""What every service answers to ``host.py``; each overrides what its page keeps for drivers."""

from __future__ import annotations

from typing import Any

from rumphost.errors import DriverPanic

from .leak import Leak
from .lwp import Lwp, Owner


class Service:
    """A service of the kernel that keeps nothing for any driver."""

    def leaks(self, owner: Owner) -> list[Leak]:
        """Return what a device still holds."""
        return []

    def release(self, owner: Owner) -> None:
        """Take back what a device holds: its driver is gone."""

    def panicked(self, lwp: Lwp, panic: DriverPanic) -> None:
        """A driver has crashed on ``lwp``: what waits for that lwp waits in vain."""

    def retire(self, image: Any) -> None:
        """Forget an image: its static data are no longer to be trusted."""
