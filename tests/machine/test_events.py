"""Clocks and the queue of timed events."""

from __future__ import annotations

from rumphost.machine.clock import RealClock, VirtualClock
from rumphost.machine.events import EventQueue


def test_order_is_by_time_and_then_by_scheduling() -> None:
    events = EventQueue(VirtualClock())
    ran: list[tuple[int, str]] = []

    def run(name: str) -> None:
        ran.append((events.now_ns(), name))

    for at_ns, name in ((20, "c"), (10, "a"), (10, "b"), (30, "d")):
        events.at(at_ns, lambda name=name: run(name))
    assert events.next_ns() == 10
    assert events.advance_to(25) == 3
    assert ran == [(10, "a"), (10, "b"), (20, "c")]
    assert (events.now_ns(), events.next_ns()) == (25, 30)


def test_an_action_may_schedule_for_its_own_instant() -> None:
    events = EventQueue(VirtualClock())
    ran: list[int] = []
    events.at(5, lambda: events.after(0, lambda: ran.append(events.now_ns())))
    events.advance_to(5)
    assert ran == [5]


def test_cancelled_events_are_gone() -> None:
    events = EventQueue(VirtualClock())
    event = events.after(5, lambda: 1 / 0)
    event.cancel()
    assert not event.pending
    assert events.next_ns() is None
    assert events.advance_to(10) == 0
    event.cancel()


def test_an_event_that_always_comes_again_does_not_hold_a_real_clock() -> None:
    events = EventQueue(RealClock())
    count = 0

    def again() -> None:
        nonlocal count
        count += 1
        events.after(1, again)

    again()
    while count < 3:
        assert events.run_due() <= 1


def test_the_virtual_clock_never_goes_back() -> None:
    clock = VirtualClock()
    clock.advance_to(10)
    clock.advance_to(5)
    assert clock.now_ns() == 10
