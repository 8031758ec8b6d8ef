"""The edu device, as QEMU documents it."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import pytest

from rumphost.models import EduModel

ID, LIVENESS, FACTORIAL, STATUS, IRQ_STATUS, RAISE, ACK = 0, 4, 8, 0x20, 0x24, 0x60, 0x64
SRC, DST, COUNT, COMMAND = 0x80, 0x88, 0x90, 0x98
BUFFER = 0x40000


@pytest.fixture
def bench(rig: Callable):
    return rig(EduModel())


def run_dma(bench, source: int, target: int, count: int, command: int) -> None:
    for offset, value in ((SRC, source), (DST, target), (COUNT, count), (COMMAND, command)):
        bench.write(offset, value, 8)


def test_identity_and_liveness(bench) -> None:
    assert bench.model.config_read(0, 4) == 0x11E8_1234
    assert bench.read(ID) & 0xFFFF == 0xED
    bench.write(LIVENESS, 0x1234_5678)
    assert bench.read(LIVENESS) == 0xEDCB_A987


@pytest.mark.parametrize("number", [0, 1, 5, 12, 20, 40])
def test_factorial_takes_its_time(bench, number: int) -> None:
    bench.write(FACTORIAL, number)
    assert bench.read(STATUS) & 1
    bench.advance(1_000_000)
    assert not bench.read(STATUS) & 1
    assert bench.read(FACTORIAL) == factorial(number) % 2**32
    assert not bench.line.asserted


def test_factorial_interrupt(bench) -> None:
    bench.write(STATUS, 0xFF)
    assert bench.read(STATUS) == 0x80
    bench.write(FACTORIAL, 3)
    bench.advance(1_000_000)
    assert bench.read(IRQ_STATUS) == 1
    assert bench.line.asserted
    bench.write(ACK, 1)
    assert not bench.line.asserted


def test_interrupts_raised_by_hand(bench) -> None:
    bench.write(RAISE, 0x30)
    bench.write(ACK, 0x10)
    assert bench.read(IRQ_STATUS) == 0x20
    assert bench.line.asserted
    bench.write(ACK, 0x20)
    assert not bench.line.asserted


def test_msi(rig: Callable) -> None:
    bench = rig(EduModel(), kind="msi")
    bench.write(RAISE, 1)
    assert [name for _, name in bench.fired] == ["00:03.0 msi 0"]


def test_dma_there_and_back(bench) -> None:
    text = b"there and back again"
    source, target = bench.allocate(64, text), bench.allocate(64)
    run_dma(bench, source, BUFFER + 8, len(text), 1)
    assert bench.read(COMMAND) & 1
    run_dma(bench, 0, 0, 0, 1)
    bench.advance(100_000_000)
    assert not bench.read(COMMAND) & 1
    run_dma(bench, BUFFER + 8, target, len(text), 7)
    bench.advance(99_999_999)
    assert not bench.line.asserted
    bench.advance(1)
    assert bench.memory.read(target, len(text)) == text
    assert bench.read(IRQ_STATUS) == 0x100


def test_dma_reaches_28_bits_and_its_buffer_only(bench) -> None:
    target = bench.allocate(16)
    run_dma(bench, BUFFER + 4090, target, 16, 3)
    bench.advance(100_000_000)
    assert "outside of the buffer" in bench.model.notes[-1]
    run_dma(bench, target + (1 << 32), BUFFER, 16, 1)
    bench.advance(100_000_000)
    assert "is cut to" in bench.model.notes[-1]


def test_widths(bench) -> None:
    assert bench.read(ID, 2) == 0xFFFF
    assert bench.read(ID, 8) == 2**64 - 1
    bench.write(SRC, 0x1122_3344)
    bench.write(SRC + 4, 1)
    assert bench.read(SRC, 8) == 0x1_1122_3344
