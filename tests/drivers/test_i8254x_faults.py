"""What the i8254x driver does when the hardware fails or goes, and when it has to go itself."""

from __future__ import annotations

from contextlib import suppress

import pytest
import trio
from far_end import ADDRESS, FarEnd, frame, mixed_frames

from rumphost.classes.ifnet import InterfaceGone, IoctlError
from rumphost.machine.config_space import COMMAND, COMMAND_MASTER

SIM, SIM_INTX, QEMU = "sim:i82540em", "sim:i82540em:msi=off", "qemu:e1000"
pytestmark = [pytest.mark.driver("if_i8254x"), pytest.mark.machine(SIM, SIM_INTX)]


@pytest.fixture
def netdev():
    return "dgram"


def counts(host) -> dict[str, int]:
    """Return the driver's event counters by name."""
    return {count.name: count.value for count in host.counts()}


async def stop_transmitter(host, interface, *frames: bytes) -> None:
    """Send frames while the chip cannot read memory: its transmitter stops until it is reset."""
    model = host.machine.functions[0]
    command = model.config_read(COMMAND, 2)
    model.config_write(COMMAND, 2, command & ~COMMAND_MASTER)
    await interface.send_all(frames)
    await trio.sleep(0.001)
    model.config_write(COMMAND, 2, command)
    assert "the transmitter stops until it is reset: its DMA failed" in model.notes


class TestWatchdog:
    async def test_a_transmitter_that_stops(self, host, interface, far_end: FarEnd):
        """After 5 s the driver says so, starts the chip again, and goes on."""
        mine = interface.ifnet.address
        start_s = trio.current_time()
        await stop_transmitter(host, interface, frame(ADDRESS, bytes(50), sender=mine))
        while not counts(host)["tx timeouts"]:
            await trio.sleep(0.1)
        assert 3.9 <= trio.current_time() - start_s <= 5.2
        assert "iex0: device timeout (txfree 255, txnext 1)\n" in host.console.text
        assert interface.counters.oerrors == 1
        await interface.wait_link()
        after = frame(ADDRESS, bytes(60), sender=mine)
        await interface.send(after)
        assert await far_end.take() == [after]
        await trio.sleep(10)
        assert counts(host)["tx timeouts"] == 1

    async def test_what_waits_is_sent_afterwards(self, host, interface, far_end: FarEnd):
        """The ring is lost, the queue behind it is not."""
        sent = mixed_frames(ADDRESS, interface.ifnet.address, 300, seed=20)
        await stop_transmitter(host, interface, *sent)
        lost = 64  # as many jobs as the ring has
        assert await far_end.take(300 - lost) == sent[lost:]
        assert counts(host)["tx timeouts"] == 1

    async def test_lost_interrupts_are_no_timeout(self, host, interface, far_end: FarEnd):
        """The chip works, its interrupts do not arrive: the driver looks itself."""
        model = host.machine.functions[0]
        model.interrupts.set = lambda _causes: None
        await interface.send(frame(ADDRESS, bytes(60), sender=interface.ifnet.address))
        await far_end.take()
        await trio.sleep(6.5)
        assert counts(host)["tx timeouts"] == 0
        assert interface.counters.opackets == 1

    async def test_no_link_is_no_timeout(self, host, interface, far_end: FarEnd):
        wire = host.machine.functions[0].wire
        wire.set_link(False)
        waiting = frame(ADDRESS, bytes(60), sender=interface.ifnet.address)
        await interface.send(waiting)
        await trio.sleep(30)
        assert counts(host)["tx timeouts"] == 0
        wire.set_link(True)
        assert await far_end.take() == [waiting]
        await trio.sleep(10)
        assert counts(host)["tx timeouts"] == 0


class TestSpurious:
    async def test_interrupts_while_down(self, host, device):
        """Whatever the chip signals, the driver takes nothing for its own."""
        interface = host.interface(device)
        model = host.machine.functions[0]
        await interface.up()
        await interface.wait_link()
        await interface.down()
        before = counts(host)["interrupts"]
        model.receive(frame(interface.ifnet.address, bytes(60)))
        model.interrupts.set(0xFFFF)
        await trio.sleep(0.1)
        assert counts(host)["interrupts"] == before

    async def test_a_reset_that_never_ends(self, host, monkeypatch):
        monkeypatch.setattr("rumphost.models.i82540em.model.CTRL_RST", 0)
        (device,) = await host.attach("if_i8254x")
        assert "iex0: reset failed\n" in host.console.text
        assert not host.interfaces
        await host.detach(device)


class TestGoing:
    @pytest.mark.machine(SIM, SIM_INTX, QEMU)
    async def test_detach_under_traffic(self, host, device, interface, far_end: FarEnd):
        mine = interface.ifnet.address
        out = mixed_frames(ADDRESS, mine, 500, seed=21)
        back = mixed_frames(mine, ADDRESS, 4000, seed=22)
        got: list[bytes] = []
        interface.receive(got.extend)

        async def send() -> None:
            with suppress(InterfaceGone):
                while True:
                    await interface.send_all(out)
            assert interface.gone

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            nursery.start_soon(far_end.send, *back)
            sent = await far_end.take(50)
            while not got:
                await trio.sleep(0.0001)
            await host.detach(device)  # raises DriverLeak if it forgets a single frame
            nursery.cancel_scope.cancel()
        assert sent == out[:50]
        assert got == back[: len(got)]
        assert interface.gone
        assert not host.panics
        await far_end.empty(host)

    async def test_down_under_traffic(self, host, interface, far_end: FarEnd):
        mine = interface.ifnet.address
        back = mixed_frames(mine, ADDRESS, 3000, seed=23)
        with interface.frames(limit=3000) as frames:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(far_end.send, *back)
                for _ in range(5):
                    await trio.sleep(0.001)
                    await interface.down()
                    await interface.up()
                    await interface.wait_link()
            await trio.sleep(0.1)
            got = await frames.batch()
        numbers = [int.from_bytes(one[14:18], "big") for one in got]
        assert numbers == sorted(set(numbers))
        assert all(one == back[number] for one, number in zip(got, numbers, strict=True))

    async def test_suspend_under_traffic(self, host, device, interface, far_end: FarEnd):
        back = mixed_frames(interface.ifnet.address, ADDRESS, 3000, seed=24)
        with interface.frames(limit=4000) as frames:
            await far_end.send(*back)
            await trio.sleep(0.001)
            await host.suspend(device)
            await trio.sleep(0.1)
            before = len(frames)
            assert 0 < before < 3000
            await host.resume(device)
            await interface.wait_link()
            last = frame(interface.ifnet.address, bytes(60))
            await far_end.send(last)
            with trio.fail_after(1):
                got = []
                while last not in got:
                    got += await frames.batch()

    async def test_unplugged(self, host, device, interface, far_end: FarEnd):
        """Registers read all ones from here on; the driver still detaches, and leaves nothing."""
        model = host.machine.functions[0]
        await interface.send(frame(ADDRESS, bytes(60), sender=interface.ifnet.address))
        host.machine.unplug(model)
        await trio.sleep(3)
        await host.detach(device, force=True)
        assert interface.gone
        assert not host.panics

    async def test_unplugged_under_traffic(self, host, device, interface, far_end: FarEnd):
        model = host.machine.functions[0]
        mine = interface.ifnet.address
        async with trio.open_nursery() as nursery:
            nursery.start_soon(interface.send_all, mixed_frames(ADDRESS, mine, 3000, seed=25))
            nursery.start_soon(far_end.send, *mixed_frames(mine, ADDRESS, 3000, seed=26))
            await far_end.take(20)
            host.machine.unplug(model)
            await trio.sleep(0.1)
            nursery.cancel_scope.cancel()
        await host.detach(device, force=True)
        assert not host.panics

    async def test_plugged_again(self, host, device, interface, far_end: FarEnd):
        model = host.machine.functions[0]
        host.machine.unplug(model)
        await host.detach(device, force=True)
        host.machine.plug(model)
        (device,) = await host.attach()
        interface = host.interface(device)
        await interface.up()
        await interface.wait_link()
        sent = frame(ADDRESS, bytes(60), sender=interface.ifnet.address)
        await interface.send(sent)
        assert await far_end.take() == [sent]
        await host.detach(device)

    async def test_up_without_hardware(self, host, device):
        interface = host.interface(device)
        host.machine.unplug(host.machine.functions[0])
        with pytest.raises(IoctlError):
            await interface.up()
        await host.detach(device, force=True)
