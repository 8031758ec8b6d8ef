"""Each faulty driver gets a report of its own, and the host and its other drivers carry on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trio

from rumphost.errors import DriverLeak, DriverPanic

FAULTY = Path(__file__).parent / "faulty"


def source(name: str) -> str:
    return str(FAULTY / f"{name}.c")


def functions(panic: DriverPanic) -> list[str]:
    return [frame.function for frame in panic.backtrace]


async def assert_alive(host) -> None:
    """Another driver still works on the other device: attach, use, detach."""
    (device,) = [one for one in host.devices if one.driver == "edu"]
    before = await host.sysctl(f"hw.{device.xname}.factorial")
    assert isinstance(before, int)
    await host.set_sysctl(f"hw.{device.xname}.factorial", 5)
    assert await host.sysctl(f"hw.{device.xname}.factorial") == 120


@pytest.fixture
async def crowded(host):
    """A host with a driver at work beside the one that will fail."""
    await host.attach("edu")
    return host


CRASHES_AT_ATTACH = [
    ("nullderef", "NULL pointer"),
    ("divzero", "division by zero"),
    ("panics", "panic: "),
    ("kassert", "assertion"),
    ("stackover", "stack overflow"),
    ("mtxunowned", "mutex(9)"),
    ("mtxtwice", "mutex(9)"),
    ("mtxdestroy", "mutex(9)"),
    ("codestroy", "callout(9)"),
    ("dblload", "bus_dma(9)"),
    ("sleepspin", "spin mutex"),
]


@pytest.mark.machine("sim:teach,edu")
@pytest.mark.parametrize(("name", "words"), CRASHES_AT_ATTACH)
async def test_a_crash_in_attach(crowded, name, words):
    host = crowded
    with pytest.raises(DriverPanic) as raised:
        await host.attach(source(name))
    panic = raised.value
    assert words in panic.message
    assert panic.driver == f"{name}0"
    frame = next(one for one in panic.backtrace if one.function.startswith(f"{name}_"))
    assert frame.file.endswith(f"{name}.c")
    assert frame.line > 0
    assert [device.driver for device in host.devices] == ["edu"]
    assert host.panics == []
    await assert_alive(host)


@pytest.mark.machine("sim:teach,edu")
async def test_a_map_unloaded_twice(crowded):
    """No NetBSD kernel minds, and some of its drivers do it: told, but the driver goes on."""
    (device,) = await crowded.attach(source("dblunload"))
    (found,) = crowded.findings
    what = "dblunload0: bus_dma(9): bus_dmamap_unload of a map that is not loaded, created in "
    assert str(found).startswith(f"{what}dblunload_map at ")
    assert re.search(r"is not loaded, .*, in dblunload_attach at .*dblunload\.c:\d+$",
                     crowded.console.text, re.MULTILINE)  # fmt: skip
    await crowded.detach(device)
    await assert_alive(crowded)


@pytest.mark.machine("sim:teach,edu")
@pytest.mark.watchdog(0.5)
async def test_a_driver_that_spins_for_ever(crowded):
    with pytest.raises(DriverPanic, match="no hypercall") as raised:
        await crowded.attach(source("spins"))
    assert "spins_wait" in functions(raised.value)
    await assert_alive(crowded)


@pytest.mark.machine("sim:teach,edu")
async def test_a_driver_that_sleeps_in_its_interrupt_handler(crowded):
    await crowded.attach(source("sleepintr"))
    panic = await crowded.panic()
    assert "interrupt" in panic.message
    assert "sleepintr_intr" in functions(panic)
    assert [device.driver for device in crowded.devices] == ["edu"]
    await assert_alive(crowded)


@pytest.mark.machine("sim:teach,edu")
async def test_an_interrupt_storm(crowded):
    await crowded.attach(source("storm"))
    panic = await crowded.panic()
    assert "storm" in panic.message
    await assert_alive(crowded)


LEAKS = [
    ("leakmap", "bus_dma(9)", "leakmap_map"),
    ("leakmem", "kmem(9)", "leakmem_attach"),
    ("leakspace", "bus_space(9)", ""),
    ("leakcallout", "callout(9)", ""),
    ("leakintr", "pci_intr(9)", ""),
]


@pytest.mark.machine("sim:teach,edu")
@pytest.mark.parametrize(("name", "page", "function"), LEAKS)
async def test_a_leak_at_detach(crowded, name, page, function):
    (device,) = await crowded.attach(source(name))
    with pytest.raises(DriverLeak) as raised:
        await crowded.detach(device)
    assert page in raised.value.message
    assert raised.value.driver == f"{name}0"
    if function:
        assert function in [frame.function for frame in raised.value.backtrace]
    assert crowded.leaks(device) == []
    await assert_alive(crowded)


@pytest.mark.machine("sim:teach,edu")
async def test_a_driver_that_crashed_attaches_again(crowded):
    for _ in range(2):
        with pytest.raises(DriverPanic):
            await crowded.attach(source("nullderef"))
    (device,) = await crowded.attach("teach")
    await crowded.detach(device)
    await trio.sleep(1)
    assert crowded.panics == []
