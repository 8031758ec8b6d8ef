"""A tree whose if_iwm.c has what is known to be wrong in revision 1.1 put right, for comparison.

The tree itself is not touched: an overlay of links has one file of its own, made from the tree's by
the replacements below. Each is a defect that a test shows in the unmodified driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

SOURCE = Path("dev/pci/if_iwm.c")
SCAN_END_LOST = "iwm_endscan_cb(void *arg)"
"""The driver's worker takes its first argument, the work, for the softc: it never learns that a
scan has ended, and never scans a second time."""
NO_5GHZ = "#define IWM_NO_5GHZ"
"""Scans of 5 GHz are compiled out in the source itself: no ``-D`` can have them back."""
SIGNAL_NEGATED = "rssi = -rssi;"
"""net80211 takes the larger rssi for the stronger signal."""

USED_AFTER_FREE = "if (!(pkt->hdr.qid & (1 << 7))) {"
"""A received frame has been handed on, and may be freed, when its header is looked at again."""

KEPT_IN_TIME = (
    ("\t\tqid = pkt->hdr.qid & ~0x80;\n",
     "\t\tqid = pkt->hdr.qid & ~0x80;\n\t\tconst int told = pkt->hdr.qid & (1 << 7);\n"),
    (USED_AFTER_FREE, "if (!told) {"),
)  # fmt: skip
MENDED = (
    *KEPT_IN_TIME,
    ("void\tiwm_endscan_cb(void *);", "void\tiwm_endscan_cb(struct work *, void *);"),
    ("iwm_endscan_cb(void *arg)\n{", "iwm_endscan_cb(struct work *wk, void *arg)\n{"),
    ("#define IWM_NO_5GHZ\t\t1", ""),
    # On 5 GHz a beacon need not say its channel, and the last one of 2.4 GHz was taken.
    ("\tif (ic->ic_state == IEEE80211_S_SCAN)\n\t\tiwm_fix_channel(ic, m);",
     "\tif (ic->ic_state == IEEE80211_S_SCAN &&\n"
     "\t    sc->sc_scanband == IEEE80211_CHAN_2GHZ)\n\t\tiwm_fix_channel(ic, m);"),
    ("c = &ic->ic_channels[le32toh(phy_info->channel)];",
     "ic->ic_curchan = &ic->ic_channels[le16toh(phy_info->channel)];"),
    ("\tif (c)\n\t\tni->ni_chan = c;\n", "\t(void)c;\n"),
)  # fmt: skip


def has(tree: Path, defect: str) -> bool:
    """Tell whether this tree's driver has a defect: a newer one may not."""
    return defect in (tree / SOURCE).read_text(errors="replace")


def needs(tree: Path, defect: str) -> None:
    """Skip a test of a defect that this tree's driver does not have."""
    if not has(tree, defect):
        pytest.skip(f"this tree's iwm has no {defect!r}")


def line_of(tree: Path, words: str) -> str:
    """Return where in the tree's driver some words first are: ``if_iwm.c:5549``."""
    text = (tree / SOURCE).read_text(errors="replace")
    return f"{SOURCE.name}:{text[: text.index(words)].count(chr(10)) + 1}"


def make_overlay(tree: Path, into: Path, mended: Sequence[tuple[str, str]] = MENDED) -> Path:
    """Make the overlay; returns it as a tree to build from."""
    here, there = into, tree
    here.mkdir()
    for step in (*SOURCE.parent.parts, SOURCE.name):
        for entry in there.iterdir():
            if entry.name != step:
                (here / entry.name).symlink_to(entry)
        here, there = here / step, there / step
        if there.is_dir():
            here.mkdir()
    text = there.read_text()
    for old, new in mended:
        if text.count(old) != 1:
            pytest.skip(f"this tree's iwm is not the one that the replacements are for: {old!r}")
        text = text.replace(old, new)
    here.write_text(text)
    return into
