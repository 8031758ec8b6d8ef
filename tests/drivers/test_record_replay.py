"""Drivers on a recording: alike without the hardware, and told of what they do otherwise."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rumphost.build import Builder, Built
from rumphost.classes.network import Network
from rumphost.classes.station import Station
from rumphost.host import open_host, run
from rumphost.machine import Machine
from rumphost.machine.qemu import QemuMachine
from rumphost.machine.replay import Difference, RecordingMachine, ReplayMachine, Tolerance
from rumphost.machine.sim import SimMachine
from rumphost.models import parse_models
from rumphost.sources import drivers_dir

MEBIBYTE = 1 << 20
Trace = list[tuple[Any, ...]]


async def scenario(machine: Machine, pings: int, built: Built | None = None) -> Trace:
    """Attach the 82540EM, DHCP, some pings, detach; return the trace without its times."""
    async with open_host(machine) as host:
        host.trap("registers", "dma")
        for function in machine.functions:
            if getattr(function, "wire", None) is not None:
                Network(events=machine.events, latency_ns=50_000).plug(function.wire)
        with host.trace.recording() as events:
            if built is None:
                await host.attach("if_i8254x")
            else:
                await host.load(built)
                await host.attach()
            interface = host.interfaces[0]
            await interface.up()
            await interface.wait_link()
            async with Station(interface) as station:
                lease = await station.dhcp()
                result = await station.ping(lease.router, count=pings, interval_s=0.002)
                assert result.received == pings
            await interface.down()
            await host.detach_all()
        return [(event.lid, event.lwp, event.name, event.fields) for event in events]


def replayed(path: Path, pings: int, built: Built | None = None, **tolerance: bool) -> Trace:
    machine = ReplayMachine(path, Tolerance(**tolerance))
    try:
        trace = run(scenario, machine, pings, built)
    except Exception:
        if machine.player.difference is not None:
            raise machine.player.difference from None
        raise
    assert machine.player.difference is None
    assert machine.remaining() is None
    return trace


def assert_same(one: Trace, other: Trace) -> None:
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        assert left == right, f"event {number} of {len(one)}"
    assert len(one) == len(other)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trace]:
    """A recording of 3 pings on a simulated card, with its trace."""
    path = tmp_path_factory.mktemp("recording") / "sim.rec"
    machine = SimMachine(models=parse_models("i82540em"), name="sim:i82540em")
    return path, run(scenario, RecordingMachine(machine, path), 3)


Change = Callable[[str, str, str], Built]


@pytest.fixture
def changed(tmp_path: Path) -> Change:
    """Return how to build the driver with a line of one of its files changed."""

    def build(file: str, old: str, new: str) -> Built:
        for path in drivers_dir().glob("*8254x*"):
            shutil.copy(path, tmp_path)
        shutil.copy(drivers_dir() / "pci_irq.h", tmp_path)
        text = (tmp_path / file).read_text()
        assert text.count(old) == 1, f"{file} has changed: {text.count(old)} of {old!r}"
        (tmp_path / file).write_text(text.replace(old, new))
        first = tmp_path / "if_i8254x.c"
        others = sorted(set(tmp_path.glob("*.c")) - {first})
        return Builder().build([str(path) for path in (first, *others)])

    return build


def test_a_simulated_card_replayed(recorded):
    path, trace = recorded
    assert_same(replayed(path, 3), trace)


def test_a_recording_repeats_byte_for_byte(recorded, tmp_path):
    machine = SimMachine(models=parse_models("i82540em"), name="sim:i82540em")
    run(scenario, RecordingMachine(machine, tmp_path / "again"), 3)
    assert (tmp_path / "again").read_bytes() == recorded[0].read_bytes()


@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed")
def test_a_thousand_pings_on_qemu_replayed_without_it(tmp_path):
    path = tmp_path / "qemu.rec"
    trace = run(scenario, RecordingMachine(QemuMachine(["e1000"]), path), 1000, clock="real")
    assert path.stat().st_size < MEBIBYTE // 4
    assert_same(replayed(path, 1000), trace)


def test_one_changed_register_write_is_found_and_named(recorded, changed):
    built = changed("i8254x_tx.c", "REG_TIPG, TIPG_COPPER", "REG_TIPG, TIPG_COPPER + 1")
    with pytest.raises(Difference) as caught:
        replayed(recorded[0], 3, built)
    assert re.fullmatch(
        r"replay: entry \d+ of \d+, at [\d.]+ s: expected a write of 0x602008 to TIPG\S* "
        r"\(00:03.0 BAR0, 4 bytes\); the driver did a write of 0x602009 to TIPG\S* "
        r"\(00:03.0 BAR0, 4 bytes\)",
        caught.value.message,
    )
    assert [frame.function for frame in caught.value.backtrace[:2]] == [
        "bus_space_write_4", "i8254x_tx_init"
    ]  # fmt: skip
    assert Path(caught.value.backtrace[1].file).name == "i8254x_tx.c"


def test_a_larger_softc_moves_the_rings_and_is_no_difference(recorded, changed):
    built = changed("if_i8254xvar.h", "struct i8254x_softc {", "struct i8254x_softc {\n"
                    "\tchar sc_further[20000];")  # fmt: skip
    replayed(recorded[0], 3, built)


SWAPPED = (
    "i8254x_tx.c",
    "CSR_WRITE(sc, REG_TDH, 0);\n\tCSR_WRITE(sc, REG_TDT, 0);",
    "CSR_WRITE(sc, REG_TDT, 0);\n\tCSR_WRITE(sc, REG_TDH, 0);",
)


def test_writes_that_change_places(recorded, changed):
    built = changed(*SWAPPED)
    with pytest.raises(Difference, match=r"expected a write of 0x0 to TDH .* to TDT"):
        replayed(recorded[0], 3, built)
    replayed(recorded[0], 3, built, order=True)


def test_one_more_poll(recorded, changed):
    built = changed(
        "i8254x_eeprom.c", "CSR_READ(sc, REG_EERD);",
        "(CSR_READ(sc, REG_EERD), CSR_READ(sc, REG_EERD));",
    )  # fmt: skip
    with pytest.raises(Difference):
        replayed(recorded[0], 3, built)
    replayed(recorded[0], 3, built, polls=True)
