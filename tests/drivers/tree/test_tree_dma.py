"""What strict DMA finds in the tree's own drivers: each fault, with its places, and nothing else.

Needs a NetBSD kernel source tree in RUMPHOST_SYS. Each fault was checked by hand in the source of
2015. A fault is expected as long as the tree's source shows it (``shows``).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from wireless_card import card, run

import rumphost
from rumphost.build import Builder
from rumphost.checks import Checks
from rumphost.classes.ifnet import Interface, IoctlError
from rumphost.classes.network import Network
from rumphost.classes.station import Station
from rumphost.errors import DetachRefused, DriverLeak
from rumphost.host import Host, open_host
from rumphost.kernel.autoconf import Device
from rumphost.machine import Machine
from rumphost.machine.qemu import QemuMachine

STRICT = Checks(dma=True)
PATIENCE_S = 10.0
MAC = "52:54:00:12:34:56"


@dataclass(frozen=True)
class Fault:
    """``words`` (a regular expression) are found, and blame ``functions``, because of ``why``.

    ``source`` shows the fault if it has ``shows`` (a regular expression).
    """

    words: str
    functions: tuple[str, ...]
    why: str
    source: str
    shows: str

    def expected(self, tree: Path) -> bool:
        path = tree / self.source
        return path.exists() and re.search(self.shows, path.read_text(errors="replace")) is not None

    def matches(self, found: str) -> bool:
        return re.search(self.words, found) is not None and all(
            re.search(rf"in {name} at \S*\.[ch]:\d+", found) for name in self.functions
        )


_TAKEN_BACK = r"the device has written at offset 0x[0-9a-f]+ of {}, which a POSTREAD has taken back"
_NO_PREREAD = r"the device writes \d+ bytes at offset 0x[0-9a-f]+ of {}, which PREWRITE gives it to"

WM_RX = Fault(
    r"the device has read at offset 0x[0-9a-f]+ of \d+, which a POSTWRITE has taken back and no",
    ("wm_attach", "wm_rxintr"),
    "wm_rxintr() gives a descriptor that is not done back with PREREAD alone; the chip reads it",
    "dev/pci/if_wm.c", r"WRX_ST_DD\) == 0\)[^}]*SYNC\(\w+, i, BUS_DMASYNC_PREREAD\);\s+break;",
)  # fmt: skip
RTK_MAP = Fault(
    r"bus_dmamap_destroy of a map that is loaded", ("rtk_attach",),
    "rtk_detach() destroys the receive map without unloading it",
    "dev/ic/rtl81x9.c", r"bus_dmamap_destroy\(sc->sc_dmat, sc->recv_dmamap\)",
)  # fmt: skip
FXP_READ = Fault(
    r"PREREAD\|PREWRITE of a map that is loaded with BUS_DMA_READ", ("fxp_add_rfabuf",),
    "the receive frame area, which the chip reads, is in a buffer loaded with BUS_DMA_READ",
    "dev/ic/i82557.c", r"rxmap, m,\s+BUS_DMA_READ\|BUS_DMA_NOWAIT\)",
)  # fmt: skip
FXP_UNLOADS = (
    Fault(
        r"bus_dmamap_unload of a map that is not loaded", ("fxp_add_rfabuf", "fxp_rxdrain"),
        "fxp_detach() unloads receive maps that fxp_rxdrain() has unloaded",
        "dev/ic/i82557.c", r"bus_dmamap_unload\(sc->sc_dmat, sc->sc_rxmaps\[i\]\)",
    ),
    Fault(
        r"bus_dmamap_unload of a map that is not loaded", ("fxp_start", "fxp_txintr"),
        "fxp_detach() unloads transmit maps that fxp_txintr() has unloaded",
        "dev/ic/i82557.c", r"bus_dmamap_unload\(sc->sc_dmat, FXP_DSTX\(sc, i\)->txs_dmamap\)",
    ),
)  # fmt: skip
PCN = Fault(
    _TAKEN_BACK.format(r"\d+"), ("pcn_attach",),
    "pcn_rxintr() and pcn_txintr() do not give a descriptor back that the chip still owns",
    "dev/pci/if_pcn.c", r"if \(rmd1 & LE_R1_OWN\)\s+break;",
)  # fmt: skip
TLP = Fault(
    _TAKEN_BACK.format(r"\d+"), ("tlp_attach", "tlp_rxintr"),
    "tlp_rxintr() does not give a descriptor back that the chip still owns",
    "dev/ic/tulip.c", r"if \(rxstat & TDSTAT_OWN\) \{\s+/\*[^/]*\*/\s+break;",
)  # fmt: skip
VIRTIO = Fault(
    _TAKEN_BACK.format(r"\d+"), ("virtio_alloc_vq", "vq_sync_uring"),
    "virtio_enqueue_commit() takes the used ring back right before it notifies the device",
    "dev/pci/virtio.c", r"vq_sync_uring\(sc, vq, BUS_DMASYNC_POSTREAD\);\s+membar_consumer\(\);\s+"
    r"if \(!\(vq->vq_used->flags",
)  # fmt: skip
_IWM_ALLOC = r"memset\(dma->vaddr, 0, size\);\s+bus_dmamap_sync\([^;]*BUS_DMASYNC_PREWRITE\);"
IWM = (
    Fault(
        _NO_PREREAD.format("12") + r".*\(from iwm_alloc_rx_ring:", ("iwm_dma_contig_alloc",),
        "no PREREAD ever gives the receive status to the card",
        "dev/pci/if_iwm.c", _IWM_ALLOC,
    ),
    Fault(
        r"POSTREAD of 12 bytes .* of which no PREREAD", ("iwm_dma_contig_alloc",),
        "iwm_notif_intr() takes the receive status back that was never given",
        "dev/pci/if_iwm.c", _IWM_ALLOC,
    ),
    Fault(
        _NO_PREREAD.format("4096") + r".*\(from iwm_alloc_ict:", ("iwm_dma_contig_alloc",),
        "the interrupt cause table is never synchronised",
        "dev/pci/if_iwm.c", r"tmp = htole32\(ict\[sc->ict_cur\]\);\s+if \(!tmp\)",
    ),
    Fault(
        r"the device writes \d+ bytes at offset 0x0 of 4096, which a POSTREAD has taken back",
        ("iwm_rx_addbuf", "iwm_notif_intr"),
        "a receive buffer that held a notification is used again without PREREAD",
        "dev/pci/if_iwm.c", r"SYNC_RESP_STRUCT\(phy_db_notif, pkt\)",
    ),
    Fault(
        r"the device reads \d+ bytes .* of which the driver has changed \d+ .* since the last PREW",
        ("iwm_dma_contig_alloc", "iwm_send_cmd"),
        "iwm_send_cmd() synchronises the first part of a command only",
        "dev/pci/if_iwm.c", r"hcmd->len\[0\] \+ 4, BUS_DMASYNC_PREWRITE\)",
    ),
)  # fmt: skip

CARDS: dict[tuple[str, str], tuple[Fault, ...]] = {
    ("wm", "qemu:e1000"): (),
    ("wm", "sim:i82540em"): (WM_RX,),
    ("rtk", "qemu:rtl8139"): (RTK_MAP,),
    ("fxp", "qemu:i82551"): (FXP_READ, *FXP_UNLOADS),
    ("pcn", "qemu:pcnet"): (PCN,),
    ("ne", "qemu:ne2k_pci"): (),
    ("tlp", "qemu:tulip"): (TLP,),
    ("vioif", "qemu:virtio-net-pci:disable-modern=on"): (VIRTIO,),
}


def places(host: Host) -> list[str]:
    """Return what was found, with the place where it showed."""
    locate = host.kernel.findings.locate
    return [f"{one}, in {locate(one.site)}" if one.site else str(one) for one in host.findings]


def compare(found: Sequence[str], faults: Sequence[Fault], tree: Path) -> None:
    """All that was found must be known, and all that is known and still there be found."""
    known = [fault for fault in faults if fault.expected(tree)]
    unknown = [one for one in found if not any(fault.matches(one) for fault in known)]
    assert unknown == []
    for fault in known:
        assert any(fault.matches(one) for one in found), fault.why


@asynccontextmanager
async def attached(
    driver: str, name: str, builder: Builder
) -> AsyncIterator[tuple[Host, Device, Interface]]:
    machine: Machine | str = name
    if name.startswith("qemu:"):
        if shutil.which("qemu-system-x86_64") is None:
            pytest.skip("qemu-system-x86_64 is not installed")
        machine = QemuMachine.from_text(f"{name.removeprefix('qemu:')}:mac={MAC}")
    async with open_host(machine, builder=builder, checks=STRICT) as host:
        (device,) = await host.attach(driver)
        (interface,) = host.interfaces
        for function in host.machine.functions:
            if hasattr(function, "wire"):
                Network(events=host.machine.events).plug(function.wire)
        yield host, device.top, interface


@pytest.mark.parametrize(("driver", "card_name"), CARDS, ids=lambda value: value)
def test_a_network_driver(driver: str, card_name: str, builder: Builder, tree: Path):
    async def scenario() -> list[str]:
        async with attached(driver, card_name, builder) as (host, device, interface):
            await interface.up()
            with trio.move_on_after(PATIENCE_S / 2):
                await interface.wait_link()
            async with Station(interface) as station:
                with trio.fail_after(PATIENCE_S):
                    await station.dhcp()
                    for size in (56, 1400):
                        done = await station.ping("10.0.2.2", count=5, size=size, interval_s=0.01)
                        assert done.received
                for _ in range(3):
                    await interface.down()
                    await interface.up()
            await interface.down()
            with suppress(DriverLeak, DetachRefused):  # test_network.py knows them
                await host.detach(device)
            assert not host.panics
            return places(host)

    if driver not in {one.name for one in builder.drivers()}:
        pytest.skip(f"the tree has no driver {driver}")
    clock = "virtual" if card_name.startswith("sim:") else "real"
    compare(rumphost.run(scenario, clock=clock), CARDS[driver, card_name], tree)


def test_iwm(builder: Builder, tree: Path, tmp_path: Path):
    """Its faults keep it from working: a card that looks at stale commands refuses them."""
    if not (tree / "dev/pci/if_iwm.c").exists():
        pytest.skip("the tree has no iwm")

    async def scenario() -> tuple[list[str], list[str]]:
        async with card(builder, tmp_path, checks=STRICT) as one:
            with pytest.raises(IoctlError, match="EAGAIN"):
                await one.interface.up()
            return places(one.host), list(one.model.notes)

    found, notes = run(scenario)
    compare(found, IWM, tree)
    # Of a notification it synchronises the header, and copies all of it: the table of calibration
    # data that it sends back to the card is none.
    assert notes == ["command 0x6c refused: PHY_DB type 1 is nothing that was measured"]
