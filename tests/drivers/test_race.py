"""A planted race: invisible in plain order, found by shaking the schedule, found again."""

from __future__ import annotations

from pathlib import Path

import rumphost
from rumphost.errors import DriverPanic

RACE = str(Path(__file__).parent / "faulty" / "race.c")
SEEDS = range(1, 9)


def outcome(seed: int | None) -> tuple[str, list[str]]:
    """Run the racing driver; return what it said of lost updates, and the whole trace."""
    lines: list[str] = []

    async def main() -> str:
        async with rumphost.open_host("sim:teach", seed=seed) as host:
            host.trace.add_sink(lambda event: lines.append(str(event)))
            (device,) = await host.attach(RACE)
            try:
                await host.detach(device)
            except DriverPanic as panic:
                return panic.message
            return ""

    return rumphost.run(main), lines


def test_plain_order_hides_it():
    said, _ = outcome(None)
    assert said == ""


def test_some_seed_finds_it_and_finds_it_again():
    found = {seed: outcome(seed) for seed in SEEDS}
    losing = [seed for seed in SEEDS if "updates lost" in found[seed][0]]
    assert losing
    assert len({tuple(trace) for _, trace in found.values()}) > 1, "seeds change the schedule"
    for seed in losing[:2]:
        assert outcome(seed) == found[seed]
