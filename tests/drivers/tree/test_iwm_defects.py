"""What revision 1.1 of NetBSD's iwm gets wrong, as runs on the model show it.

Each test is for the unmodified driver and is skipped for a tree where the words are gone; the last
ones show that the driver works where they are put right.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from iwm_overlay import (
    NO_5GHZ,
    SCAN_END_LOST,
    SIGNAL_NEGATED,
    line_of,
    make_overlay,
    needs,
)
from wireless_card import PASSPHRASE, Card, card, run

from rumphost.build import Builder
from rumphost.classes.ieee80211 import Ioc, Roaming
from rumphost.classes.ifnet import LinkState
from rumphost.classes.station import Station
from rumphost.classes.wlan import Wlan
from rumphost.models.air import AccessPoint
from rumphost.models.iwm7260 import Iwm7260

Scenario = Callable[[Card, Wlan], Awaitable[Any]]
Start = Callable[..., Any]


def _starter(builder: Builder, directory: Path) -> Start:
    def start(scenario: Scenario, *points: AccessPoint) -> Any:
        async def main() -> Any:
            model = Iwm7260(access_points=list(points))
            async with (
                card(builder, directory, model=model) as one,
                Wlan(one.interface) as wlan,
            ):
                return await scenario(one, wlan)

        return run(main)

    return start


@pytest.fixture
def unmodified(builder: Builder, tree: Path, tmp_path: Path) -> Start:
    if not (tree / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree has no iwm")
    return _starter(builder, tmp_path)


@pytest.fixture(scope="session")
def mended_builder(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    for defect in (SCAN_END_LOST, NO_5GHZ):
        needs(tree, defect)
    return Builder(make_overlay(tree, tmp_path_factory.mktemp("overlay") / "sys"))


@pytest.fixture
def mended(mended_builder: Builder, tmp_path: Path) -> Start:
    return _starter(mended_builder, tmp_path)


def test_the_end_of_a_scan_gets_lost(unmodified, tree):
    needs(tree, SCAN_END_LOST)
    assert line_of(tree, f"\n{SCAN_END_LOST}") == "if_iwm.c:5548"

    async def scenario(one: Card, wlan: Wlan) -> None:
        await wlan.scan()
        assert not wlan.scan_ended
        before = one.air.access_points[0].beacons
        await wlan.requests.set(Ioc.SCAN_REQ)
        await trio.sleep(5)
        assert one.air.access_points[0].beacons == before  # nobody has listened

    unmodified(scenario, AccessPoint("a", channel=1))


def test_it_never_joins_by_itself(unmodified, tree):
    needs(tree, SCAN_END_LOST)

    async def scenario(one: Card, wlan: Wlan) -> None:
        await wlan.requests.set(Ioc.ROAMING, value=Roaming.AUTO)
        await wlan.requests.set_ssid(b"a")
        await one.interface.up()
        await trio.sleep(20)
        assert one.interface.link_state is not LinkState.UP

    unmodified(scenario, AccessPoint("a", channel=1))


def test_an_access_point_that_falls_silent_is_not_missed(unmodified, tree):
    """For net80211 the first scan still goes on: what the firmware tells of beacons is ignored."""
    needs(tree, SCAN_END_LOST)

    async def scenario(one: Card, wlan: Wlan) -> None:
        await wlan.join("a")
        one.air.remove(one.air.access_points[0])
        await trio.sleep(30)
        assert one.model.firmware.beacons.missed_in_all > 250
        assert one.interface.link_state is LinkState.UP

    unmodified(scenario, AccessPoint("a", channel=1))


def test_there_is_no_5_ghz(unmodified, tree):
    needs(tree, NO_5GHZ)

    async def scenario(one: Card, wlan: Wlan) -> None:
        assert [network.ssid for network in await wlan.scan()] == ["a"]
        assert not one.air.access_points[1].beacons

    unmodified(scenario, AccessPoint("a", channel=1), AccessPoint("b", channel=36))


def test_a_stronger_signal_is_a_smaller_number(unmodified, tree):
    """net80211 compares: of two equal networks it would choose the weaker."""
    needs(tree, SIGNAL_NEGATED)

    async def scenario(_one: Card, wlan: Wlan) -> None:
        found = {network.channel: network.rssi for network in await wlan.scan()}
        assert found == {1: 40, 6: 88}

    unmodified(
        scenario,
        AccessPoint("a", channel=1, signal_dbm=-40),
        AccessPoint("a", channel=6, signal_dbm=-88),
    )


def test_memory_is_allocated_in_the_interrupt_handler(unmodified):
    """A kernel with DIAGNOSTIC panics there; the host says so, once for each function."""

    async def scenario(one: Card, wlan: Wlan) -> None:
        await wlan.join("a")
        assert one.messages.count("kmem(9): kmem_alloc in interrupt context") == 1

    unmodified(scenario, AccessPoint("a", channel=1))


def test_who_leaves_does_not_say_so(unmodified):
    """The card is reset before the frame that says it could be sent."""

    async def scenario(one: Card, wlan: Wlan) -> None:
        await wlan.join("a")
        await wlan.leave()
        await trio.sleep(1)
        assert len(one.air.access_points[0].bss.stations) == 1

    unmodified(scenario, AccessPoint("a", channel=1))


class TestMended:
    """With these put right."""

    def test_both_bands_are_scanned_again_and_again(self, mended):
        async def scenario(one: Card, wlan: Wlan) -> None:
            for _ in range(3):
                found = {network.ssid: network.channel for network in await wlan.scan()}
                assert wlan.scan_ended
                assert found == {"low": 1, "high": 36, "radar": 100}
            assert not one.model.notes

        mended(
            scenario,
            AccessPoint("low", channel=1),
            AccessPoint("high", channel=36),
            AccessPoint("radar", channel=100),
        )

    @pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["open", "wpa2"])
    def test_a_network_on_5_ghz(self, mended, passphrase):
        async def scenario(one: Card, wlan: Wlan) -> None:
            network = one.network()
            assert (await wlan.join("high", passphrase)).channel == 36
            assert (await wlan.status()).media.startswith("autoselect (OFDM54 mode 11a)")
            async with Station(one.interface) as station:
                await station.dhcp()
                assert (await station.ping(network.gateway)).received == 3

        mended(scenario, AccessPoint("high", channel=36, passphrase=passphrase))

    def test_an_access_point_that_falls_silent_is_missed(self, mended):
        async def scenario(one: Card, wlan: Wlan) -> None:
            roamed: list[int] = []
            await wlan.join("a")
            one.air.remove(one.air.access_points[0])
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wlan.keep_joined, lambda found: roamed.append(found.channel))
                with trio.fail_after(30):
                    while not roamed:
                        await trio.sleep(0.1)
                nursery.cancel_scope.cancel()
            assert roamed == [11]

        mended(
            scenario,
            AccessPoint("a", channel=1, signal_dbm=-40),
            AccessPoint("a", channel=11, signal_dbm=-80),
        )

    def test_it_joins_by_itself(self, mended):
        async def scenario(one: Card, wlan: Wlan) -> None:
            await wlan.requests.set(Ioc.ROAMING, value=Roaming.AUTO)
            await wlan.requests.set_ssid(b"a")
            await one.interface.up()
            with trio.fail_after(20):
                await one.interface.wait_link()

        mended(scenario, AccessPoint("a", channel=1))
