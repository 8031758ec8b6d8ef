"""Interfaces for the tests of the classes above them: a scripted one, and a driver that echoes."""

# ruff: noqa: ARG001 (fixtures are asked for by name)

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from fake_wire import FakeIfnet, fake_interface
from trio.testing import MockClock

from rumphost.build import Builder
from rumphost.classes.ifnet import Interface

sys.path.insert(0, str(Path(__file__).parents[1] / "hypercalls"))  # net_rig has the echoing driver


@pytest.fixture
def wire() -> FakeIfnet:
    """What ``interface`` is plugged into."""
    return FakeIfnet()


@pytest.fixture
def interface(wire: FakeIfnet) -> Interface:
    return fake_interface(wire)


@pytest.fixture
async def echo(mock_clock: MockClock) -> AsyncIterator[Interface]:
    """The interface of a real driver that receives whatever it sends, on the virtual clock."""
    from net_rig import NetRig

    rig = NetRig(Builder())
    try:
        assert rig.call("echo_attach") == 0
        interface = rig.interface()
        interface.rig = rig  # type: ignore[attr-defined]
        async with trio.open_nursery() as nursery:
            await nursery.start(rig.cpu.serve)
            yield interface
            nursery.cancel_scope.cancel()
        if not interface.gone:
            rig.call("echo_detach")
    finally:
        rig.close()
