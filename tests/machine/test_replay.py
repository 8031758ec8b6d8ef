"""The recording's file, what DMA changed, and following a recording: without any driver."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from rumphost.errors import EndlessLoop, HostLacks, UsageError
from rumphost.machine import VirtualClock
from rumphost.machine.replay import (
    Difference,
    Malformed,
    RecordingMachine,
    ReplayMachine,
    Tolerance,
)
from rumphost.machine.replay.format import (
    MAGIC,
    Entry,
    Kind,
    Log,
    Recording,
    pack,
    pack_changes,
    read,
    unpack_changes,
)
from rumphost.machine.replay.player import Player
from rumphost.machine.replay.snapshots import (
    LoadedMaps,
    Snapshots,
    changes_of_buffer,
    changes_of_ring,
)
from rumphost.machine.sim import SimMachine

HEADER = {
    "machine": "qemu:card",
    "virtual": False,
    "functions": [
        {
            "address": [0, 1, 0],
            "config": "86800e10" + "00" * 252,
            "vectors": {"intx": 1, "msi": 0, "msix": 0},
            "bars": [
                {"index": 0, "size": 4096, "is_io": False, "is_64bit": False,
                 "prefetchable": False, "address": 0xC000_0000, "name": "00:01.0 bar 0"},
            ],
        }
    ],
    "dma": [{"bus_address": 0x10_0000, "size": 1 << 20}],
}  # fmt: skip


def write(path: Path, *entries: tuple[Kind, int, tuple[int, ...], bytes | None]) -> Path:
    log = Log(path)
    log.head(HEADER)
    for kind, time_ns, numbers, data in entries:
        log.add(kind, time_ns, *numbers, data=data)
    log.close()
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write(
        tmp_path / "card.rec",
        (Kind.WRITE, 1_000_000, (0, 0x10, 4, 0xFFFF_FFFF), None),
        (Kind.READ, 2_000_000, (0, 0x14, 4, 0x8000_0001), None),
        (Kind.SYNC, 3_000_000, (1, 0, 16, 10), pack_changes([(2, b"abc"), (12, b"d")])),
    )


# -- the file


def test_what_is_written_is_read(recording):
    found = read(recording)
    assert found.header == HEADER
    assert [(one.kind, one.time_ns, one.numbers) for one in found.entries] == [
        (Kind.WRITE, 1_000_000, (0, 0x10, 4, 0xFFFF_FFFF)),
        (Kind.READ, 2_000_000, (0, 0x14, 4, 0x8000_0001)),
        (Kind.SYNC, 3_000_000, (1, 0, 16, 10)),
    ]
    assert unpack_changes(found.entries[2].data) == [(2, b"abc"), (12, b"d")]


@pytest.mark.parametrize("number", [0, 0x7F, 0x80, 0x3FFF, 0x4000, (1 << 64) - 1])
def test_numbers_of_any_size(tmp_path, number):
    path = write(tmp_path / "n", (Kind.READ, 0, (number, 0, 8, number), None))
    assert read(path).entries[0].numbers == (number, 0, 8, number)
    assert len(pack(number)) == max(1, -(-number.bit_length() // 7))


def test_every_cut_file_is_refused(recording):
    whole = recording.read_bytes()
    for size in range(len(whole)):
        recording.write_bytes(whole[:size])
        with pytest.raises(Malformed, match=r"not whole|no recording"):
            read(recording)


def test_a_cut_file_says_how_far_it_is_good(tmp_path):
    log = Log(tmp_path / "long")
    log.head(HEADER)
    for number in range(30_000):
        log.add(Kind.READ, number * 1000, 0, number * 2654435761 % 4096, 4, number)
    log.close()
    data = (tmp_path / "long").read_bytes()
    (tmp_path / "long").write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(Malformed, match=r"it ends in the middle, after \d{4,} entries"):
        read(tmp_path / "long")


def test_every_damaged_byte_is_noticed(recording):
    whole = recording.read_bytes()
    for at in range(len(whole)):
        broken = bytearray(whole)
        broken[at] ^= 0x55
        recording.write_bytes(broken)
        with pytest.raises(Malformed):
            read(recording)


def test_something_after_the_end(recording):
    recording.write_bytes(recording.read_bytes() + b"more")
    with pytest.raises(Malformed, match="something follows its end"):
        read(recording)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text").write_text("a text")
    with pytest.raises(Malformed, match="no recording of rumphost"):
        read(tmp_path / "text")
    with pytest.raises(UsageError, match=r"cannot read the recording .*No such file"):
        read(tmp_path / "none")


def test_a_header_that_lacks_something(tmp_path):
    log = Log(tmp_path / "x")
    log.head({"functions": [{"config": "00"}], "dma": []})
    log.close()
    with pytest.raises(Malformed, match="malformed at its beginning"):
        read(tmp_path / "x")


def test_an_unknown_kind_of_entry(tmp_path):
    log = Log(tmp_path / "x")
    log.head(HEADER)
    log.add(99, 0)  # type: ignore[arg-type]
    log.close()
    with pytest.raises(Malformed, match="99 is not a valid Kind"):
        read(tmp_path / "x")


def test_a_file_that_cannot_be_made(tmp_path):
    with pytest.raises(HostLacks, match="cannot write"):
        Log(tmp_path / "no" / "where")


def test_magic_names_the_version():
    assert MAGIC.endswith(b" 1\n")


# -- what a device has written


def test_changes_of_a_ring_are_what_changed():
    old = bytes(64)
    new = bytearray(64)
    new[8:12] = b"wxyz"
    new[40] = 1
    assert changes_of_ring(old, bytes(new)) == [(8, b"wxyz"), (40, b"\1")]


def test_changes_near_one_another_are_one():
    new = bytearray(64)
    new[10] = new[14] = 7
    assert changes_of_ring(bytes(64), bytes(new)) == [(10, b"\7\0\0\0\7")]


def test_changes_of_a_buffer_begin_at_its_start():
    new = bytes(100) + b"x" + bytes(900)
    ((offset, data),) = changes_of_buffer(bytes(1001), new)
    assert offset == 0
    assert 101 <= len(data) <= 101 + 64
    assert new.startswith(data)
    assert changes_of_buffer(new, new) == []


def test_snapshots_tell_what_changed_between_syncs():
    found = []
    snapshots = Snapshots(lambda *what: found.append(what))
    memory = ctypes.create_string_buffer(b"\0" * 32, 32)
    parts = [(ctypes.addressof(memory), 16), (ctypes.addressof(memory) + 16, 16)]
    snapshots.loaded(5, [(0x1000, 32)])
    snapshots.synced(5, 0, parts, 1 | 4)  # PREREAD and PREWRITE: a ring
    memory[20] = b"!"
    snapshots.synced(5, 0, parts, 2 | 8)
    snapshots.synced(5, 0, parts, 2 | 8)
    assert found == [(5, 0, 32, 10, [(20, b"!")]), (5, 0, 32, 10, [])]


def test_what_only_the_driver_writes_is_not_looked_at():
    found = []
    snapshots = Snapshots(lambda *what: found.append(what))
    snapshots.synced(1, 0, [(0, 4096)], 4)  # reading address 0 would crash
    snapshots.synced(1, 0, [(0, 4096)], 8)
    assert found == []


def test_loaded_maps_know_places():
    maps = LoadedMaps()
    maps.loaded(3, [(0x1FF0, 0x20), (0x8000, 0x1000)])
    assert maps.place_of(0x2004) == (3, 0x14)
    assert maps.place_of(0x8010) == (3, 0x30)
    assert maps.place_of(0x2010) is None
    maps.unloaded(3)
    assert maps.place_of(0x2004) is None


# -- following


def player(*entries: Entry, polls: bool = False, order: bool = False) -> Player:
    recording = Recording(Path("x"), HEADER, list(entries))
    tolerance = Tolerance(polls=polls, order=order)
    return Player(recording, VirtualClock(), tolerance, lambda one: f"{one.kind.name}{one.numbers}")


def reads(offset: int, value: int, time_ns: int = 0) -> Entry:
    return Entry(Kind.READ, time_ns, (0, offset, 4, value))


def writes(offset: int, value: int, time_ns: int = 0) -> Entry:
    return Entry(Kind.WRITE, time_ns, (0, offset, 4, value))


def read_register(follower: Player, offset: int) -> int:
    entry = follower.act(Kind.READ, 0, offset, 4)
    assert entry is not None
    return entry.numbers[3]


def test_reads_answer_as_recorded_and_move_the_clock():
    follower = player(reads(8, 1, 500), reads(8, 2, 900))
    assert read_register(follower, 8) == 1
    assert follower.clock.now_ns() == 500
    assert read_register(follower, 8) == 2
    assert follower.clock.now_ns() == 900
    assert follower.remaining() is None


def test_another_value_is_the_first_difference():
    follower = player(reads(8, 1), writes(16, 0x1))
    read_register(follower, 8)
    with pytest.raises(Difference) as caught:
        follower.act(Kind.WRITE, 0, 16, 4, 3)
    assert caught.value.expected == "WRITE(0, 16, 4, 1)"
    assert caught.value.actual == "WRITE(0, 16, 4, 3)"
    assert caught.value.where == "entry 2 of 2, at 0.000000 s"
    assert follower.difference is caught.value
    assert follower.act(Kind.READ, 0, 8, 4) is None  # the device is gone


def test_more_than_was_recorded():
    follower = player(reads(8, 1))
    read_register(follower, 8)
    with pytest.raises(Difference, match="expected nothing more; the driver did READ"):
        follower.act(Kind.READ, 0, 8, 4)


def test_less_than_was_recorded():
    follower = player(reads(8, 1), writes(4, 2), writes(4, 3))
    read_register(follower, 8)
    assert follower.remaining() == (
        "entry 2 of 3, at 0.000000 s: expected WRITE(0, 4, 4, 2) and 1 more entries"
    )


def test_an_interrupt_comes_where_it_came():
    follower = player(
        writes(4, 1), Entry(Kind.INTERRUPT, 10, (0, 1, 1, 0)), reads(8, 5), reads(8, 6)
    )
    came: list[Entry] = []
    follower.on_itself = came.append
    follower.act(Kind.WRITE, 0, 4, 4, 1)
    assert not came
    assert follower.by_itself() is None, "it waits for the read"
    assert read_register(follower, 8) == 5
    assert len(came) == 1


def test_more_polls_are_tolerated_if_one_says_so():
    strict = player(reads(8, 1), writes(4, 1))
    read_register(strict, 8)
    with pytest.raises(Difference):
        strict.act(Kind.READ, 0, 8, 4)
    tolerant = player(reads(8, 1), writes(4, 1), reads(8, 0), polls=True)
    assert [read_register(tolerant, 8) for _ in range(4)] == [1, 1, 1, 1]
    tolerant.act(Kind.WRITE, 0, 4, 4, 1)
    assert read_register(tolerant, 8) == 0
    assert tolerant.remaining() is None


def test_a_poll_after_a_write_is_no_poll():
    follower = player(reads(8, 1), writes(4, 1), polls=True)
    read_register(follower, 8)
    follower.act(Kind.WRITE, 0, 4, 4, 1)
    with pytest.raises(Difference):
        follower.act(Kind.READ, 0, 8, 4)


def test_fewer_polls_are_tolerated_if_one_says_so():
    follower = player(reads(8, 0), reads(8, 0), reads(8, 1), writes(4, 1), polls=True)
    read_register(follower, 8)
    follower.act(Kind.WRITE, 0, 4, 4, 1)
    assert follower.remaining() is None


def test_writes_may_change_places_if_one_says_so():
    entries = writes(4, 1), writes(8, 2), writes(12, 3), reads(16, 0)
    strict = player(*entries)
    with pytest.raises(Difference):
        strict.act(Kind.WRITE, 0, 12, 4, 3)
    tolerant = player(*entries, order=True)
    for offset, value in ((12, 3), (4, 1), (8, 2)):
        tolerant.act(Kind.WRITE, 0, offset, 4, value)
    assert read_register(tolerant, 16) == 0
    assert tolerant.remaining() is None


def test_writes_to_one_register_keep_their_order():
    follower = player(writes(4, 1), writes(4, 2), order=True)
    with pytest.raises(Difference):
        follower.act(Kind.WRITE, 0, 4, 4, 2)


def test_a_write_that_is_left_out_is_missed_at_the_next_read():
    follower = player(writes(4, 1), writes(8, 2), reads(16, 0), order=True)
    follower.act(Kind.WRITE, 0, 8, 4, 2)
    with pytest.raises(Difference, match=r"expected WRITE\(0, 4, 4, 1\)"):
        follower.act(Kind.READ, 0, 16, 4)


def test_a_ring_may_lie_elsewhere():
    entry = Entry(Kind.WRITE_ADDRESS, 0, (0, 4, 4, 0x10_7000, 2, 0x100))
    follower = player(entry)
    follower.loaded.loaded(2, [(0x10_8F00, 0x1000)])
    assert follower.act(Kind.WRITE, 0, 4, 4, 0x10_9000) is entry
    follower = player(entry)
    follower.loaded.loaded(2, [(0x10_8F00, 0x1000)])
    with pytest.raises(Difference):
        follower.act(Kind.WRITE, 0, 4, 4, 0x10_9010)


# -- the machine


async def test_the_machine_is_what_was_recorded(recording):
    async with ReplayMachine(recording) as machine:
        (function,) = machine.functions
        assert machine.name == "qemu:card"
        assert function.config_read(0, 4) == 0x100E_8086
        assert function.config_read(256, 4) == 0xFFFF_FFFF
        assert function.vector_count("intx") == 1
        region = function.map_bar(0)
        region.write(0x10, 4, 0xFFFF_FFFF)
        assert region.read(0x14, 4) == 0x8000_0001
        memory = ctypes.create_string_buffer(16)
        address = ctypes.addressof(memory)
        machine.synced(1, 0, [(address, 4), (address + 4, 12)], 10)
        assert memory.raw == b"\0\0abc\0\0\0\0\0\0\0d\0\0\0"
        assert machine.remaining() is None


async def test_a_difference_names_register_and_place(recording):
    async with ReplayMachine(recording) as machine:
        region = machine.functions[0].map_bar(0)
        with pytest.raises(Difference) as caught:
            region.write(0x18, 4, 1)
        assert caught.value.message == (
            "replay: entry 1 of 3, at 0.001000 s: expected a write of 0xffffffff to 0x10 "
            "(00:01.0 bar 0, 4 bytes); the driver did a write of 0x1 to 0x18 "
            "(00:01.0 bar 0, 4 bytes)"
        )
        assert region.read(0x14, 4) == 0xFFFF_FFFF


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "needs a file"), ("{}:tolerate=faults", "tolerates polls and order, not faults")],
)
def test_names_that_are_wrong(recording, text, message):
    with pytest.raises(UsageError, match=message):
        ReplayMachine.from_text(text.format(recording))


def test_tolerance_by_name(recording):
    machine = ReplayMachine.from_text(f"{recording}:tolerate=order+polls")
    assert machine.player.tolerance == Tolerance(polls=True, order=True)


def test_a_recording_that_ends_in_an_endless_loop():
    """The driver is told so when it goes on, and not when it does not."""
    follower = player(reads(0, 1), Entry(Kind.ENDLESS, 0, (), b"endless loop: 9 reads"))
    read_register(follower, 0)
    assert "expected ENDLESS" in (follower.remaining() or "")
    with pytest.raises(EndlessLoop, match="endless loop: 9 reads"):
        follower.act(Kind.READ, 0, 0, 4)
    assert follower.act(Kind.READ, 0, 0, 4) is None, "the device is gone"
    assert follower.difference is None


async def test_a_device_alone_with_its_events_is_recorded(tmp_path):
    """None of the time-outs that move the clock is the kernel's."""
    inner = SimMachine(name="sim:")
    machine = RecordingMachine(inner, tmp_path / "file")
    ran: list[int] = []
    async with machine:
        inner.events.after(1000, lambda: ran.append(1))
        assert machine.events.advance_to(2000) == 1
    assert ran == [1]


def test_what_a_device_wrote_comes_before_what_the_driver_does_next():
    """Also where its driver looks at memory without a sync."""
    follower = player(Entry(Kind.DMA, 700, (3, 6), b"abcdef"), reads(8, 1, 900))
    came: list[Entry] = []
    follower.on_itself = came.append
    follower.loaded.loaded(3, [(0x1000, 8), (0x4000, 4)])
    read_register(follower, 8)
    (entry,) = came
    parts = list(follower.loaded.parts_of(*entry.numbers, entry.data))
    assert parts == [(0x1006, b"ab"), (0x4000, b"cdef")]
    assert list(follower.loaded.parts_of(4, 0, b"ab")) == []


async def test_a_machine_that_notices_dma_has_it_recorded(tmp_path):
    inner = SimMachine(name="sim:")
    machine = RecordingMachine(inner, tmp_path / "file")
    async with machine:
        assert machine.dma_watcher is not None
        machine.dma_watcher.loaded(0, [(0x2000, 16)])
        machine.device_wrote(0x2004, b"abcd")
        machine.device_wrote(0x9000, b"nowhere")
        machine.end("endless loop: 9 reads")
        machine.device_wrote(0x2004, b"more")
    kinds = [(one.kind, one.numbers, one.data) for one in read(tmp_path / "file").entries]
    assert kinds == [(Kind.DMA, (0, 4), b"abcd"), (Kind.ENDLESS, (), b"endless loop: 9 reads")]
