"""``classes.network`` and ``classes.station``: DHCP, ARP, ping and UDP echo between the two."""

# ruff: noqa: ARG001 (fixtures are asked for by name)

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from fake_wire import FakeIfnet
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from trio.testing import MockClock

from rumphost.classes.ifnet import Interface
from rumphost.classes.network import Network
from rumphost.classes.station import NoAnswer, PingReply, PingStatistics, Station


@pytest.fixture
async def network(
    interface: Interface, wire: FakeIfnet, nursery: trio.Nursery, autojump_clock: MockClock
) -> Network:
    events = interface.kernel.events
    events.nursery = nursery  # type: ignore[attr-defined]
    network = Network(events=events, latency_ns=2_000_000)
    network.plug(wire)
    return network


@pytest.fixture
async def station(interface: Interface, network: Network) -> AsyncIterator[Station]:
    async with Station(interface) as station:
        yield station


async def test_dhcp_gives_an_address(
    autojump_clock: MockClock, station: Station, network: Network
) -> None:
    lease = await station.dhcp()
    assert str(lease) == "10.0.2.15/24 from 10.0.2.2, router 10.0.2.2, 86400 s"
    assert station.ipv4 == "10.0.2.15"
    assert network.leases == {"52:54:00:12:34:56": "10.0.2.15"}
    assert (await station.dhcp()).address == "10.0.2.15"


async def test_dhcp_tries_again(
    autojump_clock: MockClock, station: Station, network: Network
) -> None:
    lost: list[bytes] = []

    def lose(frame: bytes) -> bool:
        lost.append(frame)
        return len(lost) in (1, 3)

    network.loss = lose
    assert (await station.dhcp()).address == "10.0.2.15"
    assert len(lost) == 4


async def test_dhcp_without_a_server(
    autojump_clock: MockClock, station: Station, network: Network
) -> None:
    network.loss = lambda _frame: True
    with pytest.raises(NoAnswer, match="no DHCP server answers"):
        await station.dhcp()


async def test_ping_measures_in_the_kernels_time(
    autojump_clock: MockClock, station: Station
) -> None:
    await station.dhcp()
    shown: list[str] = []
    statistics = await station.ping("10.0.2.2", on_reply=lambda reply: shown.append(str(reply)))
    assert shown == [f"64 bytes from 10.0.2.2: icmp_seq={n} ttl=64 time=2.000 ms" for n in range(3)]
    assert str(statistics) == (
        "3 packets transmitted, 3 packets received, 0.0% packet loss\n"
        "round-trip min/avg/max/stddev = 2.000/2.000/2.000/0.000 ms"
    )


async def test_ping_counts_losses(
    autojump_clock: MockClock, station: Station, network: Network
) -> None:
    await station.dhcp()
    await station.resolve("10.0.2.2")
    network.loss = lambda frame: frame[12:14] == b"\x08\x00" and frame[41] == 1
    statistics = await station.ping("10.0.2.2", count=4)
    assert (statistics.transmitted, statistics.received) == (4, 3)
    assert [reply.sequence for reply in statistics.replies] == [0, 2, 3]
    assert "25.0% packet loss" in str(statistics)


async def test_nobody_there(autojump_clock: MockClock, station: Station) -> None:
    await station.dhcp()
    with pytest.raises(NoAnswer, match=r"nobody answers for 10\.0\.2\.77"):
        await station.ping("10.0.2.77")


async def test_a_far_target_goes_by_the_router(
    autojump_clock: MockClock, station: Station, wire: FakeIfnet
) -> None:
    await station.dhcp()
    statistics = await station.ping("192.0.2.1", count=1)
    assert statistics.received == 0
    last = Ether(wire.sent[-1])
    assert (last.dst, last[IP].dst) == ("52:55:0a:00:02:02", "192.0.2.1")


async def test_udp_echo(autojump_clock: MockClock, station: Station) -> None:
    await station.dhcp()
    assert await station.udp_echo("10.0.2.2", b"hello") == b"hello"
    assert await station.udp_echo("10.0.2.2", bytes(1000)) == bytes(1000)
    with pytest.raises(NoAnswer, match="port 9 does not echo"):
        await station.udp_echo("10.0.2.2", b"hello", port=9)


async def test_the_station_answers_arp_and_ping(
    autojump_clock: MockClock, station: Station, network: Network, wire: FakeIfnet
) -> None:
    await station.dhcp()
    request = Ether(src=network.address, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op=1, hwsrc=network.address, psrc="10.0.2.2", pdst="10.0.2.15"
    )
    network.send(bytes(request))
    await trio.sleep(0.01)
    reply = Ether(wire.sent[-1])
    assert (reply[ARP].op, reply[ARP].psrc, reply.dst) == (2, "10.0.2.15", network.address)
    ping = (
        Ether(src=network.address, dst=wire.address.hex(":"))
        / IP(src="10.0.2.2", dst="10.0.2.15")
        / ICMP(id=4, seq=9)
        / b"data"
    )
    network.send(bytes(ping))
    await trio.sleep(0.01)
    reply = Ether(wire.sent[-1])
    assert (reply[ICMP].type, reply[ICMP].seq) == (0, 9)


async def test_padding_of_short_frames_is_no_payload(network: Network, wire: FakeIfnet) -> None:
    network.latency_ns = 0
    got: list[bytes] = []
    wire.receivers.append(got.extend)
    request = (
        Ether(src=wire.address.hex(":"), dst=network.address)
        / IP(src="10.0.2.15", dst="10.0.2.2")
        / UDP(sport=5000, dport=7)
        / b"hello"
    )
    network.receive(bytes(request).ljust(60, b"\0"))
    assert Ether(got[0])[UDP].len == 13


async def test_frames_for_others_are_not_answered(network: Network, wire: FakeIfnet) -> None:
    replies = network.replies
    network.receive(bytes(Ether(dst="02:00:00:00:00:01") / IP(dst="10.0.2.2") / ICMP()))
    network.receive(b"\xff" * 14)
    assert network.replies == replies
    network.unplug()
    assert wire.on_frame is None


def test_statistics_without_replies() -> None:
    statistics = PingStatistics("10.0.2.2", transmitted=2)
    assert str(statistics) == "2 packets transmitted, 0 packets received, 100.0% packet loss"
    statistics.replies.append(PingReply(64, "10.0.2.2", 0, 64, 1_500_000))
    assert statistics.rtt_ns == (1_500_000, 1_500_000, 1_500_000, 0)
