"""The tests of the kernel module run inside ``tools/vm``; ``tests/vm`` starts them there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hardware import EDU, Hardware

from rumphost.machine.kmod.node import Node
from rumphost.machine.sysfs import SysfsFunction, bind


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "RUMPHOST_VM" not in os.environ:
        skip = pytest.mark.skip(reason="runs inside tools/vm: see tests/vm")
        for item in items:
            if "/tests/kmod/" in str(item.path):
                item.add_marker(skip)


def _bound(name: str) -> SysfsFunction:
    function = SysfsFunction(name)
    bind(function, "rumphost")
    return function


@pytest.fixture(scope="session")
def edu_function() -> SysfsFunction:
    """QEMU's edu device, bound to the module."""
    return _bound(EDU)


@pytest.fixture
def edu(edu_function: SysfsFunction) -> Iterator[Hardware]:
    """The same, open."""
    node = Node(edu_function)
    hardware = Hardware(node)
    yield hardware
    hardware.close()
