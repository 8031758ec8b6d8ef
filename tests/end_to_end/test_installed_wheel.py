"""The wheel, installed in an environment of its own, outside the checkout: it builds and runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")
DIRECTORIES = ("rumphost", "hypercalls", "drivers", "kmod")


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the commands of an environment with the wheel and what it needs."""
    pytest.importorskip("setuptools", reason="wheels are made with setuptools")
    work = tmp_path_factory.mktemp("wheel")
    source = work / "source"
    source.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "_sources", "*.o", "*.ko")
    for name in FILES:
        if (CHECKOUT / name).exists():
            shutil.copy(CHECKOUT / name, source)
    for name in DIRECTORIES:
        shutil.copytree(CHECKOUT / name, source / name, ignore=ignore)
    pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", work, source)
    (wheel,) = work.glob("rumphost-*.whl")
    environment = work / "environment"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    pip("--python", python, "install", "--no-deps", "--no-index", wheel)
    # The dependencies come from the environment of this test, behind what the wheel brings.
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    shutil.rmtree(source)
    return environment / "bin"


def test_it_builds_and_runs_the_8254x_driver(installed: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "RUMPHOST_CACHE": str(tmp_path / "cache"),
        "RUMPHOST_SYS": "",
        "PYTHONPATH": "",
    }

    def rumphost(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed / "rumphost", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    built = rumphost("build", "if_i8254x", "--format", "json")
    assert built.returncode == 0, built.stderr
    sources = [Path(path) for path in json.loads(built.stdout.splitlines()[-1])["sources"]]
    assert all(path.is_relative_to(installed.parent) for path in sources)
    ran = rumphost("run", "if_i8254x", "-m", "sim:i82540em")
    assert ran.returncode == 0, ran.stderr
    assert "3 packets transmitted, 3 packets received, 0.0% packet loss" in ran.stdout
    assert ran.stdout.endswith("iex0 detached; leaks: none\n")
