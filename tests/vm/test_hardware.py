"""The kernel module, and drivers on ``kmod:`` and ``vfio:``, inside virtual machines.

Few boots with many tests each: starting Python takes half a minute there.
"""

from __future__ import annotations

import pytest
from machines import needs_kernel, needs_module, run_tests

from rumphost.build import Builder

pytestmark = [needs_kernel, needs_module, pytest.mark.xdist_group("vm")]
EDU, CARD = "0000:00:04.0", "0000:00:05.0"
# What a memory without an IOMMU has to be, for the 28 address bits of edu.
SMALL = ("--memory", "250", "--module-options", "unsafe_dma=1")


def instead(kind: str, edu_options: str = "") -> list[str]:
    """Have tests that are for QEMU's devices run on the virtual machine's."""
    return [
        f"--instead=qemu:edu={kind}:{EDU}{edu_options}:bind=on",
        f"--instead=qemu:e1000={kind}:{CARD}:bind=on",
    ]


@pytest.fixture(scope="session", autouse=True)
def images():
    """The drivers, built out here, where that is fast."""
    for driver in ("edu", "if_i8254x"):
        Builder().build([driver])


def test_the_module():
    run_tests("tests/kmod", options=("--iommu",))


def test_the_module_without_an_iommu():
    run_tests("tests/kmod", options=SMALL)


FILES = ("tests/drivers/test_edu.py", "tests/drivers/test_i8254x.py")


def test_drivers_on_kmod():
    more = ("tests/drivers/test_i8254x_frames.py", "tests/drivers/test_i8254x_filters.py")
    run_tests(*FILES, *more, *instead("kmod", ":dma_bits=28"), options=("--iommu",))


def test_drivers_on_kmod_without_an_iommu():
    run_tests(*FILES, *instead("kmod", ":dma_bits=28:memory=8"), options=SMALL)


def test_drivers_on_vfio():
    run_tests(*FILES, *instead("vfio"), options=("--iommu",))
