"""A planted fault of each kind is found and named; our own drivers are clean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio

from rumphost.build import Builder
from rumphost.host import Host, run
from rumphost.models.iwm7260 import ImageBuilder
from rumphost.trials import (
    Discovery,
    Exploration,
    Setup,
    Step,
    SweepReport,
    explore,
    idle_scenario,
    repeat,
    sweep,
)

FAULTY = Path(__file__).parents[1] / "drivers" / "faulty"


def line_of(name: str, words: str) -> int:
    """Return the line of a faulty driver's source in which these words stand, alone."""
    lines = (FAULTY / f"{name}.c").read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if words in line]
    return found


@pytest.fixture(scope="module")
def builder() -> Builder:
    return Builder()


@pytest.fixture
def faulty(builder: Builder):
    """Returns the setup of a faulty driver."""

    def make(name: str) -> Setup:
        return Setup(builder.build([str(FAULTY / f"{name}.c")]), "sim:teach", builder=builder)

    return make


def swept(setup: Setup, what: str, *, quick: bool = False) -> SweepReport:
    async def main() -> SweepReport:
        return await sweep(setup, what, quick=quick)

    return run(main)


def explored(setup: Setup, **options) -> Exploration:
    async def main() -> Exploration:
        return await explore(setup, **options)

    return run(main)


def found_by(setup: Setup, action: str) -> list[Discovery]:
    return explored(setup, actions=[action]).discoveries


class TestRefused:
    def test_a_missing_null_check(self, faulty):
        report = swept(faulty("nocheck"), "alloc")
        assert report.points == 1
        ((trouble, (case,)),) = report.troubles.items()
        assert trouble.kind == "panic"
        assert "NULL pointer" in trouble.message
        assert trouble.place.function == "nocheck_attach"
        assert trouble.place.line == line_of("nocheck", "memset(sc->sc_table")
        assert str(case.fault) == "alloc:1"
        assert case.what == "kmem"
        assert case.place.endswith(f"nocheck.c:{line_of('nocheck', 'KM_NOSLEEP')}")

    def test_an_error_path_that_leaks_a_map(self, faulty):
        report = swept(faulty("errleak"), "dma")
        assert [case.did for case in report.cases] == ["gave up", "leak"]
        (trouble,) = report.troubles
        assert "bus_dma(9): the map" in trouble.message
        assert "was not destroyed" in trouble.message
        assert trouble.place.function == "errleak_dma"
        assert report.cases[1].said == ("errleak0: no DMA memory",)

    def test_a_lost_interrupt_without_a_timeout(self, faulty):
        report = swept(faulty("deaf"), "interrupt:lost")
        (trouble,) = report.troubles
        assert trouble.kind == "hang"
        assert trouble.message == "attach waits for ever for `tick'"
        assert trouble.place.function == "deaf_wait"


class TestInterruptHere:
    def test_a_handler_before_its_data(self, faulty):
        (found,) = found_by(faulty("early"), "interrupt")
        assert found.trouble.place.function == "early_intr"
        assert [step.action for step in found.schedule] == ["interrupt"]
        assert re.search(r"in (faulty_interrupt|early_attach|pci_irq_establish) at", found.steps[0])

    def test_a_timeout_before_its_data(self, faulty):
        (found,) = found_by(faulty("tooearly"), "timeout")
        assert found.trouble.place.function == "tooearly_watchdog"
        assert len(found.schedule) == 1

    def test_a_detach_in_the_midst_of_an_access(self, faulty):
        (found,) = found_by(faulty("detachrace"), "detach")
        assert found.trouble.place.function == "detachrace_read"
        assert len(found.schedule) == 1

    def test_a_loop_that_never_ends_once_the_device_is_gone(self, faulty):
        (found,) = found_by(faulty("allones"), "unplug")
        assert found.trouble.kind == "hang"
        assert "endless loop" in found.trouble.message
        assert found.trouble.place.function == "allones_idle"

    def test_the_schedule_repeats_it(self, faulty):
        """Again and again, and the steps before that do no harm are left out of it."""
        setup = faulty("detachrace")
        (found,) = explored(setup, actions=["interrupt", "timeout", "detach"]).discoveries

        async def main():
            return [await repeat(setup, found.schedule) for _ in range(2)]

        for outcome, steps in run(main):
            assert [trouble.key for trouble in outcome.troubles] == [found.trouble.key]
            assert tuple(steps) == found.steps
        outcome, steps = run(repeat, setup, [Step(1, "detach")])
        assert outcome.troubles == []
        assert steps == []


async def use_teach(host: Host) -> None:
    await host.set_sysctl("hw.teach0.text", "Abc")
    assert await host.sysctl("hw.teach0.text") == "aBC"
    await host.set_sysctl("hw.teach0.copy", 4096)
    await host.set_sysctl("hw.teach0.period", 1_000_000)
    await trio.sleep(0.005)
    await host.set_sysctl("hw.teach0.period", 0)


async def use_edu(host: Host) -> None:
    await host.set_sysctl("hw.edu0.factorial", 12)
    assert await host.sysctl("hw.edu0.factorial") == 479001600
    await host.set_sysctl("hw.edu0.dma", 1000)


class TestOurOwn:
    @pytest.fixture(params=["teach", "teach:msi=off", "edu"])
    def small(self, request, builder: Builder) -> Setup:
        driver = request.param.partition(":")[0]
        scenario = {"teach": use_teach, "edu": use_edu}[driver]
        return Setup(builder.build([driver]), f"sim:{request.param}", scenario, builder)

    @pytest.mark.parametrize("what", ["any", "interrupt:lost", "interrupt:late=20ms"])
    def test_each_in_turn(self, small, what):
        report = swept(small, what)
        assert report.points > 0
        assert len(report.cases) == report.points
        assert list(map(str, report.troubles)) == []
        assert set(report.outcomes) <= {"gave up", "unharmed", "told"}

    def test_interrupt_here(self, small):
        result = explored(small, every=3, together=3, runs=20)
        assert result.points > 20
        assert list(map(str, result.discoveries)) == []

    def test_the_scanner(self, builder, tmp_path):
        async def scan(host: Host) -> None:
            await host.set_sysctl("hw.iws0.scan", 1)

        ImageBuilder().write(tmp_path)
        built = builder.build(["iws"])
        setup = Setup(built, "sim:iwm7260", scan, builder, firmware=(tmp_path,))
        for what in ("any", "interrupt:lost", "firmware:error"):
            report = swept(setup, what)
            assert report.points > 0
            assert list(map(str, report.troubles)) == []
        result = explored(setup, runs=5)
        assert list(map(str, result.discoveries)) == []

    def test_each_allocation_of_the_82540em_s_attach(self, builder):
        setup = Setup(builder.build(["if_i8254x"]), "sim:i82540em", idle_scenario, builder)
        report = swept(setup, "any")
        assert report.points > 300
        assert list(map(str, report.troubles)) == []
        assert report.outcomes == {"gave up": report.points - 1, "unharmed": 1}  # MSI, then INTx
        assert report.seconds < 30

    def test_the_82540em_in_use(self, builder):
        setup = Setup(builder.build(["if_i8254x"]), "sim:i82540em", builder=builder)
        report = swept(setup, "any", quick=True)
        assert report.points > 1000
        assert 20 < len(report.cases) < 60
        assert list(map(str, report.troubles)) == []

    def test_interrupt_here_on_the_82540em(self, builder):
        setup = Setup(builder.build(["if_i8254x"]), "sim:i82540em", builder=builder)
        result = explored(setup, runs=6)
        assert result.points > 1000
        assert list(map(str, result.discoveries)) == []
