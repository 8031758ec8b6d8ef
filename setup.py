"""Packaging: a wheel carries the C sources, as ``rumphost/_sources/``; the rest is pyproject.toml.

An editable install copies nothing: ``rumphost.sources`` then finds them in the checkout.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
SOURCES = ("hypercalls", "drivers", "kmod")


class BuildWithSources(build_py):
    """Copies the C sources into the package that is being built."""

    def run(self) -> None:
        super().run()
        if getattr(self, "editable_mode", False):
            return
        target = Path(self.build_lib) / "rumphost" / "_sources"
        shutil.rmtree(target, ignore_errors=True)
        for name in SOURCES:
            ignore = shutil.ignore_patterns("__pycache__", "*.o", "*.so", "*.ko", "*.mod*", ".*")
            shutil.copytree(HERE / name, target / name, ignore=ignore)


setup(cmdclass={"build_py": BuildWithSources})
