"""A trace on a clock that stands where a test puts it, and lwps to do things."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from rumphost.trace import Trace, TraceEvent


@dataclass
class Owner:
    xname: str


@dataclass
class Worker:
    lid: int
    name: str
    owner: Owner | None = None


@dataclass
class Bench:
    """``emit`` at ``now_ns``; ``events`` are all so far."""

    now_ns: int = 0
    events: list[TraceEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.trace = Trace(lambda: self.now_ns)
        self.trace.add_sink(self.events.append)
        self.attacher = Worker(3, "autoconf", Owner("iex0"))
        self.handler = Worker(4, "intr iex0", Owner("iex0"))

    def emit(self, name: str, lwp: Worker | None = None, /, **fields: Any) -> TraceEvent:
        self.trace.emit(name, lwp, **fields)
        return self.events[-1]

    def read(self, register: str = "EERD.DONE", **fields: Any) -> TraceEvent:
        access = {"region": "00:03.0 BAR0", "offset": 0x14, "register": register, "width": 4,
                  "value": 0x1210}  # fmt: skip
        return self.emit("bus_space.read", self.attacher, **(access | fields))

    def write(self, register: str = "CTRL.RST", **fields: Any) -> TraceEvent:
        access = {"region": "00:03.0 BAR0", "offset": 0, "register": register, "width": 4,
                  "value": 0x4000000}  # fmt: skip
        return self.emit("bus_space.write", self.attacher, **(access | fields))


@pytest.fixture
def bench() -> Bench:
    return Bench()
