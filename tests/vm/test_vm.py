"""tools/vm itself: what runs inside, what comes out, and how it fails."""

from __future__ import annotations

import os

import pytest
from machines import CACHE, ROOT, needs_kernel, needs_module, run

pytestmark = [needs_kernel, pytest.mark.xdist_group("vm")]


def test_a_dry_run():
    done = run("--dry-run", "--iommu", "--device", "edu", "--", "echo", "two words")
    assert done.returncode == 0
    assert done.stdout.startswith("qemu-system-x86_64 -accel tcg")
    assert "intel-iommu,intremap=on" in done.stdout
    assert done.stdout.endswith("echo 'two words'\n")


def test_output_and_status():
    done = run("--", "sh", "-c", "id -u; pwd; echo careful >&2; exit 7", timeout_s=120)
    assert done.returncode == 7, done.stderr
    assert done.stdout.split() == ["0", os.fspath(ROOT), "careful"]


def test_it_is_bounded_in_time():
    done = run("--", "sleep", "1000", timeout_s=12)
    assert done.returncode == 124
    assert "ended after 12 s" in done.stderr


def test_nothing_outside_is_changed():
    file = CACHE / "witness"  # the machine's /tmp is its own
    file.write_text("before")
    script = f"echo after >{file} && cat {file} && rm {file}"
    done = run("--", "sh", "-c", script, timeout_s=120)
    assert (done.returncode, done.stdout) == (0, "after\n")
    assert file.read_text() == "before"
    file.unlink()


@needs_module
def test_a_complaint_of_the_kernel():
    script = "echo 'WARNING: this is a test' >/dev/kmsg"
    done = run("--module", "--", "sh", "-c", script, timeout_s=120)
    assert done.returncode == 125
    assert "WARNING: this is a test" in done.stderr
