"""Where rumphost's own C sources are, and where built things are kept.

In a checkout the sources are the top-level ``hypercalls/``, ``drivers/`` and ``kmod/``; a wheel
carries a copy under ``rumphost/_sources/``.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from .errors import HostLacks

_PACKAGE = Path(__file__).resolve().parent


def _source_dir(name: str) -> Path:
    for candidate in (_PACKAGE / "_sources" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise HostLacks(f"rumphost's own {name}/ is missing: install the package again")


def hypercalls_dir() -> Path:
    """Return the directory of ``hypercall.h`` and the shim."""
    return _source_dir("hypercalls")


def drivers_dir() -> Path:
    """Return the directory of the drivers that come with rumphost."""
    return _source_dir("drivers")


def kmod_dir() -> Path:
    """Return the directory of the kernel module and its header."""
    return _source_dir("kmod")


def cache_dir() -> Path:
    """Return (and make) the directory of built objects: RUMPHOST_CACHE, or the user's cache."""
    named = os.environ.get("RUMPHOST_CACHE")
    directory = Path(named) if named else Path(platformdirs.user_cache_dir("rumphost"))
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise HostLacks(
            f"cannot keep built things in {directory}: {error.strerror}: "
            "name another directory in RUMPHOST_CACHE"
        ) from error
    return directory
