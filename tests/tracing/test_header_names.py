"""Names of registers and bits from a driver's own header."""

from __future__ import annotations

from pathlib import Path

import pytest

from rumphost.build import Builder
from rumphost.build.instrumentation import Instrumentation
from rumphost.kernel.bus_space import BusSpace
from rumphost.machine import Region
from rumphost.tracing import HeaderNames, TextFormat

NAMED = str(Path(__file__).parent / "named" / "named.c")
pytestmark = pytest.mark.machine("sim:teach")


@pytest.fixture(scope="module")
def builder():
    return Builder(instrumentation=Instrumentation(macros=True))


@pytest.fixture
def nameless(host, monkeypatch):
    """The host, whose model does not name its registers."""
    (function,) = host.machine.functions
    region = function.map_bar(0)
    monkeypatch.setattr(type(region), "describe", Region.describe)
    HeaderNames(host).attach()
    host.trap("registers")
    return host


async def accesses(host, driver):
    """Attach, and return the accesses in the words of the trace, without the region."""
    with host.trace.recording() as events:
        await host.attach(driver)
    line = TextFormat()
    return [
        line(event).split("BAR0, ")[1].rstrip().replace(")", "", 1)
        for event in events
        if event.name in ("bus_space.read", "bus_space.write")
    ]


async def test_every_way_to_reach_a_register(nameless):
    assert await accesses(nameless, NAMED) == [
        "NM_ID = 0x7eac0001 ID_MAGIC=0x7eac|ID_REVISION=0x1",
        "NM_CTRL.CTRL_STOP, 2",
        "NM_CTRL.CTRL_GO, 1",
        "NM_SCRATCH, 5",
        "NM_BANK_SCRATCH, 6",  # the same offset, another name
        "NM_DOORBELL.DOORBELL_ONE, 1",
        "NM_LATENCY(1, 7)",
        "NM_ISR.INT_ALL=0x7, 7",
        "NM_ISR = 0x0",
        "0x4c, 9",
        "0x48, 9",  # one of two, and nobody says which
    ]


async def test_a_whole_driver(nameless):
    found = await accesses(nameless, "teach")
    assert found[:3] == [
        "TEACH_ID = 0x7eac0001 ID_MAGIC=0x7eac|ID_REVISION=0x1",
        "TEACH_CTRL.CTRL_RST, 2",
        "TEACH_LATENCY = 0x2710",
    ]
    assert "TEACH_ISR.INT_DONE|INT_ERROR|INT_TIMER, 7" in found
    assert not [access for access in found if access.startswith("0x")]


async def test_a_models_names_go_first(host):
    HeaderNames(host).attach()
    host.trap("registers")
    assert "CTRL.RST, 2" in await accesses(host, "teach")


async def test_nothing_is_named_that_nobody_reads(nameless, monkeypatch):
    service = nameless.kernel.service(BusSpace)
    monkeypatch.setattr(service, "namer", lambda *_a, **_k: pytest.fail("asked"))
    nameless.trace.add_sink(lambda _event: None, lambda name: name.startswith("callout."))
    await nameless.attach("teach")


async def test_without_macros_there_are_only_numbers(nameless):
    nameless.builder = Builder()
    found = await accesses(nameless, NAMED)
    assert found[1] == "0x4, 2"
