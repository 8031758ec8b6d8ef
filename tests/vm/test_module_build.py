"""The kernel module builds without a warning of gcc's (W=1) or of sparse's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from machines import CACHE, ROOT, needs_kernel

pytestmark = [needs_kernel, pytest.mark.xdist_group("vm")]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of kmod/, so that the module in use is left alone."""
    copy = tmp_path / "kmod"
    copy.mkdir()
    for name in ("Kbuild", "Makefile", *(file.name for file in (ROOT / "kmod").glob("*.[ch]"))):
        if not name.endswith(".mod.c"):
            shutil.copy(ROOT / "kmod" / name, copy)
    return copy


def build(sources: Path) -> subprocess.CompletedProcess[str]:
    release = (CACHE / "version").read_text().strip()
    root = CACHE / "root"
    words = (f"KERNEL={root}/lib/modules/{release}/build", f"SPARSE={root}/usr/bin/sparse")
    return subprocess.run(
        ["make", "-C", sources, *words, "check"], capture_output=True, text=True, check=False
    )


def test_no_warning(sources):
    done = build(sources)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning:" not in done.stdout + done.stderr
    assert (sources / "rumphost.ko").exists()


def test_a_seeded_fault_is_found(sources):
    file = sources / "ioctl.c"
    text = file.read_text()
    assert "void __user *user = (void __user *)address;" in text
    file.write_text(text.replace("(void __user *)address;", "(void *)address;"))
    done = build(sources)
    assert done.returncode != 0
    assert "address space" in done.stdout + done.stderr
