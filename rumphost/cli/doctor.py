"""``rumphost doctor``: what this computer can do, and what to do about each lack."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from rumphost.errors import HostLacks
from rumphost.machine import sysfs
from rumphost.machine.iommu import FaultLog

from .options import output_format
from .output import Output

CAN, LACKS = "yes", "no"
MIB = 2**20
ARENA_MIB = 32


@dataclass(frozen=True)
class Finding:
    """``subject`` is there, or not; ``remedy`` says what to do about that."""

    subject: str
    there: bool
    text: str
    remedy: str = ""
    needed: bool = False


def _version(command: Sequence[str]) -> str:
    """Return the first line that a command prints, or nothing if it does not run."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0] if done.returncode == 0 else ""


def compiler() -> Finding:
    text = _version([os.environ.get("CC", "cc"), "--version"])
    return Finding("compiler", bool(text), text or "none", "install gcc and libc6-dev", needed=True)


def debugger() -> Finding:
    text = _version(["gdb", "--version"])
    return Finding("gdb", bool(text), text or "none", "rumphost gdb needs it: install gdb")


def qemu() -> Finding:
    text = _version(["qemu-system-x86_64", "--version"])
    remedy = "qemu: machines need it: install qemu-system-x86"
    return Finding("qemu", bool(text), text or "none", remedy)


def module() -> Finding:
    loaded = (sysfs.ROOT / "module/rumphost").exists()
    remedy = "kmod: machines need it: build and load it, see kmod/README.md"
    return Finding("kernel module", loaded, "loaded" if loaded else "not loaded", remedy)


def vfio() -> Finding:
    loaded = (sysfs.ROOT / "bus/pci/drivers/vfio-pci").exists()
    remedy = "vfio: machines need it: modprobe vfio-pci vfio_iommu_type1"
    return Finding("vfio-pci", loaded, "loaded" if loaded else "not loaded", remedy)


def iommu() -> Finding:
    groups = sysfs.ROOT / "kernel/iommu_groups"
    count = len(os.listdir(groups)) if groups.exists() else 0
    remedy = (
        "DMA by real devices needs it: switch it on in the firmware, and boot with intel_iommu=on"
        " or amd_iommu=on"
    )
    return Finding("iommu", count > 0, f"{count} groups", remedy)


def kernel_log() -> Finding:
    try:
        FaultLog().close()
    except OSError as error:
        text, there = f"cannot be read: {error.strerror}", False
    else:
        text, there = "readable", True
    remedy = (
        "reports of DMA that the IOMMU stopped come from it: be root, or sysctl"
        " kernel.dmesg_restrict=0"
    )
    return Finding("kernel log", there, text, remedy)


def functions() -> Finding:
    found = [one for one in sysfs.functions() if one.driver in ("rumphost", "vfio-pci")]
    remedy = "real devices: rumphost bind ADDRESS (lspci shows the addresses)"
    return Finding("functions", bool(found), ", ".join(map(str, _names(found))) or "none", remedy)


def _names(found: Sequence[sysfs.SysfsFunction]) -> list[str]:
    return [one.describe() for one in found]


def tap() -> Finding:
    path = Path("/dev/net/tun")
    if not path.exists():
        return Finding("tap", False, "no /dev/net/tun", "--tap needs it: modprobe tun")
    root = os.geteuid() == 0
    text = "usable" if root else "not by this user"
    return Finding("tap", root, text, "--tap needs CAP_NET_ADMIN: run as root, or in unshare -rn")


def huge_pages() -> Finding:
    path = Path("/proc/sys/vm/nr_hugepages")
    count = int(path.read_text()) if path.exists() else 0
    remedy = "not needed; fewer TLB misses of DMA: sysctl vm.nr_hugepages=64"
    return Finding("huge pages", count > 0, str(count), remedy)


def locked_memory() -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    free = soft == resource.RLIM_INFINITY or os.geteuid() == 0
    text = "unlimited" if free else f"{soft // MIB} MiB"
    remedy = f"kmod: and vfio: machines lock {ARENA_MIB} MiB: raise ulimit -l, or say memory=MIB"
    return Finding("locked memory", free or soft >= ARENA_MIB * MIB, text, remedy)


CHECKS: tuple[Callable[[], Finding], ...] = (
    compiler,
    debugger,
    qemu,
    tap,
    module,
    vfio,
    iommu,
    kernel_log,
    functions,
    locked_memory,
    huge_pages,
)


@click.command()
@output_format
def doctor(format_: str, quiet: bool) -> None:
    """Tell what this computer can do for rumphost, and what to do about each lack.

    Exit status: 0 drivers can be built and run, 3 not even that.
    """
    output = Output(json=format_ == "json", quiet=quiet)
    findings = [check() for check in CHECKS]
    output.note(
        f"Linux {platform.release()} {platform.machine()}, Python {platform.python_version()}"
    )
    rows = [
        (one.subject, CAN if one.there else LACKS, one.text, "" if one.there else one.remedy)
        for one in findings
    ]
    output.rows("capability", ("subject", "there", "what", "remedy"), rows)
    for one in findings:
        if one.needed and not one.there:
            raise HostLacks(f"no {one.subject}: {one.remedy}")
