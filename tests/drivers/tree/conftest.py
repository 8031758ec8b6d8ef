"""The NetBSD tree whose own drivers these tests run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rumphost.build import Builder
from rumphost.build.instrumentation import Instrumentation


@pytest.fixture(scope="session")
def tree() -> Path:
    """The tree that RUMPHOST_SYS names; without one these tests are skipped."""
    named = os.environ.get("RUMPHOST_SYS")
    if not named:
        pytest.skip("RUMPHOST_SYS names no NetBSD kernel source tree")
    return Path(named)


@pytest.fixture(scope="session")
def builder(tree: Path, instrumentation: Instrumentation) -> Builder:
    return Builder(tree, instrumentation=instrumentation)
