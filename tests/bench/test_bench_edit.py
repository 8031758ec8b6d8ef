"""Edit to attached: what a developer waits for after each change of the 8254x driver."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from figures import Sample, text

from rumphost.build import Builder
from rumphost.build.compiler import flags
from rumphost.sources import drivers_dir, hypercalls_dir

SCRIPT = Path(__file__).parent / "edit_cycle.py"


def test_edit_to_attached(compare, tmp_path):
    drivers = tmp_path / "drivers"
    shutil.copytree(drivers_dir(), drivers)
    Builder().build(["if_i8254x"])  # what no edit changes
    source = drivers / "if_i8254x.c"
    original = source.read_text()
    edits = itertools.count(time.time_ns())
    phases: list[dict[str, float]] = []

    def sample() -> Sample:
        edit = f"\nstatic const uint64_t edited __attribute__((__used__)) = {next(edits)}ULL;\n"
        source.write_text(original + edit)
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(SCRIPT), str(drivers)], check=True, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        phases.append(json.loads(done.stdout))
        return Sample(seconds, compile_alone(source, tmp_path / "alone.o"))

    compare(
        "8254x driver from edited to attached, in a new process",
        sample,
        baseline="the C compiler alone",
        below=3,
        rounds=3,
    )
    last = phases[-1]
    print("edit to attached:", ", ".join(f"{name} {text(last[name], 's')}" for name in last))


def compile_alone(source: Path, output: Path) -> float:
    """Return the seconds that the compiler alone takes for the edited source."""
    include = hypercalls_dir() / "include"
    generated = output.parent / "generated"
    generated.mkdir(exist_ok=True)
    for name in ("ioconf.h",):
        (generated / name).touch()
    choices = flags(
        include=[include, include / "builtin"], generated=generated, after=[hypercalls_dir()],
        is_foreign=False, is_own=False,
    )  # fmt: skip
    start = time.perf_counter()
    subprocess.run(
        [os.environ.get("CC", "cc"), *choices, "-c", "-o", str(output), str(source)], check=True
    )
    return time.perf_counter() - start
