"""Configuration space, BARs, interrupts, DMA, reset and unplugging, on the teaching device."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rumphost.errors import MachineError
from rumphost.machine.config_space import (
    BAR0,
    CAP_EXPRESS,
    CAP_MSI,
    CAP_PM,
    COMMAND,
    COMMAND_INTX_DISABLE,
    COMMAND_IO,
    COMMAND_MASTER,
    COMMAND_MEMORY,
    STATUS,
    STATUS_INTX,
    STATUS_MASTER_ABORT,
)
from rumphost.machine.dma import DmaError
from rumphost.machine.sim import SimMachine
from rumphost.models import TeachModel

SCRATCH = 0x48


@pytest.fixture
def teach(rig: Callable) -> TeachModel:
    model: TeachModel = rig(TeachModel()).model
    return model


def test_header(teach: TeachModel) -> None:
    assert teach.config_read(0, 4) == 0x0001_7EAC
    assert teach.config_read(8, 4) == 0xFF0000_01
    assert teach.config_read(0x2C, 4) == 0x0001_7EAC
    assert teach.config_read(0x3D, 1) == 1
    teach.config_write(0, 4, 0)
    assert teach.config_read(2, 2) == 1


@pytest.mark.parametrize(
    ("offset", "mask"),
    [(BAR0, 0xFFFF_F000), (BAR0 + 4, 0xFFFF_FF81), (BAR0 + 8, 0xFFFF_F004), (BAR0 + 12, 2**32 - 1)],
)
def test_bar_sizing(teach: TeachModel, offset: int, mask: int) -> None:
    before = teach.config_read(offset, 4)
    teach.config_write(offset, 4, 0xFFFF_FFFF)
    assert teach.config_read(offset, 4) == mask
    teach.config_write(offset, 4, before)
    assert teach.config_read(offset, 4) == before


def test_a_bar_answers_only_where_it_is_and_while_it_decodes(teach: TeachModel) -> None:
    region = teach.map_bar(0)
    region.write(SCRATCH, 4, 7)
    placed = teach.config_read(BAR0, 4)
    teach.config_write(BAR0, 4, 0xFFFF_FFFF)
    assert region.read(SCRATCH, 4) == 0xFFFF_FFFF
    teach.config_write(BAR0, 4, placed)
    assert region.read(SCRATCH, 4) == 7
    teach.config_write(COMMAND, 2, COMMAND_IO)
    region.write(SCRATCH, 4, 8)
    assert region.read(SCRATCH, 2) == 0xFFFF
    assert teach.map_bar(1).read(SCRATCH, 4) == 7
    teach.config_write(COMMAND, 2, COMMAND_MEMORY)
    assert region.read(SCRATCH, 4) == 7
    with pytest.raises(MachineError, match="no BAR 5"):
        teach.map_bar(5)


def test_intx_follows_the_disable_bit(rig: Callable) -> None:
    bench = rig(TeachModel())
    teach = bench.model
    teach.raise_interrupt()
    assert bench.line.asserted
    assert teach.config_read(STATUS, 2) & STATUS_INTX
    command = teach.config_read(COMMAND, 2)
    teach.config_write(COMMAND, 2, command | COMMAND_INTX_DISABLE)
    assert not bench.line.asserted
    teach.config_write(COMMAND, 2, command)
    assert bench.line.asserted
    teach.lower_interrupt()
    assert not bench.line.asserted
    assert not teach.config_read(STATUS, 2) & STATUS_INTX


def test_functions_share_a_wire() -> None:
    machine = SimMachine()
    first, second = machine.plug(TeachModel(), 3), machine.plug(TeachModel(), 7)
    (line,) = first.allocate_vectors("intx", 1)
    assert second.allocate_vectors("intx", 1) == [line]
    first.raise_interrupt()
    second.raise_interrupt()
    first.lower_interrupt()
    assert line.asserted
    second.lower_interrupt()
    assert not line.asserted


def test_msi_sends_one_message_each_time_and_leaves_the_wire_alone(rig: Callable) -> None:
    bench = rig(TeachModel(), kind="msi")
    teach = bench.model
    teach.raise_interrupt()
    teach.raise_interrupt()
    assert [name for _, name in bench.fired] == ["00:03.0 msi 0"] * 2
    assert not any(wire.asserted for wire in bench.machine.lines)
    with pytest.raises(MachineError, match="allocated already"):
        teach.allocate_vectors("msi", 1)
    teach.release_vectors("msi")
    assert not teach.config_read(teach.config.find_capability(CAP_MSI) + 2, 2) & 1
    with pytest.raises(MachineError, match="it has 1"):
        teach.allocate_vectors("msi", 2)


def test_messages_need_bus_mastering(rig: Callable) -> None:
    bench = rig(TeachModel(), kind="msi")
    bench.model.config_write(COMMAND, 2, COMMAND_MEMORY)
    bench.model.raise_interrupt()
    assert bench.fired == []
    assert "bus mastering is off" in bench.model.notes[-1]


def test_a_masked_msix_vector_is_sent_when_it_is_unmasked(rig: Callable) -> None:
    bench = rig(TeachModel(), kind="msix", vectors=2)
    table = bench.model.map_bar(2)
    table.write(16 + 12, 4, 1)
    bench.model.raise_interrupt(1)
    bench.model.raise_interrupt(0)
    assert [name for _, name in bench.fired] == ["00:03.0 msix 0"]
    assert table.read(0x800, 4) == 0b10
    table.write(16 + 12, 4, 0)
    assert [name for _, name in bench.fired] == ["00:03.0 msix 0", "00:03.0 msix 1"]
    assert table.read(0x800, 4) == 0
    assert table.describe(16 + 12) == "MSIX_CONTROL[1]"


def test_a_message_can_be_aimed_at_memory(rig: Callable) -> None:
    bench = rig(TeachModel(), kind="msix", vectors=2)
    address = bench.allocate(16)
    bench.model.map_bar(2).write(0, 4, address)
    bench.model.raise_interrupt(0)
    assert bench.fired == []
    assert bench.memory.read(address, 4) != b"\0\0\0\0"


def test_dma_outside_of_memory_is_a_master_abort(rig: Callable) -> None:
    bench = rig(TeachModel())
    notes: list[str] = []
    bench.machine.on_note = lambda address, text: notes.append(f"{address} {text}")
    with pytest.raises(DmaError):
        bench.model.dma_read(0x10, 4)
    assert bench.model.config_read(STATUS, 2) & STATUS_MASTER_ABORT
    bench.model.config_write(STATUS, 2, STATUS_MASTER_ABORT)
    assert not bench.model.config_read(STATUS, 2) & STATUS_MASTER_ABORT
    assert notes == ["00:03.0 DMA read: bus address 0x10, 4 bytes: not DMA memory"]


def test_dma_needs_bus_mastering(rig: Callable) -> None:
    bench = rig(TeachModel())
    address = bench.allocate(16)
    bench.model.config_write(COMMAND, 2, COMMAND_MEMORY)
    with pytest.raises(DmaError, match="bus mastering is off"):
        bench.model.dma_write(address, b"x")
    assert bench.memory.read(address, 1) == b"\0"


def test_reset_keeps_the_place_on_the_bus_and_nothing_else(rig: Callable) -> None:
    bench = rig(TeachModel(), kind="msi")
    teach, placed = bench.model, bench.model.config_read(BAR0, 4)
    bench.write(SCRATCH, 5)
    bench.write(0x4C, 1000)
    teach.reset()
    assert teach.config_read(BAR0, 4) == placed
    assert not teach.config_read(COMMAND, 2) & COMMAND_MASTER
    assert bench.read(SCRATCH) == 0
    bench.advance(5000)
    assert bench.read(0x50) == 0
    assert teach.allocate_vectors("msi", 1)[0].name == "00:03.0 msi 0"


@pytest.mark.parametrize("way", ["express", "power"])
def test_resets_by_the_driver_lose_the_bars(rig: Callable, way: str) -> None:
    bench = rig(TeachModel())
    teach, placed = bench.model, bench.model.config_read(BAR0, 4)
    command = teach.config_read(COMMAND, 2)
    bench.write(SCRATCH, 5)
    if way == "express":
        control = teach.config.find_capability(CAP_EXPRESS) + 8
        teach.config_write(control, 2, 0x8000)
    else:
        control = teach.config.find_capability(CAP_PM) + 4
        teach.config_write(control, 2, 3)
        assert teach.config_read(control, 2) == 3
        assert bench.read(SCRATCH) == 0xFFFF_FFFF
        teach.config_write(control, 2, 0)
    assert teach.config_read(BAR0, 4) == 0
    teach.config_write(BAR0, 4, placed)
    teach.config_write(COMMAND, 2, command)
    assert bench.read(SCRATCH) == 0


def test_message_interrupts_survive_d3(rig: Callable) -> None:
    bench = rig(TeachModel(), kind="msi")
    teach, header = bench.model, [bench.model.config_read(at, 4) for at in range(0, 64, 4)]
    control = teach.config.find_capability(CAP_PM) + 4
    teach.raise_interrupt()
    teach.config_write(control, 2, 3)
    assert not any(wire.asserted for wire in bench.machine.lines)
    teach.config_write(control, 2, 0)
    for at in reversed(range(0, 64, 4)):
        teach.config_write(at, 4, header[at // 4])
    teach.raise_interrupt()
    assert len(bench.fired) == 2


def test_unplugged_hardware_reads_all_ones_and_is_silent(rig: Callable) -> None:
    bench = rig(TeachModel())
    teach = bench.model
    bench.write(0x4C, 1000)
    teach.raise_interrupt()
    bench.machine.unplug(teach)
    assert bench.machine.functions == []
    assert bench.read(0) == 0xFFFF_FFFF
    assert bench.region.read(0, 1) == 0xFF
    bench.write(SCRATCH, 1)
    assert teach.config_read(0, 2) == 0xFFFF
    assert not bench.line.asserted
    assert bench.machine.events.next_ns() is None
    bench.machine.plug(teach, 9)
    assert bench.read(0) == 0x7EAC_0001
    assert bench.read(SCRATCH) == 0


def test_names_of_registers(teach: TeachModel) -> None:
    assert teach.map_bar(0).describe(0x0C, 5) == "ISR.DONE|TIMER"
