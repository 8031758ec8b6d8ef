"""tools/vm itself: what runs inside, what comes out, and how it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest
from machines import CACHE, ROOT, TOOL, needs_kernel, needs_module, run

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


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_qemu_ends_with_it(end: signal.Signals):
    command = [sys.executable, TOOL, "--", "sh", "-c", "echo running; sleep 1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tool:
        assert tool.stdout is not None
        assert tool.stdout.readline() == b"running\n"
        (qemu,) = children(tool.pid)
        tool.send_signal(end)
        assert tool.wait(10) in (128 + end, -end)
        assert tool.stdout.read() == b""
    deadline = time.monotonic() + 10
    while is_running(qemu):
        assert time.monotonic() < deadline, "QEMU runs on"
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_nothing_outside_is_changed():
    file = CACHE / "witness"
    file.write_text("before")
    script = f"echo after >{file} && cat {file} && rm {file}"
    done = run("--", "sh", "-c", script, timeout_s=120)
    assert (done.returncode, done.stdout) == (0, "after\n")
    assert file.read_text() == "before"
    file.unlink()


def test_qemu_fails():
    done = run("--device", "perpetuum-mobile", "--", "true", timeout_s=120)
    assert done.returncode == 125
    assert "'perpetuum-mobile' is not a valid device model name" in done.stderr
    assert "QEMU ended with status 1" in done.stderr


def test_what_an_earlier_run_left_is_no_result(tmp_path: Path):
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "status").write_text("0\n")
    crash = "echo c >/proc/sysrq-trigger; sleep 100"
    done = run(f"--result={tmp_path}", "--", "sh", "-c", crash, timeout_s=120)
    assert done.returncode == 125
    assert "ended before the command did" in done.stderr
    assert "sysrq triggered crash" in done.stderr  # the end of the console


@needs_module
def test_a_complaint_of_the_kernel():
    complaint = "DMAR: [DMA Write NO_PASID] Request device [00:04.0] fault addr 0x100000"
    script = f"echo '{complaint}' >/dev/kmsg"
    done = run("--module", "--", "sh", "-c", script, timeout_s=120)
    assert done.returncode == 125
    assert complaint in done.stderr
    script += f"; echo '{complaint}' >/run/vm/expected"
    done = run("--module", "--", "sh", "-c", script, timeout_s=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("line", "complains"),
    [
        ("WARNING: CPU: 0 PID: 77 at drivers/pci/msi/msi.c:351 free_msi_irqs+0x5a/0x160", True),
        ("WARNING: possible circular locking dependency detected", True),
        ("BUG: unable to handle page fault for address: ffffc90000a3d000", True),
        ("INFO: task kworker/0:1:9 blocked for more than 120 seconds.", True),
        ("kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)", True),
        ("DMAR: DRHD: handling fault status reg 2", True),
        ("DMAR: Host address width 39", False),
        ("DMAR: IOMMU enabled", False),
        ("rumphost: loading out-of-tree module taints kernel.", False),
        ("debug: unmapping init [mem 0xffffffff82c00000-0xffffffff82e0ffff]", False),
    ],
)
def test_what_a_complaint_is(line: str, complains: bool):
    tool = SourceFileLoader("vm", os.fspath(TOOL))
    module = module_from_spec(spec_from_loader("vm", tool))
    tool.exec_module(module)
    assert bool(module.COMPLAINTS.search(line)) is complains


COMPLAINING = """
import pytest

def say(text):
    with open("/dev/kmsg", "w") as log:
        print(text, file=log)

def test_expected(kernel_log):
    say("WARNING: planned")
    kernel_log.expect("plan+ed")

def test_not_expected():
    say("WARNING: what is this?")

def test_another():
    pass
"""


def test_a_complaint_during_a_test(tmp_path: Path):
    file = tmp_path / "test_complaining.py"
    file.write_text(COMPLAINING)
    pytest_ = "python -m pytest -q -rA -p no:cacheprovider -p kernel_log"
    script = f"PYTHONPATH=tests/vm {pytest_} {file}"
    done = run("--", "sh", "-c", script, timeout_s=120)
    assert done.returncode == 125
    assert "3 passed, 1 error" in done.stdout
    assert "ERROR at teardown of test_not_expected" in done.stdout
    assert "WARNING: what is this?" in done.stderr
    assert "planned" not in done.stderr
