"""Waiting, in a trio task, for what lwps do on the virtual CPU. For ``host.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import trio


@dataclass(eq=False)
class Wait:
    """Somebody waits for an lwp, or for something that takes several, of ``owner``."""

    owner: object
    done: trio.Event = field(default_factory=trio.Event)
    result: Any = None
    error: Exception | None = None

    def finish(self, result: Any) -> None:
        self.result = result
        self.done.set()

    def fail(self, error: Exception) -> None:
        self.error = error
        self.done.set()

    async def outcome(self) -> Any:
        await self.done.wait()
        if self.error is not None:
            raise self.error
        return self.result


class Waits:
    """All who wait. ``post`` has something done on the virtual CPU."""

    def __init__(self, post: Callable[[Callable[[], Any]], None]) -> None:
        self._post = post
        self._waits: dict[int, Wait] = {}

    async def for_lwp(self, lid: int, wait: Wait) -> Any:
        """Wait for an lwp that calls ``wait.finish`` at its end; raises if its driver crashes."""
        self._waits[lid] = wait
        try:
            return await wait.outcome()
        finally:
            del self._waits[lid]

    async def eventually(self, start: Callable[[Callable[[Any], None]], Any], owner: object) -> Any:
        """Have the kernel ``start`` something, and wait until it calls what it was given.

        If ``owner``'s driver crashes meanwhile, that crash is raised.
        """
        wait = Wait(owner)

        def begin() -> None:
            try:
                start(wait.finish)
            except Exception as error:
                wait.fail(error)

        self._post(begin)
        return await self.for_lwp(-id(wait), wait)

    def crashed(self, lid: int, owner: object, error: Exception) -> bool:
        """A driver crashed on an lwp: fail all who wait for either; tell whether anybody did."""
        told = False
        for key, wait in self._waits.items():
            if key == lid or (owner is not None and wait.owner is owner):
                wait.fail(error)
                told = True
        return told

    def ended(self, lid: int, error: Exception) -> None:
        """An lwp went with its driver: who waits for it waits in vain."""
        wait = self._waits.get(lid)
        if wait is not None and not wait.done.is_set():
            wait.fail(error)
