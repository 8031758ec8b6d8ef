"""Sleeping on the real clock to the microsecond, for ``sim.py``.

An event loop's own timeouts are whole milliseconds (epoll_wait(2)), far too coarse for interrupt
mitigation; a timerfd_create(2) descriptor is exact.
"""

from __future__ import annotations

import ctypes
import errno
import os

import trio

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC


class _Spec(ctypes.Structure):
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


class Timer:
    """One kernel timer; ``set`` may be called at any time, also while a task waits."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = _checked(self._libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS))

    def set(self, delay_ns: int | None) -> None:
        """Expire ``delay_ns`` from now (at least 1 ns), or never; replaces an earlier setting."""
        seconds, ns = divmod(0 if delay_ns is None else max(delay_ns, 1), 10**9)
        spec = _Spec(0, 0, seconds, ns)
        _checked(self._libc.timerfd_settime(self._fd, 0, ctypes.byref(spec), None))

    async def wait(self) -> None:
        """Return once the timer has expired."""
        await trio.lowlevel.wait_readable(self._fd)
        try:
            os.read(self._fd, 8)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise

    def close(self) -> None:
        """Release the descriptor; nobody may wait any more."""
        os.close(self._fd)
