"""Sums of a trace, as tables and as a picture."""

from __future__ import annotations

from xml.etree import ElementTree

from rumphost.tracing import Filter, Summary, draw
from rumphost.tracing.summary import Times, duration


def tables(summary):
    return {table.title: table.rows for table in summary.tables()}


def test_hot_registers_are_sorted_and_counted(bench):
    summary = Summary()
    summary.attach(bench.trace)
    for _ in range(3):
        bench.read("EERD.DONE")
    bench.read("EERD")
    bench.write("CTRL.RST")
    bench.emit("bus_space.write_multi", bench.attacher, region="00:03.0 BAR0", offset=4,
               register="FIFO", width=4, count=64)  # fmt: skip
    assert tables(summary)["hot registers"] == [
        ("00:03.0 BAR0", "FIFO", 0, 64),
        ("00:03.0 BAR0", "EERD", 4, 0),
        ("00:03.0 BAR0", "CTRL", 0, 1),
    ]


def test_latency_locks_and_time(bench):
    summary = Summary()
    summary.attach(bench.trace)
    bench.emit("interrupt.pending", source="msi0")
    bench.emit("lwp.run", bench.attacher)
    bench.emit("mutex.enter", bench.attacher, mutex="#1")
    bench.now_ns = 700
    bench.emit("mutex.exit", bench.attacher, mutex="#1")
    bench.now_ns = 1000
    bench.emit("lwp.sleep", bench.attacher, wmesg="tstile")
    bench.emit("pci_intr.deliver", line="msi0")
    bench.now_ns = 5000
    bench.emit("lwp.wake", bench.attacher)
    found = tables(summary)
    assert found["interrupt latency, from assertion to delivery"] == [
        ("msi0", 1, 1000.0, 1000, 1000)
    ]
    assert found["interrupt latency histogram"] == [("msi0", 1024, 1, "#" * 40)]
    assert found["lock hold times"] == [("mutex #1", 1, 700.0, 700, 700)]
    assert found["time per lwp"] == [("autoconf", 1, 1000.0, 1000, 1000)]
    assert found["sleeps"] == [("autoconf", "tstile", 1, 4000.0, 4000, 4000)]


def test_only_what_the_filter_keeps_is_summed(bench):
    summary = Summary(Filter([":CTRL"]))
    summary.attach(bench.trace)
    bench.read()
    bench.write()
    assert tables(summary) == {
        "hot registers": [("00:03.0 BAR0", "CTRL", 0, 1)],
        "events": [("bus_space.write", 1)],
    }


def test_lines_are_aligned(bench):
    summary = Summary()
    summary.attach(bench.trace)
    bench.read()
    assert list(summary.lines()) == [
        "hot registers",
        "  region        register  reads  writes",
        "  00:03.0 BAR0  EERD          1       0",
        "",
        "events",
        "  event           count",
        "  bus_space.read      1",
    ]


def test_histogram_has_no_gaps():
    times = Times()
    for ns in (3, 3, 100):
        times.add(ns)
    assert times.histogram() == [(4, 2), (8, 0), (16, 0), (32, 0), (64, 0), (128, 1)]
    assert Times().histogram() == []


def test_durations():
    assert [duration(ns) for ns in (0, 999, 1500, 2_000_000, 3.5e9)] == [
        "0 ns", "999 ns", "1.5 us", "2 ms", "3.5 s"
    ]  # fmt: skip


def test_the_picture_is_svg_with_every_register(bench):
    summary = Summary()
    summary.attach(bench.trace)
    bench.read()
    bench.write("CTRL<&>.RST")
    root = ElementTree.fromstring(draw(summary))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "hot registers: accesses" in texts
    assert "00:03.0 BAR0 CTRL<&>" in texts
