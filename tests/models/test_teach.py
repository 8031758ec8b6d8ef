"""The teaching device, register by register."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rumphost.machine.config_space import COMMAND, COMMAND_MEMORY
from rumphost.models import TeachModel

ID, CTRL, STATUS, ISR, IMR, LATENCY, BYTE_TIME = range(0, 0x1C, 4)
SRC, DST, LENGTH, DOORBELL, RESULT, ERROR, COUNT = 0x1C, 0x24, 0x2C, 0x30, 0x34, 0x38, 0x3C
DATA, LEVEL, SCRATCH, PERIOD, TICKS, SUM = 0x40, 0x44, 0x48, 0x4C, 0x50, 0x54


@pytest.fixture
def bench(rig: Callable):
    bench = rig(TeachModel())
    bench.write(CTRL, 1)
    bench.write(IMR, 7)
    return bench


def start_dma(bench, text: bytes, command: int = 1) -> int:
    target = bench.allocate(len(text))
    bench.write(SRC, bench.allocate(len(text), text))
    bench.write(DST, target)
    bench.write(LENGTH, len(text))
    bench.write(DOORBELL, command)
    return target


def test_identity_and_scratch(bench) -> None:
    assert bench.read(ID) == 0x7EAC_0001
    bench.write(SCRATCH, 0xA5A5_5A5A)
    assert bench.read(SCRATCH) == 0xA5A5_5A5A
    assert bench.model.map_bar(1).read(SCRATCH, 4) == 0xA5A5_5A5A
    assert bench.read(0x60) == 0xFFFF_FFFF


def test_dma_swaps_the_case_after_its_time_and_interrupts(bench) -> None:
    target = start_dma(bench, b"Hello, World")
    assert bench.read(STATUS) == 1
    bench.advance(10_000 + 8 * 12 - 1)
    assert bench.memory.read(target, 12) == bytes(12)
    assert not bench.line.asserted
    bench.advance(1)
    assert bench.memory.read(target, 12) == b"hELLO, wORLD"
    assert bench.line.asserted
    assert [bench.read(at) for at in (STATUS, ISR, RESULT, ERROR)] == [0, 1, 12, 0]
    assert bench.read(SUM) == sum(b"Hello, World")
    assert [bench.read(COUNT), bench.read(COUNT)] == [1, 0]
    bench.write(ISR, 1)
    assert not bench.line.asserted


def test_sum_only_reads(bench) -> None:
    target = start_dma(bench, b"abc", command=3)
    bench.advance(20_000)
    assert bench.memory.read(target, 3) == bytes(3)
    assert bench.read(SUM) == sum(b"abc")


def test_fifo(bench) -> None:
    for byte in b"Xyz":
        bench.write(DATA, byte, 1)
    assert bench.read(LEVEL) == 3
    bench.write(DOORBELL, 2)
    bench.advance(20_000)
    assert bench.read(STATUS) == 4
    assert bench.read(LEVEL) == 0x300
    assert bytes(bench.region.read_multi(DATA, 1, 4)) == b"xYZ\0"
    assert bench.read(STATUS) == 0
    bench.region.write_multi(DATA, 1, [0x61] * 70)
    assert bench.read(STATUS) == 8
    assert bench.read(LEVEL) == 64


@pytest.mark.parametrize(
    ("registers", "error"),
    [
        ([(DOORBELL, 9)], 1),
        ([(LENGTH, 0), (DOORBELL, 1)], 2),
        ([(LENGTH, 0x10001), (DOORBELL, 1)], 2),
        ([(DOORBELL, 2)], 2),
        ([(CTRL, 0), (DOORBELL, 1)], 4),
    ],
)
def test_mistakes_are_found_at_the_doorbell(bench, registers, error: int) -> None:
    for offset, value in registers:
        bench.write(offset, value)
    assert [bench.read(at) for at in (STATUS, ISR, RESULT, ERROR)] == [2, 2, 0, error]
    assert bench.line.asserted


def test_a_bus_error_fails_the_command(bench) -> None:
    start_dma(bench, b"abc")
    bench.model.config_write(COMMAND, 2, COMMAND_MEMORY)
    bench.advance(20_000)
    assert [bench.read(at) for at in (STATUS, ISR, RESULT, ERROR, COUNT)] == [2, 2, 0, 3, 0]


def test_a_busy_device_refuses_and_goes_on(bench) -> None:
    target = start_dma(bench, b"abc")
    bench.write(LENGTH, 1)
    bench.write(DOORBELL, 1)
    assert [bench.read(at) for at in (STATUS, ISR, ERROR)] == [1, 2, 5]
    bench.advance(20_000)
    assert bench.memory.read(target, 3) == b"ABC"
    assert [bench.read(at) for at in (STATUS, ISR, ERROR, RESULT)] == [0, 3, 0, 3]


def test_timer_ticks(bench) -> None:
    bench.write(PERIOD, 1000)
    bench.advance(3500)
    assert [bench.read(TICKS), bench.read(TICKS), bench.read(ISR)] == [3, 0, 4]
    bench.write(PERIOD, 0)
    bench.advance(5000)
    assert bench.read(TICKS) == 0


def test_reset_bit(bench) -> None:
    start_dma(bench, b"abc")
    bench.write(DOORBELL, 1)
    bench.write(CTRL, 3)
    assert not bench.line.asserted
    assert [bench.read(at) for at in (CTRL, STATUS, ISR, IMR, LATENCY)] == [0, 0, 0, 0, 10_000]
    bench.advance(50_000)
    assert bench.read(COUNT) == 0


def test_msix_vectors_tell_done_from_error(rig: Callable) -> None:
    bench = rig(TeachModel(), kind="msix", vectors=2)
    bench.write(CTRL, 1)
    bench.write(IMR, 3)
    bench.write(DOORBELL, 9)
    start_dma(bench, b"abc")
    bench.advance(20_000)
    start_dma(bench, b"abc")
    bench.advance(20_000)
    assert [name[-1] for _, name in bench.fired] == ["1", "0"]
    bench.write(ISR, 3)
    start_dma(bench, b"abc")
    bench.advance(20_000)
    assert [name[-1] for _, name in bench.fired] == ["1", "0", "0"]
