"""The life of an open function: one owner, its death, unbinding, unplugging, unloading."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import select
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from hardware import (
    COMMAND_MASTER,
    EDU,
    EDU_BITS,
    EDU_BUFFER,
    EDU_COMMAND,
    EDU_COUNT,
    EDU_DESTINATION,
    EDU_ID,
    EDU_RAISE,
    EDU_SOURCE,
    Hardware,
    Monitor,
    attribute,
    command_register,
    eventually,
    refused,
)

from rumphost.errors import HostLacks, MachineError, UsageError
from rumphost.machine.kmod.node import Node
from rumphost.machine.sysfs import SysfsFunction, bind, unbind

KILLS = int(os.environ.get("RUMPHOST_KILLS", "100"))
PLUGGED = "0000:01:00.0"


class TestOneOwner:
    def test_a_second_open_is_told_who(self, edu):
        with pytest.raises(MachineError, match=rf"in use by process {os.getpid()} \("):
            Node(edu.node.function)
        assert attribute(EDU, "holder").split()[0] == str(os.getpid())

    def test_the_file_of_a_parent(self, edu):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with refused(errno.EPERM):
                    edu.request("GET_INFO", "info")
                with refused(errno.EPERM):
                    edu.map(0, mmap.PAGESIZE)
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert edu.read(EDU_ID) == 0x010000ED

    def test_read_only(self, edu_function):
        for flags in (os.O_RDONLY, os.O_WRONLY):
            with refused(errno.EACCES):
                os.open(f"/dev/rumphost/{EDU}", flags)

    def test_what_a_user_is_told(self, edu_function):
        with pytest.raises(UsageError, match=r"no PCI function 0000:77:00\.0"):
            Node(SysfsFunction("0000:77:00.0"))
        with pytest.raises(MachineError, match=r"0000:00:1f\.3 is .*run rumphost bind"):
            Node(SysfsFunction("0000:00:1f.3"))
        with pytest.raises(HostLacks, match="no driver sorcery"):
            bind(edu_function, "sorcery")

    def test_a_bridge_is_refused(self):
        port = SysfsFunction("0000:00:0a.0")
        assert port.is_bridge
        before = port.driver
        with pytest.raises(UsageError, match="is a bridge"):
            bind(port, "rumphost")
        assert port.driver == before
        (port.path / "driver_override").write_text("rumphost")  # and without asking
        (port.path / "driver/unbind").write_text(port.name)
        Path("/sys/bus/pci/drivers_probe").write_text(port.name)
        assert port.driver == ""
        unbind(port)
        assert port.driver == before


def word(bar: mmap.mmap, offset: int) -> int:
    return ctypes.c_uint32.from_buffer(bar, offset).value


def busy(edu: Hardware) -> None:
    """Have the device as busy as it can be: DMA in both directions, and an interrupt.

    edu cannot be reset: what a process before told it to copy would go on with bus mastering on.
    """
    eventually(lambda: not edu.read(EDU_COMMAND, 8) & 1)
    edu.request("DMA_MASK", "dma_mask", bits=EDU_BITS)
    edu.master()
    given, _ = edu.allocate(1 << 20)
    memory = mmap.mmap(-1, 1 << 16)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    edu.map_memory(address, len(memory), 100)
    edu.interrupts("INTX")
    edu.write(EDU_SOURCE, given.bus_address, 8)
    edu.write(EDU_DESTINATION, EDU_BUFFER, 8)
    edu.write(EDU_COUNT, 4000, 8)
    edu.write(EDU_COMMAND, 5, 8)
    edu.write(EDU_RAISE, 1)


def quiet_again() -> None:
    """The module has taken everything back."""
    eventually(lambda: not attribute(EDU, "holder"))
    assert not command_register(EDU) & COMMAND_MASTER
    assert attribute(EDU, "dma_bytes") == "0"
    with open("/proc/interrupts") as interrupts:
        assert f"rumphost-{EDU}" not in interrupts.read()


class TestDeath:
    def test_a_thread_with_files_of_its_own(self, edu):
        """Its end is not its process's."""
        libc = ctypes.CDLL(None, use_errno=True)
        clone_files = 0x400
        results = []

        def unshare() -> None:
            results.append((libc.unshare(clone_files), threading.get_native_id()))

        thread = threading.Thread(target=unshare)
        thread.start()
        thread.join()
        ((status, number),) = results
        assert status == 0
        eventually(lambda: not os.path.exists(f"/proc/self/task/{number}"))
        assert edu.request("GET_INFO", "info").vendor == 0x1234

    def test_killed(self, edu_function):
        """Killed in the middle of it, over and over."""
        for _ in range(KILLS):
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                try:
                    edu = Hardware(Node(edu_function))
                    busy(edu)
                    os.write(writing, b"x")
                    while True:
                        edu.read(EDU_ID)
                finally:
                    os._exit(1)
            os.close(writing)
            assert os.read(reading, 1) == b"x"
            os.close(reading)
            os.kill(child, signal.SIGKILL)
            assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
            quiet_again()

    def test_an_heir_of_the_file_keeps_nothing_running(self, edu_function):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            edu = Hardware(Node(edu_function))
            busy(edu)
            heir = os.fork()
            if heir == 0:
                time.sleep(60)
                os._exit(0)
            os.write(writing, str(heir).encode())
            os._exit(0)  # and the heir has the file still
        os.close(writing)
        heir = int(os.read(reading, 10))
        os.waitpid(child, 0)
        eventually(lambda: not command_register(EDU) & COMMAND_MASTER)
        assert attribute(EDU, "holder")
        os.kill(heir, signal.SIGKILL)
        quiet_again()

    def test_closed_in_the_middle(self, edu_function):
        edu = Hardware(Node(edu_function))
        busy(edu)
        edu.close()
        quiet_again()
        again = Hardware(Node(edu_function))
        assert again.read(EDU_ID) == 0x010000ED
        again.close()


class TestRemoval:
    """Unbinding, and unplugging by QEMU's monitor, with everything in use."""

    def gone(self, edu: Hardware, bar: mmap.mmap, memory: mmap.mmap) -> None:
        poll = select.poll()
        poll.register(edu.node.fd, select.POLLIN)
        ((_, events),) = poll.poll(20000)
        assert events & select.POLLHUP
        assert word(bar, EDU_ID) == 0xFFFFFFFF
        edu.write(8, 12)  # into nowhere
        assert word(bar, 4096) == 0xFFFFFFFF
        memory[:5] = memory[:5]
        assert memory[:5] == b"ours!"
        for name, struct in (("GET_INFO", "info"), ("CONFIG_READ", "config"), ("RESET", "")):
            with refused(errno.ENODEV):
                edu.request(name, struct)
        with refused(errno.ENODEV):
            edu.map(0, mmap.PAGESIZE)

    def prepared(self, function: SysfsFunction) -> tuple[Hardware, mmap.mmap, mmap.mmap]:
        edu = Hardware(Node(function))
        edu.request("DMA_MASK", "dma_mask", bits=EDU_BITS)
        edu.master()
        given, memory = edu.allocate(1 << 16)
        memory[:5] = b"ours!"
        own = mmap.mmap(-1, 1 << 16)
        edu.map_memory(ctypes.addressof(ctypes.c_char.from_buffer(own)), len(own), 100)
        edu.interrupts("INTX")
        bar = edu.map(edu.info.bars[0].mmap_offset, 8192)
        assert word(bar, EDU_ID) == 0x010000ED
        edu.write(EDU_SOURCE, given.bus_address, 8)
        edu.write(EDU_DESTINATION, EDU_BUFFER, 8)
        edu.write(EDU_COUNT, 4000, 8)
        edu.write(EDU_COMMAND, 5, 8)
        return edu, bar, memory

    def test_unbound(self, edu_function):
        edu, bar, memory = self.prepared(edu_function)
        try:
            unbind(edu_function)
            assert edu_function.driver == ""
            assert not command_register(EDU) & COMMAND_MASTER
            self.gone(edu, bar, memory)
        finally:
            edu.close()
            bind(edu_function, "rumphost")
        again = Hardware(Node(edu_function))
        assert again.read(EDU_ID) == 0x010000ED
        again.close()

    def test_unplugged(self):
        function = SysfsFunction(PLUGGED)
        bind(function, "rumphost")
        edu, bar, memory = self.prepared(function)
        monitor = Monitor()
        try:
            monitor.execute("device_del", id="plugged")
            eventually(lambda: not function.exists)
            monitor.wait_for("DEVICE_DELETED")
            self.gone(edu, bar, memory)
            edu.close()
            monitor.execute("device_add", driver="edu", id="plugged", bus="rp")
            eventually(lambda: function.exists)
        finally:
            monitor.close()


class TestModule:
    def test_it_stays_while_a_function_is_open(self, edu):
        done = subprocess.run(
            ["busybox", "rmmod", "rumphost"], capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert "temporarily unavailable" in done.stderr
        assert edu.read(EDU_ID) == 0x010000ED
