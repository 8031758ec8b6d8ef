"""INTx on QEMU's q35 board: which I/O APIC line a pin raises, and the lines themselves.

The routing needs no programming. Slots 0..24 go through PIRQE..H (lines 20..23), the slots above
through PIRQA..D (lines 16..19) as the chip's own routing registers stand after reset.
"""

from __future__ import annotations

from collections.abc import Callable

from rumphost.machine.interrupt import InterruptLine


def line_number(slot: int, pin: int) -> int:
    """Return the I/O APIC line of ``pin`` (1 is INTA) of the device in ``slot``."""
    if slot < 25:
        return 20 + (slot + pin - 1) % 4
    return 16 + (pin - 1)


class IntxLine(InterruptLine):
    """A level line. Handlers silence their device by posted writes, so those go out first."""

    def __init__(self, number: int, flush: Callable[[], None]) -> None:
        super().__init__(f"ioapic0 pin {number}", level=True)
        self._flush = flush

    def unmask(self) -> None:
        """Bring ``asserted`` up to date: wait for what the handlers wrote."""
        self._flush()


class IntxLines:
    """The lines of one machine, shared between all functions that are routed to them."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._lines: dict[int, IntxLine] = {}

    def line(self, slot: int, pin: int) -> InterruptLine:
        number = line_number(slot, pin)
        if number not in self._lines:
            self._lines[number] = IntxLine(number, self._flush)
        return self._lines[number]

    def set_level(self, number: int, raised: bool) -> bool:
        """Take over what QEMU reports; return whether the line is one of ours."""
        line = self._lines.get(number)
        if line is None:
            return False
        if raised:
            line.assert_()  # noqa: PT009 (it is no unittest)
        else:
            line.deassert()
        return True
