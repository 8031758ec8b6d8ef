"""The baselines in ``baseline/*.c``, compiled by the machine's C compiler, for Python."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

_SOURCES = Path(__file__).parent / "baseline"
_U64 = ctypes.c_uint64
_S = 1e-9


class Native:
    """Times are seconds; ``loop`` gives the time of one turn."""

    def __init__(self, directory: Path) -> None:
        library = directory / "baseline.so"
        subprocess.run(
            [os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror",
             "-fPIC", "-shared", "-pthread", "-o", str(library), *map(str, _SOURCES.glob("*.c"))],
            check=True,
        )  # fmt: skip
        self._library = ctypes.CDLL(str(library))
        for name in ("load", "cas", "system_call", "pingpong", "sleepers", "message"):
            self._function(name, _U64)
        self._function("frames", _U64, _U64)
        self._function("send", ctypes.c_int, ctypes.c_char_p, _U64, _U64)
        self._function("receive", ctypes.c_int, _U64)
        self._function("signal", ctypes.c_int, _U64, _U64, ctypes.c_void_p)
        self._function("poll", _U64, _U64, ctypes.c_void_p)
        self._function("counter", ctypes.c_void_p)

    def _function(self, name: str, *arguments: type) -> None:
        function = getattr(self._library, f"bench_{name}")
        function.argtypes = arguments
        function.restype = _U64

    def loop(self, name: str, count: int) -> float:
        """Run one of the loops; returns the time of one turn."""
        return float(getattr(self._library, f"bench_{name}")(count)) / count * _S

    def sleepers(self, count: int) -> float:
        """Return the resident bytes of one thread asleep."""
        return float(self._library.bench_sleepers(count)) / count

    def frame(self, size: int, count: int) -> float:
        """Return the time of one frame through a datagram socket."""
        return float(self._library.bench_frames(size, count)) / count * _S

    def poll(self, count: int, gap_ns: int) -> list[float]:
        """Return how long each eventfd was under way to a poll(2) loop."""
        took = (_U64 * count)()
        self._library.bench_poll(count, gap_ns, took)
        return [one * _S for one in took if one]

    def counter(self) -> tuple[int, int]:
        """Return the processor's counter, and what ``time.monotonic_ns`` says then."""
        now_ns = (_U64 * 1)()
        return int(self._library.bench_counter(now_ns)), now_ns[0]

    def signals(self, fd: int, count: int, gap_ns: int) -> Callable[[], list[int]]:
        """Signal an eventfd from a thread; the result waits for it and tells when, in ns."""
        when = (_U64 * count)()
        thread = self._thread(lambda: self._library.bench_signal(fd, count, gap_ns, when))

        def ended() -> list[int]:
            thread.join()
            return list(when)

        return ended

    def send(self, fd: int, frame: bytes, count: int) -> Callable[[], None]:
        """Send a frame so often from a thread; the result waits for it."""
        library = self._library
        return self._thread(lambda: library.bench_send(fd, frame, len(frame), count)).join

    def receive(self, fd: int, count: int) -> int:
        """Take so many frames off a socket; returns how many came. Blocks."""
        return int(self._library.bench_receive(fd, count))

    @staticmethod
    def _thread(work: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread
