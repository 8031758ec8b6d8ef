"""Fixtures: the shim's C library in an image, built once, and a host's stand-in to call it."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from ctypes import addressof, c_char
from pathlib import Path

import pytest
from libkern_shim import Shim, build_image

from rumphost.boundary import Boundary


@pytest.fixture(scope="session")
def shim_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image, built once."""
    return build_image(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def shim(shim_image: Path) -> Iterator[Shim]:
    """A fresh image with an arena of 4 MiB."""
    boundary = Boundary(watchdog_s=0.5)
    memory = mmap.mmap(-1, 1 << 22)
    boundary.start_arena([(addressof(c_char.from_buffer(memory)), 1 << 22, 0x1000_0000)])
    yield Shim(boundary, shim_image)
    boundary.close()
