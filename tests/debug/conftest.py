"""Runs ``rumphost gdb`` in batches, and takes its output apart."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rumphost.debug.gdb import find_gdb
from rumphost.errors import HostLacks

LIMIT_S = 60


@dataclass(frozen=True)
class Batch:
    """What one batch printed; ``parts`` are what came after each ``mark NAME`` of its script."""

    status: int
    text: str
    parts: dict[str, str]


Debug = Callable[..., Batch]


def split(text: str) -> dict[str, str]:
    pieces = re.split(r"^== (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


@pytest.fixture(scope="session")
def gdb() -> str:
    """The path of a gdb that can be used here."""
    try:
        path = find_gdb()
    except HostLacks as lacks:
        pytest.skip(str(lacks))
    done = subprocess.run(
        [path, "-nx", "-batch", "-ex", "run", "--args", sys.executable, "-c", "print('runs')"],
        capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    if "runs" not in done.stdout:
        pytest.skip(f"gdb may not trace processes here: {done.stderr.strip()[-200:]}")
    return path


@pytest.fixture(scope="session")
def debug(gdb: str, tmp_path_factory: pytest.TempPathFactory) -> Debug:
    """Run ``rumphost gdb --batch``; lines ``mark NAME`` of the script part the output."""
    del gdb

    def run(*arguments: str, script: str = "") -> Batch:
        options: list[str] = []
        if script:
            file: Path = tmp_path_factory.mktemp("script") / "commands.gdb"
            file.write_text(re.sub(r"^mark (\w+)$", r"echo == \1\\n", script, flags=re.MULTILINE))
            options = ["-x", str(file)]
        done = subprocess.run(
            [sys.executable, "-m", "rumphost", "gdb", "--batch", *options, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            text=True, check=False, timeout=LIMIT_S,
        )  # fmt: skip
        return Batch(done.returncode, done.stdout, split(done.stdout))

    return run
