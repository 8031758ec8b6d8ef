"""The virtual machines that the tests of real hardware run in: which devices, and where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "vm"
CACHE = Path(os.environ.get("RUMPHOST_VM_CACHE") or ROOT / ".cache" / "vm")

needs_kernel = pytest.mark.skipif(
    not (CACHE / "version").exists(), reason="no kernel to boot: run tools/setup vm"
)
needs_module = pytest.mark.skipif(
    not (ROOT / "kmod" / "rumphost.ko").exists(), reason="no kernel module: run tools/setup vm"
)

DEVICES = (
    "edu,addr=4",
    "e1000,addr=5,netdev=n5,mac=52:54:00:12:34:56",
    "virtio-net-pci,addr=6,netdev=n6,romfile=,mac=52:54:00:aa:aa:aa",
    "e1000e,addr=7,netdev=n7",
    "pci-testdev,addr=8,membar=1M",
    "pci-serial,addr=9",
    "pcie-root-port,id=rp,chassis=1,addr=0xa",
    "edu,id=plugged,bus=rp",
    "e1000,addr=0xb,netdev=n11,mac=52:54:00:12:34:56",
)
# A card at QEMU's own network, and one at a cable to a card that is Linux's. A hub would drop what
# a card does not take at once; these sockets wait.
CABLE = (
    "-netdev dgram,id={},local.type=unix,local.path=@SCRATCH@/{},"
    "remote.type=unix,remote.path=@SCRATCH@/{}"
)
NETWORK = " ".join(
    (
        "-netdev user,id=n5 -netdev hubport,id=n7,hubid=1",
        CABLE.format("n6", "linux", "driver"),
        CABLE.format("n11", "driver", "linux"),
    )
)
MODULES = ("vfio-pci", "vfio_iommu_type1", "virtio_net")


def run(*arguments: str, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
    """Run tools/vm."""
    return subprocess.run(
        [sys.executable, str(TOOL), f"--timeout={timeout_s}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s + 30,
        check=False,
    )


def run_tests(*selection: str, options: tuple[str, ...] = (), timeout_s: float = 600.0) -> None:
    """Run pytest inside, on all devices; fails with its output."""
    devices = [word for device in DEVICES for word in ("--device", device)]
    loaded = [word for module in MODULES for word in ("--modprobe", module)]
    words = ("--qemu", NETWORK, "--module", *devices, *loaded, *options)
    done = run(*words, "--", "sh", "tests/vm/inside", *selection, timeout_s=timeout_s)
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
