"""``rumphost shell``: a prompt, commands and scripts on a running host."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import COMMAND, read_until

FAULTY = Path(__file__).parents[1] / "drivers" / "faulty"
TEACH = ("shell", "-q", "teach", "-m", "sim:teach")
LIMIT_S = 30.0


@pytest.fixture
def script(monkeypatch):
    """Run a command with a script on its standard input."""
    monkeypatch.delenv("RUMPHOST_SYS", raising=False)

    def run(text, *arguments):
        return subprocess.run(
            [*COMMAND, *arguments], input=text, capture_output=True, text=True, check=False,
            timeout=LIMIT_S,
        )  # fmt: skip

    return run


class Terminal:
    """A shell on a pseudo-terminal."""

    def __init__(self, arguments, home):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(HOME=str(home), TERM="dumb", NO_COLOR="1")
            os.execv(sys.executable, [*COMMAND, *arguments])
        self.text = ""
        self.read_to(">>> ")

    def read_to(self, wanted):
        """Return what comes up to and with ``wanted``."""
        end = time.monotonic() + LIMIT_S
        while wanted not in self.text:
            ready = select.select([self.fd], [], [], max(end - time.monotonic(), 0))[0]
            assert ready, f"no {wanted!r} in {self.text!r}"
            self.text += os.read(self.fd, 65536).decode().replace("\r\n", "\n")
        found, _, self.text = self.text.partition(wanted)
        return found + wanted

    def interrupt(self):
        """Press Ctrl-C, again if need be: CPython's readline misses one just before it waits."""
        os.write(self.fd, b"\x03")
        while not select.select([self.fd], [], [], 2)[0]:
            os.write(self.fd, b"\x03")
        assert "KeyboardInterrupt" in self.read_to(">>> ")

    def type(self, text, wanted=">>> "):
        os.write(self.fd, text.encode())
        return self.read_to(wanted)

    def end(self):
        rest = b""
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                break
            rest += data
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), self.text + rest.decode()


@pytest.fixture
def terminal(tmp_path):
    started = []

    def start(*arguments):
        started.append(Terminal(arguments, tmp_path))
        return started[-1]

    yield start
    for one in started:
        os.close(one.fd)


# -- commands


def test_a_command_shows_its_value(rumphost):
    done = rumphost(*TEACH, "-c", "dev.softc.sc_state", "-c", "await host.sysctl('hw.teach0.text')")
    assert done.status == 0
    assert done.out.splitlines() == [
        "teach0 at pci0 dev 3 function 0: rumphost teaching device (rev. 0x01)",
        "TEACH_IDLE",
        "''",
        "teach0 detached; leaks: none",
    ]


def test_names_and_await_go_from_one_command_to_the_next(rumphost):
    done = rumphost(
        *TEACH, "-c", "x = await host.set_sysctl('hw.teach0.text', 'Hello'); y = 1",
        "-c", "str(dev.softc.sc_text), teach0 is dev, y",
    )  # fmt: skip
    assert "('hELLO', True, 1)" in done.out


def test_a_command_that_raises_is_the_last_and_the_status(rumphost):
    done = rumphost(*TEACH, "-c", "1/0", "-c", "print('not reached')")
    assert done.status == 1
    assert "ZeroDivisionError" in done.err
    assert "prompt.py" not in done.err
    assert "not reached" not in done.out
    assert "teach0 detached; leaks: none" in done.out


@pytest.mark.parametrize(
    "code", ["dev.softc.sc_stat", "dev.softc.sc_map.dm_segs[0].x", "host.device('x')"]
)
def test_what_is_said_in_a_sentence_has_no_traceback(rumphost, code):
    done = rumphost(*TEACH, "-c", code)
    assert done.status == 1
    assert "Traceback" not in done.err


def test_time_stands_still_until_one_waits(rumphost):
    now = "host.kernel.clock.now_ns()"
    done = rumphost(*TEACH, "-c", now, "-c", now, "-c", "await trio.sleep(2)", "-c", now)
    assert done.out.splitlines()[1:4] == ["0", "0", "2000000000"]


def test_json_and_wrong_usage(rumphost):
    done = rumphost(*TEACH, "--format", "json", "-c", "dev.softc.sc_state")
    assert done.one("value")["value"] == "TEACH_IDLE"
    assert rumphost("shell").status == 2
    assert rumphost("shell", "nosuch", "-m", "sim:teach", "-c", "1").status == 2
    assert rumphost("shell", "teach", "-m", "sim:edu", "-c", "1").status == 2
    assert rumphost(*TEACH, "-c", "(").status == 1


def test_a_driver_that_crashes_is_told_and_is_the_status(rumphost):
    done = rumphost("shell", "-q", FAULTY / "nullderef.c", "-m", "sim:teach", "-c", "host.devices")
    assert done.status == 1
    assert "bad memory access: NULL pointer" in done.err
    assert "[]" in done.out


def test_the_softc_of_a_driver_that_crashed_is_kept(rumphost):
    done = rumphost(
        "shell", FAULTY / "nullderef.c", "-m", "sim:teach", "-c", "crashed.sc_ring",
        "-c", "str(crashed.sc_faulty.f_dev.dv_xname)", "-c", "panic.backtrace[0].function",
        "-c", "crashed.sc_faulty.f_ss = 1",
    )  # fmt: skip
    assert done.status == 1
    assert done.out.splitlines() == [
        "(struct nullderef_ring *) NULL", "'nullderef0'", "'nullderef_fill'",
    ]  # fmt: skip
    assert "`crashed` is its softc as it was" in done.err
    assert "cannot be written to any more" in done.err


# -- scripts


def test_a_script_on_standard_input(script):
    done = script("for n in range(2):\n    await trio.sleep(1)\nprint(dev.xname, n)\n", *TEACH)
    assert done.returncode == 0, done.stderr
    assert "teach0 1\n" in done.stdout


@pytest.mark.parametrize(("text", "status"), [("import sys; sys.exit(0)", 0),
                                              ("raise SystemExit(3)", 1), ("f(", 1),
                                              ("", 0)])  # fmt: skip
def test_how_a_script_ends(script, text, status):
    done = script(text, *TEACH)
    assert done.returncode == status
    assert "teach0 detached; leaks: none" in done.stdout


# -- the prompt


def test_a_prompt_until_end_of_file(terminal):
    shell = terminal("shell", "teach", "-m", "sim:teach")
    assert "TEACH_IDLE" in shell.type("dev.softc.sc_state\n")
    assert "\n6\n" in shell.type("await trio.sleep(1); 2*3\n")
    assert "... " in shell.type("for n in (1, 2):\n", "... ")
    shell.type("    print(n)\n", "... ")
    assert "1\n2\n" in shell.type("\n")
    assert "SyntaxError" in shell.type("a b\n")
    os.write(shell.fd, b"\x04")
    status, rest = shell.end()
    assert status == 0
    assert "teach0 detached; leaks: none" in rest


def test_names_are_completed(terminal):
    shell = terminal("shell", "teach", "-m", "sim:teach")
    assert "TEACH_IDLE" in shell.type("dev.softc.sc_stat\t\n")


def test_ctrl_c_ends_a_statement_not_the_shell(terminal):
    shell = terminal("shell", "teach", "-m", "sim:teach")
    for text, shown in (
        ("dev.sof", "dev.sof"),
        ("print('g' 'o') or [0 for _ in iter(int, 1)]\n", "\ngo\n"),
        ("print('g' 'o'); await trio.sleep_forever()\n", "\ngo\n"),
    ):
        shell.type(text, shown)
        shell.interrupt()
    assert "TEACH_IDLE" in shell.type("dev.softc.sc_state\n")
    os.write(shell.fd, b"exit()\n")
    status, rest = shell.end()
    assert status == 0
    assert re.search("teach0 detached; leaks: none", rest)


def test_sigterm_detaches_first(spawn):
    endless = "while True: await trio.sleep(1)"
    process = spawn(*TEACH, "--clock", "real", "-c", "print('u' 'p', flush=True)", "-c", endless)
    read_until(process, "up")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 143
    assert "teach0 detached; leaks: none" in out
