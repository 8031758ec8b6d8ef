"""The columns of the matrix: checks of one card, each with a result of its own.

A check that fails does not keep the others from being made; ``Checks.finish`` fails the test with
all that went wrong. ``record`` (pytest's ``record_property``) is told of each result, and
``tools/matrix`` makes the table of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from cards import Card

from rumphost.errors import RumphostError

LIMIT_S = 240.0
COLUMNS = (
    "attach", "media", "link", "DHCP", "ping", "10,000 out", "10,000 in", "multicast",
    "promiscuous", "down/up", "detach",
)  # fmt: skip


class Checks:
    """The checks of one card in one test."""

    def __init__(self, card: Card, tree: Path, record: Callable[[str, object], None]) -> None:
        self._known = [one for one in card.known if one.expected(tree)]
        self._record = record
        self._failed: list[str] = []
        self._told: list[str] = []
        record("card", f"{card.driver} {card.device}")

    @contextmanager
    def check(self, name: str) -> Iterator[None]:
        """Make one check: what goes wrong in the block, or is told there, is its result."""
        assert name in COLUMNS
        known = [one for one in self._known if one.check == name]
        self._told = []
        try:
            with trio.fail_after(LIMIT_S):
                yield
        except (AssertionError, RumphostError, trio.TooSlowError) as error:
            self.tell(str(error).strip() or "too slow")
        wrong = [one for one in self._told if not any(re.search(k.words, one) for k in known)]
        wrong += [
            f"not reported: {one.words} ({one.why})"
            for one in known
            if not any(re.search(one.words, told) for told in self._told)
        ]
        if wrong:
            self._failed += [f"{name}: {one}" for one in wrong]
            self._record(name, f"failed: {wrong[0].splitlines()[0]}")
        elif known:
            self._record(name, f"known: {'; '.join(one.why for one in known)}")
        else:
            self._record(name, "passed")

    def knows(self, name: str) -> bool:
        """Tell whether something is known of a check."""
        return any(one.check == name for one in self._known)

    def tell(self, *sentences: str) -> None:
        """Have the check in progress report these: it passes if just they are known of it."""
        self._told += sentences

    def finish(self) -> None:
        """Fail the test if a check has failed."""
        if self._failed:
            pytest.fail("\n".join(self._failed), pytrace=False)
