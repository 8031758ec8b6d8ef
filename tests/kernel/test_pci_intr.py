# ruff: noqa: ARG001, PT009 -- fixtures and scripts take what is given; assert_ is a line's
"""pci_intr(9): handles, handlers, sharing, levels, message vectors, storms."""

from __future__ import annotations

import struct

import pytest
from fakes import FakeOwner, Fault
from pci_fakes import FakeFunction

from rumphost.errors import Misuse
from rumphost.kernel import pci_intr
from rumphost.kernel.hypercall import PARKED, hypercall
from rumphost.kernel.pci import Pci
from rumphost.kernel.pci_intr import PciIntr
from rumphost.machine import InterruptLine

IPL_NET = 6
INTX, MSI, MSIX = 0, 1, 2


@pytest.fixture
def line():
    return InterruptLine("inta", level=True)


@pytest.fixture
def function(rig, line):
    function = FakeFunction(line=line, messages={"msi": 4, "msix": 8})
    rig.machine.functions = [function, FakeFunction(4, line=line)]
    rig.kernel.register(Pci(rig.kernel))
    rig.kernel.register(PciIntr(rig.kernel))
    return function


@pytest.fixture
def service(rig, function):
    return rig.kernel.service(PciIntr)


def ask(rig, name, *arguments, **options):
    def script():
        return (yield (name, *arguments))

    return rig.run_script(script, **options)


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def map_intx(rig, device=3):
    room = rig.memory.allocate(8)
    assert ask(rig, "pci_intr_map", device << 11, room) == 0
    return rig.memory.read_uint(room, 8)


def establish(rig, handle, script, *, argument=0, ipl=IPL_NET, **options):
    entry = rig.function(script)
    return ask(rig, "pci_intr_establish", handle, ipl, entry, argument, "foo0", 1, **options)


def allocate(rig, kind, count, *, exact=1, entries=()):
    table = rig.memory.allocate(64)
    rig.memory.write(table, struct.pack(f"<{len(entries)}I", *entries))
    room = rig.memory.allocate(64)
    got = ask(rig, "pci_intr_alloc", 3 << 11, kind, count, exact, table if entries else 0, room)
    return signed(got), room


def name_of(rig, handle):
    room = rig.memory.allocate(32)
    ask(rig, "pci_intr_string", handle, room, 32)
    return rig.memory.c_string(room)


def test_a_function_without_a_pin_has_nothing_to_map(rig, service):
    rig.machine.functions[0].line = None
    assert ask(rig, "pci_intr_map", 3 << 11, rig.memory.allocate(8)) == pci_intr.ENODEV


def test_the_line_has_a_name(rig, service):
    assert name_of(rig, map_intx(rig)) == "irq 11"


def test_an_interrupt_calls_the_handler_at_its_ipl(rig, service, line):
    def handler(argument):
        rig.log.append((argument, rig.lwp.ipl, rig.lwp.in_interrupt))
        line.deassert()
        return 1

    establish(rig, map_intx(rig), handler, argument=77)
    line.assert_()
    rig.run()
    assert rig.log == [(77, IPL_NET, True)]
    (record,) = service.handlers
    assert (record.count, record.claimed) == (1, 1)


def test_a_level_line_comes_again_while_it_is_asserted(rig, service, line):
    def handler(_):
        rig.log.append(len(rig.log))
        if len(rig.log) == 3:
            line.deassert()
        return 1

    establish(rig, map_intx(rig), handler)
    line.assert_()
    rig.run()
    assert rig.log == [0, 1, 2]


def test_a_line_that_is_asserted_already_is_delivered_when_established(rig, service, line):
    line.assert_()

    def handler(_):
        line.deassert()
        rig.log.append("called")
        return 1

    establish(rig, map_intx(rig), handler)
    rig.run()
    assert rig.log == ["called"]


def test_handlers_of_a_shared_line_run_in_order(rig, service, line):
    def first(_):
        rig.log.append("first")
        return 0

    def second(_):
        rig.log.append("second")
        line.deassert()
        return 1

    establish(rig, map_intx(rig, 3), first)
    establish(rig, map_intx(rig, 4), second)
    line.assert_()
    rig.run()
    assert rig.log == ["first", "second"]
    assert [one.claimed for one in service.handlers] == [0, 1]


def test_an_interrupt_waits_for_a_raised_ipl(rig, service, line):
    def handler(_):
        line.deassert()
        rig.log.append("interrupt")
        return 1

    establish(rig, map_intx(rig), handler)

    def busy():
        rig.lwp.ipl = IPL_NET
        line.assert_()
        yield ("pci_conf_read", 3 << 11, 0)
        rig.log.append("still raised")
        rig.lwp.ipl = 0
        yield ("pci_conf_read", 3 << 11, 0)
        rig.log.append("lowered")

    rig.run_script(busy)
    assert rig.log == ["still raised", "interrupt", "lowered"]


def test_after_disestablish_nothing_is_called(rig, service, line):
    cookie = establish(rig, map_intx(rig), lambda _: 1)
    ask(rig, "pci_intr_disestablish", cookie)
    line.assert_()
    rig.run()
    assert service.handlers == []
    assert "intx" not in rig.machine.functions[0].allocated


def test_disestablish_twice_is_misuse(rig, service):
    cookie = establish(rig, map_intx(rig), lambda _: 1)
    ask(rig, "pci_intr_disestablish", cookie)
    with pytest.raises(Exception, match="not established"):
        ask(rig, "pci_intr_disestablish", cookie)


def test_an_unknown_handle_is_misuse(rig, service):
    with pytest.raises(Exception, match="none that was given out"):
        establish(rig, 12345, lambda _: 1)


def test_a_software_level_is_misuse(rig, service):
    with pytest.raises(Exception, match="no level of hardware"):
        establish(rig, map_intx(rig), lambda _: 1, ipl=3)


def test_message_vectors(rig, service, function):
    got, room = allocate(rig, MSIX, 2)
    assert got == 2
    handles = struct.unpack("<2Q", rig.memory.read(room, 16))
    assert [name_of(rig, handle) for handle in handles] == ["msix0 vec 0", "msix0 vec 1"]
    assert ask(rig, "pci_intr_kind", handles[0]) == MSIX

    def handler(argument):
        rig.log.append(argument)
        return 1

    cookies = [establish(rig, handle, handler, argument=n) for n, handle in enumerate(handles)]
    function.allocated["msix"][1].fire()
    function.allocated["msix"][0].fire()
    rig.run()
    assert sorted(rig.log) == [0, 1]
    for cookie in cookies:
        ask(rig, "pci_intr_disestablish", cookie)
    ask(rig, "pci_intr_release", room, 2)
    assert "msix" not in function.allocated


def test_vectors_by_table_entry(rig, service, function):
    got, room = allocate(rig, MSIX, 2, entries=(5, 2))
    assert got == 2
    handles = struct.unpack("<2Q", rig.memory.read(room, 16))
    assert [name_of(rig, handle) for handle in handles] == ["msix0 vec 5", "msix0 vec 2"]
    establish(rig, handles[0], lambda _: rig.log.append("five"))
    function.allocated["msix"][5].fire()
    rig.run()
    assert rig.log == ["five"]


@pytest.mark.parametrize(
    ("kind", "count", "exact", "expected"),
    [(MSI, 9, 0, 4), (MSI, 9, 1, -22), (MSI, 0, 0, -22), (MSIX, 8, 1, 8), (INTX, 1, 1, 1)],
)
def test_how_many_vectors_there_are(rig, service, kind, count, exact, expected):
    assert allocate(rig, kind, count, exact=exact)[0] == expected


def test_two_kinds_of_messages_at_once_are_refused(rig, service):
    assert allocate(rig, MSI, 1)[0] == 1
    assert allocate(rig, MSIX, 1)[0] == -22


def test_releasing_a_vector_with_a_handler_is_misuse(rig, service):
    _, room = allocate(rig, MSI, 1)
    establish(rig, rig.memory.read_uint(room, 8), lambda _: 1)
    with pytest.raises(Exception, match="which has a handler"):
        ask(rig, "pci_intr_release", room, 1)


def test_an_unclaimed_storm_is_reported_once_and_silenced(rig, service, line):
    reports = []
    service.on_storm = reports.append
    establish(rig, map_intx(rig), lambda _: 0)
    line.assert_()
    rig.run()
    (report,) = reports
    assert isinstance(report, Misuse)
    assert "interrupt storm on irq 11 (foo0)" in report.message
    assert service.handlers[0].count == pci_intr.UNCLAIMED_LIMIT
    assert "silenced" in rig.kernel.console.text


def test_a_line_that_never_goes_down_is_a_storm_though_it_is_claimed(
    rig, service, line, monkeypatch
):
    monkeypatch.setattr(pci_intr, "REPEATED_LIMIT", 50)
    reports = []
    service.on_storm = reports.append
    establish(rig, map_intx(rig), lambda _: 1)
    line.assert_()
    rig.run()
    assert "interrupts in a row that were claimed" in reports[0].message


def test_a_line_that_goes_down_and_up_again_is_no_storm(rig, service, line, monkeypatch):
    monkeypatch.setattr(pci_intr, "REPEATED_LIMIT", 50)
    left = [200]

    def handler(_):
        line.deassert()
        left[0] -= 1
        if left[0]:
            line.assert_()
        return 1

    reports = []
    service.on_storm = reports.append
    establish(rig, map_intx(rig), handler)
    line.assert_()
    rig.run()
    assert (left, reports) == ([0], [])


def test_a_crashing_handler_does_not_stop_its_neighbour(rig, service, line):
    def first(_):
        raise Fault("bang")

    def second(_):
        line.deassert()
        rig.log.append("second")
        return 1

    def on_panic(lwp, panic):
        rig.panics.append(panic)
        service.panicked(lwp, panic)

    rig.kernel.scheduler.on_panic = on_panic
    establish(rig, map_intx(rig, 3), first)
    establish(rig, map_intx(rig, 4), second)
    line.assert_()
    rig.run()
    assert rig.log == ["second"]
    assert len(rig.panics) == 1


def test_what_is_left_behind_is_listed_and_released(rig, service, function, line):
    owner = FakeOwner()
    establish(rig, map_intx(rig), lambda _: 1, owner=owner)
    allocate(rig, MSI, 1)
    assert [str(leak) for leak in service.leaks(owner)] == [
        "pci_intr(9): a handler on irq 11 is still established"
    ]
    service.release(owner)
    assert service.leaks(owner) == []
    line.assert_()
    rig.run()
    assert service.handlers == []


def test_a_handler_keeps_its_lwp_which_rests_between_interrupts(rig, service, line):
    def handler(_):
        line.deassert()
        rig.log.append(rig.lwp)
        return 1

    cookie = establish(rig, map_intx(rig), handler)
    for _ in range(3):
        line.assert_()
        rig.run()
        (lwp,) = rig.kernel.scheduler.lwps.values()
        assert (lwp.state, lwp.wmesg, lwp.fiber.wmesg) == ("S", "intr", "intr")
    assert rig.log == [lwp] * 3
    assert service.handlers[0].claimed == 3
    ask(rig, "pci_intr_disestablish", cookie)
    assert not rig.kernel.scheduler.lwps
    assert lwp.fiber.destroyed


def test_the_level_of_a_resting_lwp_follows_its_line(rig, service, line):
    def handler(_):
        line.deassert()
        rig.log.append(rig.lwp.ipl)
        return 1

    establish(rig, map_intx(rig, 3), handler)
    line.assert_()
    rig.run()
    establish(rig, map_intx(rig, 4), lambda _: 0, ipl=7)
    line.assert_()
    rig.run()
    assert rig.log == [6, 7]


def test_an_interrupt_finds_its_handler_asleep(rig, service, function):
    """It waits for the kernel lock, say, and the next message runs on an lwp of its own."""
    _, room = allocate(rig, MSI, 1)
    (vector,) = function.allocated["msi"]

    class Sleeping:
        @hypercall
        def panic(self, lwp, message):
            rig.kernel.scheduler.park(lwp, "test")
            return PARKED

    def handler(_):
        rig.log.append(rig.lwp)
        if len(rig.log) == 1:
            yield ("panic", "")
        return 1

    rig.kernel.register(Sleeping())
    establish(rig, rig.memory.read_uint(room, 8), handler)
    vector.fire()
    rig.run()
    vector.fire()
    rig.run()
    first, second = rig.log
    assert first is not second
    assert (first.state, second.state) == ("S", "Z")
    rig.kernel.scheduler.wake(first)
    rig.run()
    vector.fire()
    rig.run()
    assert rig.log == [first, second, first]
    assert service.handlers[0].claimed == 3


def test_a_handler_may_disestablish_itself(rig, service, function):
    _, room = allocate(rig, MSI, 1)
    (vector,) = function.allocated["msi"]

    def handler(_):
        rig.log.append(rig.lwp)
        if len(rig.log) == 2:
            yield ("pci_intr_disestablish", cookie)
        return 1

    cookie = establish(rig, rig.memory.read_uint(room, 8), handler)
    for _ in range(3):
        vector.fire()
        rig.run()
    assert len(rig.log) == 2
    assert rig.log[0].gone
    assert not rig.kernel.scheduler.lwps


def test_after_a_crash_a_handler_gets_a_new_lwp(rig, service, function):
    _, room = allocate(rig, MSI, 1)
    (vector,) = function.allocated["msi"]
    rig.kernel.scheduler.on_panic = service.panicked

    def handler(_):
        rig.log.append(rig.lwp)
        if len(rig.log) == 2:
            raise Fault("bang")
        return 1

    establish(rig, rig.memory.read_uint(room, 8), handler)
    for _ in range(4):
        vector.fire()
        rig.run()
    first, second, third, fourth = rig.log
    assert first is second is not third is fourth
    assert second.gone
    assert service.handlers[0].claimed == 3
