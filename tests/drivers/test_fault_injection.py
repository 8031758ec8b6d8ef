"""Faults that are put in: they strike where they are meant to, and are told of in words."""

from __future__ import annotations

import pytest
import trio

import rumphost
from rumphost.classes.ifnet import IoctlError
from rumphost.classes.network import Network
from rumphost.classes.station import NoAnswer, Station
from rumphost.errors import UsageError
from rumphost.host import Host
from rumphost.models.iwm7260 import ImageBuilder

SIM = "sim:i82540em"


def what(host: Host) -> list[str]:
    return [f"{one.what} {one.number}" for one in host.faults.injected]


async def used(host: Host) -> Station:
    """Bring the interface up with a network on its cable, and return a station on it."""
    Network(events=host.machine.events).plug(host.machine.functions[0].wire)
    (interface,) = host.interfaces
    await interface.up()
    await interface.wait_link()
    return Station(interface)


@pytest.mark.machine("sim:teach")
class TestRefusals:
    @pytest.mark.faults("dma_create:1")
    async def test_a_marker_asks_for_it(self, host):
        (device,) = await host.attach("teach")
        assert "teach0: unable to set up DMA memory: error 12" in host.console.text
        assert what(host) == ["dma_create 1"]
        (made,) = host.faults.injected
        assert made.device == "teach0"
        assert made.place.function == "teach_dma_attach"
        assert made.place.file.endswith("teach.c")
        assert [frame.function for frame in made.frames[:2]] == ["teach_dma_attach", "teach_attach"]
        await host.detach(device)

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ("bus_map", "unable to map registers"),
            ("dma_alloc", "unable to set up DMA memory: error 12"),
            ("dma_map", "unable to set up DMA memory: error 12"),
            ("dma_load", "unable to set up DMA memory: error 12"),
            ("softint", "unable to establish soft interrupt"),
            ("workqueue", "unable to create workqueue"),
            ("intr", "unable to establish interrupt"),
        ],
    )
    async def test_each_kind(self, host, fault, words):
        host.faults.add(fault)
        (device,) = await host.attach("teach")
        assert f"teach0: {words}\n" in host.console.text
        await host.detach(device)

    async def test_one_after_the_other(self, host):
        """Counting begins when a fault is put in force, and ends when it is taken back."""
        seen = []
        host.faults.listeners.append(lambda made: seen.append(str(made)))
        for _ in range(2):
            rule = host.faults.add("dma:2")
            (device,) = await host.attach("teach")
            await host.detach(device)
            host.faults.remove(rule)
        (device,) = await host.attach("teach")
        assert host.console.text.count("unable to set up DMA") == 2
        assert len(seen) == 2
        assert all(one.startswith("dma_map (2), in teach_dma_attach at") for one in seen)

    async def test_counting_alone_does_no_harm(self, host):
        rule = host.faults.count("any")
        await host.attach("teach")
        assert rule.seen == 9
        assert rule.hits == 0
        assert host.faults.injected == []

    async def test_a_mistake(self, host):
        with pytest.raises(UsageError, match="nothing is called 'foo'"):
            host.faults.add("foo")


@pytest.mark.machine(SIM)
@pytest.mark.driver("if_i8254x")
class TestHardware:
    async def test_allocations_by_chance(self, host, device):
        """What fails is reported; what comes afterwards works."""
        rule = host.faults.add("mbuf:p=0.01,seed=3")
        (interface,) = host.interfaces
        failed = 0
        for _ in range(4):
            try:
                await interface.up()
            except IoctlError:
                failed += 1
            await interface.down()
        assert failed > 0
        host.faults.remove(rule)
        async with await used(host) as station:
            await station.dhcp()

    async def test_late_interrupts_make_for_late_answers(self, host, device):
        host.faults.add("interrupt:late=3ms")
        async with await used(host) as station:
            lease = await station.dhcp()
            ping = await station.ping(lease.router, count=3)
        assert ping.received == 3
        assert all(3_000_000 <= reply.rtt_ns < 3_500_000 for reply in ping.replies)
        assert what(host)[0] == "interrupt msi0 vec 0 late 1"

    async def test_a_lost_interrupt(self, host, device):
        (interface,) = host.interfaces
        async with await used(host) as station:
            lease = await station.dhcp()
            host.faults.add("interrupt:lost")
            with pytest.raises(NoAnswer):
                await station.resolve(lease.router)
        assert what(host) == ["interrupt msi0 vec 0 lost 1"]
        await interface.down()

    async def test_spurious_interrupts_are_borne(self, host, device):
        host.faults.add("interrupt:spurious=100us,times=50")
        async with await used(host) as station:
            lease = await station.dhcp()
            assert (await station.ping(lease.router, count=3)).received == 3
        await trio.sleep(0.1)
        assert len(host.faults.injected) == 50

    async def test_a_cable_that_is_pulled_and_put_back(self, host, device):
        async with await used(host):
            (interface,) = host.interfaces
            host.faults.add("link:flap=50ms,times=3")
            states = []
            interface.ifnet.on_link.append(states.append)
            await trio.sleep(1)
        assert what(host) == ["link down 1", "link up 2", "link down 3"]
        assert len(states) >= 1
        assert not host.machine.functions[0].wire.up


@pytest.mark.machine(SIM)
class TestRegisters:
    @pytest.mark.faults("register:ones,from=20")
    async def test_a_device_that_goes_away_during_attach(self, host):
        (device,) = await host.attach("if_i8254x")
        assert not host.interfaces
        assert host.faults.hardware.gone
        await host.detach(device, force=True)
        assert what(host) == ["register ones 20"]

    @pytest.mark.faults("register:ones,5")
    async def test_a_read_that_goes_wrong_once(self, host):
        (device,) = await host.attach("if_i8254x")
        assert not host.faults.hardware.gone
        await host.detach(device)

    async def test_a_slow_device(self, host):
        def attach_ns() -> int:
            return int(host.machine.clock.now_ns())

        before = attach_ns()
        (device,) = await host.attach("if_i8254x")
        usual = attach_ns() - before
        await host.detach(device)
        host.faults.add("register:slow=10us")
        before = attach_ns()
        await host.attach("if_i8254x")
        assert attach_ns() - before > usual + 1_000_000


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("firmware:missing", "iws0: no firmware if_iwm/iwm-7260-9: error 2"),
        ("firmware:error", "iws0: firmware: unable to read: error 5"),
        ("firmware:short=100", "iws0: firmware: an image is missing"),
    ],
)
def test_firmware(tmp_path, fault, said):
    ImageBuilder().write(tmp_path)

    async def main() -> tuple[str, list[str]]:
        async with rumphost.open_host("sim:iwm7260", firmware=[tmp_path], faults=[fault]) as host:
            (device,) = await host.attach("iws")
            await host.detach(device)
            return host.console.text, what(host)

    said_there, made = rumphost.run(main)
    assert f"{said}\n" in said_there
    assert made[0] == f"{fault.replace(':', ' ').partition('=')[0]} 1"
