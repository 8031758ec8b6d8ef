"""Interrupts of QEMU's devices: INTx lines, MSI and MSI-X as events."""

from __future__ import annotations

import shutil

import pytest
import trio
from qemu_e1000 import ICR, ICS, IMS

from rumphost.errors import MachineError
from rumphost.machine.qemu import QemuMachine
from rumphost.machine.qemu.intx import line_number

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed"
)

EDU_RAISE, EDU_ACKNOWLEDGE = 0x60, 0x64
IVAR = 0xE4


def test_pins_are_wired_as_on_q35():
    assert [line_number(1, pin) for pin in (1, 2, 3, 4)] == [21, 22, 23, 20]
    assert line_number(25, 1) == 16
    assert line_number(26, 2) == 17


async def test_an_e1000_raises_its_line_by_ics():
    async with QemuMachine(["e1000,mitigation=off"], None) as machine:
        (function,) = machine.functions
        registers = function.map_bar(0)
        (line,) = function.allocate_vectors("intx", 1)
        seen = []
        line.connect(seen.append)
        assert line.level
        assert function.config_read(0x3C, 1) == 21
        registers.write(ICS, 4, 4)
        machine.flush()
        assert not line.asserted  # it is masked
        registers.write(IMS, 4, 4)
        machine.flush()
        assert line.asserted
        assert seen == [line]
        assert registers.read(ICR, 4) & 4
        line.unmask()
        assert not line.asserted
        registers.write(ICS, 4, 4)
        machine.flush()
        assert seen == [line, line]


async def test_a_line_is_shared_until_the_last_lets_go():
    async with QemuMachine(["edu,addr=3", "edu,addr=7"]) as machine:
        one, other = (function.map_bar(0) for function in machine.functions)
        lines = [function.allocate_vectors("intx", 1)[0] for function in machine.functions]
        assert lines[0] is lines[1]
        for region in (one, other):
            region.write(EDU_RAISE, 4, 1)
        one.write(EDU_ACKNOWLEDGE, 4, 1)
        lines[0].unmask()
        assert lines[0].asserted
        other.write(EDU_ACKNOWLEDGE, 4, 1)
        lines[0].unmask()
        assert not lines[0].asserted
        assert lines[0].count == 1


async def test_a_disabled_line_stays_low():
    async with QemuMachine(["edu"]) as machine:
        (function,) = machine.functions
        function.config_write(4, 2, 0x402)
        (line,) = function.allocate_vectors("intx", 1)
        assert not function.config_read(4, 2) & 0x400
        function.config_write(4, 2, 0x402)
        function.map_bar(0).write(EDU_RAISE, 4, 1)
        machine.flush()
        assert not line.asserted


async def test_an_msi_is_an_event():
    async with QemuMachine(["edu"]) as machine:
        (function,) = machine.functions
        function.config_write(4, 2, 6)
        assert [function.vector_count(kind) for kind in ("intx", "msi", "msix")] == [1, 1, 0]
        (line,) = function.allocate_vectors("msi", 1)
        assert not line.level
        seen = []
        line.connect(seen.append)
        region = function.map_bar(0)
        for count in (1, 2, 3):
            region.write(EDU_RAISE, 4, 1)
            machine.flush()
            assert len(seen) == count
        function.release_vectors("msi")
        region.write(EDU_RAISE, 4, 1)
        machine.flush()
        assert len(seen) == 3
        function.allocate_vectors("msi", 1)


async def test_serve_brings_messages_in_and_tells_the_host(nursery):
    async with QemuMachine(["edu"]) as machine:
        (function,) = machine.functions
        function.config_write(4, 2, 6)
        (line,) = function.allocate_vectors("msi", 1)
        fired, told = trio.Event(), trio.Event()
        line.connect(lambda _line: fired.set())
        machine.on_outside_event = told.set
        await nursery.start(machine.serve)
        # Completion of a factorial, which QEMU computes in a thread of its own.
        region = function.map_bar(0)
        region.write(0x20, 4, 0x80)
        region.write(0x08, 4, 5)
        with trio.fail_after(10):
            await fired.wait()
            await told.wait()
        assert region.read(0x24, 4) == 1
        nursery.cancel_scope.cancel()


async def test_poll_brings_messages_in_without_serve():
    async with QemuMachine(["edu"]) as machine:
        (function,) = machine.functions
        function.config_write(4, 2, 6)
        (line,) = function.allocate_vectors("msi", 1)
        region = function.map_bar(0)
        region.write(0x20, 4, 0x80)
        region.write(0x08, 4, 5)
        with trio.fail_after(10):
            while not line.count:
                machine.poll()
                await trio.lowlevel.checkpoint()


async def test_msix_vectors_are_told_apart():
    async with QemuMachine(["e1000e"], None) as machine:
        (function,) = machine.functions
        function.config_write(4, 2, 7)
        assert function.vector_count("msix") == 5
        lines = function.allocate_vectors("msix", 3)
        assert [line.count for line in lines] == [0, 0, 0]
        registers = function.map_bar(0)
        # Receive queue 0 to vector 2, receive queue 1 to vector 0; each has a valid bit.
        registers.write(IVAR, 4, 0x08 << 4 | 0xA)
        for cause, counts in ((1 << 20, [0, 0, 1]), (1 << 21, [1, 0, 1])):
            registers.write(IMS, 4, cause)
            registers.write(ICS, 4, cause)
            machine.flush()
            assert [line.count for line in lines] == counts


async def test_vectors_are_allocated_once_and_not_too_many():
    async with QemuMachine(["e1000e"], None) as machine:
        (function,) = machine.functions
        with pytest.raises(MachineError, match="6 msix vectors: the function has 5"):
            function.allocate_vectors("msix", 6)
        function.allocate_vectors("msix", 2)
        with pytest.raises(MachineError, match="allocated already"):
            function.allocate_vectors("msix", 1)
        function.release_vectors("msix")
        assert len(function.allocate_vectors("msix", 5)) == 5


async def test_a_machine_without_the_doorbell_has_intx_only():
    async with QemuMachine(["e1000e"], None, message_interrupts=False) as machine:
        (function,) = machine.functions
        assert [function.vector_count(kind) for kind in ("intx", "msi", "msix")] == [1, 0, 0]
        with pytest.raises(MachineError, match="no msi vectors"):
            function.allocate_vectors("msi", 1)
