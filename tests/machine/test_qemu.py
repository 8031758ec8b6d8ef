"""The qemu: machine against a real QEMU: registers, configuration space, DMA, life and death."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys

import pytest
import trio
from qemu_e1000 import read_eeprom, station_address

from rumphost.errors import HostLacks, MachineError, UsageError
from rumphost.machine import DmaError, PciAddress
from rumphost.machine.qemu import QemuMachine

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed"
)

EDU_LIVENESS, EDU_FACTORIAL, EDU_STATUS = 0x04, 0x08, 0x20
EDU_DMA_SOURCE, EDU_DMA_DESTINATION, EDU_DMA_COUNT, EDU_DMA_COMMAND = 0x80, 0x88, 0x90, 0x98
EDU_BUFFER = 0x40000
COMMAND = 0x04


async def wait_clear(region, offset: int, mask: int) -> None:
    """Let QEMU work until the bits of a register are clear."""
    with trio.fail_after(10):
        while region.read(offset, 4) & mask:
            await trio.lowlevel.checkpoint()


async def test_an_e1000_as_firmware_would_leave_it():
    async with QemuMachine.from_text("e1000:mac=52-54-00-ab-cd-ef", None) as machine:
        (function,) = machine.functions
        assert function.config_read(0, 4) == 0x100E8086
        assert function.address == PciAddress(0, 1, 0)
        assert {index: (bar.size, bar.is_io) for index, bar in function.bars.items()} == {
            0: (0x20000, False),
            1: (0x40, True),
        }
        assert function.config_read(COMMAND, 2) & 7 == 3  # decoding, but no bus mastering
        registers = function.map_bar(0)
        assert function.map_bar(0) is registers
        assert station_address(registers) == bytes.fromhex("525400abcdef")
        assert sum(read_eeprom(registers, word) for word in range(64)) & 0xFFFF == 0xBABA


async def test_ports_and_memory_show_the_same_registers():
    async with QemuMachine.from_text("rtl8139:mac=52-54-00-ab-cd-ef", None) as machine:
        (function,) = machine.functions
        ports, memory = function.map_bar(0), function.map_bar(1)
        assert (ports.is_io, memory.is_io) == (True, False)
        for region in (ports, memory):
            assert region.read(0, 4) == 0xAB005452
            assert region.read(4, 2) == 0xEFCD
            assert region.read(1, 1) == 0x54
        ports.write(0x44, 4, 0x0000_0700)  # RxConfig
        assert memory.read(0x44, 4) == 0x0000_0700
        memory.write(0x44, 4, 0)
        assert ports.read(0x44, 4) == 0


async def test_configuration_space_can_be_sized_and_moved():
    async with QemuMachine(["edu"]) as machine:
        (function,) = machine.functions
        region = function.map_bar(0)
        bar = function.bars[0]
        assert region.read(0, 4) == 0x010000ED
        function.config_write(0x10, 4, 0xFFFF_FFFF)
        assert function.config_read(0x10, 4) == -bar.size & 0xFFFF_FFFF
        assert region.read(0, 4) == 0xFFFF_FFFF
        function.config_write(0x10, 4, bar.address)
        assert region.read(0, 4) == 0x010000ED
        function.config_write(COMMAND, 2, 0)
        assert region.read(0, 4) == 0xFFFF_FFFF
        region.write(EDU_LIVENESS, 4, 1)
        function.config_write(COMMAND, 2, 2)
        assert region.read(0, 4) == 0x010000ED
        assert function.config_read(0, 1) == 0x34
        assert function.config_read(2, 2) == 0x11E8


async def test_posted_writes_arrive_in_order_before_the_next_read():
    async with QemuMachine(["edu"]) as machine:
        region = machine.functions[0].map_bar(0)
        for last in (1, 63, 64, 65, 500):
            for value in range(last + 1):
                region.write(EDU_LIVENESS, 4, value)
            assert region.read(EDU_LIVENESS, 4) == ~last & 0xFFFF_FFFF
        region.write(EDU_LIVENESS, 4, 7)
        machine.flush()
        assert region.read_multi(EDU_LIVENESS, 4, 100) == [~7 & 0xFFFF_FFFF] * 100


async def test_serve_sends_writes_that_nobody_reads_after(nursery):
    async with QemuMachine(["edu"]) as machine:
        (function,) = machine.functions
        (line,) = function.allocate_vectors("intx", 1)
        raised = trio.Event()
        line.connect(lambda _line: raised.set())
        await nursery.start(machine.serve)
        function.map_bar(0).write(0x60, 4, 1)
        with trio.fail_after(10):
            await raised.wait()
        nursery.cancel_scope.cancel()


async def test_edu_computes_a_factorial():
    async with QemuMachine(["edu"]) as machine:
        region = machine.functions[0].map_bar(0)
        region.write(EDU_FACTORIAL, 4, 10)
        await wait_clear(region, EDU_STATUS, 1)
        assert region.read(EDU_FACTORIAL, 4) == 3628800


async def test_dma_both_ways():
    async with QemuMachine(["edu"]) as machine:
        (function,) = machine.functions
        function.config_write(COMMAND, 2, 6)
        region = function.map_bar(0)
        data = bytes(range(256)) * 4
        (chunk,) = machine.dma.chunks
        assert chunk.bus_address == 1 << 20
        source, destination = chunk.bus_address, chunk.bus_address + 0x10000
        machine.dma.write(source, data)
        for frm, to, command in ((source, EDU_BUFFER, 1), (EDU_BUFFER, destination, 3)):
            region.write(EDU_DMA_SOURCE, 8, frm)
            region.write(EDU_DMA_DESTINATION, 8, to)
            region.write(EDU_DMA_COUNT, 8, len(data))
            region.write(EDU_DMA_COMMAND, 8, command)
            await wait_clear(region, EDU_DMA_COMMAND, 1)
        assert machine.dma.read(destination, len(data)) == data


async def test_dma_memory_has_ends():
    async with QemuMachine(["edu"], memory_size=32 << 20) as machine:
        (chunk,) = machine.dma.chunks
        assert chunk.size == 31 << 20
        machine.dma.write((32 << 20) - 1, b"x")
        for bus_address in (0, (1 << 20) - 1, 32 << 20):
            with pytest.raises(DmaError):
                machine.dma.read(bus_address, 1)


async def test_several_devices_in_order_and_in_their_slots():
    async with QemuMachine.from_text("edu:addr=7,e1000:addr=4,edu", None) as machine:
        found = {f.address.device: f.config_read(0, 4) for f in machine.functions}
        assert found == {4: 0x100E8086, 7: 0x11E81234, 1: 0x11E81234}
        assert [f.address for f in machine.functions] == sorted(
            f.address for f in machine.functions
        )
        placed = [
            range(bar.address, bar.address + bar.size)
            for function in machine.functions
            for bar in function.bars.values()
            if not bar.is_io
        ]
        for one in placed:
            assert sum(other.start < one.stop and one.start < other.stop for other in placed) == 1


@pytest.mark.parametrize("device", ["nvme,serial=1", "edu"])
async def test_reset_takes_bus_mastering_away(device):
    async with QemuMachine([device]) as machine:
        (function,) = machine.functions
        region = function.map_bar(0)
        before = region.read(0, 4)
        function.config_write(COMMAND, 2, 7)
        function.reset()
        assert function.config_read(COMMAND, 2) & 7 == 2
        assert region.read(0, 4) == before


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("flux-capacitor", "'flux-capacitor' is not a valid device model name"),
        ("e1000:flux=1", "Property 'e1000.flux' not found"),
        ("e1000:addr=99", "addr"),
    ],
)
async def test_a_device_that_qemu_refuses_is_told_in_its_words(device, words):
    with pytest.raises(UsageError, match=words):
        async with QemuMachine.from_text(device):
            pass


@pytest.mark.parametrize("text", ["", "e1000:mac=nonsense", "e1000:loose"])
def test_names_that_make_no_machine(text):
    with pytest.raises(UsageError):
        QemuMachine.from_text(text)


@pytest.mark.parametrize("netdev", ["carrier-pigeon", "tap", "tap,ifname=tap0"])
def test_networks_that_do_not_exist(netdev):
    with pytest.raises(UsageError, match="unknown network backend"):
        QemuMachine(["e1000"], netdev)


@pytest.mark.parametrize("size", [0, 8 << 20, (64 << 20) + 1, 4096 << 20])
def test_memory_sizes_that_do_not_work(size):
    with pytest.raises(UsageError, match="RAM"):
        QemuMachine(["edu"], memory_size=size)


async def test_a_missing_qemu_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostLacks, match="qemu-system-x86_64 is not installed: install QEMU") as e:
        async with QemuMachine(["edu"]):
            pass
    assert e.value.exit_status == 3


async def test_a_qemu_that_is_none_is_reported(tmp_path):
    fake = tmp_path / "qemu"
    fake.write_text("#!/bin/sh\necho no such luck >&2\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(MachineError, match="no such luck"):
        async with QemuMachine(["edu"], binary=str(fake)):
            pass


async def test_a_killed_qemu_is_reported_by_every_access():
    async with QemuMachine(["edu"]) as machine:
        region = machine.functions[0].map_bar(0)
        with os.fdopen(os.pidfd_open(machine.pid)) as pidfd:
            os.kill(machine.pid, signal.SIGKILL)
            await trio.lowlevel.wait_readable(pidfd)
        with pytest.raises(MachineError, match="was killed by SIGKILL"):
            region.read(0, 4)
        with pytest.raises(MachineError, match="SIGKILL"):
            region.write(EDU_LIVENESS, 4, 1)
        with pytest.raises(MachineError, match="SIGKILL"):
            machine.flush()
        assert machine.dma.read(1 << 20, 4) == bytes(4)


async def test_a_killed_qemu_ends_serve():
    async with QemuMachine(["edu"]) as machine:
        os.kill(machine.pid, signal.SIGKILL)
        with pytest.raises(MachineError, match="SIGKILL"), trio.fail_after(10):
            await machine.serve()


async def test_close_and_cancellation_end_qemu():
    machine = QemuMachine(["edu"])
    with trio.CancelScope() as scope:
        async with machine:
            pid = machine.pid
            scope.cancel()
            await trio.sleep_forever()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await machine.close()
    with pytest.raises(MachineError, match="closed"):
        machine.flush()
    async with machine:  # and again
        assert machine.functions[0].map_bar(0).read(0, 4) == 0x010000ED


async def test_an_access_after_close_is_refused():
    async with QemuMachine(["edu"]) as machine:
        region = machine.functions[0].map_bar(0)
    with pytest.raises(MachineError, match="closed"):
        region.read(0, 4)


async def test_no_descriptor_is_left_behind():
    before = os.listdir("/proc/self/fd")
    async with QemuMachine(["e1000", "edu"], "dgram"):
        pass
    assert len(os.listdir("/proc/self/fd")) == len(before)


PROGRAM = """
import sys, trio
from rumphost.machine.qemu import QemuMachine
async def main():
    async with QemuMachine(["edu"]) as machine:
        print(machine.pid, flush=True)
        await trio.sleep_forever()
trio.run(main)
"""


def test_qemu_dies_with_us():
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    ) as child:
        assert child.stdout is not None
        pidfd = os.pidfd_open(int(child.stdout.readline()))
        child.kill()
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(10_000)
    os.close(pidfd)
