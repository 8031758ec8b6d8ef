"""NetBSD's iwm on the model of its card, brought up for a test; firmware is one of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio
from ieee80211_requests import Wireless

import rumphost
from rumphost.build import Builder
from rumphost.checks import Checks
from rumphost.classes.ifnet import Interface
from rumphost.classes.network import Network
from rumphost.classes.stream import FrameStream
from rumphost.host import Host, open_host
from rumphost.kernel.autoconf import Device
from rumphost.machine.sim import SimMachine
from rumphost.models.air import AccessPoint, Air, Supplicant
from rumphost.models.air.eapol import RSN_CCMP_PSK
from rumphost.models.iwm7260 import ImageBuilder, Iwm7260

SCAN_S = 3.0
"""Longer than a whole passive scan of 2.4 GHz: 13 channels of 120 units of 1.024 ms."""
PASSPHRASE = "correct horse"


@dataclass
class Card:
    """A card with the driver attached."""

    host: Host
    model: Iwm7260
    device: Device
    firmware: Path

    @property
    def interface(self) -> Interface:
        return self.host.interface(self.device)

    @property
    def wireless(self) -> Wireless:
        return Wireless(self.host, self.interface)

    @property
    def air(self) -> Air:
        return self.model.air

    @property
    def messages(self) -> str:
        return self.host.console.text

    def network(self) -> Network:
        """Plug a network in behind the access points."""
        network = Network(events=self.host.machine.events)
        network.plug(self.model.wire)
        return network

    async def join(self, point: AccessPoint) -> None:
        """Scan, and join an open network."""
        await self.interface.up()
        await trio.sleep(SCAN_S)
        await self.wireless.associate(point.address, point.ssid)
        with trio.fail_after(5):
            await self.interface.wait_link()

    async def join_wpa2(self, point: AccessPoint, passphrase: str) -> Supplicant:
        """Scan, and join a network with WPA2: the supplicant is the project's own."""
        wireless = self.wireless
        await wireless.use_wpa2(bytes([48, len(RSN_CCMP_PSK)]) + RSN_CCMP_PSK)
        await self.interface.up()
        await trio.sleep(SCAN_S)
        own = bytes.fromhex(self.interface.address.replace(":", ""))
        supplicant = Supplicant(passphrase, point.ssid, own, point.address)
        with self.interface.frames() as stream:
            await wireless.associate(point.address, point.ssid)
            with trio.move_on_after(10):
                await self._shake_hands(stream, supplicant, point.address + own)
        if supplicant.done and supplicant.keys and supplicant.group_key:
            await trio.sleep(0.05)
            number, key = supplicant.group_key
            await wireless.set_key(supplicant.keys.temporal, point.address)
            await wireless.set_key(key, b"\xff" * 6, group=number)
        return supplicant

    async def _shake_hands(
        self, stream: FrameStream, supplicant: Supplicant, addresses: bytes
    ) -> None:
        async for frame in stream:
            if frame[12:14] == b"\x88\x8e":
                answer = supplicant.receive(frame[14:])
                if answer is not None:
                    await self.interface.send(addresses + b"\x88\x8e" + answer)
            if supplicant.done:
                return


def access_points() -> list[AccessPoint]:
    """Return the networks that tests find unless they say otherwise."""
    return [
        AccessPoint("open", channel=1, signal_dbm=-40),
        AccessPoint("secret", channel=11, signal_dbm=-65, passphrase=PASSPHRASE),
    ]


@asynccontextmanager
async def card(
    builder: Builder,
    directory: Path,
    *,
    model: Iwm7260 | None = None,
    image: ImageBuilder | None = None,
    contents: Callable[[bytes], bytes] = lambda data: data,
    seed: int | None = None,
    checks: Checks | None = None,
) -> AsyncIterator[Card]:
    """Attach the driver; ``contents`` may spoil the firmware file."""
    path = (image or ImageBuilder()).write(directory)
    path.write_bytes(contents(path.read_bytes()))
    model = model or Iwm7260(access_points=access_points())
    machine = SimMachine(models=[model])
    async with open_host(
        machine, builder=builder, firmware=[directory], seed=seed, checks=checks
    ) as host:
        (device,) = await host.attach("iwm")
        yield Card(host, model, device, path)


def run(scenario: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    """Run a scenario on the virtual clock."""
    return rumphost.run(scenario, *args)


def mended_tree(tree: Path, directory: Path) -> Path:
    """Return a tree of links into ``tree`` whose iwm has its end of a scan mended.

    As of 2015 that function takes the work that workqueue(9) gives it for its softc, so that
    net80211 never hears of the end of a scan: no joining by itself, no second scan, no roaming.
    """
    for folder, kept in ((Path(), "dev"), (Path("dev"), "pci"), (Path("dev/pci"), "if_iwm.c")):
        (directory / folder).mkdir(exist_ok=True)
        for path in (tree / folder).iterdir():
            if path.name != kept:
                (directory / folder / path.name).symlink_to(path)
    source = (tree / "dev/pci/if_iwm.c").read_text(errors="replace")
    source = source.replace("iwm_endscan_cb(void *arg)", "iwm_endscan_cb(void *work, void *arg)")
    source = source.replace("iwm_endscan_cb(void *)", "iwm_endscan_cb(void *, void *)")
    (directory / "dev/pci/if_iwm.c").write_text(source)
    return directory
