"""The edu driver, on our model of the device and on QEMU's own."""

from __future__ import annotations

import math
import re

import pytest
import trio

from rumphost.kernel.sysctl import SysctlError

ETIMEDOUT = 60  # NetBSD's number
SIM, SIM_INTX, QEMU = "sim:edu:dma_ns=1000000", "sim:edu:dma_ns=1000000:msi=off", "qemu:edu"
pytestmark = [
    pytest.mark.driver("edu"),
    pytest.mark.machine(SIM, SIM_INTX, QEMU),
]


def counts(host) -> dict[str, int]:
    """Return the driver's event counters by name."""
    return {count.name: count.value for count in host.counts()}


class TestEdu:
    async def test_how_it_interrupts(self, host, device):
        how = re.search(r"edu0: interrupting at (.*)\n", host.console.text)
        assert how
        expected = r"irq \d+" if "msi=off" in host.machine.name else r"msi0 vec 0"
        assert re.fullmatch(expected, how[1])

    @pytest.mark.parametrize("number", [0, 1, 5, 12, 13, 20, 100])
    async def test_factorial(self, host, device, number):
        await host.set_sysctl("hw.edu0.factorial", number)
        assert await host.sysctl("hw.edu0.factorial") == math.factorial(number) % 2**32

    async def test_liveness(self, host, device):
        for number in (0, 1, 0x12345678, -1):
            await host.set_sysctl("hw.edu0.liveness", number)
            assert await host.sysctl("hw.edu0.liveness") == ~number

    @pytest.mark.parametrize("size", [1, 4, 100, 4095])
    async def test_dma_there_and_back(self, host, device, size):
        before = counts(host)["interrupts"]
        await host.set_sysctl("hw.edu0.dma", size)
        assert await host.sysctl("hw.edu0.dma") == size
        assert counts(host)["interrupts"] == before + 2

    @pytest.mark.parametrize("size", [0, -1, 4096])
    async def test_dma_of_a_wrong_size(self, host, device, size):
        with pytest.raises(SysctlError, match="not a valid value"):
            await host.set_sysctl("hw.edu0.dma", size)

    async def test_users_take_turns(self, host, device):
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(host.set_sysctl, "hw.edu0.factorial", 6)
            nursery.start_soon(host.set_sysctl, "hw.edu0.dma", 16)
        assert await host.sysctl("hw.edu0.factorial") == 720
        assert counts(host)["interrupts"] == 7
        assert counts(host)["timeouts"] == 0

    async def test_suspend_and_resume(self, host, device):
        await host.suspend(device)
        async with trio.open_nursery() as nursery:
            done = trio.Event()

            async def write():
                await host.set_sysctl("hw.edu0.factorial", 7)
                done.set()

            nursery.start_soon(write)
            await trio.sleep(0.05)
            assert not done.is_set()
            await host.resume(device)
        assert await host.sysctl("hw.edu0.factorial") == 5040

    async def test_detach_while_busy(self, host, device):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(host.set_sysctl, "hw.edu0.dma", 64)
            with trio.fail_after(30):
                while not any(lwp.wmesg == "edu" for lwp in host.kernel.scheduler.lwps.values()):
                    await trio.sleep(0.0001)
            await host.detach(device)
        assert host.devices == []

    async def test_again_and_again(self, host, device):
        for _ in range(5):
            await host.detach(host.device("edu0"))
            await host.attach()
            await host.set_sysctl("hw.edu0.factorial", 5)
            assert await host.sysctl("hw.edu0.factorial") == 120

    @pytest.mark.machine(SIM)
    async def test_a_lost_interrupt(self, host, device, monkeypatch):
        model = host.machine.functions[0]
        monkeypatch.setattr(model, "raise_interrupt", lambda _vector=0: None)
        start_s = trio.current_time()
        with pytest.raises(SysctlError) as failed:
            await host.set_sysctl("hw.edu0.factorial", 5)
        assert failed.value.errno == ETIMEDOUT
        assert 2.0 <= trio.current_time() - start_s < 2.05
        assert counts(host)["timeouts"] == 1

    @pytest.mark.machine("sim:edu:dma_ns=1000")
    async def test_dma_stays_within_28_bits(self, host, device):
        """That is what the device can address; it would cut off the rest, and say so."""
        await host.set_sysctl("hw.edu0.dma", 4095)
        assert not host.machine.functions[0].notes


@pytest.mark.machine("qemu:edu")
class TestByLine:
    """QEMU's device again, in a machine without message interrupts."""

    @pytest.fixture
    def qemu_options(self):
        return {"message_interrupts": False}

    async def test_factorial(self, host, device):
        assert re.search(r"edu0: interrupting at irq \d+\n", host.console.text)
        await host.set_sysctl("hw.edu0.factorial", 6)
        assert await host.sysctl("hw.edu0.factorial") == 720

    async def test_dma_there_and_back(self, host, device):
        await host.set_sysctl("hw.edu0.dma", 1000)
        assert await host.sysctl("hw.edu0.dma") == 1000
