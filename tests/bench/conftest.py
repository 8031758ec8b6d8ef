"""Fixtures of the benchmarks, and the table at the end of a full run (``tools/bench``).

Within ``tools/test`` each benchmark runs once, with few turns, only to see that it works.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from figures import Comparison, Stopwatch, table
from native import Native

from rumphost.build import Builder

HERE = Path(__file__).parent
LOCKBENCH = str(HERE / "drivers" / "lockbench.c")
_stopwatch = Stopwatch()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.benchmark(timer=_stopwatch, disable_gc=False))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    rows = [one.extra_info["row"] for one in getattr(session, "benchmarks", [])
            if "row" in one.extra_info]  # fmt: skip
    if rows:
        terminalreporter.section("beside the baseline")
        for line in table(rows):
            terminalreporter.line(line)


@pytest.fixture
def compare(benchmark: Any) -> Comparison:
    """Runs a benchmark beside its baseline."""
    return Comparison(benchmark, _stopwatch)


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    """The baselines."""
    return Native(tmp_path_factory.mktemp("baseline"))


@pytest.fixture(scope="session")
def lockbench() -> str:
    """The benchmarks' driver, built."""
    Builder().build([LOCKBENCH])
    return LOCKBENCH
