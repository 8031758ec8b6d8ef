"""The tree's own network drivers, unmodified, on QEMU's devices: the matrix.

Needs a NetBSD kernel source tree in RUMPHOST_SYS. ``tools/matrix`` runs this and prints the table.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio
from cards import CARDS, Card
from checks import Checks
from far_end import ADDRESS, BROADCAST, SocketEnd, cabled, frame, mixed_frames, socket_end

from rumphost.build import Builder
from rumphost.classes.ifnet import IfFlags, Interface, IoctlError, LinkState
from rumphost.classes.station import Station
from rumphost.classes.stream import FrameStream
from rumphost.errors import DetachRefused, DriverLeak
from rumphost.host import Host, open_host
from rumphost.kernel.autoconf import Device
from rumphost.machine.qemu import QemuMachine
from rumphost.tasks import unwrapped

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed"
)

MAC = "52:54:00:12:34:56"
FRAMES = 10_000
PATIENCE_S = 10.0
STRANGER = bytes.fromhex("525400abcdef")
PROBE = frame(BROADCAST, b"probe".ljust(46))
GROUP, OTHER_GROUP = bytes.fromhex("01005e000107"), bytes.fromhex("01005e7f3a91")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize by card; with the plugin's ``--instead``, by those that are elsewhere, too."""
    instead = [word.partition("=")[::2] for word in metafunc.config.getoption("--instead")]
    cards: Sequence[Card] = CARDS
    if instead:
        cards = [
            replace(card, machine=other)
            for card in CARDS
            for machine, other in instead
            if machine == f"qemu:{card.device}"
        ]
    metafunc.parametrize("card", cards, ids=str, indirect=True)


@pytest.fixture
def card(request: pytest.FixtureRequest, tree: Path, builder: Builder) -> Card:
    card: Card = request.param
    if card.driver not in {driver.name for driver in builder.drivers()}:
        pytest.skip(f"the tree has no driver {card.driver}")
    if card.needs and not (tree / card.needs).exists():
        pytest.skip(f"the tree's {card.driver} cannot: it has no {card.needs}")
    return card


@pytest.fixture
def checks(card: Card, tree: Path, record_property) -> Checks:
    return Checks(card, tree, record_property)


@asynccontextmanager
async def attached(
    card: Card, builder: Builder, netdev: str
) -> AsyncIterator[tuple[Host, Device, Interface]]:
    """The driver attached to its device."""
    machine: QemuMachine | str = card.machine
    if not card.machine:
        machine = QemuMachine.from_text(f"{card.device}:mac={MAC}", netdev)
    elif netdev == "dgram":
        machine = cabled(card.machine)
    async with open_host(machine, builder=builder) as host:
        (device,) = await host.attach(card.driver)
        (interface,) = host.interfaces
        yield host, device.top, interface


async def has_link(checks: Checks, interface: Interface) -> bool:
    """Wait for the link, where the driver ever tells of one."""
    if checks.knows("link"):
        return interface.link_state is LinkState.UP
    with trio.fail_after(PATIENCE_S):
        await interface.wait_link()
    return True


async def detach(checks: Checks, host: Host, device: Device) -> None:
    """Detach; whatever is not as it should be is told."""
    try:
        await host.detach(device)
        assert not host.interfaces
    except DriverLeak as leak:
        checks.tell(*leak.message.removeprefix("left behind at detach: ").split("; "))
    except DetachRefused as refused:
        checks.tell(refused.message)
    checks.tell(*map(str, host.findings))
    assert not host.panics


async def test_with_a_network(card: Card, checks: Checks, builder: Builder):
    """From attaching to detaching, with QEMU's user network at the other end."""
    async with attached(card, builder, "user") as (host, device, interface):
        with checks.check("attach"):
            assert interface.address == MAC
            assert interface.mtu == 1500
            assert interface.flags & IfFlags.BROADCAST
            assert not interface.flags & IfFlags.RUNNING
        with checks.check("link"):
            await interface.up()
            assert interface.flags & IfFlags.RUNNING
            if not await has_link(checks, interface):
                checks.tell("no link")
        with checks.check("media"):
            await check_media(card, interface)
        async with Station(interface) as station:
            with checks.check("DHCP"):
                lease = await station.dhcp()
                assert lease.address == "10.0.2.15"
            with checks.check("ping"):
                for size in (56, 1400):
                    statistics = await station.ping("10.0.2.2", count=5, size=size, interval_s=0.01)
                    assert statistics.received == 5
            with checks.check("down/up"):
                for _ in range(5):
                    await interface.down()
                    assert not interface.flags & IfFlags.RUNNING
                    await interface.up()
                    assert interface.flags & IfFlags.RUNNING
                await has_link(checks, interface)
                statistics = await station.ping("10.0.2.2", count=5, interval_s=0.01)
                lost = 5 - statistics.received
                if lost > 1:  # the first may come before the link
                    checks.tell(f"{lost} of 5 pings lost")
        with checks.check("detach"):
            await detach(checks, host, device)
    checks.finish()


async def check_media(card: Card, interface: Interface) -> None:
    if card.media == "":
        with pytest.raises(IoctlError, match="ENOTTY"):
            await interface.media()
        return
    said = str(await interface.media())
    assert card.media in (None, said)


async def test_frame_by_frame(card: Card, checks: Checks, builder: Builder):
    """What goes over the cable, with the test at the other end."""
    async with (
        attached(card, builder, "dgram") as (host, device, interface),
        trio.open_nursery() as nursery,
    ):
        far_end = socket_end(host)
        scope = trio.CancelScope()
        nursery.start_soon(far_end.serve, scope)
        await interface.up()
        await has_link(checks, interface)
        with interface.frames(limit=FRAMES) as frames:
            cable = Cable(card, interface, far_end, frames)
            await cable.settle()
            with checks.check("10,000 out"):
                await cable.many_out()
            with checks.check("10,000 in"):
                await cable.many_in()
            with checks.check("multicast"):
                await cable.multicast()
            with checks.check("promiscuous"):
                await cable.promiscuous()
        with checks.check("detach"):
            await detach(checks, host, device)
        scope.cancel()
        far_end.close()
    checks.finish()


class Cable:
    """Frames between an interface and the far end of its cable."""

    def __init__(
        self, card: Card, interface: Interface, far_end: SocketEnd, frames: FrameStream
    ) -> None:
        self.card = card
        self.interface = interface
        self.address = interface.ifnet.address
        self.far_end = far_end
        self.frames = frames
        self.asked = 0

    async def receive(self, count: int) -> list[bytes]:
        """Wait for the next frames that come in, other than probes."""
        got: list[bytes] = []
        with trio.fail_after(PATIENCE_S):
            while len(got) < count:
                got += [one for one in await self.frames.batch() if one != PROBE]
        return got

    async def settle(self) -> None:
        """Wait until the device receives: a link, or a change of its filter, may take time."""
        with trio.fail_after(PATIENCE_S):
            while True:
                await self.far_end.send(PROBE)
                with trio.move_on_after(0.1):
                    await self.frames.batch()
                    return

    async def many_out(self) -> None:
        sent = mixed_frames(ADDRESS, self.address, FRAMES, seed=1)
        before = self.interface.counters
        with unwrapped():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.interface.send_all, sent)
                await self.expect(sent)
        after = self.interface.counters
        assert after.oerrors == before.oerrors
        assert self.interface.queue_drops == 0

    async def expect(self, sent: Sequence[bytes]) -> None:
        """Wait at the far end for these frames."""
        for start in range(0, len(sent), 100):
            part = sent[start : start + 100]
            same(await self.far_end.take(len(part)), part)

    async def many_in(self) -> None:
        sent = mixed_frames(self.address, ADDRESS, FRAMES, seed=2)
        before = self.interface.counters
        window = self.card.window
        for start in range(0, FRAMES, window):
            part = sent[start : start + window]
            await self.far_end.send(*part)
            same(await self.receive(len(part)), part)
        after = self.interface.counters
        assert after.ierrors == before.ierrors
        assert after.ibytes - before.ibytes == sum(map(len, sent))

    async def passes(self, to: bytes) -> bool:
        """Tell whether a frame for an address comes in; one after it always does, sooner or later.

        Models for which ``ONE`` is meant may lose the second of two.
        """
        self.asked += 1
        asked = frame(to, b"asked %d" % self.asked + bytes(50))
        last = frame(self.address, b"last %d" % self.asked + bytes(50))
        got: list[bytes] = []
        await self.far_end.send(asked)
        with trio.fail_after(PATIENCE_S):
            while last not in got:
                await self.far_end.send(last)
                with trio.move_on_after(1):
                    got += await self.receive(1)
        return asked in got

    async def multicast(self) -> None:
        assert await self.passes(BROADCAST)
        assert not await self.passes(GROUP), "a group that was not asked for"
        await self.interface.add_multicast(GROUP)
        await self.settle()
        assert await self.passes(GROUP), "a group that was asked for"
        assert not await self.passes(OTHER_GROUP), "another group"
        await self.interface.add_multicast(OTHER_GROUP)
        await self.interface.del_multicast(GROUP)
        await self.settle()
        assert await self.passes(OTHER_GROUP), "the second group"
        assert not await self.passes(GROUP), "a group that was given up"
        await self.interface.del_multicast(OTHER_GROUP)

    async def promiscuous(self) -> None:
        await self.settle()
        assert not await self.passes(STRANGER), "a stranger's frame"
        await self.interface.set_promiscuous(True)
        await self.settle()
        assert await self.passes(STRANGER), "a stranger's frame in promiscuous mode"
        await self.interface.set_promiscuous(False)
        await self.settle()
        assert not await self.passes(STRANGER), "a stranger's frame afterwards"


def same(got: Sequence[bytes], sent: Sequence[bytes]) -> None:
    """Compare byte for byte; what differs is told of the first frame only."""
    for number, (one, other) in enumerate(zip(got, sent, strict=False)):
        assert one == other, f"frame {number}: {other[:24].hex()}… came as {one[:24].hex()}…"
    assert len(got) == len(sent)
