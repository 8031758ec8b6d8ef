"""Budgets: counted at the trace, by ``Host.budget`` and the pytest plugin."""

from __future__ import annotations

import textwrap

import pytest

from rumphost.errors import Frame, UsageError
from rumphost.trace import Trace
from rumphost.tracing.budget import KINDS, Budget, BudgetExceeded, place_of

pytest_plugins = ["pytester"]
SWAP = ("hw.teach0.text", "Hello")


# -- what is counted, and who is named


def budget_of(**allowed: int) -> Budget:
    return Budget(
        allowed, lambda lid: [lid], lambda found: [Frame(one, f"f{one}", "f.c", 1) for one in found]
    )


def test_it_counts_events_and_names_the_places_that_used_most():
    class Lwp:
        lid, name, owner = 7, "worker", None

    trace = Trace(lambda: 0)
    budget = budget_of(register_writes=3, interrupts=9)
    trace.add_sink(budget, budget.wants)
    for _ in range(2):
        trace.emit("bus_space.write", Lwp, register="CTRL.RST", value=1)
    trace.emit("bus_space.write_multi", Lwp, register="DATA", count=5)
    trace.emit("bus_space.read", Lwp, register="CTRL", value=1)
    trace.emit("pci_intr.deliver", None, line="00:03.0 INTA")
    assert budget.used == {"register_writes": 7, "interrupts": 1}
    with pytest.raises(BudgetExceeded) as told:
        budget.check()
    lines = str(told.value).splitlines()
    assert lines[0] == "over budget: register_writes"
    assert [line.split() for line in lines[2:4]] == [
        ["register_writes", "7", "3", "<"],
        ["interrupts", "1", "9"],
    ]
    assert lines[4] == "most of register_writes:"
    assert [line.split() for line in lines[5:]] == [
        ["5", "DATA", "f7", "at", "f.c:1"],
        ["2", "CTRL", "f7", "at", "f.c:1"],
    ]
    assert told.value.used["register_writes"] == 7
    assert told.value.allowed["register_writes"] == 3


def test_a_place_is_in_the_driver_and_past_its_headers():
    frames = [
        Frame(1, "bus_space_write_4", "/x/hypercalls/bus_space.c", 1),
        Frame(2, "foo_write", "/d/foovar.h", 2),
        Frame(3, "foo_start", "/d/foo.c", 3),
        Frame(4, "foo_intr", "/d/foo.c", 4),
    ]
    assert place_of(frames) == "foo_write at foovar.h:2, in foo_start at foo.c:3"
    assert place_of([]) == ""


@pytest.mark.parametrize("wrong", [{}, {"apples": 1}, {"interrupts": -1}, {"interrupts": "many"},
                                   {"interrupts": True}])  # fmt: skip
def test_a_budget_of_nothing_or_of_no_number_is_refused(wrong):
    with pytest.raises(UsageError):
        budget_of(**wrong)


# -- on a host


async def set_and_fail(host):
    await host.set_sysctl(*SWAP)
    await host.sysctl("no.such")


@pytest.mark.driver("teach")
@pytest.mark.machine("sim:teach")
async def test_a_request_to_teach(host, device, budget):
    with budget(**dict.fromkeys(KINDS, 1000)) as whole:
        before = dict(whole.used)
    assert before == dict.fromkeys(KINDS, 0)
    del device
    with budget(register_writes=7, interrupts=1, dma_syncs=2, bytes_synced=10) as used:
        await host.set_sysctl(*SWAP)
    assert used.used == {
        "register_writes": 7, "interrupts": 1, "dma_syncs": 2, "bytes_synced": 10,
    }  # fmt: skip
    await host.set_sysctl(*SWAP)
    assert used.used["interrupts"] == 1
    assert not host.trace.on


@pytest.mark.driver("teach")
@pytest.mark.machine("sim:teach")
async def test_too_much_is_told_with_its_place(host, device, budget):
    del device
    with (
        pytest.raises(BudgetExceeded, match="over budget: register_writes, hypercalls") as told,
        budget(register_writes=6, hypercalls=3, allocations=5),
    ):
        await host.set_sysctl(*SWAP)
    assert "teach_write at teachvar.h:" in str(told.value)
    assert "in teach_start_dma at teach.c:" in str(told.value)
    assert told.value.used["hypercalls"] > told.value.used["register_writes"]
    handlers = host.kernel.scheduler.handlers.values()
    assert not [one for one in handlers if "counting" in one.method.__qualname__]


@pytest.mark.driver("teach")
@pytest.mark.machine("sim:teach")
async def test_an_error_in_the_block_is_the_error(host, device, budget):
    del device
    with pytest.raises(UsageError, match=r"no\.such"), budget(interrupts=0):
        await set_and_fail(host)
    assert not host.trace.on


@pytest.mark.driver("teach")
@pytest.mark.machine("sim:teach")
async def test_what_cannot_be_seen_any_more_is_refused(host, device):
    del device
    with pytest.raises(UsageError, match=r"host.trap\('dma'\) before"), host.budget(dma_syncs=1):
        pass


# -- the marker


def test_the_marker_counts_the_test_without_attach_and_detach(pytester):
    pytester.makepyfile(
        textwrap.dedent("""
        import pytest

        pytestmark = [pytest.mark.driver("teach"), pytest.mark.machine("sim:teach")]

        @pytest.mark.budget(register_writes=7, interrupts=1)
        async def test_within(host, device):
            await host.set_sysctl("hw.teach0.text", "Hello")

        @pytest.mark.budget(register_writes=6)
        async def test_over(host, device):
            await host.set_sysctl("hw.teach0.text", "Hello")
    """)
    )
    pytester.makeini("[pytest]\ntrio_mode = true\n")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*over budget: register_writes*", "*register_writes *7 * 6  <*"])
