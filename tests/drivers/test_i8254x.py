"""The i8254x driver as an interface: attaching, link, media, counters, power, coming and going."""

from __future__ import annotations

import re

import pytest
import trio
from far_end import ADDRESS, BROADCAST, FarEnd, Monitor, frame

from rumphost.classes.ifnet import IfFlags, IoctlError, LinkState
from rumphost.errors import UsageError
from rumphost.kernel.sysctl import SysctlError

SIM, SIM_INTX, QEMU = "sim:i82540em", "sim:i82540em:msi=off", "qemu:e1000"
pytestmark = [pytest.mark.driver("if_i8254x"), pytest.mark.machine(SIM, QEMU)]


def counts(host) -> dict[str, int]:
    """Return the driver's event counters by name."""
    return {count.name: count.value for count in host.counts()}


class TestAttach:
    @pytest.mark.machine(SIM, SIM_INTX, QEMU)
    async def test_what_it_says(self, host, device):
        lines = [line.text for line in host.console.lines]
        assert re.fullmatch(
            r"iex0 at pci0 dev \d function 0: Intel i82540EM 1000BASE-T Ethernet"
            r" \(rev. 0x0[23]\)",
            lines[0],
        )
        assert lines[1] == "iex0: Ethernet address 52:54:00:12:34:56"
        assert re.fullmatch(r"iex0: interrupting at (msi0 vec 0|irq \d+)", lines[2])
        assert lines[3:] == ["iex0: PHY id 0x0141 0x0c20"]
        assert device.xname == "iex0"

    @pytest.mark.machine(SIM)
    async def test_msi_where_there_is_one(self, host, device):
        assert "iex0: interrupting at msi0 vec 0\n" in host.console.text.replace("] ", "\n")

    @pytest.mark.machine(SIM_INTX, QEMU)
    async def test_the_line_where_there_is_no_msi(self, host, device):
        assert re.search(r"iex0: interrupting at irq \d+\n", host.console.text)

    @pytest.mark.machine("sim:i82540em:mac=00:16:3e:01:02:03", "qemu:e1000:mac=00-16-3e-01-02-03")
    async def test_the_address_is_the_eeproms(self, host, device):
        assert host.interface(device).address == "00:16:3e:01:02:03"

    async def test_it_is_down_at_first(self, host, device):
        interface = host.interface(device)
        assert interface.name == "iex0"
        assert interface.flags == IfFlags.BROADCAST | IfFlags.SIMPLEX | IfFlags.MULTICAST
        assert interface.mtu == 1500
        assert not interface.counters.ipackets
        with pytest.raises(UsageError, match="iex0 is down"):
            await interface.send(bytes(60))

    @pytest.mark.machine(SIM)
    async def test_a_damaged_eeprom_leaves_the_address_of_the_reset(self, host):
        model = host.machine.functions[0]
        model.eeprom.words[0x30] ^= 1  # the sum is wrong now
        (device,) = await host.attach("if_i8254x")
        assert host.interface(device).address == "52:54:00:12:34:56"
        await host.detach(device)

    @pytest.mark.machine(SIM)
    async def test_a_group_address_is_refused(self, host):
        model = host.machine.functions[0]
        model.eeprom.words[0] |= 1
        model.eeprom.words[0x3F] -= 1
        (device,) = await host.attach("if_i8254x")
        assert "iex0: no Ethernet address\n" in host.console.text
        with pytest.raises(UsageError):
            host.interface(device)
        await host.detach(device)  # and has left nothing behind

    @pytest.mark.machine(SIM)
    async def test_a_phy_that_does_not_answer(self, host, monkeypatch):
        monkeypatch.setattr("rumphost.models.i82540em.phy.ADDRESS", 2)
        (device,) = await host.attach("if_i8254x")
        assert "iex0: PHY does not answer\n" in host.console.text
        assert not host.interfaces
        await host.detach(device)

    @pytest.mark.machine("sim:i82540em,i82540em,i82540em")
    async def test_three_of_them(self, host):
        devices = await host.attach("if_i8254x")
        assert [device.xname for device in devices] == ["iex0", "iex1", "iex2"]
        addresses = [host.interface(device).address for device in devices]
        assert addresses == [f"52:54:00:12:34:{last}" for last in ("56", "5e", "66")]


class TestLink:
    @pytest.mark.machine(SIM, SIM_INTX, QEMU)
    async def test_up(self, host, device, interface):
        assert interface.flags & IfFlags.RUNNING
        assert interface.link_state is LinkState.UP
        assert interface.baudrate == 10**9
        assert str(await interface.media()) == (
            "autoselect (1000baseT full-duplex), status: active"
        )

    @pytest.mark.machine(SIM, SIM_INTX)
    async def test_the_cable_is_pulled_and_plugged(self, host, device, interface):
        wire = host.machine.functions[0].wire
        for _ in range(3):
            before = counts(host)["link interrupts"]
            wire.set_link(False)
            await interface.wait_link(LinkState.DOWN)
            assert "no carrier" in str(await interface.media())
            wire.set_link(True)
            await interface.wait_link(LinkState.UP)
            assert counts(host)["link interrupts"] == before + 2
        assert interface.flags & IfFlags.RUNNING

    @pytest.mark.machine(SIM, SIM_INTX)
    async def test_the_link_is_told_at_once(self, host, device, interface):
        start_s = trio.current_time()
        host.machine.functions[0].wire.set_link(False)
        await interface.wait_link(LinkState.DOWN)
        assert trio.current_time() - start_s < 1e-3
        host.machine.functions[0].wire.set_link(True)
        await interface.wait_link()
        assert trio.current_time() - start_s < 0.25  # autonegotiation

    @pytest.mark.machine(SIM)
    async def test_a_lost_link_interrupt_is_made_up_for(self, host, device, interface):
        model = host.machine.functions[0]
        model.interrupts.set = lambda _causes: None
        start_s = trio.current_time()
        model.wire.set_link(False)
        await interface.wait_link(LinkState.DOWN)
        assert 0 < trio.current_time() - start_s <= 1.01  # the driver looks once a second

    @pytest.mark.machine(SIM, SIM_INTX)
    async def test_frames_wait_for_a_link(self, host, device):
        """Link comes after ``up``: what is sent before must go out then, not be lost."""
        interface = host.interface(device)
        await interface.up()
        assert interface.link_state is LinkState.DOWN
        await interface.send(frame(BROADCAST, bytes(50)))
        with trio.fail_after(5):
            await interface.wait_link()
            while interface.counters.opackets != 1:
                await trio.sleep(0.01)
        assert interface.counters.oerrors == 0


class TestLinkInQemu:
    """QEMU's monitor pulls the cable."""

    @pytest.fixture
    def qmp(self, tmp_path):
        return tmp_path / "qmp"

    @pytest.fixture
    def qemu_options(self, qmp):
        return {"arguments": ("-qmp", f"unix:{qmp},server=on,wait=off")}

    @pytest.mark.machine(QEMU)
    async def test_the_cable_is_pulled_and_plugged(self, host, device, interface, qmp):
        monitor = Monitor(qmp)
        try:
            with trio.fail_after(10):
                monitor.execute("set_link", name="n0", up=False)
                await interface.wait_link(LinkState.DOWN)
                assert "no carrier" in str(await interface.media())
                monitor.execute("set_link", name="n0", up=True)
                await interface.wait_link(LinkState.UP)
        finally:
            monitor.close()
        assert counts(host)["link interrupts"] >= 2


class TestMedia:
    async def test_what_there_is(self, host, device, interface):
        media = await interface.media()
        assert len(media.supported) == 6
        for words in ("10baseT", "100baseTX full-duplex", "1000baseT full-duplex", "autoselect"):
            assert media.parse(words) in media.supported

    @pytest.mark.machine(SIM, SIM_INTX)
    @pytest.mark.parametrize(
        ("medium", "speed", "active"),
        [
            ("10baseT", 10, "10baseT half-duplex"),
            ("10baseT full-duplex", 10, "10baseT full-duplex"),
            ("100baseTX", 100, "100baseTX half-duplex"),
            ("100baseTX full-duplex", 100, "100baseTX full-duplex"),
            ("1000baseT full-duplex", 1000, "1000baseT full-duplex"),
        ],
    )
    async def test_a_change(self, host, device, interface, medium, speed, active):
        await interface.set_media(medium)
        await interface.wait_link(LinkState.DOWN)
        await interface.wait_link(LinkState.UP)
        assert str(await interface.media()) == f"{medium} ({active}), status: active"
        assert interface.baudrate == speed * 10**6
        assert host.machine.functions[0].speed == speed
        await interface.set_media("autoselect")
        await interface.wait_link(LinkState.DOWN)
        await interface.wait_link(LinkState.UP)
        assert interface.baudrate == 10**9

    @pytest.mark.machine("sim:i82540em:speed=100")
    async def test_the_far_end_is_slower(self, host, device, interface):
        assert interface.baudrate == 10**8
        await interface.set_media("1000baseT full-duplex")
        await interface.wait_link(LinkState.DOWN)
        await trio.sleep(5)
        assert interface.link_state is LinkState.DOWN  # nothing in common

    @pytest.mark.machine(SIM)
    async def test_the_choice_outlives_down_and_up(self, host, device, interface):
        await interface.set_media("100baseTX full-duplex")
        await interface.down()
        await interface.up()
        await interface.wait_link()
        assert interface.baudrate == 10**8

    async def test_no_such_medium(self, host, device, interface):
        with pytest.raises(UsageError, match="no medium is called '10Gbase'"):
            await interface.set_media("10Gbase")
        with pytest.raises(IoctlError) as refused:
            await interface.set_media(0x20 | 18)
        assert refused.value.name in ("ENXIO", "EINVAL")


@pytest.mark.machine(SIM, SIM_INTX, QEMU)
class TestNetwork:
    async def test_an_address_and_a_ping(self, station):
        lease = await station.dhcp()
        assert lease.address.startswith("10.0.2.")
        statistics = await station.ping(lease.router, count=5, interval_s=0.01)
        assert (statistics.transmitted, statistics.received) == (5, 5)
        big = await station.ping(lease.router, count=2, size=1400, interval_s=0.01)
        assert big.received == 2

    @pytest.mark.machine(SIM)
    async def test_a_datagram_echoed(self, station):
        lease = await station.dhcp()
        assert await station.udp_echo(lease.router, b"there and back") == b"there and back"


class TestCounters:
    @pytest.fixture
    def netdev(self):
        return "dgram"

    async def test_both_ways(self, host, device, interface, far_end: FarEnd):
        mine = interface.ifnet.address
        sizes = (60, 100, 600, 1514)
        sent = [frame(ADDRESS, bytes(size - 14), sender=mine) for size in sizes]
        sent += [frame(BROADCAST, bytes(46), sender=mine)]
        await interface.send_all(sent)
        assert await far_end.take(5) == sent
        with interface.frames() as frames:
            await far_end.send(*(frame(mine, bytes(size - 14)) for size in sizes))
            await far_end.send(frame(BROADCAST, bytes(46)))
            got = []
            with trio.fail_after(10):
                while len(got) < 5:
                    got += await frames.batch()
                while interface.counters.opackets < 5:
                    await trio.sleep(0.01)  # they are counted when the ring is cleaned
        counters = interface.counters
        assert (counters.ipackets, counters.opackets) == (5, 5)
        assert counters.ibytes == counters.obytes == sum(sizes) + 60
        assert (counters.imcasts, counters.omcasts) == (1, 1)
        assert counters.ierrors == counters.oerrors == counters.collisions == 0
        await interface.down()  # it reads the chip's counters a last time
        events = counts(host)
        assert events["hw good frames received"] == events["hw good frames sent"] == 5
        assert events["interrupts"] >= 2
        await interface.zero_counters()
        assert interface.counters.ipackets == interface.counters.ibytes == 0

    @pytest.mark.machine(SIM)
    async def test_errors_on_the_wire(self, host, device, interface, far_end: FarEnd):
        host.machine.functions[0].statistics.add("CRCERRS", 3)
        host.machine.functions[0].statistics.add("COLC", 2)
        await trio.sleep(1.1)
        assert interface.counters.ierrors == 3
        assert interface.counters.collisions == 2
        assert counts(host)["hw CRC errors"] == 3

    async def test_interrupt_moderation(self, host, device, interface):
        assert await host.sysctl("hw.iex0.throttle") == 8000
        assert await host.set_sysctl("hw.iex0.throttle", 1000) == 8000
        assert await host.sysctl("hw.iex0.throttle") == 1000
        assert await host.set_sysctl("hw.iex0.rx_delay", 100) == 0
        assert await host.set_sysctl("hw.iex0.rx_abs_delay", 200) == 0
        with pytest.raises(SysctlError, match="not a valid value"):
            await host.set_sysctl("hw.iex0.throttle", -1)

    @pytest.mark.machine(SIM)
    async def test_the_throttle_works(self, host, device, interface, far_end: FarEnd):
        """A tenth of a second of small frames: as many interrupts as the throttle lets pass."""
        mine = interface.ifnet.address
        per_second = {}
        for throttle in (8000, 1000):
            await host.set_sysctl("hw.iex0.throttle", throttle)
            before = counts(host)["interrupts"]
            for _ in range(100):
                await far_end.send(frame(mine, bytes(46)))
                await trio.sleep(0.001)
            per_second[throttle] = (counts(host)["interrupts"] - before) * 10
        assert 900 <= per_second[1000] <= 1010
        assert per_second[8000] <= 1010  # no more than there are frames


class TestPower:
    async def test_suspend_and_resume(self, host, device, station, interface):
        lease = await station.dhcp()
        for _ in range(3):
            await host.suspend(device)
            assert not interface.flags & IfFlags.RUNNING
            await host.resume(device)
            with trio.fail_after(10):
                await interface.wait_link()
            assert interface.flags & IfFlags.RUNNING
            assert (await station.ping(lease.router, count=1, timeout_s=5)).received == 1

    async def test_one_that_is_down_stays_down(self, host, device):
        interface = host.interface(device)
        await host.suspend(device)
        await host.resume(device)
        assert not interface.flags & IfFlags.RUNNING
        await interface.up()
        with trio.fail_after(10):
            await interface.wait_link()

    @pytest.mark.machine(SIM)
    async def test_the_function_sleeps(self, host, device, interface):
        model = host.machine.functions[0]
        assert model.awake
        await host.suspend(device)
        assert not model.awake
        await host.resume(device)
        assert model.awake


class TestComingAndGoing:
    async def test_down_and_up_fifty_times(self, host, device, station, interface):
        lease = await station.dhcp()
        in_use = set()
        for _ in range(50):
            await interface.down()
            assert not interface.flags & IfFlags.RUNNING
            in_use.add(host.boundary.bytes_in_use)
            await interface.up()
        assert len(in_use) == 1, "memory is left behind"
        with trio.fail_after(10):
            await interface.wait_link()
        assert (await station.ping(lease.router, count=2, timeout_s=5)).received == 2

    async def test_detach_and_attach(self, host):
        await host.attach("if_i8254x")
        for _ in range(3):
            device = host.device("iex0")
            interface = host.interface(device)
            await interface.up()
            await host.detach(device)
            assert interface.gone
            assert not host.devices
            await host.attach()
        assert host.interface("iex0").address == "52:54:00:12:34:56"
