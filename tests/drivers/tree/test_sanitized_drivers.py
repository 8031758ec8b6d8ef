"""What the sanitizers find in a tree's own drivers; each was checked to be true by reading it.

Needs a NetBSD kernel source tree in RUMPHOST_SYS.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import trio
from iwm_overlay import (
    MENDED,
    SCAN_END_LOST,
    SOURCE,
    USED_AFTER_FREE,
    has,
    line_of,
    make_overlay,
    needs,
)
from wireless_card import SCAN_S, Card, card, run

from rumphost.build import Builder
from rumphost.build.instrumentation import Instrumentation
from rumphost.errors import SanitizerError
from rumphost.host import open_host

BOTH = Instrumentation(("address", "undefined"), recover=True)


def scan(tree: Path, directory: Path) -> list[SanitizerError]:
    """Attach the tree's iwm, scan, and return what it was caught at."""

    async def main() -> list[SanitizerError]:
        builder = Builder(tree, instrumentation=BOTH)
        one: Card
        async with card(builder, directory) as one:
            await one.interface.up()
            await trio.sleep(SCAN_S)
            return one.host.sanitizer_findings

    found: list[SanitizerError] = run(main)
    return found


@pytest.fixture
def iwm(tree: Path) -> Path:
    if not (tree / SOURCE).exists():
        pytest.skip("the tree has no iwm")
    return tree


def test_iwm_looks_at_a_packet_that_may_be_freed(iwm, tmp_path):
    needs(iwm, USED_AFTER_FREE)
    found = [one for one in scan(iwm, tmp_path) if one.kind == "use after free"]
    where = line_of(iwm, USED_AFTER_FREE)
    error = next(one for one in found if str(one.backtrace[0]).endswith(where))
    assert error.backtrace[0].function == "iwm_notif_intr"
    assert "a load of 1 byte at byte 7 of 4096 bytes after their release" in error.message
    allocated, released = error.places
    assert "iwm_rx_addbuf" in [frame.function for frame in allocated.backtrace]
    assert "ieee80211_input" in [frame.function for frame in released.backtrace]


def test_iwm_takes_the_work_for_its_softc(iwm, tmp_path):
    needs(iwm, SCAN_END_LOST)
    found = [one for one in scan(iwm, tmp_path) if one.kind != "undefined behaviour"]
    assert [one for one in found if "iwm_endscan_cb" in [frame.function for frame in one.backtrace]]


def test_mended_iwm_keeps_within_its_memory(iwm, tmp_path):
    if not has(iwm, SCAN_END_LOST):
        pytest.skip("the overlay is for another revision")
    overlay = make_overlay(iwm, tmp_path / "sys", MENDED)
    (tmp_path / "firmware").mkdir()
    found = scan(overlay, tmp_path / "firmware")
    assert [one for one in found if one.kind != "undefined behaviour"] == []


@pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed"
)
def test_pcn_shifts_into_the_sign_of_an_int(tree):
    source = tree / "dev/ic/am79900reg.h"
    if not source.exists() or not re.search(r"LE_R1_OWN\s+\(1<<31\)", source.read_text()):
        pytest.skip("the tree's pcn has no (1<<31)")

    async def main() -> list[SanitizerError]:
        builder = Builder(tree, instrumentation=BOTH)
        async with open_host("qemu:pcnet", builder=builder) as host:
            (device,) = await host.attach("pcn")
            await host.interface(device).up()
            return host.sanitizer_findings

    found = trio.run(main)
    assert {one.kind for one in found} == {"undefined behaviour"}
    words = "left shift of 1 by 31 bits cannot be represented in type 'int'"
    assert "pcn_add_rxbuf" in [one.backtrace[0].function for one in found if words in one.message]
