"""Finds a shortest part of a list that still does what the whole does (ddmin, by A. Zeller)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def shrink(
    items: Sequence[T], fails: Callable[[Sequence[T]], Awaitable[bool]], *, tries: int = 200
) -> list[T]:
    """Return a part of ``items`` that ``fails`` too, and none of whose items can be left out.

    ``items`` fails. After so many ``tries`` the shortest part found until then is returned.
    """
    found = list(items)
    parts = 2
    while len(found) > 1 and tries > 0:
        size = -(-len(found) // parts)
        pieces = [found[start : start + size] for start in range(0, len(found), size)]
        rests = [
            [item for other in pieces if other is not piece for item in other] for piece in pieces
        ]
        smaller = None
        for candidate in [*pieces, *(rests if len(pieces) > 2 else [])]:
            tries -= 1
            if await fails(candidate):
                smaller = candidate
                break
            if tries <= 0:
                break
        if smaller is not None:
            parts = 2 if len(smaller) < size + 1 else max(parts - 1, 2)
            found = smaller
        elif parts >= len(found):
            break
        else:
            parts = min(parts * 2, len(found))
    return found
