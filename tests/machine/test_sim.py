"""The simulated board: slots, windows, wires, DMA memory, and time on both clocks."""

from __future__ import annotations

from itertools import pairwise

import pytest
import trio

from rumphost.errors import MachineError, UsageError
from rumphost.machine.clock import RealClock
from rumphost.machine.dma import DmaError
from rumphost.machine.pci import PciAddress
from rumphost.machine.sim import DMA_ADDRESS, SimMachine, Window
from rumphost.models import TeachModel


def test_models_go_into_slots_in_order() -> None:
    machine = SimMachine(models=[TeachModel(), TeachModel()])
    third = machine.plug(TeachModel(), 2, 1)
    assert [str(function.address) for function in machine.functions] == [
        "00:02.1",
        "00:03.0",
        "00:04.0",
    ]
    assert third.address == PciAddress(0, 2, 1)


@pytest.mark.parametrize(
    ("device", "function", "says"), [(3, 0, "is taken"), (32, 0, "no device"), (4, 8, "function 8")]
)
def test_slots_that_do_not_exist_or_are_taken(device: int, function: int, says: str) -> None:
    machine = SimMachine(models=[TeachModel()])
    with pytest.raises(UsageError, match=says):
        machine.plug(TeachModel(), device, function)


def test_the_bus_has_room_for_32() -> None:
    machine = SimMachine(models=[TeachModel() for _ in range(32)])
    ranges = sorted(
        (bar.is_io, bar.address, bar.address + bar.size)
        for function in machine.functions
        for bar in function.bars.values()
    )
    assert all(one[2] <= two[1] for one, two in pairwise(ranges) if one[0] == two[0])
    with pytest.raises(UsageError, match="every slot"):
        machine.plug(TeachModel())


def test_a_window_gives_out_aligned_addresses_again_and_again() -> None:
    window = Window(0x1000, 0x4000)
    assert [window.take(0x100), window.take(0x1000), window.take(0x100)] == [0x1000, 0x2000, 0x1100]
    window.release(0x1000)
    assert window.take(0x80) == 0x1000
    with pytest.raises(MachineError, match="no room"):
        window.take(0x2000)


def test_wires_turn_with_the_slot() -> None:
    machine = SimMachine()
    lines = [
        machine.plug(TeachModel(), slot).allocate_vectors("intx", 1)[0] for slot in (4, 5, 6, 8)
    ]
    assert [line.name for line in lines] == ["inta", "intb", "intc", "inta"]
    assert machine.functions[0].config_read(0x3C, 1) == 11


def test_message_vectors_are_different_lines_and_are_given_back() -> None:
    machine = SimMachine(models=[TeachModel(), TeachModel()])
    first, second = machine.functions
    lines = first.allocate_vectors("msix", 2) + second.allocate_vectors("msix", 2)
    assert len({id(line) for line in lines}) == 4
    first.release_vectors("msix")
    assert [line.name for line in first.allocate_vectors("msi", 1)] == ["00:03.0 msi 0"]


def test_dma_memory_is_where_no_process_address_is() -> None:
    machine = SimMachine()
    (chunk,) = machine.dma.chunks
    assert chunk.bus_address == DMA_ADDRESS != chunk.address
    machine.dma.write(DMA_ADDRESS, b"abc")
    assert machine.dma.read(DMA_ADDRESS + 1, 2) == b"bc"
    with pytest.raises(DmaError, match="not DMA memory"):
        machine.dma.read(DMA_ADDRESS + chunk.size - 1, 2)


async def test_a_closed_machine_is_silent_and_used_up() -> None:
    machine = SimMachine(models=[model := TeachModel()])
    async with machine:
        model.map_bar(0).write(0x4C, 4, 1000)
    assert machine.functions == []
    assert machine.events.next_ns() is None
    await machine.close()
    with pytest.raises(MachineError, match="used once"):
        await machine.open()


async def test_on_a_real_clock_serving_runs_the_events() -> None:
    machine = SimMachine(RealClock(), [model := TeachModel()])
    region, told = model.map_bar(0), trio.Event()
    machine.on_outside_event = told.set
    model.allocate_vectors("intx", 1)
    with trio.fail_after(10):
        async with machine, trio.open_nursery() as nursery:
            await nursery.start(machine.serve)
            region.write(0x10, 4, 7)
            region.write(0x4C, 4, 200_000)
            await told.wait()
            assert region.read(0x50, 4) >= 1
            assert model.config_read(6, 2) & 8
            nursery.cancel_scope.cancel()


async def test_polling_runs_what_is_due() -> None:
    machine = SimMachine(RealClock(), [model := TeachModel()])
    region = model.map_bar(0)
    region.write(0x4C, 4, 1)
    while not region.read(0x50, 4):
        machine.poll()
    await machine.close()
