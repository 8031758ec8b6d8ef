"""Inputs: what mutations do, how they are written down, how they get simpler."""

from __future__ import annotations

import random

import pytest

from rumphost.errors import EndlessLoop, UsageError
from rumphost.fuzz.device import Tampering
from rumphost.fuzz.mutation import (
    FOREVER,
    DmaMutation,
    LateInterrupt,
    ReadMutation,
    SpuriousInterrupt,
    from_records,
    load,
    normalised,
    save,
    simpler,
    to_records,
)
from rumphost.fuzz.mutator import Mutator
from rumphost.fuzz.profile import Profile
from rumphost.fuzz.shrink import shrink

STATUS = (0, 8, 4)
BUSY = ReadMutation(*STATUS, first=1, count=2, mask=1, value=1)
SOME = normalised([BUSY, DmaMutation(16, 0, 4, "ffff"), SpuriousInterrupt(3), LateInterrupt(0, 5)])


def test_some_reads_of_a_register_are_changed():
    tampering = Tampering((BUSY,), limit=100)
    assert [tampering.read(STATUS, 0x10) for _ in range(4)] == [0x10, 0x11, 0x11, 0x10]
    assert tampering.read((0, 12, 4), 0) == 0
    assert tampering.profile.reads[STATUS].count == 4
    assert tampering.profile.reads[STATUS].values == [0x10] * 4, "the model's own"


def test_one_dma_write_of_its_size_is_changed():
    tampering = Tampering((DmaMutation(4, 1, 2, "aabbcc"),), limit=100)
    assert [tampering.write(b"\1\2\3\4") for _ in range(2)] == [b"\1\2\3\4", b"\1\2\xaa\xbb"]
    assert tampering.write(b"\0" * 8) == b"\0" * 8


def test_too_many_accesses_are_an_endless_loop():
    told: list[str] = []
    tampering = Tampering((), limit=2)
    tampering.on_limit = told.append
    tampering.access()
    tampering.access()
    with pytest.raises(EndlessLoop, match="endless loop: 2 accesses"):
        tampering.access()
    assert len(told) == 1
    tampering.access()  # another lwp cleans up


def test_a_line_that_stays_asserted_is_no_loop():
    tampering = Tampering((), limit=10)
    for _ in range(10):
        tampering.access()
        tampering.handled()
    with pytest.raises(EndlessLoop, match="interrupt storm"):
        tampering.access()


def test_accesses_with_a_rest_in_between_are_none():
    tampering = Tampering((), limit=2)
    for _ in range(5):
        tampering.access()
        tampering.access()
        tampering.rest()


@pytest.mark.parametrize(
    ("mutation", "words"),
    [
        (BUSY, "2 reads of STATUS from the 2nd on has 0x1 in the bits 0x1"),
        (ReadMutation(*STATUS, 10, 1, 0xFFFF_FFFF, 7), "the 11th read of STATUS gives 0x7"),
        (ReadMutation(1, 4, 1, 0, FOREVER, 0xFF, 0),
         "every read of 0x4 of region 1 from the 1st on gives 0x0"),
        (DmaMutation(16, 22, 4, "ffff"), "the 23rd DMA write of 16 bytes has ffff at byte 4"),
        (SpuriousInterrupt(0), "an interrupt for no reason before the 1st register access"),
        (LateInterrupt(2, 0), "the 3rd interrupt is lost"),
        (LateInterrupt(2, 100), "the 3rd interrupt comes 100 ns late"),
    ],
)  # fmt: skip
def test_words(mutation, words):
    assert mutation.words({STATUS: "STATUS"}) == words


def test_a_file_of_a_corpus(tmp_path):
    assert from_records(to_records(SOME)) == SOME
    save(tmp_path / "one.json", SOME)
    assert load(tmp_path / "one.json") == SOME


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"mutations": [{"kind": "late"}]}', '{"mutations": [{"kind": "no"}]}',
     '{"mutations": [{"kind": "late", "number": "x", "delay_ns": 0}]}',
     '{"mutations": [{"kind": "dma", "size": 1, "number": 0, "offset": 0, "data": "xy"}]}'],
)  # fmt: skip
def test_a_file_that_is_no_input(tmp_path, text):
    (tmp_path / "one.json").write_text(text)
    with pytest.raises(UsageError, match=r"one\.json is no input"):
        load(tmp_path / "one.json")


def test_simpler_ones_change_less():
    wide = ReadMutation(*STATUS, 0, FOREVER, 0xF0, 0x50)
    assert simpler(wide)[0] == ReadMutation(*STATUS, 0, 1, 0xF0, 0x50)
    assert ReadMutation(*STATUS, 0, FOREVER, 0x10, 0x10) in simpler(wide)
    assert DmaMutation(16, 0, 5, "bb") in simpler(DmaMutation(16, 0, 4, "aabb"))
    assert simpler(SpuriousInterrupt(3)) == []


def test_shrinking_leaves_what_it_takes():
    needed = {BUSY, SpuriousInterrupt(3)}
    others = [SpuriousInterrupt(n) for n in range(10, 30)]

    def crashes(inputs):
        return [SpuriousInterrupt(3) in one and any(
            isinstance(m, ReadMutation) and m.mask & 1 and m.value & 1 for m in one
        ) for one in inputs]  # fmt: skip

    small = shrink(normalised([*needed, *others]), crashes, 1000)
    assert len(small) == 2
    assert ReadMutation(*STATUS, first=1, count=1, mask=1, value=1) in small
    assert shrink(normalised(others), lambda inputs: [True for _ in inputs], 1000) == ()


@pytest.fixture
def profile() -> Profile:
    profile = Profile()
    for value in (0, 0x7EAC0001, 0):
        profile.read(STATUS, value)
    profile.write(bytes.fromhex("3a000000 01000000"))
    profile.interrupts, profile.accesses = 2, 9
    return profile


def test_havoc_repeats_by_its_seed(profile):
    def made(seed: int) -> list[object]:
        mutator = Mutator(random.Random(seed))
        return [mutator.havoc(SOME, profile, [SOME]) for _ in range(200)]

    assert made(1) == made(1)
    assert made(1) != made(2)
    kinds = {type(one) for mutations in made(1) for one in mutations}
    assert len(kinds) == 4
    assert all(from_records(to_records(one)) == one for one in made(3))


def test_what_the_driver_compared_is_tried(profile):
    mutator = Mutator(random.Random(0))
    found = set(mutator.suggested((), profile, [(0x01, 0x5C), (0x3A, 0x1000)]))
    assert (ReadMutation(*STATUS, 1, 1, 0xFF, 0x5C),) in found
    assert (DmaMutation(8, 0, 0, "00100000"),) in found


def test_registers_get_stuck_in_turn(profile):
    walk = list(Mutator(random.Random(0)).walk((), profile))
    assert len(walk) == len(set(walk)) == 2 + 32
    assert (ReadMutation(*STATUS, 0, FOREVER, 1, 1),) in walk
