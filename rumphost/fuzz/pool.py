"""Processes that execute inputs for a campaign.

A worker is forked from the campaign's process, in which everything is imported and built, and does
one execution after the other. A fork for each would cost several times what an execution does
(17 ms instead of 3 ms with ``drivers/teach``), and what it gives is wanted only rarely: a worker in
which a driver has crashed, and may have written anywhere, is replaced; so is one that dies, which
is a result like any other. Every host begins with fresh memory and a fresh image of the driver, so
that what an input does depends on nothing that ran before.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import warnings
from collections import deque
from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType

from rumphost.boundary import load_library

from .execute import Result, Target, Task, execute

WALL_LIMIT_S = 300.0
"""How long nothing may come of any execution before all workers are killed."""
LIFE = 2000
"""How many executions a worker does."""

_FORK = multiprocessing.get_context("fork")


class Worker:
    """One process, as the campaign sees it; ``task`` is the number of what it is at."""

    def __init__(self, target: Target, others: Iterable[Worker]) -> None:
        self.task: int | None = None
        self.done = 0
        self.overdue = False
        self.connection, theirs = _FORK.Pipe()
        inherited = [self.connection, *(other.connection for other in others)]
        self.process: BaseProcess = _FORK.Process(
            target=_serve, args=(target, theirs, inherited), daemon=True
        )
        with warnings.catch_warnings():
            # Python warns of threads that a fork leaves behind; idle ones of trio's are no loss.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process.start()
        theirs.close()

    def give(self, number: int, task: Task) -> None:
        self.task = number
        self.connection.send(task)

    def take(self) -> Result:
        """Return the result of its task; it may have died of it."""
        self.task = None
        self.done += 1
        try:
            result = self.connection.recv()
            assert isinstance(result, Result)
            return result
        except (EOFError, ConnectionResetError):
            self.process.join()
            if self.overdue:
                return Result(died=signal.SIGKILL, error=f"not over within {WALL_LIMIT_S:g} s")
            return Result(died=-(self.process.exitcode or 0) or signal.SIGKILL)

    def end(self) -> None:
        """Kill it: it has nothing to lose, and may be at something long."""
        self.connection.close()
        self.process.kill()
        self.process.join()
        self.process.close()


class Pool:
    """``jobs`` workers; a context manager."""

    def __init__(self, target: Target, jobs: int) -> None:
        self._target = target
        self._jobs = jobs
        self._workers: list[Worker] = []
        self.executions = 0

    def __enter__(self) -> Pool:
        load_library()
        gc.collect()
        gc.freeze()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._workers:
            self._workers.pop().end()
        gc.unfreeze()

    def run(self, tasks: Sequence[Task]) -> list[Result]:
        """Execute all of them; the results are in their order."""
        results: list[Result | None] = [None] * len(tasks)
        waiting = deque(enumerate(tasks))
        busy: list[Worker] = []
        while waiting or busy:
            while waiting and len(busy) < self._jobs:
                worker = self._idle(busy)
                number, task = waiting.popleft()
                worker.give(number, task)
                busy.append(worker)
            ready = wait([worker.connection for worker in busy], WALL_LIMIT_S)
            if not ready:
                for worker in busy:
                    worker.overdue = True
                    worker.process.kill()
                continue
            for worker in [one for one in busy if one.connection in ready]:
                busy.remove(worker)
                assert worker.task is not None
                number = worker.task
                result = results[number] = worker.take()
                self.executions += 1
                if result.died or _may_have_spoiled(result) or worker.done >= LIFE:
                    self._workers.remove(worker)
                    worker.end()
        return [result for result in results if result is not None]

    def _idle(self, busy: Sequence[Worker]) -> Worker:
        for worker in self._workers:
            if worker not in busy:
                return worker
        worker = Worker(self._target, self._workers)
        self._workers.append(worker)
        return worker


def _may_have_spoiled(result: Result) -> bool:
    """A driver that crashed may have written anywhere before."""
    return result.crash is not None and result.crash.kind != "leak"


def _serve(target: Target, connection: Connection, inherited: Iterable[Connection]) -> None:
    """Be a worker until the campaign lets go of its end of the connection."""
    for other in inherited:
        other.close()  # or nobody would ever see their end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's; the campaign has it too
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    devnull = os.open(os.devnull, os.O_RDWR)
    os.dup2(devnull, 1)
    known: set[bytes] = set()
    while True:
        try:
            task: Task = connection.recv()
        except (EOFError, OSError):
            os._exit(0)
        try:
            result = execute(target, task, known)
        except BaseException as error:
            result = Result(error=f"{type(error).__name__}: {error}")
        try:
            connection.send(result)
        except OSError:
            os._exit(0)
