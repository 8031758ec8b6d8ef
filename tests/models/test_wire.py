"""The Ethernet cable: pace, latency, link."""

from __future__ import annotations

from rumphost.machine.clock import RealClock, VirtualClock
from rumphost.machine.events import EventQueue
from rumphost.models import Wire


class Station:
    def __init__(self, events: EventQueue) -> None:
        self.events = events
        self.got: list[tuple[int, bytes]] = []
        self.links: list[bool] = []

    def receive(self, frame: bytes) -> None:
        self.got.append((self.events.now_ns(), frame))

    def link_changed(self, up: bool) -> None:
        self.links.append(up)


def build(**options: int) -> tuple[Wire, Station, EventQueue]:
    events = EventQueue(VirtualClock())
    wire, station = Wire(**options), Station(events)
    wire.attach(station, events)
    return wire, station, events


def test_frames_arrive_in_order_at_a_gigabit_on_a_virtual_clock() -> None:
    wire, station, events = build(latency_ns=100)
    wire.deliver(b"a" * 60)
    wire.deliver(b"b" * 1514)
    wire.deliver(b"c" * 10)
    events.advance_to(1_000_000)
    assert [(at, data[:1]) for at, data in station.got] == [
        (772, b"a"),
        (772 + 12304, b"b"),
        (772 + 12304 + 672, b"c"),
    ]


def test_without_limit_sending_is_immediate_and_delivering_is_an_event() -> None:
    wire, station, events = build(bits_per_second=0)
    sent: list[bytes] = []
    wire.on_frame = sent.append
    wire.send(b"out")
    wire.deliver(b"in")
    assert sent == [b"out"]
    assert station.got == []
    events.run_due()
    assert station.got == [(0, b"in")]


def test_an_answer_within_sending_comes_later() -> None:
    wire, station, events = build(bits_per_second=0)
    wire.on_frame = wire.deliver
    wire.send(b"echo")
    assert station.got == []
    events.run_due()
    assert station.got == [(0, b"echo")]


def test_a_pulled_cable_loses_frames_under_way() -> None:
    wire, station, events = build()
    sent: list[bytes] = []
    wire.on_frame = sent.append
    wire.deliver(b"a")
    wire.send(b"b")
    wire.set_link(False)
    wire.set_link(False)
    wire.send(b"c")
    wire.deliver(b"d")
    events.advance_to(1_000_000)
    assert (station.got, sent, station.links) == ([], [], [False])
    wire.set_link(True)
    wire.deliver(b"e")
    events.advance_to(2_000_000)
    assert [data for _, data in station.got] == [b"e"]


def test_backlog() -> None:
    wire, _, events = build()
    wire.send(b"x" * 1514)
    assert wire.backlog_ns() == 12304
    events.advance_to(12000)
    assert wire.backlog_ns() == 304
    events.advance_to(20000)
    assert wire.backlog_ns() == 0


def test_a_real_clock_has_no_limit_unless_asked_for() -> None:
    events = EventQueue(RealClock())
    free, limited = Wire(), Wire(bits_per_second=100_000_000)
    for wire in (free, limited):
        wire.attach(Station(events), events)
        wire.set_speed(1_000_000_000)
    assert (free.bits_per_second, limited.bits_per_second) == (0, 100_000_000)
