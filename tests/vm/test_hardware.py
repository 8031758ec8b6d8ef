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


def instead(kind: str, edu_options: str = "", options: str = "") -> list[str]:
    """Have tests that are for QEMU's devices run on the virtual machine's."""
    return [
        f"--instead=qemu:edu={kind}:{EDU}{edu_options}:bind=on",
        f"--instead=qemu:e1000={kind}:{CARD}{options}:bind=on",
    ]


@pytest.fixture(scope="session", autouse=True)
def images():
    """The drivers, built out here, where that is fast."""
    for driver in ("edu", "if_i8254x"):
        Builder().build([driver])


MODULE = "tests/kmod"
DRIVERS = (
    "tests/drivers/test_edu.py",
    "tests/drivers/test_i8254x.py",
    "tests/drivers/test_i8254x_frames.py",
    "tests/drivers/test_i8254x_filters.py",
)


def test_with_an_iommu():
    """The module; the drivers' whole test files on kmod: and vfio:, by line and by message."""
    kmod, vfio = instead("kmod", ":dma_bits=28"), instead("vfio")
    run_tests(MODULE, *DRIVERS, *kmod, *vfio, options=("--iommu",), timeout_s=900)


def test_without_an_iommu():
    """The same with unsafe_dma=1, as far as it differs; two hosts do not fit into the memory."""
    kmod = instead("kmod", ":dma_bits=28:memory=8", ":memory=16")
    files = [f"{MODULE}/test_{name}.py" for name in ("arguments", "dma", "interrupts", "life")]
    run_tests(*files, DRIVERS[0], *kmod, options=SMALL)
