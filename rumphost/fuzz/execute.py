"""One execution: a driver on a machine that an input was applied to, from attach to detach.

Runs in a worker (``pool.py``). What is done with the driver is the scenario's affair, which must be
what ``rumphost run`` does, since a replay only fits a driver that does the same again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from rumphost.build import Built
from rumphost.errors import RumphostError, UsageError
from rumphost.host import Host, run
from rumphost.machine import Machine
from rumphost.machine.replay import RecordingMachine, ReplayMachine
from rumphost.machine.sim import SimMachine
from rumphost.machines import open_machine
from rumphost.trials.outcome import Trouble

from .coverage import Edges, comparisons, digest, edge_counts, sparse
from .crash import crash_of
from .device import TamperedMachine, Tampering
from .mutation import Input, RegisterKey
from .profile import Profile

Finish: TypeAlias = Callable[[Host], None]
Scenario: TypeAlias = Callable[[Built, Machine, float, Finish], Awaitable[list[RumphostError]]]
"""Opens a host on a machine, with a watchdog of so many seconds; runs a built driver from attach
to detach; calls what it is given while the host is still open; returns all that went wrong."""


@dataclass(frozen=True)
class Target:
    """What all executions of a campaign have in common.

    ``instrumented`` is the driver with its edges traced, ``plain`` as ``rumphost run`` builds it.
    """

    instrumented: Built
    plain: Built
    machine: str
    scenario: Scenario


@dataclass(frozen=True)
class Task:
    """An execution that is wanted.

    ``limit``: register accesses; ``covers``: what ran is to be told; ``record``: the file to write
    a recording into; ``replay``: the recording to run the plain driver on instead.
    """

    mutations: Input = ()
    limit: int = 20_000
    watchdog_s: float = 1.0
    covers: bool = False
    record: Path | None = None
    replay: Path | None = None


@dataclass
class Result:
    """What came of it. ``edges`` and all that follows is left out where ``key`` was seen before.

    ``died``: the signal that ended the whole process, 0: none did.
    """

    key: bytes = b""
    crash: Trouble | None = None
    accesses: int = 0
    edges: Edges | None = None
    compared: tuple[tuple[int, int], ...] = ()
    profile: Profile = field(default_factory=Profile)
    names: dict[RegisterKey, str] = field(default_factory=dict)
    error: str = ""
    died: int = 0


def execute(target: Target, task: Task, known: set[bytes]) -> Result:
    """Do a task; ``known`` are the keys of executions that this process has told all of."""
    if task.replay is not None:
        return _replay(target, task)
    inner = open_machine(target.machine, virtual=True)
    if not isinstance(inner, SimMachine):
        raise UsageError(f"{target.machine}: only sim: machines can be fuzzed")
    tampering = Tampering(task.mutations, task.limit)
    tampered = TamperedMachine(inner, tampering)
    machine: Machine = tampered
    if task.record is not None:
        recorder = machine = RecordingMachine(tampered, task.record)
        tampering.on_limit = recorder.end
        tampered.memory.on_write = recorder.device_wrote
    result = Result()

    def finish(host: Host) -> None:
        if not task.covers:
            return
        counts = edge_counts(host.boundary.images)
        result.key = digest(counts)
        if result.key not in known:
            known.add(result.key)
            result.edges = sparse(counts)
            result.compared = comparisons(host.boundary.images)
            result.profile = tampering.profile
            result.names = tampered.register_names()

    try:
        failures = run(target.scenario, target.instrumented, machine, task.watchdog_s, finish)
    except RumphostError as error:
        failures = [error]
    result.accesses = tampering.profile.accesses
    result.crash = crash_of(failures)
    if failures and result.crash is None:
        result.error = str(failures[0])
    return result


def _replay(target: Target, task: Task) -> Result:
    assert task.replay is not None
    machine = ReplayMachine(task.replay)
    result = Result()
    try:
        failures = run(target.scenario, target.plain, machine, task.watchdog_s, lambda _host: None)
    except RumphostError as error:
        failures = [error]
    result.crash = crash_of(failures)
    if failures and result.crash is None:
        result.error = str(failures[0])
    return result
