"""Makes the input of a crash as small as it gets: fewest mutations first, then simplest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .mutation import Input, normalised, simpler

_TOGETHER = 8
"""Inputs that are executed at once."""
Crashes = Callable[[Sequence[Input]], list[bool]]
"""Executes inputs; tells of each whether it still crashes in the same way."""


def shrink(mutations: Input, crashes: Crashes, budget: int) -> Input:
    """Return the smallest input found that ``crashes``, with about ``budget`` executions."""
    spent = 0

    def first(candidates: list[Input]) -> Input | None:
        nonlocal spent
        for at in range(0, len(candidates), _TOGETHER):
            some = candidates[at : at + _TOGETHER]
            spent += len(some)
            for one, does in zip(some, crashes(some), strict=True):
                if does:
                    return one
        return None

    size = len(mutations) // 2
    while size and spent < budget:  # whole parts
        parts = [mutations[at : at + size] for at in range(0, len(mutations), size)]
        rest = [normalised(set(mutations) - set(part)) for part in parts]
        smaller = first(rest)
        if smaller is None:
            size //= 2
        else:
            mutations = smaller
            size = min(size, len(mutations) // 2 or len(mutations))
    if len(mutations) == 1 and first([()]) == ():
        return ()
    place = 0
    while place < len(mutations) and spent < budget:
        others = [*mutations[:place], *mutations[place + 1 :]]
        simple = first([normalised([*others, one]) for one in simpler(mutations[place])])
        if simple is None or simple == mutations:
            place += 1
        else:
            mutations = simple
    return mutations
