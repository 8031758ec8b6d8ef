"""What iwm cannot show as of 2015: joining by itself, rescans and roaming, with one fault mended.

Needs a NetBSD kernel source tree in RUMPHOST_SYS that has the driver.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from wireless_card import Card, card, mended_tree, run

from rumphost.build import Builder
from rumphost.classes.ifnet import LinkState
from rumphost.classes.station import Station
from rumphost.models.air import AccessPoint
from rumphost.models.iwm7260 import Iwm7260


@pytest.fixture(scope="module")
def mended(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Builder:
    if not (tree / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree has no iwm")
    return Builder(mended_tree(tree, tmp_path_factory.mktemp("mended")))


@pytest.fixture
def on_card(mended: Builder, tmp_path: Path) -> Callable[..., Any]:
    def start(scenario: Callable[[Card], Awaitable[Any]], *points: AccessPoint) -> Any:
        async def main() -> Any:
            model = Iwm7260(access_points=list(points))
            async with card(mended, tmp_path, model=model) as one:
                return await scenario(one)

        return run(main)

    return start


async def joined(one: Card, point: AccessPoint) -> None:
    """Wait until the driver is with an access point."""
    with trio.fail_after(30):
        while await one.wireless.bssid() != point.address:
            await trio.sleep(0.1)
        await one.interface.wait_link()


def test_it_joins_the_network_of_its_name(on_card):
    here, other = AccessPoint("here", channel=3), AccessPoint("other", channel=9)

    async def scenario(one: Card) -> None:
        await one.wireless.set_ssid(b"here")
        await one.interface.up()
        await joined(one, here)
        assert not other.bss.stations

    on_card(scenario, other, here)


def test_it_scans_until_the_network_is_there(on_card):
    late = AccessPoint("late", channel=3)

    async def scenario(one: Card) -> None:
        await one.wireless.set_ssid(b"late")
        await one.interface.up()
        await trio.sleep(5)
        assert one.interface.link_state != LinkState.UP
        one.air.add(late)
        await joined(one, late)

    on_card(scenario, AccessPoint("other", channel=9))


def test_it_roams_when_its_access_point_goes_away(on_card):
    # The driver takes the weaker one: it gives net80211 the strength without its sign.
    near, far = (
        AccessPoint("net", channel=1, signal_dbm=-40),
        AccessPoint("net", channel=11, signal_dbm=-60),
    )

    async def scenario(one: Card) -> None:
        network = one.network()
        await one.wireless.set_ssid(b"net")
        await one.interface.up()
        await joined(one, far)
        async with Station(one.interface) as station:
            await station.dhcp()
            one.air.remove(far)
            await joined(one, near)
            assert (await station.ping(network.gateway)).received == 3

    on_card(scenario, near, far)


def test_it_comes_back_after_it_was_thrown_out(on_card):
    point = AccessPoint("net", channel=6)

    async def scenario(one: Card) -> None:
        await one.wireless.set_ssid(b"net")
        await one.interface.up()
        await joined(one, point)
        # Before its time event has ended it would wait for that end for ever (sc_auth_prot).
        await trio.sleep(1)
        point.deauthenticate()
        await trio.sleep(0.2)
        await joined(one, point)
        assert point.bss.counts["associated"] == 2

    on_card(scenario, point)
