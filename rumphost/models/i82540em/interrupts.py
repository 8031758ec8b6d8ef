"""Interrupt causes, masks and throttling (sections 13.4.17 to 13.4.22).

A cause that is set and not masked interrupts, but not sooner than ITR * 256 ns after the interrupt
before it. Reading ICR clears every cause, writing ones clears those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .table import CAUSE_MASK

if TYPE_CHECKING:
    from .model import I82540em

ITR_UNIT_NS = 256


class Interrupts:
    """The interrupt unit of one controller."""

    def __init__(self, model: I82540em) -> None:
        self._model = model
        self._timer = model.timer(self._follow)
        self.causes = 0
        self.mask = 0
        self._gap_ns = 0
        self._next_ns = 0
        self._asserted = False

    def reset(self) -> None:
        self._timer.cancel()
        self.causes = self.mask = self._gap_ns = self._next_ns = 0
        self._follow()

    def set(self, causes: int) -> None:
        """Set causes: from the device's parts, and ICS."""
        self.causes |= causes & CAUSE_MASK
        if self.causes & self.mask and not self._asserted:
            self._follow()

    def read_icr(self) -> int:
        value, self.causes = self.causes, 0
        if self._asserted:
            self._follow()
        return value

    def write_icr(self, value: int) -> None:
        self.causes &= ~value
        self._follow()

    def read_ims(self) -> int:
        return self.mask

    def write_ims(self, value: int) -> None:
        self.mask |= value & CAUSE_MASK
        self._follow()

    def write_imc(self, value: int) -> None:
        self.mask &= ~value
        self._follow()

    def write_itr(self, value: int) -> None:
        self._gap_ns = value * ITR_UNIT_NS

    def _follow(self) -> None:
        """Bring the interrupt in line with causes, mask and throttle."""
        if not self.causes & self.mask:
            if self._asserted:
                self._asserted = False
                self._model.lower_interrupt()
            return
        if self._asserted:
            return
        if self._gap_ns:
            now_ns = self._model.now_ns()
            if now_ns < self._next_ns:
                if not self._timer.pending:
                    self._timer.start(self._next_ns - now_ns)
                return
            self._next_ns = now_ns + self._gap_ns
        self._asserted = True
        self._model.raise_interrupt()
