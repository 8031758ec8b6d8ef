"""gcov's data files, added up."""

from __future__ import annotations

import struct

import pytest

from rumphost.coverage.counts import added, has_counts

HEADER = b"adcg" + b"*22B" + struct.pack("<II", 7, 8)


def file(*counters: int | list[int], header: bytes = HEADER) -> bytes:
    """One function for each: a list of its counts, or how many there are of which none ran."""
    parts = [header]
    for number, counts in enumerate(counters):
        parts.append(struct.pack("<IiIII", 0x0100_0000, 12, number, 1, 2))
        if isinstance(counts, int):
            parts.append(struct.pack("<Ii", 0x01A1_0000, -8 * counts))
        else:
            n = len(counts)
            parts.append(struct.pack(f"<Ii{n}Q", 0x01A1_0000, 8 * n, *counts))
    return b"".join(parts) + bytes(4)


def test_counts_are_added():
    assert added(file([1, 0, 2**40]), file([2, 3, 1])) == file([3, 3, 2**40 + 1])


def test_what_never_ran_is_left_out_of_files():
    assert added(file(2, [5]), file([0, 4], 1)) == file([0, 4], [5])
    assert added(file(2), file(2)) == file([0, 0])


def test_whether_anything_ran():
    assert has_counts(file(2, [0, 1]))
    assert not has_counts(file(2, [0, 0]))


@pytest.mark.parametrize(
    "other", [file([1, 2], header=HEADER[:-1] + b"x"), file([1, 2, 3]), file([1, 2], [1])]
)
def test_files_of_other_objects_are_refused(other):
    with pytest.raises(ValueError, match=r"different objects|longer|shorter"):
        added(file([1, 2]), other)


def test_a_file_that_is_cut_off_is_refused():
    with pytest.raises(ValueError, match="cut off"):
        added(file([1, 2]), file([1, 2])[:-8])


def test_a_format_that_is_not_known_is_refused():
    words = HEADER + struct.pack("<IiIII", 0x0100_0000, 3, 1, 1, 2)
    with pytest.raises(ValueError, match="another gcc"):
        has_counts(words)
