"""Lies that the fuzzer has crashed drivers of ours with, once: they do not fall for them again."""

from __future__ import annotations

import pytest

from rumphost.build import Builder
from rumphost.build.instrumentation import Instrumentation
from rumphost.checks import Checks
from rumphost.cli.fuzz import Scenario
from rumphost.cli.observing import ObservingOptions
from rumphost.cli.session import SessionOptions
from rumphost.fuzz import Target
from rumphost.fuzz.execute import Task, execute
from rumphost.fuzz.mutation import FOREVER, DmaMutation, ReadMutation

ICR = (0, 0xC0, 4)
LYING = {
    "a cause that does not go away": (ReadMutation(*ICR, 0, FOREVER, 1, 1),),
    "a link that changes all the time": (ReadMutation(*ICR, 6, FOREVER, 4, 4),),
    "frames longer than their buffer": tuple(DmaMutation(8, n, 1, "ff") for n in range(12)),
}


@pytest.fixture(scope="module")
def target() -> Target:
    machine = "sim:i82540em"
    builder = Builder()
    instrumented = Builder(instrumentation=Instrumentation(edges=True)).build(["if_i8254x"])
    options = SessionOptions(
        machine, "virtual", None, (), ObservingOptions(), Checks.all(), (), None, 0.0
    )
    plain = builder.build(["if_i8254x"])
    return Target(instrumented, plain, machine, Scenario(builder, options, 1))


@pytest.mark.parametrize("mutations", LYING.values(), ids=LYING.keys())
def test_8254x(target, mutations):
    result = execute(target, Task(mutations, limit=50_000, covers=True), set())
    assert result.crash is None
    assert result.edges
    assert result.profile.accesses > 100


def test_an_execution_depends_on_nothing_before_it(target):
    first, _, again = (
        execute(target, Task(mutations, limit=50_000, covers=True), set())
        for mutations in ((), LYING["a cause that does not go away"], ())
    )
    assert first.edges == again.edges
    assert first.profile == again.profile
