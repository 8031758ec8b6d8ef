"""Starts gdb on a host's process, for ``rumphost gdb``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rumphost.errors import HostLacks, UsageError

EXTENSION = Path(__file__).with_name("gdb_extension.py")


def gdb_command(
    run_arguments: Sequence[str],
    *,
    breakpoints: Sequence[str] = (),
    core: Path | None = None,
    script: Path | None = None,
    batch: bool = False,
) -> list[str]:
    """Return the command that runs ``rumphost run ARGUMENTS`` under gdb, or opens a core file.

    ``breakpoints`` are locations as gdb's ``break`` takes them; they are pending, since the
    driver is loaded later. ``script`` is a file of gdb commands to run once all is set up.
    """
    gdb = shutil.which("gdb")
    if gdb is None:
        raise HostLacks("gdb not found: install gdb")
    python = os.path.realpath(sys.executable)
    command = [gdb, "-q", "-nx" if batch else "-n", "-ex", "set breakpoint pending on"]
    if batch:
        command += ["-batch", "-ex", "set confirm off"]
    command += ["-x", str(EXTENSION)]
    for location in breakpoints:
        if "\n" in location:
            raise UsageError("a breakpoint location is one line")
        command += ["-ex", f"break {location}"]
    if script is not None:
        command += ["-x", str(script)]
    if core is not None:
        if not core.exists():
            raise UsageError(f"no core file {core}")
        return [*command, python, str(core)]
    # sys.executable, not its target: a virtual environment is found by the link's place.
    return [*command, "--args", sys.executable, "-m", "rumphost", "run", *run_arguments]
