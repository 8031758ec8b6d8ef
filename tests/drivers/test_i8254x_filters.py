"""What the i8254x driver tells the chip about frames: address filters, VLAN tags, checksums."""

from __future__ import annotations

import random

import pytest
import trio
from far_end import ADDRESS, BROADCAST, PATIENCE_S, FarEnd, frame
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from rumphost.classes.ifnet import IfFlags, IoctlError
from rumphost.kernel.ifnet import Member

SIM, QEMU = "sim:i82540em", "qemu:e1000"
pytestmark = [pytest.mark.driver("if_i8254x"), pytest.mark.machine(SIM, QEMU)]

OTHER = bytes.fromhex("5254000000ff")
GROUP = bytes.fromhex("01005e010203")
END = b"the last one"

# IFCAP_* of <net/if.h>.
IPV4_RX, IPV4_TX = 0x100, 0x200
TCP4_RX, TCP4_TX = 0x400, 0x800
UDP4_RX, UDP4_TX = 0x1000, 0x2000
TCP6_TX, UDP6_TX = 0x8000, 0x20000
ALL_TX = IPV4_TX | TCP4_TX | UDP4_TX | TCP6_TX | UDP6_TX
ALL_RX = IPV4_RX | TCP4_RX | UDP4_RX


@pytest.fixture
def netdev():
    return "dgram"


def counts(host) -> dict[str, int]:
    """Return the driver's event counters by name."""
    return {count.name: count.value for count in host.counts()}


async def passed(interface, far_end: FarEnd, *sent: bytes) -> list[bytes]:
    """Send frames to the device, and return which of them came through its filter."""
    interface.kernel.machine.flush()  # what the driver wrote has reached the chip
    last = frame(interface.ifnet.address, END.ljust(46, b"\0"))
    got: list[bytes] = []
    with interface.frames() as frames:
        await far_end.send(*sent, last)
        with trio.fail_after(PATIENCE_S):
            while last not in got:
                got += await frames.batch()
    assert got.pop() == last
    return got


class TestAddresses:
    async def test_at_first(self, interface, far_end: FarEnd):
        mine = frame(interface.ifnet.address, bytes(46))
        all_ = frame(BROADCAST, bytes(46))
        other, group = frame(OTHER, bytes(46)), frame(GROUP, bytes(46))
        assert await passed(interface, far_end, mine, other, all_, group) == [mine, all_]

    async def test_promiscuous(self, interface, far_end: FarEnd):
        sent = [frame(to, bytes(46)) for to in (OTHER, BROADCAST, GROUP)]
        await interface.set_promiscuous(True)
        assert interface.flags & IfFlags.PROMISC
        assert await passed(interface, far_end, *sent) == sent
        await interface.set_promiscuous(True)
        await interface.set_promiscuous(False)
        assert await passed(interface, far_end, *sent) == sent  # one still wants it
        await interface.set_promiscuous(False)
        assert await passed(interface, far_end, *sent) == [sent[1]]

    async def test_promiscuous_does_not_lose_the_link(self, interface, far_end: FarEnd):
        states = []
        interface.ifnet.on_link.append(states.append)
        await interface.set_promiscuous(True)
        await trio.sleep(0.05)
        assert states == []

    async def test_multicast(self, interface, far_end: FarEnd):
        dice = random.Random(12)
        groups = [bytes.fromhex("01005e") + dice.randbytes(3) for _ in range(20)]
        sent = [frame(group, bytes(46)) for group in groups]
        # The chip's filter is a hash table: what it should not let pass it may, by chance.
        assert not await passed(interface, far_end, *sent)
        for group in groups[:10]:
            await interface.add_multicast(group)
        assert (await passed(interface, far_end, *sent))[:10] == sent[:10]
        await interface.add_multicast(groups[0])
        await interface.del_multicast(groups[0])
        assert await passed(interface, far_end, sent[0]) == [sent[0]]  # it was added twice
        for group in groups[:10]:
            await interface.del_multicast(group)
        assert not await passed(interface, far_end, *sent)
        with pytest.raises(IoctlError):
            await interface.del_multicast(groups[0])

    async def test_multicast_outlives_down_and_up(self, interface, far_end: FarEnd):
        group = frame(GROUP, bytes(46))
        await interface.add_multicast(GROUP)
        await interface.down()
        await interface.up()
        with trio.fail_after(10):
            await interface.wait_link()
        assert await passed(interface, far_end, group) == [group]

    async def test_added_while_down(self, host, device, far_end: FarEnd):
        interface = host.interface(device)
        await interface.add_multicast(GROUP)
        await interface.up()
        with trio.fail_after(10):
            await interface.wait_link()
        group = frame(GROUP, bytes(46))
        assert await passed(interface, far_end, group) == [group]

    async def test_a_new_address(self, interface, far_end: FarEnd):
        old, new = frame(interface.ifnet.address, bytes(46)), frame(OTHER, bytes(46))
        await interface.set_address(OTHER)
        with trio.fail_after(10):
            await interface.wait_link()
        assert interface.address == OTHER.hex(":")
        assert await passed(interface, far_end, old, new) == [new]


class TestVlan:
    def tagged(self, to: bytes, sender: bytes, tag: int, data: bytes) -> bytes:
        return frame(to, tag.to_bytes(2, "big") + b"\x08\x00" + data, sender=sender, kind=0x8100)

    @pytest.mark.parametrize("hardware", [False, True], ids=["plain", "hardware"])
    async def test_tags_both_ways(self, host, interface, far_end: FarEnd, hardware):
        """Whether the chip takes tags off and puts them in or not, they are the same outside."""
        if hardware:
            await interface.set_vlan(5)
            with trio.fail_after(10):
                await interface.wait_link()
        mine = interface.ifnet.address
        sent = [
            self.tagged(mine, ADDRESS, tag, bytes([n]) * size)
            for n, (tag, size) in enumerate([(5, 42), (0xE00F, 100), (0, 46), (4094, 1500)])
        ]
        assert await passed(interface, far_end, *sent) == sent
        back = [self.tagged(ADDRESS, mine, tag, bytes(size)) for tag, size in ((5, 50), (9, 1500))]
        back.append(frame(ADDRESS, bytes(60), sender=mine))  # one without a tag between them
        back.append(self.tagged(ADDRESS, mine, 5, bytes(60)))
        await interface.send_all(back)
        assert await far_end.take(4) == back

    @pytest.mark.machine(SIM)
    async def test_the_chip_does_the_work(self, host, interface, far_end: FarEnd):
        control = host.machine.functions[0].values
        vme = 1 << 30
        assert not control["CTRL"] & vme
        await interface.set_vlan(5)
        assert control["CTRL"] & vme
        await interface.set_vlan(6)
        await interface.set_vlan(5, on=False)
        assert control["CTRL"] & vme
        await interface.down()
        await interface.up()
        assert control["CTRL"] & vme
        await interface.set_vlan(6, on=False)
        assert not control["CTRL"] & vme
        with pytest.raises(IoctlError):
            await interface.set_vlan(6, on=False)


def packets(to: bytes, sender: bytes) -> list[Packet]:
    """Return packets of every kind that has a checksum, odd and even sizes, all sums right."""
    ipv4 = IP(src="10.0.2.15", dst="10.0.2.2")
    options = IP(src="10.0.2.15", dst="10.0.2.2", options=b"\x01\x01\x01\x00")
    ipv6 = IPv6(src="fe80::1", dst="fe80::2")
    link = Ether(dst=to.hex(":"), src=sender.hex(":"))
    return [
        link / ipv4 / UDP(sport=1000, dport=2000) / Raw(b"x" * 100),
        link / ipv4 / UDP(sport=1000, dport=2000) / Raw(b"odd" * 33),
        link / ipv4 / TCP(sport=1000, dport=2000, flags="A") / Raw(b"y" * 1400),
        link / options / TCP(sport=3, dport=4, flags="PA") / Raw(b"z" * 77),
        link / ipv4 / TCP(sport=5, dport=6, flags="S") / Raw(b"a" * 7),
        link / ipv6 / UDP(sport=7, dport=8) / Raw(b"six" * 50),
        link / ipv6 / TCP(sport=9, dport=10, flags="A") / Raw(b"six!" * 50),
    ]


class TestChecksumsSent:
    """The chip puts checksums in: frames leave as they were, though the driver leaves them open."""

    @pytest.mark.parametrize(
        "enabled", [0, ALL_TX, IPV4_TX, TCP4_TX, UDP4_TX | UDP6_TX, IPV4_TX | TCP4_TX],
        ids=["none", "all", "ip", "tcp", "udp", "ip+tcp"],
    )  # fmt: skip
    async def test_they_are_right(self, host, interface, far_end: FarEnd, enabled):
        await interface.set_capabilities(enabled)
        assert interface.capenable == enabled
        with trio.fail_after(10):
            await interface.wait_link()
        sent = [bytes(one) for one in packets(ADDRESS, interface.ifnet.address)] * 3
        plain = frame(ADDRESS, bytes(60), sender=interface.ifnet.address)
        sent.insert(5, plain)
        await interface.send_all(sent)
        assert await far_end.take(len(sent)) == sent
        events = counts(host)
        assert events["tx IP checksums"] == (15 if enabled & IPV4_TX else 0)
        expected = 9 * bool(enabled & TCP4_TX) + 6 * bool(enabled & UDP4_TX)
        expected += 3 * bool(enabled & TCP6_TX) + 3 * bool(enabled & UDP6_TX)
        assert events["tx TCP/UDP checksums"] == expected
        assert bool(events["tx contexts"]) is bool(enabled)

    async def test_a_context_is_used_again(self, host, interface, far_end: FarEnd):
        await interface.set_capabilities(ALL_TX)
        with trio.fail_after(10):
            await interface.wait_link()
        one = bytes(packets(ADDRESS, interface.ifnet.address)[0])
        await interface.send_all([one] * 20)
        assert await far_end.take(20) == [one] * 20
        assert counts(host)["tx contexts"] == 1

    async def test_inside_a_tag(self, host, interface, far_end: FarEnd):
        await interface.set_capabilities(ALL_TX)
        await interface.set_vlan(5)
        with trio.fail_after(10):
            await interface.wait_link()
        sent = []
        for packet in packets(ADDRESS, interface.ifnet.address):
            link = Ether(dst=packet.dst, src=packet.src) / Dot1Q(vlan=5)
            sent.append(bytes(link / packet.payload))
        await interface.send_all(sent)
        assert await far_end.take(len(sent)) == sent

    async def test_zero_is_no_checksum(self, host, interface, far_end: FarEnd):
        """A UDP datagram without checksum stays without."""
        await interface.set_capabilities(ALL_TX)
        with trio.fail_after(10):
            await interface.wait_link()
        link = Ether(dst=ADDRESS.hex(":"), src=interface.address)
        bare = bytes(link / IP(dst="10.0.2.2") / UDP(chksum=0) / Raw(bytes(30)))
        await interface.send(bare)
        assert await far_end.take() == [bare]


class TestChecksumsReceived:
    """The chip checks; the driver says what it found. Frames come up either way, as to bpf(4)."""

    @pytest.mark.machine(SIM)
    async def test_good_ones(self, host, interface, far_end: FarEnd):
        await interface.set_capabilities(ALL_RX)
        with trio.fail_after(10):
            await interface.wait_link()
        sent = [bytes(one) for one in packets(interface.ifnet.address, ADDRESS)[:5]]
        sent = [one.ljust(60, b"\0") for one in sent]
        assert await passed(interface, far_end, *sent) == sent
        events = counts(host)
        assert events["rx IP checksums"] == events["rx TCP/UDP checksums"] == 5
        assert events["rx bad IP checksums"] == events["rx bad TCP/UDP checksums"] == 0
        assert interface.counters.ierrors == 0

    @pytest.mark.machine(SIM)
    async def test_bad_ones(self, host, interface, far_end: FarEnd):
        await interface.set_capabilities(ALL_RX)
        await interface.wait_link()
        sent = [bytearray(bytes(one)) for one in packets(interface.ifnet.address, ADDRESS)[:5]]
        for one in sent[:3]:
            one[-1] ^= 1
        for one in sent[2:4]:
            one[14 + 10] ^= 1
        frames = [bytes(one).ljust(60, b"\0") for one in sent]
        assert await passed(interface, far_end, *frames) == frames
        events = counts(host)
        assert events["rx bad IP checksums"] == 2
        assert events["rx bad TCP/UDP checksums"] == 3
        assert interface.counters.ierrors == 0  # no fault of the wire's

    async def test_off(self, host, interface, far_end: FarEnd):
        sent = [bytes(one) for one in packets(interface.ifnet.address, ADDRESS)[:3]]
        assert await passed(interface, far_end, *sent) == sent
        assert counts(host)["rx IP checksums"] == 0

    @pytest.mark.machine(QEMU)
    async def test_a_chip_that_says_nothing(self, host, interface, far_end: FarEnd):
        """QEMU's chip asks to ignore its bits (IXSM), whatever it was told to check."""
        await interface.set_capabilities(ALL_RX)
        with trio.fail_after(10):
            await interface.wait_link()
        sent = [bytes(one) for one in packets(interface.ifnet.address, ADDRESS)[:3]]
        assert await passed(interface, far_end, *sent) == sent
        assert counts(host)["rx IP checksums"] == counts(host)["rx TCP/UDP checksums"] == 0

    async def test_what_the_driver_can(self, host, device):
        interface = host.interface(device)
        assert interface.ifnet.member(Member.CAPABILITIES) == ALL_RX | ALL_TX
        with pytest.raises(IoctlError):
            await interface.set_capabilities(0x80)  # TCP segmentation: it cannot
