"""Which edges of a driver ran, and what it compared, as its images kept them.

The counters are those of ``hypercalls/instrument/edges.c`` and ``comparisons.c``; in the manner of
AFL, how often an edge ran counts by orders of magnitude only.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from rumphost.boundary import Image

EDGES = 1 << 16
COMPARISONS = (1 << 10) * 8
_ADDRESSES = range(1 << 40, 1 << 47)
"""What looks like an address in this process, which is another in the next."""
_STEPS = (1, 2, 3, 4, 8, 16, 32, 128)
_BUCKETS = bytes(1 << bisect_right(_STEPS, n) - 1 if n else 0 for n in range(256))
_RAN = re.compile(rb"[^\0]")

Edges = tuple[tuple[int, int], ...]
"""Pairs of an edge's number and the bucket of its count, in the order of the numbers."""


def edge_counts(images: Sequence[Image]) -> bytes:
    """Return the buckets of all edges, of all images together."""
    together = 0
    only = b""
    for image in images:
        try:
            address = image.symbol("rumphost_edges")
        except KeyError:
            continue
        only = ctypes.string_at(address, EDGES).translate(_BUCKETS)
        together |= int.from_bytes(only, "little")
    return only if len(images) == 1 else together.to_bytes(EDGES, "little")


def digest(counts: bytes) -> bytes:
    """Return what two executions have in common that ran the same edges."""
    return hashlib.blake2b(counts, digest_size=8).digest()


def sparse(counts: bytes) -> Edges:
    """Return the edges that ran."""
    return tuple((match.start(), counts[match.start()]) for match in _RAN.finditer(counts))


def comparisons(images: Sequence[Image]) -> tuple[tuple[int, int], ...]:
    """Return pairs of unequal values that a driver compared, each once; addresses left out."""
    found: set[tuple[int, int]] = set()
    for image in images:
        try:
            address = image.symbol("rumphost_comparisons")
        except KeyError:
            continue
        words = struct.unpack(f"<{2 * COMPARISONS}Q", ctypes.string_at(address, 16 * COMPARISONS))
        pairs = zip(words[::2], words[1::2], strict=True)
        found.update(pair for pair in pairs if pair[0] != pair[1])
    return tuple(sorted(pair for pair in found if not any(value in _ADDRESSES for value in pair)))


class CoverageMap:
    """What a campaign has seen."""

    def __init__(self) -> None:
        self._seen = bytearray(EDGES)
        self._known: set[bytes] = set()
        self.edges = 0

    def add(self, key: bytes, edges: Edges | None) -> bool:
        """Add what ran; returns whether an edge, or an order of magnitude of one, is new.

        ``edges`` is None for a ``key`` that was added before.
        """
        if edges is None or key in self._known:
            return False
        self._known.add(key)
        return self._mark(edges)

    def _mark(self, edges: Iterable[tuple[int, int]]) -> bool:
        seen = self._seen
        new = False
        for index, bucket in edges:
            if bucket & ~seen[index]:
                self.edges += not seen[index]
                seen[index] |= bucket
                new = True
        return new
