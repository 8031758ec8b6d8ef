"""Interrupt lines and message vectors, as a machine presents them to the kernel."""

from __future__ import annotations

from collections.abc import Callable


class InterruptLine:
    """One INTx line or one MSI/MSI-X vector.

    The machine calls ``assert_`` and ``deassert`` (level) or ``fire`` (edge); the kernel connects
    one action, which is called at each transition to asserted, and at each ``fire``. The action
    only notes that the line is pending; handlers run later, on their own lwp. A level line stays
    ``asserted`` until the device lowers it, so the kernel looks again after its handlers ran.
    """

    def __init__(self, name: str, *, level: bool) -> None:
        self.name = name
        self.level = level
        self.asserted = False
        self.count = 0
        self._action: Callable[[InterruptLine], None] | None = None

    def connect(self, action: Callable[[InterruptLine], None]) -> None:
        """Call ``action`` from now on; at once when the line is asserted already."""
        self._action = action
        if self.asserted:
            action(self)

    def disconnect(self) -> None:
        self._action = None

    def assert_(self) -> None:
        """Raise a level line; no effect while it is asserted already."""
        if not self.asserted:
            self.asserted = True
            self._notify()

    def deassert(self) -> None:
        self.asserted = False

    def fire(self) -> None:
        """Deliver one message (edge)."""
        self._notify()

    def unmask(self) -> None:
        """The kernel has run the line's handlers; a machine that masks on delivery overrides it."""

    def _notify(self) -> None:
        self.count += 1
        if self._action is not None:
            self._action(self)
