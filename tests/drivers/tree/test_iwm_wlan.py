"""NetBSD's own iwm, unmodified, behind the ``Wlan`` class: scan, join, roam, traffic, failures.

What the driver itself gets wrong is in ``test_iwm_defects.py``.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from wireless_card import PASSPHRASE, Card, access_points, card, run

from rumphost.build import Builder
from rumphost.classes.ifnet import IfFlags
from rumphost.classes.station import Station
from rumphost.classes.wlan import JoinFailed, State, Wlan
from rumphost.errors import UsageError
from rumphost.models.air import AccessPoint
from rumphost.models.iwm7260 import Iwm7260

PEER = bytes.fromhex("525400000001")
FRAMES = 10_000
WALL_S = 10.0
Scenario = Callable[[Card, Wlan], Awaitable[Any]]


@pytest.fixture
def on_wlan(builder: Builder, tree: Path, tmp_path: Path) -> Callable[..., Any]:
    """Return a function that runs a scenario with an attached card and its ``Wlan``."""
    if not (tree / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree has no iwm")

    def start(scenario: Scenario, *points: AccessPoint, **options: Any) -> Any:
        async def main() -> Any:
            model = Iwm7260(access_points=list(points or access_points()))
            async with (
                card(builder, tmp_path, model=model, **options) as one,
                Wlan(one.interface) as wlan,
            ):
                return await scenario(one, wlan)

        return run(main)

    return start


async def works(one: Card) -> None:
    """Get an address by DHCP and ping the gateway."""
    async with Station(one.interface) as station:
        lease = await station.dhcp()
        assert lease.router is not None
        assert (await station.ping(lease.router)).received == 3


def test_a_scan_lists_the_networks(on_wlan):
    async def scenario(one: Card, wlan: Wlan) -> None:
        found = await wlan.scan()
        assert [(n.ssid, n.channel, n.signal_dbm, n.security, n.interval) for n in found] == [
            ("open", 1, -40, "open", 100),
            ("secret", 11, -65, "WPA2-PSK", 100),
            ("weak", 6, -88, "open", 50),
        ]
        assert [n.bssid for n in found[:2]] == [
            point.address.hex(":") for point in one.air.access_points[:2]
        ]
        assert found[0].rates[0] == 1
        assert found[0].rates[-1] == 54
        assert found[1].capability_names == ("ESS", "privacy", "short preamble")
        rsn = found[1].rsn
        assert rsn is not None
        assert (rsn.group, rsn.pairwise, rsn.key_management) == ("CCMP", ("CCMP",), ("PSK",))

    on_wlan(scenario, *access_points(), AccessPoint("weak", channel=6, signal_dbm=-88, interval=50))


def test_a_hidden_network(on_wlan):
    async def scenario(_one: Card, wlan: Wlan) -> None:
        found = await wlan.scan()
        assert [network.ssid for network in found] == [""]
        assert (await wlan.join("ghost")).channel == 3
        assert [network.ssid for network in await wlan.networks()] == ["ghost"]

    on_wlan(scenario, AccessPoint("ghost", channel=3, hidden=True))


def test_an_open_network(on_wlan):
    async def scenario(one: Card, wlan: Wlan) -> None:
        states: list[State] = []
        wlan.on_state.append(states.append)
        one.network()
        network = await wlan.join("open")
        assert states == [State.SCANNING, State.IDLE, State.JOINING, State.JOINED]
        assert network.bssid == one.air.access_points[0].address.hex(":")
        await works(one)
        status = await wlan.status()
        assert (status.state, status.ssid, status.channel) == (State.JOINED, "open", 1)
        assert status.bssid == network.bssid
        assert status.media == "autoselect (OFDM54 mode 11g), status: active"
        assert status.network is not None
        assert status.network.signal_dbm == -40
        await wlan.leave()
        assert (await wlan.status()).bssid == "00:00:00:00:00:00"
        assert wlan.state is State.IDLE
        assert not one.model.notes

    on_wlan(scenario)


def test_a_network_with_wpa2(on_wlan):
    async def scenario(one: Card, wlan: Wlan) -> None:
        states: list[State] = []
        wlan.on_state.append(states.append)
        one.network()
        await wlan.join("secret", PASSPHRASE)
        assert states[-3:] == [State.JOINING, State.HANDSHAKE, State.JOINED]
        await works(one)
        counts = one.air.access_points[1].bss.counts
        assert counts["handshakes"] == 1
        assert not counts["unprotected"] + counts["not authentic"] + counts["replayed"]
        assert not one.model.notes

    on_wlan(scenario)


def test_from_one_network_to_the_other_and_back(on_wlan):
    async def scenario(one: Card, wlan: Wlan) -> None:
        one.network()
        for _ in range(3):
            await wlan.join("open")
            await works(one)
            await wlan.join("secret", PASSPHRASE)
            await works(one)
        assert one.air.access_points[1].bss.counts["handshakes"] == 3

    on_wlan(scenario)


def test_a_wrong_passphrase_and_then_the_right_one(on_wlan):
    async def scenario(one: Card, wlan: Wlan) -> None:
        with pytest.raises(JoinFailed, match=r"cannot join 'secret': .*the passphrase is wrong"):
            await wlan.join("secret", "wrong horse")
        assert wlan.state is State.IDLE
        await wlan.join("secret", PASSPHRASE)
        assert one.air.access_points[1].bss.counts["handshakes"] == 1

    on_wlan(scenario)


def test_what_does_not_fit_together(on_wlan):
    async def scenario(_one: Card, wlan: Wlan) -> None:
        with pytest.raises(UsageError, match="'secret' has WPA2-PSK: it takes a passphrase"):
            await wlan.join("secret")
        with pytest.raises(UsageError, match="'open' is open: leave the passphrase out"):
            await wlan.join("open", PASSPHRASE)
        with pytest.raises(JoinFailed, match="there is no network 'nowhere'"):
            await wlan.join("nowhere")

    on_wlan(scenario)


def test_the_strongest_of_a_network_is_joined(on_wlan):
    async def scenario(one: Card, wlan: Wlan) -> None:
        assert (await wlan.join("home")).channel == 6
        far = one.air.access_points[0]
        assert (await wlan.join("home", bssid=far.address)).channel == 1

    on_wlan(
        scenario,
        AccessPoint("home", channel=1, signal_dbm=-80),
        AccessPoint("home", channel=6, signal_dbm=-50),
    )


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["open", "wpa2"])
def test_it_roams_when_the_access_point_goes_away(on_wlan, passphrase):
    async def scenario(one: Card, wlan: Wlan) -> None:
        one.network()
        near, far = one.air.access_points
        assert (await wlan.join("home", passphrase)).bssid == near.address.hex(":")
        await works(one)
        roamed: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wlan.keep_joined, lambda network: roamed.append(network.bssid))
            near.deauthenticate()
            await trio.sleep(0.05)
            one.air.remove(near)
            with trio.fail_after(30):
                while not roamed:
                    await trio.sleep(0.1)
            nursery.cancel_scope.cancel()
        assert roamed == [far.address.hex(":")]
        await works(one)
        assert (await wlan.status()).channel == 11

    on_wlan(
        scenario,
        AccessPoint("home", channel=1, signal_dbm=-45, passphrase=passphrase),
        AccessPoint("home", channel=11, signal_dbm=-70, passphrase=passphrase),
    )


def test_it_joins_again_when_it_is_thrown_out(on_wlan):
    async def scenario(one: Card, wlan: Wlan) -> None:
        one.network()
        point = one.air.access_points[1]
        await wlan.join("secret", PASSPHRASE)
        point.deauthenticate()
        await trio.sleep(0.5)
        assert wlan.state is State.IDLE
        await wlan.roam()
        await works(one)
        assert point.bss.counts["handshakes"] == 2

    on_wlan(scenario)


def test_the_card_cannot_be_detached(on_wlan):
    """Its driver has no detach function; what it holds goes with the host."""
    from rumphost.errors import DetachRefused

    async def scenario(one: Card, wlan: Wlan) -> None:
        await wlan.join("open")
        with pytest.raises(DetachRefused, match=r"iwm0: cannot be detached: .*\(EOPNOTSUPP\)"):
            await one.host.detach(one.device)
        held = " ".join(map(str, one.host.leaks(one.device)))
        assert "bus_dma" in held
        assert "pci_intr" in held
        await wlan.leave()
        await one.interface.down()

    on_wlan(scenario)


async def frames_both_ways(one: Card) -> None:
    own = bytes.fromhex(one.interface.address.replace(":", ""))
    arrived: list[bytes] = []
    network, one.model.wire.on_frame = one.model.wire.on_frame, arrived.append
    sizes = [46 + number * 37 % 1455 for number in range(FRAMES)]
    sent = [
        PEER + own + b"\x88\xb5" + number.to_bytes(4, "big") + bytes([number & 255]) * (size - 4)
        for number, size in enumerate(sizes)
    ]
    await one.interface.send_all(sent)
    with trio.fail_after(60):
        while len(arrived) < len(sent):
            await trio.sleep(0.01)
    assert arrived == sent
    back = [own + PEER + frame[12:] for frame in sent]
    received: list[bytes] = []
    with one.interface.frames(FRAMES) as stream, trio.fail_after(60):
        for start in range(0, FRAMES, 50):
            for frame in back[start : start + 50]:
                one.model.wire.deliver(frame)
            while len(received) < start + 50:
                received += await stream.batch()
    assert received == back
    one.model.wire.on_frame = network


def test_all_of_it_in_one_run_in_less_than_ten_seconds(on_wlan):
    """Time that this process computes: a busy computer makes no difference."""

    async def scenario(one: Card, wlan: Wlan) -> None:
        one.network()
        assert len(await wlan.scan()) == 3
        await wlan.join("open")
        await works(one)
        await frames_both_ways(one)
        await wlan.join("secret", PASSPHRASE)
        await works(one)
        one.air.access_points[1].deauthenticate()
        await wlan.wait_state(State.IDLE)
        one.air.remove(one.air.access_points[1])
        assert (await wlan.roam()).channel == 9
        await works(one)
        one.model.firmware.fail(0x35)
        await trio.sleep(1)
        assert "iwm0: firmware error, stopping device" in one.messages
        await wlan.roam()
        one.model.set_rfkill(True)
        await trio.sleep(1)
        assert not one.interface.flags & IfFlags.UP
        one.model.set_rfkill(False)
        for _ in range(100):
            await one.interface.up()
            await trio.sleep(0.1)
            await one.interface.down()
        await wlan.join("open")
        await works(one)

    started = time.process_time()
    on_wlan(
        scenario,
        *access_points(),
        AccessPoint("secret", channel=9, signal_dbm=-75, passphrase=PASSPHRASE),
    )
    assert time.process_time() - started < WALL_S


@pytest.mark.parametrize("seed", [None, 7])
def test_the_same_trace_from_the_same_seed(on_wlan, seed):
    async def scenario(one: Card, wlan: Wlan) -> list[str]:
        events: list[str] = []
        one.host.trace.add_sink(lambda event: events.append(str(event)))
        one.network()
        await wlan.join("secret", PASSPHRASE)
        await works(one)
        return events

    first = on_wlan(scenario, seed=seed)
    assert len(first) > 1000
    assert on_wlan(scenario, seed=seed) == first
