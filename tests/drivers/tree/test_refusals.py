"""What the tree's own drivers do when they are refused something: defects, each read in the source.

A defect is expected as long as the tree's source shows it. ``rumphost fault`` has found them all.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from rumphost.build import Builder
from rumphost.host import Host, run
from rumphost.models.iwm7260 import ImageBuilder
from rumphost.trials import Outcome, Setup, default_scenario, idle_scenario, run_trial


@dataclass(frozen=True)
class Defect:
    """With ``fault``, ``driver`` makes a trouble of ``kind`` in ``function``, told in ``words``.

    ``source`` shows the defect while ``shown`` (a regular expression) is found in it. ``up``: the
    interface has to be brought up for it.
    """

    driver: str
    machine: str
    fault: str
    kind: str
    words: str
    function: str
    source: str
    shown: str
    up: bool = False

    def __str__(self) -> str:
        return f"{self.driver}-{self.fault}"


E1000, I82551, RTL8139, PCNET, TULIP = (
    f"qemu:{name}" for name in ("e1000", "i82551", "rtl8139", "pcnet", "tulip")
)
VIRTIO = "qemu:virtio-net-pci:disable-modern=on"
IWM = "sim:iwm7260"

DEFECTS = (
    # The error paths of attach leave what was mapped, and detach looks at "attached" only.
    Defect("wm", E1000, "intr_map", "leak", r"bar 0 .* is still mapped", "",
           "dev/pci/if_wm.c", r"sc_flags & WM_F_ATTACHED\) == 0"),
    Defect("wm", E1000, "dma_alloc:1", "leak", r"a handler on irq \d+ is still established", "",
           "dev/pci/if_wm.c", r"sc_flags & WM_F_ATTACHED\) == 0"),
    Defect("wm", E1000, "dma_load:2", "panic", r"panic: wm_add_rxbuf", "wm_add_rxbuf",
           "dev/pci/if_wm.c", r'panic\("wm_add_rxbuf"\)', up=True),
    # The size unmapped is the memory's, the mapping is the I/O ports'.
    Defect("fxp", I82551, "bus_map:2", "panic", r"bus_space_unmap of 0x1000 bytes of I/O space",
           "fxp_pci_detach", "dev/pci/if_fxp_pci.c", r"&addr, &sc->sc_size, &flags"),
    Defect("fxp", I82551, "intr_map", "panic", r"pci_intr_disestablish of a handler that is not",
           "fxp_pci_detach", "dev/pci/if_fxp_pci.c",
           r"pmf_device_deregister\(self\);\n\n\tpci_intr_disestablish"),
    Defect("fxp", I82551, "dma_load:2", "panic", r"panic: fxp_add_rfabuf", "fxp_add_rfabuf",
           "dev/ic/i82557.c", r'panic\("fxp_add_rfabuf"\)', up=True),
    # Detach calls if_stop before it asks whether there is an interface.
    Defect("rtk", RTL8139, "intr_map", "panic", r"NULL pointer", "rtk_pci_detach",
           "dev/pci/if_rtk_pci.c", r"ec_if\.if_stop\(&sc->ethercom\.ec_if, 0\);\n\n\trv ="),
    # The copy of a packet that could not be loaded either is forgotten.
    Defect("rtk", RTL8139, "dma_load:2", "leak", r"512 bytes of memory", "rtk_start",
           "dev/ic/rtl81x9.c", r'"error = %d\\n",\s+device_xname\(sc->sc_dev\), error\);\s+break',
           up=True),
    Defect("pcn", PCNET, "intr_map", "leak", r"kept by a failed attach: .* is still mapped", "",
           "dev/pci/if_pcn.c", r"unable to map interrupt"),
    Defect("pcn", PCNET, "dma_load:2", "panic", r"panic: pcn_add_rxbuf", "pcn_add_rxbuf",
           "dev/pci/if_pcn.c", r'panic\("pcn_add_rxbuf"\)', up=True),
    # Memory that may be refused is used without a look.
    Defect("tlp", TULIP, "malloc:1", "panic", r"NULL pointer", "tlp_read_srom",
           "dev/ic/tulip.c", r"malloc\(size, M_DEVBUF, M_NOWAIT\)"),
    # The child gives up, but virtio believes that it still has queues.
    Defect("vioif", VIRTIO, "dma_alloc:1", "panic", r'assertion "sc->sc_vqs == 0" failed',
           "virtio_detach", "dev/pci/virtio.c", r"KASSERT\(sc->sc_vqs == 0\)"),
    # Allocated with one size, freed with another.
    Defect("vioif", VIRTIO, "dma_alloc:2", "panic", r"kmem_free of .* with size \d+, but \d+",
           "virtio_free_vq", "dev/pci/virtio.c", r"kmem_free\(vq->vq_entries, vq->vq_bytesize\)"),
    # A map that could not be loaded is synchronised.
    Defect("iwm", IWM, "dma_load:1", "panic", r"bus_dmamap_sync: the map is not loaded",
           "iwm_dma_contig_free",
           "dev/pci/if_iwm.c", r"dma->vaddr = va;\n\n\terror = bus_dmamap_load"),
    # Nobody looks whether there is a workqueue.
    Defect("iwm", IWM, "workqueue:2", "panic", r"workqueue_enqueue of a workqueue that does not",
           "iwm_newstate", "dev/pci/if_iwm.c", r"\n\tworkqueue_create\(&sc->sc_nswq", up=True),
    Defect("iwm", IWM, "malloc:257", "panic", r"NULL pointer", "_ieee80211_free_node",
           "net80211/ieee80211_node.c", r"XXX no way to recover", up=True),
)  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS, ids=str)
def test_a_defect(defect: Defect, builder: Builder, tree: Path, tmp_path: Path):
    if defect.machine.startswith("qemu") and shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not installed")
    source = tree / defect.source
    if not source.exists():
        pytest.skip(f"the tree has no {defect.source}")
    if not re.search(defect.shown, source.read_text(errors="replace")):
        pytest.skip(f"{defect.source} does not show it any more")
    ImageBuilder().write(tmp_path)
    scenario = default_scenario if defect.up else idle_scenario
    setup = Setup(
        builder.build([defect.driver]), defect.machine, scenario, builder, firmware=(tmp_path,)
    )

    def put_in(host: Host, _outcome: Outcome) -> None:
        host.faults.add(defect.fault)

    async def main() -> Outcome:
        clean = await run_trial(setup, lambda _host, _outcome: None)
        return await run_trial(setup, put_in, clean)

    outcome = run(main, clock="virtual" if defect.machine.startswith("sim") else "real")
    assert len(outcome.injected) == 1
    found = [one for one in outcome.troubles if one.kind == defect.kind]
    (trouble,) = [one for one in found if re.search(defect.words, one.message)]
    if defect.function:
        assert trouble.place is not None
        assert trouble.place.function == defect.function
