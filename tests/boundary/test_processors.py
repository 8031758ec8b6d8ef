"""The host's C on the processors it has assembly for, and on any other (ucontext)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rumphost.sources import hypercalls_dir

PROGRAM = Path(__file__).with_name("fibers.c")
BUILDS = {
    "native": ("cc", [], []),
    "ucontext": ("cc", ["-DRUMPHOST_UCONTEXT"], []),
    "aarch64": ("aarch64-linux-gnu-gcc", ["-static"], ["qemu-aarch64"]),
}


@pytest.mark.parametrize("build", BUILDS)
def test_fibers_and_faults(build, tmp_path):
    compiler, flags, runner = BUILDS[build]
    for tool in (compiler, *runner):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    program = tmp_path / "fibers"
    sources = [PROGRAM, *sorted((hypercalls_dir() / "host").glob("*.c"))]
    subprocess.run(
        [compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-omit-frame-pointer",
         *flags, f"-I{hypercalls_dir()}", "-o", str(program), *map(str, sources), "-ldl", "-lrt"],
        check=True,
    )  # fmt: skip
    assert subprocess.run([*runner, str(program)], check=False).returncode == 0
