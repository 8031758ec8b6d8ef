"""Each wrong use of bus_dma(9) is found and named with both places; correct drivers are left alone.

The faulty drivers run twice: with every access of the device seen as it is made, as on ``sim:``,
and with the two sides only compared at syncs, as on machines whose devices reach memory directly.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rumphost.checks import Checks
from rumphost.classes.network import Network
from rumphost.classes.station import Station
from rumphost.errors import DmaViolation, DriverLeak, DriverPanic
from rumphost.host import Host, open_host, run
from rumphost.machine import Machine
from rumphost.machine.dma import ModelMemory
from rumphost.machine.replay import RecordingMachine, ReplayMachine
from rumphost.machine.sim import SimMachine
from rumphost.models import parse_models

FAULTY = Path(__file__).parent / "faulty"

pytestmark = [pytest.mark.machine("sim:teach"), pytest.mark.checks("dma")]


def source(name: str) -> str:
    return str(FAULTY / f"{name}.c")


def line_of(name: str, statement: str, nth: int = 0) -> int:
    """Return the number of the line that the ``nth`` such statement begins in."""
    lines = (FAULTY / f"{name}.c").read_text().splitlines()
    return [number for number, line in enumerate(lines, 1) if statement in line][nth]


def place(name: str, statement: str, nth: int = 0) -> str:
    return rf"{name}_attach at \S*/{name}\.c:{line_of(name, statement, nth)}"


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device's accesses do not come by: only what is in memory can be compared."""
    monkeypatch.setattr(ModelMemory, "intercept", lambda _memory, _gate: False)


@pytest.fixture(params=["asked", "compared"])
def either(request: pytest.FixtureRequest) -> None:
    if request.param == "compared":
        request.getfixturevalue("compared")


async def findings(host: Host, name: str) -> list[str]:
    """Attach and detach a driver; returns what was found."""
    (device,) = await host.attach(source(name))
    await host.detach(device)
    return [str(found) for found in host.findings]


async def test_a_read_without_prewrite(host):
    (found,) = await findings(host, "dmanopre")
    assert "dmanopre0: bus_dma(9): the device reads 256 bytes at offset 0x0 of 256" in found
    assert "which no PREWRITE gives it (byte 0x0)" in found
    assert "it sees dbdbdbdbdbdbdbdb, the driver has 6161616161616161" in found
    assert re.search(f"loaded in {place('dmanopre', 'FAULTY_LOAD')}", found)


async def test_the_wrong_direction(host):
    read, post = await findings(host, "dmawrong")
    assert "which PREREAD gives it to write, no PREWRITE to read" in read
    assert re.search(f"last PREREAD in {place('dmawrong', 'FAULTY_SYNC')}", read)
    assert "POSTWRITE of 256 bytes at offset 0x0 of 256, of which no PREWRITE ever gave" in post
    assert host.findings[1].site


@pytest.mark.usefixtures("compared")
async def test_the_wrong_direction_where_reads_are_not_seen(host):
    (post,) = await findings(host, "dmawrong")
    assert "POSTWRITE of 256 bytes at offset 0x0 of 256, of which no PREWRITE ever gave" in post


async def test_a_write_without_preread(host):
    write, post = await findings(host, "dmanoread")
    assert "the device writes 256 bytes at offset 0x0 of 256" in write
    assert "which PREWRITE gives it to read, no PREREAD to write" in write
    assert re.search(f"loaded in {place('dmanoread', 'FAULTY_LOAD')}", write)
    assert re.search(f"last PREWRITE in {place('dmanoread', 'FAULTY_SYNC')}", write)
    assert "POSTREAD of 256 bytes" in post


@pytest.mark.usefixtures("compared")
async def test_a_write_without_preread_that_shows_later(host):
    post, write = await findings(host, "dmanoread")
    assert "POSTREAD of 256 bytes" in post
    assert "the device has written at offset 0x0 of 256, which no PREREAD gives it" in write
    assert re.search(f"last PREWRITE in {place('dmanoread', 'FAULTY_SYNC')}", write)


@pytest.mark.usefixtures("either")
async def test_no_postread(host):
    (found,) = await findings(host, "dmanopost")
    assert "unloaded without any POSTREAD, though the device has written at offset 0x0" in found
    assert re.search(f"loaded in {place('dmanopost', 'FAULTY_LOAD')}", found)
    assert re.search(f"unloaded in {place('dmanopost', 'FAULTY_UNLOAD')}", found)
    assert "saw what it was not shown" not in host.console.text


@pytest.mark.usefixtures("either")
async def test_a_write_to_what_the_device_owns(host):
    *read, found = await findings(host, "dmaowned")
    assert "the driver has written to bytes that the device owned (PREREAD|PREWRITE)" in found
    assert "1 from offset 0x40 of 256 on, 6161616161616161 is now 7861616161616161" in found
    assert re.search(f"loaded in {place('dmaowned', 'FAULTY_LOAD')}", found)
    assert re.search(rf"last PREREAD\|PREWRITE in {place('dmaowned', 'FAULTY_SYNC')}", found)
    shown = host.kernel.findings.locate(host.findings[-1].site)
    assert re.search(place("dmaowned", "FAULTY_SYNC", 1), shown)
    for one in read:  # where it is seen
        assert "of which the driver has changed 1 (first byte 0x40) since the last PREWRITE" in one


async def test_a_late_write(host):
    with pytest.raises(DmaViolation) as raised:
        await host.attach(source("dmalate"))
    error = raised.value
    assert "the device writes 256 bytes at bus address 0x" in error.message
    assert "at offset 0x0 of 256 bytes that are unloaded" in error.message
    assert re.search(f"loaded in {place('dmalate', 'FAULTY_LOAD')}", error.message)
    assert re.search(f"unloaded in {place('dmalate', 'FAULTY_UNLOAD')}", error.message)
    assert [one.what for one in error.places] == ["loaded", "unloaded"]
    assert error.driver == "dmalate0"


@pytest.mark.usefixtures("compared")
async def test_a_late_write_that_shows_at_detach(host):
    (found,) = await findings(host, "dmalate")
    assert "the device has written at offset 0x0 of 256 bytes that were loaded, after" in found
    assert re.search(f"unloaded in {place('dmalate', 'FAULTY_UNLOAD')}", found)


async def test_a_write_beyond_the_end(host):
    with pytest.raises(
        DmaViolation, match="of which 16 are beyond the end of 256 loaded"
    ) as raised:
        await host.attach(source("dmabeyond"))
    assert re.search(f"loaded in {place('dmabeyond', 'FAULTY_LOAD')}", raised.value.message)


@pytest.mark.usefixtures("compared")
async def test_a_write_beyond_the_end_that_shows_at_the_next_sync(host):
    with pytest.raises(DmaViolation, match="written 0 bytes beyond the end of 256") as raised:
        await host.attach(source("dmabeyond"))
    assert re.search(f"loaded in {place('dmabeyond', 'FAULTY_LOAD')}", raised.value.message)
    assert re.search(f"found in {place('dmabeyond', 'FAULTY_SYNC', 1)}", raised.value.message)


async def test_an_access_where_nothing_is_loaded(host):
    with pytest.raises(DmaViolation, match=r"writes 256 .* 0x4[0-9a-f]+, where nothing is loaded"):
        await host.attach(source("dmanowhere"))


@pytest.mark.usefixtures("either")
async def test_a_direction_that_the_load_excludes(host):
    (found,) = await findings(host, "dmaflags")
    assert "PREREAD of a map that is loaded with BUS_DMA_WRITE: the wrong direction" in found
    assert re.search(f"loaded in {place('dmaflags', 'FAULTY_LOAD')}", found)


@pytest.mark.usefixtures("either")
async def test_a_sync_after_the_unload(host):
    with pytest.raises(DmaViolation, match="bus_dmamap_sync: the map is not loaded") as raised:
        await host.attach(source("dmaunsync"))
    assert re.search(f"unloaded in {place('dmaunsync', 'FAULTY_UNLOAD')}", raised.value.message)
    assert raised.value.backtrace[1].line == line_of("dmaunsync", "FAULTY_SYNC")


@pytest.mark.usefixtures("either")
async def test_memory_is_freed_while_it_is_loaded(host):
    (found,) = await findings(host, "dmafree")
    assert "bus_dmamem_free of memory that is loaded" in found
    assert re.search(f", loaded in {place('dmafree', 'FAULTY_LOAD')}", found)


async def test_a_leak_says_where_the_map_was_loaded(host):
    (device,) = await host.attach(source("leakmap"))
    with pytest.raises(DriverLeak, match=r"loaded in leakmap_map at \S*/leakmap\.c:\d+"):
        await host.detach(device)


@pytest.mark.usefixtures("either")
async def test_a_ring_that_both_sides_use(host):
    assert await findings(host, "dmaring") == []


@pytest.mark.usefixtures("either")
async def test_the_host_lives_on(host):
    for name in ("dmaunsync", "dmalate", "dmabeyond"):
        try:
            for device in await host.attach(source(name)):
                await host.detach(device)
        except DriverPanic as panic:
            assert isinstance(panic, DmaViolation)  # noqa: PT017 - not every grade raises here
    (device,) = await host.attach("teach")
    await host.detach(device)
    assert host.panics == []


async def test_nothing_is_checked_unless_asked_for(machine, builder):
    async with open_host(machine, builder=builder) as host:
        assert await findings(host, "dmanopre") == []
        assert await findings(host, "dmaowned") == []


async def pings(machine: Machine, checks: Checks) -> int:
    """Ping with the 82540EM, and find nothing."""
    async with open_host(machine, checks=checks) as host:
        for function in machine.functions:
            if getattr(function, "wire", None) is not None:
                Network(events=machine.events, latency_ns=50_000).plug(function.wire)
        await host.attach("if_i8254x")
        (interface,) = host.interfaces
        await interface.up()
        await interface.wait_link()
        async with Station(interface) as station:
            lease = await station.dhcp()
            result = await station.ping(lease.router, count=3, interval_s=0.002)
        await interface.down()
        await host.detach_all()
        assert host.findings == []
        return result.received


@pytest.mark.parametrize("strict", [False, True], ids=["replayed", "replayed strictly"])
def test_a_strict_run_recorded(tmp_path, strict):
    path = tmp_path / "strict.rec"
    card = SimMachine(models=parse_models("i82540em"), name="sim:i82540em")
    assert run(pings, RecordingMachine(card, path), Checks(dma=True)) == 3
    machine = ReplayMachine(path)
    assert run(pings, machine, Checks(dma=strict)) == 3
    assert machine.player.difference is None
    assert machine.remaining() is None
