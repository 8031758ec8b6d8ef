"""The deaths of hosts and of devices on real functions, and what a host costs there.

What runs inside is in tests/real.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from machines import ROOT, TRACED, needs_kernel, needs_module, run_tests

from rumphost.boundary import load_library
from rumphost.build import Builder

pytestmark = [needs_kernel, needs_module, pytest.mark.xdist_group("vm")]
EDUBENCH = Path("tests/real/drivers/edubench.c")
# A card that can be pulled out, at a network of its own.
PLUGGED = (
    *("--device", "pcie-root-port,id=rp2,chassis=2,addr=0xc"),
    *("--device", "e1000,id=card,bus=rp2,netdev=n12"),
    *("--qemu", "-netdev user,id=n12"),
)


@pytest.fixture(scope="module", autouse=True)
def images():
    """All that is compiled, built out here, where that is fast."""
    load_library()
    for driver in ("edu", "if_i8254x", str(ROOT / EDUBENCH)):
        Builder().build([driver])


def test_life():
    """Killed a hundred times, unplugged, straying; commands misused."""
    files = [f"tests/real/test_{name}.py" for name in ("commands", "killed", "stray", "unplugged")]
    run_tests(*files, options=("--iommu", *TRACED, *PLUGGED), timeout_s=900)


def test_figures():
    """What registers and interrupts cost; ``pytest -s`` shows it. Nothing is traced meanwhile."""
    run_tests("-s", "tests/real/test_figures.py", options=("--iommu",))
