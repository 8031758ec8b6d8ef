"""ifnet(9), ethersubr(9) and bpf(4) on the real boundary: an interface that echoes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from net_rig import NetRig

from rumphost.build import Builder
from rumphost.errors import DriverPanic
from rumphost.kernel.bpf import Bpf, Captured
from rumphost.kernel.ifnet import Command, Member

UP, PROMISC, RUNNING = 0x1, 0x100, 0x40
EINVAL, ENXIO = 22, 6
INITS, STOPS, WATCHDOGS, CHANGES, STARTS, MULTICNT, ECENABLE, CSUM_TX, KEPT_CSUM, KEPT_DATA = range(
    10
)
GROUP = 0x01005E000001
CSUM_UDP, CSUM_IP = 0x2, 0x40
IFCAP_IP_TX, IFCAP_UDP_TX = 0x200, 0x2000


@pytest.fixture(scope="module")
def builder() -> Builder:
    return Builder()


@pytest.fixture
def rig(builder: Builder) -> Iterator[NetRig]:
    rig = NetRig(builder)
    try:
        assert rig.call("echo_attach") == 0
        yield rig
        if rig.ifnets.find("echo0") is not None:
            rig.call("echo_detach")
            assert rig.boundary.allocations(rig.owner.number) == []
    finally:
        rig.close()


@pytest.fixture
def up(rig: NetRig) -> NetRig:
    assert rig.ioctl(Command.SET_FLAGS, UP, 0) == 0
    return rig


def frame(n: int, size: int = 60) -> bytes:
    return (b"\xff" * 6 + b"\x52\x54\x00\x12\x34\x56" + struct.pack(">HI", 0x88B5, n)).ljust(
        size, bytes([n & 0xFF])
    )


def received(rig: NetRig) -> list[list[bytes]]:
    batches: list[list[bytes]] = []
    rig.ifnet.receivers.append(batches.append)
    return batches


def test_attach_tells_name_address_and_members(rig: NetRig) -> None:
    ifnet = rig.ifnet
    assert ifnet.address == bytes.fromhex("525400123456")
    assert ifnet.member(Member.MTU) == 1500
    assert ifnet.member(Member.BAUDRATE) == 10_000_000
    assert ifnet.member(Member.LINK_STATE) == 0
    assert ifnet.owner is rig.owner


def test_up_and_down_call_init_and_stop(rig: NetRig) -> None:
    assert rig.ioctl(Command.SET_FLAGS, UP, 0) == 0
    assert rig.ifnet.member(Member.FLAGS) & (UP | RUNNING) == UP | RUNNING
    assert rig.ioctl(Command.SET_FLAGS, 0, UP) == 0
    assert rig.ifnet.member(Member.FLAGS) & (UP | RUNNING) == 0
    assert (rig.call("echo_state", INITS), rig.call("echo_state", STOPS)) == (1, 1)


def test_an_address_brings_it_up(rig: NetRig) -> None:
    assert rig.ioctl(Command.INIT_ADDRESS, 0x0A00020F) == 0
    assert rig.ifnet.member(Member.FLAGS) & UP


def test_a_batch_goes_through_in_bursts(up: NetRig) -> None:
    batches = received(up)
    sent = [frame(n, 60 + n) for n in range(40)]
    starts = up.call("echo_state", STARTS)
    assert up.ifnet.send(sent) == 40
    up.settle()
    assert [one for batch in batches for one in batch] == sent
    assert len(batches) <= 40 // 8
    assert up.call("echo_state", STARTS) == starts + 40 // 8
    member = up.ifnet.member
    assert (member(Member.IPACKETS), member(Member.OPACKETS)) == (40, 40)
    assert member(Member.IBYTES) == member(Member.OBYTES) == sum(map(len, sent))
    assert member(Member.IMCASTS) == member(Member.OMCASTS) == 40


def test_more_than_the_driver_takes_waits_for_room(up: NetRig) -> None:
    batches = received(up)
    up.call("echo_hold", 64)
    sent = [frame(n) for n in range(200)]
    assert up.ifnet.send(sent) == 200
    up.settle()
    assert batches == []
    assert up.ifnet.waiting == 136
    up.call("echo_hold", 0)
    assert [one for batch in batches for one in batch] == sent[64:]
    assert up.ifnet.waiting == 0
    assert up.ifnet.member(Member.SND_DROPS) == 0


def test_the_host_queue_is_limited_and_tells_of_room(up: NetRig) -> None:
    told: list[int] = []
    ifnet = up.ifnet
    ifnet.on_room.append(lambda: told.append(ifnet.room))
    up.call("echo_hold", 64)
    assert up.ifnet.send([frame(n) for n in range(64)]) == 64
    up.settle()
    assert up.ifnet.send([frame(n) for n in range(3000)]) == 1024
    assert told == []
    up.call("echo_hold", 0)
    assert len(told) == 1
    assert told[0] >= 512


def test_large_frames_pass(up: NetRig) -> None:
    batches = received(up)
    sent = [frame(n, 9014) for n in range(60)]
    up.ifnet.send(sent)
    up.settle()
    assert [one for batch in batches for one in batch] == sent


def test_nothing_comes_in_while_it_is_down(up: NetRig) -> None:
    batches = received(up)
    up.ioctl(Command.SET_FLAGS, 0, UP)
    up.ifnet.send([frame(1)])
    up.settle()
    assert batches == []


def test_an_mtu_is_checked_and_reinitialises(up: NetRig) -> None:
    inits = up.call("echo_state", INITS)
    assert up.ioctl(Command.SET_MTU, 9000) == 0
    assert up.ifnet.member(Member.MTU) == 9000
    assert up.call("echo_state", INITS) == inits + 1
    assert up.ioctl(Command.SET_MTU, 20) == EINVAL
    assert up.ioctl(Command.SET_MTU, 9500) == EINVAL


def test_multicast_addresses_are_counted(up: NetRig) -> None:
    changes = up.call("echo_state", CHANGES)
    assert up.ioctl(Command.ADD_MULTI, GROUP) == 0
    assert up.ioctl(Command.ADD_MULTI, GROUP) == 0
    assert up.call("echo_state", MULTICNT) == 1
    assert up.ioctl(Command.ADD_MULTI, 0x525400123456) == EINVAL
    assert up.ioctl(Command.DEL_MULTI, GROUP) == 0
    assert up.call("echo_state", MULTICNT) == 1
    assert up.ioctl(Command.DEL_MULTI, GROUP) == 0
    assert up.ioctl(Command.DEL_MULTI, GROUP) == ENXIO
    assert up.call("echo_state", MULTICNT) == 0
    assert up.call("echo_state", CHANGES) == changes + 2


def test_promiscuous_mode_is_counted(up: NetRig) -> None:
    for on, flag in ((1, PROMISC), (1, PROMISC), (0, PROMISC), (0, 0)):
        assert up.ioctl(Command.SET_PROMISC, on) == 0
        assert up.ifnet.member(Member.FLAGS) & PROMISC == flag
    assert up.ioctl(Command.SET_PROMISC, 0) == EINVAL


def test_media_are_listed_and_chosen(up: NetRig) -> None:
    words = up.boundary.memory.allocate(4 * 16)
    assert up.ioctl(Command.GET_MEDIA, words, 16) == 0
    raw = struct.unpack("=8I", up.boundary.memory.read(words, 32))
    assert raw == (0x20, 0, 3, 0x100030, 3, 0x23, 0x100030, 0x20)
    assert up.ioctl(Command.SET_MEDIA, 0x23) == 0
    assert up.ioctl(Command.GET_MEDIA, words, 16) == 0
    assert up.boundary.memory.read_uint(words, 4) == 0x23
    assert up.ioctl(Command.SET_MEDIA, 0x26) == EINVAL
    up.boundary.memory.release(words)


def test_the_link_level_address_can_change(up: NetRig) -> None:
    assert up.ioctl(Command.SET_ADDRESS, 0x02AABBCCDDEE) == 0
    assert up.ifnet.address == bytes.fromhex("02aabbccddee")


def test_the_link_state_is_told(rig: NetRig) -> None:
    states: list[int] = []
    rig.ifnet.on_link.append(states.append)
    for state in (2, 2, 1):
        rig.call("echo_link", state)
    assert states == [2, 1]


def test_the_watchdog_runs_when_its_time_is_over(up: NetRig) -> None:
    up.call("echo_timer", 3)
    up.advance(2.5)
    assert up.call("echo_state", WATCHDOGS) == 0
    up.advance(2)
    assert up.call("echo_state", WATCHDOGS) == 1
    assert up.ifnet.member(Member.TIMER) == 0


def test_checksums_are_left_to_hardware_that_does_them(up: NetRig) -> None:
    assert up.ioctl(Command.SET_CAPENABLE, 0x80000) == EINVAL
    assert up.ioctl(Command.SET_CAPENABLE, IFCAP_IP_TX | IFCAP_UDP_TX) == 0
    assert up.call("echo_state", CSUM_TX) == CSUM_IP | CSUM_UDP
    ip = bytes.fromhex("45000024000100004011ffff0a00020f0a000202")
    udp = bytes.fromhex("c000000700101234") + bytes(8)
    up.call("echo_hold", 1)
    up.ifnet.send([(b"\x52\x55\x0a\x00\x02\x02" + b"\x52\x54\x00\x12\x34\x56\x08\x00" + ip + udp)])
    up.settle()
    assert up.call("echo_state", KEPT_CSUM) == CSUM_IP | CSUM_UDP
    assert up.call("echo_state", KEPT_DATA) == 20 << 16 | 6


def test_a_tag_that_hardware_took_off_is_put_back(up: NetRig) -> None:
    batches = received(up)
    assert up.call("echo_tagged", 0x2005) == 0
    up.settle()
    ((got,),) = batches
    assert len(got) == 64
    assert got[12:16] == bytes.fromhex("81002005")


def test_a_tag_is_left_to_hardware_that_inserts_it(up: NetRig) -> None:
    assert up.ioctl(Command.SET_VLAN, 5, 1) == 0
    assert up.call("echo_state", ECENABLE) == 3
    assert up.ioctl(Command.SET_VLAN, 5, 0) == 0
    assert up.call("echo_state", ECENABLE) == 0
    assert up.ioctl(Command.SET_VLAN, 5, 0) == EINVAL


def test_a_tap_shows_both_directions(up: NetRig) -> None:
    seen: list[Captured] = []
    tap = up.kernel.service(Bpf).tap(up.ifnet.ifp)
    assert tap is not None
    up.advance(0.5)
    listener = seen.extend
    tap.listen(listener)
    up.ifnet.send([frame(1), frame(2)])
    up.settle()
    tap.stop(listener)
    for out in (True, False):
        assert [one.frame for one in seen if one.out is out] == [frame(1), frame(2)]
    assert {one.time_ns for one in seen} == {500_000_000}


def test_a_tap_loses_nothing_when_its_buffer_is_small(up: NetRig) -> None:
    seen: list[Captured] = []
    tap = up.kernel.service(Bpf).tap(up.ifnet.ifp)
    assert tap is not None
    listener = seen.extend
    tap.listen(listener)
    for start in range(0, 600, 60):
        up.ifnet.send([frame(n, 1514) for n in range(start, start + 60)])
        up.settle()
    tap.stop(listener)
    assert len(seen) == 1200
    assert tap.dropped == 0


def test_detach_while_the_driver_keeps_frames(up: NetRig) -> None:
    up.call("echo_hold", 10)
    up.ifnet.send([frame(n) for n in range(10)])
    up.settle()
    up.call("echo_detach")
    assert up.ifnets.find("echo0") is None
    assert up.boundary.allocations(up.owner.number) == []


def test_the_sender_leaves_with_the_interface(up: NetRig) -> None:
    up.ifnet.send([frame(1)])
    up.settle()
    assert [lwp.wmesg for lwp in up.kernel.scheduler.lwps.values()].count("ifout") == 1
    up.call("echo_detach")
    assert "ifout" not in [lwp.wmesg for lwp in up.kernel.scheduler.lwps.values()]


def test_attaching_twice_is_misuse(rig: NetRig) -> None:
    with pytest.raises(DriverPanic, match=r"ifnet\(9\).*attached already"):
        rig.call("echo_attach_again")


def test_leaks_name_the_interface(rig: NetRig) -> None:
    assert [str(leak) for leak in rig.ifnets.leaks(rig.owner)] == [
        "ifnet(9): interface echo0 is still attached"
    ]
    rig.ifnets.release(rig.owner)
    assert rig.ifnets.find("echo0") is None
