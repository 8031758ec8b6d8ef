"""The rows of the matrix: a driver of the tree, a device of QEMU, and what is known of the two.

``Known`` is a fault of the driver itself, or of QEMU's model, that the check must report in these
words: never passed over in silence. A driver's fault is expected as long as the tree's source
shows it, so that a newer tree, where it is mended, must pass without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Known:
    """``check`` reports ``words`` (a regular expression) because of ``why``.

    ``source`` is the file in the tree that is to blame while ``mended`` (a regular expression) is
    not found in it; "" when the model is.
    """

    check: str
    words: str
    why: str
    source: str = ""
    mended: str = ""

    def expected(self, tree: Path) -> bool:
        """Tell whether this tree's driver has the fault."""
        if not self.source:
            return True
        return re.search(self.mended, (tree / self.source).read_text(errors="replace")) is None


@dataclass(frozen=True)
class Card:
    """``driver`` on QEMU's ``device`` (``name:option=value``).

    ``media`` is what ifmedia(4) says with the link up; "" for a driver without media,
    None where trees differ. ``window``: how many frames may be on their way to the driver at a
    time, see ``ONE``. ``needs``: a file of the tree without which the driver cannot do it.
    ``machine``: another machine that has the device.
    """

    driver: str
    device: str
    media: str | None
    known: tuple[Known, ...] = ()
    window: int = 32
    needs: str = ""
    machine: str = ""

    def __str__(self) -> str:
        return f"{self.driver}-{self.machine or self.device}"


ONE = 1
"""For models that hand a receive descriptor over before they have finished it. A driver that looks
at that moment, because an earlier frame has called it, misses the frame; it does under KVM, too.
"""

GIGABIT = "autoselect (1000baseT full-duplex), status: active"

_WM = Known(
    "detach", r"rnd\(9\): the source wm0 is still attached",
    "wm_detach() never calls rnd_detach_source()",
    "dev/pci/if_wm.c", r"rnd_detach_source",
)  # fmt: skip
_RTK = Known(
    "detach", r"bus_dma\(9\): bus_dmamap_destroy of a map that is loaded",
    "rtk_detach() destroys the receive map without unloading it",
    "dev/ic/rtl81x9.c", r"bus_dmamap_unload\(sc->sc_dmat, sc->recv_dmamap\)",
)  # fmt: skip
_FXP_IO = Known(
    "detach", r"bus_space\(9\): .* at I/O 0x[0-9a-f]+\) is still mapped",
    "fxp_pci_attach() maps the I/O ports too, fxp_pci_detach() unmaps the memory only",
    "dev/pci/if_fxp_pci.c", r"bus_space_unmap\([^;]*io[th]",
)  # fmt: skip
_FXP_UNLOAD = Known(
    "detach", r"bus_dma\(9\): bus_dmamap_unload of a map that is not loaded",
    "fxp_detach() unloads all maps, also those that fxp_stop() has unloaded",
    "dev/ic/i82557.c", r"dm_nsegs.*\n?.*bus_dmamap_unload",
)  # fmt: skip
_TLP = Known(
    "detach", r"kmem\(9\): 88 bytes of memory",
    "tlp_detach() frees no media entry (struct tulip_21x4x_media)",
    "dev/ic/tulip.c", r"free\([^;]*ifm_aux",
)  # fmt: skip


def _no_detach(source: str, mended: str, why: str) -> Known:
    words = r"cannot be detached: its driver has no way to \(EOPNOTSUPP\)"
    return Known("detach", words, why, source, mended)


def _no_link(why: str, source: str = "", mended: str = "") -> Known:
    return Known("link", r"no link", why, source, mended)


_VIOIF_LINK = _no_link(
    "vioif does not tell of the link", "dev/pci/if_vioif.c", r"if_link_state_change"
)
_PCN = _no_detach("dev/pci/if_pcn.c", r"pcn_attach, pcn_detach", "pcn has no detach function")
_NE = _no_detach(
    "dev/pci/if_ne_pci.c", r"ne_pci_attach, ne_pci_detach", "ne_pci has no detach function"
)
_VIOIF = _no_detach(
    "dev/pci/if_vioif.c", r"vioif_attach, vioif_detach", "vioif has no detach function"
)

_FXP_KNOWN = (_FXP_IO, _FXP_UNLOAD)

_RTK_RING = Known(
    "down/up", r"[2-4] of 5 pings lost",
    "the model's transmitter goes on at the descriptor after the last, the driver at the first",
)  # fmt: skip
_NO_I82550 = (
    "the model says that it is an i82550 (revision 12), but knows neither that chip's transmit"
    " command nor its receive descriptors"
)
_I82559C = (
    Known("DHCP", r"no DHCP server answers", _NO_I82550),
    *(Known(check, r"nobody answers for 10\.0\.2\.2", _NO_I82550) for check in ("ping", "down/up")),
    *(
        Known(check, r"too slow", _NO_I82550)
        for check in ("10,000 out", "10,000 in", "multicast", "promiscuous")
    ),
)

CARDS = (
    Card("wm", "e1000", GIGABIT, known=(_WM,)),
    Card("wm", "e1000-82544gc", GIGABIT, known=(_WM,)),
    Card("wm", "e1000-82545em", GIGABIT, known=(_WM,)),
    Card(
        "wm", "e1000e",
        "autoselect (1000baseT full-duplex flowcontrol rxpause txpause), status: active",
        known=(_WM,),
    ),
    Card(
        "rtk", "rtl8139", "autoselect (100baseTX full-duplex), status: active",
        known=(_RTK, _RTK_RING),
    ),
    Card("re", "rtl8139", "autoselect (100baseTX full-duplex), status: active"),
    *(
        Card(
            "fxp", chip, "autoselect (10baseT half-duplex), status: active",
            known=_FXP_KNOWN + (_I82559C if chip == "i82559c" else ()), window=ONE,
        )
        for chip in ("i82551", "i82557b", "i82559c", "i82559er", "i82801")
    ),
    Card(
        "pcn", "pcnet", "autoselect (autoselect), status: unknown",
        known=(_PCN, _no_link("the Am79C970A has no PHY that tells of a link")), window=ONE,
    ),
    Card(
        "ne", "ne2k_pci", "10baseT full-duplex (10baseT full-duplex), status: unknown",
        known=(_NE, _no_link("the RTL8029 does not tell of a link")), window=6,
    ),
    Card(
        "tlp", "tulip", "autoselect (10baseT half-duplex), status: no carrier",
        known=(_TLP, _no_link("the model's PHY lacks the register that tells of the link")),
    ),
    Card("vioif", "virtio-net-pci:disable-modern=on", "", known=(_VIOIF, _VIOIF_LINK)),
    Card("vioif", "virtio-net-pci:disable-legacy=on", None, needs="dev/pci/virtio_pci.c"),
    Card("vmx", "vmxnet3", None, needs="dev/pci/if_vmx.c"),
)  # fmt: skip
