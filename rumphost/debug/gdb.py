"""Starts gdb on a host's process or on its core file, for ``rumphost gdb``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rumphost.errors import HostLacks, UsageError

from .core import CoreFile

EXTENSION = Path(__file__).with_name("gdb_extension.py")
HOST_LIBRARY = "_rumphost_host_"
_CHECK = "python import gdb.unwinder; print(hasattr(gdb.Frame, 'level') and 'good')"
_PROGRAM = ("-m", "rumphost", "run")
_DUMP_SHARED_FILES = 0x8  # core(5): the arena of a QEMU machine is one


def find_gdb() -> str:
    """Return the path of gdb, or raise ``HostLacks``: there is none, or it is too old."""
    gdb = shutil.which("gdb")
    if gdb is None:
        raise HostLacks("gdb not found: install gdb (11 or later)")
    done = subprocess.run(
        [gdb, "-nx", "-batch", "-ex", _CHECK],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if "good" not in done.stdout:
        raise HostLacks(f"{gdb} is too old or has no Python: install gdb 11 or later")
    return gdb


def gdb_command(
    gdb: str,
    *,
    program: Sequence[str] = (),
    core: CoreFile | None = None,
    pid: int | None = None,
    breakpoints: Sequence[str] = (),
    script: Path | None = None,
    commands: Sequence[str] = (),
    batch: bool = False,
) -> list[str]:
    """Return the gdb command line for a Python program, a core file or a running process.

    ``program`` are Python's arguments. Breakpoints are places as gdb's ``break`` takes them; they
    may be in drivers that are loaded later. ``script`` is a file of gdb commands; ``commands``
    come after it. With breakpoints, or in a batch without commands, the program is run before them.
    """
    if any("\n" in text for text in (*breakpoints, *commands)):
        raise UsageError("a breakpoint or a command for gdb is one line")
    steps = [f"rumphost break {where}" for where in breakpoints]
    told = script is not None or bool(commands)
    if program and (breakpoints or (batch and not told)):
        steps.append("run")
    if script is not None:
        quoted = json.dumps(str(script))
        steps.append(f"python rumphost_session.script({quoted})" if batch else f"source {script}")
    steps += commands
    if batch and not told:
        steps.append("python rumphost_session.look()")
    if batch:
        steps.append("python rumphost_session.leave()")
    command = [gdb, "-q", "-iex", "set auto-load python-scripts off"]
    if batch:
        command += ["-nx", "-batch", "-ex", "set confirm off", "-ex", "set pagination off"]
    for events in ("thread-events", "inferior-events"):
        command += ["-ex", f"set print {events} off"]
    command += ["-x", str(EXTENSION)]
    for step in steps:
        command += ["-ex", step]
    if core is not None:
        return [*command, str(core.executable), str(core.path)]
    if pid is not None:
        return [*command, "-p", str(pid)]
    # sys.executable, not its target: a virtual environment is found by the link's place.
    return [*command, "--args", sys.executable, *program]


def run_program(arguments: Sequence[str]) -> list[str]:
    """Return Python's arguments for ``rumphost run ARGUMENTS``."""
    return [*_PROGRAM, *arguments]


def read_core(path: Path) -> CoreFile:
    """Read a core file; raises ``UsageError`` when it is not one of a host's process."""
    core = CoreFile.read(path)
    if not any(HOST_LIBRARY in file.name for file in core.files):
        raise UsageError(f"{path}: {core.executable.name} dumped it, with no rumphost host in it")
    if not core.executable.exists():
        raise UsageError(f"{path}: {core.executable}, which dumped it, is not here")
    return core


def check_pid(pid: int) -> None:
    """Check that a process is there and has a host in it; raises ``UsageError``."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
    except FileNotFoundError:
        raise UsageError(f"no process {pid}") from None
    except OSError as error:
        raise UsageError(f"process {pid}: {error.strerror}") from error
    if HOST_LIBRARY not in maps:
        raise UsageError(f"process {pid} has no rumphost host in it")


def dump_shared_files() -> None:
    """Let core files of this process's children hold DMA memory that QEMU shares."""
    control = Path("/proc/self/coredump_filter")
    try:
        control.write_text(f"{int(control.read_text(), 16) | _DUMP_SHARED_FILES:#x}")
    except OSError:
        return  # then such cores lack it


def start(command: Sequence[str]) -> None:
    """Become gdb."""
    sys.stdout.flush()
    os.execv(command[0], list(command))
