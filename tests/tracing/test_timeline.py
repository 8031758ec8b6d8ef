"""The timeline for Perfetto and Chrome: valid JSON, one track an lwp, slices where time passes."""

from __future__ import annotations

import io
import json

import pytest

from rumphost.tracing import Timeline, TraceWriter


@pytest.fixture
def records(bench):
    """Return the records of what the bench emits in ``work``."""

    def record(work):
        file = io.StringIO()
        timeline = Timeline()
        writer = TraceWriter(file, timeline, head=timeline.head, tail=timeline.tail)
        file.close = lambda: None
        writer.attach(bench.trace)
        work()
        writer.close()
        return json.loads(file.getvalue())["traceEvents"]

    return record


def test_an_empty_trace_is_a_timeline(records):
    assert [record["name"] for record in records(lambda: None)] == ["process_name"]


def test_an_lwp_is_shown_while_it_runs_and_while_it_sleeps(bench, records):
    def work():
        bench.emit("lwp.run", bench.attacher)
        bench.now_ns = 4000
        bench.emit("lwp.sleep", bench.attacher, wmesg="iexstop")
        bench.emit("lwp.run", bench.handler)
        bench.now_ns = 9000
        bench.emit("lwp.wake", bench.attacher)
        bench.emit("lwp.exit", bench.handler)

    slices = [one for one in records(work) if one["ph"] == "X"]
    assert [(one["name"], one["tid"], one["ts"], one["dur"]) for one in slices] == [
        ("running", 3, 0.0, 4.0), ("asleep: iexstop", 3, 4.0, 5.0), ("running", 4, 4.0, 5.0)
    ]  # fmt: skip


def test_accesses_are_marks_named_by_register(bench, records):
    marks = [one for one in records(bench.write) if one["ph"] == "i"]
    assert [(mark["name"], mark["cat"], mark["tid"]) for mark in marks] == [
        ("write CTRL", "bus_space", 3)
    ]
    assert marks[0]["args"]["value"] == 0x4000000


def test_locks_and_interrupts_are_slices(bench, records):
    def work():
        bench.emit("interrupt.pending", source="msi0")
        bench.emit("mutex.enter", bench.attacher, mutex="#1")
        bench.now_ns = 2000
        bench.emit("mutex.exit", bench.attacher, mutex="#1")
        bench.now_ns = 3000
        bench.emit("pci_intr.deliver", line="msi0")

    slices = {one["name"]: one["dur"] for one in records(work) if one["ph"] == "X"}
    assert slices == {"mutex #1": 2.0, "pending: msi0": 3.0}


def test_tracks_are_named(bench, records):
    names = [one["args"]["name"] for one in records(bench.read) if one["name"] == "thread_name"]
    assert names == ["autoconf [3]"]
