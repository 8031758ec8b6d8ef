"""A run between build and end: drivers that fail beside others, sysctl, Ctrl-C, QEMU's death."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from command_line import read_until

FAULTY = Path(__file__).parents[1] / "drivers" / "faulty"

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not installed"
)


@pytest.mark.parametrize(
    ("name", "words", "function"),
    [
        ("nullderef", "NULL pointer", "nullderef_fill"),
        ("panics", "panic: ", "panics_attach"),
        ("sleepintr", "interrupt", "sleepintr_intr"),
        ("leakmap", "left behind at detach: bus_dma(9)", "leakmap_map"),
        ("spins", "no hypercall", "spins_wait"),
        ("waits", "it waits for `ready'", "waits_for_it"),
    ],
)
def test_a_driver_that_fails_beside_one_that_works(rumphost, name, words, function):
    """Told once, with its backtrace; the other driver is used; and the next run works."""
    result = rumphost(
        "run", FAULTY / f"{name}.c", "edu", "-m", "sim:teach,edu", "--format", "json",
        "--watchdog", "0.3", "--sysctl", "hw.edu0.factorial=5",
    )  # fmt: skip
    assert result.status == 1
    error = result.one("error")
    assert words in error["message"]
    assert error["driver"] == f"{name}0"
    assert function in " ".join(error["backtrace"])
    assert result.err.count(f"rumphost: {name}0: ") == 1
    values = [(e["name"], e["value"]) for e in result.events if e["event"] == "sysctl"]
    assert ("hw.edu0.factorial", 120) in values
    assert result.one("detached")["device"] == "edu0"
    assert rumphost("run", "edu", "-m", "sim:edu").status == 0


def test_what_a_check_finds_fails_the_run(rumphost):
    """The driver goes on; the run's status tells."""
    name = FAULTY / "dmaowned.c"
    assert rumphost("run", name, "-m", "sim:teach").status == 0
    result = rumphost("run", name, "-m", "sim:teach", "--strict-dma")
    assert result.status == 1
    assert "the driver has written to bytes that the device owned" in result.err
    assert "the checks found 2 things" in result.err
    assert "leaks: none" in result.out


def test_a_driver_without_a_network_shows_its_values(rumphost):
    result = rumphost(
        "run", "teach", "-m", "sim:teach", "--sysctl", "hw.teach0.period=250000000",
        "--sysctl", "hw.teach0.ticks", "--stay", "2",
    )  # fmt: skip
    assert result.status == 0
    facts = result.out.splitlines()
    assert facts[0].startswith("teach0 at pci0 dev 3 function 0: ")
    assert "hw.teach0.period: 0 -> 250000000" in facts
    assert facts.index("hw.teach0.ticks: 0") < facts.index("hw.teach0.ticks: 8")
    assert "teach0\tinterrupts\t8" in facts or "teach0\tinterrupts\t9" in facts
    assert facts[-1] == "teach0 detached; leaks: none"


def test_a_value_of_every_type(rumphost):
    result = rumphost(
        "run", "teach", "-m", "sim:teach", "--format", "json", "--sysctl", "hw.teach0.text=moo",
    )  # fmt: skip
    (first, *_) = [event for event in result.events if event["event"] == "sysctl"]
    assert first == {
        "event": "sysctl", "name": "hw.teach0.text", "value": "MOO", "before": ""
    }  # fmt: skip


def test_the_same_seed_gives_the_same_trace(rumphost, tmp_path):
    traces = []
    for number, seed in enumerate((7, 7, 8)):
        path = tmp_path / f"trace{number}"
        done = rumphost("run", "if_i8254x", "-m", "sim:i82540em", "--trace", path, "--seed", seed)
        assert done.status == 0
        traces.append(path.read_text())
    assert traces[0] == traces[1] != traces[2]


def test_nobody_answers(rumphost):
    """The counters are shown all the more."""
    result = rumphost(
        "run", "if_i8254x", "-m", "sim:i82540em", "--ping-to", "10.0.2.77", "--format", "json"
    )
    assert result.status == 1
    assert "nobody answers for 10.0.2.77" in result.one("error")["message"]
    assert result.one("counters")["opackets"] == 5
    assert result.one("detached")["leaks"] == []


# -- signals

SIM_REAL = ("sim:i82540em", "--clock", "real")


@needs_qemu
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("on", [SIM_REAL, ("qemu:e1000",)])
@pytest.mark.parametrize("stage", ["iex0 at", "icmp_seq=0"])
def test_a_signal_while_attached(spawn, stage, on, number, status):
    process = spawn("run", "if_i8254x", "--ping", 100, "-m", *on)
    read_until(process, stage)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == status
    assert out.endswith("iex0 detached; leaks: none\n")
    assert "Traceback" not in err


def test_ctrl_c_in_a_wait_on_the_virtual_clock(spawn):
    """The driver's timer keeps the kernel busy; a signal comes between."""
    process = spawn(
        "run", "teach", "-m", "sim:teach", "--sysctl", "hw.teach0.period=1000", "--stay", 3600
    )
    read_until(process, "hw.teach0.period")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out.endswith("teach0 detached; leaks: none\n")


def slow_compiler(directory: Path) -> Path:
    """A compiler that says when it runs, and takes its time over it."""
    script = directory / "slowcc"
    script.write_text(f"#!/bin/sh\necho $$ >>{directory}/started\nexec sleep 3\n")
    script.chmod(0o755)
    return script


def test_ctrl_c_in_the_build(spawn, tmp_path):
    environment = {"CC": str(slow_compiler(tmp_path)), "RUMPHOST_CACHE": str(tmp_path / "cache")}
    process = spawn("run", "if_i8254x", "-m", "sim:i82540em", env=environment)
    started = tmp_path / "started"
    deadline = time.monotonic() + 20
    while not started.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    # Of some hundred: those that had begun, and a few more where the signal is slow to arrive.
    assert len(started.read_text().split()) <= 6 * (os.cpu_count() or 1)


# -- QEMU


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@needs_qemu
def test_qemu_is_killed(spawn):
    process = spawn("run", "if_i8254x", "-m", "qemu:e1000", "--ping", 100, "--format", "json")
    read_until(process, '"reply"')
    (qemu,) = children(process.pid)
    os.kill(qemu, signal.SIGKILL)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 3
    assert err.splitlines()[-1] == f"rumphost: QEMU (process {qemu}) was killed by SIGKILL"
    assert '"exit_status": 3' in out.splitlines()[-1]
    assert "Traceback" not in err


@needs_qemu
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("qemu:nonsense", "'nonsense' is not a valid device model name"),
        ("qemu:e1000:colour=red", "Property 'e1000.colour' not found"),
        ("qemu:", "say qemu:e1000"),
    ],
)
def test_a_device_that_qemu_does_not_have(rumphost, name, words):
    result = rumphost("run", "if_i8254x", "-m", name)
    assert result.status == 2
    assert words in result.err
