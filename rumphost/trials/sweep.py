"""The sweep: a scenario is run once for each thing in it that a kernel may refuse, each refused.

A driver that gives up its attach, or reports an error, and leaves nothing behind has done what it
should. What it should not is in ``Case.troubles``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from rumphost.faults import Fault
from rumphost.host import Host
from rumphost.kernel.faults import Rule

from .outcome import Outcome, Trouble
from .trial import Setup, run_trial

Progress = Callable[[int, int, str], None]
_EACH_PLACE = 2


@dataclass(frozen=True)
class Case:
    """One trial: the ``fault``, where it struck (as text), what the driver did, and its words."""

    fault: Fault
    what: str
    place: str
    did: str
    said: tuple[str, ...]
    complaint: str
    troubles: tuple[Trouble, ...]


@dataclass
class SweepReport:
    """All cases; ``points`` is how much might have failed in a run without faults."""

    points: int
    clean: Outcome
    cases: list[Case] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def troubles(self) -> dict[Trouble, list[Case]]:
        """Each trouble once, with the cases that led to it."""
        found: dict[tuple[str, str, str], tuple[Trouble, list[Case]]] = {}
        for case in self.cases:
            for trouble in case.troubles:
                found.setdefault(trouble.key, (trouble, []))[1].append(case)
        return dict(found.values())

    @property
    def outcomes(self) -> dict[str, int]:
        """How often the driver did what."""
        counts: dict[str, int] = {}
        for case in self.cases:
            counts[case.did] = counts.get(case.did, 0) + 1
        return counts


async def sweep(
    setup: Setup,
    what: str = "any",
    *,
    quick: bool = False,
    on_case: Callable[[Case], None] = lambda _case: None,
    progress: Progress = lambda _done, _total, _what: None,
) -> SweepReport:
    """Let each of ``what`` (of ``rumphost/faults.py``, such as ``alloc`` or ``any``) fail in turn.

    With a number, ``alloc:3``, only that one. ``quick``: of those at one place in the driver only
    the first two and the last. Raises ``UsageError``, and errors of the machine.
    """
    start_s = time.monotonic()
    fault = Fault.parse(what)
    rules: list[Rule] = []

    def count(host: Host, _outcome: Outcome) -> None:
        rules.append(host.faults.count(fault))

    clean = await run_trial(setup, count)
    report = SweepReport(rules[0].seen, clean)
    everyone: Sequence[int] = range(1, rules[0].seen + 1)
    numbers = _some(rules[0].sites) if quick and rules[0].sites else everyone
    if fault.number:
        numbers = [fault.number]
    for done, number in enumerate(numbers):
        progress(done, len(numbers), f"{what}:{number}")
        case = await _case(setup, replace(fault, number=number), clean)
        report.cases.append(case)
        on_case(case)
    report.seconds = time.monotonic() - start_s
    return report


async def _case(setup: Setup, fault: Fault, clean: Outcome) -> Case:
    def put_in(host: Host, _outcome: Outcome) -> None:
        host.faults.add(fault)

    outcome = await run_trial(setup, put_in, clean)
    made = outcome.injected[0] if outcome.injected else None
    return Case(
        fault,
        made.what if made is not None else "not reached",
        str(made.place or "") if made is not None else "",
        outcome.judge(clean),
        tuple(outcome.news(clean)),
        outcome.complaint,
        tuple(outcome.troubles),
    )


def _some(sites: Sequence[int]) -> list[int]:
    """Return the numbers of the first two and the last occurrence at each site; 0 is no site."""
    at: dict[int, list[int]] = {}
    for number, site in enumerate(sites, 1):
        at.setdefault(site or -number, []).append(number)
    chosen = [number for numbers in at.values() for number in {*numbers[:_EACH_PLACE], numbers[-1]}]
    return sorted(chosen)
