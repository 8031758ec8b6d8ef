"""gcov's data files, as far as adding two of one object up takes.

After a header of four words come records, a tag, a length and as much, as gcc's ``gcov-io.h``
describes them: functions, each followed by its counters.  Called by :mod:`rumphost.coverage.data`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEADER = 16
_COUNTERS = 0x01A1_0000  # of arcs, the only ones there are
_FUNCTION = 0x0100_0000
_FUNCTION_BYTES = 12


def added(one: bytes, other: bytes) -> bytes:
    """Return the sum of two files; raises ValueError when they are not of the same object."""
    if one[:_HEADER] != other[:_HEADER]:
        raise ValueError("counters of two different objects")
    parts = [one[:_HEADER]]
    for mine, theirs in zip(_records(one), _records(other), strict=True):
        (tag, count, content), (other_tag, other_count, other_content) = mine, theirs
        is_same = (tag, count) == (other_tag, other_count)
        if not is_same or (tag != _COUNTERS and content != other_content):
            raise ValueError("counters of two different objects")
        if tag != _COUNTERS:
            parts += [struct.pack("<Ii", tag, len(content)), content]
            continue
        sums = [a + b for a, b in zip(_values(content), _values(other_content), strict=True)]
        parts.append(struct.pack(f"<Ii{len(sums)}Q", tag, 8 * len(sums), *sums))
    return b"".join(parts) + bytes(4)


def has_counts(data: bytes) -> bool:
    """Tell whether anything ran at all."""
    return any(any(_values(content)) for tag, _, content in _records(data) if tag == _COUNTERS)


def _records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield tag, number of bytes, and content; counters that are all zero are left out of files."""
    at = _HEADER
    while at + 8 <= len(data):
        tag, length = struct.unpack_from("<Ii", data, at)
        at += 8
        if tag == 0:
            return
        if tag == _FUNCTION and length not in (0, _FUNCTION_BYTES):
            raise ValueError("counters in a format of another gcc")
        if length < 0:
            yield tag, -length, bytes(-length)
            continue
        if at + length > len(data):
            raise ValueError("counters that are cut off")
        yield tag, length, data[at : at + length]
        at += length


def _values(content: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(content) // 8}Q", content)
