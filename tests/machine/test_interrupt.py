"""Interrupt lines: levels, messages, connecting."""
# ruff: noqa: PT009 - assert_ is a wire's level here, not unittest's

from __future__ import annotations

from rumphost.machine.interrupt import InterruptLine
from rumphost.machine.sim import SharedLine


def test_a_level_tells_its_rise_once() -> None:
    line, seen = InterruptLine("inta", level=True), []
    line.connect(seen.append)
    line.assert_()
    line.assert_()
    line.deassert()
    line.assert_()
    assert len(seen) == line.count == 2


def test_connecting_to_an_asserted_line_tells_at_once() -> None:
    line, seen = InterruptLine("inta", level=True), []
    line.assert_()
    line.connect(seen.append)
    assert seen == [line]
    line.disconnect()
    line.deassert()
    line.assert_()
    assert seen == [line]


def test_each_message_is_told() -> None:
    line, seen = InterruptLine("msi 0", level=False), []
    line.connect(seen.append)
    line.fire()
    line.fire()
    assert seen == [line, line]
    assert not line.asserted


def test_a_shared_wire_is_asserted_while_anybody_pulls() -> None:
    line = SharedLine("inta", 11)
    line.pull("a")
    line.pull("b")
    line.let_go("a")
    line.let_go("a")
    assert line.asserted
    line.let_go("b")
    assert not line.asserted
    assert line.count == 1
