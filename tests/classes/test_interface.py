"""``classes.ifnet``, ``stream`` and ``media``: on a scripted interface and on a real driver."""

# ruff: noqa: ARG001 (fixtures are asked for by name)

from __future__ import annotations

import pytest
import trio
from fake_wire import FakeIfnet
from trio.testing import MockClock

from rumphost.classes.ifnet import (
    IfFlags,
    Interface,
    InterfaceGone,
    IoctlError,
    LinkState,
    mac_number,
)
from rumphost.classes.media import Media, describe
from rumphost.errors import UsageError
from rumphost.kernel.ifnet import Command, Member


def frame(n: int) -> bytes:
    return (b"\xff" * 6 + b"\x52\x54\x00\x12\x34\x56\x88\xb5" + bytes([n])).ljust(60, b"\0")


async def test_ioctls_carry_their_arguments(interface: Interface, wire: FakeIfnet) -> None:
    await interface.up()
    await interface.down()
    await interface.set_mtu(9000)
    await interface.add_multicast("01:00:5e:00:00:01")
    await interface.assign("10.0.2.15")
    await interface.set_vlan(7)
    assert wire.calls == [
        (0x1000, Command.SET_FLAGS, 1, 0),
        (0x1000, Command.SET_FLAGS, 0, 1),
        (0x1000, Command.SET_MTU, 9000, 0),
        (0x1000, Command.ADD_MULTI, 0x01005E000001, 0),
        (0x1000, Command.INIT_ADDRESS, 0x0A00020F, 0),
        (0x1000, Command.SET_VLAN, 7, 1),
    ]


async def test_a_refusal_names_netbsds_errno(interface: Interface, wire: FakeIfnet) -> None:
    wire.answer = 45
    with pytest.raises(IoctlError, match="fake0: MTU 1: the driver answers EOPNOTSUPP") as caught:
        await interface.set_mtu(1)
    assert caught.value.errno == 45


async def test_sending_while_down_is_wrong_use(interface: Interface, wire: FakeIfnet) -> None:
    wire.members[Member.FLAGS] = 0
    with pytest.raises(UsageError, match="fake0 is down"):
        await interface.send(frame(1))


async def test_a_stream_drops_what_it_has_no_room_for(
    interface: Interface, wire: FakeIfnet
) -> None:
    with interface.frames(limit=2) as frames:
        for n in range(5):
            wire.deliver(frame(n))
        assert frames.dropped == 3
        assert await frames.batch() == [frame(0), frame(1)]
        wire.deliver(frame(9))
        assert await frames.__anext__() == frame(9)
    assert wire.receivers == []
    assert await frames.batch() == []


async def test_a_stream_ends_with_the_interface(
    interface: Interface, wire: FakeIfnet, nursery: trio.Nursery
) -> None:
    seen: list[bytes] = []

    async def read() -> None:
        with interface.frames() as frames:
            async for one in frames:
                seen.append(one)

    nursery.start_soon(read)
    await trio.testing.wait_all_tasks_blocked()
    wire.deliver(frame(3))
    await trio.testing.wait_all_tasks_blocked()
    wire.gone = True
    for call in tuple(wire.on_gone):
        call()
    await trio.testing.wait_all_tasks_blocked()
    assert seen == [frame(3)]
    with pytest.raises(InterfaceGone):
        await interface.up()


async def test_sending_waits_for_room(
    interface: Interface, wire: FakeIfnet, nursery: trio.Nursery
) -> None:
    wire.room = 0
    nursery.start_soon(interface.send_all, [frame(1), frame(2)])
    await trio.testing.wait_all_tasks_blocked()
    assert wire.sent == []
    wire.room = 8
    for call in tuple(wire.on_room):
        call()
    await trio.testing.wait_all_tasks_blocked()
    assert wire.sent == [frame(1), frame(2)]


def test_addresses_are_read_or_refused() -> None:
    assert mac_number("52:54:00:12:34:56") == 0x525400123456
    assert mac_number(b"\1\2\3\4\5\6") == 0x010203040506
    for bad in ("52:54", "hello", b"123"):
        with pytest.raises(UsageError, match="no link-level address"):
            mac_number(bad)


def test_media_words_in_words() -> None:
    assert describe(0x100030) == "1000baseT full-duplex"
    assert describe(0x20) == "autoselect"
    media = Media(0x20, 0x100030, 3, (0x20, 0x100030, 0x23))
    assert str(media) == "autoselect (1000baseT full-duplex), status: active"
    assert media.parse("full-duplex 1000baseT") == 0x100030
    with pytest.raises(UsageError, match="there are: autoselect, 1000baseT full-duplex, 10baseT"):
        media.parse("token ring")


# -- a real driver


async def test_a_driver_goes_up_and_down(echo: Interface, mock_clock: MockClock) -> None:
    assert str(echo) == "echo0: flags=0x8802<BROADCAST,SIMPLEX,MULTICAST> mtu 1500"
    await echo.up()
    assert IfFlags.UP | IfFlags.RUNNING in echo.flags
    assert echo.address == "52:54:00:12:34:56"
    await echo.down()
    assert IfFlags.UP not in echo.flags


async def test_frames_return(echo: Interface, mock_clock: MockClock) -> None:
    await echo.up()
    sent = [frame(n) for n in range(250)]
    with echo.frames() as frames:
        await echo.send_all(sent)
        got = []
        async for one in frames:
            got.append(one)
            if len(got) == len(sent):
                break
    assert got == sent
    assert (echo.counters.ipackets, echo.counters.opackets) == (250, 250)
    await echo.zero_counters()
    assert echo.counters.ipackets == 0


async def test_media_of_a_driver(echo: Interface, mock_clock: MockClock) -> None:
    media = await echo.media()
    assert str(media) == "autoselect (1000baseT full-duplex), status: active"
    await echo.set_media("10baseT")
    assert describe((await echo.media()).current) == "10baseT"


async def test_a_refused_change(echo: Interface, mock_clock: MockClock) -> None:
    with pytest.raises(IoctlError, match="EINVAL"):
        await echo.set_mtu(70000)


async def test_the_link_comes_up(echo: Interface, mock_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(echo.wait_link)
        await trio.sleep(0.5)
        echo.rig.call("echo_link", 2)  # type: ignore[attr-defined]
    assert echo.link_state is LinkState.UP
