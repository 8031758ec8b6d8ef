"""``rumphost bind``, ``unbind`` and ``doctor`` on real functions, used well and badly.

Each command is a child of its own, which can be another user's, and be killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hardware import EDU, PORT, eventually

from rumphost.cli import main
from rumphost.machine.kmod.node import Node
from rumphost.machine.sysfs import SysfsFunction, bind, unbind
from rumphost.machine.vfio.device import VfioDevice

BRIDGE = "0000:00:0a.0"
NOBODY = 65534
FUNCTION = SysfsFunction(EDU)


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    """Every test begins and ends with a function that no driver has."""
    unbind(FUNCTION)
    assert FUNCTION.driver == ""
    yield
    unbind(FUNCTION)


@dataclass
class Command:
    """A command that runs, with its output in a pipe."""

    pid: int
    output: int

    def end(self) -> tuple[int, str]:
        """Wait for its end; returns its status and what it wrote."""
        with os.fdopen(self.output) as file:
            text = file.read()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), text


def start(*words: str, before: Callable[[], object] = lambda: None) -> Command:
    """Start a command, in a child that has done ``before``."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Command(pid, reading)
    status = 70
    try:
        for fd in (1, 2):
            os.dup2(writing, fd)
        os.close(writing)
        os.close(reading)
        sys.stdout, sys.stderr = open(1, "w"), open(2, "w")  # noqa: SIM115
        before()
        main(list(words))
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def run(*words: str, before: Callable[[], object] = lambda: None) -> tuple[int, str]:
    return start(*words, before=before).end()


def become_nobody() -> None:
    os.setgid(NOBODY)
    os.setuid(NOBODY)


class TestBind:
    def test_there_and_back(self):
        assert run("bind", EDU) == (0, f"{EDU}: rumphost\n")
        assert FUNCTION.driver == "rumphost"
        assert run("bind", EDU[5:], EDU) == (0, f"{EDU}: rumphost (before: rumphost)\n")
        answer = run("bind", "--driver", "vfio-pci", EDU)
        assert answer == (0, f"{EDU}: vfio-pci (before: rumphost)\n")
        assert run("unbind", EDU) == (0, f"{EDU}: no driver\n")
        assert run("unbind", EDU) == (0, f"{EDU}: no driver\n")
        assert FUNCTION.driver_override == ""

    def test_a_function_that_linux_drives(self):
        port = SysfsFunction(PORT)
        driver = port.driver
        assert driver
        assert run("bind", PORT) == (0, f"{PORT}: rumphost (before: {driver})\n")
        assert run("unbind", PORT) == (0, f"{PORT}: {driver}\n")

    @pytest.mark.parametrize(
        ("words", "status", "told"),
        [
            ([EDU, "0000:77:00.0"], 2, "there is no PCI function 0000:77:00.0"),
            ([EDU, "eth0"], 2, "'eth0' is no PCI address"),
            ([f"{EDU}:bind=on"], 2, "options are for machines"),
            ([BRIDGE], 2, f"{BRIDGE} is a bridge"),
            (["--driver", "e1000", EDU], 2, "'e1000' is not one of"),
            ([], 2, "Missing argument"),
        ],
    )
    def test_refusals(self, words, status, told):
        """What the arguments name is checked before anything is done."""
        got, text = run("bind", *words)
        assert got == status
        assert told in text
        assert FUNCTION.driver == ""
        assert SysfsFunction(BRIDGE).driver == "pcieport"

    @pytest.mark.parametrize("command", ["bind", "unbind"])
    def test_not_root(self, command):
        status, text = run(command, EDU, before=become_nobody)
        assert status == 3
        assert "only root may bind drivers" in text
        assert FUNCTION.driver_override == ""

    @pytest.mark.parametrize("words", [["unbind"], ["bind", "--driver", "vfio-pci"]])
    def test_a_process_has_it(self, words):
        bind(FUNCTION, "rumphost")
        node = Node(FUNCTION)
        status, text = run(*words, EDU)
        assert status == 3
        assert f"{EDU} is in use by process {os.getpid()} (" in text
        assert node.request("GET_INFO", "info").vendor == 0x1234
        node.close()
        assert run(*words, EDU)[0] == 0

    def test_a_process_has_it_by_vfio(self):
        bind(FUNCTION, "vfio-pci")
        device = VfioDevice(FUNCTION)
        status, text = run("unbind", EDU)
        assert status == 3
        assert f"{EDU} is in use by another process" in text
        device.close()
        assert run("unbind", EDU)[0] == 0


class TestUntilExit:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    @pytest.mark.parametrize("before", ["", "vfio-pci"])
    def test_ended(self, number, before):
        if before:
            bind(FUNCTION, before)
        command = start("bind", "--until-exit", EDU)
        eventually(lambda: FUNCTION.driver == "rumphost")
        os.kill(command.pid, number)
        assert command.end()[0] == 0
        assert FUNCTION.driver == before
        assert FUNCTION.driver_override == before

    def test_ended_at_any_moment(self):
        """Before it has begun, a signal ends it; from then on the undoing comes first."""
        for turn in range(10):
            command = start("bind", "--until-exit", EDU)
            if turn % 2:
                eventually(lambda: FUNCTION.driver_override)
            os.kill(command.pid, signal.SIGTERM)
            assert command.end()[0] in (0, -signal.SIGTERM)
            assert FUNCTION.driver == ""
            assert FUNCTION.driver_override == ""

    def test_the_second_one_fails(self):
        status, _ = run("bind", "--until-exit", EDU, BRIDGE)
        assert status == 2
        assert FUNCTION.driver == ""

    def test_nobody_reads_the_output(self):
        go_on, told = os.pipe()
        command = start("bind", "--until-exit", EDU, before=lambda: os.read(go_on, 1))
        os.close(command.output)
        os.write(told, b"x")
        status = os.waitstatus_to_exitcode(os.waitpid(command.pid, 0)[1])
        assert status == 141
        assert FUNCTION.driver == ""

    def test_killed(self):
        """Nobody can undo anything then; it is bound, and can be given back."""
        command = start("bind", "--until-exit", EDU)
        eventually(lambda: FUNCTION.driver == "rumphost")
        os.kill(command.pid, signal.SIGKILL)
        assert command.end()[0] == -signal.SIGKILL
        assert FUNCTION.driver == "rumphost"
        assert run("unbind", EDU) == (0, f"{EDU}: no driver\n")


def doctor(before: Callable[[], object] = lambda: None) -> dict[str, dict[str, str]]:
    status, text = run("doctor", "--format", "json", before=before)
    assert status == 0
    facts = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return {fact["subject"]: fact for fact in facts if "subject" in fact}


def test_doctor():
    bind(FUNCTION, "rumphost")
    found = doctor()
    for subject in ("kernel module", "vfio-pci", "iommu", "kernel log", "functions"):
        assert found[subject]["there"] == "yes", found[subject]
    assert f"{EDU} 1234:11e8 (rumphost)" in found["functions"]["what"]


def test_doctor_for_somebody_else():
    found = doctor(become_nobody)
    for subject in ("kernel log", "tap", "locked memory"):
        assert found[subject]["there"] == "no", found[subject]
        assert found[subject]["remedy"]
