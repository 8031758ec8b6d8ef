"""Interrupt here: interrupts, timeouts, a detach or an unplug in the midst of a scenario.

A scenario is run with something put in at one of its points after the other, and at all of them at
once. What fails is shrunk to a shortest schedule of steps, which repeats it: on a machine with
the virtual clock each run is like the one before.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rumphost.host import Host

from .outcome import Outcome, Trouble
from .points import ACTIONS, CLASSES, Points, Step
from .shrink import shrink
from .trial import Setup, run_trial

Progress = Callable[[int, int, str], None]
_DENSITIES = (1, 2, 3)
_LASTING = ("detach", "unplug")  # one of these in a run is enough
_HANGS = 3  # of one action; they take long, so no more are looked for
RUNS = 100


@dataclass(frozen=True)
class Discovery:
    """A trouble, and the shortest schedule that was found for it; ``steps`` are its in words."""

    trouble: Trouble
    schedule: tuple[Step, ...]
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.trouble}; with {' '.join(f'--at {step}' for step in self.schedule)}"


@dataclass
class Exploration:
    """What was found; ``points`` in a run without steps, ``trials`` that were made."""

    points: int = 0
    trials: int = 0
    clean: Outcome = field(default_factory=Outcome)
    discoveries: list[Discovery] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class _Search:
    setup: Setup
    classes: Sequence[str]
    result: Exploration
    on_discovery: Callable[[Discovery], None]
    hangs: dict[str, int] = field(default_factory=dict)

    async def run(self, schedule: Sequence[Step], *, named: bool = False) -> tuple[Outcome, Points]:
        made: list[Points] = []

        def put_in(host: Host, outcome: Outcome) -> None:
            made.append(Points(host, outcome, schedule, self.classes, named=named))

        clean = self.result.clean if schedule else None
        outcome = await run_trial(self.setup, put_in, clean)
        self.result.trials += 1
        return outcome, made[0]

    async def look(self, schedule: Sequence[Step]) -> None:
        """Run a schedule; shrink it if it finds what is not known yet."""
        outcome, points = await self.run(schedule)
        known = {discovery.trouble.key for discovery in self.result.discoveries}
        taken = [one.step for one in points.taken]
        if schedule and any(trouble.kind == "hang" for trouble in outcome.troubles):
            self.hangs[schedule[0].action] = self.hangs.get(schedule[0].action, 0) + 1
        for trouble in outcome.troubles:
            if trouble.key not in known:
                await self._discover(trouble, taken)

    async def _discover(self, trouble: Trouble, schedule: Sequence[Step]) -> None:
        async def fails(part: Sequence[Step]) -> bool:
            outcome, _ = await self.run(part)
            return any(one.key == trouble.key for one in outcome.troubles)

        shortest = await shrink(schedule, fails)
        _, points = await self.run(shortest, named=True)
        discovery = Discovery(trouble, tuple(shortest), tuple(map(str, points.taken)))
        self.result.discoveries.append(discovery)
        self.on_discovery(discovery)


async def explore(
    setup: Setup,
    *,
    actions: Sequence[str] = ACTIONS,
    classes: Sequence[str] = tuple(CLASSES),
    every: int = 0,
    runs: int = RUNS,
    together: int = 0,
    seed: int = 0,
    on_discovery: Callable[[Discovery], None] = lambda _discovery: None,
    progress: Progress = lambda _done, _total, _what: None,
) -> Exploration:
    """Put each of ``actions`` in at every ``every``-th point of the scenario.

    ``every`` 0: as often as makes about ``runs`` trials for each action. ``together``: then also
    ``runs`` schedules of so many steps each, drawn with ``seed``. ``on_discovery`` is told of each
    new trouble at once.
    """
    start_s = time.monotonic()
    result = Exploration()
    search = _Search(setup, classes, result, on_discovery)
    result.clean, points = await search.run(())
    result.points = points.count
    for trouble in result.clean.troubles:
        result.discoveries.append(Discovery(trouble, (), ()))
        on_discovery(result.discoveries[-1])
    schedules = list(_schedules(result.points, actions, every, runs))
    schedules += _drawn(result.points, actions, together, runs, seed)
    for done, schedule in enumerate(schedules):
        first = schedule[0]
        what = str(first) if len(schedule) == 1 else f"{len(schedule)} times {first.action}"
        progress(done, len(schedules), what)
        if search.hangs.get(first.action, 0) < _HANGS:
            await search.look(schedule)
    result.seconds = time.monotonic() - start_s
    return result


async def repeat(
    setup: Setup, schedule: Sequence[Step], classes: Sequence[str] = tuple(CLASSES)
) -> tuple[Outcome, list[str]]:
    """Run the scenario with a schedule; return how it ended, and the steps in words."""
    search = _Search(setup, classes, Exploration(), lambda _discovery: None)
    search.result.clean, _ = await search.run(())
    outcome, points = await search.run(schedule, named=True)
    return outcome, list(map(str, points.taken))


def _schedules(
    points: int, actions: Sequence[str], every: int, runs: int
) -> Iterator[Sequence[Step]]:
    """Yield what is to be tried: the dense ones, which find most, first."""
    for action in actions:
        if action not in _LASTING:
            for step in _DENSITIES:
                dense = [Step(point, action) for point in range(step, points + 1, step)]
                if dense:
                    yield dense
    stride = every or max(1, points // max(runs, 1))
    for action in actions:
        for point in range(stride, points + 1, stride):
            yield (Step(point, action),)


def _drawn(
    points: int, actions: Sequence[str], together: int, runs: int, seed: int
) -> Iterator[Sequence[Step]]:
    """Yield schedules of several steps, of which the last alone may be a lasting one."""
    source = random.Random(seed)
    if together < 1 or points < together:
        return
    passing = [action for action in actions if action not in _LASTING] or list(actions)
    for _ in range(runs):
        chosen = sorted(source.sample(range(1, points + 1), together))
        last = source.choice(list(actions))
        yield [
            *(Step(point, source.choice(passing)) for point in chosen[:-1]),
            Step(chosen[-1], last),
        ]
