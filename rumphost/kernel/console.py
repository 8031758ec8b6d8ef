"""The console: what drivers print, as lines with a time, the way dmesg(8) shows them.

Called by the printf(9) family in the shim; lines go to whoever listens (the command line, tests).
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .hypercall import hypercall
from .lwp import Lwp

if TYPE_CHECKING:
    from .kernel import Kernel


class Level(enum.IntEnum):
    """What kind of message it is, in the order of the aprint(9) functions."""

    NORMAL = 0
    NAIVE = 1
    VERBOSE = 2
    DEBUG = 3
    ERROR = 4
    LOG = 5


@dataclass(frozen=True)
class Line:
    """One line of console output, without its newline; time in ns."""

    time_ns: int
    level: Level
    text: str

    def __str__(self) -> str:
        return f"[{self.time_ns / 1e9:12.6f}] {self.text}"


class Console:
    """Assembles lines from pieces and keeps the last ones, as the kernel's message buffer does."""

    def __init__(self, kernel: Kernel, *, lines: int = 10_000) -> None:
        self._kernel = kernel
        self._partial = ""
        self.lines: deque[Line] = deque(maxlen=lines)
        self.listeners: list[Callable[[Line], None]] = []

    @property
    def text(self) -> str:
        """All lines so far, one a line."""
        return "".join(f"{line.text}\n" for line in self.lines)

    @hypercall
    def console_write(self, lwp: Lwp, level: int, device: int, text: str) -> None:
        """Take a piece of output; it may hold no newline, or several."""
        del lwp, device
        if level == Level.NAIVE:
            return
        *whole, self._partial = (self._partial + text).split("\n")
        for line in whole:
            self.write_line(line, Level(level))

    def write_line(self, text: str, level: Level = Level.NORMAL) -> None:
        """Add a whole line: the kernel's own messages come this way."""
        kernel = self._kernel
        line = Line(kernel.events.now_ns(), level, text)
        self.lines.append(line)
        if kernel.trace.on:
            kernel.trace.emit("console.log", kernel.scheduler.current, text=text)
        for listener in self.listeners:
            listener(line)
