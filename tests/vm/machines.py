"""The virtual machines that the tests of real hardware run in: which devices, and where."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "vm"
CACHE = Path(os.environ.get("RUMPHOST_VM_CACHE") or ROOT / ".cache" / "vm").resolve()

needs_kernel = pytest.mark.skipif(
    not (CACHE / "version").exists(), reason="no kernel to boot: run tools/setup vm"
)
needs_module = pytest.mark.skipif(
    not (ROOT / "kmod" / "rumphost.ko").exists(), reason="no kernel module: run tools/setup vm"
)

DEVICES = (
    "edu,addr=4{edu}",
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
# The kernel keeps who allocated what, for tests/kmod/leaks.py, and is three times as slow.
TRACED = ("--append", "slub_debug=U,kmalloc-*")


def run(*arguments: str, timeout_s: float = 300.0) -> subprocess.CompletedProcess[str]:
    """Run tools/vm; what the command inside says comes out as it is said, too."""
    command = [sys.executable, os.fspath(TOOL), f"--timeout={timeout_s}", *arguments]
    said = []
    with (
        tempfile.TemporaryFile("w+", errors="replace") as errors,
        subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace"
        ) as tool,
    ):
        late = threading.Timer(timeout_s + 30, tool.kill)  # it has a clock of its own
        late.start()
        try:
            assert tool.stdout is not None
            for line in tool.stdout:
                sys.stdout.write(line)
                said.append(line)
            status = tool.wait()
        finally:
            late.cancel()
        errors.seek(0)
        return subprocess.CompletedProcess(command, status, "".join(said), errors.read())


def compile_tests(*selection: str) -> None:
    """Have pytest compile the tests out here, where that is fast; byte code is what is kept."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(CACHE / "bytecode")
    options = ("--collect-only", "-q", "-oaddopts=--import-mode=importlib --strict-markers")
    without = [f"-pno:{plugin}" for plugin in ("cacheprovider", "benchmark", "xdist")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *without, *selection],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run_tests(
    *selection: str, options: tuple[str, ...] = (), edu: str = "", timeout_s: float = 600.0
) -> None:
    """Run pytest inside, on all devices; fails with its output. ``edu``: options of that device."""
    compile_tests(*selection)
    devices = [word for device in DEVICES for word in ("--device", device.format(edu=edu))]
    loaded = [word for module in MODULES for word in ("--modprobe", module)]
    words = ("--qemu", NETWORK, "--module", *devices, *loaded, *options)
    done = run(*words, "--", "sh", "tests/vm/inside", *selection, timeout_s=timeout_s)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
