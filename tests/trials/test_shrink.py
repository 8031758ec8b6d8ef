"""Shrinking: what is found still fails, and without any of its items it would not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rumphost.host import run
from rumphost.trials.shrink import shrink


@pytest.mark.parametrize("guilty", [{17}, {3, 90}, {0, 1, 2}, {5, 50, 95}, set(range(8))])
@pytest.mark.parametrize("size", [100, 8])
def test_the_guilty_remain(guilty, size):
    guilty = {one % size for one in guilty}
    tried = 0

    async def fails(part: Sequence[int]) -> bool:
        nonlocal tried
        tried += 1
        return guilty <= set(part)

    assert run(shrink, list(range(size)), fails) == sorted(guilty)
    assert tried < 200


def test_one_item_is_left_alone():
    async def fails(_part: Sequence[str]) -> bool:
        raise AssertionError("nothing to try")

    assert run(shrink, ["only"], fails) == ["only"]


def test_it_ends_when_it_has_tried_enough():
    tried = 0

    async def fails(part: Sequence[int]) -> bool:
        nonlocal tried
        tried += 1
        return {1, 40, 77} <= set(part)

    async def main() -> list[int]:
        return await shrink(list(range(100)), fails, tries=5)

    assert {1, 40, 77} <= set(run(main))
    assert tried <= 5
