"""A wheel carries the C sources, and the builder finds them in it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_package_that_is_built_carries_the_sources(tmp_path: Path) -> None:
    library = tmp_path / "lib"
    subprocess.run(
        [sys.executable, "setup.py", "-q", "egg_info", "-e", str(tmp_path),
         "build", "-b", str(tmp_path / "build"), "--build-lib", str(library)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    sources = library / "rumphost" / "_sources"
    assert (sources / "hypercalls" / "hypercall.h").is_file()
    assert (sources / "hypercalls" / "include" / "machine" / "types.h").is_file()
    assert (sources / "drivers" / "files.drivers").is_file()
    script = (
        "from rumphost.build import list_drivers\nfrom rumphost.sources import hypercalls_dir\n"
        "print(hypercalls_dir())\nprint([d.name for d in list_drivers()])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(library)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=tmp_path, env=environment, check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    where, drivers = done.stdout.splitlines()
    assert where == str(sources / "hypercalls")
    assert "teach" in drivers
