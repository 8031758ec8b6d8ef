"""A campaign: makes inputs, has them executed, keeps those that reach something new.

In the manner of AFL: a queue of inputs with energy, of which the next is a mutation. Inputs are
made by the batch, and a batch's results looked at in its order, so that what a campaign finds
depends on its seed and the number of executions only, not on how many processes there are or how
fast.
"""

from __future__ import annotations

import math
import random
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from rumphost.errors import RumphostError, UsageError
from rumphost.trials.outcome import Trouble

from .corpus import Corpus
from .coverage import CoverageMap
from .crash import Signature, alike, common, name, signature
from .execute import Result, Task
from .mutation import Input, RegisterKey, to_records
from .mutator import Mutator
from .pool import Pool
from .profile import Profile
from .shrink import shrink

BATCH = 32
ACCESSES = 20_000
"""Register accesses without a rest, beyond what the driver makes by itself, that look like an
endless loop."""
ENDLESS = 500_000
"""How many are one."""
SHRINKING = 400
SHRINKING_HANG = 100
"""Executions that are spent on making a crash's input smaller, about; those of a hang take long."""
NONE: Signature = ("",)
"""The signature of an execution without a crash."""
SUGGESTIONS = 256
"""Inputs that are made of one entry's comparisons, at most."""


@dataclass(eq=False)
class Entry:
    """An input of the queue; ``picks`` is how many mutations were made of it."""

    mutations: Input
    profile: Profile
    accesses: int
    picks: int = 0


@dataclass
class Found:
    """A crash, with the smallest input for it.

    ``replay`` reproduces it, or is None: then ``why`` says why there is none.
    """

    crash: Trouble
    mutations: Input
    words: list[str]
    executions: int
    seconds: float
    replay: Path | None = None
    why: str = ""

    @property
    def record(self) -> dict[str, object]:
        """It as JSON has it."""
        return {
            "kind": self.crash.kind,
            "message": self.crash.message,
            "device": self.crash.device,
            "backtrace": [str(frame) for frame in self.crash.frames],
            "words": self.words,
            "mutations": to_records(self.mutations),
            "executions": self.executions,
            "seconds": round(self.seconds, 3),
            "replay": None if self.replay is None else str(self.replay),
            "why": self.why,
        }


@dataclass
class Status:
    """How far a campaign is. ``crashing`` counts executions, ``crashes`` what is to be told."""

    executions: int = 0
    seconds: float = 0.0
    edges: int = 0
    queue: int = 0
    crashing: int = 0
    crashes: list[Found] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Executions a second."""
        return self.executions / self.seconds if self.seconds else 0.0


class Campaign:
    """One campaign; ``run`` it once.

    ``on_found`` is called with each new crash, ``on_progress`` after each batch.
    """

    def __init__(self, pool: Pool, corpus: Corpus, seed: int = 0) -> None:
        self.status = Status()
        self.on_found: Callable[[Found], None] = lambda _found: None
        self.on_progress: Callable[[Status], None] = lambda _status: None
        self._pool = pool
        self._corpus = corpus
        self._random = random.Random(seed)
        self._mutator = Mutator(self._random)
        self._map = CoverageMap()
        self._queue: list[Entry] = []
        self._suggested: deque[Input] = deque()
        self._walk: Iterator[Input] = iter(())
        self._executed: set[Input] = set()
        self._signatures: dict[Signature, Found | None] = {}
        self._usual: Signature = NONE
        self._names: dict[RegisterKey, str] = {}
        self._limit = ENDLESS
        self._start = time.monotonic()

    def run(self, *, seconds: float | None = None, executions: int | None = None) -> Status:
        """Fuzz for so long, or so many executions; at least what is in the corpus.

        What the driver does wrong by itself is told once, and then taken as usual. Raises
        ``UsageError`` if the driver drives nothing on the machine.
        """
        self._start = time.monotonic()
        self._begin()
        while not self._over(seconds, executions):
            batch = self._batch()
            if not batch:
                break  # its hardware says so little that all was tried
            self._execute(batch)
        return self.status

    def _over(self, seconds: float | None, executions: int | None) -> bool:
        if executions is not None and self.status.executions >= executions:
            return True
        return seconds is not None and time.monotonic() - self._start >= seconds

    def _begin(self) -> None:
        (first,) = self._pool.run([Task((), ENDLESS, 5.0, covers=True)])
        if first.died:
            raise RumphostError(f"{_death(first).message}, with no mutation at all")
        if not first.edges:
            raise UsageError(first.error or "the driver did not run")
        self._limit = min(ACCESSES + 2 * first.profile.longest, ENDLESS)
        self.status.executions += 1
        self._executed.add(())
        self._look_at((), first)
        kept = self._corpus.inputs()
        for at in range(0, len(kept), BATCH):
            self._execute(kept[at : at + BATCH])

    # -- inputs

    def _batch(self) -> list[Input]:
        found: list[Input] = []
        others = [entry.mutations for entry in self._queue]
        weights = [self._energy(entry) for entry in self._queue]
        for turn in range(4 * BATCH):
            if len(found) == BATCH:
                break
            made = None
            if turn % 3 == 0:
                made = next(self._walk, None)
            elif turn % 3 == 1 and self._suggested:
                made = self._suggested.popleft()
            if made is None:
                (entry,) = self._random.choices(self._queue, weights)
                entry.picks += 1
                made = self._mutator.havoc(entry.mutations, entry.profile, others)
            if made not in self._executed:
                self._executed.add(made)
                found.append(made)
        return found

    def _energy(self, entry: Entry) -> float:
        """Return how likely an entry is to be the next: those tried less, and shorter ones, are
        likelier."""
        cost = 1 + entry.accesses / (1 + self._queue[0].accesses)
        length = 1 + len(entry.mutations) / 8
        return 1.0 / (math.sqrt(1 + entry.picks) * cost * length)

    # -- results

    def _execute(self, inputs: Sequence[Input]) -> None:
        results = self._pool.run([Task(one, self._limit, covers=True) for one in inputs])
        self.status.executions += len(results)
        for mutations, result in zip(inputs, results, strict=True):
            self._look_at(mutations, result)
        self._tell()

    def _tell(self) -> None:
        status = self.status
        status.seconds = time.monotonic() - self._start
        status.edges = self._map.edges
        status.queue = len(self._queue)
        self.on_progress(status)

    def _look_at(self, mutations: Input, result: Result) -> None:
        self._names.update(result.names)
        new = self._map.add(result.key, result.edges)
        if not mutations:
            self._usual = _signature(result)
        if result.died or result.crash is not None:
            self.status.crashing += 1
            self._crashed(mutations, result)
        if new and not result.died and _signature(result) in (NONE, self._usual):
            if not self._queue:
                self._walk = self._mutator.walk(mutations, result.profile)
            self._queue.append(Entry(mutations, result.profile, result.accesses))
            self._corpus.add(mutations)
            self._mutator.learn(result.compared)
            suggested = self._mutator.suggested(mutations, result.profile, result.compared)
            fresh = [one for one in islice(suggested, 4 * SUGGESTIONS)
                     if one not in self._executed]  # fmt: skip
            if len(fresh) > SUGGESTIONS:
                fresh = self._random.sample(fresh, SUGGESTIONS)
            self._suggested.extend(fresh)

    # -- crashes

    def _crashed(self, mutations: Input, result: Result) -> None:
        """Look at a crash: is it a new one, is it one at all, what is the least that it takes?"""
        key = _signature(result)
        if any(alike(key, known) for known in self._signatures):
            return
        if key[0] == "hang":
            loop = self._loop(mutations, key)
            if loop is None or loop in self._signatures:
                self._signatures.setdefault(key, None)
                return
            key = loop
        executions, seconds = self.status.executions, time.monotonic() - self._start
        budget = SHRINKING_HANG if key[0] == "hang" else SHRINKING
        small = shrink(mutations, lambda inputs: self._same(inputs, key), budget)
        (again,) = self._pool.run([Task(small, self._limit)])
        if not alike(_signature(again), key):  # chance has a hand in it
            again, small = result, mutations
        words = [one.words(self._names) for one in small]
        crash = again.crash or _death(again)
        found = Found(crash, small, words, executions, seconds)
        self._signatures[key] = found
        path = self._corpus.crash_path(name(crash, key), key)
        if again.died:
            found.why = "the whole process died, so that nothing was recorded: try --guard"
        else:
            self._record(found, path, key)
        self._corpus.describe(path, found.record)
        self.status.crashes.append(found)
        self.on_found(found)

    def _loop(self, mutations: Input, key: Signature) -> Signature | None:
        """Return which loop a driver that took long is in; None: it comes to an end."""
        limits = (ENDLESS, self._limit + 17, self._limit + 1009, self._limit + 4001)
        tasks = [Task(mutations, limit, 5.0) for limit in limits]
        samples = [key, *map(_signature, self._pool.run(tasks))]
        if any(one[0] != "hang" for one in samples):
            return None
        loop = common(samples)
        return loop if len(loop) > 1 else key

    def _same(self, inputs: Sequence[Input], key: Signature) -> list[bool]:
        results = self._pool.run([Task(one, self._limit) for one in inputs])
        return [alike(_signature(result), key) for result in results]

    def _record(self, found: Found, path: Path, key: Signature) -> None:
        """Record a crash, and see whether the recording reproduces it."""
        recorded, replayed = (
            self._pool.run([task])[0]
            for task in (
                Task(found.mutations, self._limit, 5.0, record=path),
                Task(replay=path, watchdog_s=5.0),
            )
        )
        if not alike(_signature(recorded), key):
            found.why = f"while recorded the driver did something else: {_words(recorded)}"
        elif not alike(_plain(_signature(replayed)), _plain(key)):
            found.why = f"the recording does not reproduce it: {_words(replayed)}"
        else:
            found.replay = path


def _signature(result: Result) -> Signature:
    if result.died:
        return "host", str(result.died)
    return NONE if result.crash is None else signature(result.crash)


def _plain(key: Signature) -> Signature:
    """Without lines: the plain driver's code is arranged otherwise than the instrumented one's."""
    if key[0] == "hang":
        return key
    return tuple(part.partition(" ")[0] for part in key[:2])


def _death(result: Result) -> Trouble:
    why = result.error or f"died of {signal.Signals(result.died).name}"
    return Trouble("host", f"the process that the driver ran in: {why}")


def _words(result: Result) -> str:
    return str(result.crash or result.error or "it came to its end")
