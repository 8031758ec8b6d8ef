"""The wireless scanner: firmware, identity, scans, failures of the card, suspend, detach.

It keeps the model of the Wireless 7260 honest where there is no NetBSD tree whose own driver would.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

import rumphost
from rumphost.host import Host, open_host
from rumphost.kernel.autoconf import Device
from rumphost.kernel.bus_dma import BusDma
from rumphost.kernel.sysctl import SysctlError
from rumphost.machine.sim import SimMachine
from rumphost.models.air import AccessPoint
from rumphost.models.iwm7260 import ImageBuilder, Iwm7260

EPERM, EIO, ETIMEDOUT = 1, 5, 60  # NetBSD's numbers
SCAN, NETWORKS = "hw.iws0.scan", "hw.iws0.networks"
HEAD = [
    "iws0 at pci0 dev 3 function 0: Intel product 0x08b1 (rev. 0x83)",
    "iws0: interrupting at msi0 vec 0",
]


class Scanner:
    """A card with the driver attached."""

    def __init__(self, host: Host, model: Iwm7260, device: Device) -> None:
        self.host = host
        self.model = model
        self.device = device

    @property
    def lines(self) -> list[str]:
        return [line.text for line in self.host.console.lines]

    @property
    def text(self) -> str:
        return self.host.console.text

    async def scan(self) -> None:
        await self.host.set_sysctl(SCAN, 1)

    async def networks(self) -> dict[str, tuple[int, int, str]]:
        """Return channel, dBm and security of each network by its name."""
        text = str(await self.host.sysctl(NETWORKS))
        words = [line.split(" ") for line in text.splitlines()]
        return {one[4]: (int(one[1]), int(one[2]), one[3]) for one in words}

    async def fails(self, number: int) -> None:
        with pytest.raises(SysctlError) as caught:
            await self.scan()
        assert caught.value.errno == number

    def count(self, name: str) -> int:
        return next(one.value for one in self.host.counts() if one.name == name)


@pytest.fixture
def scan_card(tmp_path: Path) -> Callable[..., Any]:
    """Return a function that runs a scenario with an attached card."""

    def start(
        scenario: Callable[[Scanner], Awaitable[Any]],
        points: Sequence[AccessPoint] = (),
        *,
        image: ImageBuilder | None = None,
        contents: Callable[[bytes], bytes] = lambda data: data,
        faults: Sequence[str] = (),
        strict: bool = False,
        **options: Any,
    ) -> Any:
        path = (image or ImageBuilder()).write(tmp_path)
        path.write_bytes(contents(path.read_bytes()))
        model = Iwm7260(access_points=list(points), **options)
        model.faults.update(faults)

        @asynccontextmanager
        async def attached() -> AsyncIterator[Scanner]:
            async with open_host(SimMachine(models=[model]), firmware=[tmp_path]) as host:
                host.kernel.service(BusDma).strict = strict
                (device,) = await host.attach("iws")
                yield Scanner(host, model, device)
                await host.detach_all()
                assert not host.panics
                assert not host.findings

        async def main() -> Any:
            async with attached() as scanner:
                return await scenario(scanner)

        return rumphost.run(main)

    return start


def points() -> list[AccessPoint]:
    return [
        AccessPoint("open", channel=1, signal_dbm=-40),
        AccessPoint("se cret", channel=11, signal_dbm=-71, passphrase="correct horse"),
        AccessPoint("passive", channel=13, signal_dbm=-60),
        AccessPoint("far up", channel=36, signal_dbm=-55),
        AccessPoint("radar", channel=100, signal_dbm=-80),
        AccessPoint("ghost", channel=3, hidden=True),
    ]


FOUND = {
    "open": (1, -40, "open"),
    "": (3, -50, "open"),
    r"se\x20cret": (11, -71, "wpa2"),
    "passive": (13, -60, "open"),
    r"far\x20up": (36, -55, "open"),
    "radar": (100, -80, "open"),
}


def test_what_it_says(scan_card):
    async def scenario(one: Scanner) -> None:
        assert one.lines == [*HEAD, "iws0: firmware 23.214, API 9, address 00:15:17:72:60:03"]
        assert await one.host.sysctl("hw.iws0.address") == "00:15:17:72:60:03"
        assert one.host.interfaces == []
        assert await one.networks() == {}
        assert not one.model.notes

    scan_card(scenario)


def test_a_mac_address_of_choice(scan_card):
    async def scenario(one: Scanner) -> None:
        assert await one.host.sysctl("hw.iws0.address") == "0c:8b:fd:12:34:56"

    scan_card(scenario, mac=bytes.fromhex("0c8bfd123456"))


def test_the_channels_are_those_of_the_cards_memory(scan_card):
    async def scenario(one: Scanner) -> None:
        text = str(await one.host.sysctl("hw.iws0.channels"))
        numbers = [int(word) for word in text.split()]
        assert numbers[:13] == list(range(1, 14))
        assert {36, 64, 100, 144, 149, 165} <= set(numbers)
        assert 14 not in numbers

    scan_card(scenario)


@pytest.mark.parametrize("strict", [False, True], ids=["plain", "strict"])
def test_a_scan_finds_what_is_on_the_air(scan_card, strict):
    async def scenario(one: Scanner) -> None:
        started = trio.current_time()
        await one.scan()
        assert 2 < trio.current_time() - started < 8
        assert await one.networks() == FOUND
        assert await one.host.sysctl(SCAN) == 1
        assert one.count("beacons") >= len(FOUND)
        assert not one.model.notes

    scan_card(scenario, points(), strict=strict)


def test_a_hidden_network_is_heard_without_a_name(scan_card):
    async def scenario(one: Scanner) -> None:
        await one.scan()
        assert await one.networks() == {"": (3, -50, "open")}

    scan_card(scenario, [AccessPoint("ghost", channel=3, hidden=True)])


def test_what_went_away_is_forgotten(scan_card):
    async def scenario(one: Scanner) -> None:
        await one.scan()
        assert set(await one.networks()) == {"a", "b"}
        one.model.air.remove(one.model.air.access_points[0])
        one.model.air.access_points[0].signal_dbm = -33
        await one.scan()
        assert await one.networks() == {"b": (6, -33, "open")}

    scan_card(scenario, [AccessPoint("a", channel=2), AccessPoint("b", channel=6)])


def test_more_networks_than_there_is_room_for(scan_card):
    async def scenario(one: Scanner) -> None:
        await one.scan()
        assert len(await one.networks()) == 64

    crowd = [AccessPoint(f"net{n:02}", channel=1 + n % 11) for n in range(70)]
    scan_card(scenario, crowd)


def test_two_scans_at_a_time_take_turns(scan_card):
    async def scenario(one: Scanner) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.scan)
            nursery.start_soon(one.scan)
        assert await one.host.sysctl(SCAN) == 2
        assert await one.networks() == FOUND
        assert not one.model.notes

    scan_card(scenario, points())


def test_a_hundred_scans(scan_card):
    async def scenario(one: Scanner) -> None:
        for _ in range(100):
            await one.scan()
        assert await one.host.sysctl(SCAN) == 100
        assert await one.networks() == {"a": (2, -50, "open")}
        assert not one.model.notes

    scan_card(scenario, [AccessPoint("a", channel=2)])


def test_the_radio_switch(scan_card):
    async def scenario(one: Scanner) -> None:
        await one.scan()
        one.model.set_rfkill(True)
        await trio.sleep(0.1)
        assert one.lines[-1] == "iws0: radio is off"
        await one.fails(EPERM)
        one.model.set_rfkill(False)
        await trio.sleep(0.1)
        assert one.lines[-1] == "iws0: radio is on"
        await one.scan()
        assert set(await one.networks()) == {"a"}

    scan_card(scenario, [AccessPoint("a", channel=2)])


def test_a_firmware_assert_and_its_recovery(scan_card):
    async def scenario(one: Scanner) -> None:
        await one.scan()
        one.model.firmware.fail(0x35)
        await trio.sleep(0.1)
        assert one.lines[-1] == "iws0: firmware error 0x35 after command 0x80"
        assert one.count("firmware errors") == 1
        await one.scan()
        assert set(await one.networks()) == {"a"}

    scan_card(scenario, [AccessPoint("a", channel=2)])


def test_a_firmware_assert_in_the_middle_of_a_scan(scan_card):
    async def scenario(one: Scanner) -> None:
        await one.scan()
        one.model.machine.events.after(10**9, lambda: one.model.firmware.fail(0x35))
        await one.fails(EIO)
        await one.scan()
        assert set(await one.networks()) == {"a"}

    scan_card(scenario, [AccessPoint("a", channel=2)])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("no-ready", "the card is not ready"),
        ("no-clock", "the clock does not start"),
        ("no-dma", f"unable to load the firmware: section 0: error {ETIMEDOUT}"),
        ("no-alive", f"the firmware does not start: error {ETIMEDOUT}"),
        ("mute", f"command 0x88: error {ETIMEDOUT}"),
    ],
)
def test_a_card_that_never_answers(scan_card, fault, words):
    async def scenario(one: Scanner) -> None:
        assert f"iws0: {words}" in one.lines
        assert one.lines[-1] == f"iws0: unable to start: error {ETIMEDOUT}"
        assert SCAN not in one.host.sysctls
        await one.host.detach(one.device)

    scan_card(scenario, faults=[fault])


def test_a_card_that_falls_silent_comes_back(scan_card):
    async def scenario(one: Scanner) -> None:
        one.model.faults.add("mute")
        await one.fails(ETIMEDOUT)
        one.model.faults.clear()
        await one.scan()
        assert set(await one.networks()) == {"a"}

    scan_card(scenario, [AccessPoint("a", channel=2)])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[:0], "0 bytes are no image"),
        (lambda data: data[:50], "50 bytes are no image"),
        (lambda data: data[:2000], "truncated: record 20 has 1816 of 4100 bytes"),
        (lambda data: data[:4] + b"LWI\n" + data[8:], "not an image: it begins with 0 0xa49574c"),
        (lambda data: data[:88], "an image is missing"),
        (lambda data: data + bytes.fromhex("120000000200000000000000"), "record 18 of 2 bytes is"),
    ],
    ids=["empty", "short", "truncated", "magic", "no image", "record"],
)
def test_bad_firmware_files(scan_card, spoil, words):
    async def scenario(one: Scanner) -> None:
        assert f"iws0: firmware: {words}" in one.text
        assert SCAN not in one.host.sysctls
        await one.host.detach(one.device)

    scan_card(scenario, contents=spoil)


def test_firmware_with_a_wrong_checksum_does_not_start(scan_card):
    def spoil(data: bytes) -> bytes:
        at = data.index(b"RH72", data.index(b"RH72") + 1) + 100
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    async def scenario(one: Scanner) -> None:
        assert f"iws0: the firmware does not start: error {ETIMEDOUT}" in one.lines
        assert list(one.model.notes) == [
            "the firmware does not start: section 1 has a wrong checksum"
        ]

    scan_card(scenario, contents=spoil)


@pytest.mark.parametrize("flags", [0x40, 0x240, 0x80840], ids=["oldest", "events", "keys"])
def test_firmware_of_other_interfaces(scan_card, flags):
    """Older ones do not tell the signal of a frame, but what it is to be made of."""

    async def scenario(one: Scanner) -> None:
        await one.scan()
        assert await one.networks() == {"a": (2, -50, "open")}
        assert not one.model.notes

    scan_card(scenario, [AccessPoint("a", channel=2)], image=ImageBuilder(flags=flags))


def test_no_firmware_at_all():
    async def main() -> None:
        async with open_host(SimMachine(models=[Iwm7260(access_points=[])])) as host:
            (device,) = await host.attach("iws")
            assert "iws0: no firmware if_iwm/iwm-7260-9: error 2\n" in host.console.text
            await host.detach(device)

    rumphost.run(main)


def test_suspend_and_resume(scan_card):
    async def scenario(one: Scanner) -> None:
        await one.scan()
        await one.host.suspend(one.device)
        assert not one.model.firmware.running
        async with trio.open_nursery() as nursery:
            done = trio.Event()

            async def scan() -> None:
                await one.scan()
                done.set()

            nursery.start_soon(scan)
            await trio.sleep(5)
            assert not done.is_set()
            await one.host.resume(one.device)
        assert await one.networks() == FOUND

    scan_card(scenario, points())


def test_detach_in_the_middle_of_a_scan(scan_card):
    async def scenario(one: Scanner) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.fails, 6)
            await trio.sleep(0.5)
            assert one.model.firmware.scan.running
            await one.host.detach(one.device)
        assert not one.model.firmware.running

    scan_card(scenario, points())


def test_attach_and_detach_again(scan_card):
    async def scenario(one: Scanner) -> None:
        for _ in range(20):
            await one.host.detach(one.device)
            (one.device,) = await one.host.attach("iws")
            await one.scan()
            assert await one.networks() == FOUND

    scan_card(scenario, points())


def test_the_same_run_twice(scan_card):
    async def scenario(one: Scanner) -> list[str]:
        events: list[str] = []
        one.model.air.on_transmit.append(
            lambda frame, how: events.append(f"{one.model.air.now_ns()} {how} {frame.hex()}")
        )
        await one.scan()
        return [*events, one.text, str(await one.host.sysctl(NETWORKS))]

    first = scan_card(scenario, points())
    assert len(first) > 20
    assert first == scan_card(scenario, points())
