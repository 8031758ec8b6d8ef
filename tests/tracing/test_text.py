"""Events as lines of text and of JSON."""

from __future__ import annotations

import json

import pytest

from rumphost.trace import TraceEvent
from rumphost.tracing import TextFormat, json_line


@pytest.fixture
def line():
    format_ = TextFormat()
    return lambda event: format_(event).rstrip("\n")


def test_a_read_ends_with_what_was_read(bench, line):
    bench.now_ns = 10_365_000
    assert line(bench.read("EERD.DONE|ADDR=0x12")) == (
        "   0.010365000 autoconf[3]        "
        "bus_space.read(00:03.0 BAR0, EERD) = 0x1210 DONE|ADDR=0x12"
    )


def test_a_write_has_register_fields_and_value(bench, line):
    assert line(bench.write()).endswith("bus_space.write(00:03.0 BAR0, CTRL.RST, 0x4000000)")


def test_a_register_without_a_name(bench, line):
    assert line(bench.read("0x14")).endswith("bus_space.read(00:03.0 BAR0, 0x14) = 0x1210")


def test_others_have_named_fields(bench, line):
    event = bench.emit("callout.schedule", bench.attacher, callout="#1", ticks=100)
    assert line(event).endswith("autoconf[3]        callout.schedule(callout=#1, ticks=0x64)")
    event = bench.emit("pci.conf_read", bench.attacher, function="00:03.0", offset=8, value=0x10)
    assert line(event).endswith("pci.conf_read(00:03.0, 8) = 0x10")
    assert line(bench.emit("lwp.run", bench.handler)).endswith("intr iex0[4]       lwp.run()")


def test_events_of_the_machine_have_no_lwp(bench, line):
    assert line(bench.emit("interrupt.pending", source="msi0")).endswith(
        "-                  interrupt.pending(source=msi0)"
    )


def test_one_line_is_one_line(bench, line):
    text = line(bench.emit("console.log", bench.attacher, text='it "says"\nmore'))
    assert text.endswith(r'console.log("it \"says\"\nmore")')


def test_negative_numbers_and_truth(bench, line):
    event = bench.emit("x.y", bench.attacher, error=-5, low=-100, taken=True, of=None)
    assert line(event).endswith("x.y(error=-5, low=-0x64, taken=True, of=None)")


def test_the_same_event_with_other_fields(bench, line):
    assert line(bench.emit("a.b", bench.attacher, x=1)).endswith("a.b(x=1)")
    assert line(bench.emit("a.b", bench.attacher, y=1)).endswith("a.b(y=1)")


def test_json_has_what_the_event_has(bench):
    bench.now_ns = 5
    record = json.loads(json_line(bench.write()))
    assert record == {
        "time_ns": 5, "lid": 3, "lwp": "autoconf", "event": "bus_space.write", "for": "iex0",
        "region": "00:03.0 BAR0", "offset": 0, "register": "CTRL.RST", "width": 4,
        "value": 0x4000000,
    }  # fmt: skip


def test_str_stays_what_tests_compare():
    event = TraceEvent(1_000_000_002, 3, "autoconf", "delay.delay", {"microseconds": 20})
    assert str(event) == "    1.000000002    3 autoconf         delay.delay microseconds=0x14"
