"""The kernel module, and drivers on ``kmod:`` and ``vfio:``, inside virtual machines.

Few boots with many tests each: starting pytest takes ten seconds there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from machines import TRACED, needs_kernel, needs_module, run_tests

from rumphost.build import Builder

pytestmark = [needs_kernel, needs_module, pytest.mark.xdist_group("vm")]
EDU = "tests/drivers/test_edu.py"
CARD = "tests/drivers/test_i8254x.py"
CARDS = (CARD, *(CARD.replace(".py", f"_{part}.py") for part in ("faults", "filters", "frames")))
WM = "tests/drivers/tree/test_network.py"
IWM = "tests/drivers/tree/test_iwm_match.py"


def instead(kind: str, edu_options: str = "") -> list[str]:
    """Have tests that are for QEMU's devices run on the virtual machine's."""
    return [
        f"--instead=qemu:edu={kind}:0000:00:04.0{edu_options}:bind=on",
        f"--instead=qemu:e1000={kind}:0000:00:05.0:bind=on",
    ]


# Without an IOMMU edu's 28 bits would not reach most memory.
UNSAFE, FAR_REACHING = ("--module-options", "unsafe_dma=1"), ",dma_mask=0xffffffff"
KMOD, VFIO = instead("kmod", ":dma_bits=28"), instead("vfio")


def build(*drivers: str, tree: Path | None = None) -> None:
    """Build the drivers, out here, where that is fast."""
    for driver in drivers:
        Builder(tree).build([driver])


@pytest.fixture
def tree() -> Path:
    if not os.environ.get("RUMPHOST_SYS"):
        pytest.skip("RUMPHOST_SYS names no NetBSD kernel source tree")
    return Path(os.environ["RUMPHOST_SYS"])


def test_the_module_with_an_iommu():
    run_tests("tests/kmod", options=("--iommu", *TRACED))


def test_the_module_without_an_iommu():
    run_tests("tests/kmod", options=(*UNSAFE, *TRACED), edu=FAR_REACHING)


def test_drivers_with_an_iommu():
    """Whole test files on kmod: and vfio:, by line and by message."""
    build("edu", "if_i8254x")
    run_tests(EDU, *CARDS, *KMOD, *VFIO, options=("--iommu",), timeout_s=900)


def test_drivers_without_an_iommu():
    """On kmod: with unsafe_dma=1; what goes over the cable is the same there."""
    build("edu", "if_i8254x")
    run_tests(EDU, CARD, *KMOD, options=UNSAFE, edu=FAR_REACHING)


def test_drivers_of_a_tree(tree: Path):
    """wm as it passes the matrix, and iwm, which wants none of these devices."""
    build("wm", "iwm", tree=tree)
    run_tests(IWM, WM, *KMOD, *VFIO, options=("--iommu",), timeout_s=900)
