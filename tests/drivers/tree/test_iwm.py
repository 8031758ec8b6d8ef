"""NetBSD's own iwm and net80211, unmodified, on the model of the Wireless 7260.

Needs a NetBSD kernel source tree in RUMPHOST_SYS that has the driver.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from wireless_card import PASSPHRASE, SCAN_S, Card, access_points, card, run

from rumphost.build import Builder
from rumphost.classes.ifnet import IfFlags, IoctlError, LinkState
from rumphost.classes.station import Station
from rumphost.errors import Misuse
from rumphost.models.air import AccessPoint
from rumphost.models.iwm7260 import ImageBuilder, Iwm7260
from rumphost.models.iwm7260.image import MAGIC

PEER = bytes.fromhex("525400000001")
FRAMES = 10_000
Scenario = Callable[[Card], Awaitable[Any]]


@pytest.fixture
def on_card(builder: Builder, tree: Path, tmp_path: Path) -> Callable[..., Any]:
    """Return a function that runs a scenario with an attached card."""
    if not (tree / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree has no iwm")

    def start(scenario: Scenario, **options: Any) -> Any:
        async def main() -> Any:
            async with card(builder, tmp_path, **options) as one:
                return await scenario(one)

        return run(main)

    return start


def own_address(one: Card) -> bytes:
    return bytes.fromhex(one.interface.address.replace(":", ""))


def test_it_attaches_and_says_what_it_found(on_card):
    async def scenario(one: Card) -> None:
        assert "iwm0: hw rev: 0x140, fw ver 23.214 (API ver 9), address 00:15:17:72:60:03" in (
            one.messages
        )
        assert "11g rates: 1Mbps 2Mbps 5.5Mbps 11Mbps 6Mbps" in one.messages
        assert one.interface.address == "00:15:17:72:60:03"
        assert not one.model.notes

    on_card(scenario)


def test_a_mac_address_of_choice(on_card):
    async def scenario(one: Card) -> str:
        return one.interface.address

    model = Iwm7260(mac=bytes.fromhex("0c8bfd123456"), access_points=[])
    assert on_card(scenario, model=model) == "0c:8b:fd:12:34:56"


def test_a_scan_finds_what_is_on_the_air(on_card):
    points = [
        *access_points(),
        AccessPoint("weak", channel=6, signal_dbm=-88, interval=50),
        AccessPoint("far up", channel=36),
    ]

    async def scenario(one: Card) -> None:
        await one.interface.up()
        await trio.sleep(SCAN_S)
        found = {network.ssid: network for network in await one.wireless.networks()}
        assert set(found) == {b"open", b"secret", b"weak"}
        assert [found[name].frequency for name in (b"open", b"weak", b"secret")] == [
            2412, 2437, 2462,
        ]  # fmt: skip
        assert [found[name].rssi for name in (b"open", b"weak", b"secret")] == [40, 88, 65]
        assert (found[b"weak"].interval, found[b"open"].interval) == (50, 100)
        assert (found[b"secret"].privacy, found[b"open"].privacy) == (True, False)
        assert found[b"open"].bssid == points[0].address
        assert not one.model.notes

    on_card(scenario, model=Iwm7260(access_points=points))


def test_dhcp_and_ping_through_an_open_network(on_card):
    async def scenario(one: Card) -> None:
        network = one.network()
        await one.join(one.air.access_points[0])
        assert await one.wireless.bssid() == one.air.access_points[0].address
        async with Station(one.interface) as station:
            lease = await station.dhcp()
            assert str(lease).startswith("10.0.2.15/24")
            assert (await station.ping(network.gateway)).received == 3
        assert not one.model.notes

    on_card(scenario)


def test_dhcp_and_ping_through_wpa2(on_card):
    async def scenario(one: Card) -> None:
        network = one.network()
        point = one.air.access_points[1]
        supplicant = await one.join_wpa2(point, PASSPHRASE)
        assert supplicant.done
        assert point.bss.counts["handshakes"] == 1
        async with Station(one.interface) as station:
            await station.dhcp()
            assert (await station.ping(network.gateway)).received == 3
        assert not point.bss.counts["not authentic"] + point.bss.counts["unprotected"]

    on_card(scenario)


def test_a_wrong_passphrase(on_card):
    async def scenario(one: Card) -> None:
        point = one.air.access_points[1]
        supplicant = await one.join_wpa2(point, "wrong horse")
        assert not supplicant.done
        assert point.bss.counts["wrong key"] >= 1
        assert point.bss.counts["handshakes"] == 0

    on_card(scenario)


@pytest.mark.parametrize("secret", [False, True], ids=["open", "wpa2"])
def test_frames_both_ways_byte_for_byte(on_card, secret):
    async def scenario(one: Card) -> None:
        if secret:
            await one.join_wpa2(one.air.access_points[1], PASSPHRASE)
        else:
            await one.join(one.air.access_points[0])
        own, arrived = own_address(one), []
        one.model.wire.on_frame = arrived.append
        sizes = [46 + number * 37 % 1455 for number in range(FRAMES)]
        sent = [
            PEER
            + own
            + b"\x88\xb5"
            + number.to_bytes(4, "big")
            + bytes([number & 255]) * (size - 4)
            for number, size in enumerate(sizes)
        ]
        await one.interface.send_all(sent)
        with trio.fail_after(60):
            while len(arrived) < len(sent):
                await trio.sleep(0.01)
        assert arrived == sent
        back = [own + PEER + frame[12:] for frame in sent]
        received = []
        with one.interface.frames(FRAMES) as stream, trio.fail_after(60):
            for start in range(0, FRAMES, 50):
                for frame in back[start : start + 50]:
                    one.model.wire.deliver(frame)
                while len(received) < start + 50:
                    received += await stream.batch()
        assert received == back

    on_card(scenario)


def test_a_firmware_assert(on_card):
    async def scenario(one: Card) -> None:
        await one.join(one.air.access_points[0])
        one.model.firmware.fail(0x35)
        await trio.sleep(1)
        assert "iwm0: firmware error, stopping device" in one.messages
        assert not one.interface.flags & IfFlags.UP
        # It has stopped while it started the card anew, and would not begin at the first buffer.
        with contextlib.suppress(IoctlError):
            await one.interface.up()
        await one.join(one.air.access_points[0])
        assert one.interface.link_state == LinkState.UP

    on_card(scenario)


def test_the_radio_switch(on_card):
    async def scenario(one: Card) -> None:
        await one.join(one.air.access_points[0])
        one.model.set_rfkill(True)
        await trio.sleep(1)
        assert "iwm0: rfkill switch, disabling interface" in one.messages
        with pytest.raises(IoctlError, match="EPERM"):
            await one.interface.up()
        assert "rfkill active, no go" in one.messages
        one.model.set_rfkill(False)
        await one.join(one.air.access_points[0])

    on_card(scenario)


def test_down_and_up_a_hundred_times(on_card):
    async def scenario(one: Card) -> None:
        for _ in range(100):
            await one.interface.up()
            await trio.sleep(0.1)
            await one.interface.down()
            await trio.sleep(0.1)
        await one.join(one.air.access_points[0])
        assert not one.model.notes

    on_card(scenario)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("no-clock", "Failed to init the card"),
        ("mute", "failed to read nvm"),
    ],
)
def test_a_card_that_never_answers(on_card, fault, words):
    model = Iwm7260(access_points=[])
    model.faults.add(fault)

    async def scenario(one: Card) -> None:
        assert words in one.messages
        assert not one.host.interfaces

    on_card(scenario, model=model)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[:2000], "firmware image invalid length"),
        (lambda data: data[:4] + b"\0\0\0\0" + data[8:], "invalid firmware iwm-7260-9"),
        (lambda data: data + b"\x99\0\0\0\0\0\0\0", "unknown firmware section 153, abort"),
    ],
    ids=["truncated", "magic", "record"],
)
def test_bad_firmware_files(on_card, spoil, words):
    async def scenario(one: Card) -> None:
        assert words in one.messages
        assert not one.host.interfaces

    on_card(scenario, contents=spoil)


def test_without_firmware_the_driver_frees_what_it_never_had(on_card, tree):
    if "fw_rawdata != NULL" in (tree / "dev/pci/if_iwm.c").read_text(errors="replace"):
        pytest.skip("this tree's driver has learnt it")

    async def scenario(_one: Card) -> None:
        raise AssertionError("attached")

    with pytest.raises(Misuse, match="kmem_free of 0x0") as caught:
        on_card(scenario, contents=lambda data: data[:3])
    assert any(frame.function == "iwm_read_firmware" for frame in caught.value.backtrace)


def test_firmware_that_never_says_that_it_is_alive(on_card):
    model = Iwm7260(access_points=[])
    model.faults.add("no-alive")

    async def scenario(one: Card) -> None:
        assert trio.current_time() > 0.9
        assert not one.host.interfaces

    on_card(scenario, model=model)


def test_firmware_with_a_wrong_checksum_does_not_start(on_card):
    async def scenario(one: Card) -> None:
        assert list(one.model.notes) == [
            "the firmware does not start: section 1 has a wrong checksum"
        ]
        assert not one.host.interfaces

    def spoil(data: bytes) -> bytes:
        at = data.index(b"RH72", data.index(b"RH72") + 1) + 100
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    on_card(scenario, contents=spoil)


def test_firmware_without_what_the_driver_needs(on_card):
    async def scenario(one: Card) -> None:
        assert "device uses unsupported power ops" in one.messages

    on_card(scenario, image=ImageBuilder(flags=0, magic=MAGIC))


@pytest.mark.parametrize("flags", [0x40, 0x240, 0x80840], ids=["oldest", "events", "keys"])
def test_firmware_of_other_interfaces(on_card, flags):
    async def scenario(one: Card) -> None:
        await one.join(one.air.access_points[0])
        found = {network.ssid: network.rssi for network in await one.wireless.networks()}
        assert found == {b"open": 40, b"secret": 65}

    on_card(scenario, image=ImageBuilder(flags=flags))


def test_the_network_throws_it_out(on_card):
    async def scenario(one: Card) -> None:
        await one.join(one.air.access_points[0])
        one.air.access_points[0].deauthenticate()
        await trio.sleep(0.5)
        assert one.interface.link_state == LinkState.DOWN

    on_card(scenario)


def test_the_network_goes_away(on_card):
    async def scenario(one: Card) -> None:
        await one.join(one.air.access_points[0])
        one.air.remove(one.air.access_points[0])
        await trio.sleep(3)
        assert one.model.firmware.beacons.missed_in_all > 20

    on_card(scenario)


def test_lost_frames_are_sent_again(on_card):
    async def scenario(one: Card) -> None:
        await one.join(one.air.access_points[0])
        count = 0

        def lose(frame: bytes, _radio: object) -> bool:
            nonlocal count
            count += frame[0] == 0x08
            return frame[0] == 0x08 and count % 3 == 1

        one.air.loss = lose
        own, arrived = own_address(one), []
        one.model.wire.on_frame = arrived.append
        sent = [PEER + own + b"\x88\xb5" + bytes([number] * 50) for number in range(60)]
        await one.interface.send_all(sent)
        await trio.sleep(1)
        assert arrived == sent
        assert count > len(sent)

    on_card(scenario)


@pytest.mark.parametrize("seed", [None, 7])
def test_the_same_seed_gives_the_same_trace(on_card, seed):
    async def scenario(one: Card) -> list[str]:
        air: list[str] = []
        one.air.on_transmit.append(
            lambda frame, how: air.append(f"{one.air.now_ns()} {how} {frame.hex()}")
        )
        one.network()
        with one.host.trace.recording() as events:
            await one.join_wpa2(one.air.access_points[1], PASSPHRASE)
            async with Station(one.interface) as station:
                await station.dhcp()
        return [*air, *map(str, events), one.messages]

    first, second = on_card(scenario, seed=seed), on_card(scenario, seed=seed)
    for number, (left, right) in enumerate(zip(first, second, strict=False)):
        assert left == right, f"line {number} of {len(first)}"
    assert len(first) == len(second)
