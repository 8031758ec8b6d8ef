"""The teaching driver: sysctl nodes, DMA, FIFO, interrupts of every kind, failure, suspend, detach.

Read it as an example of how to test a driver of one's own: the ``device`` fixture attaches what
``@pytest.mark.driver`` names, on each of the machines of ``@pytest.mark.machine``, and fails the
test when the driver crashes or leaves something behind. On ``sim:`` machines no wait takes time.
"""

from __future__ import annotations

import pytest
import trio

from rumphost.errors import UsageError
from rumphost.kernel.sysctl import SysctlError
from rumphost.machine.config_space import COMMAND, COMMAND_MASTER

ENOENT, ENXIO, EIO, ETIMEDOUT = 2, 6, 5, 60  # NetBSD's numbers
MSIX, MSI, INTX = "sim:teach", "sim:teach:msix=off", "sim:teach:msi=off:msix=off"
pytestmark = [pytest.mark.driver("teach"), pytest.mark.machine(MSIX)]


def counts(host) -> dict[str, int]:
    """Return the driver's event counters by name."""
    return {count.name: count.value for count in host.counts()}


@pytest.fixture
def model(host):
    """The hardware."""
    return host.machine.functions[0]


class TestAttach:
    @pytest.mark.machine(MSIX, MSI)
    async def test_what_it_says(self, host, device):
        assert device.xname == "teach0"
        assert [line.text for line in host.console.lines] == [
            "teach0 at pci0 dev 3 function 0: rumphost teaching device (rev. 0x01)",
            "teach0: interrupting at msi0 vec 0",
            "teach0: revision 1",
        ]

    @pytest.mark.machine(INTX)
    async def test_the_line_where_there_is_nothing_else(self, host, device):
        assert "teach0: interrupting at irq 5\n" in host.console.text

    async def test_the_nodes(self, host, device):
        names = ["text", "fifo", "copy", "counter", "ticks", "scratch", "latency", "period"]
        ours = {name for name in host.sysctls if name.startswith("hw.teach0.")}
        assert ours == {f"hw.teach0.{name}" for name in names}
        await host.detach(device)
        assert not any("teach" in name for name in host.sysctls)

    @pytest.mark.machine("sim:teach,teach")
    async def test_two_of_them(self, host):
        first, second = await host.attach("teach")
        await host.set_sysctl("hw.teach0.text", "One")
        await host.set_sysctl("hw.teach1.text", "Two")
        assert await host.sysctl("hw.teach0.text") == "oNE"
        assert await host.sysctl("hw.teach1.text") == "tWO"
        await host.detach(first)
        await host.set_sysctl("hw.teach1.text", "Still there")
        assert await host.sysctl("hw.teach1.text") == "sTILL THERE"
        await host.detach(second)

    @pytest.mark.machine("sim:edu")
    async def test_no_such_device(self, host):
        with pytest.raises(UsageError, match="no device on sim:edu that it would drive"):
            await host.attach("teach")

    async def test_another_device_of_the_same_number(self, host, model):
        """The ID register says something else: the driver gives everything back."""
        model._values["ID"] = 0x12340001
        (device,) = await host.attach("teach")
        assert "teach0: no teaching device: ID 0x12340001\n" in host.console.text
        assert not any("teach" in name for name in host.sysctls)
        await host.detach(device)


@pytest.mark.machine(MSIX, MSI, INTX)
class TestTransfers:
    async def test_text_by_dma(self, host, device):
        assert await host.sysctl("hw.teach0.text") == ""
        for text, swapped in (("Hello, World", "hELLO, wORLD"), ("a", "A"), ("x" * 255, "X" * 255)):
            await host.set_sysctl("hw.teach0.text", text)
            assert await host.sysctl("hw.teach0.text") == swapped
        assert await host.sysctl("hw.teach0.counter") == 3

    async def test_text_through_the_fifo(self, host, device):
        await host.set_sysctl("hw.teach0.fifo", "Programmed I/O")
        assert await host.sysctl("hw.teach0.fifo") == "pROGRAMMED i/o"
        await host.set_sysctl("hw.teach0.fifo", "y" * 64)
        assert await host.sysctl("hw.teach0.fifo") == "Y" * 64
        with pytest.raises(SysctlError, match="not a valid value"):
            await host.set_sysctl("hw.teach0.fifo", "z" * 65)
        assert await host.sysctl("hw.teach0.fifo") == "Y" * 64

    @pytest.mark.parametrize("size", [1, 2, 63, 4095, 4096, 4097, 65535, 65536])
    async def test_the_self_test(self, host, device, size):
        await host.set_sysctl("hw.teach0.copy", size)
        assert await host.sysctl("hw.teach0.copy") == size

    @pytest.mark.parametrize("size", [0, -1, 65537])
    async def test_what_the_driver_refuses(self, host, device, size):
        with pytest.raises(SysctlError, match="not a valid value"):
            await host.set_sysctl("hw.teach0.copy", size)
        assert await host.sysctl("hw.teach0.counter") == 0

    async def test_each_command_is_one_interrupt(self, host, device):
        for _ in range(10):
            await host.set_sysctl("hw.teach0.copy", 100)
        events = counts(host)
        assert events["interrupts"] == 10
        assert events["errors"] == events["timeouts"] == 0

    async def test_a_command_takes_its_time(self, host, device):
        await host.set_sysctl("hw.teach0.latency", 5_000_000)
        start_s = trio.current_time()
        await host.set_sysctl("hw.teach0.copy", 1000)
        assert 5.008e-3 <= trio.current_time() - start_s < 5.5e-3

    async def test_many_users_at_once(self, host, device):
        """They wait for one another in the driver; nobody gets another's text."""

        async def use(number: int) -> None:
            await host.set_sysctl("hw.teach0.copy", 100 + number)

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(use, number)
        assert await host.sysctl("hw.teach0.counter") == 20
        assert 100 <= await host.sysctl("hw.teach0.copy") < 120

    @pytest.mark.parametrize("seed", [pytest.param(n, marks=pytest.mark.seed(n)) for n in range(5)])
    async def test_many_users_on_a_shaken_schedule(self, host, device, seed):
        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(host.set_sysctl, "hw.teach0.copy", 100 + number)
                nursery.start_soon(host.set_sysctl, "hw.teach0.fifo", "Text")
        assert await host.sysctl("hw.teach0.counter") == 20


class TestRegisters:
    async def test_scratch(self, host, device):
        for value in (0, 1, 0x7FFFFFFF, -1):
            await host.set_sysctl("hw.teach0.scratch", value)
            assert await host.sysctl("hw.teach0.scratch") == value

    async def test_the_timer(self, host, device):
        await host.set_sysctl("hw.teach0.period", 1_000_000)
        await trio.sleep(0.0505)
        assert await host.sysctl("hw.teach0.ticks") == 50
        assert counts(host)["interrupts"] == 50
        await host.set_sysctl("hw.teach0.period", 0)
        await trio.sleep(1)
        assert await host.sysctl("hw.teach0.ticks") == 50

    @pytest.mark.parametrize("name", ["counter", "ticks"])
    async def test_counters_cannot_be_written(self, host, device, name):
        with pytest.raises(SysctlError, match="not permitted"):
            await host.set_sysctl(f"hw.teach0.{name}", 1)


@pytest.mark.machine(MSIX, MSI, INTX)
class TestFailure:
    async def test_dma_outside_of_memory(self, host, device, model, monkeypatch):
        """The device goes for a wrong address: an error interrupt, a reset, and on."""
        with monkeypatch.context() as broken:
            broken.setattr(model, "_address", lambda _register: 0x7FFF_0000_0000)
            with pytest.raises(SysctlError) as failed:
                await host.set_sysctl("hw.teach0.copy", 1000)
        assert failed.value.errno == EIO
        assert "teach0: command failed: error 3\n" in host.console.text
        assert "7fff00000000" in model.notes[-1]
        host.findings.clear()  # of strict DMA: the device's fault, not the driver's
        assert counts(host)["errors"] == 1
        await host.set_sysctl("hw.teach0.copy", 1000)
        assert counts(host)["errors"] == 1

    async def test_bus_mastering_turned_off(self, host, device, model):
        """Then a device can neither reach memory nor send messages; a line it can pull."""
        command = model.config_read(COMMAND, 2)
        model.config_write(COMMAND, 2, command & ~COMMAND_MASTER)
        with pytest.raises(SysctlError) as failed:
            await host.set_sysctl("hw.teach0.copy", 1000)
        assert failed.value.errno == (EIO if host.machine.name == INTX else ETIMEDOUT)
        model.config_write(COMMAND, 2, command)
        await host.set_sysctl("hw.teach0.copy", 1000)

    async def test_a_device_that_keeps_silent(self, host, device, model):
        await host.set_sysctl("hw.teach0.latency", 2**31 - 1)  # longer than the driver waits
        start_s = trio.current_time()
        with pytest.raises(SysctlError) as failed:
            await host.set_sysctl("hw.teach0.text", "Lost")
        assert failed.value.errno == ETIMEDOUT
        assert 1.0 <= trio.current_time() - start_s < 1.05
        assert host.console.lines[-1].text == "teach0: timeout"
        assert counts(host)["timeouts"] == 1
        assert await host.sysctl("hw.teach0.text") == ""
        await host.set_sysctl("hw.teach0.latency", 1000)
        await host.set_sysctl("hw.teach0.text", "Found")
        assert await host.sysctl("hw.teach0.text") == "fOUND"

    async def test_a_lost_interrupt(self, host, device, model, monkeypatch):
        monkeypatch.setattr(model, "raise_interrupt", lambda _vector=0: None)
        with pytest.raises(SysctlError) as failed:
            await host.set_sysctl("hw.teach0.text", "Lost")
        assert failed.value.errno == ETIMEDOUT
        monkeypatch.undo()
        await host.set_sysctl("hw.teach0.text", "Found")
        assert await host.sysctl("hw.teach0.text") == "fOUND"


@pytest.mark.machine(MSIX, INTX)
class TestPower:
    async def test_suspend_and_resume(self, host, device, model):
        await host.set_sysctl("hw.teach0.latency", 20_000)
        await host.set_sysctl("hw.teach0.text", "Before")
        await host.suspend(device)
        assert not model.awake
        await host.resume(device)
        assert model.awake
        assert await host.sysctl("hw.teach0.latency") == 20_000  # the driver restored it
        await host.set_sysctl("hw.teach0.text", "After")
        assert await host.sysctl("hw.teach0.text") == "aFTER"
        assert await host.sysctl("hw.teach0.counter") == 2

    async def test_who_comes_meanwhile_waits(self, host, device):
        await host.suspend(device)
        done_s = []

        async def use() -> None:
            await host.set_sysctl("hw.teach0.text", "Patience")
            done_s.append(trio.current_time())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(use)
            await trio.sleep(10)
            assert not done_s
            resumed_s = trio.current_time()
            await host.resume(device)
        assert done_s[0] >= resumed_s
        assert await host.sysctl("hw.teach0.text") == "pATIENCE"

    async def test_it_finishes_first(self, host, device):
        """Suspending waits for the command that runs."""
        await host.set_sysctl("hw.teach0.latency", 500_000_000)
        start_s = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(host.set_sysctl, "hw.teach0.text", "Hurry")
            await trio.sleep(0.1)
            await host.suspend(device)
            assert trio.current_time() - start_s >= 0.5
        await host.resume(device)
        assert await host.sysctl("hw.teach0.text") == "hURRY"


@pytest.mark.machine(MSIX, MSI, INTX)
class TestGoing:
    async def test_detach_while_busy(self, host, device):
        """Who is served is served; who waits is told that the device goes, or is gone."""
        await host.set_sysctl("hw.teach0.latency", 500_000_000)
        outcomes = {}

        async def use(name: str, value: object) -> None:
            try:
                await host.set_sysctl(f"hw.teach0.{name}", value)
                outcomes[name] = 0
            except SysctlError as error:
                outcomes[name] = error.errno

        async with trio.open_nursery() as nursery:
            nursery.start_soon(use, "copy", 100)
            await trio.sleep(0.1)
            nursery.start_soon(use, "fifo", "Too late")
            await trio.sleep(0.1)
            start_s = trio.current_time()
            nursery.start_soon(host.detach, device)
            await trio.sleep(0.1)
            nursery.start_soon(use, "text", "Much too late")
        assert 0.2 < trio.current_time() - start_s < 0.4
        assert outcomes == {"copy": 0, "fifo": ENXIO, "text": ENOENT}

    async def test_unplugged_while_busy(self, host, device, model):
        async with trio.open_nursery() as nursery:

            async def use() -> None:
                with pytest.raises(SysctlError):
                    await host.set_sysctl("hw.teach0.text", "Gone")

            await host.set_sysctl("hw.teach0.latency", 500_000_000)
            nursery.start_soon(use)
            await trio.sleep(0.1)
            host.machine.unplug(model)
            await host.detach(device, force=True)
        assert not host.panics

    async def test_again_and_again(self, host):
        await host.attach("teach")
        for n in range(10):
            await host.set_sysctl("hw.teach0.text", f"Round {n}")
            assert await host.sysctl("hw.teach0.text") == f"rOUND {n}"
            await host.detach(host.device("teach0"))
            await host.attach()
