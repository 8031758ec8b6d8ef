"""Traces into files: formats by name, filters, errors, and none of it for what nobody wants."""

from __future__ import annotations

import errno
import io
import json

import pytest

from rumphost.tracing import Filter, TextFormat, TraceWriter
from rumphost.tracing.writer import BATCH


@pytest.mark.parametrize("count", [0, 1, BATCH, BATCH + 1])
def test_all_events_are_in_the_file(bench, tmp_path, count):
    writer = TraceWriter.open(tmp_path / "trace.txt")
    writer.attach(bench.trace)
    for _ in range(count):
        bench.read()
    writer.close()
    lines = (tmp_path / "trace.txt").read_text().splitlines()
    assert len(lines) == writer.written == count


def test_formats_by_name(bench, tmp_path):
    writers = [TraceWriter.open(tmp_path / name) for name in ("t.txt", "t.jsonl", "t.json")]
    for writer in writers:
        writer.attach(bench.trace)
    bench.read()
    for writer in writers:
        writer.close()
    assert "bus_space.read(" in (tmp_path / "t.txt").read_text()
    assert json.loads((tmp_path / "t.jsonl").read_text())["event"] == "bus_space.read"
    assert json.loads((tmp_path / "t.json").read_text())["displayTimeUnit"] == "ns"


def test_the_filter_is_applied(bench, tmp_path):
    writer = TraceWriter.open(tmp_path / "t", filter_=Filter(["bus_space:CTRL"]))
    writer.attach(bench.trace)
    bench.read()
    bench.write()
    bench.emit("lwp.run", bench.attacher)
    writer.close()
    assert (tmp_path / "t").read_text().count("\n") == 1


def test_what_no_sink_wants_is_not_even_made(bench):
    bench.trace.remove_sink(bench.events.append)
    assert not bench.trace.on
    taken = []
    bench.trace.add_sink(taken.append, Filter(["callout"]).wants)
    bench.trace.emit("lwp.run", object())  # no lwp at all: it is not looked at
    bench.trace.emit("callout.fire", bench.attacher, callout="#1")
    assert [event.name for event in taken] == ["callout.fire"]


def test_sinks_come_and_go(bench):
    more = []
    bench.trace.add_sink(more.append)
    bench.read()
    bench.trace.remove_sink(more.append)
    bench.read()
    assert (len(more), len(bench.events)) == (1, 2)


def test_live_output_is_there_at_once(bench):
    file = io.StringIO()
    TraceWriter(file, TextFormat(), live=True).attach(bench.trace)
    bench.write()
    assert file.getvalue().endswith("bus_space.write(00:03.0 BAR0, CTRL.RST, 0x4000000)\n")


def test_an_error_of_the_file_is_told_once(bench):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    told = []
    writer = TraceWriter(Full(), TextFormat(), live=True, on_error=told.append)
    writer.attach(bench.trace)
    bench.read()
    bench.read()
    writer.close()
    assert [error.errno for error in told] == [errno.ENOSPC]
