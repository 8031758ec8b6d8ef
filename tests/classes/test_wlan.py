"""Scan, join, leave and roam, with a driver that is scripted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import trio
from fake_wireless import GROUP_KEY, SCAN_S, FakeNetwork, FakeStation

from rumphost.classes.ieee80211 import (
    IEEE80211REQ,
    KEY,
    MLME,
    SCAN_RESULT,
    SIOCG80211,
    SIOCG80211BSSID,
    SIOCS80211,
    SIOCS80211NWID,
    Ioc,
    Roaming,
    channel_of,
)
from rumphost.classes.ifnet import IoctlError
from rumphost.classes.scan_result import Rsn, parse_results
from rumphost.classes.wlan import SCAN_S as SCAN_LIMIT_S
from rumphost.classes.wlan import JoinFailed, State, Wlan
from rumphost.errors import Unsupported, UsageError
from rumphost.models.air.eapol import RSN_CCMP_PSK

SECRET = "correct horse"
A, B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


@asynccontextmanager
async def opened(driver: FakeStation) -> AsyncIterator[Wlan]:
    async with trio.open_nursery() as nursery:
        driver.nursery = nursery
        async with Wlan(driver.interface()) as wlan:
            yield wlan
        nursery.cancel_scope.cancel()
    assert not driver.memory.held
    assert not driver.receivers + driver.on_event


def test_the_structures_are_as_large_as_netbsds():
    sizes = [one.size for one in (IEEE80211REQ, SCAN_RESULT, KEY, MLME)]
    assert sizes == [32, 40, 64, 42]


def test_the_numbers_of_the_requests_are_netbsds():
    assert [hex(one) for one in (SIOCS80211, SIOCG80211, SIOCG80211BSSID, SIOCS80211NWID)] == [
        "0x802069f4", "0xc02069f5", "0xc01669f1", "0xc09069e6",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("frequency", "channel"), [(2412, 1), (2472, 13), (2484, 14), (5180, 36), (5825, 165)]
)
def test_channels(frequency, channel):
    assert channel_of(frequency) == channel


class TestScan:
    async def test_what_is_found_comes_strongest_first(self, autojump_clock):
        driver = FakeStation(
            FakeNetwork("far", A, rssi=80), FakeNetwork("near", B, 2462, 40, SECRET)
        )
        async with opened(driver) as wlan:
            near, far = await wlan.scan()
        assert str(near) == "'near' 02:00:00:00:00:02 channel 11, -40 dBm, WPA2-PSK"
        assert str(far) == "'far' 02:00:00:00:00:01 channel 1, -80 dBm, open"
        assert near.rates == (1, 2, 5.5, 11, 54)
        assert near.capability_names == ("ESS", "privacy")
        assert near.rsn == Rsn("CCMP", ("CCMP",), ("PSK",))

    async def test_it_ends_when_the_driver_says_so(self, autojump_clock):
        driver = FakeStation()
        async with opened(driver) as wlan:
            started = trio.current_time()
            assert await wlan.scan() == []
            assert trio.current_time() - started == pytest.approx(SCAN_S)
            assert wlan.scan_ended
            await wlan.scan()
            assert driver.scans == 2

    async def test_a_driver_that_never_says_so_is_restarted(self, autojump_clock):
        driver = FakeStation(FakeNetwork("a", A))
        driver.tells = False
        async with opened(driver) as wlan:
            started = trio.current_time()
            assert len(await wlan.scan()) == 1
            assert trio.current_time() - started == pytest.approx(SCAN_LIMIT_S)
            assert not wlan.scan_ended
            await wlan.scan()
        assert driver.scans == 2

    async def test_a_hidden_network_is_asked_for_by_name(self, autojump_clock):
        driver = FakeStation(FakeNetwork("ghost", A, hidden=True))
        async with opened(driver) as wlan:
            assert [one.ssid for one in await wlan.scan()] == [""]
            assert [one.ssid for one in await wlan.scan("ghost")] == ["ghost"]
            with pytest.raises(UsageError, match="no SSID: it has more than 32 bytes"):
                await wlan.scan("x" * 33)

    async def test_signed_bytes_are_decibels_too(self, autojump_clock):
        driver = FakeStation(FakeNetwork("a", A, rssi=256 - 61))
        async with opened(driver) as wlan:
            (found,) = await wlan.scan()
        assert found.signal_dbm == -61

    @pytest.mark.parametrize(
        ("capabilities", "elements", "security"),
        [
            (0x01, b"", "open"),
            (0x11, b"", "WEP"),
            (0x11, bytes.fromhex("dd160050f20101000050f20201000050f20201000050f202"), "WPA"),
            (0x11, b"\x30\x14" + RSN_CCMP_PSK[:-3] + b"\x01\0\0", "WPA2-802.1X"),
            (0x11, b"\x30\x14" + RSN_CCMP_PSK[:-3] + b"\x08\0\0", "WPA2-SAE"),
        ],
    )
    async def test_security(self, autojump_clock, capabilities, elements, security):
        network = FakeNetwork("a", A, capabilities=capabilities, elements=elements)
        (found,) = parse_results(network.result(named=True))
        assert found.security == security

    def test_an_element_that_is_cut_short(self):
        assert Rsn.parse(RSN_CCMP_PSK[:9]) is None
        assert Rsn.parse(b"\2\0" + RSN_CCMP_PSK[2:]) is None

    def test_results_that_are_cut_short(self):
        data = FakeNetwork("a", A).result(named=True)
        assert parse_results(data[:30]) == []


class TestJoin:
    async def test_an_open_network(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A, 2437))
        states: list[State] = []
        async with opened(driver) as wlan:
            assert wlan.state is State.DOWN
            wlan.on_state.append(states.append)
            assert (await wlan.join("home")).channel == 6
            status = await wlan.status()
            assert driver.settings == {Ioc.ROAMING: Roaming.MANUAL}
        assert states == [State.SCANNING, State.IDLE, State.JOINING, State.JOINED]
        assert (status.ssid, status.bssid, status.channel) == ("home", A.hex(":"), 6)
        assert status.media == "autoselect (OFDM54 mode 11g), status: active"
        assert not driver.keys

    async def test_wpa2(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A, passphrase=SECRET))
        states: list[State] = []
        async with opened(driver) as wlan:
            wlan.on_state.append(states.append)
            await wlan.join("home", SECRET)
        assert states[2:] == [State.JOINING, State.HANDSHAKE, State.JOINED]
        assert driver.settings == {
            Ioc.ROAMING: Roaming.MANUAL, Ioc.WPA: 2, Ioc.PRIVACY: 1, Ioc.DROPUNENCRYPTED: 1,
            Ioc.OPTIE: b"\x30\x14" + RSN_CCMP_PSK,
        }  # fmt: skip
        authenticator = driver.networks[0].authenticator
        assert authenticator is not None
        assert authenticator.done
        assert authenticator.keys is not None
        assert driver.keys == [
            (authenticator.keys.temporal, A, 0xFFFF), (GROUP_KEY, b"\xff" * 6, 1),
        ]  # fmt: skip

    async def test_a_wrong_passphrase(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A, passphrase=SECRET))
        async with opened(driver) as wlan:
            with pytest.raises(JoinFailed, match=r"fake0: cannot join 'home': .*passphrase is wr"):
                await wlan.join("home", "wrong horse")
            assert wlan.state is State.IDLE
            await wlan.join("home", SECRET)
        assert len(driver.keys) == 2

    async def test_from_wpa2_to_an_open_network(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A, passphrase=SECRET), FakeNetwork("cafe", B))
        async with opened(driver) as wlan:
            await wlan.join("home", SECRET)
            await wlan.join("cafe")
            assert driver.joined is driver.networks[1]
        assert [driver.settings[kind] for kind in (Ioc.WPA, Ioc.PRIVACY, Ioc.OPTIE)] == [0, 0, 0]

    async def test_the_strongest_unless_told_otherwise(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A, rssi=70), FakeNetwork("home", B, rssi=50))
        async with opened(driver) as wlan:
            assert (await wlan.join("home")).bssid == B.hex(":")
            assert (await wlan.join("home", bssid=A)).bssid == A.hex(":")

    async def test_an_access_point_that_does_not_answer(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A, silent=True))
        async with opened(driver) as wlan:
            started = trio.current_time()
            with pytest.raises(JoinFailed, match="'home': the access point does not answer"):
                await wlan.join("home", timeout_s=3)
            assert trio.current_time() - started == pytest.approx(SCAN_S + 3)

    async def test_no_such_network(self, autojump_clock):
        async with opened(FakeStation(FakeNetwork("home", A))) as wlan:
            with pytest.raises(JoinFailed, match="there is no network 'away'"):
                await wlan.join("away")
            with pytest.raises(JoinFailed, match=f"no network 'home' at {B.hex(':')}"):
                await wlan.join("home", bssid=B)

    async def test_a_driver_that_refuses(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A))
        driver.refuses = {Ioc.MLME, Ioc.ROAMING}  # the second is not needed
        async with opened(driver) as wlan:
            with pytest.raises(IoctlError, match="fake0: MLME: the driver answers EINVAL"):
                await wlan.join("home")

    @pytest.mark.parametrize(
        ("network", "passphrase", "error", "words"),
        [
            (FakeNetwork("a", A), SECRET, UsageError, "'a' is open: leave the passphrase out"),
            (FakeNetwork("a", A, passphrase=SECRET), None, UsageError, "takes a passphrase"),
            (FakeNetwork("a", A, passphrase=SECRET), "short", UsageError, "8 to 63 characters"),
            (FakeNetwork("a", A, capabilities=0x11), None, Unsupported, "a network with WEP"),
        ],
    )
    async def test_what_does_not_fit_together(
        self, autojump_clock, network, passphrase, error, words
    ):
        async with opened(FakeStation(network)) as wlan:
            with pytest.raises(error, match=words):
                await wlan.join("a", passphrase)


class TestAfterwards:
    async def test_leaving(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A))
        async with opened(driver) as wlan:
            await wlan.join("home")
            await wlan.leave()
            assert wlan.state is State.IDLE
            assert driver.left == [3]
            with pytest.raises(UsageError, match="was in no network"):
                await wlan.roam()

    async def test_a_lost_network_is_joined_again(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A, rssi=40), FakeNetwork("home", B, rssi=80))
        joined: list[str] = []
        async with opened(driver) as wlan, trio.open_nursery() as nursery:
            await wlan.join("home")
            nursery.start_soon(wlan.keep_joined, lambda network: joined.append(network.bssid))
            await trio.sleep(10)
            assert joined == []
            del driver.networks[0]
            driver.lose()
            assert await wlan.wait_state(State.JOINED) is State.JOINED
            await trio.sleep(1)
            assert joined == [B.hex(":")]
            assert driver.joined is driver.networks[0]
            nursery.cancel_scope.cancel()

    async def test_a_new_group_key(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A, passphrase=SECRET))
        async with opened(driver) as wlan:
            await wlan.join("home", SECRET)
            authenticator = driver.networks[0].authenticator
            assert authenticator is not None
            await _rekey(driver, authenticator)
            assert wlan.state is State.JOINED
        assert [key[1:] for key in driver.keys[2:]] == [(b"\xff" * 6, 2)]

    async def test_an_interface_that_goes(self, autojump_clock):
        driver = FakeStation(FakeNetwork("home", A))
        async with opened(driver) as wlan:
            await wlan.join("home")
            on_gone: list[Callable[[], None]] = list(driver.on_gone)
            driver.gone = True
            for call in on_gone:
                call()
            with pytest.raises(Exception, match="the driver has detached it"):
                await wlan.wait_state(State.SCANNING)


async def _rekey(driver: FakeStation, authenticator) -> None:
    """Have the access point give the station a new group key, number 2."""
    from rumphost.models.air import eapol

    info = eapol.ACK | eapol.MIC | eapol.SECURE | eapol.ENCRYPTED
    element = eapol.group_key_element(2, bytes(reversed(GROUP_KEY)))
    data = eapol.wrap(authenticator.keys.encryption, element)
    frame = eapol.KeyFrame(info, 9, bytes(32), data, key_size=16)
    payload = frame.build(authenticator.keys.confirmation)
    driver.deliver(driver.address + A + b"\x88\x8e" + payload)
    await trio.sleep(0.5)
