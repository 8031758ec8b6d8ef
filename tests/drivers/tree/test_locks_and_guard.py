"""What lock order and the memory guard find in the tree's own drivers, unmodified.

Needs a NetBSD kernel source tree in RUMPHOST_SYS. A finding is expected as long as the tree's
source has the lines that it is about; a driver without one must pass clean.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio
from iwm_overlay import KEPT_IN_TIME, SCAN_END_LOST, USED_AFTER_FREE, line_of, make_overlay, needs
from wireless_card import PASSPHRASE, Card, card, run

from rumphost.build import Builder
from rumphost.checks import Checks
from rumphost.classes.station import Station
from rumphost.classes.wlan import Wlan
from rumphost.errors import DetachRefused, DriverLeak, MemoryViolation
from rumphost.host import Host, open_host
from rumphost.machine.qemu import QemuMachine
from rumphost.models.air import AccessPoint
from rumphost.models.iwm7260 import Iwm7260

CHECKS = Checks.of(["locks", "guard"])
CARDS = (
    ("wm", "e1000"), ("wm", "e1000e"), ("fxp", "i82551"), ("rtk", "rtl8139"), ("re", "rtl8139"),
    ("pcn", "pcnet"), ("ne", "ne2k_pci"), ("tlp", "tulip"),
    ("vioif", "virtio-net-pci:disable-modern=on"),
)  # fmt: skip
OURS = ("mutex", "rwlock", "KERNEL_LOCK", "softint", "callout", "kmem", "malloc", "pool", "mbuf")
MAC = "52:54:00:12:34:56"

in_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed"
)


async def use(driver: str, device: str, builder: Builder) -> list[str]:
    """Have a driver work from attach to detach; returns what the checks said of it."""
    machine = QemuMachine.from_text(f"{device}:mac={MAC}", "user")
    async with open_host(machine, builder=builder, checks=CHECKS) as host:
        (attached,) = await host.attach(driver)
        (interface,) = host.interfaces
        await interface.up()
        async with Station(interface) as station:
            with trio.fail_after(60):
                await station.dhcp()
                statistics = await station.ping("10.0.2.2", count=20, size=1400, interval_s=0.01)
            assert statistics.received >= 18
            await interface.add_multicast("01:00:5e:00:01:07")
            await interface.set_promiscuous(True)
            await interface.set_promiscuous(False)
            for _ in range(2):
                await interface.down()
                await interface.up()
        await interface.down()
        with suppress(DetachRefused, DriverLeak):  # see test_network.py
            await host.detach(attached.top)
        assert not host.panics
        return told(host)


def told(host: Host) -> list[str]:
    """Return the findings of the checks in question, with the places."""
    locate = host.kernel.findings.locate
    return [
        f"{found}, in {locate(found.site)}"
        for found in host.findings
        if found.page.partition("(")[0] in OURS
    ]


@in_qemu
@pytest.mark.parametrize(("driver", "device"), CARDS)
async def test_nothing_in(driver: str, device: str, builder: Builder):
    """As the tree configures them these drivers are under the kernel lock, and clean."""
    if driver not in {one.name for one in builder.drivers()}:
        pytest.skip(f"the tree has no driver {driver}")
    assert await use(driver, device, builder) == []


@in_qemu
async def test_wm_without_the_kernel_lock_waits_with_interrupts_blocked(tree: Path):
    """wm_init() takes both of its spin mutexes, then resets the chip and its PHY.

    wm_reset() waits 10 and 5 ms, wm_gmii_reset() 20 and 20, wm_get_cfg_done() 10, and the PHY's
    driver until the link is negotiated.
    """
    source = (tree / "dev/pci/if_wm.c").read_text(errors="replace")
    if "WM_BOTH_LOCK(sc);\n\tret = wm_init_locked(ifp);" not in source:
        pytest.skip("this tree's wm_init() holds other locks")
    line = source[: source.index("WM_BOTH_LOCK(sc);\n\tret = wm_init_locked")].count("\n") + 1
    found = await use("wm", "e1000", Builder(tree, defines={"NET_MPSAFE": None}))
    words = "a spin mutex at IPL vm, is held for 50000 us of delay(9) and more"
    where = f"in wm_init at {tree}/dev/pci/if_wm.c:{line}"
    assert sorted(found) == [
        f"wm0: mutex(9): {lock}, {words}, {where}" for lock in ("sc_rx_lock", "sc_tx_lock")
    ]


@in_qemu
async def test_nothing_in_vioif_without_the_kernel_lock(tree: Path):
    builder = Builder(tree, defines={"NET_MPSAFE": None})
    assert await use("vioif", "virtio-net-pci:disable-modern=on", builder) == []


# -- iwm


def on_card(builder: Builder, directory: Path) -> Callable[[Callable[..., Awaitable[Any]]], Any]:
    """Run a scenario on the model of the card, with the checks."""

    def start(scenario: Callable[[Card, Wlan], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            model = Iwm7260(
                access_points=[
                    AccessPoint("open", channel=1),
                    AccessPoint("secret", channel=11, passphrase=PASSPHRASE),
                ]
            )
            async with (
                card(builder, directory, model=model, checks=CHECKS) as one,
                Wlan(one.interface) as wlan,
            ):
                return await scenario(one, wlan)

        return run(main)

    return start


async def panic_of(one: Card) -> MemoryViolation:
    """Scan until the driver is found out."""
    await one.interface.up()
    with trio.fail_after(30):
        panic = await one.host.panic()
    assert isinstance(panic, MemoryViolation)
    assert panic.driver == "iwm0"
    return panic


def test_iwm_looks_at_a_frame_that_was_freed(builder: Builder, tree: Path, tmp_path: Path):
    """A beacon's mbuf is net80211's from ieee80211_input() on, which frees it."""
    if not (tree / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree has no iwm")
    needs(tree, USED_AFTER_FREE)

    async def scenario(one: Card, _wlan: Wlan) -> None:
        panic = await panic_of(one)
        assert re.fullmatch(
            r"malloc\(9\): a load at byte 7 of 4096 bytes after their release, "
            r"allocated in iwm_rx_addbuf at \S*if_iwm\.c:\d+, "
            r"released in ieee80211_input at \S*ieee80211_input\.c:\d+",
            panic.message,
        )
        where = line_of(tree, USED_AFTER_FREE)
        assert str(panic.backtrace[0]).endswith(where)
        assert "iwm_mvm_rx_rx_mpdu" in [frame.function for frame in panic.places[1].backtrace]

    on_card(builder, tmp_path)(scenario)


def test_iwm_takes_the_work_for_its_softc(tree: Path, tmp_path: Path):
    """What it then reads lies behind the softc, of which the work is a part."""
    if not (tree / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree has no iwm")
    needs(tree, SCAN_END_LOST)
    builder = Builder(make_overlay(tree, tmp_path / "sys", KEPT_IN_TIME))

    async def scenario(one: Card, _wlan: Wlan) -> None:
        panic = await panic_of(one)
        assert re.fullmatch(
            r"kmem\(9\): a load \d+ bytes past the end of \d+ bytes, the softc of iwm0",
            panic.message,
        )
        assert "iwm_endscan_cb" in [frame.function for frame in panic.backtrace]

    on_card(builder, tmp_path)(scenario)


@pytest.mark.parametrize(("name", "passphrase"), [("open", None), ("secret", PASSPHRASE)])
def test_nothing_in_iwm_where_these_are_mended(
    tree: Path, tmp_path: Path, name: str, passphrase: str | None
):
    needs(tree, SCAN_END_LOST)
    builder = Builder(make_overlay(tree, tmp_path / "sys"))

    async def scenario(one: Card, wlan: Wlan) -> None:
        network = one.network()
        await wlan.join(name, passphrase)
        async with Station(one.interface) as station:
            await station.dhcp()
            assert (await station.ping(network.gateway, size=1000)).received == 3
        await wlan.leave()
        assert not one.host.panics
        assert told(one.host) == []

    on_card(builder, tmp_path)(scenario)
