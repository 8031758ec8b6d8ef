"""``rumphost run --trace --only --not --summary --picture --record``, and ``-m replay:``."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

RUN = ("run", "if_i8254x", "-m", "sim:i82540em", "--ping", "1", "--stay", "0", "-q")
WRITE = re.compile(r" +\d+\.\d{9} \S+\[\d+\] +bus_space\.write\(00:03\.0 BAR0, CTRL\S*, 0x\w+\)")


def test_only_what_is_asked_for_is_shown_live(rumphost):
    result = rumphost(*RUN, "--only", "bus_space.write:CTRL")
    assert result.status == 0
    lines = result.err.splitlines()
    assert len(lines) > 3
    assert all(WRITE.fullmatch(line) for line in lines)


def test_only_and_not_into_a_file(rumphost, tmp_path):
    file = tmp_path / "trace"
    rumphost(*RUN, "--trace", file, "--only", "bus_space", "--only", "callout", "--not", ":EERD")
    text = file.read_text()
    assert "bus_space.write(00:03.0 BAR0, CTRL" in text
    assert "callout.schedule(" in text
    assert "EERD" not in text
    assert "lwp." not in text


def test_locks_are_traced_when_named(rumphost, tmp_path):
    file = tmp_path / "trace"
    rumphost(*RUN, "--trace", file)
    assert "mutex.enter" not in file.read_text()
    rumphost(*RUN, "--trace", file, "--only", "mutex")
    text = file.read_text()
    assert text.count("mutex.enter(") == text.count("mutex.exit(") > 10


def test_every_kind_of_crossing_is_in_a_trace(rumphost, tmp_path):
    file = tmp_path / "trace.jsonl"
    rumphost(*RUN, "--trace", file)
    names = {json.loads(line)["event"] for line in file.read_text().splitlines()}
    assert names >= {
        "bus_space.read", "bus_space.write", "pci.conf_read", "bus_dma.load", "bus_dma.sync",
        "interrupt.pending", "pci_intr.deliver", "lwp.run", "lwp.sleep", "lwp.wake",
        "callout.schedule", "softint.schedule", "console.log", "delay.delay", "ifnet.output",
    }  # fmt: skip


def test_a_timeline_is_json(rumphost, tmp_path):
    rumphost(*RUN, "--trace", tmp_path / "trace.json")
    records = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {record["ph"] for record in records} == {"M", "X", "i"}


def test_summary_and_picture(rumphost, tmp_path):
    result = rumphost(*RUN, "--summary", "--picture", tmp_path / "sums.svg")
    for title in ("hot registers", "interrupt latency", "lock hold times", "time per lwp"):
        assert title in result.out
    assert ElementTree.parse(tmp_path / "sums.svg").getroot().tag.endswith("svg")
    events = rumphost(*RUN, "--summary", "--format", "json").events
    tables = {one["table"]: one for one in events if one["event"] == "summary"}
    assert tables["lock hold times"]["names"][0] == "lock"


def test_a_pattern_that_is_none(rumphost):
    result = rumphost(*RUN, "--only", "bus_space:")
    assert result.status == 2
    assert "no pattern of events" in result.err


def test_record_and_replay(rumphost, tmp_path):
    file = tmp_path / "card.rec"
    recorded = rumphost(*RUN, "--record", file)
    assert recorded.status == 0
    assert f"into {file}: {file.stat().st_size} bytes" in recorded.out
    replayed = rumphost("run", "if_i8254x", "-m", f"replay:{file}", *RUN[4:])
    assert replayed.status == 0, replayed.err
    assert f"entries of {file} alike" in replayed.out
    same = [line for line in recorded.out.splitlines() if "64 bytes from" in line]
    assert [line.split("time=")[0] for line in same] == [
        line.split("time=")[0] for line in replayed.out.splitlines() if "64 bytes from" in line
    ]


def test_pings_a_second_apart_find_their_place_between_the_ticks(rumphost, tmp_path):
    file = tmp_path / "card.rec"
    recorded = rumphost("run", "if_i8254x", *RUN[2:4], "--record", file, "-q")
    replayed = rumphost("run", "if_i8254x", "-m", f"replay:{file}", "-q")
    assert replayed.status == 0, replayed.err
    count = re.search(r"recorded (\d+) entries", recorded.out)
    assert count is not None
    assert f"all {count[1]} entries of {file} alike" in replayed.out


def test_a_recording_on_a_full_disk(rumphost):
    result = rumphost("run", "teach", "-m", "sim:teach", "--record", "/dev/full", "-q")
    assert result.status == 3
    assert "cannot write /dev/full: No space left on device" in result.err


def test_another_use_than_was_recorded_is_told(rumphost, tmp_path):
    file = tmp_path / "card.rec"
    rumphost(*RUN, "--record", file)
    more = rumphost("run", "if_i8254x", "-m", f"replay:{file}", "--ping", "5", "-q")
    assert more.status == 1
    assert re.search(r"iex0: replay: entry \d+ of \d+, at [\d.]+ s: expected .* did ", more.err)
    less = rumphost("run", "if_i8254x", "-m", f"replay:{file}", "--ping", "0", "-q")
    assert less.status == 1
    assert "replay: " in less.err


@pytest.mark.parametrize("damage", ["cut", "text"])
def test_a_recording_that_is_none(rumphost, tmp_path, damage):
    file = tmp_path / "card.rec"
    rumphost(*RUN, "--record", file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"text")
    result = rumphost("run", "if_i8254x", "-m", f"replay:{file}")
    assert result.status == 2
    words = "is not whole: it ends in the middle" if damage == "cut" else "no recording of rumphost"
    assert words in result.err


def test_a_recording_runs_in_virtual_time_only(rumphost, tmp_path):
    result = rumphost("run", "if_i8254x", "-m", f"replay:{tmp_path}/x", "--clock", "real")
    assert result.status == 2
    assert "virtual clock" in result.err


def test_two_of_one_file(rumphost, tmp_path):
    file = tmp_path / "both"
    result = rumphost("run", "teach", "-m", "sim:teach", "--trace", file, "--record", file)
    assert result.status == 2
    assert "need a file each" in result.err
    assert not file.exists()
