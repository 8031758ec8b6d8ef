"""The trio tasks that keep a host going, and how they end. For ``host.py``.

The tasks go on while the host is being left, whatever cancels its user, so that drivers can still
be detached; when one of them fails there is nobody to wait for, and leaving is cut short.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import trio

LEAVE_LIMIT_S = 30.0


class ServiceTasks:
    """The tasks of one host; start each with ``await nursery.start(tasks.run, serve)``.

    ``failed``: one of them is gone, and nothing that needs the kernel will ever be done.
    """

    def __init__(self) -> None:
        self.failed = False
        self._scopes: list[trio.CancelScope] = []
        self._last: list[trio.CancelScope] = []

    async def run(
        self,
        serve: Callable[..., Awaitable[None]],
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run one task until ``end``, past any cancellation from outside once it has begun."""
        await trio.lowlevel.checkpoint_if_cancelled()
        with trio.CancelScope(shield=True) as scope:
            self._scopes.append(scope)
            try:
                await serve(task_status=task_status)
            except trio.Cancelled:
                raise
            except BaseException:
                self.failed = True
                for last in self._last:
                    last.cancel()
                raise

    def last_things(self) -> trio.CancelScope:
        """Return a scope for what must be done before the end, past any cancellation.

        It ends after ``LEAVE_LIMIT_S``, and at once when a task has failed.
        """
        scope = trio.CancelScope(shield=True, deadline=trio.current_time() + LEAVE_LIMIT_S)
        if self.failed:
            scope.cancel()
        self._last.append(scope)
        return scope

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
