"""The README's chapter "From a crashing driver to its cause", step by step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rumphost.debug.gdb import find_gdb
from rumphost.errors import HostLacks

SOURCE = Path(__file__).parent / "echo" / "echo.c"
CALL = "\techo_finish(sc);"
MENDED = "\tif ((cause & INT_DONE) != 0)\n\t\techo_finish(sc);"


@pytest.fixture
def echo(tmp_path):
    """The driver in a directory of its own."""
    path = tmp_path / "echo.c"
    path.write_text(SOURCE.read_text())
    return path


def rumphost(*arguments, status=1):
    done = subprocess.run(
        [sys.executable, "-m", "rumphost", *map(str, arguments)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == status, done.stdout
    return done.stdout


def line_of(path, text):
    lines = path.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_run_names_the_place(echo):
    said = rumphost("run", echo, "-m", "sim:teach")
    assert "echo0: bad memory access: NULL pointer 0x18" in said
    assert f"#0 echo_finish at {echo}:{line_of(echo, 'read_multi_1')}" in said
    assert f"#1 echo_intr at {echo}:{line_of(echo, CALL)}" in said


def test_the_trace_shows_whose_interrupt_it_was(echo):
    said = rumphost("run", "-q", echo, "-m", "sim:teach", "--only", "bus_space.read:ISR")
    causes = [line.split(" = ")[1] for line in said.splitlines() if "ISR" in line]
    assert causes == ["0x1 DONE", "0x1 DONE", "0x4 TIMER"]


def test_the_shell_shows_the_queue_before_and_after(echo):
    said = rumphost(
        "shell", "-q", echo, "-m", "sim:teach",
        "-c", "[str(job.j_word) for job in dev.softc.sc_jobs]", "-c", "await trio.sleep(0.002)",
        "-c", "crashed.sc_done, list(crashed.sc_jobs)",
    )  # fmt: skip
    assert "['Hello', 'NetBSD']" in said
    assert "(2, [])" in said


def test_gdb_stops_before_it(echo):
    try:
        find_gdb()
    except HostLacks as lacks:
        pytest.skip(str(lacks))
    said = rumphost(
        "gdb", "--batch", "-b", "echo_finish if sc->sc_jobs.tqh_first == 0", "-e", "up",
        "-e", "print cause == INT_TIMER", "-e", "print sc->sc_lock", "-e", "delete",
        "-e", "continue", echo, "-q", "-m", "sim:teach", "-O", "0", status=0,
    )  # fmt: skip
    assert "$1 = 1" in said
    assert "$2 = spin mutex, IPL_VM, held by lwp 4 (intr echo0)" in said


def test_mended_it_runs(echo):
    echo.write_text(echo.read_text().replace(CALL, MENDED))
    said = rumphost("run", echo, "-m", "sim:teach", "--stay", "0.005", status=0)
    assert "echo0 detached; leaks: none" in said
