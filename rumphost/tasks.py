"""The trio tasks that keep a host going, and how they end. Used by ``host.py``.

They go on while the host is being left, whatever cancels its user, so that drivers can still be
detached; when one of them fails there is nobody to wait for, and leaving is cut short.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import trio

from .errors import DriverError

LEAVE_LIMIT_S = 30.0


class ServiceTasks:
    """The tasks of one host; start each with ``await nursery.start(tasks.run, serve)``."""

    def __init__(self) -> None:
        self._leaving = trio.CancelScope(shield=True)
        self._scopes: list[trio.CancelScope] = []

    async def run(
        self,
        serve: Callable[..., Awaitable[None]],
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run one task until ``end``, past any cancellation from outside."""
        with trio.CancelScope(shield=True) as scope:
            self._scopes.append(scope)
            try:
                await serve(task_status=task_status)
            except trio.Cancelled:
                raise
            except BaseException:
                self._leaving.cancel()
                raise

    async def leave(self, last: Callable[[], Awaitable[None]]) -> None:
        """Do the last thing, within a limit of time; errors of drivers are nobody's by now."""
        self._leaving.deadline = trio.current_time() + LEAVE_LIMIT_S
        with self._leaving, suppress(DriverError):
            await last()

    @contextmanager
    def ending(self) -> Iterator[None]:
        """End the tasks at the end of the ``with`` block."""
        try:
            yield
        finally:
            for scope in self._scopes:
                scope.cancel()


@contextmanager
def unwrapped() -> Iterator[None]:
    """Let an error leave a nursery as itself where its group has no other, or only its like.

    A machine that dies tells every task that uses it.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        errors = list(leaves(group))
        if len({(type(error), str(error)) for error in errors}) == 1:
            raise errors[0] from None
        raise


def leaves(error: BaseException) -> Iterator[Any]:
    """Yield the errors that a group is made of, without trio's own."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from leaves(one)
    elif not isinstance(error, trio.Cancelled):
        yield error
