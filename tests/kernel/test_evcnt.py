# ruff: noqa: ARG001 -- fixtures and scripts take what is given
"""evcnt(9): counters are listed with the values that the driver's memory has."""

from __future__ import annotations

import pytest
from fakes import FakeOwner

from rumphost.kernel.evcnt import Evcnt, EvcntType


@pytest.fixture
def service(rig):
    service = Evcnt(rig.kernel)
    rig.kernel.register(service)
    return service


def attach(rig, name="rx", *, owner=None):
    address = rig.memory.allocate(64)

    def script():
        yield ("evcnt_attach", address, address + 8, 1, "wm0", name)

    rig.run_script(script, owner=owner)
    return address


def detach(rig, address):
    def script():
        yield ("evcnt_detach", address)

    rig.run_script(script)


def test_values_are_read_where_they_are(rig, service):
    address = attach(rig)
    rig.memory.write_uint(address + 8, 8, 5)
    (count,) = service.counts()
    assert (count.type, str(count)) == (EvcntType.INTR, "wm0 rx: 5")
    rig.memory.write_uint(address + 8, 8, 1 << 40)
    assert service.value("wm0", "rx") == 1 << 40


def test_a_counter_that_is_gone_is_not_listed(rig, service):
    detach(rig, attach(rig))
    assert service.counts() == []
    with pytest.raises(KeyError):
        service.value("wm0", "rx")


def test_detaching_twice_is_misuse(rig, service):
    address = attach(rig)
    detach(rig, address)
    with pytest.raises(Exception, match="not attached"):
        detach(rig, address)


def test_attaching_twice_is_misuse(rig, service):
    address = attach(rig)

    def again():
        yield ("evcnt_attach", address, address + 8, 1, "wm0", "rx")

    with pytest.raises(Exception, match="attached already"):
        rig.run_script(again)


def test_leaks_and_release(rig, service):
    owner = FakeOwner()
    attach(rig, owner=owner)
    attach(rig, "tx")
    assert [str(leak) for leak in service.leaks(owner)] == [
        "evcnt(9): counter wm0 rx is still attached"
    ]
    service.release(owner)
    assert [count.name for count in service.counts()] == ["tx"]


def test_the_kernel_s_own_counters_come_first(rig, service):
    attach(rig)
    service.provide("kernel", "exits", lambda: 42)
    assert [str(count) for count in service.counts()] == ["kernel exits: 42", "wm0 rx: 0"]
